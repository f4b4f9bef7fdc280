// scan_test.c - the reading steps of field languages.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/scan.h"

#include "unit.h"

static void test_steps(void **state)
{
    struct err e = {0};
    struct scan s = {
        .text = STR_LIT("12ab,3 rest"), .end = 6, .key = "expr", .what = "hour", .e = &e};
    int n = 0;

    (void)state;
    assert_true(scan_digits(&s, &n));
    assert_int_equal(n, 12);
    assert_false(scan_digits(&s, &n));
    assert_true(str_eq(scan_letters(&s), STR_LIT("ab")));
    assert_int_equal(scan_letters(&s).len, 0);
    assert_int_equal(scan_peek(&s), ',');
    assert_false(scan_take(&s, ';'));
    assert_true(scan_take(&s, ','));
    assert_true(scan_digits(&s, &n));
    assert_true(scan_is_done(&s));
    assert_int_equal(scan_peek(&s), '\0');
    assert_false(scan_take(&s, ' '));
}

static void test_large(void **state)
{
    struct scan s = {.text = STR_LIT("12345678901234567890"), .end = 20};
    int n = 0;

    (void)state;
    assert_true(scan_digits(&s, &n));
    assert_int_equal(n, 999999999);
    assert_true(scan_is_done(&s));
}

static void test_complaints(void **state)
{
    struct err e = {0};
    struct scan s = {
        .text = STR_LIT("0 1,x2,3 *"), .at = 4, .end = 8, .key = "expr", .what = "hour", .e = &e};

    (void)state;
    assert_false(scan_fail(&s, 4, "cannot be %d", 7));
    assert_string_equal(e.message, "hour cannot be 7");
    assert_string_equal(e.field, "expr");
    assert_int_equal(e.column, 5);
    assert_int_equal(e.code, ERR_INPUT);
    assert_false(scan_fail_item(&s, 5, "write 0-23"));
    assert_string_equal(e.message, "hour does not understand \"x2\": write 0-23");
    assert_int_equal(e.column, 6);
    assert_false(scan_fail_item(&s, 2, "write 0-23"));
    assert_string_equal(e.message, "hour does not understand \"1\": write 0-23");
    s.end = 4;
    assert_false(scan_fail_item(&s, 4, "write 0-23"));
    assert_string_equal(e.message, "hour has an empty place: write 0-23");
    s.text = STR_LIT("12:xx");
    s.from = 3;
    s.end = 5;
    assert_false(scan_fail_item(&s, 4, "write 0-59"));
    assert_string_equal(e.message, "hour does not understand \"xx\": write 0-59");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_complaints),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
