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
