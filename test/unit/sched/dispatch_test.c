// dispatch_test.c - claiming, starting and finishing, step by step.
// SPDX-License-Identifier: Apache-2.0
#include "sched/dispatch.h"

#include "bench.h"

static void test_claim_start_finish(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    struct entry *entry = stored(&b, "x", EVERY_10, 0);

    fixture_pass(&b.f, 9 * S);
    assert_int_equal(b.f.started, 0);
    fixture_pass(&b.f, 1 * S);
    assert_int_equal(b.f.started, 1);
    assert_int_equal(entry->running, 1);
    assert_int_equal(entry->slot.us, T0 + 20 * S);
    assert_int_equal(b.f.runs[0].request.scheduled_at.us, T0 + 10 * S);
    fixture_end(&b.f, 0, RUN_SUCCEEDED);
    assert_int_equal(entry->running, 0);
    assert_int_equal(b.d.lives.busy, 0);
    // Still running when the next slot comes: skipped, with a row.
    fixture_pass(&b.f, 10 * S);
    fixture_pass(&b.f, 10 * S);
    assert_int_equal(b.f.started, 2);
    assert_int_equal(b.d.core.skipped, 1);
    bench_close(&b);
}

static void test_store_fails_and_heals(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    struct entry *entry = stored(&b, "x", EVERY_10, 0);

    memory_store_fail(b.f.store, 3);
    fixture_pass(&b.f, 10 * S);
    assert_int_equal(b.f.started, 0);
    assert_int_equal(b.d.core.failure.code, ERR_STORE);
    assert_int_equal(entry->running, 0);
    assert_int_equal(entry->slot.us, T0 + 10 * S);
    fixture_pass(&b.f, 3 * S);
    assert_int_equal(b.f.started, 1);
    assert_int_equal(b.d.core.failure.code, ERR_NONE);
    // An end that the store refuses is kept and offered again.
    memory_store_fail(b.f.store, 2);
    fixture_end(&b.f, 0, RUN_SUCCEEDED);
    assert_int_equal(b.d.lives.busy, 1);
    fixture_pass(&b.f, 3 * S);
    assert_int_equal(b.d.lives.busy, 0);
    assert_int_equal(b.d.core.finished, 1);
    bench_close(&b);
}

// Only the store's own failures stop the claims, and they end when it takes a write again.
static void test_trouble_of_others(void **state)
{
    struct bench b;
    struct err e;

    (void)state;
    bench_open(&b);
    (void)stored(&b, "x", EVERY_10, 0);
    (void)fail(&e, ERR_CONFLICT, NULL, "not the store's fault");
    dispatch_trouble(&b.d, &e);
    assert_int_equal(b.d.core.failure.code, ERR_NONE);
    (void)fail(&e, ERR_STORE, NULL, "the disk is full");
    dispatch_trouble(&b.d, &e);
    assert_int_equal(b.d.core.failure.code, ERR_STORE);
    fixture_pass(&b.f, 10 * S);
    assert_int_equal(b.d.core.failure.code, ERR_NONE);
    assert_int_equal(b.f.started, 1);
    bench_close(&b);
}

struct said {
    int count;
    enum err_code code;
    int64_t run_id;
};

static void run_said(const struct err *err, int64_t run_id, void *ctx)
{
    struct said *said = ctx;

    said->count++;
    said->code = err ? err->code : ERR_NONE;
    said->run_id = run_id;
}

static void flag(void *ctx)
{
    *(bool *)ctx = true;
}

static void test_run_by_hand_and_stop(void **state)
{
    struct said first = {0}, second = {0}, third = {0};
    bool is_idle = false;
    struct bench b;

    (void)state;
    bench_open(&b);
    struct entry *entry = stored(&b, "x", EVERY_10, 0);

    job_edit(entry->job)->max_instances = 2;
    hand_run(&b.d.hand, entry, fixture_by_hand(false), run_said, &first);
    hand_run(&b.d.hand, entry, fixture_by_hand(false), run_said, &second);
    hand_run(&b.d.hand, entry, fixture_by_hand(false), run_said, &third);
    fixture_settle(&b.f);
    // Both in one microsecond, yet each has a row of its own; the third is over the limit.
    assert_int_equal(first.code, ERR_NONE);
    assert_int_equal(second.code, ERR_NONE);
    assert_int_equal(third.code, ERR_CONCURRENCY);
    assert_int_equal(b.f.started, 2);
    assert_true(first.run_id != second.run_id);
    dispatch_stop(&b.d, flag, &is_idle);
    assert_false(is_idle);
    fixture_pass(&b.f, 30 * S);
    assert_int_equal(b.f.started, 2);
    hand_run(&b.d.hand, entry, fixture_by_hand(false), run_said, &third);
    assert_int_equal(third.code, ERR_BUSY);
    fixture_end(&b.f, 0, RUN_SUCCEEDED);
    assert_false(is_idle);
    fixture_end(&b.f, 1, RUN_SUCCEEDED);
    assert_true(is_idle);
    bench_close(&b);
}

// A run that was asked for before the stop is waited for like any other.
static void test_stop_during_a_claim_by_hand(void **state)
{
    struct said said = {0};
    bool is_idle = false;
    struct bench b;

    (void)state;
    bench_open(&b);
    struct entry *entry = stored(&b, "x", EVERY_10, 0);

    hand_run(&b.d.hand, entry, fixture_by_hand(false), run_said, &said);
    dispatch_stop(&b.d, flag, &is_idle);
    assert_false(is_idle);
    fixture_settle(&b.f);
    assert_int_equal(said.code, ERR_NONE);
    assert_int_equal(b.f.started, 1);
    assert_false(is_idle);
    fixture_end(&b.f, 0, RUN_CANCELLED);
    assert_true(is_idle);
    bench_close(&b);
}

static void state_read(const struct err *err, const struct store_run *runs, size_t count, void *ctx)
{
    assert_null(err);
    assert_int_equal(count, 1);
    *(enum run_state *)ctx = runs->run.state;
}

// What an earlier belfry left running is lost; its job does not end before that is durable.
static void test_lose(void **state)
{
    enum run_state found = RUN_NONE;
    struct bench b;

    (void)state;
    bench_open(&b);
    struct entry *entry = stored(&b, "x", ONCE_AT_30, 0);

    fixture_pass(&b.f, 30 * S);
    struct run run = {.id = b.f.runs[0].request.run_id,
                      .job_id = entry->job->id,
                      .state = RUN_ORPHANED,
                      .attempt = 1};

    live_count(entry->lives, COUNT_NONE);
    live_free(entry->lives);
    memory_store_fail(b.f.store, 1);
    dispatch_load(&b.d, &run);
    fixture_settle(&b.f);
    dispatch_changed(&b.d, entry);
    dispatch_thaw(&b.d);
    dispatch_step(&b.d, 5);
    assert_int_equal(entry->unsaved, 1);
    assert_false(entry->is_ending);
    fixture_pass(&b.f, 2 * S);
    assert_int_equal(due_count(&b.due), 0);
    store_read_run(b.f.store, run.id, state_read, &found);
    fixture_settle(&b.f);
    assert_int_equal(found, RUN_LOST);
    bench_close(&b);
}

static enum store_last no_job(const struct job_row *row, void *ctx)
{
    (void)row;
    (void)ctx;
    return STORE_LAST_NONE;
}

static wall stored_watermark(struct bench *b)
{
    struct store_load load = {.on_job = no_job};
    struct err e;

    assert_true(store_load(b->f.store, &load, &e));
    return load.watermark;
}

// Set back, the watermark goes with the clock, also when nothing is due; otherwise never.
static void test_step_moves_the_watermark(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    (void)stored(&b, "x", EVERY_10, 0);
    fixture_pass(&b.f, 12 * S);
    assert_int_equal(stored_watermark(&b).us, T0 + 10 * S);
    sim_clock_step(&b.f.clock, -9 * S);
    b.due.is_set_back = true;
    dispatch_look(&b.d);
    fixture_settle(&b.f);
    assert_int_equal(stored_watermark(&b).us, T0 + 3 * S);
    sim_clock_step(&b.f.clock, 2 * S);
    dispatch_look(&b.d);
    fixture_settle(&b.f);
    assert_int_equal(stored_watermark(&b).us, T0 + 3 * S);
    bench_close(&b);
}

// What a skip on its way to the store ends at moves with the clock: a delay counts from it.
static void test_step_during_a_skip(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    struct entry *entry = stored(&b, "x", EVERY_10, 0);

    entry->running = 1;
    memory_store_delay(b.f.store, 1000, 1000);
    sim_clock_advance(&b.f.clock, 10 * S);
    (void)loop_turn(b.f.loop, 0);
    assert_true(b.d.core.is_claiming && b.d.claims.rows.v[0].state == RUN_SKIPPED);
    dispatch_step(&b.d, -5 * S);
    assert_int_equal(b.d.claims.rows.v[0].finished_at.us, T0 + 5 * S);
    bench_close(&b);
}

// A job leaves, and its run that waits is forgotten; it comes back, and the run goes on, once.
static void test_lose_and_take(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    struct entry *entry = stored(&b, "x", EVERY_10, 0);

    b.d.core.epoch = 1;
    job_edit(entry->job)->overlap = OVERLAP_QUEUE;
    fixture_pass(&b.f, 20 * S);
    assert_int_equal(entry->queued, 1);
    const struct run run = {.id = entry->lives->run_id,
                            .job_id = entry->job->id,
                            .scheduled_at = {T0 + 20 * S},
                            .state = RUN_QUEUED,
                            .reason = REASON_OVERLAP};

    dispatch_lose(&b.d, entry);
    assert_int_equal(entry->queued, 0);
    dispatch_take(&b.d, &run);
    dispatch_take(&b.d, &run);
    dispatch_take_end(&b.d);
    assert_int_equal(entry->queued, 1);
    fixture_end(&b.f, 0, RUN_SUCCEEDED);
    assert_int_equal(b.f.started, 2);
    assert_int_equal(b.f.runs[1].request.run_id, run.id);
    // Our lease has ended: what runs is ended, and nothing starts any more.
    dispatch_end(&b.d);
    assert_int_equal(b.f.cancelled, 1);
    fixture_pass(&b.f, 20 * S);
    assert_int_equal(b.f.started, 2);
    bench_close(&b);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lose_and_take),
        cmocka_unit_test(test_claim_start_finish),
        cmocka_unit_test(test_store_fails_and_heals),
        cmocka_unit_test(test_trouble_of_others),
        cmocka_unit_test(test_run_by_hand_and_stop),
        cmocka_unit_test(test_stop_during_a_claim_by_hand),
        cmocka_unit_test(test_lose),
        cmocka_unit_test(test_step_moves_the_watermark),
        cmocka_unit_test(test_step_during_a_skip),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
