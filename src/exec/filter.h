// filter.h - runs a program with a text on its stdin and takes what it says, on a thread that may
// block.
//
// For small programs that are told something, such as the command of a channel. The program gets a
// process group of its own, a clean signal mask, no descriptors but 0-2, and a limit: when it is
// over, the group is killed. Its stdout and stderr come together, the beginning of them.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#define FILTER_OUTPUT_MAX (8 << 10)

struct filter {
    char *const *argv;
    char *const *envp;
    struct str input;
    int64_t timeout_ms;
};

struct filter_end {
    bool is_good;      // exit status 0
    int status;        // exit status; 128 + signal when one ended it; -1: it did not start
    struct str output; // in the arena
    struct err err;    // why it is not good: ERR_SYSTEM, ERR_TIMEOUT, ERR_UNREACHABLE (exit status)
};

// ends (may be NULL) becomes true when nobody waits any more: the program is killed.
void filter_run(const struct filter *filter, const atomic_bool *ends, struct arena *arena,
                struct filter_end *ret);
