// past_reader.c - what jobs did before this process began.
// SPDX-License-Identifier: Apache-2.0
#include "sched/past_reader.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"

#define BATCH 200

static void ask(struct past_reader *r);

static void known(struct past_reader *r)
{
    void (*done)(void *) = r->done;

    free(r->ids);
    r->ids = NULL;
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
    } else if (r->at < r->count) {
        ask(r);
    } else {
        known(r);
    }
}

static void ask(struct past_reader *r)
{
    size_t count = r->count - r->at < BATCH ? r->count - r->at : BATCH;
    const int64_t *ids = r->ids + r->at;

    r->at += count;
    store_read_pasts(sched_store(r->sched), ids, count, answered, r);
}

void past_reader_begin(struct past_reader *reader, struct sched *sched, void (*done)(void *ctx),
                       void *ctx)
{
    const struct job *job;
    wall next_at;

    *reader = (struct past_reader){.sched = sched, .done = done, .ctx = ctx};
    reader->ids = mem_array(sched_count(sched), sizeof *reader->ids);
    for (size_t at = 0; (job = sched_next_job(sched, &at, &next_at));)
        if (sched_is_ours(sched, job) && !tally_job(sched_tally(sched), job->id))
            reader->ids[reader->count++] = job->id;
    ask(reader);
}

void past_reader_end(struct past_reader *reader)
{
    free(reader->ids);
    reader->ids = NULL;
}
