// histogram_test.c - which bucket a time falls into.
// SPDX-License-Identifier: Apache-2.0
#include "base/histogram.h"

#include "unit.h"

static const struct histogram_bounds bounds = {3, {10, 20, 40}};

static void test_buckets(void **state)
{
    static const struct {
        int64_t us;
        size_t bucket;
    } rows[] = {{-5, 0}, {0, 0},  {10, 0},
                {11, 1}, {20, 1}, {21, 2},
                {40, 2}, {41, 3}, {INT64_C(1) << 40, 3}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct histogram h = {0};

        histogram_add(&h, &bounds, rows[i].us);
        for (size_t k = 0; k <= HISTOGRAM_BOUNDS_MAX; k++)
            assert_int_equal(h.counts[k], k == rows[i].bucket);
        assert_int_equal(h.total, 1);
        assert_int_equal(h.sum_us, rows[i].us < 0 ? 0 : rows[i].us);
    }
}

static void test_sums(void **state)
{
    struct histogram h = {0};

    (void)state;
    for (int i = 1; i <= 50; i++)
        histogram_add(&h, &bounds, i);
    assert_int_equal(h.counts[0], 10);
    assert_int_equal(h.counts[1], 10);
    assert_int_equal(h.counts[2], 20);
    assert_int_equal(h.counts[3], 10);
    assert_int_equal(h.total, 50);
    assert_int_equal(h.sum_us, 50 * 51 / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buckets),
        cmocka_unit_test(test_sums),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
