// lane_test.c - batches in order, answers on the loop, ends that wait.
// SPDX-License-Identifier: Apache-2.0
#include "store/lane.h"

#include <pthread.h>
#include <sched.h>

#include "base/clock.h"
#include "unit.h"

struct lane_seen {
    struct lane *lane;
    pthread_t loop_thread;
    int answered, again;
    atomic_int batches, carried_out, poked;
};

static void work(struct list *requests, void *ctx)
{
    struct lane_seen *seen = ctx;

    assert_false(pthread_equal(pthread_self(), seen->loop_thread));
    atomic_fetch_add(&seen->batches, 1);
    for (struct list *link = requests->next; link != requests; link = link->next) {
        struct request *r = list_item(link, struct request, link);

        r->job_id = atomic_fetch_add(&seen->carried_out, 1);
    }
}

static void poked(void *ctx)
{
    struct lane_seen *seen = ctx;

    atomic_fetch_add(&seen->poked, 1);
}

static void on_done(const struct store_answer *a, void *ctx);

static void ask(struct lane_seen *seen)
{
    struct request *r = request_set_state(1, JOB_PAUSED, false);

    r->done = on_done;
    r->ctx = seen;
    lane_ask(seen->lane, r);
}

static void on_done(const struct store_answer *a, void *ctx)
{
    struct lane_seen *seen = ctx;

    assert_true(pthread_equal(pthread_self(), seen->loop_thread));
    assert_int_equal(a->job_id, seen->answered++); // in the order asked
    if (seen->again-- > 0)
        ask(seen);
}

static void test_lane(void **state)
{
    struct err e;
    struct loop *loop = loop_new(clock_real(), &e);
    struct lane_seen seen = {.loop_thread = pthread_self()};
    struct lane_work lane_work = {work, poked, &seen, 0};

    (void)state;
    seen.lane = lane_new(loop, &lane_work, &e);
    assert_non_null(seen.lane);
    for (int i = 0; i < 100; i++)
        ask(&seen);
    assert_int_equal(seen.answered, 0);
    assert_int_equal(lane_waiting(seen.lane), 100);
    for (int i = 0; i < 10000 && seen.answered < 100; i++)
        loop_turn(loop, 10);
    assert_int_equal(seen.answered, 100);
    assert_int_equal(atomic_load(&seen.batches), 1); // what is asked in one turn goes together
    lane_poke(seen.lane);
    for (int i = 0; i < 3; i++)
        ask(&seen);
    seen.again = 5;
    lane_drain(seen.lane); // with what the answers ask for
    assert_int_equal(seen.answered, 108);
    assert_int_equal(lane_waiting(seen.lane), 0);
    lane_free(seen.lane);
    assert_int_equal(atomic_load(&seen.poked), 1);
    (void)loop_turn(loop, 0);                // the wake-up may still be there
    assert_int_equal(loop_turn(loop, 0), 0); // but nothing else
    lane_free(NULL);
    loop_free(loop);
}

static void on_claimed(const struct store_answer *a, void *ctx)
{
    struct lane_seen *seen = ctx;

    assert_int_equal(a->won_count, 1000);
    seen->answered++;
}

// The loop does not turn, yet what is large is carried out, and what was asked before it.
static void test_heavy_starts_at_once(void **state)
{
    struct err e;
    struct loop *loop = loop_new(clock_real(), &e);
    struct lane_seen seen = {.loop_thread = pthread_self()};
    struct lane_work lane_work = {work, NULL, &seen, 0};
    static struct run runs[1000];
    struct request *r;

    (void)state;
    for (int i = 0; i < 1000; i++)
        runs[i].state = RUN_RUNNING;
    r = request_claim(runs, 1000, (wall){0});
    seen.lane = lane_new(loop, &lane_work, &e);
    assert_non_null(seen.lane);
    r->done = on_claimed;
    r->ctx = &seen;
    ask(&seen);
    lane_ask(seen.lane, r);
    for (int i = 0; i < 100000000 && atomic_load(&seen.carried_out) < 2; i++)
        sched_yield();
    assert_int_equal(atomic_load(&seen.carried_out), 2);
    assert_int_equal(atomic_load(&seen.batches), 1);
    assert_int_equal(seen.answered, 0);
    ask(&seen); // not large: goes at the end of the turn
    assert_int_equal(lane_waiting(seen.lane), 3);
    seen.answered = 0;
    lane_drain(seen.lane);
    assert_int_equal(atomic_load(&seen.carried_out), 3);
    lane_free(seen.lane);
    loop_free(loop);
}

// A batch takes what fits, in order: nobody is answered later for what comes behind. One request
// that is too large for any goes alone.
static void test_batches_are_bounded(void **state)
{
    static const struct {
        size_t rows[5];
        int batches;
    } cases[] = {
        {{6, 10, 3, 1, 1}, 2}, // 6 10 3 1; 1
        {{6, 18, 1, 1, 5}, 3}, // 6; 18 1 1; 5
        {{60, 1, 60, 60, 1}, 5}, {{20, 20, 1, 1, 1}, 3}, {{1, 1, 1, 1, 1}, 1},
    };
    static const struct run_start starts[60];

    (void)state;
    for (size_t n = 0; n < COUNT(cases); n++) {
        struct err e;
        struct loop *loop = loop_new(clock_real(), &e);
        struct lane_seen seen = {.loop_thread = pthread_self()};
        struct lane_work lane_work = {work, NULL, &seen, 20};

        seen.lane = lane_new(loop, &lane_work, &e);
        assert_non_null(seen.lane);
        for (size_t i = 0; i < 5; i++) {
            struct request *r = request_start(starts, cases[n].rows[i]);

            r->done = on_done;
            r->ctx = &seen;
            lane_ask(seen.lane, r);
        }
        lane_drain(seen.lane);
        assert_int_equal(seen.answered, 5);
        assert_int_equal(atomic_load(&seen.batches), cases[n].batches);
        lane_free(seen.lane);
        loop_free(loop);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lane),
        cmocka_unit_test(test_heavy_starts_at_once),
        cmocka_unit_test(test_batches_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
