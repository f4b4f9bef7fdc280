// hand_test.c - runs that somebody has asked for: now, later, once, while another runs.
// SPDX-License-Identifier: Apache-2.0
#include "sched/hand.h"

#include "bench.h"

#define DAILY "{\"type\":\"interval\",\"days\":1}"

// What becomes of a second run, under each overlap of the job and of the one who asks.
static const struct {
    enum job_overlap job;
    int asked;
    enum err_code code;
    enum run_state state; // when it is claimed
    size_t cancelled;
} rows[] = {
    {OVERLAP_SKIP, -1, ERR_CONCURRENCY, RUN_NONE, 0},
    {OVERLAP_ALLOW, -1, ERR_NONE, RUN_RUNNING, 0},
    {OVERLAP_QUEUE, -1, ERR_NONE, RUN_QUEUED, 0},
    {OVERLAP_CANCEL, -1, ERR_NONE, RUN_QUEUED, 1},
    {OVERLAP_KILL, -1, ERR_NONE, RUN_QUEUED, 1},
    {OVERLAP_SKIP, OVERLAP_ALLOW, ERR_NONE, RUN_RUNNING, 0},
    {OVERLAP_SKIP, OVERLAP_QUEUE, ERR_NONE, RUN_QUEUED, 0},
    {OVERLAP_SKIP, OVERLAP_KILL, ERR_NONE, RUN_QUEUED, 1},
    {OVERLAP_QUEUE, OVERLAP_SKIP, ERR_CONCURRENCY, RUN_NONE, 0},
};

static void test_overlap(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct run_ask ask = {.overlap = rows[i].asked};
        struct bench b;

        bench_open(&b);
        struct entry *entry = stored(&b, "x", DAILY, 0);

        print_message("%zu: %s, %d\n", i, job_overlap_names[rows[i].job], rows[i].asked);
        job_edit(entry->job)->overlap = rows[i].job;
        assert_int_equal(bench_ask(&b, entry, NULL).code, ERR_NONE);
        struct bench_said said = bench_ask(&b, entry, &ask);

        assert_int_equal(said.code, rows[i].code);
        assert_int_equal(b.f.cancelled, rows[i].cancelled);
        if (said.code == ERR_NONE)
            assert_int_equal(bench_row(&b, said.run_id).run.state, rows[i].state);
        // The first one ends, and whatever waits begins.
        fixture_end(&b.f, 0, RUN_CANCELLED);
        assert_int_equal(b.f.started, rows[i].code == ERR_NONE ? 2 : 1);
        assert_int_equal(entry->running, rows[i].code == ERR_NONE ? 1 : 0);
        assert_int_equal(entry->queued, 0);
        bench_close(&b);
    }
}

static void test_queue_full(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    struct entry *entry = stored(&b, "x", DAILY, 0);

    job_edit(entry->job)->overlap = OVERLAP_QUEUE;
    (void)bench_ask(&b, entry, NULL);
    (void)bench_ask(&b, entry, NULL);
    struct bench_said said = bench_ask(&b, entry, NULL);

    assert_int_equal(said.code, ERR_CONCURRENCY);
    assert_string_equal(said.message, "1 of 1 runs of the job are waiting");
    bench_close(&b);
}

// Its moment comes: over a restart too. Then the overlap rule decides.
static void test_later(void **state)
{
    struct run_ask ask = {.overlap = -1, .start_at = {T0 + 60 * S}, .slot = {T0 + 60 * S}};
    struct bench b;
    struct bench_row row;

    (void)state;
    bench_open(&b);
    struct entry *entry = stored(&b, "x", DAILY, 0);
    struct bench_said first = bench_ask(&b, entry, &ask), second = bench_ask(&b, entry, &ask);

    row = bench_row(&b, first.run_id);
    assert_int_equal(row.run.state, RUN_QUEUED);
    assert_int_equal(row.run.reason, REASON_DELAY);
    assert_int_equal(entry->queued, 0);
    fixture_pass(&b.f, 30 * S);
    entry = bench_again(&b, entry);
    fixture_pass(&b.f, 30 * S - 1);
    assert_int_equal(b.f.started, 0);
    fixture_pass(&b.f, 1);
    assert_int_equal(b.f.started, 1);
    assert_int_equal(b.f.runs[0].request.run_id, first.run_id);
    assert_int_equal(b.f.runs[0].request.scheduled_at.us, T0 + 60 * S);
    row = bench_row(&b, second.run_id); // skip is the job's rule
    assert_int_equal(row.run.state, RUN_SKIPPED);
    assert_int_equal(row.run.reason, REASON_OVERLAP);
    assert_int_equal(entry->running, 1);
    bench_close(&b);
}

static void test_key(void **state)
{
    struct run_ask ask = {.overlap = OVERLAP_ALLOW, .key = STR_LIT("once"), .digest = 7};
    struct bench b;

    (void)state;
    bench_open(&b);
    struct entry *entry = stored(&b, "x", DAILY, 0);
    struct bench_said first = bench_ask(&b, entry, &ask), again = bench_ask(&b, entry, &ask);

    assert_int_equal(first.code, ERR_NONE);
    assert_int_equal(again.code, ERR_EXISTS);
    assert_int_equal(again.run_id, first.run_id);
    assert_int_equal(b.f.started, 1);
    assert_int_equal(entry->running, 1);
    entry = bench_again(&b, entry);
    assert_int_equal(bench_ask(&b, entry, &ask).run_id, first.run_id);
    bench_close(&b);
}

// The moment that it is asked for may be taken: then it is the next one.
static void test_same_moment(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    struct entry *entry = stored(&b, "x", DAILY, 0);

    job_edit(entry->job)->overlap = OVERLAP_ALLOW;
    struct bench_said first = bench_ask(&b, entry, NULL), second = bench_ask(&b, entry, NULL);

    assert_int_equal(bench_row(&b, first.run_id).run.scheduled_at.us, T0);
    assert_int_equal(bench_row(&b, second.run_id).run.scheduled_at.us, T0 + 1);
    bench_close(&b);
}

static void args_seen(struct exec *exec, const struct exec_request *request, exec_done *done,
                      void *ctx)
{
    assert_true(str_eq(request->args, STR_LIT("[\"a\"]")));
    fixture_exec_start(exec, request, done, ctx);
}

// Arguments of its own, kept until it starts.
static void test_args(void **state)
{
    struct run_ask ask = {.overlap = -1, .args = STR_LIT("[\"a\"]"), .start_at = {T0 + S}};
    struct exec_ops ops = fixture_ops;
    struct bench b;

    (void)state;
    bench_open(&b);
    ops.start = args_seen;
    b.f.exec.ops = &ops;
    struct entry *entry = stored(&b, "x", DAILY, 0);

    (void)bench_ask(&b, entry, &ask);
    (void)bench_again(&b, entry);
    fixture_pass(&b.f, S);
    assert_int_equal(b.f.started, 1);
    bench_close(&b);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_overlap),     cmocka_unit_test(test_queue_full),
        cmocka_unit_test(test_later),       cmocka_unit_test(test_key),
        cmocka_unit_test(test_same_moment), cmocka_unit_test(test_args),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
