// lint_clock_test.c - whom changes of the clocks concern.
// SPDX-License-Identifier: Apache-2.0
#include "lint_fixture.h"

static void test_dst(void **state)
{
    static const struct linted rows[] = {
        {lint_dst, "30 2 * * *", "Europe/Berlin", "dst-gap dst-fold"},
        {lint_dst, "30 2 * 3 *", "Europe/Berlin", "dst-gap"},
        {lint_dst, "30 2 * 10 *", "Europe/Berlin", "dst-fold"},
        {lint_dst, "30 3 * * *", "Europe/Berlin", ""},
        {lint_dst, "30 2 * * *", "UTC", ""},
        {lint_dst, "*/30 * * * *", "Europe/Berlin", ""},
        {lint_dst, "{'expr':'30 2 * * *','end_date':'2026-03-01'}", "Europe/Berlin", ""},
        {lint_dst, "{'expr':'30 2 * * *','start_date':'2028-03-01'}", "Europe/Berlin", ""},
        {lint_dst, "{'type':'interval','hours':1}", "Europe/Berlin", ""},
    };

    (void)state;
    linted_check(rows, COUNT(rows));
}

static void test_drift(void **state)
{
    static const struct linted rows[] = {
        {lint_drift, "{'type':'interval','days':1}", "Europe/Berlin", "drift"},
        {lint_drift, "{'type':'interval','weeks':2}", "Europe/Berlin", "drift"},
        {lint_drift, "{'type':'interval','hours':36}", "Europe/Berlin", ""},
        {lint_drift, "{'type':'interval','days':1}", "UTC", ""},
        {lint_drift, "0 9 * * *", "Europe/Berlin", ""},
    };

    (void)state;
    linted_check(rows, COUNT(rows));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dst),
        cmocka_unit_test(test_drift),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
