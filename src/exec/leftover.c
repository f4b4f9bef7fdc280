// leftover.c - looks through /proc for processes of runs that nobody looks after.
// SPDX-License-Identifier: Apache-2.0
#include "exec/leftover.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"

#define STAT_MAX 1024
#define SLACK_US 50000 // of a process's age: the kernel tells it in hundredths of a second

struct process {
    int64_t pid, session;
    int64_t started_us; // on the stopwatch
};

// Reads /proc/PID/stat: what follows the name, which may hold anything.
static bool process_read(int proc, const char *name, struct process *ret)
{
    char path[64], text[STAT_MAX];
    unsigned long long ticks;
    long long session;
    const char *behind;
    autoclose int fd = -1;
    ssize_t n;

    if (!str_to_int(str_of(name), &ret->pid) || ret->pid <= 1)
        return false;
    (void)snprintf(path, sizeof path, "%s/stat", name);
    fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
    n = fd >= 0 ? file_read(fd, text, sizeof text - 1) : -1;
    if (n <= 0)
        return false;
    text[n] = '\0';
    behind = strrchr(text, ')');
    // state, parent, group, session, ... the 20th behind the name is the start
    if (!behind || sscanf(behind + 1,
                          " %*c %*d %*d %lld %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d "
                          "%*d %*d %llu",
                          &session, &ticks) != 2)
        return false;
    ret->session = session;
    ret->started_us = (int64_t)(ticks * 1000000 / (unsigned long long)sysconf(_SC_CLK_TCK));
    return true;
}

static bool is_of(const struct process *p, const struct keep_live *run)
{
    if (run->pid <= 1 || p->session != run->pid || p->started_us < run->started.us - SLACK_US)
        return false;
    // The first process itself must be the one that was started then.
    return p->pid != run->pid || p->started_us < run->started.us + SLACK_US;
}

size_t leftovers_kill(const struct keep_live *runs, size_t count)
{
    autoclose int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = proc >= 0 ? opendir("/proc") : NULL;
    const struct dirent *entry;
    struct process p;
    size_t killed = 0;

    while (list && (entry = readdir(list)))
        for (size_t i = 0; i < count && process_read(proc, entry->d_name, &p); i++)
            if (is_of(&p, &runs[i]) && kill((pid_t)p.pid, SIGKILL) == 0)
                killed++;
    if (list)
        closedir(list);
    return killed;
}
