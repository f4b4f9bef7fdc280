// ledger.c - the rows that record a verdict.
// SPDX-License-Identifier: Apache-2.0
#include "sched/ledger.h"

void ledger_run(struct run_ids *ids, const struct job *job, wall now, struct run *ret_run)
{
    *ret_run = (struct run){
        .id = run_id_next(ids, now),
        .job_id = job->id,
        .job_version = job->version,
        .state = RUN_RUNNING,
        .attempt = 1,
        .queued_at = now,
        .started_at = now,
        .exit_code = -1,
    };
}

static void slots_set(const struct verdict_row *row, bool is_catchup, struct run *run)
{
    run->scheduled_at = row->slot;
    run->origin = is_catchup ? RUN_CATCHUP : RUN_SCHEDULED;
    run->missed = row->missed;
    run->missed_from = row->missed_from;
}

static void skip(enum run_reason reason, const char *message, struct run *run)
{
    run->state = RUN_SKIPPED;
    run->reason = reason;
    run->attempt = 0;
    run->finished_at = run->started_at;
    run->started_at = (wall){0};
    if (message)
        run->message = str_of(message);
}

static void hold(enum run_reason reason, struct run *run)
{
    run->state = RUN_QUEUED;
    run->reason = reason;
    run->attempt = 0;
    run->started_at = (wall){0};
}

size_t ledger_rows(struct run_ids *ids, const struct job *job, const struct verdict *v, wall now,
                   struct run ret_rows[LEDGER_ROWS_MAX])
{
    ledger_run(ids, job, now, &ret_rows[0]);
    slots_set(&v->row, v->is_catchup, &ret_rows[0]);
    if (v->kind == VERDICT_SKIP)
        skip(v->reason, v->message, &ret_rows[0]);
    else if (v->kind == VERDICT_QUEUE)
        hold(v->reason, &ret_rows[0]);
    if (v->rest.slot.us == 0)
        return 1;
    ledger_run(ids, job, now, &ret_rows[1]);
    slots_set(&v->rest, true, &ret_rows[1]);
    skip(REASON_COALESCED, POLICY_MESSAGE_COALESCED, &ret_rows[1]);
    return 2;
}
