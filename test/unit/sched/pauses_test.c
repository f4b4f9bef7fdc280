// pauses_test.c - pauses of tags and of everything: kept, found, ended, forgotten.
// SPDX-License-Identifier: Apache-2.0
#include "sched/pauses.h"

#include "fixture.h"

struct heard {
    int count, changes;
    enum err_code code;
    const struct pause *pause;
};

static void done(const struct err *err, const struct pause *pause, void *ctx)
{
    struct heard *heard = ctx;

    heard->count++;
    heard->code = err ? err->code : ERR_NONE;
    heard->pause = pause;
}

static void changed(const struct pause *pause, void *ctx)
{
    assert_non_null(pause);
    ((struct heard *)ctx)->changes++;
}

static void trouble(const struct err *err, void *ctx)
{
    (void)ctx;
    assert_int_equal(err->code, ERR_STORE);
}

static wall at_s(int64_t s)
{
    return (wall){T0 + s * S};
}

struct bench {
    struct fixture f;
    struct pauses p;
    struct heard heard;
};

static void bench_open(struct bench *b)
{
    *b = (struct bench){0};
    fixture_open(&b->f);
    pauses_init(&b->p, b->f.store);
    b->p.changed = changed;
    b->p.trouble = trouble;
    b->p.ctx = &b->heard;
}

static void bench_close(struct bench *b)
{
    pauses_done(&b->p);
    memory_store_crash(b->f.store);
    fixture_close(&b->f);
}

static void set(struct bench *b, const char *tag, int64_t now_s, int64_t until_s)
{
    int before = b->heard.count;

    pauses_set(&b->p, str_of(tag), STR_LIT("audit"), STR_LIT("api"), at_s(now_s),
               until_s ? at_s(until_s) : WALL_NEVER, done, &b->heard);
    fixture_settle(&b->f);
    assert_int_equal(b->heard.count, before + 1);
}

static void test_holding(void **state)
{
    struct job_spec words = {.tags = STR_LIT("nightly etl")}, none = {0};
    struct job etl = {.spec = &words}, bare = {.spec = &none};
    struct bench b;

    (void)state;
    bench_open(&b);
    assert_null(pauses_holding(NULL, &etl, at_s(0)));
    assert_int_equal(pauses_next(NULL, &etl, at_s(0)).us, WALL_NEVER.us);
    assert_null(pauses_find(&b.p, STR_LIT("etl")));
    set(&b, "etl", 10, 50);
    assert_int_equal(b.heard.changes, 1);
    assert_ptr_equal(b.heard.pause, pauses_find(&b.p, STR_LIT("etl")));
    assert_null(pauses_holding(&b.p, &etl, at_s(9)));
    assert_ptr_equal(pauses_holding(&b.p, &etl, at_s(49)), b.heard.pause);
    assert_null(pauses_holding(&b.p, &etl, at_s(50)));
    assert_null(pauses_holding(&b.p, &bare, at_s(20)));
    assert_int_equal(pauses_next(&b.p, &etl, at_s(0)).us, at_s(10).us);
    assert_int_equal(pauses_next(&b.p, &etl, at_s(10)).us, WALL_NEVER.us);
    assert_int_equal(pauses_next(&b.p, &bare, at_s(0)).us, WALL_NEVER.us);
    set(&b, "", 20, 0);
    assert_int_equal(pauses_holding(&b.p, &bare, at_s(30))->scope, PAUSE_ALL);
    assert_int_equal(pauses_holding(&b.p, &etl, at_s(30))->scope, PAUSE_ALL);
    assert_int_equal(pauses_next(&b.p, &bare, at_s(0)).us, at_s(20).us);
    // Its own pause is told first.
    bare.pause = pause_new(PAUSE_JOB, (struct str){0}, (struct str){0}, STR_LIT("api"), at_s(25),
                           WALL_NEVER);
    assert_ptr_equal(pauses_holding(&b.p, &bare, at_s(30)), bare.pause);
    pause_free(bare.pause);
    assert_int_equal(pauses_ended(&b.p, &etl, at_s(49)).us, 0);
    assert_int_equal(pauses_ended(&b.p, &etl, at_s(50)).us, at_s(50).us);
    assert_int_equal(pauses_ended(NULL, &etl, at_s(50)).us, 0);
    // Another reason and end: it began when it began.
    set(&b, "etl", 30, 90);
    assert_int_equal(b.heard.pause->since.us, at_s(10).us);
    assert_int_equal(b.heard.pause->until.us, at_s(90).us);
    set(&b, "etl", 100, 0); // it was over: a new one
    assert_int_equal(b.heard.pause->since.us, at_s(100).us);
    bench_close(&b);
}

static void test_lift(void **state)
{
    struct job_spec words = {.tags = STR_LIT("etl")};
    struct job etl = {.spec = &words};
    struct bench b;

    (void)state;
    bench_open(&b);
    pauses_lift(&b.p, STR_LIT("etl"), false, at_s(0), done, &b.heard); // there is none: fine
    assert_int_equal(b.heard.count, 1);
    assert_null(b.heard.pause);
    set(&b, "etl", 10, 0);
    pauses_lift(&b.p, STR_LIT("etl"), true, at_s(20), done, &b.heard);
    fixture_settle(&b.f);
    assert_int_equal(b.heard.count, 3);
    assert_int_equal(b.heard.code, ERR_NONE);
    assert_true(b.heard.pause->is_dropping);
    assert_non_null(pauses_holding(&b.p, &etl, at_s(19))); // what fell into it is still known
    assert_null(pauses_holding(&b.p, &etl, at_s(20)));
    // A write that fails changes nothing.
    memory_store_fail(b.f.store, 1);
    set(&b, "etl", 30, 0);
    assert_int_equal(b.heard.code, ERR_STORE);
    assert_null(pauses_holding(&b.p, &etl, at_s(30)));
    bench_close(&b);
}

struct loading {
    struct pauses *p;
    int rows;
};

static void row_seen(const struct store_calendar *row, void *ctx)
{
    struct loading *loading = ctx;

    assert_int_equal(row->kind, STORE_PAUSE);
    pauses_load(loading->p, row);
    loading->rows++;
}

static enum store_last no_job(const struct job_row *row, void *ctx)
{
    (void)row;
    (void)ctx;
    return STORE_LAST_NONE;
}

static int load(struct bench *b, struct pauses *p)
{
    struct loading loading = {p, 0};
    struct store_load ask = {.on_calendar = row_seen, .on_job = no_job, .ctx = &loading};
    struct err e;

    assert_true(store_load(b->f.store, &ask, &e));
    return loading.rows;
}

static void test_load_and_forget(void **state)
{
    const struct store_calendar broken = {
        .kind = STORE_PAUSE, .name = STR_LIT("odd"), .body = STR_LIT("{")};
    struct bench b;
    struct pauses again;

    (void)state;
    bench_open(&b);
    set(&b, "etl", 10, 50);
    set(&b, "", 10, 0);
    set(&b, "a", 10, 20);
    pauses_init(&again, b.f.store);
    assert_int_equal(load(&b, &again), 3);
    pauses_load(&again, &broken);
    assert_int_equal(again.all.len, 3);
    assert_int_equal(pauses_find(&again, STR_LIT(""))->until.us, WALL_NEVER.us);
    assert_string_equal(pauses_find(&again, STR_LIT("etl"))->reason, "audit");
    pauses_forget(&again, at_s(20));
    fixture_settle(&b.f);
    assert_null(pauses_find(&again, STR_LIT("a")));
    assert_non_null(pauses_find(&again, STR_LIT("etl")));
    pauses_done(&again);
    pauses_init(&again, b.f.store);
    assert_int_equal(load(&b, &again), 2);
    pauses_done(&again);
    bench_close(&b);
}

// What another node has left: what differs is in force, what is not there is forgotten.
static void test_sync(void **state)
{
    const struct store_calendar rows[] = {
        {.kind = STORE_PAUSE, .name = STR_LIT("etl"), .body = STR_LIT("{\"since\":10}")},
        {.kind = STORE_PAUSE, .name = STR_LIT("old"), .body = STR_LIT("{\"since\":20}")},
        {.kind = STORE_CALENDAR, .name = STR_LIT("etl"), .body = STR_LIT("{}")},
        {.kind = STORE_PAUSE, .name = STR_LIT("bad"), .body = STR_LIT("{")},
    };
    struct bench b;

    (void)state;
    bench_open(&b);
    pauses_sync(&b.p, rows, 2);
    assert_int_equal(b.heard.changes, 2);
    assert_non_null(pauses_find(&b.p, STR_LIT("old")));
    pauses_sync(&b.p, rows, 2);
    assert_int_equal(b.heard.changes, 2);
    pauses_sync(&b.p, (struct store_calendar[]){rows[0], rows[2], rows[3]}, 3);
    assert_int_equal(b.heard.changes, 2);
    assert_null(pauses_find(&b.p, STR_LIT("old")));
    assert_int_equal(pauses_find(&b.p, STR_LIT("etl"))->since.us, 10);
    assert_int_equal(b.p.all.len, 1);
    bench_close(&b);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sync), cmocka_unit_test(test_holding), cmocka_unit_test(test_lift),
        cmocka_unit_test(test_load_and_forget)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
