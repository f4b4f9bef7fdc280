// http_deadline_test.c - deadlines by a simulated clock.
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "net/http_deadline.h"

static struct sim_clock sim;
static struct loop *loop;
static struct http_deadlines all;
static struct http_deadline *fired[8];
static int fired_count;

static void note(struct http_deadline *d, void *ctx)
{
    assert_ptr_equal(ctx, &sim);
    fired[fired_count++] = d;
}

static int setup(void **state)
{
    struct err e;

    (void)state;
    sim_clock_init(&sim, (wall){0});
    loop = loop_new(&sim.base, &e);
    http_deadlines_init(&all, loop, note, &sim);
    all.us[HTTP_DEADLINE_HEAD] = 10000000;
    all.us[HTTP_DEADLINE_IDLE] = 75000000;
    fired_count = 0;
    return loop ? 0 : 1;
}

static int teardown(void **state)
{
    (void)state;
    http_deadlines_done(&all);
    loop_free(loop);
    return 0;
}

static void pass(int64_t us)
{
    sim_clock_advance(&sim, us);
    while (loop_turn(loop, 0) > 0)
        ;
}

static void fires_in_order(void **state)
{
    struct http_deadline a = {0};
    struct http_deadline b = {0};
    struct http_deadline c = {0};

    (void)state;
    http_deadline_set(&all, &a, HTTP_DEADLINE_IDLE);
    pass(1000000);
    http_deadline_set(&all, &b, HTTP_DEADLINE_HEAD);
    http_deadline_set(&all, &c, HTTP_DEADLINE_HEAD);
    assert_ptr_equal(http_deadline_oldest(&all, HTTP_DEADLINE_HEAD), &b);
    pass(9998000);
    assert_int_equal(fired_count, 0);
    pass(3000);
    assert_int_equal(fired_count, 2);
    assert_ptr_equal(fired[0], &b);
    assert_ptr_equal(fired[1], &c);
    pass(75000000);
    assert_int_equal(fired_count, 3);
    assert_null(http_deadline_oldest(&all, HTTP_DEADLINE_IDLE));
}

static void moves_and_stops(void **state)
{
    struct http_deadline a = {0};
    struct http_deadline b = {0};

    (void)state;
    http_deadline_set(&all, &a, HTTP_DEADLINE_HEAD);
    http_deadline_set(&all, &b, HTTP_DEADLINE_HEAD);
    pass(6000000);
    http_deadline_set(&all, &a, HTTP_DEADLINE_HEAD);  // begins anew
    http_deadline_keep(&all, &b, HTTP_DEADLINE_HEAD); // goes on
    pass(4100000);
    assert_int_equal(fired_count, 1);
    assert_ptr_equal(fired[0], &b);
    http_deadline_clear(&a);
    pass(100000000);
    assert_int_equal(fired_count, 1);
    http_deadline_keep(&all, &a, HTTP_DEADLINE_IDLE);
    pass(76000000);
    assert_int_equal(fired_count, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(fires_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(moves_and_stops, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
