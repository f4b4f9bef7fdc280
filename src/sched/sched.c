// sched.c - the scheduler's face: start, stop, and the only door for writes.
//
// A write goes to the store first and changes memory only when the store has answered that it is
// durable. Until then the old definition is in force, so what is acknowledged and what is scheduled
// never differ; slots of its job that come meanwhile wait for the answer (claim.c).
// SPDX-License-Identifier: Apache-2.0
#include "sched/sched.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/mem.h"
#include "sched/chain.h"
#include "sched/changes.h"
#include "sched/page.h"
#include "sched/placement.h"
#include "sched/plan.h"
#include "sched/sched_state.h"
#include "sched/start.h"

#define ZONES_US 60000000 // between two looks at the zone files

struct write {
    struct sched *s;
    struct job *job; // the new definition (put); NULL for a removal
    int64_t job_id;  // of the job that is replaced or removed; 0: none of that name
    int version;     // and its version when the write was asked for
    wall asked_at;   // when that was (put)
    bool is_replan;  // the trigger or the state has changed
    sched_done *done;
    void *ctx;
};

// ---- planning ----

// The wall clock was set. Forward: what was jumped over is due now, and the misfire rule decides.
// Back: plan from the new now; slots that come a second time have their row already and are not
// claimed again.
static void clock_stepped(int64_t step_us, void *ctx)
{
    struct sched *s = ctx;
    wall now = sched_now(s);
    struct entry *entry;

    log_warn("the system clock was set; schedules are planned anew",
             log_int("step_ms", step_us / 1000));
    events_add(&s->events, EVENT_SCHED_CLOCK)->length_us = step_us;
    for (size_t at = 0; (entry = radix_next(&s->due.by_id, &at));)
        plan_step(&s->due, entry, step_us, now);
    s->due.is_set_back = s->due.is_set_back || step_us < 0;
    dispatch_step(&s->dispatch, step_us);
    dispatch_look(&s->dispatch);
}

// Compiles the triggers again with new zone data and plans what is not due yet anew.
static void zones_changed(struct sched *s)
{
    struct trigger_context context = sched_trigger_context(s);
    struct entry *entry;

    windows_reload(&s->windows);

    for (size_t at = 0; (entry = radix_next(&s->due.by_id, &at));) {
        wall slot = entry->slot;

        if (!entry->job->trigger)
            continue;
        struct job *job = job_copy(entry->job, &context);

        if (!job->trigger) { // cannot be used with the new data: what stands still works
            log_error("a schedule cannot be used with the new zone data",
                      log_str("job_id", job->name), log_str("why", job->spec->quarantine));
            job_free(job);
            continue;
        }
        due_replace(&s->due, entry, job);
        if (slot.us > context.now.us && slot.us != WALL_NEVER.us && !entry->is_relative &&
            !trigger_is_once(entry->job->trigger))
            due_plan(&s->due, entry, trigger_next(entry->job->trigger, context.now));
    }
    log_info("the time zone data has changed; schedules are planned anew");
    dispatch_thaw(&s->dispatch);
    dispatch_look(&s->dispatch);
}

void sched_zones_look(struct sched *s)
{
    if (zones_refresh(s->options.zones))
        zones_changed(s);
}

static void stopped(struct sched *s)
{
    void (*on_stopped)(void *) = s->on_stopped;

    s->on_stopped = NULL;
    on_stopped(s->stopped_ctx);
}

static void beat_answered(const struct store_answer *answer, void *ctx)
{
    struct sched *s = ctx;

    s->is_beating = false;
    if (answer->err)
        dispatch_trouble(&s->dispatch, answer->err);
    if (s->is_stopped)
        stopped(s);
}

// A sign of life for the store, should nothing else be written: a claim of nothing.
static void beat(struct sched *s)
{
    const struct core *c = &s->dispatch.core;

    if (s->is_beating || c->is_claiming || c->is_failing || c->is_stopping)
        return;
    s->is_beating = true;
    store_claim(s->options.store, NULL, 0, due_watermark(&s->due, sched_now(s)), beat_answered, s);
}

static void zones_tick(void *ctx)
{
    struct sched *s = ctx;

    loop_timer_set(s->options.loop, &s->zones_timer,
                   mono_after_us(loop_now(s->options.loop), ZONES_US), zones_tick, s);
    sched_zones_look(s);
    beat(s);
}

// ---- calendars and freezes ----

static const char *calendar_user(struct str calendar, size_t *at, void *ctx)
{
    struct sched *s = ctx;
    const struct entry *entry;

    while ((entry = radix_next(&s->due.by_id, at)))
        if (entry->job->trigger && trigger_uses_calendar(entry->job->trigger, calendar))
            return entry->job->name.p;
    return NULL;
}

// Whether a trigger still has times to come when it is compiled with what is in force now.
static bool trigger_check(const struct trigger *t, const struct trigger_context *context,
                          struct err *e)
{
    struct trigger *again = NULL;
    struct buf text;
    json_t *spec;

    buf_init(&text, 1 << 20);
    trigger_write(t, &text);
    spec = json_loadb(text.p, text.len, 0, NULL);
    bool ok = trigger_parse(spec, context, &again, e);

    if (ok && trigger_next(t, context->now).us != WALL_NEVER.us &&
        trigger_next(again, context->now).us == WALL_NEVER.us)
        ok = fail(e, ERR_SCHEDULE, NULL, "its schedule would never fire again");
    trigger_free(again);
    json_decref(spec);
    buf_done(&text);
    return ok;
}

static bool calendar_check(struct str calendar, struct err *e, void *ctx)
{
    struct sched *s = ctx;
    struct trigger_context context = sched_trigger_context(s);
    const struct entry *entry;

    for (size_t at = 0; (entry = radix_next(&s->due.by_id, &at));) {
        context.job_id = entry->job->name;
        if (entry->job->trigger && trigger_uses_calendar(entry->job->trigger, calendar) &&
            !trigger_check(entry->job->trigger, &context, e)) {
            (void)fail(e, ERR_IN_USE, "name", "the job \"%.*s\" cannot be used with it: %s",
                       STR(entry->job->name), e->message);
            return fail_hint(e, "change the trigger of the job first");
        }
    }
    return true;
}

static const char *pool_user(struct str pool, size_t *at, void *ctx)
{
    struct sched *s = ctx;
    const struct entry *entry;

    while ((entry = radix_next(&s->due.by_id, at)))
        if (needs_name(entry->job->spec->needs, pool))
            return entry->job->name.p;
    return NULL;
}

static void window_trouble(const struct err *err, void *ctx)
{
    dispatch_trouble(&((struct sched *)ctx)->dispatch, err);
}

struct windows *sched_windows(struct sched *s)
{
    return &s->windows;
}

struct str sched_progress(const struct sched *s, int64_t run_id)
{
    return exec_progress(s->options.exec, run_id);
}

struct pauses *sched_pauses(struct sched *s)
{
    return &s->pauses;
}

struct pools *sched_pools(struct sched *s)
{
    return &s->pools;
}

struct tally *sched_tally(struct sched *s)
{
    return &s->dispatch.tally;
}

struct events *sched_events(struct sched *s)
{
    return &s->events;
}

// ---- construction ----

struct sched *sched_new(const struct sched_options *options)
{
    struct sched *s = mem_alloc(sizeof *s);

    s->options = *options;
    s->timezone = str_own(options->timezone);
    s->options.timezone = str_of(s->timezone);
    const struct windows_jobs jobs = {calendar_user,   calendar_check, changes_calendars,
                                      changes_freezes, window_trouble, s};
    struct core core;

    due_init(&s->due);
    members_init(&s->members);
    cluster_init(&s->cluster);
    windows_init(&s->windows, options->store, options->zones, s->options.timezone, &jobs);
    pauses_init(&s->pauses, options->store);
    s->pauses.changed = changes_pause;
    s->pauses.trouble = window_trouble;
    s->pauses.ctx = s;
    events_init(&s->events, options->loop);
    map_init(&s->coming);
    list_init(&s->pages);
    watch_init(&s->watch, options->loop, options->store, &s->due, &s->events,
               options->late_after_us);
    core_init(&core, options->loop, options->store, options->exec, &s->due, &s->windows.freezes);
    core.events = &s->events;
    core.pauses = &s->pauses;
    dispatch_init(&s->dispatch, &core);
    pools_init(&s->pools, options->store, &s->dispatch.room);
    s->pools.user = pool_user;
    s->pools.changed = changes_pools;
    s->pools.trouble = window_trouble;
    s->pools.ctx = s;
    heartbeats_init(&s->heartbeats, options->loop, options->store, &s->due, &s->events,
                    &s->dispatch.core.ids);
    s->heartbeats.core = &s->dispatch.core;
    outputs_init(&s->outputs, options->loop, options->store, options->runs_dir);
    const struct retention_options retention = {options->keep_age_us, options->keep_total,
                                                &s->outputs};

    retention_init(&s->retention, options->loop, options->store, &s->due, &s->events, &retention);
    s->retention.members = &s->members;
    s->watch.pauses = &s->pauses;
    if (options->max_running > 0)
        room_limit(&s->dispatch.room, options->max_running);
    if (options->claim_max > 0)
        s->dispatch.claims.most = options->claim_max;
    if (options->plan_least > 0)
        s->dispatch.claims.plan_least = options->plan_least;
    return s;
}

void sched_free(struct sched *s)
{
    if (!s)
        return;
    loop_timer_stop(s->options.loop, &s->zones_timer);
    sched_pages_done(s);
    sorter_done(s);
    cluster_done(s);
    dispatch_done(&s->dispatch);
    watch_done(&s->watch);
    heartbeats_done(&s->heartbeats);
    retention_done(&s->retention);
    outputs_done(&s->outputs);
    due_done(&s->due);
    members_done(&s->members);
    events_done(&s->events);
    uptimes_done(&s->uptimes);
    windows_done(&s->windows);
    pauses_done(&s->pauses);
    pools_done(&s->pools);
    map_done(&s->coming);
    free(s->timezone);
    free(s);
}

bool sched_start(struct sched *s, struct err *e)
{
    struct store_load load = {0};
    size_t quarantined;

    if (!start_load(s, &load, &quarantined, e))
        return false;
    loop_on_step(s->options.loop, clock_stepped, s);
    loop_timer_set(s->options.loop, &s->zones_timer,
                   mono_after_us(loop_now(s->options.loop), ZONES_US), zones_tick, s);
    log_info("jobs loaded", log_int("jobs", (int64_t)sched_count(s)),
             log_int("quarantined", (int64_t)quarantined), log_int("orphaned_runs", load.orphaned));
    (void)events_add(&s->events, EVENT_SCHED_STARTED);
    cluster_begin(s);
    dispatch_resume(&s->dispatch);
    return true;
}

static void dispatch_idle(void *ctx)
{
    struct sched *s = ctx;

    s->is_stopped = true;
    if (!s->is_beating)
        stopped(s);
}

void sched_stop(struct sched *s, int64_t grace_us, void (*on_stopped)(void *ctx), void *ctx)
{
    s->on_stopped = on_stopped;
    s->stopped_ctx = ctx;
    (void)events_add(&s->events, EVENT_SCHED_STOPPING);
    exec_stop(s->options.exec, grace_us);
    dispatch_stop(&s->dispatch, dispatch_idle, s);
}

// ---- writes ----

static void write_end(struct write *write, const struct err *err, const struct job *job)
{
    if (write->done)
        write->done(err, job, write->ctx);
    job_free(write->job);
    free(write);
}

static enum event_type put_event(const struct job *before, const struct job *job)
{
    if (!before)
        return EVENT_JOB_CREATED;
    if (before->state == job->state)
        return EVENT_JOB_UPDATED;
    return job->state == JOB_PAUSED ? EVENT_JOB_PAUSED : EVENT_JOB_RESUMED;
}

// Nothing has changed, but what is due has waited for it.
static void put_over(struct sched *s, struct entry *entry)
{
    changes_thaw(s, entry);
    changes_look(s, entry);
}

static void put_answered(const struct store_answer *answer, void *ctx)
{
    struct write *write = ctx;
    struct sched *s = write->s;
    struct job *job = write->job;
    struct entry *before = due_find_id(&s->due, write->job_id);

    if (before)
        before->writes--;
    if (radix_get(&s->due.changing, (uint64_t)write->job_id) == &write->asked_at)
        (void)radix_remove(&s->due.changing, (uint64_t)write->job_id);
    if (map_get(&s->coming, job->name) == job)
        (void)map_remove(&s->coming, job->name);
    if (answer->err) {
        dispatch_trouble(&s->dispatch, answer->err);
        write_end(write, answer->err, NULL);
        if (before)
            put_over(s, before);
        return;
    }
    struct entry *entry = due_find(&s->due, job->name);

    if (entry && entry->job->id != answer->job_id) // the old one had ended
        entry = NULL;
    if (entry && entry->job->version >= answer->version) { // the news were here before
        if (!entry->seat.is_ours)
            (void)events_add_job(&s->events, put_event(write->job_id != 0 ? entry->job : NULL, job),
                                 entry->job);
        write_end(write, NULL, entry->job);
        put_over(s, entry);
        return;
    }
    write->job = NULL;
    job->id = answer->job_id;
    job->version = answer->version;
    job->change_seq = answer->change_seq;
    (void)events_add_job(&s->events, put_event(entry ? entry->job : NULL, job), job);
    // Another change came in between: what was compared then is not what is replaced now.
    if (entry && entry->job->version != write->version && !job_has_same_schedule(entry->job, job))
        write->is_replan = true;
    entry = changes_put(s, job, write->is_replan);
    write_end(write, NULL, entry->job);
    changes_look(s, entry);
}

void sched_put(struct sched *s, struct job *job, int expect_version, sched_done *done, void *ctx)
{
    struct entry *entry = due_find(&s->due, job->name);
    struct err e;

    if (!chain_check(&s->due, &s->coming, job, &e)) {
        if (done)
            done(&e, NULL, ctx);
        job_free(job);
        return;
    }
    struct write *write = mem_alloc(sizeof *write);
    struct arena *arena = arena_new(1024);
    struct job_row row;

    if (job->depends)
        (void)map_put(&s->coming, job->name, job);
    *write = (struct write){.s = s, .job = job, .asked_at = sched_now(s), .done = done, .ctx = ctx};
    if (job->spec->quarantine.len > 0) // it has a trigger: whoever wrote it has mended it
        job_spec_set_text(&job_edit(job)->quarantine, (struct str){0});
    if (entry) {
        write->job_id = entry->job->id;
        write->version = entry->job->version;
        entry->writes++;
        (void)radix_put(&s->due.changing, (uint64_t)write->job_id, &write->asked_at);
    }
    write->is_replan = !entry || !job_has_same_schedule(entry->job, job);
    job->updated_at = write->asked_at;
    job->created_at = entry ? entry->job->created_at : job->updated_at;
    job->effective_from = !write->is_replan || (entry && job_follows_itself(entry->job, job))
                              ? entry->job->effective_from
                              : job->updated_at;
    hold_keep(entry ? entry->job : NULL, write->is_replan, job);
    job_to_row(job, arena, &row);
    row.moves = placement_moves(&s->due, job) || (entry && placement_moves(&s->due, entry->job));
    store_put_job(s->options.store, &row, expect_version, put_answered, write);
    arena_free(arena);
}

static void delete_answered(const struct store_answer *answer, void *ctx)
{
    struct write *write = ctx;
    struct sched *s = write->s;
    struct entry *entry = due_find_id(&s->due, write->job_id);

    if (!answer->err && entry) {
        (void)events_add_job(&s->events, EVENT_JOB_DELETED, entry->job);
        changes_remove(s, entry);
    }
    if (answer->err)
        dispatch_trouble(&s->dispatch, answer->err);
    write_end(write, answer->err, NULL);
}

// A job that others follow stays.
static bool followers_check(const struct sched *s, struct str name, struct err *e)
{
    size_t count;
    struct entry *const *entries = followers_of(&s->due.followers, name, &count);

    if (count == 0)
        return true;
    if (count == 1)
        (void)fail(e, ERR_IN_USE, "job_id", "the job \"%.*s\" depends on it",
                   STR(entries[0]->job->name));
    else
        (void)fail(e, ERR_IN_USE, "job_id", "the job \"%.*s\" and %zu more depend on it",
                   STR(entries[0]->job->name), count - 1);
    return fail_hint(e, "take it out of their depends_on first");
}

void sched_delete(struct sched *s, struct str name, sched_done *done, void *ctx)
{
    struct entry *entry = due_find(&s->due, name);
    struct err err;

    if (!entry) {
        (void)fail(&err, ERR_NOT_FOUND, "job_id", "there is no job \"%.*s\"", STR(name));
        done(&err, NULL, ctx);
        return;
    }
    if (!followers_check(s, name, &err)) {
        done(&err, NULL, ctx);
        return;
    }
    struct write *write = mem_alloc(sizeof *write);

    *write = (struct write){.s = s, .job_id = entry->job->id, .done = done, .ctx = ctx};
    store_set_job_state(s->options.store, entry->job->id, JOB_DELETED,
                        placement_moves(&s->due, entry->job), delete_answered, write);
}

void sched_runs_gone(struct sched *s, const struct store_gone *gone, size_t count)
{
    outputs_remove(&s->outputs, gone, count);
}

void sched_pause(struct sched *s, struct str name, bool paused, sched_done *done, void *ctx)
{
    struct entry *entry = due_find(&s->due, name);
    struct trigger_context context = sched_trigger_context(s);
    struct err err;

    if (!entry || !entry->job->trigger) {
        (void)fail(&err, ERR_NOT_FOUND, "job_id", "there is no usable job \"%.*s\"", STR(name));
        done(&err, NULL, ctx);
        return;
    }
    struct job *job = job_copy(entry->job, &context);

    job_set_paused(job, paused, context.now);
    sched_put(s, job, entry->job->version, done, ctx);
}

void sched_run_now(struct sched *s, struct str name, const struct hand_ask *ask,
                   sched_run_done *done, void *ctx)
{
    struct entry *entry = due_find(&s->due, name);
    struct err err;

    if (!entry || entry->job->spec->quarantine.len > 0) {
        (void)fail(&err, ERR_NOT_FOUND, "job_id", "there is no usable job \"%.*s\"", STR(name));
        done(&err, 0, ctx);
        return;
    }
    if (entry->job->kind == JOB_HEARTBEAT) {
        (void)fail(&err, ERR_INPUT, "job_id", "the job runs elsewhere: belfry waits for its pings");
        done(&err, 0, ctx);
        return;
    }
    if (!members_check(&s->members, entry, &err)) {
        done(&err, 0, ctx);
        return;
    }
    hand_run(&s->dispatch.hand, entry, ask, done, ctx);
}

bool sched_cancel(struct sched *s, int64_t job_id, int64_t run_id)
{
    return dispatch_cancel(&s->dispatch, due_find_id(&s->due, job_id), run_id);
}
