// asks.c - asked for by people: changes of a job that are no new definition.
// SPDX-License-Identifier: Apache-2.0
#include "sched/asks.h"

#include <stdlib.h>

#include "base/mem.h"
#include "sched/backfill.h"

// A copy of a usable job, to be changed; NULL when the asker has been told that there is none.
static struct job *job_change(struct sched *s, struct str name, sched_done *done, void *ctx)
{
    const struct job *job = sched_find(s, name);
    struct trigger_context context = sched_trigger_context(s);
    struct err err;

    if (job && job->trigger)
        return job_copy(job, &context);
    (void)fail(&err, ERR_NOT_FOUND, "job_id", "there is no usable job \"%.*s\"", STR(name));
    done(&err, NULL, ctx);
    return NULL;
}

static wall now_of(const struct sched *s)
{
    return sched_trigger_context(s).now;
}

void asks_pause(struct sched *s, struct str name, struct str reason, struct str by, wall until,
                sched_done *done, void *ctx)
{
    struct job *job = job_change(s, name, done, ctx);
    wall since = now_of(s);

    if (!job)
        return;
    if (pause_holds(job->pause, since))
        since = job->pause->since;
    pause_free(job->pause);
    job->pause = pause_new(PAUSE_JOB, (struct str){0}, reason, by, since, until);
    job->state = JOB_PAUSED;
    sched_put(s, job, job->version, done, ctx);
}

// ---- resuming ----

const char *const asks_catch_up_names[] = {"none", "one", "all", NULL};

// A resumption with slots to be caught up with, until it is answered.
struct resuming {
    struct sched *s;
    struct backfill_ask ask;
    int64_t job_id;
    sched_done *done;
    void *ctx;
};

static void caught_up(const struct err *err, const struct backfill_told *told, void *ctx)
{
    struct resuming *r = ctx;

    (void)told;
    if (r->done)
        r->done(err, err ? NULL : sched_find_id(r->s, r->job_id), r->ctx);
    free(r);
}

static void resumed(const struct err *err, const struct job *job, void *ctx)
{
    struct resuming *r = ctx;

    if (err) {
        if (r->done)
            r->done(err, NULL, r->ctx);
        free(r);
        return;
    }
    r->job_id = job->id;
    backfill(r->s, job->name, &r->ask, caught_up, r);
}

// The slots of the pause that are run after all; false when there are none.
static bool catch_up_find(const struct job *job, wall now, enum asks_catch_up catch_up,
                          struct backfill_ask *ret)
{
    int64_t most = catch_up == ASKS_CATCH_UP_ONE ? 1 : job_misfire_max(job), count = 0;
    int64_t window_us = job_window_us(job);
    wall since = job->pause->since, slot = now;

    if (window_us != INT64_MAX && now.us - window_us > since.us)
        since.us = now.us - window_us;
    *ret = (struct backfill_ask){.to = now, .newest_max = (size_t)most, .parallel = 1};
    for (; count < most; count++) {
        slot = trigger_prev(job->trigger, (wall){slot.us - 1});
        if (slot.us == WALL_NEVER.us || slot.us < since.us)
            break;
        ret->from = slot;
    }
    return count > 0;
}

void asks_resume(struct sched *s, struct str name, bool is_dropping, enum asks_catch_up catch_up,
                 sched_done *done, void *ctx)
{
    struct job *job = job_change(s, name, done, ctx);
    wall now = now_of(s);
    struct resuming *r;
    struct backfill_ask ask;
    bool is_held;

    if (!job)
        return;
    is_held = pause_holds(job->pause, now);
    if (is_held)
        job->pause->is_dropping = is_dropping;
    job->state = JOB_ENABLED;
    if (!is_held || catch_up == ASKS_CATCH_UP_NONE || trigger_is_relative(job->trigger) ||
        trigger_is_once(job->trigger) || !catch_up_find(job, now, catch_up, &ask)) {
        sched_put(s, job, job->version, done, ctx);
        return;
    }
    r = mem_alloc(sizeof *r);
    *r = (struct resuming){.s = s, .ask = ask, .done = done, .ctx = ctx};
    sched_put(s, job, job->version, resumed, r);
}

// The next slot and the last of n; false with ERR_SCHEDULE when there is none.
static bool slots_next(struct sched *s, const struct job *job, int64_t n, wall *ret_first,
                       wall *ret_last, struct err *e)
{
    bool is_relative = trigger_is_relative(job->trigger);
    wall first = is_relative ? sched_next_at(s, job) : trigger_next(job->trigger, now_of(s));
    wall last = first, next;

    if (first.us == WALL_NEVER.us) {
        (void)fail(e, ERR_SCHEDULE, "job_id", "the job has no next slot that is known");
        return fail_hint(e, is_relative ? "ask again when the event it follows has come"
                                        : "its schedule is over");
    }
    for (; n > 1 && !is_relative; n--) {
        next = trigger_next(job->trigger, last);
        if (next.us == WALL_NEVER.us)
            break;
        last = next;
    }
    *ret_first = first;
    *ret_last = last;
    return true;
}

void asks_skip(struct sched *s, struct str name, int64_t n, struct str reason, struct str by,
               sched_done *done, void *ctx)
{
    struct job *job = job_change(s, name, done, ctx);
    wall first = {0}, last = {0};
    struct err e;

    if (!job)
        return;
    if (!slots_next(s, job, n, &first, &last, &e)) {
        job_free(job);
        done(&e, NULL, ctx);
        return;
    }
    pause_free(job->skip);
    job->skip = pause_new(PAUSE_SLOTS, (struct str){0}, reason, by, first, (wall){last.us + 1});
    sched_put(s, job, job->version, done, ctx);
}

void asks_unskip(struct sched *s, struct str name, sched_done *done, void *ctx)
{
    struct job *job = job_change(s, name, done, ctx);

    if (!job)
        return;
    if (job->skip)
        pause_lift(job->skip, now_of(s));
    sched_put(s, job, job->version, done, ctx);
}
