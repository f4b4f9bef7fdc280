// sched_look.c - what is told of the jobs and of the scheduler itself.
// SPDX-License-Identifier: Apache-2.0
#include "sched/chain.h"
#include "sched/forecast.h"
#include "sched/hold.h"
#include "sched/plan.h"
#include "sched/sched_state.h"

#define LOAD_STEPS_MAX 50000 // slots asked for by one sched_load

struct trigger_context sched_trigger_context(const struct sched *s)
{
    return (struct trigger_context){.zones = s->options.zones,
                                    .timezone = s->options.timezone,
                                    .now = sched_now(s),
                                    .calendars = &s->windows.calendars};
}

const struct job *sched_find(const struct sched *s, struct str name)
{
    const struct entry *entry = due_find(&s->due, name);

    return entry ? entry->job : NULL;
}

const struct pause *sched_paused(const struct sched *s, const struct job *job)
{
    return job->trigger ? pauses_holding(&s->pauses, job, sched_now(s)) : NULL;
}

const struct job_presets *sched_presets(const struct sched *s)
{
    return s->options.presets ? s->options.presets : &job_presets_built_in;
}

bool sched_check(const struct sched *s, const struct job *job, struct err *e)
{
    return chain_check(&s->due, &s->coming, job, e);
}

wall sched_next_at(const struct sched *s, const struct job *job)
{
    const struct entry *entry = due_find_id(&s->due, job->id);

    return entry ? hold_next(job, plan_shown(entry, sched_now(s)), sched_paused(s, job))
                 : WALL_NEVER;
}

int sched_running(const struct sched *s, const struct job *job)
{
    const struct entry *entry = due_find_id(&s->due, job->id);

    return entry ? entry->running : 0;
}

const struct learned *sched_learned(const struct sched *s, const struct job *job)
{
    const struct entry *entry = due_find_id(&s->due, job->id);

    return entry ? entry->learned : NULL;
}

void sched_learn(struct sched *s, const struct job *job)
{
    if (sched_find_id(s, job->id))
        watch_learn(&s->watch, due_find_id(&s->due, job->id));
}

struct holds sched_holds(const struct sched *s, const struct job *job)
{
    const struct entry *entry = job ? due_find_id(&s->due, job->id) : NULL;

    return (struct holds){&s->windows.freezes, &s->pauses, entry && entry->seat.is_nowhere};
}

void sched_forecast(const struct sched *s, const struct job *only, wall from, wall to,
                    struct forecast *ret)
{
    const struct entry *entry = only ? due_find_id(&s->due, only->id) : NULL;
    const struct holds holds = sched_holds(s, only);

    if (only && !entry)
        *ret = (struct forecast){0};
    else
        forecast_fill(ret, &s->due, &holds, entry, from, to);
}

void sched_ping(struct sched *s, struct str key, const struct ping *ping, heartbeat_done *done,
                void *ctx)
{
    heartbeats_ping(&s->heartbeats, key, ping, done, ctx);
}

const struct job *sched_ping_job(const struct sched *s, struct str key)
{
    return sched_find_id(s, heartbeats_job(&s->heartbeats, key));
}

struct store *sched_store(const struct sched *s)
{
    return s->options.store;
}

struct waits sched_waits(const struct sched *s)
{
    return (struct waits){&s->due, &s->dispatch.room, &s->dispatch.lives, &s->dispatch.queue};
}

void sched_why_facts(const struct sched *s, const struct job *job, struct why_facts *ret)
{
    const struct entry *entry = due_find_id(&s->due, job->id);
    const struct core *c = &s->dispatch.core;
    const struct store_node *owner = entry ? members_owner(&s->members, entry) : NULL;

    *ret = (struct why_facts){
        .job = job,
        .zone = job->trigger ? trigger_zone(job->trigger) : zones_utc(s->options.zones),
        .now = sched_now(s),
        .next_at = entry ? plan_shown(entry, sched_now(s)) : WALL_NEVER,
        .is_waiting = entry && entry->is_waiting,
        .node = owner ? owner->name : (struct str){0},
        .fault = c->failure.code != ERR_NONE ? c->failure.message : NULL,
        .holds = sched_holds(s, job),
        .uptimes = &s->uptimes,
    };
}

const struct job *sched_next_job(const struct sched *s, size_t *at, wall *ret_next_at)
{
    const struct entry *entry = radix_next(&s->due.by_id, at);

    if (!entry)
        return NULL;
    *ret_next_at = plan_shown(entry, sched_now(s));
    return entry->job;
}

const struct job *sched_find_id(const struct sched *s, int64_t job_id)
{
    const struct entry *entry = due_find_id(&s->due, job_id);

    return entry ? entry->job : NULL;
}

size_t sched_count(const struct sched *s)
{
    return due_count(&s->due);
}

struct sched_item sched_item(const struct sched *s, const struct entry *entry)
{
    const struct pause *paused = sched_paused(s, entry->job);

    return (struct sched_item){entry->job,
                               hold_next(entry->job, plan_shown(entry, sched_now(s)), paused),
                               entry->running, paused};
}

static wall entry_shown(const struct entry *entry, void *ctx)
{
    return sched_item(ctx, entry).next_at;
}

struct sched_item *sched_list(const struct sched *s)
{
    struct entry **list = due_list(&s->due, entry_shown, (void *)s);
    size_t count = due_count(&s->due);
    struct sched_item *items = mem_array(count, sizeof *items);

    for (size_t i = 0; i < count; i++)
        items[i] = sched_item(s, list[i]);
    free(list);
    return items;
}

size_t sched_paused_count(const struct sched *s)
{
    bool is_wide = pauses_wide(&s->pauses, sched_now(s));
    const struct radix *jobs = is_wide ? &s->due.by_id : &s->due.paused;
    const struct entry *entry;
    size_t count = 0;

    for (size_t at = 0; (entry = radix_next(jobs, &at));)
        count += entry->job->spec->quarantine.len == 0 && sched_paused(s, entry->job);
    return count;
}

const struct tagged *sched_tagged(const struct sched *s)
{
    return &s->due.tagged;
}

bool sched_load(const struct sched *s, wall from, struct str but,
                uint32_t counts[SCHED_LOAD_MINUTES])
{
    int steps = LOAD_STEPS_MAX;
    struct entry *entry;

    for (size_t at = 0; steps > 0 && (entry = radix_next(&s->due.by_id, &at));) {
        const struct job *job = entry->job;

        if (job->trigger && !sched_paused(s, job) && !trigger_is_relative(job->trigger) &&
            !str_eq(job->name, but))
            steps = forecast_minutes(job->trigger, from, counts, steps);
    }
    return steps > 0;
}

void sched_stats(const struct sched *s, struct sched_stats *ret)
{
    const struct core *c = &s->dispatch.core;
    wall now = sched_now(s), first = due_next(&s->due);

    *ret = (struct sched_stats){
        .claimed = c->claimed,
        .finished = c->finished,
        .skipped = c->skipped,
        .missed = c->missed,
        .late_max_us = s->dispatch.tally.late_max_us,
        .removed = s->retention.removed,
        .output_files = s->outputs.files,
        .output_bytes = s->outputs.bytes,
        .running = s->dispatch.lives.busy,
        .waiting = queue_count(&s->dispatch.queue),
        .counts = &s->due.counts,
        .tally = &s->dispatch.tally,
        // What is due and not claimed lies in the heap.
        .looked_at = first.us < now.us ? first : now,
        .failure = c->failure,
    };
}

// ---- nodes ----

const struct store_members *sched_members(const struct sched *s)
{
    return members_are_several(&s->members) ? &s->members.of : NULL;
}

const struct store_node *sched_self(const struct sched *s)
{
    return s->members.self;
}

const struct store_node *sched_owner(const struct sched *s, const struct job *job)
{
    const struct entry *entry = due_find_id(&s->due, job->id);

    return entry ? members_owner(&s->members, entry) : NULL;
}

bool sched_has_duties(const struct sched *s)
{
    return s->members.has_duties;
}

void sched_owned(const struct sched *s, int64_t *counts)
{
    const struct entry *entry;

    for (size_t at = 0; (entry = radix_next(&s->due.by_id, &at));)
        if (entry->seat.node != SEAT_NOBODY)
            counts[entry->seat.node]++;
}

bool sched_is_ours(const struct sched *s, const struct job *job)
{
    const struct entry *entry = due_find_id(&s->due, job->id);

    return entry ? entry->seat.is_ours : s->members.has_duties;
}
