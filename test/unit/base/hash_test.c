// hash_test.c - SipHash-1-3 against the values that Python 3.11 gives for the same keys.
// SPDX-License-Identifier: Apache-2.0
#include "base/hash.h"

#include "unit.h"

// Python's key is zero with PYTHONHASHSEED=0, and the second one here with PYTHONHASHSEED=7.
static void test_python(void **state)
{
    static const struct hash_key keys[] = {{0, 0}, {0x12c874a1806f0e3d, 0x470a89d2f9d2784f}};
    static const struct {
        const char *text;
        uint64_t hash[2];
    } rows[] = {
        {"a", {0x407448d2b89b1813, 0x58fddb5aae8c3c14}},
        {"belfry", {0xca906f5299390b98, 0xf1644376877af8b0}},
        {"12345678", {0x3489982430560a87, 0x2252aef54e709d3d}},
        {"123456789", {0x0fbc0f0007965fcf, 0xc80f8fbb9083d789}},
        {"a job id of 31 bytes, all of it", {0x4e0392936238cb1f, 0x33527c976e8691d2}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (int k = 0; k < 2; k++)
            assert_true(hash_str(&keys[k], str_of(rows[i].text)) == rows[i].hash[k]);
}

static void test_length_counts(void **state)
{
    const struct hash_key key = {1, 2};

    (void)state;
    assert_true(hash_str(&key, STR_LIT("\0")) != hash_str(&key, STR_LIT("")));
    assert_true(hash_str(&key, STR_LIT("\0\0")) != hash_str(&key, STR_LIT("\0")));
    assert_true(hash_str(&key, (struct str){NULL, 0}) == hash_str(&key, STR_LIT("")));
}

// Each input bit changes about half of the output bits.
static void test_mix(void **state)
{
    (void)state;
    assert_int_equal(hash_mix(0), 0);
    for (int bit = 0; bit < 64; bit++) {
        int changed = 0;

        for (uint64_t x = 1; x <= 64; x++)
            changed += __builtin_popcountll(hash_mix(x) ^ hash_mix(x ^ UINT64_C(1) << bit));
        assert_in_range(changed, 64 * 28, 64 * 36);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_python),
        cmocka_unit_test(test_length_counts),
        cmocka_unit_test(test_mix),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
