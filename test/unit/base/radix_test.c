// radix_test.c - the table of numbers against a naive list.
// SPDX-License-Identifier: Apache-2.0
#include "base/radix.h"

#include "base/rand.h"
#include "unit.h"

// Numbers at the edges of nodes and levels, rising.
static const uint64_t edges[] = {0,
                                 1,
                                 63,
                                 64,
                                 65,
                                 4095,
                                 4096,
                                 (1 << 18) - 1,
                                 1 << 18,
                                 1 << 24,
                                 UINT64_C(7) << 40,
                                 UINT64_C(1) << 60,
                                 INT64_MAX};

static void test_edges(void **state)
{
    static int values[COUNT(edges)];
    struct radix r = {0};
    size_t at = 0;

    (void)state;
    assert_null(radix_next(&r, &at));
    for (size_t i = 0; i < COUNT(edges); i++) {
        assert_null(radix_get(&r, edges[i]));
        assert_null(radix_remove(&r, edges[i]));
        assert_null(radix_put(&r, edges[i], &values[i]));
        for (size_t k = 0; k <= i; k++)
            assert_ptr_equal(radix_get(&r, edges[k]), &values[k]);
        assert_null(radix_get(&r, edges[i] + 2000));
    }
    assert_int_equal(r.len, COUNT(edges));
    for (size_t i = 0; i < COUNT(edges); i++) {
        assert_ptr_equal(radix_next(&r, &at), &values[i]);
        assert_true(at == edges[i] + 1);
    }
    assert_null(radix_next(&r, &at));
    for (size_t i = COUNT(edges); i-- > 0;)
        assert_ptr_equal(radix_remove(&r, edges[i]), &values[i]);
    assert_null(r.top); // what is empty takes no memory
    radix_done(&r);
}

static void test_replaced(void **state)
{
    struct radix r = {0};
    int one, two;

    (void)state;
    assert_null(radix_put(&r, 100, &one));
    assert_ptr_equal(radix_put(&r, 100, &two), &one);
    assert_ptr_equal(radix_get(&r, 100), &two);
    assert_int_equal(r.len, 1);
    radix_done(&r);
    assert_null(radix_get(&r, 100));
}

#define NUMBERS 5000

static void model_check(const struct radix *r, const bool *is_in, int *values)
{
    size_t len = 0, at = 0;

    for (size_t i = 0; i < NUMBERS; i++) {
        assert_ptr_equal(radix_get(r, i * 3), is_in[i] ? &values[i] : NULL);
        if (!is_in[i])
            continue;
        assert_ptr_equal(radix_next(r, &at), &values[i]);
        len++;
    }
    assert_null(radix_next(r, &at));
    assert_int_equal(r->len, len);
}

// It is filled in one half of the steps and emptied in the other.
static void test_model(void **state)
{
    static int values[NUMBERS];
    static bool is_in[NUMBERS];
    struct radix r = {0};
    struct rand_seq seq;

    (void)state;
    rand_seq_init(&seq, 3);
    for (int step = 0; step < 40000; step++) {
        size_t i = rand_below(&seq, NUMBERS);
        bool put = rand_below(&seq, 10) < (step / 10000 % 2 == 0 ? 7u : 3u);
        void *former = is_in[i] ? &values[i] : NULL;

        if (put)
            assert_ptr_equal(radix_put(&r, i * 3, &values[i]), former);
        else
            assert_ptr_equal(radix_remove(&r, i * 3), former);
        is_in[i] = put;
        if (step % 4000 == 0)
            model_check(&r, is_in, values);
    }
    model_check(&r, is_in, values);
    radix_done(&r);
}

// A walk goes on wherever it is, whatever is taken out and added behind and before it.
static void test_walk(void **state)
{
    static int values[2000];
    struct radix r = {0};
    int *value, seen = 0;

    (void)state;
    for (uint64_t i = 500; i < 1000; i++)
        assert_null(radix_put(&r, i, &values[i]));
    for (size_t at = 0; (value = radix_next(&r, &at)); seen++) {
        size_t i = (size_t)(value - values);

        assert_ptr_equal(radix_remove(&r, i), value);
        (void)radix_remove(&r, i + 1);
        if (i < 1000)
            (void)radix_put(&r, i + 1000, &values[i + 1000]);
        (void)radix_put(&r, 3, &values[3]);
    }
    assert_int_equal(seen, 500);
    assert_int_equal(r.len, 1);
    radix_done(&r);
}

static void none_put(void *ctx)
{
    (void)radix_put(ctx, 1, NULL);
}

static void test_dies(void **state)
{
    struct radix r = {0};

    (void)state;
    assert_true(unit_dies(none_put, &r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_edges), cmocka_unit_test(test_replaced), cmocka_unit_test(test_model),
        cmocka_unit_test(test_walk),  cmocka_unit_test(test_dies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
