// check.c - one pass over the log for what is wrong in itself, then slot by slot for what is
// missing.
//
// The pass keeps what an onlooker could know at each event: which definitions are durable, which
// were answered (and so are in force), what runs, what the ledger says. The slots are then walked
// for each regime - a stretch of definitions with the same schedule: a slot has its row in good
// time when the scheduler was able to work (alive, its store well) for so long after the moment at
// which the clock first reached it.
// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "job/freeze.h"
#include "jobs.h"
#include "time/iso8601.h"
#include "trigger/almanac_read.h"
#include "trigger/almanacs.h"

#define CHECK_S 1000000LL
#define HEAL_US (10 * CHECK_S) // after an outage
#define ON_TIME_US (2 * CHECK_S)
#define FROZEN_US (3600 * CHECK_S) // between two rows about a freeze
#define COUNT_MAX 100000           // missed slots are counted so far
#define RERUNS_MAX 10              // beyond the retries
#define STORY_BEFORE 24
#define STORY_AFTER 16

struct def {
    struct job *job;
    size_t row;   // among the log's jobs
    size_t event; // when it became durable
};

struct tale;

struct told {
    int64_t run_id;
    struct tale *tale;
    struct run run;
    const struct def *by; // in force when it was claimed; NULL: by hand
    bool is_durable, is_won, is_acting, has_ended, is_cut;
    bool is_taken;   // it is in progress, the waits between its attempts included
    bool is_pending; // it was, and the ledger does not say yet how that ended
    bool is_queued;  // it waits for others of its job, or for its moment
    bool is_placed;  // it waits, but for room beside its job, in which it has a place
    int started;     // the last attempt that began
    int end_state;
    int64_t durable_us;
    int64_t known_us; // since when the scheduler knows of it; INT64_MAX: not before its next life
    size_t life;      // in which it was claimed
    int limit;        // of runs at once, when it took its place
    int slots;        // of the pool, that it took
};

struct full {
    int64_t mono_us;
    bool is_full;
};

// A job by the store's number.
struct tale {
    int64_t id;
    struct str name;
    VEC_OF(struct def *) defs;
    const struct def *in_force;
    VEC_OF(struct told *) rows; // as they became durable
    VEC_OF(struct full) fulls;  // when as many runs as allowed were in progress
    int taken, pending, queued, placed, acting;
    int64_t in_force_us; // since when the definition is in force
    wall rest; // the next row must tell of slots from here on (but for a freeze); 0: need not
};

// What is durable of a name and not answered yet.
struct name {
    VEC_OF(struct tale *) tales;
    VEC_OF(struct def *) waiting;
    size_t head;
    int64_t runs_asked, runs_claimed;
    char text[40];
};

struct stretch {
    int64_t from_us, to_us;
};

struct tick {
    int64_t mono_us;
    wall at;
    int64_t ppm;
};

struct check {
    const struct sim_log *log;
    struct sim_finding *finding;
    struct zones *zones;
    struct almanacs calendars;
    struct freezes freezes;               // in force for certain
    VEC_OF(struct freeze *) every_freeze; // that was ever asked for
    struct map tales, names, entries;
    VEC_OF(struct tale *) all;  // in the order of their numbers
    VEC_OF(struct told *) open; // claimed and not final
    VEC_OF(struct stretch) able;
    VEC_OF(struct tick) ticks;
    VEC_OF(const char *) asked; // by number
    size_t at;                  // the event looked at
    bool is_alive, is_loading, is_ill, is_frozen_perhaps;
    int64_t able_since_us;
    int64_t stepped_back_us, clock_offset_us;
    int steps;
    int64_t limit; // of attempts at once in all; 0: none
    int pool_slots, pool_used;
    int acting;                // of all jobs
    const struct told *passed; // a run of lower order has taken places
    size_t passed_at;          // when
    int64_t room_since_us;     // since when somebody waits although there is room; 0: nobody does
    size_t listed, lives;
    int64_t end_us;
};

// ---- telling ----

static bool concerns(const struct check *c, const struct sim_event *event, const struct tale *tale)
{
    const struct told *entry;

    switch (event->what) {
    case SIM_BEGIN:
    case SIM_LOADED:
    case SIM_DEATH:
    case SIM_CLOCK:
    case SIM_ILL:
    case SIM_WELL:
    case SIM_FREEZE:
    case SIM_THAW:
        return true;
    case SIM_JOB:
    case SIM_LISTED:
        return tale && c->log->jobs.v[event->more].id == tale->id;
    case SIM_CLAIM:
    case SIM_RUN:
        return tale && c->log->runs.v[event->more].job_id == tale->id;
    case SIM_START:
    case SIM_END:
    case SIM_SAVED:
    case SIM_TRY:
    case SIM_WON:
    case SIM_NOT_WON:
        entry = map_get_u64(&c->entries, (uint64_t)event->number);
        return entry && tale && entry->tale == tale;
    case SIM_ASK:
        return tale && strstr(c->log->words.v[event->more], tale->name.p);
    default:
        return false;
    }
}

static void event_tell(const struct check *c, const struct sim_event *event, struct buf *out)
{
    buf_printf(out, "  %14.6f  ", (double)event->mono_us / CHECK_S);
    iso8601_write(event->at, NULL, out);
    buf_printf(out, "  %s", sim_words[event->what]);
    if (event->what == SIM_CLAIM || event->what == SIM_RUN) {
        const struct run *run = &c->log->runs.v[event->more];

        buf_printf(out, " run %" PRId64 " %s %s %s attempt %d slot ", run->id,
                   run_origin_name(run->origin), run_state_name(run->state),
                   run_reason_name(run->reason), run->attempt);
        iso8601_write(run->scheduled_at, NULL, out);
        if (run->missed > 0) {
            buf_printf(out, " for %" PRId64 " more from ", run->missed);
            iso8601_write(run->missed_from, NULL, out);
        }
    } else if (event->what == SIM_JOB || event->what == SIM_LISTED) {
        const struct job_row *row = &c->log->jobs.v[event->more];

        buf_printf(out, " version %d %s %.*s %.*s from ", row->version, job_state_names[row->state],
                   STR(row->trigger), STR(row->spec));
        iso8601_write(row->effective_from, NULL, out);
    } else if (event->what == SIM_ASK || event->what == SIM_FREEZE || event->what == SIM_THAW) {
        buf_printf(out, " %s", c->log->words.v[event->more]);
    } else {
        buf_printf(out, " %" PRId64 " attempt %d state %d", event->number, event->attempt,
                   event->state);
    }
    buf_add_byte(out, '\n');
}

// The events that concern the job, the last before and the first after one.
static void story_tell(const struct check *c, const struct tale *tale, size_t at, struct buf *out)
{
    const struct sim_event *events = c->log->events.v;
    size_t first = at, left = STORY_BEFORE;

    while (first > 0 && left > 0)
        left -= concerns(c, &events[--first], tale);
    for (size_t i = first, after = 0; i < c->log->events.len && after < STORY_AFTER; i++) {
        if (!concerns(c, &events[i], tale))
            continue;
        after += i > at;
        event_tell(c, &events[i], out);
    }
}

static void found_at(struct check *c, int promise, const char *what, const struct tale *tale,
                     wall slot, size_t at)
{
    struct buf *out = &c->finding->story;

    if (c->finding->promise)
        return;
    c->finding->promise = promise;
    buf_printf(out, "P%d: %s", promise, what);
    if (tale)
        buf_printf(out, ": job %.*s (%" PRId64 ")", STR(tale->name), tale->id);
    if (slot.us != WALL_NEVER.us) {
        buf_add_text(out, " slot ");
        iso8601_write(slot, NULL, out);
    }
    buf_add_byte(out, '\n');
    story_tell(c, tale, at, out);
}

static void found(struct check *c, int promise, const char *what, const struct tale *tale,
                  wall slot)
{
    found_at(c, promise, what, tale, slot, c->at);
}

// ---- who is who ----

static struct name *name_of(struct check *c, struct str text)
{
    struct name *name = map_get(&c->names, text);

    if (name)
        return name;
    name = mem_alloc(sizeof *name);
    snprintf(name->text, sizeof name->text, "%.*s", STR(text));
    (void)map_put(&c->names, str_of(name->text), name);
    return name;
}

static struct tale *tale_of(struct check *c, const struct job_row *row)
{
    struct tale *tale = map_get_u64(&c->tales, (uint64_t)row->id);

    if (tale)
        return tale;
    tale = mem_alloc(sizeof *tale);
    tale->id = row->id;
    tale->name = row->name;
    (void)map_put_u64(&c->tales, (uint64_t)row->id, tale);
    vec_push(&c->all, tale);
    vec_push(&name_of(c, row->name)->tales, tale);
    return tale;
}

static const struct def *last_def(const struct tale *tale)
{
    return tale->defs.len > 0 ? tale->defs.v[tale->defs.len - 1] : NULL;
}

static bool is_living(const struct def *def)
{
    return def && def->job->state < JOB_ENDED;
}

static void able_set(struct check *c, int64_t now_us)
{
    bool is_able = c->is_alive && !c->is_loading && !c->is_ill;

    if (is_able && c->able_since_us < 0) {
        c->able_since_us = now_us;
    } else if (!is_able && c->able_since_us >= 0) {
        if (now_us > c->able_since_us)
            vec_push(&c->able, ((struct stretch){c->able_since_us, now_us}));
        c->able_since_us = -1;
    }
}

// With so many runs in progress a slot waits or is skipped.
static int runs_max(const struct job *job)
{
    bool is_chain = job->trigger && trigger_kind(job->trigger) == TRIGGER_AFTER;

    return is_chain ? 1 : job_instances(job);
}

static void full_note(struct check *c, struct tale *tale)
{
    const struct def *def = tale->in_force;
    int64_t now_us = c->log->events.v[c->at].mono_us;
    bool is_full = def && tale->taken >= runs_max(def->job);

    if (tale->fulls.len == 0 || tale->fulls.v[tale->fulls.len - 1].is_full != is_full)
        vec_push(&tale->fulls, ((struct full){now_us, is_full}));
}

static void pending_set(struct told *entry, bool is_pending)
{
    entry->tale->pending += is_pending - entry->is_pending;
    entry->is_pending = is_pending;
}

static void acting_set(struct check *c, struct told *entry, bool is_acting)
{
    c->acting += is_acting - entry->is_acting;
    c->pool_used += (is_acting - entry->is_acting) * entry->slots;
    entry->tale->acting += is_acting - entry->is_acting;
    entry->is_acting = is_acting;
}

// It starts, or waits only for room beside its job.
static bool is_to_run(const struct run *run)
{
    return run->state == RUN_RUNNING || (run->state == RUN_QUEUED && (run->reason == REASON_LIMIT ||
                                                                      run->reason == REASON_POOL));
}

static void queued_set(struct told *entry, bool is_queued)
{
    bool is_placed = is_queued && is_to_run(&entry->run);

    entry->tale->queued += is_queued - entry->is_queued;
    entry->tale->placed += is_placed - entry->is_placed;
    entry->is_queued = is_queued;
    entry->is_placed = is_placed;
}

static void taken_add(struct check *c, struct told *entry, int more)
{
    entry->is_taken = more > 0;
    entry->tale->taken += more;
    full_note(c, entry->tale);
}

static void in_force_set(struct check *c, struct tale *tale, const struct def *def)
{
    tale->in_force = def;
    tale->in_force_us = c->log->events.v[c->at].mono_us;
    full_note(c, tale);
}

// ---- what a claim may say ----

static bool is_slot(const struct trigger *t, wall slot)
{
    return trigger_next(t, (wall){slot.us - 1}).us == slot.us;
}

static void missed_check(struct check *c, const struct tale *tale, const struct def *def,
                         const struct run *run)
{
    const struct trigger *t = def->job->trigger;

    if (run->missed == 0)
        return;
    if (!is_slot(t, run->missed_from))
        found(c, 6, "counts missed slots from a moment that is none", tale, run->scheduled_at);
    else if (trigger_count(t, (wall){run->missed_from.us - 1}, (wall){run->scheduled_at.us - 1},
                           COUNT_MAX, NULL) != run->missed)
        found(c, 6, "counts its missed slots wrongly", tale, run->scheduled_at);
}

static bool is_frozen(const struct check *c, const struct freezes *freezes, struct str job, wall at)
{
    struct freeze_mark mark;

    (void)c;
    freezes_at(freezes, job, at, at, &mark);
    return mark.by != NULL;
}

// Whether slots of a job that are due now may be skipped for being missed: from the first one that
// a row tells of up to its own.
static bool may_be_missed(const struct job *job, const struct run *run, wall now)
{
    bool is_once = trigger_is_once(job->trigger);
    wall first = run->missed > 0 ? run->missed_from : run->scheduled_at, last = run->scheduled_at;
    wall behind_first = is_once ? WALL_NEVER : trigger_next(job->trigger, first);
    wall behind = is_once ? WALL_NEVER : trigger_next(job->trigger, last);
    int64_t late_us = now.us - first.us;

    if (late_us > job_window_us(job) || late_us > job_grace_us(job, first, behind_first) ||
        now.us - last.us > job_grace_us(job, last, behind))
        return true;
    if (job->spec->coalesce == COALESCE_SKIP)
        return behind.us <= now.us;
    return job->spec->coalesce == COALESCE_ALL && !is_once &&
           trigger_count(job->trigger, (wall){first.us - 1}, now, COUNT_MAX, NULL) >
               job_misfire_max(job);
}

static void run_check(struct check *c, const struct tale *tale, const struct job *job,
                      const struct run *run, wall now)
{
    wall slot = run->scheduled_at;
    wall next = trigger_is_once(job->trigger) ? WALL_NEVER : trigger_next(job->trigger, slot);
    int64_t late_us = now.us - slot.us - trigger_jitter_us(job->trigger, (uint64_t)tale->id, slot);

    // What is spread is judged when its time begins, however long it takes.
    if (job->spec->misfire_spread_us == 0 &&
        (late_us > job_grace_us(job, slot, next) || late_us > job_window_us(job)))
        found(c, 4, "run although it is later than its grace or its window", tale, slot);
    if (job->spec->coalesce != COALESCE_LAST && run->missed > 0)
        found(c, 4, "one run stands for several although it must not", tale, slot);
    if ((job->spec->coalesce == COALESCE_LAST || job->spec->coalesce == COALESCE_SKIP) &&
        next.us <= now.us && !c->is_frozen_perhaps && job->spec->misfire_spread_us == 0)
        found(c, 4, "stands alone although a later slot was due as well", tale, slot);
}

// Under `first` the row behind that of the run tells of the others.
static void rest_check(struct check *c, struct tale *tale, const struct run *run)
{
    wall first = run->missed > 0 ? run->missed_from : run->scheduled_at;

    if (run->reason == REASON_COALESCED && first.us != tale->rest.us)
        found(c, 4, "tells of slots that the run before it does not stand for", tale, first);
    if (run->reason != REASON_COALESCED && tale->rest.us != 0 && !c->is_frozen_perhaps)
        found(c, 4, "is run although the run of an earlier one stands for it", tale,
              run->scheduled_at);
    tale->rest = (wall){0};
}

static void missed_rules_check(struct check *c, struct tale *tale, const struct job *job,
                               const struct run *run, wall now)
{
    wall next =
        trigger_is_once(job->trigger) ? WALL_NEVER : trigger_next(job->trigger, run->scheduled_at);

    rest_check(c, tale, run);
    if (is_to_run(run))
        run_check(c, tale, job, run, now);
    else if (run->reason == REASON_MISFIRE && !may_be_missed(job, run, now))
        found(c, 4, "skipped as missed within its grace", tale, run->scheduled_at);
    if (is_to_run(run) && job->spec->coalesce == COALESCE_FIRST && next.us <= now.us)
        tale->rest = next;
}

static void slot_check(struct check *c, struct tale *tale, const struct def *def,
                       const struct run *run, wall now)
{
    const struct trigger *t = def->job->trigger;
    wall slot = run->scheduled_at;

    if (slot.us > now.us)
        found(c, 3, "claimed before its time", tale, slot);
    if (trigger_is_relative(t)) {
        if (trigger_kind(t) == TRIGGER_MANUAL)
            found(c, 1, "has a slot although it is manual", tale, slot);
        return;
    }
    if (!is_slot(t, slot))
        found(c, 1, "is no slot of its schedule", tale, slot);
    else if (!trigger_is_once(t) && slot.us + c->stepped_back_us <= def->job->effective_from.us)
        found(c, 1, "lies before its schedule was in force", tale, slot);
    missed_check(c, tale, def, run);
    missed_rules_check(c, tale, def->job, run, now);
}

// Skipped or queued because others of its job are in progress.
static void overlap_check(struct check *c, const struct tale *tale, const struct job *job,
                          const struct run *run)
{
    // What waits may be about to start, which is asked at the end of the turn.
    int64_t room = (int64_t)job_instances(job) - tale->taken - tale->pending;
    bool is_full_perhaps = tale->queued >= room;
    int64_t waiting = room > 0 ? tale->queued - room : tale->queued;
    bool is_queue = job->spec->overlap == OVERLAP_QUEUE;
    wall slot = run->scheduled_at;

    if (run->state == RUN_SKIPPED && run->reason == REASON_OVERLAP && !is_full_perhaps)
        found(c, 6, "skipped for an overlap that is none", tale, slot);
    if (run->state == RUN_SKIPPED && run->reason == REASON_QUEUE_FULL &&
        (!is_queue || tale->queued < job->spec->queue_max) &&
        tale->queued + tale->taken + tale->pending < JOB_QUEUE_MAX)
        found(c, 6, "skipped for a full queue that is none", tale, slot);
    if (run->state != RUN_QUEUED)
        return;
    if (is_to_run(run)) {
        if (c->limit == 0)
            found(c, 8, "waits for a limit that is none", tale, slot);
        return;
    }
    if (!is_full_perhaps)
        found(c, 8, "queued although there is room", tale, slot);
    if (job->spec->overlap == OVERLAP_SKIP || job->spec->overlap == OVERLAP_ALLOW)
        found(c, 8, "queued although the job does not want that", tale, slot);
    // What waits for room beside the job has its place in it, also when the job has fewer by now.
    if (is_queue && job->spec->timeout_total_us == 0 &&
        waiting - tale->placed - tale->pending >= job->spec->queue_max)
        found(c, 8, "more runs wait than may", tale, slot);
}

static void claim_check(struct check *c, struct tale *tale, const struct def *def,
                        const struct run *run, wall now)
{
    wall slot = run->scheduled_at;

    if (!def || def->job->state > JOB_PAUSED || !def->job->trigger) {
        found(c, 1, "claimed although the job is ended or deleted", tale, slot);
        return;
    }
    if (is_to_run(run) && pause_holds(def->job->pause, now))
        found(c, 1, "claimed although the job is paused", tale, slot);
    if (run->reason == REASON_PAUSED && !def->job->pause)
        found(c, 6, "skipped for a pause that nobody made", tale, slot);
    slot_check(c, tale, def, run, now);
    if (is_to_run(run) &&
        (is_frozen(c, &c->freezes, tale->name, now) || is_frozen(c, &c->freezes, tale->name, slot)))
        found(c, 8, "run in a freeze", tale, slot);
    if (run->reason == REASON_FREEZE && !c->is_frozen_perhaps)
        found(c, 6, "skipped for a freeze that nobody made", tale, slot);
    overlap_check(c, tale, def->job, run);
}

// A number whose claim never became durable, because belfry died, may be used again.
static struct told *entry_new(struct check *c, struct told *used, struct tale *tale, int64_t run_id)
{
    struct told *entry = used ? used : mem_alloc(sizeof *entry);

    *entry = (struct told){.run_id = run_id, .tale = tale, .life = c->lives, .known_us = INT64_MAX};
    (void)map_put_u64(&c->entries, (uint64_t)run_id, entry);
    vec_push(&c->open, entry);
    return entry;
}

// Runs between two attempts whose time in all is over: they are out of the way before the ledger
// says so.
static int overdue(const struct check *c, const struct tale *tale, const struct job *job)
{
    wall now = c->log->events.v[c->at].at;
    int count = 0;

    for (size_t i = 0; i < c->open.len; i++) {
        const struct told *entry = c->open.v[i];

        count += entry->tale == tale && entry->is_taken && entry->is_durable &&
                 entry->run.state == RUN_WAITING &&
                 job_deadline(job, entry->run.queued_at).us <= now.us;
    }
    return count;
}

// ---- room beside the job ----

static int slots_of(const struct job *job)
{
    return job->spec->needs && job->spec->needs->count > 0 ? job->spec->needs->pools[0].slots : 0;
}

// Whether a run certainly waits for the limit of all and nothing else: of a job that needs no pool,
// that has had one definition, which is in force, and that no pause or freeze can hold.
static bool waits_for_limit(const struct check *c, const struct told *entry)
{
    const struct tale *tale = entry->tale;
    const struct sim_event *event = &c->log->events.v[c->at];

    if (!entry->is_durable || entry->run.state != RUN_QUEUED || entry->run.reason != REASON_LIMIT ||
        event->mono_us < entry->known_us || event->mono_us - entry->known_us < CHECK_S)
        return false;
    return tale->defs.len == 1 && tale->in_force && tale->in_force->job->state == JOB_ENABLED &&
           slots_of(tale->in_force->job) == 0 && !c->is_frozen_perhaps &&
           job_deadline(tale->in_force->job, entry->run.queued_at).us == WALL_NEVER.us;
}

// A run takes places: nobody who waits for the same may go before it, unless it takes its own in
// the same turn.
static void order_check(struct check *c, const struct told *entry)
{
    const struct job *job = entry->tale->in_force ? entry->tale->in_force->job : NULL;

    if (c->limit == 0 || !job || entry->tale->defs.len > 1)
        return;
    // One that it replaces is out of the way before the ledger says so.
    bool is_replacing = job->spec->overlap == OVERLAP_CANCEL || job->spec->overlap == OVERLAP_KILL;

    for (size_t i = 0; i < c->open.len; i++) {
        const struct told *other = c->open.v[i];

        if (other != entry && !(is_replacing && other->tale == entry->tale) &&
            waits_for_limit(c, other) &&
            room_order(other->tale->in_force->job, other->run.scheduled_at) <
                room_order(job, entry->run.scheduled_at))
            c->passed = other, c->passed_at = c->at;
    }
}

static void passed_look(struct check *c, const struct sim_event *event)
{
    const struct told *entry = c->passed;

    if (!entry || event->mono_us == c->log->events.v[c->passed_at].mono_us)
        return;
    c->passed = NULL;
    if (c->is_alive && entry->run.state == RUN_QUEUED && !entry->is_taken)
        found(c, 8, "passed by one of lower order", entry->tale, entry->run.scheduled_at);
}

// Nobody waits for long while there is room.
static void room_look(struct check *c, const struct sim_event *event)
{
    const struct told *waits = NULL;

    passed_look(c, event);
    for (size_t i = 0; i < c->open.len && !waits; i++)
        if (waits_for_limit(c, c->open.v[i]))
            waits = c->open.v[i];
    if (!waits || c->acting >= c->limit || !c->is_alive || c->is_loading || c->is_ill) {
        c->room_since_us = 0;
        return;
    }
    if (c->room_since_us == 0)
        c->room_since_us = event->mono_us;
    if (event->mono_us - c->room_since_us > HEAL_US)
        found(c, 8, "waits although there is room", waits->tale, waits->run.scheduled_at);
}

static void place_take(struct check *c, struct told *entry, bool is_by_hand)
{
    struct tale *tale = entry->tale;
    const struct job *job = tale->in_force ? tale->in_force->job : NULL;

    bool is_replacing =
        job && (job->spec->overlap == OVERLAP_CANCEL || job->spec->overlap == OVERLAP_KILL);

    // One that is replaced before it began is out of the way before the ledger says so.
    if (job && !is_by_hand && !is_replacing && tale->taken >= job_instances(job) &&
        tale->taken - overdue(c, tale, job) >= job_instances(job))
        found(c, 8, "more runs at once than allowed", tale, entry->run.scheduled_at);
    entry->limit = job && !is_by_hand ? job_instances(job) : INT32_MAX;
    entry->slots = job ? slots_of(job) : 0;
    order_check(c, entry);
    if (!entry->is_taken)
        taken_add(c, entry, 1);
}

static void see_claim(struct check *c, const struct sim_event *event)
{
    const struct run *run = &c->log->runs.v[event->more];
    struct tale *tale = map_get_u64(&c->tales, (uint64_t)run->job_id);
    struct told *entry = map_get_u64(&c->entries, (uint64_t)run->id);

    if (!tale) {
        found(c, 1, "claimed for a job that there is not", NULL, run->scheduled_at);
        return;
    }
    if (!entry || (!entry->is_durable && entry->life != c->lives)) {
        entry = entry_new(c, entry, tale, run->id);
        name_of(c, tale->name)->runs_claimed += run->origin == RUN_MANUAL;
    }
    entry->run = *run;
    entry->by = run->origin == RUN_MANUAL ? NULL : tale->in_force;
    if (run->origin == RUN_MANUAL) {
        const struct name *name = name_of(c, tale->name);

        if (name->runs_claimed > name->runs_asked)
            found(c, 1, "run by hand although nobody asked for it", tale, run->scheduled_at);
    } else {
        claim_check(c, tale, tale->in_force, run, event->at);
    }
    queued_set(entry, run->state == RUN_QUEUED);
    if (run->state == RUN_RUNNING)
        place_take(c, entry, run->origin == RUN_MANUAL);
}

// An attempt of a run that waits is about to begin.
static void see_try(struct check *c, const struct sim_event *event)
{
    struct told *entry = map_get_u64(&c->entries, (uint64_t)event->number);
    const struct def *def = entry ? entry->tale->in_force : NULL;
    bool is_by_schedule = entry && entry->run.origin < RUN_MANUAL;

    if (!entry || !entry->is_durable) {
        found(c, 2, "tries what has no row", entry ? entry->tale : NULL, event->slot);
        return;
    }
    // What was about to be tried when the pause was answered may be.
    if (is_by_schedule && (!def || def->job->state == JOB_PAUSED) &&
        event->mono_us - entry->tale->in_force_us > CHECK_S)
        found(c, 8, "tried in a pause", entry->tale, entry->run.scheduled_at);
    // How much the clock was set back is known but for its drift.
    if (entry->run.state == RUN_WAITING &&
        event->at.us + c->stepped_back_us < entry->run.try_at.us - CHECK_S)
        found(c, 3, "tried again before its time", entry->tale, entry->run.scheduled_at);
    queued_set(entry, false);
    if (!entry->is_taken)
        place_take(c, entry, !is_by_schedule);
    else if (def && entry->limit < job_instances(def->job))
        entry->limit = job_instances(def->job); // it was raised between two attempts
    if (def && !entry->is_acting)
        entry->slots = slots_of(def->job);
}

static void see_won(struct check *c, const struct sim_event *event)
{
    struct told *entry = map_get_u64(&c->entries, (uint64_t)event->number);

    if (!entry)
        return;
    entry->is_won = event->what == SIM_WON;
    if (entry->is_won && entry->known_us == INT64_MAX)
        entry->known_us = event->mono_us;
    if (entry->is_won)
        return;
    queued_set(entry, false);
    if (entry->is_taken)
        taken_add(c, entry, -1);
}

// ---- what is durable ----

static void see_job(struct check *c, const struct sim_event *event)
{
    const struct job_row *row = &c->log->jobs.v[event->more];
    const struct trigger_context context = {c->zones, STR_LIT("UTC"), event->at, row->name,
                                            &c->calendars};
    struct tale *tale = tale_of(c, row);
    const struct def *before = last_def(tale);
    struct def *def = mem_alloc(sizeof *def);

    def->job = job_from_row(row, &context);
    def->row = event->more;
    def->event = c->at;
    if (def->job->spec->quarantine.len > 0)
        found(c, 7, "what is stored cannot be read", tale, WALL_NEVER);
    if (before && !is_living(before) && row->state < JOB_ENDED)
        found(c, 7, "is back although it was deleted", tale, WALL_NEVER);
    if (before && row->version <= before->job->version && before->job->state != JOB_ENDED)
        found(c, 7, "an older version took a newer one's place", tale, WALL_NEVER);
    vec_push(&tale->defs, def);
    if (row->state == JOB_ENDED || (before && before->job->state == JOB_ENDED))
        in_force_set(c, tale, def); // nobody has asked for it
    else
        vec_push(&name_of(c, row->name)->waiting, def);
}

static struct tale *tale_of_def(struct check *c, const struct def *def)
{
    return map_get_u64(&c->tales, (uint64_t)c->log->jobs.v[def->row].id);
}

// The question was answered: what it made durable is in force.
static void change_answered(struct check *c, const char *word, int64_t number)
{
    struct name *name = name_of(c, str_of(strchr(word, ' ') + 1));
    char tag[32];

    snprintf(tag, sizeof tag, "[\"%" PRId64 "\"]", number);
    if (name->head == name->waiting.len) {
        found(c, 7, "acknowledged and not durable", NULL, WALL_NEVER);
        return;
    }
    const struct def *def = name->waiting.v[name->head++];
    struct tale *tale = tale_of_def(c, def);

    if (strncmp(word, "put", 3) == 0 && !str_eq(def->job->spec->args, str_of(tag)))
        found(c, 7, "acknowledged, and another one is durable", tale, WALL_NEVER);
    for (size_t i = 0; i < name->tales.len; i++)
        if (name->tales.v[i] != tale && !is_living(last_def(name->tales.v[i])))
            in_force_set(c, name->tales.v[i], NULL);
    in_force_set(c, tale, def);
}

static void see_ok(struct check *c, const struct sim_event *event)
{
    if (event->number < 0) {
        const struct told *entry = map_get_u64(&c->entries, (uint64_t)-event->number);

        if (!entry || !entry->is_durable)
            found(c, 7, "a run by hand was acknowledged and is not durable", NULL, WALL_NEVER);
        return;
    }
    const char *word = c->asked.v[event->number - 1];

    if (strncmp(word, "put ", 4) == 0 || strncmp(word, "pause ", 6) == 0 ||
        strncmp(word, "resume ", 7) == 0 || strncmp(word, "delete ", 7) == 0)
        change_answered(c, word, event->number);
}

static void see_ask(struct check *c, const struct sim_event *event)
{
    const char *word = c->log->words.v[event->more];

    vec_push(&c->asked, word);
    if (strncmp(word, "run ", 4) == 0)
        name_of(c, str_of(word + 4))->runs_asked++;
    if (strcmp(word, "now-and-then") == 0)
        c->is_frozen_perhaps = true;
}

static struct freeze *freeze_of(struct check *c, const struct sim_event *event)
{
    json_t *definition = json_loads(c->log->words.v[event->more], 0, NULL);
    struct freeze *freeze = NULL;
    struct err e;

    if (!freeze_read(definition, STR_LIT("now-and-then"), c->zones, &freeze, &e))
        found(c, 7, "a freeze cannot be read", NULL, WALL_NEVER);
    json_decref(definition);
    return freeze;
}

static void see_freeze(struct check *c, const struct sim_event *event)
{
    struct freeze *freeze = freeze_of(c, event);

    if (freeze)
        freezes_put(&c->freezes, freeze);
}

static void see_thaw(struct check *c, const struct sim_event *event)
{
    struct freeze *freeze = *c->log->words.v[event->more] ? freeze_of(c, event) : NULL;

    freezes_remove(&c->freezes, STR_LIT("now-and-then"));
    if (freeze)
        vec_push(&c->every_freeze, freeze);
}

// Whether any definition that the job has had allows it: which one was in force at the end of an
// attempt cannot be told from outside.
static bool may_rerun(const struct tale *tale)
{
    for (size_t i = 0; i < tale->defs.len; i++) {
        const struct job *job = tale->defs.v[i]->job;

        if (job->spec->on_lost == ON_LOST_RERUN ||
            (job->spec->retries && job->spec->retries->on_lost))
            return true;
    }
    return false;
}

static bool may_retry(const struct tale *tale, int attempt)
{
    for (size_t i = 0; i < tale->defs.len; i++) {
        const struct job *job = tale->defs.v[i]->job;
        int more = may_rerun(tale) ? RERUNS_MAX : 0;

        if (job->spec->retries && attempt <= job->spec->retries->max + more)
            return true;
    }
    return false;
}

static void row_changed(struct check *c, struct told *entry, const struct run *run)
{
    enum run_state from = entry->run.state;
    wall slot = run->scheduled_at;

    if (run_state_is_final(from))
        found(c, 6, "a final row has changed", entry->tale, slot);
    if ((run->state == RUN_ORPHANED && !c->is_loading) ||
        (run->state == RUN_LOST && from != RUN_ORPHANED))
        found(c, 6, "lost although belfry has not ended", entry->tale, slot);
    bool was_running = from == RUN_RUNNING || from == RUN_ORPHANED;

    bool has_begun = entry->started == run->attempt; // what is cancelled may have been just about
                                                     // to

    if (was_running && run->state != RUN_LOST && run_state_is_final(run->state) &&
        (has_begun || run->state != RUN_CANCELLED) &&
        (!entry->has_ended || entry->end_state != (int)run->state))
        found(c, 6, "the ledger tells of an end that was not so", entry->tale, slot);
    if (entry->is_cut && was_running && run->state != RUN_ORPHANED && run->state != RUN_LOST &&
        (run->state != RUN_WAITING || !may_rerun(entry->tale)))
        found(c, 5, "was cut off and is not lost", entry->tale, slot);
    if (run->state == RUN_WAITING && from == RUN_RUNNING && !may_retry(entry->tale, run->attempt))
        found(c, 8, "is to be tried again more often than allowed", entry->tale, slot);
    if (run->state == RUN_RUNNING && run->attempt != entry->run.attempt + 1)
        found(c, 2, "an attempt does not follow the one before", entry->tale, slot);
}

// What the ledger says now decides who has a place in the job.
static void places_settle(struct check *c, struct told *entry, const struct run *run)
{
    if (run->state == RUN_ORPHANED)
        return;
    pending_set(entry, false);
    if (run->state == RUN_WAITING && !entry->is_taken)
        taken_add(c, entry, 1);
    if (run->state == RUN_RUNNING && entry->run.state == RUN_WAITING)
        entry->is_cut = entry->has_ended = false;
    if (run_state_is_final(run->state)) {
        queued_set(entry, false);
        if (entry->is_taken)
            taken_add(c, entry, -1);
    }
}

static void see_run(struct check *c, const struct sim_event *event)
{
    const struct run *run = &c->log->runs.v[event->more];
    struct told *entry = map_get_u64(&c->entries, (uint64_t)run->id);

    if (!entry) {
        found(c, 1, "a row that nobody claimed", NULL, run->scheduled_at);
        return;
    }
    if (entry->is_durable) {
        row_changed(c, entry, run);
        places_settle(c, entry, run);
    } else {
        entry->is_durable = true;
        entry->durable_us = event->mono_us;
        vec_push(&entry->tale->rows, entry);
    }
    entry->run = *run;
}

// ---- runs ----

static void see_start(struct check *c, const struct sim_event *event)
{
    struct told *entry = map_get_u64(&c->entries, (uint64_t)event->number);
    struct tale *tale = entry ? entry->tale : NULL;

    if (!entry)
        found(c, 1, "started without a claim", NULL, event->slot);
    else if (entry->started >= event->attempt)
        found(c, 2, "an attempt was started twice", tale, event->slot);
    else if (entry->is_cut || run_state_is_final(entry->run.state))
        found(c, 5, "started again after it was cut off", tale, event->slot);
    else if (!entry->is_durable)
        found(c, 2, "started before its claim was durable", tale, event->slot);
    else if (!entry->is_won)
        found(c, 2, "started before its claim was answered", tale, event->slot);
    else if (event->attempt != entry->run.attempt)
        found(c, 2, "started with another number of the attempt than the ledger's", tale,
              event->slot);
    else if (event->slot.us != entry->run.scheduled_at.us)
        found(c, 1, "started for another slot than the ledger's", tale, event->slot);
    else if (event->at.us + c->stepped_back_us < event->slot.us)
        found(c, 3, "started early", tale, event->slot);
    if (!entry)
        return;
    if (tale->acting >= entry->limit)
        found(c, 8, "more processes at once than allowed", tale, event->slot);
    if (c->limit > 0 && c->acting >= c->limit)
        found(c, 8, "more attempts at once than the limit of all", tale, event->slot);
    if (entry->slots > 0 && c->pool_used > 0 && c->pool_used + entry->slots > c->pool_slots)
        found(c, 8, "more than the pool has places for", tale, event->slot);
    entry->started = event->attempt;
    acting_set(c, entry, true);
}

static void see_end(struct check *c, const struct sim_event *event)
{
    struct told *entry = map_get_u64(&c->entries, (uint64_t)event->number);

    if (!entry)
        return;
    acting_set(c, entry, false);
    entry->has_ended = true;
    entry->end_state = event->state;
    pending_set(entry, true);
    if (entry->is_taken)
        taken_add(c, entry, -1);
}

// ---- lives ----

static void see_saved(struct check *c, const struct sim_event *event)
{
    const struct told *entry = map_get_u64(&c->entries, (uint64_t)event->number);

    if (entry && entry->is_durable && !run_state_is_final(entry->run.state) &&
        entry->run.state != RUN_WAITING)
        found(c, 6, "its end is said to be recorded and is not", entry->tale,
              entry->run.scheduled_at);
}

static void see_death(struct check *c)
{
    for (size_t i = 0; i < c->open.len; i++) {
        struct told *entry = c->open.v[i];

        entry->is_cut = entry->is_cut || entry->is_acting;
        entry->is_won = false;
        acting_set(c, entry, false);
        if (!entry->is_durable)
            queued_set(entry, false);
        else
            entry->known_us = entry->durable_us; // of the next life
        if (!entry->is_taken || (entry->is_durable && entry->run.state == RUN_WAITING))
            continue;
        pending_set(entry, entry->is_durable && entry->run.state == RUN_RUNNING);
        queued_set(entry, entry->is_durable && entry->run.state == RUN_QUEUED);
        taken_add(c, entry, -1);
    }
    c->is_alive = false;
    c->passed = NULL;
}

// What never became durable is forgotten, what is final needs no look any more.
static void open_settle(struct check *c)
{
    size_t kept = 0;

    for (size_t i = 0; i < c->open.len; i++) {
        struct told *entry = c->open.v[i];

        if (entry->life == c->lives || (entry->is_durable && !run_state_is_final(entry->run.state)))
            c->open.v[kept++] = entry;
    }
    c->open.len = kept;
}

// What is durable is what is in force.
static void see_begin(struct check *c)
{
    struct name *name;

    for (size_t i = 0; i < c->all.len; i++) {
        struct tale *tale = c->all.v[i];

        in_force_set(c, tale, is_living(last_def(tale)) ? last_def(tale) : NULL);
    }
    for (size_t at = 0; (name = map_next(&c->names, &at));)
        name->head = name->waiting.len;
    c->is_alive = c->is_loading = true;
    c->is_ill = false;
    c->lives++;
}

static void see_loaded(struct check *c, const struct sim_event *event)
{
    size_t living = 0;

    for (size_t i = 0; i < c->all.len; i++)
        living += is_living(last_def(c->all.v[i]));
    if (event->number >= 0 && (living != (size_t)event->number || c->listed != living))
        found(c, 7, "the scheduler does not know every job that is durable", NULL, WALL_NEVER);
    c->listed = 0;
    if (!c->is_loading)
        return;
    open_settle(c);
    c->is_loading = false;
}

static void see_listed(struct check *c, const struct sim_event *event)
{
    const struct job_row *row = &c->log->jobs.v[event->more];
    const struct tale *tale = map_get_u64(&c->tales, (uint64_t)row->id);
    const struct def *def = tale ? last_def(tale) : NULL;

    c->listed++;
    if (!is_living(def)) {
        found(c, 7, "the scheduler knows a job that is not durable", tale, WALL_NEVER);
        return;
    }
    const struct job_row *stored = &c->log->jobs.v[def->row];

    if (row->version != stored->version || row->state != stored->state ||
        !str_eq(row->trigger, stored->trigger) || !str_eq(row->spec, stored->spec))
        found(c, 7, "the scheduler knows another definition than the durable one", tale,
              WALL_NEVER);
}

static void see_clock(struct check *c, const struct sim_event *event)
{
    int64_t offset_us = event->at.us - event->mono_us;

    if (c->ticks.len > 0) {
        const struct tick *last = &c->ticks.v[c->ticks.len - 1];
        int64_t drifted_us = (event->mono_us - last->mono_us) / 1000000 * last->ppm;
        int64_t step_us = offset_us - c->clock_offset_us - drifted_us;

        c->steps += step_us > CHECK_S || step_us < -CHECK_S;
        if (step_us < 0)
            c->stepped_back_us -= step_us;
    }
    c->clock_offset_us = offset_us;
    vec_push(&c->ticks, ((struct tick){event->mono_us, event->at, event->number}));
}

static void see(struct check *c, const struct sim_event *event)
{
    if (c->limit > 0)
        room_look(c, event);
    switch (event->what) {
    case SIM_BEGIN:
        see_begin(c);
        break;
    case SIM_LISTED:
        see_listed(c, event);
        break;
    case SIM_LOADED:
        see_loaded(c, event);
        break;
    case SIM_DEATH:
        see_death(c);
        break;
    case SIM_CLOCK:
        see_clock(c, event);
        break;
    case SIM_ILL:
    case SIM_WELL:
        c->is_ill = event->what == SIM_ILL;
        break;
    case SIM_ASK:
        see_ask(c, event);
        break;
    case SIM_OK:
        see_ok(c, event);
        break;
    case SIM_FREEZE:
        see_freeze(c, event);
        break;
    case SIM_THAW:
        see_thaw(c, event);
        break;
    case SIM_JOB:
        see_job(c, event);
        break;
    case SIM_CLAIM:
        see_claim(c, event);
        break;
    case SIM_TRY:
        see_try(c, event);
        break;
    case SIM_WON:
    case SIM_NOT_WON:
        see_won(c, event);
        break;
    case SIM_RUN:
        see_run(c, event);
        break;
    case SIM_SAVED:
        see_saved(c, event);
        break;
    case SIM_START:
        see_start(c, event);
        break;
    case SIM_END:
        see_end(c, event);
        break;
    case SIM_ROOM:
        c->limit = event->number;
        c->pool_slots = event->attempt;
        break;
    case SIM_REFUSED:
        break;
    }
    able_set(c, event->mono_us);
}

#include "check_slots.c"

// ---- the whole ----

static void check_open(struct check *c, const struct sim_log *log, struct sim_finding *finding)
{
    json_t *definition = json_loads(sim_calendar, 0, NULL);
    struct almanac *almanac = NULL;
    struct err e;

    *c = (struct check){.log = log, .finding = finding, .able_since_us = -1};
    c->zones = zones_new(NULL);
    almanacs_init(&c->calendars);
    if (almanac_read(definition, STR_LIT("rests"), c->zones, &almanac, &e))
        almanacs_put(&c->calendars, almanac);
    json_decref(definition);
    c->freezes.zone = zones_utc(c->zones);
    map_init(&c->tales);
    map_init(&c->names);
    map_init(&c->entries);
}

static void tale_free(struct tale *tale)
{
    for (size_t i = 0; i < tale->defs.len; i++) {
        job_free(tale->defs.v[i]->job);
        free(tale->defs.v[i]);
    }
    vec_done(&tale->defs);
    vec_done(&tale->rows);
    vec_done(&tale->fulls);
    free(tale);
}

static void check_close(struct check *c)
{
    struct name *name;
    struct told *entry;

    for (size_t i = 0; i < c->all.len; i++)
        tale_free(c->all.v[i]);
    for (size_t at = 0; (name = map_next(&c->names, &at));) {
        vec_done(&name->tales);
        vec_done(&name->waiting);
        free(name);
    }
    for (size_t at = 0; (entry = map_next(&c->entries, &at));)
        free(entry);
    for (size_t i = 0; i < c->every_freeze.len; i++)
        freeze_free(c->every_freeze.v[i]);
    freezes_done(&c->freezes);
    almanacs_done(&c->calendars);
    map_done(&c->tales);
    map_done(&c->names);
    map_done(&c->entries);
    vec_done(&c->all);
    vec_done(&c->open);
    vec_done(&c->able);
    vec_done(&c->ticks);
    vec_done(&c->asked);
    vec_done(&c->every_freeze);
    zones_free(c->zones);
}

void sim_check(const struct sim_log *log, struct sim_finding *ret_finding)
{
    struct check c;

    ret_finding->promise = 0;
    buf_init(&ret_finding->story, 1 << 20);
    check_open(&c, log, ret_finding);
    for (; c.at < log->events.len && !ret_finding->promise; c.at++)
        see(&c, &log->events.v[c.at]);
    c.at = log->events.len - 1;
    c.end_us = log->events.v[c.at].mono_us;
    for (size_t i = 0; i < c.all.len && !ret_finding->promise; i++)
        rows_check(&c, c.all.v[i]);
    for (size_t i = 0; i < c.all.len && !ret_finding->promise; i++)
        tale_check(&c, c.all.v[i]);
    check_close(&c);
}
