// run_wait.h - waits until a run has ended, with a way out for who has had enough.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cli/client.h"
#include "cli/errand.h"

enum {
    EXIT_INTERRUPTED = 130 // as a shell tells of SIGINT
};

// Waits for the end of a run: *ret_run is then the run in full. Ctrl-C at a terminal asks once: the
// run is left alone, or, at a second Ctrl-C, cancelled and waited for; elsewhere it leaves the run
// alone. limit_us: how long at most, 0 for ever; then x->e is ERR_TIMEOUT. *ret_is_left: the person
// left. False with x->e when it failed. interrupt_fd is interrupt_open's, from before the run was
// started: otherwise a Ctrl-C might come between.
[[nodiscard]] bool run_wait(struct errand *x, const char *run_id, int interrupt_fd,
                            int64_t limit_us, struct client_reply *ret_run, bool *ret_is_left);

// What a Ctrl-C that has come means: true when the run is left alone; otherwise it has been asked
// to end. *ret_is_ok is false with x->e when that failed.
bool run_wait_interrupted(struct errand *x, int interrupt_fd, const char *run_id, bool *ret_is_ok);

// x->e for a run that was waited for in vain: false.
bool run_wait_over(struct errand *x, const char *run_id);
