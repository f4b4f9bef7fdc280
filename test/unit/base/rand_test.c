// rand_test.c - the repeatable sequence repeats; the system's randomness does not.
// SPDX-License-Identifier: Apache-2.0
#include "base/rand.h"

#include "base/str.h"
#include "unit.h"

static void test_repeats(void **state)
{
    struct rand_seq a, b, c;
    int differ = 0;

    (void)state;
    rand_seq_init(&a, 42);
    rand_seq_init(&b, 42);
    rand_seq_init(&c, 43);
    for (int i = 0; i < 1000; i++) {
        uint64_t x = rand_next(&a);

        assert_true(x == rand_next(&b));
        differ += x != rand_next(&c);
    }
    assert_int_equal(differ, 1000);
}

// The generator's published step, from state 1, 2, 3, 4: 11520, 0, 1509978240, ...
static void test_known(void **state)
{
    struct rand_seq r = {{1, 2, 3, 4}};

    (void)state;
    assert_true(rand_next(&r) == 11520);
    assert_true(rand_next(&r) == 0);
    assert_true(rand_next(&r) == 1509978240);
    assert_true(rand_next(&r) == 1215971899390074240);
}

static void test_below(void **state)
{
    struct rand_seq r;
    int counts[7] = {0};

    (void)state;
    rand_seq_init(&r, 5);
    for (int i = 0; i < 70000; i++)
        counts[rand_below(&r, 7)]++;
    for (int i = 0; i < 7; i++)
        assert_in_range(counts[i], 9500, 10500);
    assert_true(rand_below(&r, 1) == 0);
    for (int i = 0; i < 100; i++)
        assert_true(rand_below(&r, (UINT64_C(1) << 63) + 1) <= UINT64_C(1) << 63);
    // Plain remainders would fall below 2^62 half of the time, not a third.
    int low = 0;
    for (int i = 0; i < 30000; i++)
        low += rand_below(&r, UINT64_C(3) << 62) < UINT64_C(1) << 62;
    assert_in_range(low, 9500, 10500);
}

static void test_system(void **state)
{
    unsigned char many[1000] = {0};
    int zeros = 0;

    (void)state;
    assert_true(rand_u64() != rand_u64());
    rand_bytes(many, sizeof many);
    for (size_t i = 0; i < sizeof many; i++)
        zeros += many[i] == 0;
    assert_in_range(zeros, 0, 30);
    rand_bytes(many, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_repeats),
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_below),
        cmocka_unit_test(test_system),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
