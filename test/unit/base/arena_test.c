// arena_test.c - pieces are apart, zeroed, aligned, and gone together.
// SPDX-License-Identifier: Apache-2.0
#include "base/arena.h"

#include <stdalign.h>

#include "base/rand.h"
#include "unit.h"

// Fills each piece with its own number and checks at the end that nobody wrote over it.
static void test_pieces(void **state)
{
    struct arena *a = arena_new(0);
    struct rand_seq r;
    unsigned char *pieces[500];
    size_t sizes[500];

    (void)state;
    rand_seq_init(&r, 1);
    for (int i = 0; i < 500; i++) {
        sizes[i] = rand_below(&r, i % 50 == 0 ? 20000 : 100);
        pieces[i] = arena_alloc(a, sizes[i]);
        assert_int_equal((uintptr_t)pieces[i] % alignof(max_align_t), 0);
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(pieces[i][k], 0);
        memset(pieces[i], i % 255 + 1, sizes[i]);
    }
    for (int i = 0; i < 500; i++)
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(pieces[i][k], i % 255 + 1);
    arena_free(a);
    arena_free(NULL);
}

static void test_reset(void **state)
{
    struct arena *a = arena_new(1000);
    size_t first = arena_size(a);

    (void)state;
    memset(arena_alloc(a, 900), 'x', 900);
    memset(arena_alloc(a, 90000), 'x', 90000);
    assert_true(arena_size(a) >= first + 90000);
    arena_reset(a);
    assert_int_equal(arena_size(a), first);
    const char *p = arena_alloc(a, 900);
    for (int i = 0; i < 900; i++)
        assert_int_equal(p[i], 0);
    assert_int_equal(arena_size(a), first);
    arena_free(a);
}

// One large piece does not make all later blocks large.
static void test_growth(void **state)
{
    struct arena *a = arena_new(1000);

    (void)state;
    assert_non_null(arena_alloc(a, 32 << 20));
    assert_non_null(arena_alloc(a, 10));
    assert_true(arena_size(a) <= (34 << 20));
    arena_free(a);
}

static void test_text(void **state)
{
    struct arena *a = arena_new(64);
    struct str s = arena_copy(a, STR_LIT("belfry"));
    struct str none = arena_copy(a, (struct str){NULL, 0});

    (void)state;
    assert_string_equal(s.p, "belfry");
    assert_int_equal(s.len, 6);
    assert_string_equal(none.p, "");
    s = arena_printf(a, "%s %0500d", "n", 7);
    assert_int_equal(s.len, 502);
    assert_int_equal(strlen(s.p), 502);
    assert_int_equal(s.p[501], '7');
    s = arena_path(a, STR_LIT("/srv/jobs"), STR_LIT("main.so"));
    assert_int_equal(s.len, 17);
    assert_string_equal(s.p, "/srv/jobs/main.so");
    int64_t *numbers = arena_array(a, 100, sizeof *numbers);
    assert_int_equal(numbers[99], 0);
    arena_free(a);
}

static void array_overflow(void *ctx)
{
    (void)arena_array(ctx, SIZE_MAX / 2, 3);
}

static void alloc_overflow(void *ctx)
{
    (void)arena_alloc(ctx, SIZE_MAX - 3);
}

static void test_overflow(void **state)
{
    struct arena *a = arena_new(64);

    (void)state;
    assert_true(unit_dies(array_overflow, a));
    assert_true(unit_dies(alloc_overflow, a));
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces),   cmocka_unit_test(test_reset),
        cmocka_unit_test(test_growth),   cmocka_unit_test(test_text),
        cmocka_unit_test(test_overflow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
