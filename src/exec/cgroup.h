// cgroup.h - a control group for each run: what its processes may use together, and an end that
// none of them escapes (Linux, cgroup v2).
//
// All groups of runs lie in one directory, which must be belfry's own: a group that holds no
// process itself, whose controllers its children get. systemd makes one for a service with
// Delegate=yes and DelegateSubgroup=, a person by mkdir. Without one, or without a controller, runs
// have the limits of setrlimit(2) instead.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define CGROUP_NAME_MAX 64

// What the processes of a run may use together; 0 or less: as much as there is.
struct cgroup_limits {
    int64_t memory;      // bytes
    int64_t cpu_percent; // of one processor
    int64_t processes;
    int64_t io_weight; // 1 to 10000
};

// Controllers: bits.
enum cgroup_can {
    CGROUP_MEMORY = 1,
    CGROUP_CPU = 2,
    CGROUP_PIDS = 4,
    CGROUP_IO = 8,
};

// What became of a group.
struct cgroup_facts {
    int64_t memory_peak; // bytes; 0: not known
    int64_t oom_kills;   // processes that were killed because it had no more memory
    int64_t refused;     // times that a process was refused because it had too many
};

// Opens the directory for groups of runs, makes it when it is not there, and hands on what
// controllers there are. A descriptor, or -1 with *e.
[[nodiscard]] int cgroup_open(const char *path, struct err *e);

// The same for what a service manager has delegated: the group above that in which belfry is, or
// this itself, whose children then have no controllers. -1 when it has delegated neither.
[[nodiscard]] int cgroup_open_own(void);

// The controllers that groups in dir have.
unsigned cgroup_controllers(int dir);

// "memory, cpu", or "none".
const char *cgroup_words(unsigned controllers, char ret[CGROUP_NAME_MAX]);

// Makes a group and opens it; -1 with errno, also when a limit has no controller.
[[nodiscard]] int cgroup_make(int dir, const char *name, const struct cgroup_limits *limits);

// Sets limits of a group; false with errno.
[[nodiscard]] bool cgroup_limit(int group, const struct cgroup_limits *limits);

// Kills every process in it.
void cgroup_kill(int group);

void cgroup_read(int group, struct cgroup_facts *ret);

// Removes a group of dir. False when something still runs in it.
bool cgroup_remove(int dir, const char *name);

// The name of a run's group.
void cgroup_name(int64_t run_id, int attempt, char ret[CGROUP_NAME_MAX]);

// Removes all groups of runs in which nothing runs any more.
void cgroup_sweep(int dir);
