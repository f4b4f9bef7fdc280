// past.c - what the latest runs of a job say.
// SPDX-License-Identifier: Apache-2.0
#include "store/past.h"

bool past_add(struct store_past *past, const struct run *run)
{
    if (run->state == RUN_SKIPPED || run->state == RUN_CANCELLED)
        return true;
    if (past->run_id == 0) {
        past->run_id = run->id;
        past->slot = run->scheduled_at;
        past->started_at = run->started_at;
        past->ended_at = run->finished_at;
        past->state = run->state;
        past->exit_code = run->exit_code;
    }
    if (run->state != RUN_SUCCEEDED) {
        past->failures++;
        return true;
    }
    past->succeeded_at = run->finished_at;
    return false;
}
