// str_test.c - text borrowed, cut, compared and read.
// SPDX-License-Identifier: Apache-2.0
#include "base/str.h"

#include <stdlib.h>

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

// Each part is followed by a '|'.
static void test_next(void **state)
{
    static const struct {
        const char *text;
        const char *parts;
    } rows[] = {
        {"a,,b", "a||b|"}, {"", "|"}, {",", "||"}, {"a,", "a||"}, {"abc", "abc|"}, {NULL, ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct str rest = str_of(rows[i].text), part;
        char parts[32] = "";

        while (str_next(&rest, ',', &part)) {
            strncat(parts, part.p, part.len);
            strncat(parts, "|", 2);
        }
        assert_string_equal(parts, rows[i].parts);
        assert_false(str_next(&rest, ',', &part));
    }
}

static void test_compare(void **state)
{
    const struct str none = {NULL, 0};

    (void)state;
    assert_true(str_eq(none, STR_LIT("")));
    assert_true(str_eq_nocase(none, none));
    assert_false(str_eq(STR_LIT("a"), STR_LIT("b")));
    assert_false(str_eq(STR_LIT("a"), STR_LIT("ab")));
    assert_false(str_eq_nocase(STR_LIT("[a"), STR_LIT("{a"))); // 0x20 apart, but no letters
    assert_false(str_eq_nocase(STR_LIT("@"), STR_LIT("`")));
    assert_true(str_starts(none, none));
    assert_false(str_starts(STR_LIT("a"), STR_LIT("ab")));
    assert_false(str_ends(STR_LIT("b"), STR_LIT("ab")));
    assert_true(str_cmp(STR_LIT("b"), STR_LIT("ab")) > 0);
    assert_true(str_cmp(STR_LIT("ab"), STR_LIT("a")) > 0);
    assert_true(str_cmp(STR_LIT("\xff"), STR_LIT("a")) > 0);
    assert_int_equal(str_cmp(none, STR_LIT("")), 0);
    assert_int_equal(str_trim(STR_LIT(" \v\f ")).len, 0);
    assert_int_equal(str_trim(none).len, 0);
    assert_int_equal(str_find(none, 'x'), -1);
    assert_int_equal(str_find(STR_LIT("abc"), '\0'), -1);
}

static void test_own(void **state)
{
    char *copy = str_own(str_cut(STR_LIT("belfry"), 0, 4));

    (void)state;
    assert_string_equal(copy, "belf");
    free(copy);
}

static void test_utf8(void **state)
{
    (void)state;
    assert_true(str_is_utf8(STR_LIT("h\xc3\xa9llo \xf0\x9f\x94\x94")));
    assert_false(str_is_utf8(STR_LIT("\xc0\xaf")));
    assert_false(str_is_utf8(STR_LIT("\xed\xa0\x80")));
    assert_false(str_is_utf8(STR_LIT("\xf4\x90\x80\x80")));
    assert_false(str_is_utf8(STR_LIT("a\xc3")));
    assert_true(str_is_utf8((struct str){NULL, 0}));
}

static void test_utf8_char(void **state)
{
    static const struct {
        const char *text;
        size_t bytes;
    } rows[] = {
        {"a", 1},
        {"\x7f", 1},
        {"\xc2\x80", 2},
        {"\xdf\xbf!", 2},
        {"\xe0\xa0\x80", 3},
        {"\xed\x9f\xbf", 3},
        {"\xee\x80\x80", 3},
        {"\xef\xbf\xbf", 3},
        {"\xf0\x90\x80\x80", 4},
        {"\xf4\x8f\xbf\xbf", 4},
        {"\x80", 0},         // a continuation alone
        {"\xc1\xbf", 0},     // overlong
        {"\xe0\x9f\xbf", 0}, // overlong
        {"\xf0\x8f\xbf\xbf", 0},
        {"\xed\xbf\xbf", 0}, // a surrogate
        {"\xf8\x88\x80\x80\x80", 0},
        {"\xe2\x82", 0}, // cut short
        {"\xe2(\x82", 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(str_utf8_char(str_of(rows[i].text)), rows[i].bytes);
}

static void test_glob(void **state)
{
    static const struct {
        const char *pattern, *s;
        bool is_meant;
    } rows[] = {
        {"", "", true},
        {"*", "", true},
        {"?", "", false},
        {"a", "a", true},
        {"a", "ab", false},
        {"ab", "a", false},
        {"*", "anything", true},
        {"backup-*", "backup-db", true},
        {"backup-*", "backup", false},
        {"*-db", "x-db-db", true},
        {"*-db", "x-db-d", false},
        {"a?c", "abc", true},
        {"a?c", "ac", false},
        {"*a*b*", "xxaxxbxx", true},
        {"*a*b*", "bbaa", false},
        {"**", "x", true},
        {"?*?", "x", false},
        {"?*?", "xy", true},
    };
    char many[120], as[120];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (str_glob(str_of(rows[i].pattern), str_of(rows[i].s)) != rows[i].is_meant)
            fail_msg("\"%s\" and \"%s\"", rows[i].pattern, rows[i].s);
    for (size_t i = 0; i < sizeof many; i++)
        many[i] = i % 2 ? 'a' : '*';
    memset(as, 'a', sizeof as);
    many[sizeof many - 1] = 'b';
    assert_false(str_glob((struct str){many, sizeof many}, (struct str){as, sizeof as})); // at once
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_int),       cmocka_unit_test(test_parts), cmocka_unit_test(test_next),
        cmocka_unit_test(test_compare),   cmocka_unit_test(test_own),   cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_utf8_char), cmocka_unit_test(test_glob),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
