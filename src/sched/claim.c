// claim.c - from due to claimed: slots that are due become rows of the ledger, in batches.
// SPDX-License-Identifier: Apache-2.0
#include "sched/claim.h"

#include <stdlib.h>
#include <string.h>

#include "sched/ledger.h"
#include "sched/plan.h"
#include "sched/rest.h"

// Smaller claims would have their first runs started sooner and their last ones later: each claim
// is a sync and two hand-overs between threads, and the runs of one take the processors from the
// store while it writes the next.
#define CLAIM_MAX 1024
// Where nodes share a store, its answer to 1,000 rows takes 20 ms, in which nothing of them begins.
// So claims are small there. Only behind very many that were due in a row they grow, since each has
// its price: to a part of those before.
#define CLAIM_SHARED 64
#define CLAIM_SHARED_PART 16
#define CLAIM_SHARED_MAX 512
#define CHANGE_US 1000000  // a slot waits for a new definition of its job, but no longer
#define GATHER_US 20000    // of the loop's time for one claim: after an outage, counting takes long
#define CLOCK_LOOKS 16     // slots that are planned between two looks at the clock for that
#define AHEAD_US 20000     // before a slot, its run is prepared
#define PLAN_LEAST 64      // fewer are claimed as quickly as they would be launched
#define PLAN_US 30000      // before a moment its slots are planned: so long,
#define PLAN_EACH_US 8     // and so much for each of them,
#define PLAN_MAX_US 300000 // but no longer
#define PLAN_COUNT 65536   // that are looked at to know how many there are

static void rows_clear(struct claims *claims, struct claim_rows *rows);
static void claim_answered(const struct store_answer *answer, void *ctx);
static void look(void *ctx);
static void look_ahead(void *ctx);
static void runs_expect(void *ctx);
static void planned_begin(const struct planned *planned, void *ctx);
static void planned_drop(const struct planned *planned, void *ctx);

void claims_init(struct claims *claims, struct core *core, struct lives *lives, struct queue *queue)
{
    *claims = (struct claims){
        .core = core, .lives = lives, .queue = queue, .most = CLAIM_MAX, .plan_least = PLAN_LEAST};
    ahead_init(&claims->planned, core);
    claims->planned.begin = planned_begin;
    claims->planned.drop = planned_drop;
    claims->planned.ctx = claims;
}

void claims_done(struct claims *claims)
{
    claims_stop(claims);
    ahead_done(&claims->planned);
    vec_done(&claims->aside);
    vec_done(&claims->nexts);
    loop_defer_cancel(claims->core->loop, runs_expect, claims);
    rows_clear(claims, &claims->rows);
    rows_clear(claims, &claims->answered);
    vec_done(&claims->rows);
    vec_done(&claims->rows.places);
    vec_done(&claims->answered);
    vec_done(&claims->answered.places);
    vec_done(&claims->wants);
}

void claims_stop(struct claims *claims)
{
    loop_alarm_stop(claims->core->loop, &claims->ahead);
    loop_alarm_stop(claims->core->loop, &claims->alarm);
}

bool claims_are_set(const struct claims *claims)
{
    wall next = due_next(claims->core->due);

    if (claims->core->is_claiming || next.us == WALL_NEVER.us)
        return true;
    return loop_alarm_is_armed(&claims->alarm) && claims->alarm.node.key == next.us;
}

// ---- gathering ----

static void rows_clear(struct claims *claims, struct claim_rows *rows)
{
    for (size_t i = 0; i < rows->len; i++)
        free((char *)rows->v[i].message.p);
    for (size_t i = 0; i < rows->places.len; i++)
        room_leave(claims->core->room, &rows->places.v[i]); // of rows that came to nothing
    vec_clear(rows);
    vec_clear(&rows->places);
}

// What a row says of a hold is its own: the hold may be gone when the store answers.
static void messages_own(struct run *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].message.len > 0)
            rows[i].message.p = str_own(rows[i].message);
        else
            rows[i].message.p = NULL;
}

static void rows_add(struct claims *claims, struct entry *entry, const struct verdict *v, wall now)
{
    struct claim_rows *rows = &claims->rows;

    vec_reserve(rows, rows->len + LEDGER_ROWS_MAX);
    struct run *run = rows->v + rows->len;

    size_t count = ledger_rows(&claims->core->ids, entry->job, v, now, run);

    messages_own(run, count);
    rows->len += count;
    if (claims->planning.us != 0) { // it counts when it begins
        run->try_at = entry->planned = claims->planning;
        return;
    }
    entry_count(entry, live_count_of(run), 1);
    if (run->state == RUN_RUNNING && room_counts(claims->core->room, entry->job))
        vec_push(&claims->wants,
                 ((struct claim_want){entry, room_order(entry->job, run->scheduled_at),
                                      (size_t)(run - rows->v)}));
}

void claim_queue(struct run *run, enum run_reason reason)
{
    run->state = RUN_QUEUED;
    run->reason = reason;
    run->attempt = 0;
    run->started_at = (wall){0};
}

static int want_order(const void *a, const void *b)
{
    const struct claim_want *x = a, *y = b;

    if (x->order != y->order)
        return x->order < y->order ? -1 : 1;
    return x->row < y->row ? -1 : 1;
}

// There is no room for it, and it is not to wait: too many of its job do.
static void row_drop(struct claim_want *want, struct run *run)
{
    entry_count(want->entry, live_count_of(run), -1);
    claim_queue(run, REASON_QUEUE_FULL);
    run->state = RUN_SKIPPED;
    run->finished_at = run->queued_at;
}

// What is to start takes what it needs beside its job, or is to wait.
static void rows_place(struct claims *claims)
{
    struct core *c = claims->core;
    struct claim_rows *rows = &claims->rows;
    enum run_reason reason;

    if (claims->wants.len == 0)
        return;
    qsort(claims->wants.v, claims->wants.len, sizeof *claims->wants.v, want_order);
    vec_reserve(&rows->places, rows->len);
    rows->places.len = rows->len;
    memset(rows->places.v, 0, rows->len * sizeof *rows->places.v);
    for (size_t i = 0; i < claims->wants.len; i++) {
        struct claim_want *want = &claims->wants.v[i];
        struct run *run = &rows->v[want->row];

        if (room_take(c->room, want->entry->job, want->order, false, core_mono(c),
                      &rows->places.v[want->row], &reason))
            continue;
        if (want->entry->running > JOB_QUEUE_MAX)
            row_drop(want, run);
        else
            claim_queue(run, reason);
    }
    vec_clear(&claims->wants);
}

// Whoever has asked for a change knows the slots that it is about; it may not come too late for
// them because the store takes its time. Others may follow it, so it is not waited for for ever.
static bool change_decides(const struct due *due, const struct entry *entry, wall now,
                           struct verdict *v)
{
    wall until = {entry->slot.us + CHANGE_US};

    if (entry->writes == 0 || now.us >= until.us || !due_is_changing(due, entry))
        return false;
    *v = (struct verdict){.kind = VERDICT_WAIT,
                          .next = entry->slot,
                          .not_before = until,
                          .spread_from = entry->spread_from};
    return true;
}

static void decide(struct claims *claims, struct entry *entry, wall now, struct verdict *v)
{
    const struct core *c = claims->core;
    const struct situation situation = {.job = entry->job,
                                        .holds = {c->freezes, c->pauses, entry->seat.is_nowhere},
                                        .slot = entry->slot,
                                        .now = now,
                                        .running = entry->running,
                                        .queued = entry->queued,
                                        .spread_from = entry->spread_from,
                                        .memo = &claims->memo};

    if (change_decides(c->due, entry, now, v))
        return;
    policy_decide(&situation, v);
    if (entry->seat.is_leaving && v->kind == VERDICT_RUN) {
        v->kind = VERDICT_QUEUE;
        v->reason = REASON_DRAINING;
    }
}

// How many rows the next claim may have.
static size_t rows_most(const struct claims *claims)
{
    size_t rows = claims->in_a_row / CLAIM_SHARED_PART;

    if (!store_has_nodes(claims->core->store))
        return claims->most;
    rows = rows < CLAIM_SHARED ? CLAIM_SHARED : rows > CLAIM_SHARED_MAX ? CLAIM_SHARED_MAX : rows;
    return rows < claims->most ? rows : claims->most;
}

// Moves due entries into the claim until nothing is due, the claim is full, or others should have
// their turn.
static void rows_gather(struct claims *claims, wall now)
{
    struct core *c = claims->core;
    const struct clock *clock = loop_clock(c->loop);
    mono until = mono_after_us(clock_mono(clock), GATHER_US);

    rows_clear(claims, &claims->rows);
    vec_clear(&claims->wants);
    c->claim_rows = rows_most(claims);
    c->is_behind = store_has_nodes(c->store) && claims->in_a_row > CLAIM_SHARED * CLAIM_SHARED_PART;
    claims->memo = (struct policy_memo){0}; // triggers may have gone
    while (claims->rows.len < c->claim_rows &&
           (claims->rows.len == 0 || clock_mono(clock).us < until.us)) {
        struct entry *entry = due_pop(c->due, now);
        struct verdict v;

        if (!entry)
            return;
        decide(claims, entry, now, &v);
        entry->spread_from = v.spread_from;
        if (v.kind == VERDICT_WAIT && v.not_before.us == 0) {
            due_hold(c->due, entry);
            continue;
        }
        if (v.kind != VERDICT_WAIT)
            rows_add(claims, entry, &v, now);
        due_plan_late(c->due, entry, v.next, v.not_before);
    }
}

// Whether a slot will surely run at its moment, if nothing happens until then.
static bool may_plan(struct claims *claims, struct entry *entry, struct verdict *ret_v)
{
    wall moment = claims->planning;

    if (entry->is_relative || entry->job->kind == JOB_HEARTBEAT || entry->planned.us != 0 ||
        entry->slot.us != moment.us || entry->job->state != JOB_ENABLED ||
        room_counts(claims->core->room, entry->job))
        return false;
    decide(claims, entry, moment, ret_v);
    return ret_v->kind == VERDICT_RUN && !ret_v->is_catchup && ret_v->row.missed == 0 &&
           ret_v->rest.slot.us == 0 && ret_v->spread_from.us == 0;
}

// Slots that come in time are decided upon quickly, so the clock is asked for some of them only.
static bool is_time_over(const struct claims *claims, mono until, size_t looks)
{
    return looks % CLOCK_LOOKS == 0 && core_mono(claims->core).us >= until.us;
}

// As rows_gather, of slots whose moment is yet to come.
static void rows_plan(struct claims *claims)
{
    struct core *c = claims->core;
    mono until = mono_after_us(core_mono(c), GATHER_US);
    struct entry *entry;
    struct verdict v;
    size_t looks = 0;

    rows_clear(claims, &claims->rows);
    claims->memo = (struct policy_memo){0};
    vec_clear(&claims->nexts);
    vec_clear(&claims->aside);
    while (claims->rows.len < claims->most && !is_time_over(claims, until, ++looks) &&
           (entry = due_first(c->due, claims->planning))) {
        due_set_aside(c->due, entry);
        if (may_plan(claims, entry, &v)) {
            rows_add(claims, entry, &v, claims->planning);
            vec_push(&claims->nexts, v.next);
        } else {
            vec_push(&claims->aside, entry);
        }
    }
    for (size_t i = 0; i < claims->aside.len; i++)
        due_set_back(c->due, claims->aside.v[i]);
}

// While the store writes the claim, the executor may prepare its runs. Deferred, so that the
// store's thread has been rung before.
static void runs_expect(void *ctx)
{
    struct claims *claims = ctx;

    for (size_t i = 0; claims->core->is_claiming && i < claims->rows.len; i++) {
        const struct run *run = &claims->rows.v[i];
        const struct entry *entry = due_find_id(claims->core->due, run->job_id);

        if (entry && run->state == RUN_RUNNING)
            exec_expect(claims->core->exec, entry->job->kind, entry->job->target);
    }
}

static void entry_expect(const struct entry *entry, void *ctx)
{
    struct claims *claims = ctx;

    exec_expect(claims->core->exec, entry->job->kind, entry->job->target);
}

static void entry_seen(const struct entry *entry, void *ctx)
{
    (void)entry;
    ++*(size_t *)ctx;
}

// How long before a moment its slots are to be planned; 0: they are not worth it.
static int64_t plan_us(const struct claims *claims, wall moment)
{
    size_t count = 0;
    int64_t us;

    if (!store_can_plan(claims->core->store) || moment.us == claims->plan_over.us)
        return 0;
    if (ahead_has(&claims->planned, moment)) // the rest of them
        return PLAN_MAX_US;
    due_soon(claims->core->due, moment, PLAN_COUNT, entry_seen, &count);
    us = PLAN_US + (int64_t)count * PLAN_EACH_US;
    return count < claims->plan_least ? 0 : us < PLAN_MAX_US ? us : PLAN_MAX_US;
}

static void claim_send(struct claims *claims, wall now)
{
    struct core *c = claims->core;

    c->is_claiming = true;
    claims->epoch = c->epoch;
    store_claim(c->store, claims->rows.v, claims->rows.len, due_mark(c->due, now), claim_answered,
                claims);
    loop_defer(c->loop, runs_expect, claims);
}

// Claims what is due at the next moment. False when there is nothing to be claimed.
static bool plan(struct claims *claims, wall moment)
{
    claims->planning = moment;
    claims->planning_doubts = claims->planned.doubts;
    rows_plan(claims);
    if (claims->rows.len < claims->most)
        claims->plan_over = moment;
    if (claims->rows.len > 0)
        claim_send(claims, core_now(claims->core));
    else
        claims->planning = (wall){0};
    return claims->rows.len > 0;
}

// Shortly before slots are due, while there is nothing else to do.
static void look_ahead(void *ctx)
{
    struct claims *claims = ctx;
    struct core *c = claims->core;
    wall now = core_now(c), next = due_next(c->due);
    int64_t lead_us = plan_us(claims, next), left_us = next.us - now.us;

    if (c->is_claiming || c->is_stopping || core_is_held(c) || left_us <= 0)
        return;
    if (lead_us >= left_us && plan(claims, next))
        return;
    if (lead_us < left_us && lead_us > 0)
        loop_alarm_set(c->loop, &claims->ahead, (wall){next.us - lead_us}, look_ahead, claims);
    else if (left_us > AHEAD_US + 1000)
        loop_alarm_set(c->loop, &claims->ahead, (wall){next.us - AHEAD_US}, look_ahead, claims);
    else
        due_soon(c->due, (wall){now.us + AHEAD_US + 1000}, 2 * CLAIM_MAX, entry_expect, claims);
}

static void alarms_set(struct claims *claims, wall now, wall next)
{
    struct loop *loop = claims->core->loop;

    loop_alarm_stop(loop, &claims->ahead);
    if (next.us == WALL_NEVER.us) {
        loop_alarm_stop(loop, &claims->alarm);
        return;
    }
    loop_alarm_set(loop, &claims->alarm, next, look, claims);
    if (next.us - now.us > AHEAD_US)
        loop_alarm_set(loop, &claims->ahead, (wall){next.us - PLAN_MAX_US}, look_ahead, claims);
}

// The watermark alone.
static void mark_answered(const struct store_answer *answer, void *ctx)
{
    struct claims *claims = ctx;

    if (answer->err)
        core_refused(claims->core, answer->err, 0);
    else
        core_healthy(claims->core);
    claims->core->hooks->answered(claims->core->ctx);
}

void claims_mark(struct claims *claims)
{
    struct core *c = claims->core;

    store_claim(c->store, NULL, 0, due_mark(c->due, core_now(c)), mark_answered, claims);
}

void claims_step(struct claims *claims, int64_t step_us)
{
    for (size_t i = 0; claims->core->is_claiming && i < claims->rows.len; i++)
        if (claims->rows.v[i].state == RUN_SKIPPED)
            claims->rows.v[i].finished_at.us += step_us;
    ahead_doubt(&claims->planned);
}

void claims_doubt(struct claims *claims)
{
    ahead_doubt(&claims->planned);
}

void claims_look(struct claims *claims)
{
    struct core *c = claims->core;

    if (c->is_claiming || c->is_stopping || core_is_held(c))
        return;
    wall now = core_now(c);
    wall next = due_next(c->due);

    if (next.us > now.us) {
        if (c->due->is_set_back)
            claims_mark(claims);
        alarms_set(claims, now, next);
        return;
    }
    rows_gather(claims, now);
    if (claims->rows.len == 0) {
        claims_look(claims);
        return;
    }
    claims->in_a_row = due_next(c->due).us <= now.us ? claims->in_a_row + claims->rows.len : 0;
    rows_place(claims);
    claim_send(claims, now);
}

static void look(void *ctx)
{
    claims_look(ctx);
}

// ---- the answer ----

// Whether a slot that was due when it was claimed belongs to the definition in force now.
static bool slot_is_due(const struct entry *entry, wall slot)
{
    const struct job *job = entry->job;

    if (job->state > JOB_PAUSED || !job->trigger)
        return false;
    if (trigger_is_once(job->trigger))
        return trigger_next(job->trigger, (wall){INT64_MIN}).us == slot.us;
    return slot.us > job->effective_from.us;
}

// A row that was to be alive is not.
static void row_uncount(struct entry *entry, const struct run *run)
{
    entry_count(entry, live_count_of(run), -1);
}

// The slots of a failed claim are due again. Backwards, so that an entry with several rows ends at
// its first.
static void claim_undo(struct claims *claims)
{
    struct due *due = claims->core->due;

    due->is_set_back = true; // the mark that went with it was of a moment when they had their rows
    for (size_t i = 0; i < claims->rows.places.len; i++)
        room_leave(claims->core->room, &claims->rows.places.v[i]);
    for (size_t i = claims->rows.len; i-- > 0;) {
        const struct run *run = &claims->rows.v[i];
        wall first = run->missed > 0 ? run->missed_from : run->scheduled_at;
        struct entry *entry = due_find_id(due, run->job_id);

        if (!entry)
            continue;
        row_uncount(entry, run);
        if (entry->is_relative)
            plan_again(due, entry);
        else if (first.us < entry->slot.us && slot_is_due(entry, first))
            due_plan(due, entry, first);
    }
}

static void row_tell(struct core *c, const struct run *run, const struct job *job)
{
    tally_row(c->tally, job->kind, run);
    if (run->missed > 0)
        (void)events_add_run(c->events, EVENT_RUN_MISSED, run, job->name);
    if (run->state == RUN_SKIPPED)
        (void)events_add_run(c->events, EVENT_RUN_SKIPPED, run, job->name);
}

// What became of a row: everything but the start of its run.
static void row_settle(struct claims *claims, const struct run *run, bool won)
{
    struct core *c = claims->core;
    struct entry *entry = due_find_id(c->due, run->job_id);

    if (entry && (won || run->scheduled_at.us > entry->claimed.us))
        entry->claimed = run->scheduled_at;
    if (won)
        c->missed += run->missed;
    if (won && entry)
        row_tell(c, run, entry->job);
    if (won && run->state == RUN_SKIPPED)
        c->skipped++;
    if (!won && entry)
        row_uncount(entry, run);
    if (entry) {
        plan_claimed(c->due, entry, run, won);
        rest_look(c, entry);
    }
}

// The rows of the claim make room for those of the next one.
static void rows_set_aside(struct claims *claims)
{
    struct claim_rows rows = claims->rows;

    claims->rows = claims->answered;
    claims->answered = rows;
}

static void queued_begin(struct claims *claims, const struct run *run, struct live *live)
{
    struct entry *entry = live->entry;
    enum job_overlap overlap = run->ask && run->ask->overlap >= 0
                                   ? (enum job_overlap)run->ask->overlap
                                   : entry->job->spec->overlap;

    live->count = live_count_of(run);
    (void)events_add_run(claims->core->events, EVENT_RUN_QUEUED, run, entry->job->name);
    queue_add(claims->queue, live);
    if (run->reason == REASON_OVERLAP && (overlap == OVERLAP_CANCEL || overlap == OVERLAP_KILL))
        queue_replace(claims->queue, entry, live, overlap == OVERLAP_KILL);
}

// Whether it is not ours to wait for: its job has moved meanwhile, or the news of an epoch have
// told of it already.
static bool is_moved(const struct core *c, const struct entry *entry, const struct run *run)
{
    return c->epoch != 0 && entry &&
           (lives_of(entry, run->id) || (!entry->seat.is_ours && run->state == RUN_QUEUED));
}

void claim_begin(struct claims *claims, const struct run *run, struct place *taken)
{
    struct core *c = claims->core;
    struct entry *entry = due_find_id(c->due, run->job_id);

    if (is_moved(c, entry, run)) {
        row_uncount(entry, run);
        if (taken)
            room_leave(c->room, taken);
        return;
    }
    struct live *live = live_new(claims->lives, run, entry);

    if (taken) {
        live->place = *taken;
        *taken = (struct place){0};
    }
    if (!entry) { // it was deleted meanwhile
        queue_add(claims->queue, live);
    } else if (run->state == RUN_QUEUED) {
        queued_begin(claims, run, live);
    } else {
        live->count = COUNT_RUNNING;
        c->claimed++;
        (void)events_add_run(c->events, EVENT_RUN_STARTED, run, entry->job->name);
        live_begin(live);
    }
}

void claim_born(struct claims *claims, const struct run *run)
{
    struct core *c = claims->core;
    const struct entry *entry = due_find_id(c->due, run->job_id);

    if (run->state != RUN_SKIPPED) {
        claim_begin(claims, run, NULL);
        return;
    }
    c->skipped++;
    if (entry)
        row_tell(c, run, entry->job);
}

// ---- planned runs ----

// The entry rings again: at the slot behind the one that has come, or at whatever it was planned
// for meanwhile. A definition that has come meanwhile, with the same slot, knows its next one.
static void planned_end(struct claims *claims, struct entry *entry, const struct run *run,
                        wall next)
{
    struct due *due = claims->core->due;
    bool is_over = next.us != run->scheduled_at.us;
    bool is_there = entry->slot.us == entry->planned.us;

    entry->planned = (wall){0};
    if (is_there && is_over && entry->job->version != run->job_version)
        plan_from(due, entry, run->scheduled_at);
    else
        due_plan(due, entry, is_there ? next : entry->slot);
    if (is_over)
        rest_look(claims->core, entry);
}

static void planned_begin(const struct planned *planned, void *ctx)
{
    struct claims *claims = ctx;
    struct core *c = claims->core;
    struct run run = planned->run;
    struct entry *entry = due_find_id(c->due, run.job_id);

    if (!entry) // it was deleted meanwhile, and with it the row
        return;
    run.try_at = (wall){0};
    entry->claimed = run.scheduled_at;
    planned_end(claims, entry, &run, planned->next);
    row_tell(c, &run, entry->job);
    claim_begin(claims, &run, NULL);
}

// Its slot is free again.
static void planned_drop(const struct planned *planned, void *ctx)
{
    struct claims *claims = ctx;
    struct entry *entry = due_find_id(claims->core->due, planned->run.job_id);

    if (entry)
        planned_end(claims, entry, &planned->run, planned->run.scheduled_at);
}

// Rows that were to be planned and are not: all of them (won NULL), or those whose slot has a row.
static void rows_unplan(struct claims *claims, const bool *won)
{
    for (size_t i = 0; i < claims->rows.len; i++) {
        const struct run *run = &claims->rows.v[i];
        struct entry *entry = due_find_id(claims->core->due, run->job_id);

        if (!entry || (won && won[i]))
            continue;
        if (won && run->scheduled_at.us > entry->claimed.us)
            entry->claimed = run->scheduled_at;
        planned_end(claims, entry, run, won ? claims->nexts.v[i] : run->scheduled_at);
    }
    claims->planning = (wall){0};
}

static void rows_planned(struct claims *claims, const bool *won)
{
    for (size_t i = 0; i < claims->rows.len; i++)
        if (won[i])
            ahead_add(&claims->planned, &claims->rows.v[i], claims->nexts.v[i],
                      claims->planning_doubts);
    rows_unplan(claims, won);
    ahead_look(&claims->planned);
    claims_look(claims);
    look_ahead(claims);
}

static void won_begin(struct claims *claims, const bool *won)
{
    struct claim_rows *rows = &claims->answered;

    for (size_t i = 0; i < rows->len; i++)
        if (won[i] && rows->v[i].state != RUN_SKIPPED)
            claim_begin(claims, &rows->v[i], i < rows->places.len ? &rows->places.v[i] : NULL);
    rows_clear(claims, rows);
}

// First the next claim, then the starts of this one: the store writes that while these start.
static void claim_answered(const struct store_answer *answer, void *ctx)
{
    struct claims *claims = ctx;
    struct core *c = claims->core;

    c->is_claiming = false;
    if (answer->err) {
        if (claims->planning.us != 0)
            rows_unplan(claims, NULL);
        else
            claim_undo(claims);
        core_refused(c, answer->err, claims->epoch);
        claims_look(claims);
    } else if (claims->planning.us != 0) {
        core_healthy(c);
        rows_planned(claims, answer->won);
    } else {
        core_healthy(c);
        for (size_t i = 0; i < claims->rows.len; i++)
            row_settle(claims, &claims->rows.v[i], answer->won[i]);
        rows_set_aside(claims);
        claims_look(claims);
        won_begin(claims, answer->won);
    }
    lives_save_soon(claims->lives);
    queue_turn(claims->queue);
    c->hooks->answered(c->ctx);
}
