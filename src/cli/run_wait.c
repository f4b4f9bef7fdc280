// run_wait.c - asks again and again how a run stands, and handles Ctrl-C.
// SPDX-License-Identifier: Apache-2.0
#include "cli/run_wait.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/interrupt.h"
#include "cli/listing.h"
#include "time/duration.h"

enum {
    WAIT_FIRST_MS = 20, // between two looks; each wait is a quarter longer than the one before
    WAIT_LAST_MS = 1000
};

static bool has_ended(const json_t *run)
{
    return item_text(run, "finished_at")[0] != '\0';
}

bool run_wait_interrupted(struct errand *x, int interrupt_fd, const char *run_id, bool *ret_is_ok)
{
    struct client_reply reply;

    *ret_is_ok = true;
    fprintf(stderr, "\n");
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
        return true;
    fprintf(stderr, "Leave run %s running? Enter leaves it, Ctrl-C cancels it: ", run_id);
    fflush(stderr);
    if (!interrupt_again(interrupt_fd))
        return true;
    fprintf(stderr, "\n");
    *ret_is_ok = errand_ask(x, "POST", NULL, &reply, "/api/v1/runs/{}/cancel", run_id);
    if (*ret_is_ok)
        client_reply_done(&reply);
    return false;
}

static bool look(struct errand *x, const char *run_id, struct client_reply *ret_run)
{
    return errand_ask(x, "GET", NULL, ret_run, "/api/v1/runs/{}", run_id);
}

bool run_wait(struct errand *x, const char *run_id, int interrupt_fd, int64_t limit_us,
              struct client_reply *ret_run, bool *ret_is_left)
{
    mono begun = clock_mono(clock_real());
    int wait_ms = WAIT_FIRST_MS;
    bool ok = true;

    *ret_is_left = false;
    while (ok && look(x, run_id, ret_run)) {
        if (has_ended(ret_run->json))
            return true;
        client_reply_done(ret_run);
        if (limit_us > 0 && clock_mono(clock_real()).us - begun.us > limit_us)
            return run_wait_over(x, run_id);
        *ret_is_left = interrupt_wait(interrupt_fd, wait_ms) &&
                       run_wait_interrupted(x, interrupt_fd, run_id, &ok);
        if (*ret_is_left)
            return true;
        wait_ms += wait_ms < WAIT_LAST_MS ? wait_ms / 4 : 0;
    }
    return false;
}

bool run_wait_over(struct errand *x, const char *run_id)
{
    return fail(&x->e, ERR_TIMEOUT, NULL, "run %s has not ended in time; it goes on", run_id);
}
