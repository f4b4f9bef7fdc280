// run_watch.h - a run that was just asked for: told of, watched to its end if wanted, and turned
// into an exit status.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cli/client.h"
#include "cli/errand.h"

struct run_watch {
    bool is_waiting;
    bool is_following; // what it writes
    bool is_passing;   // the job's own exit status is ours
    int64_t limit_us;  // 0: none
    int interrupt_fd;  // Ctrl-C, from before the run was asked for; -1 when nothing is waited for
};

// Reads --wait, --follow, --passthrough and --for. End it with run_watch_done, also when it fails.
[[nodiscard]] bool run_watch_read(const struct errand *x, struct run_watch *ret_watch,
                                  struct err *e);
void run_watch_done(struct run_watch *w);

// Tells that the run of this reply ({"run_id", "job_id"}) is on its way, and waits if wanted.
// *ret_status is the exit status.
[[nodiscard]] bool run_watch(struct errand *x, const struct run_watch *w,
                             const struct client_reply *reply, int *ret_status);
