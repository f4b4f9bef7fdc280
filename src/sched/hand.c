// hand.c - runs that somebody has asked for, beside the schedule.
// SPDX-License-Identifier: Apache-2.0
#include "sched/hand.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "sched/ledger.h"
#include "sched/plan.h"
#include "time/iso8601.h"

#define THAW_US (INT64_C(400) * 86400 * 1000000) // so far the end of a freeze is sought, to tell it
#define TRIES_MAX 100                            // moments that are taken

// One claim of a single row.
struct asking {
    struct hand *hand;
    struct arena *arena; // what was asked
    struct run run;
    struct place place; // what it has taken beside its job
    hand_done *done;
    void *ctx;
    int tries;
};

static void asking_claim(struct asking *asking);

void hand_init(struct hand *hand, struct claims *claims)
{
    *hand = (struct hand){.claims = claims};
}

static void asking_end(struct asking *asking, const struct err *err, int64_t run_id)
{
    struct hand *hand = asking->hand;
    struct core *c = hand->claims->core;

    hand->asking--;
    if (asking->done)
        asking->done(err, run_id, asking->ctx);
    arena_free(asking->arena);
    free(asking);
    c->hooks->answered(c->ctx);
}

static void asking_failed(struct asking *asking, const struct store_answer *answer)
{
    struct core *c = asking->hand->claims->core;
    struct entry *entry = due_find_id(c->due, asking->run.job_id);
    struct err err;

    room_leave(c->room, &asking->place);
    queue_turn(asking->hand->claims->queue);
    if (entry) {
        entry_count(entry, live_count_of(&asking->run), -1);
        plan_again(c->due, entry);
    }
    if (answer->err) {
        err = *answer->err;
        if (err.code == ERR_STORE)
            core_failing(c, answer->err);
    } else {
        (void)fail(&err, ERR_NOT_FOUND, "job_id", "the job was deleted before the run could start");
    }
    asking_end(asking, &err, answer->run_id);
}

static void asking_answered(const struct store_answer *answer, void *ctx)
{
    struct asking *asking = ctx;
    struct claims *claims = asking->hand->claims;
    bool is_there = due_find_id(claims->core->due, asking->run.job_id);

    if (!answer->err && answer->won[0]) {
        claim_begin(claims, &asking->run, &asking->place);
        asking_end(asking, NULL, asking->run.id);
    } else if (!answer->err && is_there && asking->tries++ < TRIES_MAX) {
        asking->run.scheduled_at.us++;
        asking_claim(asking);
    } else {
        asking_failed(asking, answer);
    }
}

static void asking_claim(struct asking *asking)
{
    // The watermark stays where it is: this row is no slot of the trigger.
    store_claim(asking->hand->claims->core->store, &asking->run, 1, (wall){0}, asking_answered,
                asking);
}

// Whether a freeze lets the job be run by hand.
static bool is_thawed(const struct core *c, const struct job *job, struct err *e)
{
    wall now = core_now(c);
    struct freeze_mark mark;
    struct buf until;

    freezes_at(c->freezes, job->name, now, (wall){now.us + THAW_US}, &mark);
    if (!mark.by)
        return true;
    (void)fail(e, ERR_FROZEN, NULL, "%s", mark.by->message);
    buf_init(&until, 100);
    if (mark.until.us != WALL_NEVER.us)
        iso8601_named(mark.until, c->freezes->zone, &until);
    (void)fail_hint(e, "%s%s%srun it with force=true if it must be now",
                    until.len > 0 ? "wait until " : "", buf_text(&until),
                    until.len > 0 ? ", or " : "");
    buf_done(&until);
    return false;
}

static bool is_free(const struct entry *entry, enum job_overlap overlap, struct err *e)
{
    const struct job *job = entry->job;

    if (overlap == OVERLAP_QUEUE && entry->queued >= job->spec->queue_max) {
        (void)fail(e, ERR_CONCURRENCY, NULL, "%d of %d runs of the job are waiting",
                   (int)entry->queued, (int)job->spec->queue_max);
        return fail_hint(e, "wait for one to start, or raise queue_max");
    }
    if (overlap != OVERLAP_SKIP && overlap != OVERLAP_ALLOW)
        return true;
    (void)fail(e, ERR_CONCURRENCY, NULL, "%d of %d runs of the job are in progress",
               (int)entry->running, (int)job->spec->max_instances);
    return fail_hint(e, "wait for it to end, or raise max_instances");
}

// Whether the run starts, or waits and for what; false when it is to be refused.
static bool run_decide(const struct core *c, const struct entry *entry, const struct run_ask *ask,
                       struct run *run, struct err *e)
{
    enum job_overlap overlap =
        ask->overlap >= 0 ? (enum job_overlap)ask->overlap : entry->job->spec->overlap;
    bool has_room = entry->running < job_instances(entry->job) ||
                    (overlap == OVERLAP_ALLOW && entry->job->spec->max_instances == 1);

    if (entry->seat.is_leaving || entry->seat.is_nowhere) {
        run->reason = entry->seat.is_nowhere ? REASON_NO_NODE : REASON_DRAINING;
    } else if (ask->start_at.us > run->queued_at.us) {
        run->reason = REASON_DELAY;
    } else if (has_room) {
        return ask->is_forced || is_thawed(c, entry->job, e);
    } else {
        if (!is_free(entry, overlap, e) || (!ask->is_forced && !is_thawed(c, entry->job, e)))
            return false;
        run->reason = REASON_OVERLAP;
    }
    claim_queue(run, run->reason);
    return true;
}

// Takes what the run needs beside its job; otherwise it waits, unless too many of the job do.
static bool run_place(struct core *c, const struct entry *entry, struct run *run,
                      struct place *place, struct err *e)
{
    enum run_reason reason;

    if (run->state != RUN_RUNNING ||
        room_take(c->room, entry->job, room_order(entry->job, run->queued_at), false, core_mono(c),
                  place, &reason))
        return true;
    claim_queue(run, reason);
    if (entry->running < JOB_QUEUE_MAX)
        return true;
    (void)fail(e, ERR_CONCURRENCY, NULL, "%d runs of the job are in progress or wait for room",
               (int)entry->running);
    return fail_hint(e, "wait for some of them to start, or give the job a max_instances");
}

// A copy of what was asked, as long as it is being asked.
static const struct run_ask *ask_keep(struct asking *asking, const struct run_ask *ask)
{
    struct run_ask *copy = arena_alloc(asking->arena, sizeof *copy);

    *copy = *ask;
    copy->args = arena_copy(asking->arena, ask->args);
    copy->key = arena_copy(asking->arena, ask->key);
    return copy;
}

void hand_run(struct hand *hand, struct entry *entry, const struct hand_ask *ask, hand_done *done,
              void *ctx)
{
    struct core *c = hand->claims->core;
    wall now = core_now(c);
    struct place place = {0};
    struct run run;
    struct err err;

    ledger_run(&c->ids, entry->job, now, &run);
    if (c->is_stopping) {
        (void)fail(&err, ERR_BUSY, NULL, "belfry is stopping");
        done(&err, 0, ctx);
        return;
    }
    if (!run_decide(c, entry, &ask->ask, &run, &err) || !run_place(c, entry, &run, &place, &err)) {
        done(&err, 0, ctx);
        return;
    }
    struct asking *asking = mem_alloc(sizeof *asking);

    run.scheduled_at = now;
    run.origin = ask->origin;
    asking->hand = hand;
    asking->arena = arena_new(512);
    asking->done = done;
    asking->ctx = ctx;
    asking->run = run;
    asking->place = place;
    if (!ask->is_plain)
        asking->run.ask = ask_keep(asking, &ask->ask);
    entry_count(entry, live_count_of(&asking->run), 1);
    plan_again(c->due, entry);
    hand->asking++;
    asking_claim(asking);
}
