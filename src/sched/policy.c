// policy.c - what becomes of a slot that is due.
// SPDX-License-Identifier: Apache-2.0
#include "sched/policy.h"

#include "base/hash.h"

#define CATCHUP_US 1000000

static wall earlier(wall a, wall b)
{
    return a.us < b.us ? a : b;
}

// So long before a moment; INT64_MAX is ever.
static wall before(wall at, int64_t us)
{
    return (wall){us == INT64_MAX ? INT64_MIN : at.us - us};
}

// A trigger that follows events has no slot behind one that has not been met yet.
static wall slot_after(const struct job *job, wall slot)
{
    return trigger_is_relative(job->trigger) ? WALL_NEVER : trigger_next(job->trigger, slot);
}

// That of the slot that has rung.
static wall slot_behind(const struct situation *s)
{
    const struct trigger *trigger = s->job->trigger;
    struct policy_memo *memo = s->memo;

    if (memo && memo->trigger == trigger && memo->slot.us == s->slot.us)
        return memo->next;
    wall next = slot_after(s->job, s->slot);

    if (memo) {
        memo->trigger = trigger;
        memo->slot = s->slot;
        memo->next = next;
    }
    return next;
}

static int64_t late_us(const struct job *job, wall slot, wall now)
{
    return now.us - slot.us - trigger_jitter_us(job->trigger, (uint64_t)job->id, slot);
}

// Folds the slots behind first, up to a moment, into the last of them; when there is none nothing
// changes.
static void row_fold(const struct job *job, wall first, wall upto, struct verdict_row *row)
{
    wall last;
    int64_t count = trigger_count(job->trigger, first, upto, POLICY_COUNT_MAX, &last);

    if (count == 0)
        return;
    if (count == POLICY_COUNT_MAX)
        last = trigger_prev(job->trigger, upto);
    *row = (struct verdict_row){last, count, first};
}

static bool is_folded(const struct policy_memo *memo, const struct job *job, wall first, wall upto)
{
    return memo && memo->folded == job->trigger && memo->first.us == first.us &&
           memo->upto.us == upto.us;
}

// The same of a verdict's first slot, if there are any; its next one lies behind them then.
static void slots_fold(const struct situation *s, wall upto, struct verdict *v)
{
    const struct job *job = s->job;
    wall first = v->row.slot;

    if (v->next.us > upto.us)
        return;
    if (is_folded(s->memo, job, first, upto)) {
        v->row = s->memo->row;
        v->next = s->memo->behind;
        return;
    }
    row_fold(job, first, upto, &v->row);
    v->next = trigger_next(job->trigger, v->row.slot);
    if (!s->memo)
        return;
    s->memo->folded = job->trigger;
    s->memo->first = first;
    s->memo->upto = upto;
    s->memo->row = v->row;
    s->memo->behind = v->next;
}

static void skip(enum run_reason reason, const char *message, struct verdict *v)
{
    v->kind = VERDICT_SKIP;
    v->reason = reason;
    v->message = message;
    v->not_before = (wall){0};
    v->spread_from = (wall){0};
    v->rest = (struct verdict_row){0};
}

// ---- holds ----

// Whether what the slot of a trigger that follows events follows lies in the same hold.
static bool is_from_within(const struct situation *s, const struct hold *hold)
{
    wall event = {s->slot.us - trigger_delay_us(s->job->trigger)};
    struct hold then;

    hold_at(&s->holds, s->job, event, s->slot, &then);
    return then.by == hold->by && then.until.us > s->slot.us;
}

// Whether the slot stays as it is until the hold is over.
static bool outlasts(const struct situation *s, const struct hold *hold)
{
    bool is_relative = trigger_is_relative(s->job->trigger);

    if (hold->reason == REASON_PAUSED || hold->reason == REASON_NO_NODE)
        return is_relative || (trigger_is_once(s->job->trigger) && !hold->is_dropping);
    return is_relative && is_from_within(s, hold);
}

// The slot could not run but in a hold, which lasts: the slots up to a moment are skipped.
static void slots_hold(const struct situation *s, const struct hold *hold, wall upto,
                       struct verdict *v)
{
    *v = (struct verdict){.row.slot = s->slot, .next = slot_after(s->job, s->slot)};
    if (s->now.us < hold->until.us && outlasts(s, hold)) {
        v->kind = VERDICT_WAIT;
        v->not_before = hold->until;
        return;
    }
    skip(hold->reason, hold->message, v);
    slots_fold(s, upto, v);
}

// The slot lies in a hold.
static void hold_decide(const struct situation *s, const struct hold *hold, struct verdict *v)
{
    wall last = {hold->until.us - 1};

    slots_hold(s, hold, earlier(s->now, last), v);
    if (v->kind == VERDICT_SKIP && hold->reason != REASON_ASKED && v->next.us <= last.us)
        v->not_before = earlier((wall){s->now.us + POLICY_HOLD_US}, hold->until);
}

// ---- slots that were missed ----

// What the rules for missed slots look at.
struct look {
    const struct situation *s;
    const struct job *job;
    wall upto;   // the last moment before the next hold, or now
    wall judged; // when lateness counts: now, or the moment from which on it is made up for
};

// The slots up to a moment, the first one at least, are skipped for being missed.
static void slots_expire(const struct look *l, wall upto, const char *message, struct verdict *v)
{
    skip(REASON_MISFIRE, message, v);
    v->is_catchup = true;
    slots_fold(l->s, earlier(l->upto, upto), v);
}

// There is no room: it is left out, or under all waits for its turn.
static void overlap_leave(const struct job *job, enum run_reason reason, struct verdict *v)
{
    if (job->spec->coalesce == COALESCE_ALL)
        v->kind = VERDICT_WAIT, v->reason = reason;
    else
        skip(reason, NULL, v);
}

static bool overlaps(const struct look *l, struct verdict *v)
{
    const struct job *job = l->job;
    bool is_full = l->s->running >= job_instances(job);
    bool is_behind = job->spec->overlap == OVERLAP_QUEUE && l->s->queued > 0;

    if (!is_full && !is_behind)
        return false;
    if (job->spec->overlap == OVERLAP_SKIP || job->spec->overlap == OVERLAP_ALLOW) {
        overlap_leave(job, REASON_OVERLAP, v);
    } else if (job->spec->overlap == OVERLAP_QUEUE && l->s->queued >= job->spec->queue_max) {
        overlap_leave(job, REASON_QUEUE_FULL, v);
    } else {
        v->kind = VERDICT_QUEUE;
        v->reason = REASON_OVERLAP;
    }
    return true;
}

// Where in a stretch of time the job has its place: others that have missed slots have others.
static int64_t place_in(const struct job *job, int64_t length_us)
{
    return length_us > 0 ? (int64_t)(hash_mix((uint64_t)job->id) % (uint64_t)length_us) : 0;
}

// A run that makes up for missed slots waits for its part of the spread. left: such runs to come,
// this one included.
static void spread_decide(const struct look *l, int64_t left, struct verdict *v)
{
    const struct situation *s = l->s;
    int64_t spread_us = l->job->spec->misfire_spread_us, wait_us;

    if (spread_us == 0 || !v->is_catchup)
        return;
    if (s->spread_from.us == 0) {
        // One run is no later than the next slot, which would have to wait for it.
        wait_us = spread_us / left;
        if (left == 1 && v->next.us != WALL_NEVER.us && v->next.us - s->now.us < wait_us)
            wait_us = v->next.us - s->now.us;
        v->kind = VERDICT_WAIT;
        v->rest = (struct verdict_row){0};
        v->not_before.us = s->now.us + place_in(l->job, wait_us);
        v->spread_from = s->now;
    } else if (left > 1) {
        // Set back, the clock does not make the time longer.
        v->spread_from = earlier(s->spread_from, s->now);
        wait_us = (v->spread_from.us + spread_us - s->now.us) / left;
        v->not_before.us = s->now.us + (wait_us > 0 ? wait_us : 0);
    }
}

// One run for the last slot that is due.
static void last_decide(const struct look *l, struct verdict *v)
{
    slots_fold(l->s, l->upto, v);
    int64_t late = late_us(l->job, v->row.slot, l->judged);

    v->is_catchup = v->row.missed > 0 || late > CATCHUP_US;
    if (late > job_grace_us(l->job, v->row.slot, v->next))
        skip(REASON_MISFIRE, NULL, v);
    else if (!overlaps(l, v))
        spread_decide(l, 1, v);
}

// One run for the first slot that is due, and a row for the others, which it stands for.
static void first_decide(const struct look *l, struct verdict *v)
{
    v->is_catchup =
        v->next.us <= l->upto.us || late_us(l->job, v->row.slot, l->judged) > CATCHUP_US;
    if (overlaps(l, v)) {
        slots_fold(l->s, l->upto, v);
        return;
    }
    if (v->next.us <= l->upto.us) {
        v->rest.slot = v->next;
        row_fold(l->job, v->next, l->upto, &v->rest);
        v->next = trigger_next(l->job->trigger, v->rest.slot);
    }
    spread_decide(l, 1, v);
}

// The last slot but for the newest `most` of those that are due; there are more than that.
static wall oldest_dropped(const struct look *l, wall first, int64_t due, int64_t most)
{
    wall at = l->upto;

    if (due <= POLICY_COUNT_MAX) {
        if (due == most + 1)
            return first;
        (void)trigger_count(l->job->trigger, first, l->upto, due - most - 1, &at);
        return at;
    }
    for (int64_t i = 0; i <= most; i++)
        at = trigger_prev(l->job->trigger, (wall){at.us - (i > 0)});
    return at;
}

// Each slot that is due, the newest so many of them.
static void all_decide(const struct look *l, struct verdict *v)
{
    int64_t most = job_misfire_max(l->job), due = 1;

    if (v->next.us <= l->upto.us)
        due += trigger_count(l->job->trigger, v->row.slot, l->upto, POLICY_COUNT_MAX, NULL);
    v->is_catchup = late_us(l->job, v->row.slot, l->s->now) > CATCHUP_US;
    if (due > most)
        slots_expire(l, oldest_dropped(l, v->row.slot, due, most), POLICY_MESSAGE_MAX, v);
    else if (!overlaps(l, v))
        spread_decide(l, due, v);
    else
        v->spread_from = l->s->spread_from;
}

// The last slot that is due, if it is not late; none of those before it.
static void skip_decide(const struct look *l, struct verdict *v)
{
    wall last = v->row.slot;

    if (v->next.us <= l->upto.us)
        last = trigger_prev(l->job->trigger, l->upto);
    int64_t late = late_us(l->job, last, l->judged);

    v->is_catchup = late > CATCHUP_US;
    if (late > job_grace_us(l->job, last, slot_after(l->job, last)))
        slots_expire(l, l->upto, NULL, v);
    else if (last.us > v->row.slot.us)
        slots_expire(l, (wall){last.us - 1}, POLICY_MESSAGE_SKIP, v);
    else
        (void)overlaps(l, v);
}

// The slot does not lie in a hold.
static void slot_decide(const struct look *l, struct verdict *v)
{
    const struct job *job = l->job;
    const char *message = POLICY_MESSAGE_WINDOW;
    int64_t oldest_us = job_window_us(job), grace_us;

    if (job->spec->coalesce == COALESCE_FIRST || job->spec->coalesce == COALESCE_ALL) {
        grace_us = job_grace_us(job, v->row.slot, v->next);
        message = grace_us <= oldest_us ? NULL : message;
        oldest_us = grace_us <= oldest_us ? grace_us : oldest_us;
    }
    if (late_us(job, v->row.slot, l->judged) > oldest_us)
        slots_expire(l, (wall){before(l->judged, oldest_us).us - 1}, message, v);
    else if (job->spec->coalesce == COALESCE_LAST)
        last_decide(l, v);
    else if (job->spec->coalesce == COALESCE_FIRST)
        first_decide(l, v);
    else if (job->spec->coalesce == COALESCE_ALL)
        all_decide(l, v);
    else
        skip_decide(l, v);
}

// A date that fell into a pause which is over runs late.
static bool is_held(const struct situation *s, const struct hold *hold)
{
    bool is_over = s->now.us >= hold->until.us;

    return hold->reason != REASON_NONE &&
           !(is_over && trigger_is_once(s->job->trigger) && outlasts(s, hold));
}

// A heartbeat's slot rings when the time for its ping is over: it and all before now for which that
// is so are told in one row. The row of a slot that has been pinged is there already, and stays.
static void ping_decide(const struct situation *s, struct verdict *v)
{
    wall upto = {s->now.us - job_ping_grace_us(s->job, s->slot)};

    slots_fold(s, upto, v);
    skip(REASON_NO_PING, NULL, v);
}

void policy_decide(const struct situation *s, struct verdict *ret_verdict)
{
    struct verdict v = {.row.slot = s->slot, .next = slot_behind(s)};
    struct look l = {.s = s, .job = s->job, .judged = s->now};
    struct hold hold, present;

    // After a step of the clock, what is being spread may lie in the future.
    if (s->spread_from.us != 0 && s->spread_from.us <= s->now.us)
        l.judged = s->spread_from;
    hold_at(&s->holds, s->job, s->slot, s->now, &hold);
    if (is_held(s, &hold)) {
        hold_decide(s, &hold, &v);
    } else if (s->job->kind == JOB_HEARTBEAT) {
        ping_decide(s, &v);
    } else {
        l.upto = earlier(s->now, (wall){hold.until.us - 1});
        slot_decide(&l, &v);
        hold_at(&s->holds, s->job, s->now, s->now, &present);
        // Slots that are not wanted hold themselves alone.
        if (present.reason != REASON_NONE && present.reason != REASON_ASKED &&
            v.kind != VERDICT_SKIP)
            slots_hold(s, &present, l.upto, &v);
    }
    if (v.kind == VERDICT_WAIT)
        v.next = s->slot;
    *ret_verdict = v;
}
