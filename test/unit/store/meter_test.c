// meter_test.c - requests of a store are counted and timed when they are answered.
// SPDX-License-Identifier: Apache-2.0
#include "store/meter.h"

#include "store/memory_store.h"
#include "store/request.h"
#include "unit.h"

#include <string.h>

static void test_kinds_have_names(void **state)
{
    (void)state;
    assert_string_equal(meter_name(REQUEST_CLAIM), "claim");
    assert_string_equal(meter_name(REQUEST_READ_RUN), "read_run");
    assert_null(meter_name(-1));
    assert_null(meter_name(METER_KINDS));
}

static void test_failures(void **state)
{
    struct store_meter m = {0};

    (void)state;
    meter_add(&m, REQUEST_CLAIM, 700, ERR_NONE);
    meter_add(&m, REQUEST_CLAIM, 700, ERR_STORE);
    meter_add(&m, REQUEST_CLAIM, 700, ERR_EXISTS);
    assert_int_equal(m.took[REQUEST_CLAIM].total, 3);
    assert_int_equal(m.took[REQUEST_CLAIM].counts[2], 3);
    assert_int_equal(meter_bounds.us[2], 1000);
    assert_int_equal(m.failed, 1);
    assert_int_equal(m.refused, 1);
}

static void answered(const struct store_answer *answer, void *ctx)
{
    (void)answer;
    *(bool *)ctx = true;
}

static void test_of_a_store(void **state)
{
    struct sim_clock clock;
    struct store_stats stats;
    bool is_answered = false;
    struct err e;

    (void)state;
    sim_clock_init(&clock, (wall){1800000000000000});
    struct loop *loop = loop_new(&clock.base, &e);
    struct store *store = memory_store_new(loop);

    memory_store_delay(store, 300000, 0);
    store_claim(store, NULL, 0, (wall){1}, answered, &is_answered);
    loop_turn(loop, 0);
    sim_clock_advance(&clock, 300000);
    for (int i = 0; i < 10 && !is_answered; i++)
        loop_turn(loop, 0);
    assert_true(is_answered);
    store_stats(store, &stats);
    // Each store begins its requests so: request_begin.
    assert_int_equal(stats.meter->took[REQUEST_CLAIM].total, 1);
    assert_int_equal(stats.meter->took[REQUEST_CLAIM].sum_us, 300000);
    store_close(store);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds_have_names),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_of_a_store),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
