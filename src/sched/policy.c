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

// Folds every due slot after v->slot into the last one.
static void slots_fold(const struct job *job, wall now, struct verdict *v)
{
    wall first = v->slot, last;
    int64_t count = trigger_count(job->trigger, first, now, POLICY_COUNT_MAX, &last);

    if (count == POLICY_COUNT_MAX)
        last = trigger_prev(job->trigger, now);
    v->slot = last;
    v->missed = count;
    v->missed_from = first;
    v->next = trigger_next(job->trigger, last);
}

// Under coalesce all: folds the slots that are past their grace into one skip.
static void slots_expire(const struct job *job, wall now, int64_t grace_us, struct verdict *v)
{
    wall first = v->slot, last, limit = {now.us - grace_us - 1};
    int64_t count = trigger_count(job->trigger, first, limit, POLICY_COUNT_MAX, &last);

    v->kind = VERDICT_SKIP;
    v->reason = REASON_MISFIRE;
    if (count == 0)
        return;
    if (count == POLICY_COUNT_MAX)
        last = trigger_prev(job->trigger, limit);
    v->slot = last;
    v->missed = count;
    v->missed_from = first;
    v->next = trigger_next(job->trigger, last);
}

void policy_decide(const struct job *job, wall slot, wall rings_at, wall now, int running,
                   struct verdict *ret_verdict)
{
    struct verdict v = {.slot = slot, .next = slot_after(job, slot)};

    if (v.next.us <= now.us && job->coalesce == COALESCE_LAST) {
        slots_fold(job, now, &v);
        rings_at = v.slot;
    }
    int64_t grace_us = job_grace_us(job, v.slot, v.next);
    int64_t late_us = now.us - rings_at.us;

    if (late_us > grace_us && v.next.us <= now.us)
        slots_expire(job, now, grace_us, &v);
    else if (late_us > grace_us)
        v.kind = VERDICT_SKIP, v.reason = REASON_MISFIRE;
    else
        overlap_decide(job, running, &v);
    if (v.kind == VERDICT_WAIT)
        v.next = slot;
    v.is_catchup = v.missed > 0 || late_us > CATCHUP_US;
    *ret_verdict = v;
}
