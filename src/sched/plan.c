// plan.c - from a job's trigger and its past to the one slot it waits for.
// SPDX-License-Identifier: Apache-2.0
#include "sched/plan.h"

#define APART_US 500000 // a smaller difference is no step

static enum trigger_kind kind_of(const struct entry *entry)
{
    return trigger_kind(entry->job->trigger);
}

// ---- triggers that follow events ----

// The moment its next slot counts from; WALL_NEVER when it waits for one to come.
static wall event_of(const struct entry *entry)
{
    wall since = entry->job->effective_from;

    switch (kind_of(entry)) {
    case TRIGGER_AFTER:
        return entry->event.us > since.us ? entry->event : since;
    case TRIGGER_STARTUP:
        return entry->event.us != 0 ? entry->event : WALL_NEVER;
    default:
        return WALL_NEVER;
    }
}

static wall slot_of(const struct entry *entry)
{
    const struct job *job = entry->job;
    wall event = event_of(entry);

    if (job->state > JOB_PAUSED || event.us == WALL_NEVER.us)
        return WALL_NEVER;
    wall slot = {event.us + trigger_delay_us(job->trigger)};

    if (kind_of(entry) == TRIGGER_AFTER)
        return entry->running > 0 ? WALL_NEVER : slot;
    return slot.us > job->effective_from.us ? slot : WALL_NEVER;
}

void plan_again(struct due *d, struct entry *entry)
{
    if (entry->is_relative)
        due_plan(d, entry, slot_of(entry));
}

void plan_claimed(struct due *d, struct entry *entry, const struct run *run, bool is_won)
{
    if (!entry->is_relative)
        return;
    wall event = event_of(entry);

    if (!is_won && event.us != WALL_NEVER.us)
        entry->event.us = event.us + 1;
    else if (is_won && kind_of(entry) == TRIGGER_STARTUP)
        entry->event = (wall){0};
    else if (is_won && run->state == RUN_SKIPPED)
        entry->event = run->finished_at;
    plan_again(d, entry);
}

// Nothing has happened later than now: not what was noted before the clock was set back, nor what
// was noted after it was set forward but before that was seen. Who notes it may go by a clock of
// its own; the two are not so far apart.
static wall by_now(wall at, wall now)
{
    return at.us > now.us + APART_US ? now : at;
}

void plan_ended(struct due *d, struct entry *entry, wall at, wall now)
{
    if (!entry->is_relative || kind_of(entry) != TRIGGER_AFTER)
        return;
    entry->event = by_now(at, now);
    plan_again(d, entry);
}

// The delay ends in as long a time as before the step, so what has happened has moved with it.
static void event_step(struct due *d, struct entry *entry, int64_t step_us, wall now)
{
    wall event = event_of(entry), *since = &entry->job->effective_from;

    if (event.us == WALL_NEVER.us)
        return;
    entry->event = by_now((wall){event.us + step_us}, now);
    if (since->us >= entry->event.us)
        since->us = entry->event.us - 1;
    plan_again(d, entry);
}

// ---- every trigger ----

// The first slot of a job that has no row yet, counting slots after `from`.
static wall slot_first(struct due *d, const struct entry *entry, wall from)
{
    const struct job *job = entry->job;

    if (job->state > JOB_PAUSED || !job->trigger)
        return WALL_NEVER;
    if (trigger_is_once(job->trigger)) {
        wall slot = trigger_next(job->trigger, (wall){INT64_MIN});

        return slot.us > entry->claimed.us ? slot : WALL_NEVER;
    }
    return due_slot_after(d, entry, from);
}

void plan_from(struct due *d, struct entry *entry, wall from)
{
    if (entry->is_relative) {
        plan_again(d, entry);
        return;
    }
    if (from.us < entry->job->effective_from.us)
        from = entry->job->effective_from;
    if (from.us < entry->claimed.us)
        from = entry->claimed;
    due_plan(d, entry, slot_first(d, entry, from));
}

void plan_start(struct due *d, struct entry *entry, wall from, wall now)
{
    struct job *job = entry->job;

    if (entry->claimed.us > now.us && job->trigger && !trigger_is_once(job->trigger))
        entry->claimed = now;
    if (job->effective_from.us > now.us)
        job->effective_from.us = now.us - 1; // a slot at this very moment counts
    if (entry->is_relative && (entry->event.us > now.us || kind_of(entry) == TRIGGER_STARTUP))
        entry->event = now;
    plan_from(d, entry, from);
}

wall plan_shown(const struct entry *entry, wall now)
{
    const struct job *job = entry->job;

    if (entry->seat.is_ours || entry->slot.us > now.us)
        return entry->slot;
    if (job->state > JOB_PAUSED || !job->trigger || entry->is_relative)
        return WALL_NEVER;
    return trigger_next(job->trigger, now);
}

void plan_step(struct due *d, struct entry *entry, int64_t step_us, wall now)
{
    if (entry->is_relative) {
        event_step(d, entry, step_us, now);
        return;
    }
    if (step_us > 0 || entry->slot.us == WALL_NEVER.us || entry->is_waiting ||
        trigger_is_once(entry->job->trigger))
        return;
    wall slot = trigger_next(entry->job->trigger, now);

    // What waits for a moment behind its slot (a place in a spread, the next row about a freeze)
    // looks again: that moment has moved away.
    due_plan(d, entry, slot.us < entry->slot.us ? slot : entry->slot);
}
