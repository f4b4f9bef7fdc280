// mem_test.c - memory that is zeroed, or the process ends.
// SPDX-License-Identifier: Apache-2.0
#include "base/mem.h"

#include <stdlib.h>

#include "unit.h"

static void test_alloc(void **state)
{
    char *p = mem_alloc(100);
    int *v = mem_array(10, sizeof *v);
    char *none = mem_alloc(0);

    (void)state;
    for (int i = 0; i < 100; i++)
        assert_int_equal(p[i], 0);
    assert_int_equal(v[9], 0);
    assert_non_null(none);
    p[99] = 'z';
    p = mem_resize(p, 10000);
    assert_int_equal(p[99], 'z');
    p = mem_resize(p, 0);
    assert_non_null(p);
    free(p);
    free(v);
    free(none);
}

static void test_copy(void **state)
{
    char *copy = mem_copy("a\0b", 3);
    char *none = mem_copy(NULL, 0);

    (void)state;
    assert_memory_equal(copy, "a\0b", 4);
    assert_string_equal(none, "");
    free(copy);
    free(none);
}

static void array_overflow(void *ctx)
{
    (void)ctx;
    free(mem_array(SIZE_MAX / 2, 4));
}

static void resize_too_far(void *ctx)
{
    free(mem_resize(ctx, SIZE_MAX / 2));
}

static void test_exhausted(void **state)
{
    (void)state;
    assert_true(unit_dies(array_overflow, NULL));
    assert_true(unit_dies(resize_too_far, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alloc),
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_exhausted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
