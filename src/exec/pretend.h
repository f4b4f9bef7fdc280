// pretend.h - an executor that only pretends: each run lasts as long, and ends as, it is told.
//
// The scheduler cannot tell it from the real one, so what it would do in a year is seen in seconds
// under a simulated clock: by the tests, and by `belfry simulate`.
#pragma once

#include <stdint.h>

#include "base/loop.h"
#include "exec/exec.h"

// What becomes of one attempt.
struct pretence {
    int64_t takes_us;     // by the stopwatch
    enum run_state state; // final
    int exit_code;
};

// Calls of whoever wants to know. on_start says how the attempt goes; on_end (may be NULL) is
// called before the scheduler hears of the end. places: so many at once, the others wait in the
// order they came (0: no limit).
struct pretend_ops {
    size_t places;
    void (*on_start)(const struct exec_request *request, struct pretence *ret_pretence, void *ctx);
    void (*on_end)(const struct run_end *end, void *ctx);
};

// ops is copied; loop and ctx are borrowed. End it with exec_free, which forgets what still runs.
// exec_cancel ends an attempt at the loop's next turn, exec_stop all of them after the grace.
[[nodiscard]] struct exec *pretend_new(struct loop *loop, const struct pretend_ops *ops, void *ctx);
