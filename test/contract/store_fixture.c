// store_fixture.c - a store under test, and asking it with an answer at once; included by
// store_contract.c.
//
// A kind makes a medium (a file, a piece of memory) on which a store can be opened again and again,
// so that restarts are part of the contract.
// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/loop.h"
#include "base/mem.h"
#include "base/vec.h"
#include "store/store.h"
#include "unit.h"

struct store_kind {
    void *(*medium_new)(void);
    struct store *(*open)(void *medium, struct loop *loop, const struct clock *clock);
    void (*medium_free)(void *medium);
    // As if so many processes had held it since START, a second each. NULL: it is opened so often.
    void (*lives_add)(void *medium, int count);
};

struct fixture {
    const struct store_kind *kind;
    void *medium;
    struct sim_clock clock;
    struct loop *loop;
    struct store *store;
};

#define START ((wall){1800000000000000})
#define SLOT(n) ((wall){START.us + (n)*INT64_C(1000000)})

static int fixture_setup(void **state)
{
    struct fixture *f = mem_alloc(sizeof *f);
    struct err e;

    f->kind = *state;
    f->medium = f->kind->medium_new();
    sim_clock_init(&f->clock, START);
    f->loop = loop_new(&f->clock.base, &e);
    f->store = f->kind->open(f->medium, f->loop, &f->clock.base);
    *state = f;
    return 0;
}

static int fixture_teardown(void **state)
{
    struct fixture *f = *state;

    store_close(f->store);
    loop_free(f->loop);
    f->kind->medium_free(f->medium);
    free(f);
    return 0;
}

static void reopen(struct fixture *f)
{
    store_close(f->store);
    f->store = f->kind->open(f->medium, f->loop, &f->clock.base);
}

// Turns the loop until every request is answered; a store that never answers fails the test.
static void settle(struct fixture *f)
{
    struct store_stats stats;

    for (int i = 0; i < 10000; i++) {
        store_stats(f->store, &stats);
        if (!stats.waiting)
            return;
        loop_turn(f->loop, 10);
    }
    fail_msg("%" PRId64 " requests were never answered", stats.waiting);
}

// ---- asking ----

struct answer {
    bool is_there;
    enum err_code code;
    char message[480];
    int64_t job_id, change_seq, run_id;
    int version;
    bool won[2000];
    size_t won_count;
    size_t gone_count;
    struct store_gone gone; // the first
    int *counter;           // counts answers, when not NULL
    int order;              // what the counter said
};

static void on_answer(const struct store_answer *a, void *ctx)
{
    struct answer *to = ctx;

    assert_false(to->is_there);
    to->is_there = true;
    to->code = a->err ? a->err->code : ERR_NONE;
    if (a->err)
        memcpy(to->message, a->err->message, sizeof to->message);
    to->job_id = a->job_id;
    to->change_seq = a->change_seq;
    to->run_id = a->run_id;
    to->version = a->version;
    to->won_count = a->won_count;
    to->gone_count = a->gone_count;
    if (a->gone_count > 0)
        to->gone = a->gone[0];
    if (a->won_count)
        memcpy(to->won, a->won, a->won_count * sizeof *a->won);
    if (to->counter)
        to->order = (*to->counter)++;
}

static struct job_row row_of(const char *name)
{
    return (struct job_row){
        .name = str_of(name),
        .kind = JOB_FOLDER,
        .trigger = STR_LIT("{\"type\":\"interval\",\"seconds\":5}"),
        .tz = STR_LIT("Europe/Berlin"),
        .spec = STR_LIT("{\"target\":\"x\"}"),
        .effective_from = SLOT(1),
        .created_at = SLOT(2),
        .updated_at = SLOT(3),
    };
}

static struct answer put_row(struct fixture *f, const struct job_row *row, int expect)
{
    static struct answer a;

    a = (struct answer){0};
    store_put_job(f->store, row, expect, on_answer, &a);
    assert_false(a.is_there); // never before the call has returned
    settle(f);
    assert_true(a.is_there);
    return a;
}

static struct answer put(struct fixture *f, const char *name, int expect)
{
    struct job_row row = row_of(name);

    return put_row(f, &row, expect);
}

static int64_t create(struct fixture *f, const char *name)
{
    struct answer a = put(f, name, STORE_CREATE);

    assert_int_equal(a.code, ERR_NONE);
    return a.job_id;
}

static struct answer set_state(struct fixture *f, int64_t id, enum job_state job_state)
{
    static struct answer a;

    a = (struct answer){0};
    store_set_job_state(f->store, id, job_state, false, on_answer, &a);
    assert_false(a.is_there);
    settle(f);
    return a;
}

static struct run run_of(int64_t id, int64_t job_id, int slot)
{
    return (struct run){.id = id,
                        .job_id = job_id,
                        .scheduled_at = SLOT(slot),
                        .origin = RUN_SCHEDULED,
                        .state = RUN_RUNNING,
                        .job_version = 1,
                        .attempt = 1,
                        .queued_at = SLOT(slot)};
}

static struct answer claim(struct fixture *f, const struct run *runs, size_t count, wall watermark)
{
    static struct answer a;

    a = (struct answer){0};
    store_claim(f->store, runs, count, watermark, on_answer, &a);
    assert_false(a.is_there);
    settle(f);
    assert_int_equal(a.won_count, a.code == ERR_NONE ? count : 0);
    return a;
}

static bool claim_one(struct fixture *f, int64_t id, int64_t job_id, int slot)
{
    struct run run = run_of(id, job_id, slot);
    struct answer a = claim(f, &run, 1, SLOT(0));

    assert_int_equal(a.code, ERR_NONE);
    return a.won[0];
}

static struct run_end end_of(int64_t run_id, int attempt)
{
    return (struct run_end){.run_id = run_id,
                            .attempt = attempt,
                            .state = RUN_SUCCEEDED,
                            .started_at = SLOT(100),
                            .finished_at = SLOT(101)};
}

static void finish(struct fixture *f, const struct run_end *ends, size_t count)
{
    struct answer a = {0};

    store_finish(f->store, ends, count, on_answer, &a);
    settle(f);
    assert_true(a.is_there);
    assert_int_equal(a.code, ERR_NONE);
}

// ---- reading ----

struct read_run {
    struct run run;
    char name[JOB_NAME_MAX + 1];
    char message[200];
    char attempts[1000]; // a line each: number, state, start, end, signal, message, output
    char ask[200];       // one line
    struct str out_head, out_tail, err_head, err_tail, result, progress; // owned copies
    struct run_usage usage;
    int64_t out_total, err_total;
};

struct page {
    bool is_there;
    enum err_code code;
    VEC(struct read_run);
};

static struct str copy(struct str s)
{
    return (struct str){mem_copy(s.p ? s.p : "", s.len), s.len};
}

static void ask_print(const struct run_ask *ask, char *text, size_t size)
{
    if (ask)
        snprintf(text, size,
                 "%.*s %.*s %" PRIx64 " %" PRId64 " %" PRId64 " %" PRId64 " %d %d%s%.*s%s",
                 STR(ask->args), STR(ask->key), ask->digest, (ask->slot.us - START.us) / 1000000,
                 (ask->start_at.us - START.us) / 1000000, ask->cause_id, ask->overlap,
                 ask->is_forced, ask->cause.len > 0 ? " " : "", STR(ask->cause),
                 ask->parallel > 0 ? " in parallel" : "");
}

static void attempts_print(const struct store_run *run, char *text, size_t size)
{
    for (size_t i = 0; i < run->attempt_count; i++) {
        const struct run_end *end = &run->attempts[i];
        size_t len = strlen(text);

        snprintf(text + len, size - len,
                 "%d %s %" PRId64 " %" PRId64 " %d %.*s %.*s %.*s %" PRId64 "\n", end->attempt,
                 run_state_name(end->state), (end->started_at.us - START.us) / 1000000,
                 (end->finished_at.us - START.us) / 1000000, end->signal, STR(end->message),
                 STR(end->out.head), STR(end->out.tail), end->out.total);
    }
}

static void on_runs(const struct err *err, const struct store_run *runs, size_t count, void *ctx)
{
    struct page *page = ctx;

    assert_false(page->is_there);
    page->is_there = true;
    page->code = err ? err->code : ERR_NONE;
    for (size_t i = 0; i < count; i++) {
        struct read_run r = {
            .run = runs[i].run, .out_total = runs[i].out.total, .err_total = runs[i].err.total};

        snprintf(r.name, sizeof r.name, "%.*s", STR(runs[i].job_name));
        snprintf(r.message, sizeof r.message, "%.*s", STR(runs[i].run.message));
        ask_print(runs[i].run.ask, r.ask, sizeof r.ask);
        attempts_print(&runs[i], r.attempts, sizeof r.attempts);
        r.out_head = copy(runs[i].out.head);
        r.out_tail = copy(runs[i].out.tail);
        r.err_head = copy(runs[i].err.head);
        r.err_tail = copy(runs[i].err.tail);
        r.result = copy(runs[i].result);
        r.progress = copy(runs[i].progress);
        r.usage = runs[i].usage;
        vec_push(page, r);
    }
}

static void page_done(struct page *page)
{
    for (size_t i = 0; i < page->len; i++) {
        free((char *)page->v[i].out_head.p);
        free((char *)page->v[i].out_tail.p);
        free((char *)page->v[i].err_head.p);
        free((char *)page->v[i].err_tail.p);
        free((char *)page->v[i].result.p);
        free((char *)page->v[i].progress.p);
    }
    vec_done(page);
}

static struct page read_query(struct fixture *f, const struct store_run_query *query)
{
    struct page *on_heap = mem_alloc(sizeof *on_heap), page;

    store_read_runs(f->store, query, on_runs, on_heap);
    assert_false(on_heap->is_there);
    settle(f);
    assert_true(on_heap->is_there);
    page = *on_heap;
    free(on_heap);
    return page;
}

static struct page read_runs(struct fixture *f, int64_t job_id, int64_t before_id, int limit)
{
    const struct store_run_query query = {.job_id = job_id, .before_id = before_id, .limit = limit};

    return read_query(f, &query);
}

static struct page read_run(struct fixture *f, int64_t id)
{
    struct page page = {0};

    store_read_run(f->store, id, on_runs, &page);
    settle(f);
    assert_true(page.is_there);
    assert_int_equal(page.code, ERR_NONE);
    return page;
}

static enum run_state state_of(struct fixture *f, int64_t id)
{
    struct page page = read_run(f, id);
    enum run_state run_state = page.len ? page.v[0].run.state : (enum run_state)0;

    page_done(&page);
    return run_state;
}

// What load tells, as one line of text a job.
struct loaded {
    char text[4000];
    size_t len;
    enum store_last wants;
    struct job_row first;
};

static enum store_last on_job(const struct job_row *row, void *ctx)
{
    struct loaded *l = ctx;

    if (l->len < sizeof l->text - 500)
        l->len += (size_t)snprintf(l->text + l->len, sizeof l->text - l->len,
                                   "%.*s v%d s%d c%" PRId64 " %.*s %.*s %.*s\n", STR(row->name),
                                   row->version, row->state, row->change_seq, STR(row->trigger),
                                   STR(row->tz), STR(row->spec));
    if (!l->first.id)
        l->first = *row;
    return l->wants;
}

static void on_last(int64_t job_id, wall at, void *ctx)
{
    struct loaded *l = ctx;

    l->len +=
        (size_t)snprintf(l->text + l->len, sizeof l->text - l->len,
                         "last %" PRId64 " %" PRId64 "\n", job_id, (at.us - START.us) / 1000000);
}

static void on_slot(int64_t job_id, wall slot, void *ctx)
{
    struct loaded *l = ctx;

    if (l->len >= sizeof l->text - 500)
        return;
    l->len +=
        (size_t)snprintf(l->text + l->len, sizeof l->text - l->len,
                         "slot %" PRId64 " %" PRId64 "\n", job_id, (slot.us - START.us) / 1000000);
}

// As lines of a text of 1,000 bytes.
static void on_calendar(const struct store_calendar *row, void *ctx)
{
    char *text = ctx;
    size_t len = strlen(text);

    snprintf(text + len, 1000 - len, "%d %.*s v%d %.*s %" PRId64 " %" PRId64 "\n", row->kind,
             STR(row->name), row->version, STR(row->body),
             (row->created_at.us - START.us) / 1000000, (row->updated_at.us - START.us) / 1000000);
}

static enum store_last on_job_name(const struct job_row *row, void *ctx)
{
    char *text = ctx;
    size_t len = strlen(text);

    snprintf(text + len, 1000 - len, "job %.*s\n", STR(row->name));
    return STORE_LAST_NONE;
}

// A line for each run that is alive: id, state, attempt, next attempt, what was asked.
static void on_run(const struct run *run, void *ctx)
{
    char *text = ctx, ask[200] = "";
    size_t len = strlen(text);

    ask_print(run->ask, ask, sizeof ask);
    snprintf(text + len, 1000 - len, "%" PRId64 " %s %d %" PRId64 "%s%s\n", run->id,
             run_state_name(run->state), run->attempt,
             run->try_at.us ? (run->try_at.us - START.us) / 1000000 : 0, ask[0] ? " " : "", ask);
}

static enum store_last on_no_job(const struct job_row *row, void *ctx)
{
    (void)row;
    (void)ctx;
    return STORE_LAST_NONE;
}

static struct store_load alive_loaded(struct fixture *f, char text[1000])
{
    struct store_load l = {.on_job = on_no_job, .on_run = on_run, .ctx = text};
    struct err e;

    text[0] = '\0';
    assert_true(store_load(f->store, &l, &e));
    return l;
}

static struct store_load load(struct fixture *f, struct loaded *loaded)
{
    struct store_load l = {.on_job = on_job, .on_last = on_last, .on_slot = on_slot, .ctx = loaded};
    struct err e;

    assert_true(store_load(f->store, &l, &e));
    return l;
}
