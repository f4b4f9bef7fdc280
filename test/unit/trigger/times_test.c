// times_test.c - products of hour, minute and second masks, against walking a day second by second.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/times.h"

#include "unit.h"

static uint64_t rnd(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x * UINT64_C(0x2545f4914f6cdd1d) ^ *x >> 29;
}

static bool has(const struct times *t, int32_t second)
{
    return (t->hours >> second / 3600 & 1) && (t->minutes >> second / 60 % 60 & 1) &&
           (t->seconds >> second % 60 & 1);
}

static void check(const struct times *t)
{
    int32_t rank = times_count(t), next = -1;

    for (int32_t second = 86399; second >= 0; second--) {
        if (has(t, second)) {
            rank--;
            next = second;
            assert_int_equal(times_at(t, rank), second);
        }
        assert_int_equal(times_next(t, second), next);
        assert_int_equal(times_rank(t, second), rank);
    }
    assert_int_equal(rank, 0);
}

static void test_walk(void **state)
{
    uint64_t x = 5545;

    (void)state;
    for (int round = 0; round < 40; round++) {
        struct times t = {.hours = (uint32_t)(rnd(&x) & rnd(&x)) & TIMES_ALL_24,
                          .minutes = rnd(&x) & rnd(&x) & TIMES_ALL_60,
                          .seconds = rnd(&x) & rnd(&x) & TIMES_ALL_60};

        check(&t);
    }
}

static void test_ends(void **state)
{
    const struct times all = {TIMES_ALL_60, TIMES_ALL_60, TIMES_ALL_24};
    const struct times none = {.hours = 1, .minutes = 1};
    const struct times nine = {.hours = 1 << 9, .minutes = 1, .seconds = 1};

    (void)state;
    assert_int_equal(times_count(&all), 86400);
    assert_int_equal(times_next(&all, 86399), 86399);
    assert_int_equal(times_next(&all, 86400), -1);
    assert_int_equal(times_rank(&all, 86400), 86400);
    assert_int_equal(times_at(&all, 86399), 86399);
    assert_int_equal(times_count(&none), 0);
    assert_int_equal(times_next(&none, 0), -1);
    assert_int_equal(times_next(&nine, 0), 9 * 3600);
    assert_int_equal(times_next(&nine, 9 * 3600 + 1), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
