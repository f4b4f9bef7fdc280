// lane_store_test.c - requests reach their lane, and what the writer tells is told.
// SPDX-License-Identifier: Apache-2.0
#include "store/lane_store.h"

#include "unit.h"

static void on_batch(struct list *requests, void *ctx)
{
    int *count = ctx;

    for (struct list *link = requests->next; link != requests; link = link->next)
        ++*count;
}

static void on_answer(const struct store_answer *answer, void *ctx)
{
    assert_null(answer->err);
    ++*(int *)ctx;
}

static void on_runs(const struct err *err, const struct store_run *runs, size_t count, void *ctx)
{
    (void)runs;
    assert_null(err);
    assert_int_equal(count, 0);
    ++*(int *)ctx;
}

static void on_nodes(const struct err *err, const struct store_node *nodes, size_t count, void *ctx)
{
    (void)nodes;
    assert_null(err);
    assert_int_equal(count, 0);
    ++*(int *)ctx;
}

static void test_lanes(void **state)
{
    const struct store_ops own = {.launch = lane_store_launch,
                                  .drain = lane_store_drain_node,
                                  .read_nodes = lane_store_read_nodes};
    const struct err failure = {.code = ERR_STORE, .message = "it is gone"};
    struct sim_clock clock;
    struct lane_store s = {0};
    struct store_stats stats;
    int written = 0, read = 0, answers = 0;
    struct err e;

    (void)state;
    sim_clock_init(&clock, (wall){1});
    struct loop *loop = loop_new(&clock.base, &e);
    const struct lane_work writes = {on_batch, NULL, &written, 0},
                           reads = {on_batch, NULL, &read, 0};

    lane_store_init(&s, &own, &clock.base);
    s.writes = lane_new(loop, &writes, &e);
    s.reads = lane_new(loop, &reads, &e);
    store_set_job_state(&s.base, 1, JOB_PAUSED, false, on_answer, &answers);
    store_delete_run(&s.base, 1, on_answer, &answers);
    store_launch(&s.base, 1, NULL, 0, on_answer, &answers);
    store_read_run(&s.base, 1, on_runs, &answers);
    store_drain(&s.base, STR_LIT("n"), true, on_answer, &answers);
    store_read_nodes(&s.base, on_nodes, &answers);
    lane_store_stats(&s, &stats);
    assert_int_equal(stats.waiting, 6);
    lane_store_drain(&s);
    assert_int_equal(written, 4);
    assert_int_equal(read, 2);
    assert_int_equal(answers, 6);
    lane_store_committed(2, NULL, (wall){5}, &s);
    lane_store_committed(0, &failure, (wall){6}, &s); // no transaction: the state of the database
    lane_store_stats(&s, &stats);
    assert_int_equal(stats.writes, 2);
    assert_int_equal(stats.transactions, 1);
    assert_string_equal(stats.last_failure.message, "it is gone");
    assert_int_equal(stats.last_failure_at.us, 6);
    lane_store_committed(0, NULL, (wall){7}, &s);
    lane_store_stats(&s, &stats);
    assert_int_equal(stats.last_failure.code, ERR_NONE);
    lane_free(s.writes);
    lane_free(s.reads);
    lane_store_done(&s);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lanes)};

    return cmocka_run_group_tests_name("store/lane_store", tests, NULL, NULL);
}
