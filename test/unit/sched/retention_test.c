// retention_test.c - which rows go, and when.
// SPDX-License-Identifier: Apache-2.0
#include "sched/retention.h"

#include "fixture.h"

struct world {
    struct fixture f;
    struct sched *sched;
};

static void world_open(struct world *w, int64_t keep_age_us, int64_t keep_total)
{
    struct err e;

    fixture_open(&w->f);
    const struct sched_options options = {.loop = w->f.loop,
                                          .store = w->f.store,
                                          .exec = &w->f.exec,
                                          .zones = w->f.zones,
                                          .timezone = STR_LIT("UTC"),
                                          .keep_age_us = keep_age_us,
                                          .keep_total = keep_total};

    w->sched = sched_new(&options);
    assert_true(sched_start(w->sched, &e));
}

static void world_close(struct world *w)
{
    sched_free(w->sched);
    store_close(w->f.store);
    fixture_close(&w->f);
}

static void put(struct world *w, const char *name, int keep)
{
    struct job *job = fixture_job(&w->f, name, EVERY_10);

    job_edit(job)->keep = keep;
    sched_put(w->sched, job, STORE_ANY, NULL, NULL);
    fixture_settle(&w->f);
}

static void rows_count(const struct err *err, const struct store_run *runs, size_t count, void *ctx)
{
    (void)runs;
    assert_null(err);
    *(size_t *)ctx = count;
}

static size_t rows(struct world *w, int64_t job_id)
{
    const struct store_find all = {.job_id = job_id, .to = WALL_NEVER, .limit = 1000};
    size_t count = 0;

    store_find_runs(w->f.store, &all, rows_count, &count);
    fixture_settle(&w->f);
    return count;
}

static int64_t removed(const struct world *w)
{
    struct sched_stats stats;

    sched_stats(w->sched, &stats);
    return stats.removed;
}

// The first run goes on for ever: each other slot is a row that says so.
static void test_a_busy_job_is_looked_at_soon(void **state)
{
    struct world w;

    (void)state;
    world_open(&w, 0, 0);
    put(&w, "a", 10);
    fixture_pass(&w.f, 59 * S);
    assert_int_equal(rows(&w, 1), 5);
    fixture_pass(&w.f, 961 * S); // 102 rows: 100 and a tenth of ten are new when it is looked at
    assert_int_equal(rows(&w, 1), 102);
    fixture_pass(&w.f, 20 * S);
    assert_true(rows(&w, 1) < 20);
    assert_true(removed(&w) > 90);
    world_close(&w);
}

static void test_a_round_each_hour(void **state)
{
    struct world w;

    (void)state;
    world_open(&w, 0, 0);
    put(&w, "a", 3);
    put(&w, "b", 1000000);
    fixture_pass(&w.f, 55 * S);
    assert_int_equal(rows(&w, 1), 5);
    fixture_pass(&w.f, 10 * S);       // the first one, a minute after the start
    assert_int_equal(rows(&w, 1), 4); // three and what is alive
    assert_int_equal(rows(&w, 2), 6);
    sched_pause(w.sched, STR_LIT("a"), true, NULL, NULL);
    sched_delete(w.sched, STR_LIT("b"), NULL, NULL);
    fixture_pass(&w.f, 3700 * S);
    assert_int_equal(rows(&w, 1), 5); // and one that tells of the pause
    assert_int_equal(rows(&w, 2), 6); // a job that is gone keeps as much as any
    world_close(&w);
}

static void test_by_age(void **state)
{
    struct world w;

    (void)state;
    world_open(&w, 3600 * S, 0);
    put(&w, "a", 1000000);
    fixture_pass(&w.f, 45 * S);
    sched_delete(w.sched, STR_LIT("a"), NULL, NULL);
    fixture_pass(&w.f, 100 * S);
    assert_int_equal(rows(&w, 1), 4);
    fixture_pass(&w.f, 3700 * S);
    assert_int_equal(rows(&w, 1), 1); // what is alive
    world_close(&w);
}

static void test_in_all(void **state)
{
    struct retention r = {.options = {.keep_total = 1000}};

    (void)state;
    assert_int_equal(retention_keep(&r, 100), 100);
    r.rows = 1000;
    assert_int_equal(retention_keep(&r, 100), 100);
    r.rows = 2000;
    assert_int_equal(retention_keep(&r, 100), 50);
    r.others = 0.75; // of what there may be in all, a quarter is for our jobs
    assert_in_range(retention_keep(&r, 100), 12, 13);
    r.others = 0;
    r.rows = INT64_C(1000000000);
    assert_int_equal(retention_keep(&r, 100), 1);
    r.options.keep_total = 0;
    assert_int_equal(retention_keep(&r, 100), 100);
}

// It ends while the store still has its request.
static void test_nobody_waits_for_the_answer(void **state)
{
    struct fixture f;
    struct events events;
    struct due due;
    struct retention r;

    (void)state;
    fixture_open(&f);
    events_init(&events, f.loop);
    due_init(&due);
    retention_init(&r, f.loop, f.store, &due, &events, &(struct retention_options){0});
    memory_store_delay(f.store, 10 * S, 0);
    fixture_pass(&f, 61 * S);
    assert_non_null(r.asking);
    retention_done(&r);
    due_done(&due);
    events_done(&events);
    store_close(f.store); // answers
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_busy_job_is_looked_at_soon),
        cmocka_unit_test(test_a_round_each_hour),
        cmocka_unit_test(test_by_age),
        cmocka_unit_test(test_in_all),
        cmocka_unit_test(test_nobody_waits_for_the_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
