// uptime_test.c - the times between belfry's processes.
// SPDX-License-Identifier: Apache-2.0
#include "sched/uptime.h"

#include "unit.h"

static void test_gaps(void **state)
{
    static const struct store_uptime periods[] = {
        {{100}, {200}, true}, {{210}, {300}, false},      {{400}, {500}, true},
        {{500}, {600}, true}, {{590}, WALL_NEVER, false},
    };
    static const struct {
        int64_t from, upto, gap_from, gap_to; // 0, 0: none
        bool is_clean;
    } cases[] = {
        {0, 99, 0, 0, false},       {150, 190, 0, 0, false},      {150, 205, 200, 210, true},
        {205, 206, 200, 210, true}, {150, 1000, 300, 400, false}, {350, 350, 300, 400, false},
        {410, 10000, 0, 0, false},
    };
    struct uptimes all = {0};

    (void)state;
    struct uptime_gap gap;

    assert_false(uptimes_gap(&all, (wall){0}, WALL_NEVER, &gap));
    for (size_t i = 0; i < COUNT(periods); i++)
        uptimes_add(&all, &periods[i]);
    assert_int_equal(all.v[3].to.us, 590); // the clock was set back
    for (size_t i = 0; i < COUNT(cases); i++) {
        bool has = uptimes_gap(&all, (wall){cases[i].from}, (wall){cases[i].upto}, &gap);

        assert_int_equal(has, cases[i].gap_to != 0);
        if (!has)
            continue;
        assert_int_equal(gap.from.us, cases[i].gap_from);
        assert_int_equal(gap.to.us, cases[i].gap_to);
        assert_int_equal(gap.is_clean, cases[i].is_clean);
    }
    uptimes_done(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_gaps)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
