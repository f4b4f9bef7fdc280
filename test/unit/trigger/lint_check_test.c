// lint_check_test.c - how findings are written down.
// SPDX-License-Identifier: Apache-2.0
#include "lint_fixture.h"

static void test_add(void **state)
{
    const struct field_source source = {"minute", STR_LIT("*/7"), 3};
    struct lint_finding v[LINT_MAX];
    struct lint l = {.v = v};

    (void)state;
    lint_add(&l, LINT_BURST, &source, "%d times", 60);
    lint_hint(&l, "minute %d", 0);
    lint_add(&l, LINT_RARE, NULL, "rare");
    assert_int_equal(l.count, 2);
    assert_int_equal(v[0].code, LINT_BURST);
    assert_string_equal(v[0].field, "minute");
    assert_int_equal(v[0].column, 3);
    assert_string_equal(v[0].message, "60 times");
    assert_string_equal(v[0].hint, "minute 0");
    assert_null(v[1].field);
    assert_int_equal(v[1].column, 0);
    assert_string_equal(v[1].hint, "");
    for (int i = 0; i < 2 * LINT_MAX; i++)
        lint_add(&l, LINT_RARE, NULL, "%0400d", i); // cut, and dropped when there are too many
    assert_int_equal(l.count, LINT_MAX);
    assert_int_equal(strlen(v[LINT_MAX - 1].message), sizeof v[0].message - 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_add)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
