// mask_test.c - runs and steps of bits.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/mask.h"

#include "unit.h"

static void test_numbers(void **state)
{
    (void)state;
    assert_int_equal(mask_count(0), 0);
    assert_int_equal(mask_count(~UINT64_C(0)), 64);
    assert_int_equal(mask_first(0x50), 4);
    assert_int_equal(mask_last(0x50), 6);
    assert_int_equal(mask_last(UINT64_C(1) << 63), 63);
    assert_false(mask_is_single(0));
    assert_true(mask_is_single(0x10));
    assert_false(mask_is_single(0x11));
}

static void test_runs(void **state)
{
    (void)state;
    assert_true(mask_range(0, 63) == ~UINT64_C(0));
    assert_true(mask_range(3, 5) == 0x38);
    assert_true(mask_range(63, 63) == UINT64_C(1) << 63);
    assert_int_equal(mask_run_end(0x3b, 0), 1);
    assert_int_equal(mask_run_end(0x3b, 3), 5);
    assert_int_equal(mask_run_end(~UINT64_C(0), 7), 63);
    assert_int_equal(mask_run_count(0), 0);
    assert_int_equal(mask_run_count(0x3b), 2);
    assert_int_equal(mask_run_count(~UINT64_C(0)), 1);
    assert_int_equal(mask_run_count(UINT64_C(0x8000000000000001)), 2);
}

static void test_step(void **state)
{
    static const struct {
        uint64_t mask;
        int step;
    } rows[] = {
        {0, 0},
        {1, 0},
        {3, 1},
        {5, 2},
        {7, 1},
        {0x0b, 0},  // 0 1 3
        {0x29, 0},  // 0 3 5
        {0x92, 3},  // 1 4 7
        {0x9a, 0},  // 1 3 4 7: one too many
        {0x111, 4}, // 0 4 8
        {UINT64_C(0x8000000000000001), 63},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(mask_step(rows[i].mask), rows[i].step);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_runs),
        cmocka_unit_test(test_step),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
