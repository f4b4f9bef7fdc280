// process.h - what this process uses of the machine, as /proc tells it.
#pragma once

#include <stdint.h>

#include "base/clock.h"

// What cannot be found out is -1 (started_at: 0).
struct process_stats {
    int64_t cpu_us; // user and system time of all threads
    int64_t resident_bytes, virtual_bytes;
    int64_t fds_open, fds_max;
    int64_t threads;
    wall started_at;
};

void process_stats(struct process_stats *ret);
