// process.c - what this process uses of the machine.
// SPDX-License-Identifier: Apache-2.0
#include "base/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"

#define PROC_MAX (1 << 20)

// The number behind a word at the beginning of a line; -1 when there is none.
static int64_t line_number(const char *text, const char *word)
{
    const char *line = strstr(text, word);
    int64_t n;

    return line && sscanf(line + strlen(word), "%" SCNd64, &n) == 1 ? n : -1;
}

static int64_t fds_count(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int64_t count = 0;

    if (!folder)
        return -1;
    while (readdir(folder))
        count++;
    closedir(folder);
    return count - 3; // ".", "..", and the folder's own
}

// The fields of /proc/self/stat behind the name, which may hold anything: the state is the third.
static void stat_read(const char *text, struct process_stats *s)
{
    const char *at = strrchr(text, ')');
    int64_t hertz = sysconf(_SC_CLK_TCK), page = sysconf(_SC_PAGESIZE);
    int64_t user, kernel, threads, ticks, size, pages;

    if (!at || sscanf(at + 1,
                      " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNd64 " %" SCNd64
                      " %*d %*d %*d %*d %" SCNd64 " %*d %" SCNd64 " %" SCNd64 " %" SCNd64,
                      &user, &kernel, &threads, &ticks, &size, &pages) != 6)
        return;
    s->cpu_us = (user + kernel) * (1000000 / hertz);
    s->threads = threads;
    s->virtual_bytes = size;
    s->resident_bytes = pages * page;
    s->started_at.us = ticks * (1000000 / hertz); // since the machine's start, so far
}

void process_stats(struct process_stats *ret)
{
    struct rlimit files;
    struct buf text;
    struct err e;
    int64_t boot = -1;

    *ret = (struct process_stats){-1, -1, -1, fds_count(), -1, -1, {0}};
    buf_init(&text, PROC_MAX);
    if (file_read_all(AT_FDCWD, "/proc/self/stat", &text, &e))
        stat_read(buf_text(&text), ret);
    buf_clear(&text);
    if (file_read_all(AT_FDCWD, "/proc/stat", &text, &e))
        boot = line_number(buf_text(&text), "\nbtime ");
    ret->started_at.us = boot >= 0 ? ret->started_at.us + boot * 1000000 : 0;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0)
        ret->fds_max = files.rlim_cur == RLIM_INFINITY ? -1 : (int64_t)files.rlim_cur;
    buf_done(&text);
}
