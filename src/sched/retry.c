// retry.c - an attempt has ended: is there another one, and when?
// SPDX-License-Identifier: Apache-2.0
#include "sched/retry.h"

static bool is_cut_off(const struct run_end *end)
{
    return end->state == RUN_LOST ||
           (end->state == RUN_CANCELLED && end->reason == REASON_SHUTDOWN);
}

wall retry_at(const struct job *job, const struct run_end *end, wall deadline)
{
    int allowed = job->spec->retries ? job->spec->retries->max : 0;
    wall at = end->finished_at;

    if (is_cut_off(end) && job->spec->on_lost == ON_LOST_RERUN)
        return end->attempt <= allowed + RETRY_RERUNS && at.us < deadline.us ? at : (wall){0};
    if (end->attempt > allowed || !retries_want(job->spec->retries, end))
        return (wall){0};
    at.us += retries_wait_us(job->spec->retries, end);
    return at.us < deadline.us ? at : (wall){0};
}
