// heartbeat.c - what a ping does to the ledger.
// SPDX-License-Identifier: Apache-2.0
#include "sched/heartbeat.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "sched/plan.h"
#include "sched/rest.h"
#include "time/duration.h"

#define LOOK_US (5 * SECOND_US) // between two looks for ends that do not come
#define TRIES 100               // rows of neighbouring microseconds

// Who has a key, and how much it may ping.
struct heart {
    char key[JOB_PING_KEY_SIZE + 1];
    int64_t job_id;
    double tokens;
    mono at;
};

// A run that has begun elsewhere.
struct beating {
    struct list link;
    int64_t job_id, run_id;
    int attempt;
    wall scheduled_at, started_at;
    char rid[HEARTBEAT_RID_MAX + 1];
    struct buf log; // what was told of it so far
};

// A ping on its way through the store; it may outlive the heartbeats.
struct pinging {
    struct list link;
    struct heartbeats *h; // NULL: nobody wants to know any more
    struct run run;
    struct run_end end;
    struct chain *chain; // what begins with it
    char *body;          // owned; the texts of end point into it
    char rid[HEARTBEAT_RID_MAX + 1];
    bool is_start;
    bool is_by_moment; // its row stands for no slot
    int tries;
    heartbeat_done *done;
    void *ctx;
};

static void look(void *ctx);
static void row_claim(struct pinging *p);
static void run_end(struct pinging *p);

static wall now_of(const struct heartbeats *h)
{
    return clock_wall(loop_clock(h->loop));
}

void heartbeats_init(struct heartbeats *h, struct loop *loop, struct store *store, struct due *due,
                     struct events *events, struct run_ids *ids)
{
    *h =
        (struct heartbeats){.loop = loop, .store = store, .due = due, .events = events, .ids = ids};
    map_init(&h->by_key);
    list_init(&h->open);
    list_init(&h->asking);
}

static void beating_free(struct beating *b)
{
    list_remove(&b->link);
    buf_done(&b->log);
    free(b);
}

void heartbeats_done(struct heartbeats *h)
{
    struct heart *heart;
    struct list *link;

    loop_timer_stop(h->loop, &h->timer);
    while ((link = list_pop(&h->asking)))
        list_item(link, struct pinging, link)->h = NULL;
    while (!list_is_empty(&h->open))
        beating_free(list_item(h->open.next, struct beating, link));
    for (size_t at = 0; (heart = map_next(&h->by_key, &at));) {
        map_remove(&h->by_key, str_of(heart->key));
        free(heart);
    }
    map_done(&h->by_key);
}

// ---- who may ping ----

void heartbeats_learn(struct heartbeats *h, const struct job *job)
{
    struct heart *heart;

    if (job->kind != JOB_HEARTBEAT || job->target.len != JOB_PING_KEY_SIZE)
        return;
    heart = map_get(&h->by_key, job->target);
    if (!heart) {
        heart = mem_alloc(sizeof *heart);
        memcpy(heart->key, job->target.p, JOB_PING_KEY_SIZE);
        heart->tokens = HEARTBEAT_BURST;
        heart->at = loop_now(h->loop);
        (void)map_put(&h->by_key, str_of(heart->key), heart);
    }
    heart->job_id = job->id;
}

// The job that has a key now; a key that nobody has any more is forgotten.
static struct entry *entry_of(struct heartbeats *h, struct str key, struct heart **ret_heart)
{
    struct heart *heart = map_get(&h->by_key, key);
    struct entry *entry = heart ? due_find_id(h->due, heart->job_id) : NULL;

    if (entry && entry->job->kind == JOB_HEARTBEAT && str_eq(entry->job->target, key)) {
        *ret_heart = heart;
        return entry;
    }
    if (heart) {
        map_remove(&h->by_key, str_of(heart->key));
        free(heart);
    }
    return NULL;
}

int64_t heartbeats_job(const struct heartbeats *h, struct str key)
{
    const struct heart *heart = map_get(&h->by_key, key);

    return heart ? heart->job_id : 0;
}

static bool may_ping(struct heartbeats *h, struct heart *heart)
{
    mono now = loop_now(h->loop);

    heart->tokens += (double)(now.us - heart->at.us) / SECOND_US * HEARTBEAT_RATE;
    if (heart->tokens > HEARTBEAT_BURST)
        heart->tokens = HEARTBEAT_BURST;
    heart->at = now;
    if (heart->tokens < 1)
        return false;
    heart->tokens -= 1;
    return true;
}

// ---- runs in progress ----

// The run that a ping is about: that of its id, or the latest one.
static struct beating *beating_find(struct heartbeats *h, int64_t job_id, struct str rid)
{
    for (struct list *link = h->open.prev; link != &h->open; link = link->prev) {
        struct beating *b = list_item(link, struct beating, link);

        if (b->job_id == job_id && (rid.len == 0 || str_eq(str_of(b->rid), rid)))
            return b;
    }
    return NULL;
}

static size_t beating_count(const struct heartbeats *h, int64_t job_id)
{
    size_t count = 0;

    for (struct list *link = h->open.next; link != &h->open; link = link->next)
        count += list_item(link, struct beating, link)->job_id == job_id;
    return count;
}

static void beating_add(struct heartbeats *h, const struct run *run, struct str rid)
{
    struct beating *b = mem_alloc(sizeof *b);

    b->job_id = run->job_id;
    b->run_id = run->id;
    b->attempt = run->attempt;
    b->scheduled_at = run->scheduled_at;
    b->started_at = run->started_at;
    memcpy(b->rid, rid.p ? rid.p : "", rid.len < HEARTBEAT_RID_MAX ? rid.len : HEARTBEAT_RID_MAX);
    buf_init(&b->log, HEARTBEAT_BODY_MAX);
    list_push(&h->open, &b->link);
    if (!loop_timer_is_armed(&h->timer))
        loop_timer_set(h->loop, &h->timer, mono_after_us(loop_now(h->loop), LOOK_US), look, h);
}

// ---- a ping on its way ----

static struct pinging *pinging_new(struct heartbeats *h, heartbeat_done *done, void *ctx)
{
    struct pinging *p = mem_alloc(sizeof *p);

    p->h = h;
    p->done = done;
    p->ctx = ctx;
    list_push(&h->asking, &p->link);
    return p;
}

static void pinging_free(struct pinging *p)
{
    chain_free(p->chain);
    free(p->body);
    free(p);
}

static void pinging_end(struct pinging *p, const struct err *err)
{
    list_remove(&p->link);
    if (p->done)
        p->done(err, p->ctx);
    pinging_free(p);
}

// Nobody waits for it any more: its scheduler has ended.
static bool is_forgotten(struct pinging *p)
{
    if (p->h)
        return false;
    pinging_free(p);
    return true;
}

static void log_add(struct buf *log, struct str body)
{
    if (body.len > log->max - log->len)
        body.len = log->max - log->len;
    if (body.len > 0)
        buf_add(log, body);
}

// How it ended, with what was told of it before and now.
static void end_fill(struct pinging *p, const struct ping *ping, struct beating *b)
{
    bool is_good = ping->kind == PING_SUCCESS || (ping->kind == PING_EXIT && ping->exit_code == 0);
    struct buf text;

    buf_init(&text, HEARTBEAT_BODY_MAX);
    if (b)
        log_add(&text, buf_str(&b->log));
    log_add(&text, ping->body);
    p->body = mem_copy(text.p ? text.p : "", text.len);
    p->end = (struct run_end){
        .run_id = p->run.id,
        .attempt = p->run.attempt,
        .state = is_good ? RUN_SUCCEEDED : RUN_FAILED,
        .started_at = p->run.started_at,
        .finished_at = now_of(p->h),
        .exit_code = ping->kind == PING_EXIT ? ping->exit_code : -1,
        .out = {.head = {p->body, text.len}, .total = (int64_t)text.len},
    };
    if (!is_good)
        p->end.message = ping->kind == PING_EXIT ? STR_LIT("it told an exit code that is not 0")
                                                 : STR_LIT("it told that it failed");
    buf_done(&text);
}

// The slot that a ping at this moment is for; WALL_NEVER: none.
static wall slot_of(const struct entry *entry, wall now)
{
    const struct job *job = entry->job;

    if (entry->is_relative || entry->slot.us == WALL_NEVER.us || job->state != JOB_ENABLED)
        return WALL_NEVER;
    wall next = trigger_next(job->trigger, entry->slot);
    int64_t early_us = job_ping_grace_us(job, entry->slot);

    if (next.us != WALL_NEVER.us && (next.us - entry->slot.us) / 2 < early_us)
        early_us = (next.us - entry->slot.us) / 2;
    return entry->slot.us <= now.us + early_us ? entry->slot : WALL_NEVER;
}

// ---- a row is born ----

static void slot_taken(struct heartbeats *h, struct entry *entry, const struct run *run)
{
    if (entry->is_relative || entry->slot.us != run->scheduled_at.us)
        return;
    entry->claimed = run->scheduled_at;
    due_plan(h->due, entry, trigger_next(entry->job->trigger, run->scheduled_at));
}

// The slot has a row: a ping of before a restart, perhaps. So the next one is meant, if it is near;
// or else the moment itself.
static void row_move(struct pinging *p, struct entry *entry)
{
    wall slot = WALL_NEVER;

    if (!entry->is_relative && entry->slot.us == p->run.scheduled_at.us) {
        slot_taken(p->h, entry, &p->run);
        slot = slot_of(entry, p->run.started_at);
    }
    if (slot.us != WALL_NEVER.us)
        p->run.scheduled_at = slot;
    else if (p->is_by_moment)
        p->run.scheduled_at.us++;
    else
        p->run.scheduled_at = p->run.started_at;
    p->is_by_moment = slot.us == WALL_NEVER.us;
}

static void row_claimed(const struct store_answer *answer, void *ctx)
{
    struct pinging *p = ctx;

    if (is_forgotten(p))
        return;
    struct entry *entry = due_find_id(p->h->due, p->run.job_id);

    if (!answer->err && !answer->won[0] && entry && p->tries++ < TRIES) {
        row_move(p, entry);
        row_claim(p);
        return;
    }
    if (answer->err || !answer->won[0]) {
        struct err err;

        if (!answer->err)
            (void)fail(&err, ERR_NOT_FOUND, "key", "the job was deleted before the ping came");
        if (entry) {
            entry->running--;
            plan_again(p->h->due, entry);
        }
        pinging_end(p, answer->err ? answer->err : &err);
        return;
    }
    if (entry) {
        (void)events_add_run(p->h->events, EVENT_RUN_STARTED, &p->run, entry->job->name);
        slot_taken(p->h, entry, &p->run);
    }
    if (p->is_start) {
        beating_add(p->h, &p->run, str_of(p->rid));
        pinging_end(p, NULL);
    } else {
        run_end(p);
    }
}

static void row_claim(struct pinging *p)
{
    // The watermark stays where it is.
    store_claim(p->h->store, &p->run, 1, (wall){0}, row_claimed, p);
}

static void row_begin(struct pinging *p, struct entry *entry, const struct ping *ping)
{
    struct heartbeats *h = p->h;
    wall now = now_of(h), slot = slot_of(entry, now);

    memcpy(p->rid, ping->rid.p ? ping->rid.p : "",
           ping->rid.len < HEARTBEAT_RID_MAX ? ping->rid.len : HEARTBEAT_RID_MAX);
    p->is_start = ping->kind == PING_START;
    p->is_by_moment = slot.us == WALL_NEVER.us;
    p->run = (struct run){
        .id = run_id_next(h->ids, now),
        .job_id = entry->job->id,
        .job_version = entry->job->version,
        .scheduled_at = slot.us != WALL_NEVER.us ? slot : now,
        .origin = RUN_PING,
        .state = RUN_RUNNING,
        .attempt = 1,
        .queued_at = now,
        .started_at = now,
        .exit_code = -1,
        .message = str_of(p->rid), // while it runs: so a restart knows it
    };
    if (!p->is_start)
        end_fill(p, ping, NULL);
    entry->running++;
    plan_again(h->due, entry);
    row_claim(p);
}

// ---- a run ends ----

// What follows has begun with it.
static void born_tell(const struct pinging *p, const struct store_answer *answer)
{
    struct core *c = p->h->core;

    for (size_t i = 0; p->chain && i < answer->born_count; i++)
        for (size_t k = 0; k < answer->born[i].count; k++)
            c->hooks->born(&answer->born[i].runs[k], c->ctx);
}

static void end_saved(const struct store_answer *answer, void *ctx)
{
    struct pinging *p = ctx;

    if (is_forgotten(p))
        return;
    struct entry *entry = due_find_id(p->h->due, p->run.job_id);

    if (entry && !answer->err)
        (void)events_add_end(p->h->events, &p->end, p->run.job_id, entry->job->name,
                             p->run.scheduled_at);
    if (entry) {
        entry->running--;
        plan_ended(p->h->due, entry, p->end.finished_at, now_of(p->h));
        if (p->h->core)
            rest_look(p->h->core, entry);
    }
    born_tell(p, answer);
    pinging_end(p, answer->err);
}

static void run_end(struct pinging *p)
{
    const struct entry *entry = due_find_id(p->h->due, p->run.job_id);
    const struct chain_parent parent = {entry, p->run.id, p->run.scheduled_at};

    if (entry && p->h->core)
        p->chain = chain_make(p->h->core, &parent, &p->end);
    p->end.chain = chain_told(p->chain);
    store_finish(p->h->store, &p->end, 1, end_saved, p);
}

static struct pinging *beating_take(struct pinging *p, struct beating *b, const struct ping *ping)
{
    p->run = (struct run){.id = b->run_id,
                          .job_id = b->job_id,
                          .attempt = b->attempt,
                          .scheduled_at = b->scheduled_at,
                          .started_at = b->started_at};
    end_fill(p, ping, b);
    beating_free(b);
    return p;
}

// ---- what comes ----

static bool ping_check(struct heartbeats *h, const struct entry *entry, struct heart *heart,
                       const struct ping *ping, struct err *e)
{
    if (!entry) {
        (void)fail(e, ERR_NOT_FOUND, "key", "no job has this key");
        return fail_hint(e, "the job's reply shows the path of its pings");
    }
    if (!entry->seat.is_ours)
        return fail(e, ERR_MOVED, "key", "the job \"%.*s\" belongs to another node; ask again",
                    STR(entry->job->name));
    if (!may_ping(h, heart)) {
        (void)fail(e, ERR_RATE, "key", "more than %d pings a second", HEARTBEAT_RATE);
        return fail_hint(e, "try again in a second");
    }
    if (ping->kind == PING_START && beating_count(h, entry->job->id) >= HEARTBEAT_OPEN_MAX)
        return fail(e, ERR_RATE, "key", "%d runs have begun and not ended", HEARTBEAT_OPEN_MAX);
    return true;
}

void heartbeats_ping(struct heartbeats *h, struct str key, const struct ping *ping,
                     heartbeat_done *done, void *ctx)
{
    struct heart *heart = NULL;
    struct entry *entry = entry_of(h, key, &heart);
    struct err err;

    if (!ping_check(h, entry, heart, ping, &err)) {
        done(&err, ctx);
        return;
    }
    struct beating *b =
        ping->kind == PING_START ? NULL : beating_find(h, entry->job->id, ping->rid);

    if (ping->kind == PING_LOG) {
        if (b)
            log_add(&b->log, ping->body);
        done(NULL, ctx);
    } else if (b) {
        run_end(beating_take(pinging_new(h, done, ctx), b, ping));
    } else {
        row_begin(pinging_new(h, done, ctx), entry, ping);
    }
}

static bool is_beating(const struct heartbeats *h, int64_t run_id)
{
    for (struct list *link = h->open.next; link != &h->open; link = link->next)
        if (list_item(link, struct beating, link)->run_id == run_id)
            return true;
    return false;
}

static void adopted(const struct store_answer *answer, void *ctx)
{
    (void)answer; // what could not be taken over ends by its time limit, or with the next restart
    (void)ctx;
}

bool heartbeats_adopt(struct heartbeats *h, const struct run *run)
{
    struct entry *entry = due_find_id(h->due, run->job_id);
    const struct run_start start = {.run_id = run->id,
                                    .attempt = run->attempt,
                                    .started_at = run->started_at,
                                    .is_adopted = true};

    if (!entry || entry->job->kind != JOB_HEARTBEAT)
        return false;
    if (is_beating(h, run->id))
        return true;
    beating_add(h, run, run->message);
    entry->running++;
    store_start(h->store, &start, 1, adopted, NULL);
    return true;
}

// ---- ends that do not come ----

static int64_t limit_of(const struct heartbeats *h, const struct beating *b)
{
    const struct entry *entry = due_find_id(h->due, b->job_id);

    if (!entry || !entry->job->trigger)
        return 0;
    return entry->job->spec->timeout_us > 0 ? entry->job->spec->timeout_us
                                            : job_ping_grace_us(entry->job, b->scheduled_at);
}

static void look(void *ctx)
{
    struct heartbeats *h = ctx;
    const struct ping none = {.kind = PING_FAIL};
    wall now = now_of(h);

    for (struct list *link = h->open.next, *next = link->next; link != &h->open;
         link = next, next = link->next) {
        struct beating *b = list_item(link, struct beating, link);

        if (now.us - b->started_at.us <= limit_of(h, b))
            continue;
        struct pinging *p = beating_take(pinging_new(h, NULL, NULL), b, &none);

        p->end.state = RUN_TIMED_OUT;
        p->end.reason = REASON_NO_PING;
        p->end.message = STR_LIT("it began, but its end was not told in time");
        run_end(p);
    }
    if (!list_is_empty(&h->open))
        loop_timer_set(h->loop, &h->timer, mono_after_us(loop_now(h->loop), LOOK_US), look, h);
}
