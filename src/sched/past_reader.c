// past_reader.c - what jobs did before this process began.
// SPDX-License-Identifier: Apache-2.0
#include "sched/past_reader.h"

#include "base/log.h"
#include "sched/sched_state.h"

#define LOOKS 20000 // in one turn
#define BATCH 50    // whoever reads meanwhile waits for one of these

static void ask(void *ctx);

static void known(struct past_reader *r)
{
    void (*done)(void *) = r->done;

    r->is_busy = false;
    r->done = NULL;
    if (done)
        done(r->ctx);
}

static void take(struct past_reader *r, const struct store_past *past)
{
    struct tally_job job = {
        .job_id = past->job_id,
        .run_id = past->run_id,
        .slot = past->slot,
        .ended_at = past->ended_at,
        .succeeded_at = past->succeeded_at,
        .state = past->state,
        .exit_code = past->exit_code,
        .failures = past->failures,
    };

    const struct job *known = sched_find_id(r->sched, past->job_id);

    if (past->run_id == 0 || !known || !sched_is_ours(r->sched, known))
        return;
    if (past->started_at.us != 0 && past->ended_at.us > past->started_at.us)
        job.length_us = past->ended_at.us - past->started_at.us;
    tally_job_set(sched_tally(r->sched), &job);
}

static void answered(const struct err *err, const struct store_past *pasts, size_t count, void *ctx)
{
    struct past_reader *r = ctx;

    for (size_t i = 0; i < count; i++)
        take(r, &pasts[i]);
    if (err) {
        log_warn("the past of the jobs cannot be read; it is not known to metrics and alerts",
                 log_err(err));
        known(r);
    } else if (!r->is_last) {
        ask(r);
    } else {
        known(r);
    }
}

static void ask(void *ctx)
{
    struct past_reader *r = ctx;
    const struct entry *entry = NULL;
    int64_t ids[BATCH];
    size_t count = 0;

    for (int left = LOOKS; left > 0 && count < BATCH; left--) {
        if (!(entry = radix_next(&r->sched->due.by_id, &r->at)))
            break;
        if (entry->seat.is_ours && !tally_job(sched_tally(r->sched), entry->job->id))
            ids[count++] = entry->job->id;
    }
    r->is_last = !entry;
    if (count > 0 || r->is_last)
        store_read_pasts(sched_store(r->sched), ids, count, answered, r);
    else
        loop_defer(r->loop, ask, r);
}

void past_reader_begin(struct past_reader *reader, struct sched *sched, void (*done)(void *ctx),
                       void *ctx)
{
    *reader = (struct past_reader){
        .sched = sched, .loop = sched->options.loop, .is_busy = true, .done = done, .ctx = ctx};
    ask(reader);
}

void past_reader_end(struct past_reader *reader)
{
    if (reader->is_busy)
        loop_defer_cancel(reader->loop, ask, reader);
    reader->is_busy = false;
}
