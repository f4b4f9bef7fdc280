// asks.c - asked for by people: changes of a job that are no new definition.
// SPDX-License-Identifier: Apache-2.0
#include "sched/asks.h"

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

void asks_resume(struct sched *s, struct str name, bool is_dropping, sched_done *done, void *ctx)
{
    struct job *job = job_change(s, name, done, ctx);

    if (!job)
        return;
    if (pause_holds(job->pause, now_of(s)))
        job->pause->is_dropping = is_dropping;
    job->state = JOB_ENABLED;
    sched_put(s, job, job->version, done, ctx);
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
