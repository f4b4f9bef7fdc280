// cluster.c - the scheduler of a node among others.
//
// News and the answers to our own requests come by different ways, so either may be first. A
// definition counts by its number (change_seq); a run that is told of is known, or becomes known,
// once (lives_of); and whatever is decided twice is decided by the store once.
// SPDX-License-Identifier: Apache-2.0
#include "sched/cluster.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "sched/chain.h"
#include "sched/changes.h"
#include "sched/placement.h"
#include "sched/plan.h"
#include "sched/rest.h"
#include "sched/sched_state.h"
#include "time/duration.h"

#define TICKS 10              // in a lease
#define TICK_MAX_US SECOND_US // but no longer apart
#define MARK_US (5 * SECOND_US)
#define LATE_US (30 * SECOND_US) // lateness is told of the last one to two of these
#define RELEASE_US (2 * SECOND_US)
#define RELEASE_MAX_US (300 * SECOND_US)
#define LAST_RUNS 100 // among which the latest end or slot is sought

// One question about the past of a job; it may outlive the scheduler.
struct gain_ask {
    struct sched *s; // NULL: nobody wants to know any more
    int64_t job_id;
};

static void tick(void *ctx);
static void ask_next(struct sched *s);

void cluster_init(struct cluster *c)
{
    *c = (struct cluster){.release_us = RELEASE_US};
}

// ---- definitions ----

static void job_remove(struct sched *s, struct entry *entry, bool is_over)
{
    if (entry->is_ending) // our own doing: the answer is on its way
        return;
    if (entry->seat.is_ours)
        (void)events_add_job(&s->events, is_over ? EVENT_JOB_ENDED : EVENT_JOB_DELETED, entry->job);
    changes_remove(s, entry);
}

static enum event_type event_of(const struct entry *before, const struct job *job)
{
    if (!before)
        return EVENT_JOB_CREATED;
    if (before->job->state == job->state)
        return EVENT_JOB_UPDATED;
    return job->state == JOB_PAUSED ? EVENT_JOB_PAUSED : EVENT_JOB_RESUMED;
}

static struct job *job_read(const struct sched *s, const struct job_row *row)
{
    struct trigger_context context = sched_trigger_context(s);
    struct job *job = job_from_row(row, &context);

    job_set_presets(job, sched_presets(s));
    if (job->spec->quarantine.len > 0)
        log_error("a job that another node has stored cannot be used and is kept aside",
                  log_str("job_id", job->name), log_str("why", job->spec->quarantine));
    return job;
}

static void job_take(struct sched *s, const struct job_row *row)
{
    struct entry *entry = due_find_id(&s->due, row->id);

    if (entry && entry->job->change_seq >= row->change_seq)
        return;
    if (row->state >= JOB_ENDED) {
        if (entry)
            job_remove(s, entry, row->state == JOB_ENDED);
        return;
    }
    struct job *job = job_read(s, row);
    enum event_type type = event_of(entry, job);
    bool is_replan = !entry || !job_has_same_schedule(entry->job, job) ||
                     entry->job->effective_from.us != job->effective_from.us;

    entry = changes_put(s, job, is_replan);
    if (entry->seat.is_ours)
        (void)events_add_job(&s->events, type, entry->job);
    dispatch_changed(&s->dispatch, entry);
}

// ---- what many jobs hang on ----

static void rows_take(struct sched *s, const struct store_calendar *rows, size_t count)
{
    windows_sync(&s->windows, rows, count);
    pauses_sync(&s->pauses, rows, count);
    pools_sync(&s->pools, rows, count);
    rates_sync(&s->dispatch.rates, rows, count);
    if (s->options.on_rows)
        s->options.on_rows(rows, count, s->options.row_ctx);
}

// ---- an epoch: whose is it? ----

static void lose(struct sched *s, struct entry *entry)
{
    dispatch_lose(&s->dispatch, entry);
    tally_job_forget(&s->dispatch.tally, entry->job->id);
    free(entry->learned);
    entry->learned = NULL;
    entry->spread_from = (wall){0};
    due_plan(&s->due, entry, entry->slot);
}

static void seat_take(struct entry *entry, const struct seat *seat, void *ctx)
{
    struct sched *s = ctx;
    struct seat before = entry->seat;

    entry->seat = *seat;
    if (before.is_ours && !seat->is_ours)
        lose(s, entry);
    else if (!before.is_ours && seat->is_ours)
        vec_push(&s->cluster.gained, entry);
    else if (seat->is_ours &&
             (before.is_nowhere != seat->is_nowhere || before.is_leaving != seat->is_leaving))
        changes_thaw(s, entry);
}

// ---- what has come to us ----

static wall last_end(const struct store_run *runs, size_t count)
{
    wall last = {0};

    for (size_t i = 0; i < count; i++)
        if (run_state_is_final(runs[i].run.state) && runs[i].run.finished_at.us > last.us)
            last = runs[i].run.finished_at;
    return last;
}

static wall last_slot(const struct store_run *runs, size_t count)
{
    wall last = {0};

    for (size_t i = 0; i < count; i++)
        if (runs[i].run.origin < RUN_MANUAL && runs[i].run.scheduled_at.us > last.us)
            last = runs[i].run.scheduled_at;
    return last;
}

static void past_told(struct sched *s, struct entry *entry, const struct store_run *runs,
                      size_t count)
{
    wall last = entry->is_relative ? last_end(runs, count) : last_slot(runs, count);
    wall *at = entry->is_relative ? &entry->event : &entry->claimed;

    if (last.us > at->us)
        *at = last;
    plan_from(&s->due, entry, entry->job->effective_from);
    rest_look(&s->dispatch.core, entry);
}

static void past_read(const struct err *err, const struct store_run *runs, size_t count, void *ctx)
{
    struct gain_ask *ask = ctx;
    struct sched *s = ask->s;
    int64_t job_id = ask->job_id;
    struct entry *entry = s ? due_find_id(&s->due, job_id) : NULL;

    free(ask);
    if (!s)
        return;
    s->cluster.asking = NULL;
    if (err) { // the next tick tries again
        vec_push(&s->cluster.asks, job_id);
        return;
    }
    if (entry && entry->seat.is_ours)
        past_told(s, entry, runs, count);
    ask_next(s);
    dispatch_look(&s->dispatch);
}

// Whether no node is active: jobs without attempts in progress are nobody's, and no slot may be
// passed over before they are somebody's again.
static bool is_nobodys(const struct sched *s)
{
    return placement_duties(&s->members.of) == SEAT_NOBODY;
}

static void ask_next(struct sched *s)
{
    struct cluster *c = &s->cluster;

    if (c->asking)
        return;
    if (c->asks.len == 0) {
        s->due.gaining = is_nobodys(s) ? s->members.of.low : WALL_NEVER;
        return;
    }
    const struct store_find find = {.job_id = c->asks.v[--c->asks.len],
                                    .from = {INT64_MIN},
                                    .to = WALL_NEVER,
                                    .limit = LAST_RUNS};

    c->asking = mem_alloc(sizeof *c->asking);
    *c->asking = (struct gain_ask){s, find.job_id};
    store_find_runs(s->options.store, &find, past_read, c->asking);
}

// Plans a job from where all slots have their rows; what only its past tells is asked for first. A
// start of the scheduler is none of a job that comes later, and a date is due however long ago: if
// it has its row, that is not won.
static void gain(struct sched *s, struct entry *entry)
{
    const struct job *job = entry->job;
    const struct store_members *m = &s->members.of;
    bool is_once = job->trigger && trigger_is_once(job->trigger);
    bool is_after = entry->is_relative && trigger_kind(job->trigger) == TRIGGER_AFTER;

    if (is_after || (job->change_seq > m->low_seen && !entry->is_relative && !is_once)) {
        due_plan(&s->due, entry, WALL_NEVER);
        vec_push(&s->cluster.asks, job->id);
        s->due.gaining = m->low;
        return;
    }
    plan_from(&s->due, entry, m->low);
    rest_look(&s->dispatch.core, entry);
}

static void met_forget(struct entry *entry)
{
    struct depends *depends = entry->job->depends;

    if (!depends)
        return;
    depends->met = 0;
    depends->born_id = 0;
}

static void run_take(struct sched *s, const struct run *run)
{
    const struct entry *entry = due_find_id(&s->due, run->job_id);

    if (entry ? !entry->seat.is_ours : !s->members.has_duties)
        return;
    if (run->state != RUN_ORPHANED || !heartbeats_adopt(&s->heartbeats, run))
        dispatch_take(&s->dispatch, run);
}

static void gains_take(struct sched *s, const struct store_news *news)
{
    struct cluster *c = &s->cluster;
    struct entry *entry;

    for (size_t i = 0; i < c->gained.len; i++) {
        c->gained.v[i]->is_gained = true;
        met_forget(c->gained.v[i]);
    }
    for (size_t i = 0; i < news->met_count; i++)
        if ((entry = due_find_id(&s->due, news->met[i].job_id)) && entry->is_gained)
            chain_load(&s->due, &news->met[i]);
    for (size_t i = 0; i < news->slot_count; i++) {
        entry = due_find_id(&s->due, news->slots[i].job_id);
        if (entry && !entry->is_relative && news->slots[i].slot.us > entry->claimed.us)
            entry->claimed = news->slots[i].slot;
    }
    // First the runs: what one decides may claim what is due, and they count in their jobs then.
    for (size_t i = 0; i < news->run_count; i++)
        run_take(s, &news->runs[i]);
    for (size_t i = 0; i < c->gained.len; i++) {
        c->gained.v[i]->is_gained = false;
        gain(s, c->gained.v[i]);
    }
    rates_gain(&s->dispatch.rates, c->gained.v, c->gained.len);
}

// Guests may have come to rest before we knew that they are some.
static void guests_look(struct sched *s)
{
    struct entry *entry;
    bool has_any = false;

    s->dispatch.core.wants_release = false;
    for (size_t i = 0; i < s->members.of.pin_count; i++) {
        entry = due_find_id(&s->due, s->members.of.pins[i].job_id);
        if (!entry || !entry->seat.is_ours || !entry->seat.is_guest)
            continue;
        has_any = true;
        rest_look(&s->dispatch.core, entry);
    }
    if (!has_any)
        s->cluster.release_us = RELEASE_US;
}

static void epoch_take(struct sched *s, const struct store_news *news)
{
    struct cluster *c = &s->cluster;
    struct dispatch *d = &s->dispatch;

    members_take(&s->members, news->members);
    vec_clear(&c->gained);
    placement_make(&s->members.of, &s->due, seat_take, s);
    log_info("jobs are shared out anew", log_int("epoch", s->members.of.epoch),
             log_int("nodes", (int64_t)s->members.of.node_count),
             log_int("gained", (int64_t)c->gained.len));
    store_own(s->options.store, s->members.of.epoch);
    core_own(&d->core, s->members.of.epoch);
    if (s->due.marked.us > s->members.of.low.us)
        s->due.marked = s->members.of.low;
    gains_take(s, news);
    vec_clear(&c->gained);
    guests_look(s);
    ask_next(s);
    claims_doubt(&d->claims);
    dispatch_take_end(d);
    if (s->options.on_epoch)
        s->options.on_epoch(s->options.epoch_ctx);
}

static void news_come(const struct store_news *news, void *ctx)
{
    struct sched *s = ctx;

    if (s->cluster.is_lost)
        return;
    if (news->has_calendars)
        rows_take(s, news->calendars, news->calendar_count);
    for (size_t i = 0; i < news->job_count; i++)
        job_take(s, &news->jobs[i]);
    if (news->members)
        epoch_take(s, news);
    dispatch_look(&s->dispatch);
}

// ---- again and again ----

static int64_t tick_us(const struct sched *s)
{
    const struct store_node *self = s->members.self;
    int64_t us = self ? (self->lease_until.us - self->seen_at.us) / TICKS : TICK_MAX_US;

    return us < 1000 ? 1000 : us > TICK_MAX_US ? TICK_MAX_US : us;
}

static void release_look(struct sched *s)
{
    struct cluster *c = &s->cluster;
    mono now = loop_now(s->options.loop);

    if (!s->dispatch.core.wants_release || now.us < c->release_at.us)
        return;
    s->dispatch.core.wants_release = false;
    c->release_at = mono_after_us(now, c->release_us);
    if (s->members.self && s->members.self->state == NODE_ACTIVE && c->release_us < RELEASE_MAX_US)
        c->release_us *= 2;
    store_release(s->options.store);
}

static bool is_each(const struct sched *s, int64_t us)
{
    int64_t ticks = us / tick_us(s);

    return s->cluster.ticks % (ticks > 0 ? ticks : 1) == 0;
}

static void self_tell(struct sched *s)
{
    struct cluster *c = &s->cluster;
    struct tally *tally = &s->dispatch.tally;

    if (is_each(s, LATE_US)) {
        c->late_before_us = tally->late_recent_us;
        tally->late_recent_us = 0;
    }
    store_tell(
        s->options.store, (int64_t)s->dispatch.lives.busy, (int64_t)queue_count(&s->dispatch.queue),
        tally->late_recent_us > c->late_before_us ? tally->late_recent_us : c->late_before_us);
}

// The watermark moves although nothing is due here: otherwise whoever takes over would begin long
// ago.
static void mark(struct sched *s)
{
    const struct core *c = &s->dispatch.core;

    if (!c->is_claiming && !c->is_stopping && !core_is_held(c))
        claims_mark(&s->dispatch.claims);
}

static void tick(void *ctx)
{
    struct sched *s = ctx;
    struct cluster *c = &s->cluster;

    loop_timer_set(s->options.loop, &c->timer, mono_after_us(loop_now(s->options.loop), tick_us(s)),
                   tick, s);
    c->ticks++;
    if (store_may_start(s->options.store))
        lives_begin(&s->dispatch.lives);
    else
        lives_doubt(&s->dispatch.lives);
    if (is_each(s, SECOND_US))
        self_tell(s);
    if (is_each(s, MARK_US))
        mark(s);
    release_look(s);
    ask_next(s);
}

// ---- begin and end ----

static void lost(const struct err *why, void *ctx)
{
    struct sched *s = ctx;

    if (s->cluster.is_lost)
        return;
    s->cluster.is_lost = true;
    log_error("this node was taken for dead, and others have its jobs; what runs here is ended",
              log_err(why));
    loop_timer_stop(s->options.loop, &s->cluster.timer);
    dispatch_end(&s->dispatch);
    if (s->options.on_lost)
        s->options.on_lost(why, s->options.lost_ctx);
}

void cluster_begin(struct sched *s)
{
    const struct store_watch watch = {news_come, lost, s};

    if (!members_are_several(&s->members))
        return;
    if (s->members.self) {
        s->dispatch.core.ids.node_slot = s->members.self->slot;
        rates_name(&s->dispatch.rates, s->members.self->name);
    }
    store_own(s->options.store, s->members.of.epoch);
    core_own(&s->dispatch.core, s->members.of.epoch);
    guests_look(s);
    ask_next(s);
    store_watch(s->options.store, &watch);
    loop_timer_set(s->options.loop, &s->cluster.timer,
                   mono_after_us(loop_now(s->options.loop), tick_us(s)), tick, s);
}

void cluster_done(struct sched *s)
{
    struct cluster *c = &s->cluster;

    loop_timer_stop(s->options.loop, &c->timer);
    if (c->asking)
        c->asking->s = NULL;
    vec_done(&c->asks);
    vec_done(&c->gained);
}
