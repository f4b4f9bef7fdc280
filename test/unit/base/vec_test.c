// vec_test.c - a typed array that grows.
// SPDX-License-Identifier: Apache-2.0
#include "base/vec.h"

#include "unit.h"

struct point {
    int x, y;
};

static void test_vec(void **state)
{
    VEC_OF(struct point) points = {0};

    (void)state;
    for (int i = 0; i < 1000; i++)
        vec_push(&points, ((struct point){i, -i}));
    assert_int_equal(points.len, 1000);
    assert_true(points.cap >= 1000);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(points.v[i].x, i);
        assert_int_equal(points.v[i].y, -i);
    }
    vec_clear(&points);
    assert_int_equal(points.len, 0);
    size_t cap = points.cap;
    vec_reserve(&points, cap);
    assert_int_equal(points.cap, cap);
    vec_reserve(&points, cap * 5);
    assert_int_equal(points.cap, cap * 5);
    vec_done(&points);
    assert_null(points.v);
    assert_int_equal(points.cap, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_vec)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
