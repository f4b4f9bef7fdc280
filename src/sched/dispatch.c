// dispatch.c - from due to done: what is claimed, starts, waits, ends, put together.
// SPDX-License-Identifier: Apache-2.0
#include "sched/dispatch.h"

#include "sched/rest.h"
#include "sched/retry.h"

#define STOP_TRIES 5 // then a stop leaves without what the store refuses

static const struct core_hooks hooks;
static void resumed(void *ctx);

void dispatch_init(struct dispatch *d, const struct core *core)
{
    *d = (struct dispatch){.core = *core};
    d->core.hooks = &hooks;
    d->core.ctx = d;
    d->core.tally = &d->tally;
    d->core.room = &d->room;
    groups_init(&d->core.groups);
    tally_init(&d->tally);
    room_init(&d->room);
    rates_init(&d->rates, d->core.loop, d->core.store, &d->room);
    lives_init(&d->lives, &d->core);
    queue_init(&d->queue, &d->core, &d->lives);
    claims_init(&d->claims, &d->core, &d->lives, &d->queue);
    hand_init(&d->hand, &d->claims);
}

void dispatch_done(struct dispatch *d)
{
    loop_defer_cancel(d->core.loop, resumed, d);
    claims_done(&d->claims);
    vec_done(&d->adopted);
    queue_done(&d->queue);
    lives_done(&d->lives);
    rates_done(&d->rates);
    room_done(&d->room);
    tally_done(&d->tally);
    groups_done(&d->core.groups);
    core_done(&d->core);
}

void dispatch_look(struct dispatch *d)
{
    ahead_look(&d->claims.planned);
    claims_look(&d->claims);
}

void dispatch_trouble(struct dispatch *d, const struct err *err)
{
    if (err->code == ERR_STORE)
        core_failing(&d->core, err);
}

// ---- stopping ----

static void idle_check(struct dispatch *d)
{
    if (!d->core.is_stopping || d->core.is_claiming || d->core.is_launching || d->lives.busy > 0 ||
        d->hand.asking > 0 || d->queue.is_starting || !d->on_idle)
        return;
    void (*on_idle)(void *) = d->on_idle;

    d->on_idle = NULL;
    on_idle(d->idle_ctx);
}

void dispatch_stop(struct dispatch *d, void (*on_idle)(void *ctx), void *ctx)
{
    d->core.is_stopping = true;
    d->on_idle = on_idle;
    d->idle_ctx = ctx;
    claims_stop(&d->claims);
    queue_stop(&d->queue);
    idle_check(d);
}

// ---- what the parts tell ----

// Offers the store again what it refused, looks at jobs whose ending it refused, and claims; when
// nothing is due, asks the store for the sake of asking.
static void on_retry(void *ctx)
{
    struct dispatch *d = ctx;
    struct core *c = &d->core;

    if (c->is_stopping && d->stop_tries++ >= STOP_TRIES) {
        lives_give_up(&d->lives);
        idle_check(d);
        return;
    }
    lives_offer(&d->lives);
    queue_retry(&d->queue);
    rest_sweep(c);
    dispatch_look(d);
    if (!c->is_claiming && !c->is_launching)
        claims_mark(&d->claims);
}

static void on_ended(struct entry *entry, void *ctx)
{
    struct dispatch *d = ctx;

    queue_groups(&d->queue);
    queue_turn(&d->queue);
    if (!entry)
        return;
    if (entry->lives->next && entry->sleeping > 0)
        queue_room(&d->queue, entry);
    if (d->queue.is_looking)
        return;
    if (entry->is_waiting || entry->is_relative || !claims_are_set(&d->claims))
        dispatch_look(d);
}

static void on_answered(void *ctx)
{
    struct dispatch *d = ctx;

    rates_look(&d->rates);
    queue_retry(&d->queue); // a start that was refused while others were not
    dispatch_look(d);
    idle_check(d);
}

static void on_waits(struct live *live, void *ctx)
{
    struct dispatch *d = ctx;

    queue_add(&d->queue, live);
}

static void on_born(const struct run *run, void *ctx)
{
    struct dispatch *d = ctx;

    claim_born(&d->claims, run);
}

static const struct core_hooks hooks = {on_retry, on_ended, on_answered, on_waits, on_born};

// ---- what others tell ----

void dispatch_changed(struct dispatch *d, struct entry *entry)
{
    queue_changed(&d->queue, entry);
    queue_room(&d->queue, entry);
    rest_look(&d->core, entry);
}

void dispatch_room(struct dispatch *d)
{
    queue_turn(&d->queue);
}

void dispatch_leave(struct dispatch *d, struct entry *entry)
{
    due_plan_late(d->core.due, entry, entry->slot, WALL_NEVER); // the room they leave is nobody's
    queue_drop(&d->queue, entry);
    lives_leave(entry);
}

void dispatch_thaw(struct dispatch *d)
{
    claims_doubt(&d->claims);
    queue_look(&d->queue);
}

void dispatch_step(struct dispatch *d, int64_t step_us)
{
    claims_step(&d->claims, step_us);
    queue_step(&d->queue, step_us);
}

bool dispatch_cancel(struct dispatch *d, struct entry *entry, int64_t run_id)
{
    struct live *live = entry ? lives_of(entry, run_id) : lives_find(&d->lives, run_id);

    if (!live || live->phase == LIVE_ENDED)
        return false;
    if (live->phase == LIVE_RUNS)
        live_cancel(live, REASON_ASKED,
                    entry ? entry->job->spec->kill_grace_us : JOB_KILL_GRACE_US);
    else
        queue_cancel(&d->queue, live, REASON_ASKED);
    return true;
}

size_t dispatch_cancel_group(struct dispatch *d, struct entry *entry, struct group *group)
{
    VEC_OF(struct live *) lives = {0}; // ending one may take it out of its job's
    size_t count = 0;

    group->is_cancelled = true;
    for (struct live *live = entry ? entry->lives : NULL; live; live = live->next)
        if (live->group == group && live->phase != LIVE_ENDED)
            vec_push(&lives, live);
    for (count = 0; count < lives.len; count++) {
        struct live *live = lives.v[count];

        if (live->phase == LIVE_RUNS)
            live_cancel(live, REASON_ASKED, entry->job->spec->kill_grace_us);
        else
            queue_cancel(&d->queue, live, REASON_ASKED);
    }
    vec_done(&lives);
    return count;
}

// ---- the load ----

// An attempt whose belfry is gone has ended, we do not know how. Its end is recorded as that of any
// other, so until the store has it its job does not end.
static void orphan_load(struct dispatch *d, struct live *live)
{
    struct run_end end = live_verdict(live, RUN_LOST, REASON_RESTART,
                                      "belfry ended while this ran; its outcome is not known");

    live_count(live, COUNT_RUNNING);
    if (live->entry && live_adopt(live)) {
        room_force(&d->room, live->entry->job, core_mono(&d->core), &live->place);
        vec_push(&d->adopted,
                 ((struct run_start){live->run_id, live->attempt, live->started_at, true}));
        return;
    }
    if (live->entry)
        end.try_at = retry_at(live->entry->job, &end, live_deadline(live));
    if (live->entry && live->entry->is_relative && end.try_at.us == 0)
        live->entry->event = end.finished_at;
    list_push(&d->queue.waiting, &live->link);
    live_end(live, &end);
}

void dispatch_load(struct dispatch *d, const struct run *run)
{
    struct live *live = live_new(&d->lives, run, due_find_id(d->core.due, run->job_id));

    if (run->state == RUN_ORPHANED) {
        orphan_load(d, live);
        return;
    }
    live_count(live, live_count_of(run));
    list_push(&d->queue.waiting, &live->link);
}

// An adopted run whose row could not be written is shown as orphaned until its end.
static void adopted_answered(const struct store_answer *answer, void *ctx)
{
    struct dispatch *d = ctx;

    if (answer->err)
        core_refused(&d->core, answer->err, d->core.epoch);
}

static void resumed(void *ctx)
{
    dispatch_look(ctx);
}

// What is due is looked at behind the ends of adopted attempts that are known already: a run that
// ended while nobody was there is in no slot's way.
void dispatch_resume(struct dispatch *d)
{
    rates_begin(&d->rates, d->core.due);
    exec_adopt_end(d->core.exec);
    if (d->adopted.len > 0)
        store_start(d->core.store, d->adopted.v, d->adopted.len, adopted_answered, d);
    vec_done(&d->adopted);
    queue_look(&d->queue);
    rest_sweep(&d->core);
    loop_defer(d->core.loop, resumed, d);
}

// ---- other nodes ----

void dispatch_lose(struct dispatch *d, struct entry *entry)
{
    queue_lose(&d->queue, entry);
    queue_turn(&d->queue); // they have left room
}

void dispatch_take(struct dispatch *d, const struct run *run)
{
    const struct entry *entry = due_find_id(d->core.due, run->job_id);

    if (!entry || !lives_of(entry, run->id))
        dispatch_load(d, run);
}

void dispatch_take_end(struct dispatch *d)
{
    queue_look(&d->queue);
}

void dispatch_end(struct dispatch *d)
{
    d->core.is_stopping = true;
    claims_stop(&d->claims);
    queue_stop(&d->queue);
    lives_end(&d->lives);
}
