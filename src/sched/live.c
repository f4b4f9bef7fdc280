// live.c - runs that are alive: begin their attempts, record their ends.
// SPDX-License-Identifier: Apache-2.0
#include "sched/live.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "sched/plan.h"
#include "sched/rest.h"
#include "sched/retry.h"

#define SAVE_MAX 4096        // ends in one request,
#define SAVE_BYTES (1 << 20) // and about so much output
#define SAVE_SHARED 4        // where nodes share a store: so many for each row of a claim, at most
#define ATTEMPT_KEPT 4096    // bytes of each stream of an attempt that is not the last
#define SAVE_US 100000       // that ends may wait for claims

static void attempt_ended(const struct run_end *end, void *ctx);
static struct run_ask *ask_copy(const struct run_ask *ask);
static void ends_save(void *ctx);

void lives_init(struct lives *lives, struct core *core)
{
    *lives = (struct lives){.core = core};
    slab_init(&lives->all, sizeof(struct live));
    slab_init(&lives->plain, sizeof(struct run_end));
    list_init(&lives->running);
    list_init(&lives->ended);
    list_init(&lives->saving);
    list_init(&lives->refused);
    list_init(&lives->held);
}

static void list_free(struct list *lives)
{
    while (!list_is_empty(lives))
        live_free(list_item(lives->next, struct live, link));
}

void lives_done(struct lives *lives)
{
    loop_defer_cancel(lives->core->loop, ends_save, lives);
    list_free(&lives->running);
    list_free(&lives->ended);
    list_free(&lives->saving);
    list_free(&lives->refused);
    list_free(&lives->held);
    vec_done(&lives->ends);
    slab_done(&lives->all);
    slab_done(&lives->plain);
}

// ---- one run ----

static void entry_join(struct live *live, struct entry *entry)
{
    live->entry = entry;
    if (!entry)
        return;
    live->next = entry->lives;
    if (live->next)
        live->next->before = live;
    entry->lives = live;
}

static void entry_leave(struct live *live)
{
    if (!live->entry)
        return;
    if (live->next)
        live->next->before = live->before;
    if (live->before)
        live->before->next = live->next;
    else
        live->entry->lives = live->next;
    live->entry = NULL;
    live->next = live->before = NULL;
}

void lives_leave(struct entry *entry)
{
    while (entry->lives)
        entry_leave(entry->lives);
}

struct live *lives_of(const struct entry *entry, int64_t run_id)
{
    struct live *live = entry->lives;

    while (live && live->run_id != run_id)
        live = live->next;
    return live;
}

struct live *lives_find(const struct lives *lives, int64_t run_id)
{
    for (struct list *link = lives->running.next; link != &lives->running; link = link->next) {
        struct live *live = list_item(link, struct live, link);

        if (live->run_id == run_id)
            return live;
    }
    return NULL;
}

struct live *live_new(struct lives *lives, const struct run *run, struct entry *entry)
{
    struct live *live = slab_take(&lives->all);

    live->lives = lives;
    live->job_id = run->job_id;
    live->run_id = run->id;
    live->scheduled_at = run->scheduled_at;
    live->queued_at = run->queued_at;
    live->try_at = run->try_at;
    live->attempt = run->attempt;
    live->of = tally_run_of(entry ? entry->job->kind : JOB_FOLDER, run);
    live->reason = run->reason;
    live->started_at = run->started_at;
    live->exit_code = run->exit_code;
    live->signal = run->signal;
    if (run->ask) {
        live->ask = ask_copy(run->ask);
        if (run->state == RUN_QUEUED)
            live->try_at = run->ask->start_at;
    }
    live->group = groups_join(&lives->core->groups, run);
    entry_join(live, entry);
    return live;
}

// Most ends have no texts.
static void end_keep(struct live *live, const struct run_end *end)
{
    if (run_end_size(end) > 0) {
        live->end = run_end_copy(end);
        return;
    }
    live->end = slab_take(&live->lives->plain);
    *live->end = *end;
}

static void end_forget(struct live *live)
{
    if (live->end && run_end_size(live->end) > 0)
        free(live->end);
    else
        slab_give(&live->lives->plain, live->end);
    live->end = NULL;
}

void live_free(struct live *live)
{
    if (live->phase == LIVE_RUNS || live->phase == LIVE_ENDED)
        live->lives->busy--;
    list_remove(&live->link);
    room_leave(live->lives->core->room, &live->place);
    list_remove(&live->turn);
    live_sleep(live, false);
    entry_leave(live);
    group_leave(live->group);
    free(live->ask);
    end_forget(live);
    chain_free(live->chain);
    slab_give(&live->lives->all, live);
}

void live_sleep(struct live *live, bool is_asleep)
{
    if (live->entry)
        live->entry->sleeping += is_asleep - live->waits_for_job;
    live->waits_for_job = is_asleep;
}

enum live_count live_count_of(const struct run *run)
{
    if (run->state != RUN_QUEUED)
        return run_state_is_final(run->state) ? COUNT_NONE : COUNT_RUNNING;
    switch (run->reason) {
    case REASON_OVERLAP:
        return COUNT_QUEUED;
    case REASON_LIMIT:
    case REASON_POOL:
    case REASON_RATE:
        return COUNT_RUNNING;
    default:
        return COUNT_NONE;
    }
}

void entry_count(struct entry *entry, enum live_count as, int32_t n)
{
    if (entry && as == COUNT_QUEUED)
        entry->queued += n;
    else if (entry && as == COUNT_RUNNING)
        entry->running += n;
}

void live_count(struct live *live, enum live_count as)
{
    if (live->group)
        live->group->running += (as == COUNT_RUNNING) - (live->count == COUNT_RUNNING);
    else
        entry_count(live->entry, live->count, -1);
    live->count = as;
    if (!live->group)
        entry_count(live->entry, as, 1);
}

wall live_slot(const struct live *live)
{
    return live->ask && live->ask->slot.us != 0 ? live->ask->slot : live->scheduled_at;
}

wall live_deadline(const struct live *live)
{
    wall from = live->queued_at;

    if (!live->entry)
        return WALL_NEVER;
    if (live->group) { // its wait for its turn takes none of its time
        return live->attempt > 0 ? job_deadline(live->entry->job, live->started_at) : WALL_NEVER;
    }
    if (live->ask && live->ask->start_at.us > from.us)
        from = live->ask->start_at;
    return job_deadline(live->entry->job, from);
}

// ---- attempts ----

// The time limit of an attempt: the job's, or what is left of that of the run.
static int64_t timeout_of(const struct live *live)
{
    int64_t timeout_us = live->entry->job->spec->timeout_us, left_us;
    wall deadline = live_deadline(live);

    if (deadline.us == WALL_NEVER.us)
        return timeout_us;
    left_us = deadline.us - core_now(live->lives->core).us;
    left_us = left_us > 0 ? left_us : 1;
    return timeout_us > 0 && timeout_us < left_us ? timeout_us : left_us;
}

static struct exec_request request_of(const struct live *live)
{
    const struct job *job = live->entry->job;

    return (struct exec_request){
        .run_id = live->run_id,
        .job_name = job->name,
        .kind = job->kind,
        .target = job->target,
        .options = job->spec->options,
        .args = live->ask && live->ask->args.len > 0 ? live->ask->args : job->spec->args,
        .cause = live->ask ? live->ask->cause : (struct str){0},
        .scheduled_at = live_slot(live),
        .attempt = live->attempt,
        .timeout_us = timeout_of(live),
        .kill_grace_us = job->spec->kill_grace_us,
    };
}

static void running_join(struct live *live)
{
    live->phase = LIVE_RUNS;
    list_remove(&live->link);
    list_push(&live->lives->running, &live->link);
    live->lives->busy++;
}

void live_begin(struct live *live)
{
    struct core *c = live->lives->core;

    live->is_held = !store_may_start(c->store);
    if (live->is_held) {
        live->phase = LIVE_READY;
        list_remove(&live->link);
        list_push(&live->lives->held, &live->link);
        return;
    }
    struct exec_request request = request_of(live);

    running_join(live);
    exec_start(c->exec, &request, attempt_ended, live);
}

void lives_begin(struct lives *lives)
{
    while (!list_is_empty(&lives->held) && store_may_start(lives->core->store))
        live_begin(list_item(lives->held.next, struct live, link));
}

void lives_doubt(struct lives *lives)
{
    for (struct list *link = lives->running.next; link != &lives->running; link = link->next) {
        struct live *live = list_item(link, struct live, link);

        if (live->entry && live->entry->job->spec->on_lost == ON_LOST_RERUN &&
            live->cancel != REASON_LEASE)
            live_cancel(live, REASON_LEASE, 0);
    }
}

void lives_end(struct lives *lives)
{
    for (struct list *link = lives->running.next; link != &lives->running; link = link->next) {
        struct live *live = list_item(link, struct live, link);

        live_cancel(live, REASON_LEASE,
                    live->entry ? live->entry->job->spec->kill_grace_us : JOB_KILL_GRACE_US);
    }
}

bool live_adopt(struct live *live)
{
    struct exec_request request = request_of(live);

    if (!exec_adopt(live->lives->core->exec, &request, attempt_ended, live))
        return false;
    running_join(live);
    return true;
}

void live_cancel(struct live *live, enum run_reason reason, int64_t grace_us)
{
    if (live->cancel == REASON_NONE)
        live->cancel = reason;
    exec_cancel(live->lives->core->exec, live->run_id, grace_us);
}

// Of an attempt that is followed by another, the end of what it wrote is kept.
static void stream_cut(struct run_stream *s)
{
    struct str kept = s->tail.len > 0 ? s->tail : s->head;

    s->head = (struct str){0};
    s->tail = kept.len > ATTEMPT_KEPT ? str_cut(kept, kept.len - ATTEMPT_KEPT, kept.len) : kept;
}

// What the executor cannot know: why it was told to end the attempt, and which limit it met.
static void end_amend(const struct live *live, wall deadline, struct run_end *end)
{
    end->run_id = live->run_id;
    end->attempt = live->attempt;
    if (end->state == RUN_CANCELLED && live->cancel != REASON_NONE)
        end->reason = live->cancel;
    if (end->reason == REASON_LEASE)
        end->state = RUN_LOST;
    if (end->state == RUN_TIMED_OUT && end->finished_at.us >= deadline.us)
        end->reason = REASON_DEADLINE;
    if (live->entry && end->reason != REASON_DEADLINE)
        end->try_at = retry_at(live->entry->job, end, deadline);
    if (end->try_at.us == 0)
        return;
    stream_cut(&end->out);
    stream_cut(&end->err);
}

static void attempt_ended(const struct run_end *end, void *ctx)
{
    struct live *live = ctx;
    struct core *c = live->lives->core;
    struct run_end own = *end;

    if (end->state == RUN_RUNNING) { // it goes on without this belfry
        live_count(live, COUNT_NONE);
        live_free(live);
        c->hooks->answered(c->ctx);
        return;
    }
    end_amend(live, live_deadline(live), &own);
    live_end(live, &own);
}

struct run_end live_verdict(const struct live *live, enum run_state state, enum run_reason reason,
                            const char *message)
{
    return (struct run_end){
        .run_id = live->run_id,
        .attempt = live->attempt,
        .state = state,
        .reason = reason,
        .started_at = live->started_at,
        .finished_at = core_now(live->lives->core),
        .exit_code = live->exit_code,
        .signal = live->signal,
        .message = str_of(message),
    };
}

// The job's counts after an end, and the slot of a job whose slots follow them.
static void end_count(struct live *live, const struct run_end *end)
{
    struct entry *entry = live->entry;

    if (end->try_at.us != 0)
        return;
    live_count(live, COUNT_NONE);
    if (!entry)
        return;
    entry->unsaved++;
    if (entry->is_relative)
        plan_ended(live->lives->core->due, entry, end->finished_at, core_now(live->lives->core));
    if (entry->is_waiting || entry->is_relative)
        rest_look(live->lives->core, entry);
}

// What follows the run begins with its end, not with that of an attempt.
static void chain_begin(struct live *live, const struct run_end *end)
{
    const struct chain_parent parent = {live->entry, live->run_id, live_slot(live)};

    if (end->try_at.us != 0 || !live->entry)
        return;
    live->chain = chain_make(live->lives->core, &parent, end);
    live->end->chain = chain_told(live->chain);
}

void live_end(struct live *live, const struct run_end *end)
{
    struct lives *lives = live->lives;
    struct core *c = lives->core;

    room_leave(c->room, &live->place);
    end_keep(live, end);
    chain_begin(live, end);
    tally_end(c->tally, &live->of, live->end, live->entry && end->state != RUN_SKIPPED);
    if (live->phase != LIVE_RUNS)
        lives->busy++;
    live->phase = LIVE_ENDED;
    if (list_is_empty(&lives->ended))
        lives->ended_at = loop_now(c->loop);
    list_remove(&live->link);
    list_push(&lives->ended, &live->link);
    c->finished += end->try_at.us == 0 && end->state != RUN_SKIPPED;
    c->skipped += end->state == RUN_SKIPPED;
    lives_save_soon(lives);
    end_count(live, end);
    c->hooks->ended(live->entry, c->ctx);
}

// ---- copies in one block ----

static struct str text_put(char **at, struct str s)
{
    struct str copy = {*at, s.len};

    if (s.len > 0)
        memcpy(*at, s.p, s.len);
    *at += s.len;
    return copy;
}

static struct run_ask *ask_copy(const struct run_ask *ask)
{
    struct run_ask *copy = mem_alloc(sizeof *copy + ask->args.len + ask->key.len + ask->cause.len);
    char *at = (char *)(copy + 1);

    *copy = *ask;
    copy->args = text_put(&at, ask->args);
    copy->key = text_put(&at, ask->key);
    copy->cause = text_put(&at, ask->cause);
    return copy;
}

// ---- saving ends ----

// While more slots are due, ends wait: they would stand in the store's queue before the next claim.
// Not so when there is no end of slots; then there would be none of ends either.
static bool ends_may_wait(const struct lives *lives)
{
    const struct core *c = lives->core;

    return !c->is_behind &&
           (c->is_launching || (c->is_claiming && due_next(c->due).us <= core_now(c).us)) &&
           loop_now(c->loop).us - lives->ended_at.us < SAVE_US;
}

static void end_tell(const struct live *live)
{
    struct sched_event *event =
        events_add_end(live->lives->core->events, live->end, live->job_id,
                       live->entry ? live->entry->job->name : (struct str){0}, live->scheduled_at);

    if (event && live->end->try_at.us != 0)
        event->type = EVENT_RUN_RETRYING;
    else if (event && live->end->state == RUN_SKIPPED)
        event->type = EVENT_RUN_SKIPPED;
}

// The attempt is history; the run goes on.
static void live_wait(struct live *live)
{
    live->try_at = live->end->try_at;
    live->started_at = live->end->started_at;
    live->exit_code = live->end->exit_code;
    live->signal = live->end->signal;
    live->reason = REASON_RETRY;
    live->cancel = REASON_NONE;
    end_forget(live);
    list_remove(&live->link);
    live->lives->busy--;
    live->phase = LIVE_WAITS;
    live->lives->core->hooks->waits(live, live->lives->core->ctx);
}

static void live_saved(struct live *live)
{
    struct core *c = live->lives->core;
    struct entry *entry = live->entry;

    end_tell(live);
    exec_settled(c->exec, live->run_id);
    if (live->end->try_at.us != 0) {
        live_wait(live);
        return;
    }
    live_free(live);
    if (!entry)
        return;
    entry->unsaved--;
    rest_look(c, entry);
}

static void born_tell(struct core *c, const struct store_answer *answer)
{
    for (size_t i = 0; i < answer->born_count; i++)
        for (size_t k = 0; k < answer->born[i].count; k++)
            c->hooks->born(&answer->born[i].runs[k], c->ctx);
}

static void ends_saved(const struct store_answer *answer, void *ctx)
{
    struct lives *lives = ctx;
    struct core *c = lives->core;

    lives->is_saving = false;
    if (answer->err) {
        c->refused += lives->ends.len;
        list_move(&lives->saving, &lives->refused);
        core_refused(c, answer->err, c->epoch);
    } else {
        core_healthy(c);
        while (!list_is_empty(&lives->saving))
            live_saved(list_item(lives->saving.next, struct live, link));
        born_tell(c, answer);
    }
    lives_save_soon(lives);
    c->hooks->answered(c->ctx);
}

// The next claim may have to wait for them.
static size_t ends_most(const struct core *c)
{
    size_t most = SAVE_SHARED * c->claim_rows;

    return store_has_nodes(c->store) && most > 0 && most < SAVE_MAX ? most : SAVE_MAX;
}

// One request is with the store at a time; what ends meanwhile makes the next one.
static void ends_save(void *ctx)
{
    struct lives *lives = ctx;
    size_t bytes = 0, most = ends_most(lives->core);

    lives->will_save = false;
    if (lives->is_saving || list_is_empty(&lives->ended) || ends_may_wait(lives))
        return;
    vec_clear(&lives->ends);
    while (!list_is_empty(&lives->ended) && lives->ends.len < most && bytes < SAVE_BYTES) {
        struct live *live = list_item(list_pop(&lives->ended), struct live, link);

        bytes += run_end_size(live->end) + chain_size(live->chain);
        list_push(&lives->saving, &live->link);
        vec_push(&lives->ends, *live->end);
    }
    lives->ended_at = loop_now(lives->core->loop);
    lives->is_saving = true;
    store_finish(lives->core->store, lives->ends.v, lives->ends.len, ends_saved, lives);
}

void lives_save_soon(struct lives *lives)
{
    if (lives->will_save || list_is_empty(&lives->ended))
        return;
    lives->will_save = true;
    loop_defer(lives->core->loop, ends_save, lives);
}

void lives_offer(struct lives *lives)
{
    lives->core->refused = 0;
    list_move(&lives->refused, &lives->ended);
    lives_save_soon(lives);
}

void lives_give_up(struct lives *lives)
{
    log_error("runs have ended but cannot be recorded; they will be lost after the next start",
              log_err(&lives->core->failure));
    lives->core->refused = 0;
    list_free(&lives->refused);
}
