// changes.c - what becomes of the jobs in memory when something has changed that they hang on.
// SPDX-License-Identifier: Apache-2.0
#include "sched/changes.h"

#include "base/log.h"
#include "sched/plan.h"
#include "sched/sched_state.h"

// ---- a job ----

// A new definition is in force: forget where the old one stood.
static void replan(struct sched *s, struct entry *entry)
{
    entry->claimed = (wall){0};
    plan_from(&s->due, entry, entry->job->updated_at);
}

// A copy of a job whose calendars have changed, compiled again. One that cannot be used with them
// is kept aside: it must not run as if nothing had changed.
static struct job *job_renewed(const struct sched *s, const struct job *job)
{
    struct trigger_context context = sched_trigger_context(s);
    struct job *again = job_copy(job, &context);

    if (!again->trigger)
        log_error("a job cannot be used with its calendars and is kept aside",
                  log_str("job_id", again->name), log_str("why", again->spec->quarantine));
    return again;
}

struct entry *changes_put(struct sched *s, struct job *job, bool is_replan)
{
    struct entry *entry = due_find(&s->due, job->name);

    if (job->trigger && trigger_is_stale(job->trigger)) { // a calendar was changed meanwhile
        struct job *again = job_renewed(s, job);

        job_free(job);
        job = again;
    }
    if (entry && entry->job->id != job->id) { // the old one had ended
        dispatch_leave(&s->dispatch, entry);
        due_remove(&s->due, entry);
        entry = NULL;
    }
    heartbeats_learn(&s->heartbeats, job);
    if (entry) {
        job->created_at = entry->job->created_at;
        due_replace(&s->due, entry, job);
    } else {
        entry = due_add(&s->due, job);
        members_seat(&s->members, &s->due, entry);
        is_replan = true;
    }
    if (is_replan)
        replan(s, entry);
    else
        changes_thaw(s, entry);
    return entry;
}

void changes_look(struct sched *s, struct entry *entry)
{
    dispatch_changed(&s->dispatch, entry);
    dispatch_look(&s->dispatch);
}

void changes_remove(struct sched *s, struct entry *entry)
{
    tally_job_forget(&s->dispatch.tally, entry->job->id);
    dispatch_leave(&s->dispatch, entry);
    room_forget(&s->dispatch.room, entry->job->id);
    due_remove(&s->due, entry);
}

void changes_thaw(struct sched *s, struct entry *entry)
{
    order_note(&s->due.order, entry);
    if (entry->slot.us != WALL_NEVER.us && !entry->is_waiting)
        due_plan(&s->due, entry, entry->slot);
}

// ---- what many hang on ----

void changes_calendars(void *ctx)
{
    struct sched *s = ctx;
    wall now = sched_now(s);
    struct entry *entry;

    for (size_t at = 0; (entry = radix_next(&s->due.by_id, &at));) {
        wall slot = entry->slot;

        if (!entry->job->trigger || !trigger_is_stale(entry->job->trigger))
            continue;
        due_replace(&s->due, entry, job_renewed(s, entry->job));
        if (slot.us > now.us)
            plan_from(&s->due, entry, now);
    }
    dispatch_thaw(&s->dispatch);
    dispatch_look(&s->dispatch);
}

void changes_freezes(void *ctx)
{
    struct sched *s = ctx;
    struct entry *entry;

    for (size_t at = 0; (entry = radix_next(&s->due.by_id, &at));)
        changes_thaw(s, entry);
    dispatch_thaw(&s->dispatch);
    dispatch_look(&s->dispatch);
}

void changes_pause(const struct pause *pause, void *ctx)
{
    struct sched *s = ctx;
    bool is_on = pause_holds(pause, sched_now(s)), is_all = pause->scope == PAUSE_ALL;
    enum event_type type = is_all  ? is_on ? EVENT_SCHED_PAUSED : EVENT_SCHED_RESUMED
                           : is_on ? EVENT_TAG_PAUSED
                                   : EVENT_TAG_RESUMED;

    event_say(events_add(&s->events, type), str_of(pause->tag      ? pause->tag
                                                   : pause->reason ? pause->reason
                                                                   : ""));
    changes_freezes(s);
}

void changes_pools(void *ctx)
{
    dispatch_room(&((struct sched *)ctx)->dispatch);
}
