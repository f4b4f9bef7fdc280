// lint_calendar_test.c - which fields of the cron family are found, and which are not.
// SPDX-License-Identifier: Apache-2.0
#include "lint_fixture.h"

static void test_steps(void **state)
{
    static const struct linted rows[] = {
        {lint_uneven_step, "*/7 * * * *", "UTC", "uneven-step"},
        {lint_uneven_step, "5/7 * * * *", "UTC", "uneven-step"},
        {lint_uneven_step, "*/7 */5 * * *", "UTC", "uneven-step"}, // hours do not follow each other
        {lint_uneven_step, "*/7 */7 */2 */5 *", "UTC", "uneven-step"},
        {lint_uneven_step, "*/7 * * * */2", "UTC", "uneven-step uneven-step"},
        {lint_uneven_step, "*/6 */4 * */3 *", "UTC", ""},
        {lint_uneven_step, "0,35 * * * *", "UTC", ""}, // that is what was written
        {lint_uneven_step, "*/7,3 * * * *", "UTC", ""},
        {lint_uneven_step, "10-30/7 * * * *", "UTC", ""},
        {lint_uneven_step, "*/7 5 * * *", "UTC", ""},
        {lint_uneven_step, "0 */5 13 * *", "UTC", ""},
        {lint_uneven_step, "*/100 * * * *", "UTC", "uneven-step"},
        {lint_uneven_step, "{'type':'quartz','expr':'0 0/7 * * * ?'}", "UTC", "uneven-step"},
        {lint_uneven_step, "{'type':'cron','minute':'*/7'}", "UTC", "uneven-step"},
        {lint_uneven_step, "@hourly", "UTC", ""},
    };

    (void)state;
    linted_check(rows, COUNT(rows));
}

static void test_days(void **state)
{
    static const struct linted rows[] = {
        {lint_day_or_weekday, "0 0 13 * 5", "UTC", "day-or-weekday"},
        {lint_day_or_weekday, "0 0 L * 5#2", "UTC", "day-or-weekday"},
        {lint_day_or_weekday, "0 0 13 * *", "UTC", ""},
        {lint_day_or_weekday, "0 0 */2 * 5", "UTC", ""},
        {lint_day_or_weekday, "0 0 +13 * 5", "UTC", ""},
        {lint_day_or_weekday, "0 0 1-31 * 5", "UTC", ""},
        {lint_day_or_weekday, "{'type':'cron','day':13,'day_of_week':'fri'}", "UTC", ""},
        {lint_missing_days, "0 0 29 * *", "UTC", "missing-days"},
        {lint_missing_days, "0 0 1,15,31 * *", "UTC", "missing-days"},
        {lint_missing_days, "0 0 31W * *", "UTC", "missing-days"},
        {lint_missing_days, "0 0 31 1,3 *", "UTC", ""},
        {lint_missing_days, "0 0 28 * *", "UTC", ""},
        {lint_missing_days, "0 0 25-31 * *", "UTC", ""},
        {lint_missing_days, "0 0 */3 * *", "UTC", ""},
        {lint_missing_days, "0 0 * * 5#4", "UTC", ""},
        {lint_missing_days, "0 0 * * 5#5", "UTC", "missing-days"},
        {lint_missing_days, "0 0 * * 5L", "UTC", ""},
        {lint_missing_days, "{'type':'oncalendar','expr':'*-*-31 09:00'}", "UTC", "missing-days"},
        {lint_missing_days, "{'type':'rrule','expr':'FREQ=MONTHLY;BYMONTHDAY=30'}", "UTC",
         "missing-days"},
        {lint_missing_days, "{'type':'rrule','expr':'FREQ=MONTHLY;BYDAY=5FR'}", "UTC",
         "missing-days"},
    };

    (void)state;
    linted_check(rows, COUNT(rows));
}

static void test_weekdays(void **state)
{
    static const struct linted rows[] = {
        {lint_numeric_weekday, "0 0 * * 1-5", "UTC", ""}, // everybody's crontab
        {lint_numeric_weekday, "0 0 0 * * 1-5", "UTC", "numeric-weekday"},
        {lint_numeric_weekday, "0 0 0 * * mon-fri", "UTC", ""},
        {lint_numeric_weekday, "0 0 0 * * fri#2", "UTC", ""},
        {lint_numeric_weekday, "0 0 0 * * 5L", "UTC", "numeric-weekday"},
        {lint_numeric_weekday, "0 0 0 * * mon,3", "UTC", "numeric-weekday"},
        {lint_numeric_weekday, "{'type':'quartz','expr':'0 0 0 ? * 6#3'}", "UTC",
         "numeric-weekday"},
        {lint_numeric_weekday, "{'type':'quartz','expr':'0 0 0 ? * FRI#3'}", "UTC", ""},
        {lint_numeric_weekday, "{'type':'cron','day_of_week':4}", "UTC", "numeric-weekday"},
        {lint_numeric_weekday, "{'type':'cron','day_of_week':'fri'}", "UTC", ""},
    };

    (void)state;
    linted_check(rows, COUNT(rows));
}

static void test_burst(void **state)
{
    static const struct linted rows[] = {
        {lint_burst, "* 2 * * *", "UTC", "burst"},
        {lint_burst, "* 2,3 * * *", "UTC", ""},
        {lint_burst, "0-58 2 * * *", "UTC", ""},
        {lint_burst, "* 5 * * * *", "UTC", "burst"},
        {lint_burst, "* * 2 * * *", "UTC", ""},
        {lint_burst, "{'type':'cron','hour':2,'minute':'*'}", "UTC", "burst"},
        {lint_burst, "{'type':'cron','hour':2}", "UTC", ""},
        {lint_burst, "{'type':'oncalendar','expr':'02:*:00'}", "UTC", "burst"},
    };

    (void)state;
    linted_check(rows, COUNT(rows));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_days),
        cmocka_unit_test(test_weekdays),
        cmocka_unit_test(test_burst),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
