// backfill_test.c - past slots of a job: which they are, how many at once, over a restart,
// cancelled.
// SPDX-License-Identifier: Apache-2.0
#include "sched/backfill.h"

#include "fixture.h"
#include "sched/asks.h"

#define EVERY_MINUTE \
    "{\"type\":\"interval\",\"seconds\":60,\"start_date\":\"2025-12-31T00:00:00Z\"}"
#define BEFORE(minutes) ((wall){T0 - (minutes)*60 * S})

struct told {
    int count;
    enum err_code code;
    int64_t id;
    size_t total, ran;
    wall first, last;
};

static void told(const struct err *err, const struct backfill_told *t, void *ctx)
{
    struct told *to = ctx;

    to->count++;
    to->code = err ? err->code : ERR_NONE;
    if (err)
        return;
    to->id = t->id;
    to->total = t->count;
    to->ran = t->ran;
    to->first = t->count > 0 ? t->slots[0] : (wall){0};
    to->last = t->count > 0 ? t->slots[t->count - 1] : (wall){0};
}

static void put_done(const struct err *err, const struct job *job, void *ctx)
{
    (void)ctx;
    assert_null(err);
    assert_non_null(job);
}

struct bench {
    struct fixture f; // first
    struct sched *s;
};

static void sched_open(struct bench *b)
{
    struct err e;
    struct sched_options options = {.loop = b->f.loop,
                                    .store = b->f.store,
                                    .exec = &b->f.exec,
                                    .zones = b->f.zones,
                                    .timezone = STR_LIT("UTC")};

    b->s = sched_new(&options);
    assert_true(sched_start(b->s, &e));
}

static void bench_open(struct bench *b)
{
    fixture_open(&b->f);
    sched_open(b);
    sched_put(b->s, fixture_job(&b->f, "x", EVERY_MINUTE), STORE_CREATE, put_done, NULL);
    fixture_settle(&b->f);
}

static void bench_close(struct bench *b)
{
    sched_free(b->s);
    store_close(b->f.store);
    fixture_close(&b->f);
}

static struct told fill(struct bench *b, const struct backfill_ask *ask)
{
    struct told to = {0};

    backfill(b->s, STR_LIT("x"), ask, told, &to);
    fixture_settle(&b->f);
    assert_int_equal(to.count, 1);
    return to;
}

static void test_which(void **state)
{
    static const struct {
        struct backfill_ask ask;
        enum err_code code;
        size_t total;
        int first, last; // minutes before now
    } rows[] = {
        {{.from = BEFORE(5), .to = BEFORE(2)}, ERR_NONE, 4, 5, 2},
        {{.from = BEFORE(5), .to = BEFORE(2), .is_newest_first = true}, ERR_NONE, 4, 2, 5},
        {{.from = BEFORE(5), .to = BEFORE(-50)}, ERR_NONE, 6, 5, 0}, // what is to come is not
        {{.from = BEFORE(5), .to = BEFORE(0), .newest_max = 2}, ERR_NONE, 2, 1, 0},
        {{.from = {T0 - 90 * S}, .to = {T0 - 61 * S}}, ERR_NONE, 0, 0, 0},
        {{.from = BEFORE(10000), .to = BEFORE(0)}, ERR_NONE, 1441, 1440, 0},
    };
    struct bench b;

    (void)state;
    bench_open(&b);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct backfill_ask ask = rows[i].ask;

        ask.is_dry = true;
        ask.parallel = 1;
        struct told to = fill(&b, &ask);

        print_message("%zu\n", i);
        assert_int_equal(to.code, rows[i].code);
        assert_int_equal(to.total, rows[i].total);
        assert_int_equal(to.id, 0);
        if (to.total > 0) {
            assert_int_equal(to.first.us, BEFORE(rows[i].first).us);
            assert_int_equal(to.last.us, BEFORE(rows[i].last).us);
        }
    }
    assert_int_equal(b.f.started, 0);
    bench_close(&b);
}

static void test_in_turn(void **state)
{
    struct backfill_ask ask = {.from = BEFORE(5), .to = BEFORE(2), .parallel = 2};
    struct bench b;

    (void)state;
    bench_open(&b);
    struct told to = fill(&b, &ask);

    assert_int_equal(to.total, 4);
    assert_true(to.id > 0);
    assert_int_equal(b.f.started, 2);
    assert_int_equal(b.f.runs[0].request.run_id, to.id);
    assert_int_equal(b.f.runs[0].request.scheduled_at.us, BEFORE(5).us);
    assert_int_equal(sched_running(b.s, sched_find(b.s, STR_LIT("x"))), 0); // counted apart
    fixture_end(&b.f, 1, RUN_SUCCEEDED);
    assert_int_equal(b.f.started, 3);
    assert_int_equal(b.f.runs[2].request.scheduled_at.us, BEFORE(3).us);
    // The process dies: what was running is lost, what waits goes on.
    sched_free(b.s);
    memory_store_crash(b.f.store);
    b.f.store = memory_store_open(b.f.loop, b.f.data);
    sched_open(&b);
    fixture_settle(&b.f);
    assert_int_equal(b.f.started, 4);
    assert_int_equal(b.f.runs[3].request.scheduled_at.us, BEFORE(2).us);
    // What has been run is left out, however it ended.
    assert_int_equal(fill(&b, &ask).ran, 4);
    ask.from = BEFORE(6);
    assert_int_equal(fill(&b, &ask).total, 1);
    bench_close(&b);
}

// By dispatch_cancel_group: no other begins meanwhile (queue_groups).
static void test_cancel(void **state)
{
    struct backfill_ask ask = {.from = BEFORE(50), .to = BEFORE(1), .parallel = 3};
    struct bench b;

    (void)state;
    bench_open(&b);
    struct told to = fill(&b, &ask);

    assert_int_equal(b.f.started, 3);
    assert_int_equal(backfill_cancel(b.s, to.id), 50);
    assert_int_equal(b.f.cancelled, 3);
    for (size_t i = 0; i < 3; i++)
        fixture_end(&b.f, i, RUN_CANCELLED);
    assert_int_equal(b.f.started, 3);
    assert_int_equal(backfill_cancel(b.s, to.id), 0);
    bench_close(&b);
}

static void resumed(const struct err *err, const struct job *job, void *ctx)
{
    assert_null(err);
    assert_int_equal(job->state, JOB_ENABLED);
    ++*(int *)ctx;
}

// A pause holds what has not begun; a resumption makes up for its slots when it is asked to.
static void test_pause(void **state)
{
    static const struct {
        enum asks_catch_up catch_up;
        size_t started;
    } rows[] = {{ASKS_CATCH_UP_NONE, 0}, {ASKS_CATCH_UP_ONE, 1}, {ASKS_CATCH_UP_ALL, 5}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct bench b;
        int count = 0;

        bench_open(&b);
        sched_pause(b.s, STR_LIT("x"), true, put_done, NULL);
        fixture_settle(&b.f);
        fixture_pass(&b.f, 270 * S);
        assert_int_equal(b.f.started, 0);
        asks_resume(b.s, STR_LIT("x"), false, rows[i].catch_up, resumed, &count);
        fixture_settle(&b.f);
        assert_int_equal(count, 1);
        for (size_t k = 0; k < b.f.started; k++) {
            assert_int_equal(b.f.runs[k].request.scheduled_at.us % (60 * S), 0);
            fixture_end(&b.f, k, RUN_SUCCEEDED);
        }
        assert_int_equal(b.f.started, rows[i].started);
        bench_close(&b);
    }
}

// The first one sleeps (live_sleep), those behind it wait for it.
static void test_held_by_a_pause(void **state)
{
    struct backfill_ask ask = {.from = BEFORE(5), .to = BEFORE(1), .parallel = 1};
    struct bench b;

    (void)state;
    bench_open(&b);
    sched_pause(b.s, STR_LIT("x"), true, put_done, NULL);
    fixture_settle(&b.f);
    assert_int_equal(fill(&b, &ask).total, 5);
    assert_int_equal(b.f.started, 0);
    sched_pause(b.s, STR_LIT("x"), false, put_done, NULL);
    fixture_settle(&b.f);
    assert_int_equal(b.f.started, 1);
    fixture_end(&b.f, 0, RUN_SUCCEEDED);
    assert_int_equal(b.f.started, 2);
    bench_close(&b);
}

static void test_refusals(void **state)
{
    struct backfill_ask ask = {.from = BEFORE(5), .to = BEFORE(1), .parallel = 1};
    struct told to = {0};
    struct bench b;

    (void)state;
    bench_open(&b);
    backfill(b.s, STR_LIT("nobody"), &ask, told, &to);
    assert_int_equal(to.code, ERR_NOT_FOUND);
    sched_put(b.s, fixture_job(&b.f, "m", "{\"type\":\"manual\"}"), STORE_CREATE, put_done, NULL);
    sched_put(b.s,
              fixture_job(&b.f, "fast",
                          "{\"type\":\"interval\",\"seconds\":1,"
                          "\"start_date\":\"2025-01-01T00:00:00Z\"}"),
              STORE_CREATE, put_done, NULL);
    fixture_settle(&b.f);
    backfill(b.s, STR_LIT("m"), &ask, told, &to);
    assert_int_equal(to.code, ERR_INPUT);
    ask.from = BEFORE(100000);
    backfill(b.s, STR_LIT("fast"), &ask, told, &to);
    assert_int_equal(to.code, ERR_INPUT);
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_which),           cmocka_unit_test(test_in_turn),
        cmocka_unit_test(test_cancel),          cmocka_unit_test(test_pause),
        cmocka_unit_test(test_held_by_a_pause), cmocka_unit_test(test_refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
