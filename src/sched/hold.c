// hold.c - the one thing that holds a job.
// SPDX-License-Identifier: Apache-2.0
#include "sched/hold.h"

static const char nowhere[] = "no node is there on which the job may run";

static struct hold hold_of(const struct pause *pause, enum run_reason reason)
{
    return (struct hold){reason, pause->message, pause, pause->is_dropping, pause->until};
}

void hold_at(const struct holds *holds, const struct job *job, wall at, wall upto,
             struct hold *ret_hold)
{
    const struct pause *pause = pauses_holding(holds->pauses, job, at);
    struct freeze_mark mark;
    wall begin;

    if (pause) {
        *ret_hold = hold_of(pause, REASON_PAUSED);
        return;
    }
    if (holds->is_nowhere) {
        *ret_hold = (struct hold){REASON_NO_NODE, nowhere, nowhere, false, WALL_NEVER};
        return;
    }
    if (pause_holds(job->skip, at)) {
        *ret_hold = hold_of(job->skip, REASON_ASKED);
        return;
    }
    freezes_at(holds->freezes, job->name, at, upto, &mark);
    *ret_hold = (struct hold){.until = mark.until};
    begin = pauses_next(holds->pauses, job, at);
    if (job->skip && job->skip->since.us > at.us && job->skip->since.us < begin.us)
        begin = job->skip->since;
    if (mark.by) {
        ret_hold->reason = REASON_FREEZE;
        ret_hold->message = mark.by->message;
        ret_hold->by = mark.by;
    }
    if (begin.us < ret_hold->until.us)
        ret_hold->until = begin;
}

wall hold_next(const struct job *job, wall slot, const struct pause *paused)
{
    const struct pause *hold = paused ? paused : job->skip;

    if (slot.us == WALL_NEVER.us || !hold || slot.us >= hold->until.us ||
        (!paused && !pause_holds(hold, slot)))
        return slot;
    if (hold->until.us == WALL_NEVER.us || trigger_is_relative(job->trigger))
        return WALL_NEVER;
    if (trigger_is_once(job->trigger)) // it is late then
        return paused ? hold->until : WALL_NEVER;
    return trigger_next(job->trigger, (wall){hold->until.us - 1});
}

static void pause_keep(const struct job *before, struct job *job)
{
    wall now = job->updated_at;
    bool is_paused = job->state == JOB_PAUSED;

    if (!job->pause && before && (!is_paused || pause_holds(before->pause, now)))
        job->pause = pause_copy(before->pause);
    if (is_paused && !job->pause)
        job->pause =
            pause_new(PAUSE_JOB, (struct str){0}, (struct str){0}, STR_LIT("api"), now, WALL_NEVER);
    if (!is_paused && job->pause)
        pause_lift(job->pause, now);
    if (is_paused && !pause_holds(job->pause, now)) // it was over by itself
        job->state = JOB_ENABLED;
}

void hold_keep(const struct job *before, bool is_replan, struct job *job)
{
    pause_keep(before, job);
    if (!job->skip && before)
        job->skip = pause_copy(before->skip);
    if (is_replan) { // its slots are no more
        pause_free(job->skip);
        job->skip = NULL;
    }
}
