// learned_test.c - durations in 16 bits, and their ranks.
// SPDX-License-Identifier: Apache-2.0
#include "sched/learned.h"

#include "unit.h"

#include <stdlib.h>

static bool is_about(int64_t us, int64_t expected)
{
    return llabs(us - expected) * 200 <= expected; // half a percent
}

static void test_exact_enough(void **state)
{
    static const int64_t cases[] = {
        0, 1, 999, 1000000, 1234567, 86400000000, 31557600000000, INT64_C(9000000000000000)};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct learned *l = NULL;

        learned_add(&l, cases[i]);
        assert_true(is_about(learned_percent(l, 50, 1), cases[i]));
        free(l);
    }
}

static void test_ranks(void **state)
{
    struct learned *l = NULL;
    static const int64_t values[] = {10, 20, 30, 40};

    (void)state;
    assert_int_equal(learned_percent(NULL, 50, 1), -1);
    assert_int_equal(learned_percent(learned_get(&l), 50, 0), -1);
    for (int i = 1; i <= 4; i++)
        learned_add(&l, 1024 * i);
    assert_int_equal(learned_percent(l, 50, 5), -1);
    assert_true(is_about(learned_percent(l, 50, 4), 2048));
    assert_true(is_about(learned_percent(l, 95, 4), 4096));
    assert_true(is_about(learned_percent(l, 0, 4), 1024));
    // The last hundred count, in whatever order they are kept.
    for (int i = 1; i <= 250; i++)
        learned_add(&l, 1024 * i);
    assert_int_equal(l->len, LEARNED_MAX);
    assert_true(is_about(learned_percent(l, 0, 1), 1024 * 151));
    assert_true(is_about(learned_percent(l, 50, 1), 1024 * 200));
    assert_true(is_about(learned_percent(l, 95, 1), 1024 * 245));
    assert_true(is_about(learned_percent(l, 100, 1), 1024 * 250));
    free(l);
    assert_int_equal(learned_rank(values, 4, 50), 20);
    assert_int_equal(learned_rank(values, 4, 51), 30);
    assert_int_equal(learned_rank(values, 4, 95), 40);
    assert_int_equal(learned_rank(values, 1, 95), 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact_enough),
        cmocka_unit_test(test_ranks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
