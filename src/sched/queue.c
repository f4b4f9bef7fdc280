// queue.c - runs that have a row and wait.
// SPDX-License-Identifier: Apache-2.0
#include "sched/queue.h"

#include <assert.h>

#include "sched/pauses.h"
#include "sched/plan.h"

#define OF(node) ((struct live *)((char *)(node)-offsetof(struct live, at)))
#define STARTS_MAX 1024                          // in one request
#define THAW_US (INT64_C(400) * 86400 * 1000000) // so far the end of a freeze is sought

static void look(struct queue *q, struct live *live);
static void moments_look(void *ctx);
static void starts_send(void *ctx);
static void starts_soon(struct queue *q);
static void turn(void *ctx);

void queue_init(struct queue *q, struct core *core, struct lives *lives)
{
    *q = (struct queue){.core = core, .lives = lives};
    list_init(&q->waiting);
    list_init(&q->ready);
    list_init(&q->starting);
}

static void list_free(struct list *lives)
{
    while (!list_is_empty(lives))
        live_free(list_item(lives->next, struct live, link));
}

void queue_done(struct queue *q)
{
    heap_done(&q->moments); // first: it marks the nodes inside of the lives
    loop_alarm_stop(q->core->loop, &q->alarm);
    loop_timer_stop(q->core->loop, &q->rate_timer);
    loop_defer_cancel(q->core->loop, starts_send, q);
    loop_defer_cancel(q->core->loop, turn, q);
    list_free(&q->waiting);
    list_free(&q->ready);
    list_free(&q->starting);
    vec_done(&q->starts);
}

static size_t list_count(const struct list *lives)
{
    size_t count = 0;

    for (const struct list *link = lives->next; link != lives; link = link->next)
        count++;
    return count;
}

size_t queue_count(const struct queue *q)
{
    return list_count(&q->waiting) + list_count(&q->ready) + list_count(&q->starting);
}

void queue_stop(struct queue *q)
{
    loop_alarm_stop(q->core->loop, &q->alarm);
}

// ---- waiting ----

static void alarm_set(struct queue *q)
{
    const struct heap_node *first = heap_peek(&q->moments);

    if (first && !q->core->is_stopping)
        loop_alarm_set(q->core->loop, &q->alarm, (wall){first->key}, moments_look, q);
    else
        loop_alarm_stop(q->core->loop, &q->alarm);
}

static void moment_forget(struct queue *q, struct live *live)
{
    if (heap_has(&live->at))
        heap_remove(&q->moments, &live->at);
}

// Looks at it again at that moment, or when the time for it is over.
static void wait_until(struct queue *q, struct live *live, wall moment)
{
    wall deadline = live_deadline(live);
    int64_t at = moment.us < deadline.us ? moment.us : deadline.us;

    moment_forget(q, live);
    if (at != WALL_NEVER.us)
        heap_push(&q->moments, &live->at, at);
    alarm_set(q);
}

static void moments_look(void *ctx)
{
    struct queue *q = ctx;
    wall now = core_now(q->core);
    struct heap_node *first;

    while ((first = heap_peek(&q->moments)) && first->key <= now.us) {
        heap_remove(&q->moments, first);
        look(q, OF(first));
    }
    alarm_set(q);
}

// Nothing becomes of it here.
static void forget(struct queue *q, struct live *live)
{
    moment_forget(q, live);
    live_count(live, COUNT_NONE);
    live_free(live);
}

static bool is_ours(const struct live *live)
{
    return !live->entry || live->entry->seat.is_ours;
}

void queue_add(struct queue *q, struct live *live)
{
    if (!is_ours(live)) { // its job has moved meanwhile
        forget(q, live);
        return;
    }
    live->phase = LIVE_WAITS;
    list_push(&q->waiting, &live->link);
    look(q, live);
}

// ---- what becomes of a run that waits ----

static void give_up(struct queue *q, struct live *live, enum run_state state,
                    enum run_reason reason, const char *message)
{
    struct run_end end = live_verdict(live, state, reason, message);

    moment_forget(q, live);
    room_leave(q->core->room, &live->place);
    list_remove(&live->turn);
    live_sleep(live, false);
    live_end(live, &end);
}

void queue_cancel(struct queue *q, struct live *live, enum run_reason reason)
{
    assert(live->phase <= LIVE_STARTS);
    live->cancel = reason;
    if (live->phase != LIVE_STARTS) // otherwise the answer comes first
        give_up(q, live, RUN_CANCELLED, reason,
                live->attempt > 0 ? "cancelled between two attempts"
                                  : "cancelled before it could start");
}

static enum job_overlap overlap_of(const struct live *live)
{
    return live->ask && live->ask->overlap >= 0 ? (enum job_overlap)live->ask->overlap
                                                : live->entry->job->spec->overlap;
}

static bool has_room(const struct live *live)
{
    return live->entry->running < job_instances(live->entry->job) ||
           (overlap_of(live) == OVERLAP_ALLOW && live->entry->job->spec->max_instances == 1);
}

static void wait_for_job(struct queue *q, struct live *live)
{
    live_sleep(live, true);
    wait_until(q, live, WALL_NEVER);
}

// Its moment has come while there is no room: the overlap rule decides. One that waits for room
// already goes on doing so.
static void wait_for_room(struct queue *q, struct live *live)
{
    enum job_overlap overlap = overlap_of(live);
    struct entry *entry = live->entry;
    bool is_replacing = overlap == OVERLAP_CANCEL || overlap == OVERLAP_KILL;

    if (live->count == COUNT_QUEUED) {
        wait_for_job(q, live);
    } else if (is_replacing ||
               (overlap == OVERLAP_QUEUE && entry->queued < entry->job->spec->queue_max)) {
        live_count(live, COUNT_QUEUED);
        live->reason = REASON_OVERLAP;
        wait_for_job(q, live);
        if (is_replacing)
            queue_replace(q, entry, live, overlap == OVERLAP_KILL);
    } else {
        give_up(q, live, RUN_SKIPPED, overlap == OVERLAP_QUEUE ? REASON_QUEUE_FULL : REASON_OVERLAP,
                "the job was still running when its time came");
    }
}

// Those of its job that have begun or are about to, but for what was asked for beside all others.
static int begun_of(const struct entry *entry)
{
    int count = 0;

    for (const struct live *live = entry->lives; live; live = live->next)
        count += live->phase >= LIVE_READY && live->phase <= LIVE_RUNS &&
                 overlap_of(live) != OVERLAP_ALLOW;
    return count;
}

// More runs of the job are in progress than may be: max_instances was lowered between two attempts,
// or belfry ended before the end of one was recorded, which has let the next one start, and now
// both are to be run again. Then they take turns.
static bool is_crowded(const struct live *live)
{
    const struct job *job = live->entry->job;

    return live->entry->running > job_instances(job) && overlap_of(live) != OVERLAP_ALLOW &&
           begun_of(live->entry) >= job_instances(job);
}

static bool is_frozen(struct queue *q, struct live *live, wall now)
{
    struct freeze_mark mark;

    if (live->ask && live->ask->is_forced)
        return false;
    freezes_at(q->core->freezes, live->entry->job->name, now, (wall){now.us + THAW_US}, &mark);
    if (!mark.by)
        return false;
    if (live->attempt == 0 && !live->group)
        give_up(q, live, RUN_SKIPPED, REASON_FREEZE, mark.by->message);
    else
        wait_until(q, live, mark.until);
    return true;
}

// A pause holds what its schedule or a job before it wants, and a backfill; what was asked for by
// itself is not held.
static bool is_paused(const struct live *live)
{
    const struct core *c = live->lives->core;
    const struct job *job = live->entry->job;

    return (live->of.origin < RUN_MANUAL || live->of.origin == RUN_DEPENDENCY || live->group) &&
           (job->state == JOB_PAUSED || pauses_holding(c->pauses, job, core_now(c)));
}

// Whether it may not start on this node, if on any, until a new epoch begins.
static bool is_stuck(const struct entry *entry)
{
    return entry->seat.is_leaving || entry->seat.is_nowhere;
}

static void wait_for_pause(struct queue *q, struct live *live, wall now)
{
    const struct pause *pause = pauses_holding(q->core->pauses, live->entry->job, now);

    live_sleep(live, true);
    wait_until(q, live, pause && pause->until.us > now.us ? pause->until : WALL_NEVER);
}

// Whether it has what it needs beside its job. If not it stands in its line, and is called at the
// end of the turn at the earliest: of all that come together the first in order goes first.
static bool has_place(struct queue *q, struct live *live)
{
    struct core *c = q->core;
    const struct job *job = live->entry->job;
    int64_t order = room_order(job, live->scheduled_at);
    enum run_reason reason;

    if (!room_counts(c->room, job))
        return true;
    if (live->is_called &&
        room_take(c->room, job, order, true, core_mono(c), &live->place, &reason))
        return true;
    room_wait(c->room, job, order, core_mono(c), &live->place);
    wait_until(q, live, WALL_NEVER);
    return false;
}

static void start(struct queue *q, struct live *live)
{
    live_sleep(live, false);
    live_count(live, COUNT_RUNNING);
    if (!has_place(q, live))
        return;
    moment_forget(q, live);
    live->phase = LIVE_READY;
    list_remove(&live->link);
    list_push(&q->ready, &live->link);
    plan_again(q->core->due, live->entry);
    starts_soon(q);
}

// ---- groups ----

// The first of a group that has not begun, when it may begin now. One that is held waits, and with
// it those behind it.
static struct live *turn_next(struct queue *q, struct group *group)
{
    struct freeze_mark mark = {0};
    wall now = core_now(q->core);
    struct live *live;

    if (list_is_empty(&group->waiting) || !group_has_room(group) || q->core->is_stopping)
        return NULL;
    live = list_item(group->waiting.next, struct live, turn);
    if (!live->entry)
        return NULL;
    if (is_stuck(live->entry))
        return NULL;
    if (is_paused(live)) {
        wait_for_pause(q, live, now);
        return NULL;
    }
    if (!live->ask->is_forced)
        freezes_at(q->core->freezes, live->entry->job->name, now, (wall){now.us + THAW_US}, &mark);
    if (!mark.by)
        return live;
    wait_until(q, live, mark.until);
    return NULL;
}

static void turns_begin(struct queue *q, struct group *group)
{
    struct live *live;

    while ((live = turn_next(q, group))) {
        list_remove(&live->turn);
        start(q, live);
    }
}

// It has not begun: it stands behind those that came before it.
static void turn_wait(struct queue *q, struct live *live)
{
    if (!list_has(&live->turn))
        list_push(&live->group->waiting, &live->turn);
    turns_begin(q, live->group);
}

void queue_groups(struct queue *q)
{
    struct group *group;

    for (size_t at = 0; (group = map_next(&q->core->groups.by_id, &at));)
        turns_begin(q, group);
}

static void look_at(struct queue *q, struct live *live)
{
    wall now = core_now(q->core);

    if (!live->entry)
        give_up(q, live, RUN_CANCELLED, REASON_DELETED, "its job was deleted");
    else if (live_deadline(live).us <= now.us)
        give_up(q, live, RUN_TIMED_OUT, REASON_DEADLINE, "took longer than timeout_total in all");
    else if (live->group && live->count != COUNT_RUNNING)
        turn_wait(q, live);
    else if (live->try_at.us > now.us)
        wait_until(q, live, live->try_at);
    else if (is_paused(live))
        wait_for_pause(q, live, now);
    else if (is_stuck(live->entry))
        wait_until(q, live, WALL_NEVER);
    else if (is_frozen(q, live, now))
        return;
    else if (live->count != COUNT_RUNNING && !has_room(live))
        wait_for_room(q, live);
    else if (live->count == COUNT_RUNNING && is_crowded(live))
        wait_for_job(q, live);
    else
        start(q, live);
}

static void look(struct queue *q, struct live *live)
{
    if (q->core->is_stopping)
        return; // the next belfry goes on
    room_leave(q->core->room, &live->place);
    look_at(q, live);
    queue_turn(q);
}

// ---- room ----

static bool is_before(const struct live *a, const struct live *b)
{
    if (a->scheduled_at.us != b->scheduled_at.us)
        return a->scheduled_at.us < b->scheduled_at.us;
    return a->run_id < b->run_id;
}

// The first run by slot that waits for the job, behind another.
static struct live *next_of(const struct entry *entry, const struct live *behind)
{
    struct live *first = NULL;

    for (struct live *live = entry->lives; live; live = live->next)
        if (live->waits_for_job && (!behind || is_before(behind, live)) &&
            (!first || is_before(live, first)))
            first = live;
    return first;
}

void queue_room(struct queue *q, struct entry *entry)
{
    struct live *live = next_of(entry, NULL);

    while (live && !q->core->is_stopping) {
        look(q, live);
        if (live->waits_for_job && !has_room(live) && !is_paused(live))
            return;
        live = next_of(entry, live);
    }
}

static struct live *oldest_running(const struct entry *entry)
{
    struct live *oldest = NULL;

    for (struct live *live = entry->lives; live; live = live->next)
        if (live->count == COUNT_RUNNING && live->cancel == REASON_NONE && !live->group)
            oldest = live;
    return oldest;
}

static int running_on(const struct entry *entry)
{
    int count = 0;

    for (const struct live *live = entry->lives; live; live = live->next)
        count += live->count == COUNT_RUNNING && live->cancel == REASON_NONE && !live->group;
    return count;
}

void queue_replace(struct queue *q, struct entry *entry, const struct live *keep, bool is_at_once)
{
    int64_t grace_us = is_at_once ? 0 : entry->job->spec->kill_grace_us;

    for (struct live *live = entry->lives; live; live = live->next)
        if (live != keep && live->count == COUNT_QUEUED)
            give_up(q, live, RUN_SKIPPED, REASON_REPLACED, "a newer run took its place");
    for (int surplus = running_on(entry) - entry->job->spec->max_instances + 1; surplus > 0;
         surplus--) {
        struct live *live = oldest_running(entry);

        if (live->phase <= LIVE_STARTS)
            queue_cancel(q, live, REASON_REPLACED);
        else
            live_cancel(live, REASON_REPLACED, grace_us);
    }
}

void queue_drop(struct queue *q, struct entry *entry)
{
    for (struct live *live = entry->lives; live; live = live->next)
        if (live->phase <= LIVE_STARTS)
            queue_cancel(q, live, REASON_DELETED);
}

void queue_lose(struct queue *q, struct entry *entry)
{
    for (struct live *live = entry->lives, *next; live; live = next) {
        next = live->next;
        if (live->phase < LIVE_STARTS && !live->is_held)
            forget(q, live);
    }
}

// ---- room beside the job ----

static void ring(void *ctx)
{
    struct queue *q = ctx;

    room_tick(q->core->room, core_mono(q->core));
    turn(q);
}

static void ring_set(struct queue *q)
{
    int64_t at = room_rings_us(q->core->room);

    if (at == INT64_MAX)
        loop_timer_stop(q->core->loop, &q->rate_timer);
    else
        loop_timer_set(q->core->loop, &q->rate_timer, (mono){at}, ring, q);
}

static void turn(void *ctx)
{
    struct queue *q = ctx;
    struct core *c = q->core;
    struct place *place;

    q->will_turn = false;
    while (!c->is_stopping && (place = room_next(c->room, core_mono(c)))) {
        struct live *live = list_item(place, struct live, place);

        live->is_called = true;
        look(q, live);
        live->is_called = false;
    }
    ring_set(q);
}

void queue_turn(struct queue *q)
{
    if (q->will_turn || !room_has_news(q->core->room))
        return;
    q->will_turn = true;
    loop_defer(q->core->loop, turn, q);
}

void queue_changed(struct queue *q, struct entry *entry)
{
    for (struct live *live = entry->lives; live; live = live->next)
        if (live->phase == LIVE_WAITS && live->place.line)
            look(q, live);
}

// ---- what changes for all ----

// A look at one may end others, so what is still to be looked at is in a list of its own.
void queue_look(struct queue *q)
{
    struct list all, *link;

    list_init(&all);
    list_move(&q->waiting, &all);
    q->is_looking = true;
    while ((link = list_pop(&all))) {
        list_push(&q->waiting, link);
        look(q, list_item(link, struct live, link));
    }
    q->is_looking = false;
}

void queue_step(struct queue *q, int64_t step_us)
{
    for (struct list *link = q->waiting.next; link != &q->waiting; link = link->next) {
        struct live *live = list_item(link, struct live, link);

        if (live->attempt > 0 && live->try_at.us != 0)
            live->try_at.us += step_us;
    }
    queue_look(q);
}

// ---- starting ----

static void start_won(struct queue *q, struct live *live)
{
    struct core *c = q->core;
    struct run run = {.id = live->run_id,
                      .job_id = live->job_id,
                      .scheduled_at = live->scheduled_at,
                      .state = RUN_RUNNING,
                      .attempt = ++live->attempt};

    live->try_at = (wall){0};
    live->started_at = live->of.slot = core_now(c); // what it had to wait for is no lateness
    if (!live->entry || live->cancel != REASON_NONE) {
        give_up(q, live, RUN_CANCELLED, live->entry ? live->cancel : REASON_DELETED,
                "cancelled before it could start");
        return;
    }
    c->claimed += live->attempt == 1;
    (void)events_add_run(c->events, EVENT_RUN_STARTED, &run, live->entry->job->name);
    live_begin(live);
}

// They are asked for again, but for those whose job has moved.
static void starts_undo(struct queue *q)
{
    struct list *link;

    while ((link = list_pop(&q->starting))) {
        struct live *live = list_item(link, struct live, link);

        live->phase = LIVE_READY;
        list_push(&q->ready, &live->link);
        if (!is_ours(live))
            forget(q, live);
    }
}

static void starts_answered(const struct store_answer *answer, void *ctx)
{
    struct queue *q = ctx;
    struct list *link;

    q->is_starting = false;
    if (answer->err) {
        starts_undo(q);
        core_refused(q->core, answer->err, q->epoch);
    } else {
        core_healthy(q->core);
    }
    for (size_t i = 0; (link = list_pop(&q->starting)); i++) {
        struct live *live = list_item(link, struct live, link);

        if (answer->won[i]) {
            start_won(q, live);
        } else { // somebody else has ended it
            live_count(live, COUNT_NONE);
            live_free(live);
        }
    }
    queue_turn(q);
    starts_soon(q);
    q->core->hooks->answered(q->core->ctx);
}

static void starts_send(void *ctx)
{
    struct queue *q = ctx;
    wall now = core_now(q->core);

    q->will_start = false;
    if (q->is_starting || q->core->is_stopping || list_is_empty(&q->ready) || core_is_held(q->core))
        return;
    vec_clear(&q->starts);
    while (!list_is_empty(&q->ready) && q->starts.len < STARTS_MAX) {
        struct live *live = list_item(list_pop(&q->ready), struct live, link);

        live->phase = LIVE_STARTS;
        list_push(&q->starting, &live->link);
        vec_push(&q->starts, ((struct run_start){live->run_id, live->attempt + 1, now, false}));
    }
    q->is_starting = true;
    q->epoch = q->core->epoch;
    store_start(q->core->store, q->starts.v, q->starts.len, starts_answered, q);
}

static void starts_soon(struct queue *q)
{
    if (q->will_start || list_is_empty(&q->ready))
        return;
    q->will_start = true;
    loop_defer(q->core->loop, starts_send, q);
}

void queue_retry(struct queue *q)
{
    starts_soon(q);
}
