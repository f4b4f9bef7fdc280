// dispatch.c - claim, start, finish.
// SPDX-License-Identifier: Apache-2.0
#include "sched/dispatch.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "sched/ledger.h"
#include "sched/plan.h"
#include "sched/policy.h"
#include "time/iso8601.h"

// Smaller claims would have their first runs started sooner and their last ones later: each claim
// is a sync and two hand-overs between threads, and the runs of one take the processors from the
// store while it writes the next.
#define CLAIM_MAX 1024
#define SAVE_MAX 4096        // ends in one request,
#define SAVE_BYTES (1 << 20) // and about so much output
#define SAVE_US 100000       // that ends may wait for claims
#define GATHER_US 20000  // of the loop's time for one claim: after an outage, counting takes long
#define AHEAD_US 20000   // before a slot, its run is prepared
#define RETRY_US 1000000 // between two tries while the store fails
#define TELL_US 60000000 // between two lines of the log about it
#define THAW_US (INT64_C(400) * 86400 * 1000000) // so far the end of a freeze is sought, to tell it
#define STOP_TRIES 5 // then a stop leaves without what the store refuses
#define MESSAGE_LOST "belfry ended while this ran; its outcome is not known"

struct live {
    struct list link; // in lives, ended, saving or unsaved
    struct dispatch *d;
    int64_t job_id, run_id;
    wall scheduled_at;
    struct tally_run of;
    struct run_end *end; // a copy in one block, once the run has ended
};

// One claim of a single row, for dispatch_run.
struct manual {
    struct dispatch *d;
    struct run run;
    dispatch_run_done *done;
    void *ctx;
    int tries;
};

static void claim_answered(const struct store_answer *answer, void *ctx);
static void run_ended(const struct run_end *end, void *ctx);
static void retry(void *ctx);
static void look(void *ctx);
static void runs_expect(void *ctx);
static void ends_save(void *ctx);
static void ends_save_soon(struct dispatch *d);

void dispatch_init(struct dispatch *d, struct loop *loop, struct store *store, struct exec *exec,
                   struct due *due, const struct freezes *freezes)
{
    *d = (struct dispatch){
        .loop = loop,
        .store = store,
        .exec = exec,
        .due = due,
        .freezes = freezes,
        .claim_max = CLAIM_MAX,
    };
    tally_init(&d->tally);
    list_init(&d->lives);
    list_init(&d->ended);
    list_init(&d->saving);
    list_init(&d->unsaved);
}

static void live_free(struct dispatch *d, struct live *live)
{
    list_remove(&live->link);
    d->live_count--;
    free(live->end);
    free(live);
}

static void lives_free(struct dispatch *d, struct list *lives)
{
    while (!list_is_empty(lives))
        live_free(d, list_item(lives->next, struct live, link));
}

void dispatch_done(struct dispatch *d)
{
    loop_alarm_stop(d->loop, &d->ahead);
    loop_alarm_stop(d->loop, &d->alarm);
    loop_timer_stop(d->loop, &d->retry);
    loop_defer_cancel(d->loop, runs_expect, d);
    loop_defer_cancel(d->loop, ends_save, d);
    lives_free(d, &d->lives);
    lives_free(d, &d->ended);
    lives_free(d, &d->saving);
    lives_free(d, &d->unsaved);
    tally_done(&d->tally);
    vec_done(&d->claim);
    vec_done(&d->answered);
    vec_done(&d->ends);
}

static void idle_check(struct dispatch *d)
{
    if (!d->is_stopping || d->is_claiming || d->live_count > 0 || d->manual_count > 0 ||
        !d->on_idle)
        return;
    void (*on_idle)(void *) = d->on_idle;

    d->on_idle = NULL;
    on_idle(d->idle_ctx);
}

void dispatch_stop(struct dispatch *d, void (*on_idle)(void *ctx), void *ctx)
{
    d->is_stopping = true;
    d->on_idle = on_idle;
    d->idle_ctx = ctx;
    loop_alarm_stop(d->loop, &d->ahead);
    loop_alarm_stop(d->loop, &d->alarm);
    idle_check(d);
}

// ---- the store fails and recovers ----

static void failing(struct dispatch *d, const struct err *err)
{
    mono now = loop_now(d->loop);

    if (!d->is_failing && (d->told_at.us == 0 || now.us - d->told_at.us >= TELL_US)) {
        log_error("the store does not accept writes; nothing is started until it does",
                  log_err(err));
        d->is_told = true;
        d->told_at = now;
    }
    if (!d->is_failing && d->events)
        event_say(events_add(d->events, EVENT_SCHED_FAILING), str_of(err->message));
    d->is_failing = true;
    d->failure = *err;
    if (!loop_timer_is_armed(&d->retry))
        loop_timer_set(d->loop, &d->retry, mono_after_us(now, RETRY_US), retry, d);
}

// The store has accepted a write. It is not well yet while it refuses another.
static void healthy(struct dispatch *d)
{
    if (!d->is_failing || !list_is_empty(&d->unsaved))
        return;
    if (d->is_told)
        log_info("the store accepts writes again");
    if (d->events)
        (void)events_add(d->events, EVENT_SCHED_HEALTHY);
    loop_timer_stop(d->loop, &d->retry);
    d->is_failing = d->is_told = false;
    d->failure = (struct err){0};
}

void dispatch_trouble(struct dispatch *d, const struct err *err)
{
    if (err->code == ERR_STORE)
        failing(d, err);
}

static void probe_answered(const struct store_answer *answer, void *ctx)
{
    struct dispatch *d = ctx;

    if (answer->err)
        failing(d, answer->err);
    else
        healthy(d);
    dispatch_look(d);
}

// ---- claiming ----

static void claim_add(struct dispatch *d, struct entry *entry, const struct verdict *v, wall now)
{
    vec_reserve(&d->claim, d->claim.len + LEDGER_ROWS_MAX);
    struct run *rows = d->claim.v + d->claim.len;

    d->claim.len += ledger_rows(&d->ids, entry->job, v, now, rows);
    entry->running += rows->state == RUN_RUNNING;
}

// Moves due entries into the claim until nothing is due, the claim is full, or others should have
// their turn.
static void claim_gather(struct dispatch *d, wall now)
{
    const struct clock *clock = loop_clock(d->loop);
    mono until = mono_after_us(clock_mono(clock), GATHER_US);

    vec_clear(&d->claim);
    while (d->claim.len < d->claim_max && (d->claim.len == 0 || clock_mono(clock).us < until.us)) {
        struct entry *entry = due_pop(d->due, now);
        struct verdict v;

        if (!entry)
            return;
        const struct situation situation = {entry->job,     {d->freezes, d->pauses},
                                            entry->slot,    now,
                                            entry->running, entry->spread_from};

        policy_decide(&situation, &v);
        entry->spread_from = v.spread_from;
        if (v.kind == VERDICT_WAIT && v.not_before.us == 0) {
            due_hold(d->due, entry);
            continue;
        }
        if (v.kind != VERDICT_WAIT)
            claim_add(d, entry, &v, now);
        due_plan_late(d->due, entry, v.next, v.not_before);
    }
}

// While the store writes the claim, the executor may prepare its runs. Deferred, so that the
// store's thread has been rung before.
static void runs_expect(void *ctx)
{
    struct dispatch *d = ctx;

    for (size_t i = 0; d->is_claiming && i < d->claim.len; i++) {
        const struct run *run = &d->claim.v[i];
        const struct entry *entry = due_find_id(d->due, run->job_id);

        if (entry && run->state == RUN_RUNNING)
            exec_expect(d->exec, entry->job->kind, entry->job->target);
    }
}

static void entry_expect(const struct entry *entry, void *ctx)
{
    struct dispatch *d = ctx;

    exec_expect(d->exec, entry->job->kind, entry->job->target);
}

// Shortly before slots are due, while there is nothing else to do.
static void look_ahead(void *ctx)
{
    struct dispatch *d = ctx;
    wall until = {clock_wall(loop_clock(d->loop)).us + AHEAD_US + 1000};

    due_soon(d->due, until, 2 * CLAIM_MAX, entry_expect, d);
}

static void alarms_set(struct dispatch *d, wall now, wall next)
{
    loop_alarm_stop(d->loop, &d->ahead);
    if (next.us == WALL_NEVER.us) {
        loop_alarm_stop(d->loop, &d->alarm);
        return;
    }
    loop_alarm_set(d->loop, &d->alarm, next, look, d);
    if (next.us - now.us > AHEAD_US)
        loop_alarm_set(d->loop, &d->ahead, (wall){next.us - AHEAD_US}, look_ahead, d);
}

void dispatch_look(struct dispatch *d)
{
    if (d->is_claiming || d->is_stopping || loop_timer_is_armed(&d->retry))
        return;
    wall now = clock_wall(loop_clock(d->loop));
    wall next = due_next(d->due);

    if (next.us > now.us) {
        if (d->due->is_set_back)
            store_claim(d->store, NULL, 0, due_mark(d->due, now), probe_answered, d);
        alarms_set(d, now, next);
        return;
    }
    claim_gather(d, now);
    if (d->claim.len == 0) {
        dispatch_look(d);
        return;
    }
    d->is_claiming = true;
    store_claim(d->store, d->claim.v, d->claim.len, due_mark(d->due, now), claim_answered, d);
    loop_defer(d->loop, runs_expect, d);
}

static void look(void *ctx)
{
    dispatch_look(ctx);
}

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

// The slots of a failed claim are due again. Backwards, so that an entry with several rows ends at
// its first.
static void claim_undo(struct dispatch *d)
{
    for (size_t i = d->claim.len; i-- > 0;) {
        const struct run *run = &d->claim.v[i];
        wall first = run->missed > 0 ? run->missed_from : run->scheduled_at;
        struct entry *entry = due_find_id(d->due, run->job_id);

        if (!entry)
            continue;
        if (run->state == RUN_RUNNING)
            entry->running--;
        if (entry->is_relative)
            plan_again(d->due, entry);
        else if (first.us < entry->slot.us && slot_is_due(entry, first))
            due_plan(d->due, entry, first);
    }
}

// The store has a copy of its own; what counts from here is when a delay after a skip begins.
void dispatch_step(struct dispatch *d, int64_t step_us)
{
    for (size_t i = 0; d->is_claiming && i < d->claim.len; i++)
        if (d->claim.v[i].state == RUN_SKIPPED)
            d->claim.v[i].finished_at.us += step_us;
}

static void run_start(struct dispatch *d, const struct run *run, const struct job *job)
{
    struct live *live = mem_alloc(sizeof *live);
    struct exec_request request = {
        .run_id = run->id,
        .job_name = job->name,
        .kind = job->kind,
        .target = job->target,
        .args = job->args,
        .options = job->options,
        .scheduled_at = run->scheduled_at,
        .attempt = run->attempt,
        .timeout_us = job->timeout_us,
        .kill_grace_us = 5000000,
    };

    live->d = d;
    live->job_id = run->job_id;
    live->run_id = run->id;
    live->scheduled_at = run->scheduled_at;
    live->of = tally_run_of(job->kind, run);
    list_push(&d->lives, &live->link);
    d->live_count++;
    (void)events_add_run(d->events, EVENT_RUN_STARTED, run, job->name);
    exec_start(d->exec, &request, run_ended, live);
}

static void claim_tell(struct dispatch *d, const struct run *run, const struct job *job)
{
    tally_row(&d->tally, job->kind, run);
    if (run->missed > 0)
        (void)events_add_run(d->events, EVENT_RUN_MISSED, run, job->name);
    if (run->state == RUN_SKIPPED)
        (void)events_add_run(d->events, EVENT_RUN_SKIPPED, run, job->name);
}

// What became of a row: everything but the start of its run.
static void claim_settle(struct dispatch *d, const struct run *run, bool won)
{
    struct entry *entry = due_find_id(d->due, run->job_id);

    if (entry && (won || run->scheduled_at.us > entry->claimed.us))
        entry->claimed = run->scheduled_at;
    if (won)
        d->missed += run->missed;
    if (won && entry)
        claim_tell(d, run, entry->job);
    if (won && run->state == RUN_SKIPPED)
        d->skipped++;
    if (!won && entry && run->state == RUN_RUNNING)
        entry->running--;
    if (entry) {
        plan_claimed(d->due, entry, run, won);
        dispatch_rest(d, entry);
    }
}

// The rows of the claim make room for those of the next one.
static void claim_set_aside(struct dispatch *d)
{
    struct claim_rows rows = d->claim;

    d->claim = d->answered;
    d->answered = rows;
}

static void won_start(struct dispatch *d, const bool *won)
{
    for (size_t i = 0; i < d->answered.len; i++) {
        const struct run *run = &d->answered.v[i];
        const struct entry *entry = due_find_id(d->due, run->job_id);

        if (!won[i] || run->state != RUN_RUNNING || !entry)
            continue;
        d->claimed++;
        run_start(d, run, entry->job);
    }
}

// First the next claim, then the starts of this one: the store writes that while these start.
static void claim_answered(const struct store_answer *answer, void *ctx)
{
    struct dispatch *d = ctx;

    d->is_claiming = false;
    if (answer->err) {
        claim_undo(d);
        failing(d, answer->err);
        dispatch_look(d);
    } else {
        healthy(d);
        for (size_t i = 0; i < d->claim.len; i++)
            claim_settle(d, &d->claim.v[i], answer->won[i]);
        claim_set_aside(d);
        dispatch_look(d);
        won_start(d, answer->won);
    }
    ends_save_soon(d);
    idle_check(d);
}

// ---- the job of a single date ends when its last run has; others stay ----

struct ending {
    struct dispatch *d;
    int64_t job_id;
};

static void job_ended(const struct store_answer *answer, void *ctx)
{
    struct ending *ending = ctx;
    struct dispatch *d = ending->d;
    struct entry *entry = due_find_id(d->due, ending->job_id);

    free(ending);
    if (!entry)
        return;
    entry->is_ending = false;
    if (answer->err && answer->err->code == ERR_STORE)
        failing(d, answer->err);
    else if (entry->slot.us == WALL_NEVER.us && entry->running == 0 && entry->unsaved == 0) {
        (void)events_add_job(d->events, EVENT_JOB_ENDED, entry->job);
        tally_job_forget(&d->tally, entry->job->id);
        due_remove(d->due, entry);
    }
}

// A definition on its way to the store may give the job a slot again: ending waits for the answer.
// And for the ends of its runs: when the job is gone, its history is whole.
void dispatch_rest(struct dispatch *d, struct entry *entry)
{
    if (entry->is_waiting && entry->running < entry->job->max_instances) {
        due_plan(d->due, entry, entry->slot);
        return;
    }
    if (entry->slot.us != WALL_NEVER.us || entry->running > 0 || entry->unsaved > 0 ||
        entry->is_ending || entry->writes > 0)
        return;
    if (entry->job->state > JOB_PAUSED || !entry->job->trigger ||
        !trigger_is_once(entry->job->trigger))
        return;
    struct ending *ending = mem_alloc(sizeof *ending);

    ending->d = d;
    ending->job_id = entry->job->id;
    entry->is_ending = true;
    store_set_job_state(d->store, entry->job->id, JOB_ENDED, job_ended, ending);
}

// ---- finishing ----

// While more slots are due, ends wait: they would stand in the store's queue before the next claim.
static bool ends_may_wait(const struct dispatch *d)
{
    wall now = clock_wall(loop_clock(d->loop));

    return d->is_claiming && due_next(d->due).us <= now.us &&
           loop_now(d->loop).us - d->ended_at.us < SAVE_US;
}

static void live_saved(struct dispatch *d, struct live *live)
{
    struct entry *entry = due_find_id(d->due, live->job_id);

    (void)events_add_end(d->events, live->end, live->job_id,
                         entry ? entry->job->name : (struct str){0}, live->scheduled_at);
    live_free(d, live);
    if (!entry)
        return;
    entry->unsaved--;
    dispatch_rest(d, entry);
}

static void ends_saved(const struct store_answer *answer, void *ctx)
{
    struct dispatch *d = ctx;

    d->is_saving = false;
    if (answer->err) {
        list_move(&d->saving, &d->unsaved);
        failing(d, answer->err);
    } else {
        healthy(d);
        while (!list_is_empty(&d->saving))
            live_saved(d, list_item(d->saving.next, struct live, link));
    }
    ends_save_soon(d);
    dispatch_look(d);
    idle_check(d);
}

// One request is with the store at a time; what ends meanwhile makes the next one.
static void ends_save(void *ctx)
{
    struct dispatch *d = ctx;
    size_t bytes = 0;

    d->will_save = false;
    if (d->is_saving || list_is_empty(&d->ended) || ends_may_wait(d))
        return;
    vec_clear(&d->ends);
    while (!list_is_empty(&d->ended) && d->ends.len < SAVE_MAX && bytes < SAVE_BYTES) {
        struct live *live = list_item(list_pop(&d->ended), struct live, link);

        bytes += run_end_size(live->end);
        list_push(&d->saving, &live->link);
        vec_push(&d->ends, *live->end);
    }
    d->ended_at = loop_now(d->loop);
    d->is_saving = true;
    store_finish(d->store, d->ends.v, d->ends.len, ends_saved, d);
}

static void ends_save_soon(struct dispatch *d)
{
    if (d->will_save || list_is_empty(&d->ended))
        return;
    d->will_save = true;
    loop_defer(d->loop, ends_save, d);
}

static void run_ended(const struct run_end *end, void *ctx)
{
    struct live *live = ctx;
    struct dispatch *d = live->d;
    struct entry *entry = due_find_id(d->due, live->job_id);

    d->finished++;
    live->end = run_end_copy(end);
    live->end->run_id = live->run_id;
    tally_end(&d->tally, &live->of, live->end, entry);
    if (list_is_empty(&d->ended))
        d->ended_at = loop_now(d->loop);
    list_remove(&live->link);
    list_push(&d->ended, &live->link);
    ends_save_soon(d);
    if (!entry)
        return;
    entry->running--;
    entry->unsaved++;
    plan_ended(d->due, entry, end->finished_at);
    if (!entry->is_waiting && !entry->is_relative)
        return;
    dispatch_rest(d, entry);
    dispatch_look(d);
}

// Its end is recorded as that of any other run, so until the store has it its job does not end.
void dispatch_lose(struct dispatch *d, const struct run *run)
{
    struct live *live = mem_alloc(sizeof *live);
    struct entry *entry = due_find_id(d->due, run->job_id);
    struct run_end end = {
        .run_id = run->id,
        .attempt = run->attempt,
        .state = RUN_LOST,
        .reason = REASON_RESTART,
        .started_at = run->started_at,
        .finished_at = clock_wall(loop_clock(d->loop)),
        .exit_code = -1,
        .message = STR_LIT(MESSAGE_LOST),
    };

    live->d = d;
    live->job_id = run->job_id;
    live->run_id = run->id;
    live->end = run_end_copy(&end);
    live->of = tally_run_of(entry ? entry->job->kind : JOB_FOLDER, run);
    tally_end(&d->tally, &live->of, live->end, entry);
    list_push(&d->ended, &live->link);
    d->live_count++;
    ends_save_soon(d);
    if (!entry)
        return;
    entry->unsaved++;
    if (entry->is_relative)
        entry->event = end.finished_at;
}

void dispatch_sweep(struct dispatch *d)
{
    struct entry *entry;

    for (size_t at = 0; (entry = map_next(&d->due->by_id, &at));)
        dispatch_rest(d, entry);
}

// A stop does not wait for ever for a store that refuses.
static void unsaved_forget(struct dispatch *d)
{
    log_error("runs have ended but cannot be recorded; they will be lost after the next start",
              log_err(&d->failure));
    lives_free(d, &d->unsaved);
    idle_check(d);
}

// Offers the store again what it refused, looks at jobs whose ending it refused, and claims; when
// nothing is due, asks the store for the sake of asking.
static void retry(void *ctx)
{
    struct dispatch *d = ctx;

    if (d->is_stopping && d->stop_tries++ >= STOP_TRIES) {
        unsaved_forget(d);
        return;
    }
    list_move(&d->unsaved, &d->ended);
    ends_save_soon(d);
    dispatch_sweep(d);
    dispatch_look(d);
    if (!d->is_claiming)
        store_claim(d->store, NULL, 0, due_mark(d->due, clock_wall(loop_clock(d->loop))),
                    probe_answered, d);
}

// ---- runs by hand ----

static void manual_claim(struct manual *manual);

static void manual_end(struct manual *manual, const struct err *err)
{
    struct dispatch *d = manual->d;

    d->manual_count--;
    if (manual->done)
        manual->done(err, manual->run.id, manual->ctx);
    free(manual);
    idle_check(d);
}

static void manual_answered(const struct store_answer *answer, void *ctx)
{
    struct manual *manual = ctx;
    struct dispatch *d = manual->d;
    struct entry *entry = due_find_id(d->due, manual->run.job_id);
    struct err err;

    if (!answer->err && answer->won[0] && entry) {
        d->claimed++;
        run_start(d, &manual->run, entry->job);
        manual_end(manual, NULL);
        return;
    }
    // A slot of that very microsecond has a row: take the next one.
    if (!answer->err && entry && manual->tries++ < 100) {
        manual->run.scheduled_at.us++;
        manual_claim(manual);
        return;
    }
    if (entry) {
        entry->running--;
        plan_again(d->due, entry);
    }
    if (answer->err) {
        err = *answer->err;
        dispatch_trouble(d, answer->err);
    } else {
        (void)fail(&err, ERR_NOT_FOUND, "job_id", "the job was deleted before the run could start");
    }
    manual_end(manual, &err);
}

static void manual_claim(struct manual *manual)
{
    // The watermark stays where it is: this row is no slot of the trigger.
    store_claim(manual->d->store, &manual->run, 1, (wall){0}, manual_answered, manual);
}

// Whether a freeze lets the job be run by hand.
static bool is_thawed(const struct dispatch *d, const struct job *job, struct err *e)
{
    wall now = clock_wall(loop_clock(d->loop));
    struct freeze_mark mark;
    struct buf until;

    freezes_at(d->freezes, job->name, now, (wall){now.us + THAW_US}, &mark);
    if (!mark.by)
        return true;
    (void)fail(e, ERR_FROZEN, NULL, "%s", mark.by->message);
    buf_init(&until, 100);
    if (mark.until.us != WALL_NEVER.us)
        iso8601_named(mark.until, d->freezes->zone, &until);
    (void)fail_hint(e, "%s%s%srun it with force=true if it must be now",
                    until.len > 0 ? "wait until " : "", buf_text(&until),
                    until.len > 0 ? ", or " : "");
    buf_done(&until);
    return false;
}

void dispatch_run(struct dispatch *d, struct entry *entry, bool is_forced, dispatch_run_done *done,
                  void *ctx)
{
    struct err err;

    if (d->is_stopping) {
        (void)fail(&err, ERR_BUSY, NULL, "belfry is stopping");
        done(&err, 0, ctx);
        return;
    }
    if (entry->running >= entry->job->max_instances) {
        (void)fail(&err, ERR_CONCURRENCY, NULL, "%d of %d runs of the job are in progress",
                   (int)entry->running, (int)entry->job->max_instances);
        (void)fail_hint(&err, "wait for it to end, or raise max_instances");
        done(&err, 0, ctx);
        return;
    }
    if (!is_forced && !is_thawed(d, entry->job, &err)) {
        done(&err, 0, ctx);
        return;
    }
    struct manual *manual = mem_alloc(sizeof *manual);
    wall now = clock_wall(loop_clock(d->loop));

    manual->d = d;
    manual->done = done;
    manual->ctx = ctx;
    ledger_run(&d->ids, entry->job, now, &manual->run);
    manual->run.scheduled_at = now;
    manual->run.origin = RUN_MANUAL;
    entry->running++;
    plan_again(d->due, entry);
    d->manual_count++;
    manual_claim(manual);
}
