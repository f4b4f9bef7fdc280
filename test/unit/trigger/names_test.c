// names_test.c - month and weekday names.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/names.h"

#include "unit.h"

static void test_names(void **state)
{
    (void)state;
    assert_int_equal(name_month(STR_LIT("jan")), 1);
    assert_int_equal(name_month(STR_LIT("DEC")), 12);
    assert_int_equal(name_month(STR_LIT("janu")), 0);
    assert_int_equal(name_month(STR_LIT("")), 0);
    assert_int_equal(name_weekday(STR_LIT("Mon")), 0);
    assert_int_equal(name_weekday(STR_LIT("sun")), 6);
    assert_int_equal(name_weekday(STR_LIT("su")), -1);
    for (int i = 0; i < 7; i++) {
        assert_int_equal(name_weekday(str_of(weekday_names[i])), i);
        assert_int_equal(name_weekday_full(str_of(weekday_names[i])), i);
        assert_int_equal(name_weekday_full(str_of(weekday_full_names[i])), i);
    }
    assert_int_equal(name_weekday_full(STR_LIT("SUNDAY")), 6);
    assert_int_equal(name_weekday_full(STR_LIT("sunda")), -1);
    for (int i = 0; i < 12; i++)
        assert_int_equal(name_month(str_of(month_names[i])), i + 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_names)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
