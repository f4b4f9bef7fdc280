// failures.c - counts failed runs in a row.
// SPDX-License-Identifier: Apache-2.0
#include "sched/failures.h"

#include <stdlib.h>

#include "base/mem.h"
#include "sched/asks.h"

struct failure_count {
    int64_t job_id;
    int count;
    wall since;   // what ended before is told by the ledger
    bool is_over; // a success has come: what the ledger tells is older
};

struct look {
    struct failures *f;
    int64_t job_id;
};

static struct failure_count *count_of(struct failures *f, int64_t job_id)
{
    struct failure_count *c = map_get_u64(&f->counts, (uint64_t)job_id);

    if (!c) {
        c = mem_alloc(sizeof *c);
        c->job_id = job_id;
        map_put_u64(&f->counts, (uint64_t)job_id, c);
    }
    return c;
}

static bool is_failure(enum run_state state)
{
    return state == RUN_FAILED || state == RUN_TIMED_OUT;
}

static void paused(const struct err *err, const struct job *job, void *ctx)
{
    (void)err; // the next failure tries again
    (void)job;
    (void)ctx;
}

// Pauses the job when it has failed often enough.
static void count_look(struct failures *f, int64_t job_id)
{
    const struct job *job = sched_find_id(f->sched, job_id);
    const struct failure_count *c = count_of(f, job_id);
    char reason[PAUSE_REASON_MAX];

    if (!job || job->spec->pause_after_failures == 0 ||
        c->count < job->spec->pause_after_failures ||
        pause_holds(job->pause, sched_trigger_context(f->sched).now))
        return;
    snprintf(reason, sizeof reason,
             c->count == 1 ? "a run has failed" : "%d runs in a row have failed", c->count);
    asks_pause(f->sched, job->name, str_of(reason), STR_LIT("belfry"), WALL_NEVER, paused, NULL);
}

// Whether anybody asks how often a job fails; the others cost nothing.
static bool is_wanted(const struct failures *f, int64_t job_id)
{
    const struct job *job = sched_find_id(f->sched, job_id);

    return job && job->spec->pause_after_failures > 0;
}

// What is asked for at the end may overwrite the event.
static void event_take(struct failures *f, const struct sched_event *event)
{
    struct failure_count *c;

    if (event->type == EVENT_JOB_DELETED || event->type == EVENT_JOB_ENDED)
        free(map_remove_u64(&f->counts, (uint64_t)event->job_id));
    if (event->type != EVENT_RUN_FINISHED && event->type != EVENT_JOB_RESUMED)
        return;
    if (!is_wanted(f, event->job_id))
        return;
    c = count_of(f, event->job_id);
    if (event->type == EVENT_JOB_RESUMED || event->state == RUN_SUCCEEDED)
        *c = (struct failure_count){.job_id = c->job_id, .is_over = true};
    else if (is_failure(event->state))
        c->count++;
    count_look(f, c->job_id);
}

static void events_read(void *ctx)
{
    struct failures *f = ctx;
    const struct sched_event *event;

    while ((event = events_next(sched_events(f->sched), f->seen))) {
        f->seen = event->seq;
        event_take(f, event);
    }
}

// ---- what the ledger tells ----

static void runs_told(const struct err *err, const struct store_run *runs, size_t count, void *ctx)
{
    struct look *look = ctx;
    struct failures *f = look->f;
    const struct job *job = sched_find_id(f->sched, look->job_id);
    struct failure_count *c = count_of(f, look->job_id);

    for (size_t i = 0; !err && job && !c->is_over && i < count; i++) {
        const struct run *run = &runs[i].run;

        // A resumption begins anew.
        if (run->state == RUN_SUCCEEDED ||
            (job->pause && run->finished_at.us != 0 &&
             run->finished_at.us <= job->pause->until.us && job->pause->until.us != WALL_NEVER.us))
            break;
        c->count += is_failure(run->state) && run->finished_at.us <= c->since.us;
    }
    if (job)
        count_look(f, look->job_id);
    free(look);
}

// Asks for the past of our jobs that are to be counted, and are not yet.
static void pasts_ask(struct failures *f)
{
    const struct job *job;
    wall next_at;

    for (size_t at = 0; (job = sched_next_job(f->sched, &at, &next_at));) {
        const struct store_run_query query = {.job_id = job->id, .limit = FAILURES_LOOK};
        struct look *look;

        if (job->spec->pause_after_failures == 0 || !sched_is_ours(f->sched, job) ||
            map_get_u64(&f->counts, (uint64_t)job->id))
            continue;
        count_of(f, job->id)->since = sched_trigger_context(f->sched).now;
        look = mem_alloc(sizeof *look);
        *look = (struct look){f, job->id};
        store_read_runs(sched_store(f->sched), &query, runs_told, look);
    }
}

void failures_epoch(struct failures *f)
{
    struct failure_count *c;

    for (size_t at = 0; (c = map_next(&f->counts, &at));) {
        const struct job *job = sched_find_id(f->sched, c->job_id);

        if (!job || !sched_is_ours(f->sched, job))
            free(map_remove_u64(&f->counts, (uint64_t)c->job_id));
    }
    pasts_ask(f);
}

void failures_init(struct failures *f, struct sched *sched)
{
    *f = (struct failures){.sched = sched, .listener = {.on_events = events_read, .ctx = f}};
    map_init(&f->counts);
    f->seen = events_last(sched_events(sched));
    events_listen(sched_events(sched), &f->listener);
    pasts_ask(f);
}

void failures_done(struct failures *f)
{
    struct failure_count *c;

    events_unlisten(&f->listener);
    for (size_t at = 0; (c = map_next(&f->counts, &at));)
        free(c);
    map_done(&f->counts);
}
