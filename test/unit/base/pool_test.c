// pool_test.c - work on workers, answers on the loop, each exactly once.
// SPDX-License-Identifier: Apache-2.0
#include "base/pool.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

#include "base/mem.h"
#include "unit.h"

static struct sim_clock sim;
static struct loop *loop;

static int setup(void **state)
{
    struct err e;

    (void)state;
    sim_clock_init(&sim, (wall){0});
    loop = loop_new(&sim.base, &e);
    return loop ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    loop_free(loop);
    return 0;
}

struct sum {
    pthread_t loop_thread;
    int in;
    int square; // written by the worker, read by the loop's thread
    int runs;
    int cancels;
    bool was_on_loop;
    sem_t *hold; // the work waits for it
    sem_t *started;
};

static void sum_work(void *ctx)
{
    struct sum *sum = ctx;

    sum->was_on_loop = pthread_equal(pthread_self(), sum->loop_thread);
    if (sum->started)
        sem_post(sum->started);
    if (sum->hold)
        sem_wait(sum->hold);
    sum->square = sum->in * sum->in;
}

static void sum_done(bool has_run, void *ctx)
{
    struct sum *sum = ctx;

    assert_true(pthread_equal(pthread_self(), sum->loop_thread));
    sum->runs += has_run;
    sum->cancels += !has_run;
}

enum {
    SUMS = 1000
};

static int runs_count(const struct sum *sums, int count)
{
    int runs = 0;

    for (int i = 0; i < count; i++)
        runs += sums[i].runs;
    return runs;
}

static void test_each_once(void **state)
{
    struct sum *sums = mem_array(SUMS, sizeof *sums);
    struct err e;
    struct pool *pool = pool_new(loop, 4, &e);

    (void)state;
    assert_non_null(pool);
    for (int i = 0; i < SUMS; i++) {
        sums[i] = (struct sum){.loop_thread = pthread_self(), .in = i};
        assert_true(pool_run(pool, sum_work, sum_done, &sums[i]));
    }
    for (int turns = 0; runs_count(sums, SUMS) < SUMS && turns < 100000; turns++)
        (void)loop_turn(loop, -1);
    for (int i = 0; i < SUMS; i++) {
        assert_int_equal(sums[i].runs, 1);
        assert_int_equal(sums[i].cancels, 0);
        assert_int_equal(sums[i].square, i * i);
        assert_false(sums[i].was_on_loop);
    }
    pool_free(pool);
    assert_int_equal(runs_count(sums, SUMS), SUMS);
    free(sums);
}

// The first is running and many wait: it is finished and answered as run. Those that had no time to
// start, which are most of them, are answered as not run; nobody is forgotten.
static void test_free_waits(void **state)
{
    struct sum *sums = mem_array(SUMS, sizeof *sums);
    sem_t hold, started;
    struct err e;
    struct pool *pool = pool_new(loop, 1, &e);

    (void)state;
    sem_init(&hold, 0, 0);
    sem_init(&started, 0, 0);
    for (int i = 0; i < SUMS; i++)
        sums[i] = (struct sum){.loop_thread = pthread_self(), .in = 3};
    sums[0].hold = &hold;
    sums[0].started = &started;
    for (int i = 0; i < SUMS; i++)
        assert_true(pool_run(pool, sum_work, sum_done, &sums[i]));
    sem_wait(&started);
    sem_post(&hold);
    pool_free(pool);
    assert_int_equal(sums[0].runs, 1);
    for (int i = 0; i < SUMS; i++) {
        assert_int_equal(sums[i].runs + sums[i].cancels, 1);
        assert_int_equal(sums[i].square, sums[i].runs ? 9 : 0);
    }
    while (loop_turn(loop, 0) > 0)
        ; // a post of the freed pool would be found by asan here
    sem_destroy(&hold);
    sem_destroy(&started);
    free(sums);
}

static void test_queue_is_bounded(void **state)
{
    struct sum *sums = mem_array(POOL_QUEUE_MAX + 1, sizeof *sums);
    sem_t hold, started;
    struct err e;
    struct pool *pool = pool_new(loop, 1, &e);

    (void)state;
    sem_init(&hold, 0, 0);
    sem_init(&started, 0, 0);
    for (int i = 0; i <= POOL_QUEUE_MAX; i++)
        sums[i] = (struct sum){.loop_thread = pthread_self(), .in = 1};
    sums[0].hold = &hold;
    sums[0].started = &started;
    assert_true(pool_run(pool, sum_work, sum_done, &sums[0]));
    sem_wait(&started); // it has left the queue
    for (int i = 1; i <= POOL_QUEUE_MAX; i++)
        assert_true(pool_run(pool, sum_work, sum_done, &sums[i]));
    assert_false(pool_run(pool, sum_work, sum_done, &sums[0]));
    sem_post(&hold);
    for (int turns = 0; runs_count(sums, POOL_QUEUE_MAX + 1) <= POOL_QUEUE_MAX && turns < 100000;
         turns++)
        (void)loop_turn(loop, -1);
    assert_int_equal(runs_count(sums, POOL_QUEUE_MAX + 1), POOL_QUEUE_MAX + 1);
    sums[0].hold = sums[0].started = NULL;
    assert_true(pool_run(pool, sum_work, sum_done, &sums[0])); // there is room again
    pool_free(pool);
    sem_destroy(&hold);
    sem_destroy(&started);
    free(sums);
}

static struct pool *chain_pool;
static int chain_left;

static void chain_work(void *ctx)
{
    (void)ctx;
}

static void chain_done(bool has_run, void *ctx)
{
    assert_true(has_run);
    if (--chain_left > 0)
        assert_true(pool_run(chain_pool, chain_work, chain_done, ctx));
}

// An answer may ask for more work.
static void test_chain(void **state)
{
    struct err e;

    (void)state;
    chain_pool = pool_new(loop, 2, &e);
    chain_left = 200;
    assert_true(pool_run(chain_pool, chain_work, chain_done, NULL));
    for (int turns = 0; chain_left > 0 && turns < 100000; turns++)
        (void)loop_turn(loop, -1);
    assert_int_equal(chain_left, 0);
    pool_free(chain_pool);
    pool_free(NULL);
}

static void mask_work(void *ctx)
{
    pthread_sigmask(SIG_SETMASK, NULL, ctx);
}

static void mask_done(bool has_run, void *ctx)
{
    (void)ctx;
    assert_true(has_run);
    loop_stop(loop);
}

// Workers take no signals: they all belong to the loop's thread.
static void test_signals_blocked(void **state)
{
    struct err e;
    struct pool *pool = pool_new(loop, 1, &e);
    sigset_t mask;

    (void)state;
    sigemptyset(&mask);
    assert_true(pool_run(pool, mask_work, mask_done, &mask));
    loop_run(loop);
    assert_true(sigismember(&mask, SIGTERM));
    assert_true(sigismember(&mask, SIGHUP));
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    assert_false(sigismember(&mask, SIGTERM));
    pool_free(pool);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_each_once), TEST(test_free_waits),      TEST(test_queue_is_bounded),
        TEST(test_chain),     TEST(test_signals_blocked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
