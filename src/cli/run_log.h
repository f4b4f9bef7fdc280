// run_log.h - what a run has written, line by line: what there is, or as it comes.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cli/errand.h"

struct run_log_wish {
    bool is_following; // until the run has ended
    bool is_stderr_only;
    bool has_times;   // before each line
    int64_t tail;     // only so many of the last lines; -1: all
    int64_t limit_ms; // followed no longer than that, then ERR_TIMEOUT; 0: for ever
    int64_t offset;   // only what comes behind this place; moved along
};

// Prints stdout's lines on stdout and stderr's on stderr. It ends early, without an error, when
// stop_fd (or -1) becomes readable: *ret_is_whole is false then.
[[nodiscard]] bool run_log_print(struct errand *x, const char *run_id, struct run_log_wish *wish,
                                 int stop_fd, bool *ret_is_whole);
