// policy.c - what becomes of a slot that is due.
// SPDX-License-Identifier: Apache-2.0
#include "sched/policy.h"

#define CATCHUP_US 1000000

static void overlap_decide(const struct job *job, int running, struct verdict *v)
{
    v->kind = VERDICT_RUN;
    if (running < job->max_instances)
        return;
    v->kind = job->coalesce == COALESCE_ALL ? VERDICT_WAIT : VERDICT_SKIP;
    v->reason = REASON_OVERLAP;
}

// A trigger that follows events has no slot behind one that has not been met yet.
static wall slot_after(const struct job *job, wall slot)
{
    return trigger_is_relative(job->trigger) ? WALL_NEVER : trigger_next(job->trigger, slot);
}

// Folds the slots after v->slot up to a moment into the last of them; when there is none nothing
// changes.
static void slots_fold(const struct job *job, wall upto, struct verdict *v)
{
    wall first = v->slot, last;
    int64_t count = trigger_count(job->trigger, first, upto, POLICY_COUNT_MAX, &last);

    if (count == 0)
        return;
    if (count == POLICY_COUNT_MAX)
        last = trigger_prev(job->trigger, upto);
    v->slot = last;
    v->missed = count;
    v->missed_from = first;
    v->next = trigger_next(job->trigger, last);
}

// Under coalesce all: folds the slots that are past their grace into one skip.
static void slots_expire(const struct job *job, wall upto, struct verdict *v)
{
    v->kind = VERDICT_SKIP;
    v->reason = REASON_MISFIRE;
    slots_fold(job, upto, v);
}

static wall earlier(wall a, wall b)
{
    return a.us < b.us ? a : b;
}

static void skip_frozen(const struct freeze *freeze, struct verdict *v)
{
    v->kind = VERDICT_SKIP;
    v->reason = REASON_FREEZE;
    v->freeze = freeze;
}

// Whether what the slot of a trigger that follows events follows lies in the same freeze.
static bool is_from_within(const struct job *job, const struct freezes *freezes,
                           const struct freeze_mark *mark, wall slot)
{
    wall event = {slot.us - trigger_delay_us(job->trigger)};
    struct freeze_mark before;

    freezes_at(freezes, job->name, event, slot, &before);
    return before.by == mark->by && before.until.us > slot.us;
}

// The slot lies in a freeze.
static void freeze_decide(const struct job *job, const struct freezes *freezes,
                          const struct freeze_mark *mark, wall now, struct verdict *v)
{
    wall last = {mark->until.us - 1};

    if (!trigger_is_relative(job->trigger)) {
        slots_fold(job, earlier(now, last), v);
        if (v->next.us <= last.us)
            v->not_before = earlier((wall){now.us + POLICY_FREEZE_US}, mark->until);
    } else if (now.us <= last.us && is_from_within(job, freezes, mark, v->slot)) {
        v->kind = VERDICT_WAIT;
        v->not_before = mark->until;
        return;
    }
    skip_frozen(mark->by, v);
}

// The slot does not lie in a freeze. upto: the last moment before the next one, or now.
static void slot_decide(const struct job *job, wall rings_at, wall now, wall upto, int running,
                        struct verdict *v)
{
    if (v->next.us <= upto.us && job->coalesce == COALESCE_LAST) {
        slots_fold(job, upto, v);
        rings_at = v->slot;
    }
    int64_t grace_us = job_grace_us(job, v->slot, v->next);
    int64_t late_us = now.us - rings_at.us;

    if (late_us > grace_us && v->next.us <= upto.us)
        slots_expire(job, earlier(upto, (wall){now.us - grace_us - 1}), v);
    else if (late_us > grace_us)
        v->kind = VERDICT_SKIP, v->reason = REASON_MISFIRE;
    else
        overlap_decide(job, running, v);
    v->is_catchup = v->missed > 0 || late_us > CATCHUP_US;
}

void policy_decide(const struct job *job, const struct freezes *freezes, wall slot, wall rings_at,
                   wall now, int running, struct verdict *ret_verdict)
{
    struct verdict v = {.slot = slot, .next = slot_after(job, slot)};
    struct freeze_mark mark, present;

    freezes_at(freezes, job->name, slot, now, &mark);
    if (mark.by) {
        freeze_decide(job, freezes, &mark, now, &v);
    } else {
        slot_decide(job, rings_at, now, earlier(now, (wall){mark.until.us - 1}), running, &v);
        freezes_at(freezes, job->name, now, now, &present);
        if (present.by && v.kind != VERDICT_SKIP)
            skip_frozen(present.by, &v);
    }
    if (v.kind == VERDICT_WAIT)
        v.next = slot;
    *ret_verdict = v;
}
