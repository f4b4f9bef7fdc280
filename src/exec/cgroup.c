// cgroup.c - control groups are made, set, read, emptied and removed by their files.
// SPDX-License-Identifier: Apache-2.0
#include "exec/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"

#define PERIOD_US 100000 // in which cpu_percent counts
#define FILE_MAX 4096
#define PREFIX "run-"

static const struct {
    enum cgroup_can bit;
    const char *name;
} controllers[] = {
    {CGROUP_MEMORY, "memory"},
    {CGROUP_CPU, "cpu"},
    {CGROUP_PIDS, "pids"},
    {CGROUP_IO, "io"},
};
#define CONTROLLERS (sizeof controllers / sizeof *controllers)

// ---- files ----

static bool value_write(int dir, const char *file, const char *text)
{
    autoclose int fd = openat(dir, file, O_WRONLY | O_CLOEXEC);

    return fd >= 0 && file_write(fd, str_of(text));
}

static bool number_write(int dir, const char *file, int64_t n)
{
    char text[32];

    (void)snprintf(text, sizeof text, "%" PRId64, n);
    return value_write(dir, file, text);
}

// The content of a small file; empty when there is none.
static const char *value_read(int dir, const char *file, char ret[FILE_MAX])
{
    autoclose int fd = openat(dir, file, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? file_read(fd, ret, FILE_MAX - 1) : 0;

    ret[n > 0 ? n : 0] = '\0';
    return ret;
}

// The number behind a word that begins a line of it: "oom_kill 3".
static int64_t event_read(int dir, const char *file, const char *word)
{
    char text[FILE_MAX];
    struct str rest = str_of(value_read(dir, file, text)), line, first;
    int64_t n = 0;

    while (rest.len > 0 && str_next(&rest, '\n', &line))
        if (str_next(&line, ' ', &first) && str_eq(first, str_of(word)) && line.p &&
            str_to_int(line, &n))
            return n;
    return 0;
}

// ---- the directory ----

static bool is_cgroup2(int fd)
{
    struct statfs fs;

    return fstatfs(fd, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

// Whether groups in dir can be made at all.
static bool is_ours(int dir)
{
    char name[CGROUP_NAME_MAX];

    (void)snprintf(name, sizeof name, PREFIX "probe-%d", (int)getpid());
    return mkdirat(dir, name, 0755) == 0 && unlinkat(dir, name, AT_REMOVEDIR) == 0;
}

static void controllers_hand_on(int dir)
{
    char text[32];

    for (size_t i = 0; i < CONTROLLERS; i++) {
        (void)snprintf(text, sizeof text, "+%s", controllers[i].name);
        (void)value_write(dir, "cgroup.subtree_control", text);
    }
}

int cgroup_open(const char *path, struct err *e)
{
    autoclose int dir = -1;

    if (mkdir(path, 0755) < 0 && errno != EEXIST) {
        (void)fail_errno(e, ERR_SYSTEM, errno, "cgroup: %s cannot be made", path);
        (void)fail_hint(e, "name a control group (cgroup v2) that belfry may write to, or off");
        return -1;
    }
    dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0 || !is_cgroup2(dir) || !is_ours(dir)) {
        (void)fail(e, ERR_SYSTEM, "cgroup", "%s is no control group (v2) that belfry may write to",
                   path);
        (void)fail_hint(e, "those of this machine lie under /sys/fs/cgroup; or say off");
        return -1;
    }
    controllers_hand_on(dir);
    return take(dir);
}

static bool is_delegated(const char *path)
{
    char value[8];
    ssize_t n = getxattr(path, "trusted.delegate", value, sizeof value);

    if (n <= 0)
        n = getxattr(path, "user.delegate", value, sizeof value);
    return n == 1 && value[0] == '1';
}

// Where belfry is, as a path; false when that cannot be found.
static bool own_path(char ret[PATH_MAX])
{
    char text[FILE_MAX];
    struct str rest = str_of(value_read(AT_FDCWD, "/proc/self/cgroup", text)), line;

    while (rest.len > 0 && str_next(&rest, '\n', &line))
        if (str_starts(line, STR_LIT("0::")))
            return snprintf(ret, PATH_MAX, "/sys/fs/cgroup%.*s", STR(str_cut(line, 3, line.len))) <
                   PATH_MAX;
    return false;
}

// A service manager that puts belfry into the very group that it has delegated must be able to do
// so again while runs go on. It could not if that group's children had controllers: so they have
// none, and only what they are killed by.
int cgroup_open_own(void)
{
    char path[PATH_MAX];
    autoclose int dir = -1;
    bool is_below, is_free;

    if (!own_path(path))
        return -1;
    is_below = !is_delegated(path);
    if (is_below)
        *strrchr(path, '/') = '\0';
    is_free = is_below && is_delegated(path);
    if (is_below && !is_free)
        return -1;
    dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0 || !is_cgroup2(dir) || !is_ours(dir))
        return -1;
    if (is_free)
        controllers_hand_on(dir);
    return take(dir);
}

unsigned cgroup_controllers(int dir)
{
    char text[FILE_MAX];
    struct str rest = str_trim(str_of(value_read(dir, "cgroup.subtree_control", text))), word;
    unsigned found = 0;

    while (rest.len > 0 && str_next(&rest, ' ', &word))
        for (size_t i = 0; i < CONTROLLERS; i++)
            if (str_eq(word, str_of(controllers[i].name)))
                found |= controllers[i].bit;
    return found;
}

const char *cgroup_words(unsigned found, char ret[CGROUP_NAME_MAX])
{
    size_t len = 0;

    (void)snprintf(ret, CGROUP_NAME_MAX, "none");
    for (size_t i = 0; i < CONTROLLERS; i++)
        if (found & controllers[i].bit)
            len += (size_t)snprintf(ret + len, CGROUP_NAME_MAX - len, "%s%s", len > 0 ? ", " : "",
                                    controllers[i].name);
    return ret;
}

// ---- a group ----

void cgroup_name(int64_t run_id, int attempt, char ret[CGROUP_NAME_MAX])
{
    (void)snprintf(ret, CGROUP_NAME_MAX, PREFIX "%" PRId64 ".%d", run_id, attempt);
}

bool cgroup_limit(int group, const struct cgroup_limits *limits)
{
    char text[64];

    if (limits->memory > 0) {
        if (!number_write(group, "memory.max", limits->memory))
            return false;
        // Not there without swap, or before Linux 4.19. Half a job is worse than none.
        (void)number_write(group, "memory.swap.max", 0);
        (void)number_write(group, "memory.oom.group", 1);
    }
    if (limits->cpu_percent > 0) {
        (void)snprintf(text, sizeof text, "%" PRId64 " %d", limits->cpu_percent * PERIOD_US / 100,
                       PERIOD_US);
        if (!value_write(group, "cpu.max", text))
            return false;
    }
    if (limits->processes > 0 && !number_write(group, "pids.max", limits->processes))
        return false;
    return limits->io_weight <= 0 || number_write(group, "io.weight", limits->io_weight);
}

int cgroup_make(int dir, const char *name, const struct cgroup_limits *limits)
{
    autoclose int group = -1;

    if (mkdirat(dir, name, 0755) < 0)
        return -1;
    group = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (group >= 0 && cgroup_limit(group, limits))
        return take(group);
    (void)unlinkat(dir, name, AT_REMOVEDIR);
    return -1;
}

void cgroup_kill(int group)
{
    char text[FILE_MAX];
    struct str rest, line;
    int64_t pid;

    if (value_write(group, "cgroup.kill", "1"))
        return;
    rest = str_of(value_read(group, "cgroup.procs", text)); // before Linux 5.14
    while (rest.len > 0 && str_next(&rest, '\n', &line))
        if (str_to_int(line, &pid) && pid > 1)
            (void)kill((pid_t)pid, SIGKILL);
}

void cgroup_read(int group, struct cgroup_facts *ret)
{
    char text[FILE_MAX];

    *ret = (struct cgroup_facts){
        .oom_kills = event_read(group, "memory.events", "oom_kill"),
        .refused = event_read(group, "pids.events", "max"),
    };
    if (!str_to_int(str_trim(str_of(value_read(group, "memory.peak", text))), &ret->memory_peak))
        ret->memory_peak = 0;
}

bool cgroup_remove(int dir, const char *name)
{
    return unlinkat(dir, name, AT_REMOVEDIR) == 0 || errno == ENOENT;
}

void cgroup_sweep(int dir)
{
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *entry;

    if (fd >= 0 && !list)
        close(fd);
    while (list && (entry = readdir(list)))
        if (str_starts(str_of(entry->d_name), STR_LIT(PREFIX)))
            (void)cgroup_remove(dir, entry->d_name);
    if (list)
        closedir(list);
}
