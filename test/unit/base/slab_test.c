// slab_test.c - things of one size: each its own, zeroed, and used again.
// SPDX-License-Identifier: Apache-2.0
#include "base/slab.h"

#include <string.h>

#include "base/rand.h"
#include "unit.h"

#define THINGS 6000

static bool is_all(const char *thing, size_t size, char byte)
{
    for (size_t i = 0; i < size; i++)
        if (thing[i] != byte)
            return false;
    return true;
}

// Things of each size, more than a block of them, taken and given back in any order: none writes
// into another, and each is zeroed when it comes.
static void test_things(void **state)
{
    static const size_t sizes[] = {1, 100, 400, 1000};
    static char *things[THINGS];
    struct rand_seq r;

    (void)state;
    rand_seq_init(&r, 5);
    for (size_t k = 0; k < COUNT(sizes); k++) {
        size_t taken = 0;
        struct slab s;

        slab_init(&s, sizes[k]);
        for (int step = 0; step < 3 * THINGS; step++) {
            size_t i = rand_below(&r, THINGS);

            if (things[i]) {
                assert_true(is_all(things[i], sizes[k], (char)(i % 100 + 1)));
                slab_give(&s, things[i]);
                things[i] = NULL;
                taken--;
            } else {
                things[i] = slab_take(&s);
                assert_true(is_all(things[i], sizes[k], 0));
                memset(things[i], (int)(i % 100 + 1), sizes[k]);
                taken++;
            }
            assert_int_equal(s.taken, taken);
        }
        for (size_t i = 0; i < THINGS; i++) {
            slab_give(&s, things[i]);
            things[i] = NULL;
        }
        assert_null(s.block); // there was more than one
        slab_done(&s);
    }
}

// One that is given back is the next one (but where each is watched).
static void test_again(void **state)
{
    struct slab s;
    void *first, *second;

    (void)state;
    slab_init(&s, 32);
    first = slab_take(&s);
    second = slab_take(&s);
    slab_give(&s, NULL);
    slab_give(&s, first);
    first = slab_take(&s);
    assert_ptr_not_equal(first, second);
    slab_give(&s, first);
    slab_give(&s, second);
    slab_done(&s);
}

static void done_early(void *ctx)
{
    (void)slab_take(ctx);
    slab_done(ctx);
}

static void test_dies(void **state)
{
    struct slab s;

    (void)state;
    slab_init(&s, 8);
    assert_true(unit_dies(done_early, &s));
    slab_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_things),
        cmocka_unit_test(test_again),
        cmocka_unit_test(test_dies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
