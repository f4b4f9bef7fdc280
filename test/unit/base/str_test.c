// str_test.c - text borrowed, cut, compared and read.
// SPDX-License-Identifier: Apache-2.0
#include "base/str.h"

#include "unit.h"

static void test_int(void **state)
{
    static const struct {
        const char *text;
        bool ok;
        int64_t n;
    } rows[] = {
        {"0", true, 0},
        {"-1", true, -1},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"", false, 0},
        {"-", false, 0},
        {"+1", false, 0},
        {" 1", false, 0},
        {"1x", false, 0},
        {"007", true, 7},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t n = 0;

        assert_int_equal(str_to_int(str_of(rows[i].text), &n), rows[i].ok);
        assert_int_equal(n, rows[i].n);
    }
}

static void test_parts(void **state)
{
    struct str rest = STR_LIT("a,,b"), part;
    int count = 0;

    (void)state;
    while (str_next(&rest, ',', &part))
        count++;
    assert_int_equal(count, 3);
    assert_true(str_eq(part, STR_LIT("b")));
    assert_true(str_eq(str_trim(STR_LIT(" \t x y\r\n")), STR_LIT("x y")));
    assert_true(str_starts(STR_LIT("abc"), STR_LIT("ab")));
    assert_true(str_ends(STR_LIT("abc"), STR_LIT("bc")));
    assert_true(str_eq_nocase(STR_LIT("MoN"), STR_LIT("mon")));
    assert_int_equal(str_find(STR_LIT("abc"), 'c'), 2);
    assert_true(str_cmp(STR_LIT("a"), STR_LIT("ab")) < 0);
}

static void test_utf8(void **state)
{
    (void)state;
    assert_true(str_is_utf8(STR_LIT("h\xc3\xa9llo \xf0\x9f\x94\x94")));
    assert_false(str_is_utf8(STR_LIT("\xc0\xaf")));
    assert_false(str_is_utf8(STR_LIT("\xed\xa0\x80")));
    assert_false(str_is_utf8(STR_LIT("\xf4\x90\x80\x80")));
    assert_false(str_is_utf8(STR_LIT("a\xc3")));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_int),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_utf8),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
