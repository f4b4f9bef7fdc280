// convert_oncalendar_test.c - triggers as calendar events.
// SPDX-License-Identifier: Apache-2.0
#include "convert_fixture.h"

static void test_oncalendar(void **state)
{
    static const struct written rows[] = {
        {"30 2 * * mon-fri", "UTC", convert_oncalendar, "Mon..Fri *-*-* 02:30:00"},
        {"*/15 * * * *", "Europe/Berlin", convert_oncalendar, "*-*-* *:00/15:00"},
        {"*/15 1-3 * * *", "Europe/Berlin", convert_oncalendar,
         "!oncalendar counts elapsed time only where hour, minute or second begin with *"},
        {"*/15 9-17 * * *", "Europe/Berlin", convert_oncalendar, "*-*-* 09..17:00/15:00"},
        {"0 0 L * *", "UTC", convert_oncalendar, "*-*~01 00:00:00"},
        {"0 0 L,15 * *", "UTC", convert_oncalendar,
         "!oncalendar counts days from one end of the month, not from both"},
        {"0 0 L-30 * *", "UTC", convert_oncalendar,
         "!oncalendar counts at most 28 days from the month's end"},
        {"0 0 * * 5#2", "UTC", convert_oncalendar, "Fri *-*-08..14 00:00:00"},
        {"0 0 * * 1#1,1#3", "UTC", convert_oncalendar, "Mon *-*-01..07,15..21 00:00:00"},
        {"0 0 * * 1#1,2#3", "UTC", convert_oncalendar,
         "!oncalendar has weekdays of some days of the month, not these together"},
        {"0 0 * * 5L", "UTC", convert_oncalendar, "Fri *-*~01..07 00:00:00"},
        {"0 0 15W * *", "UTC", convert_oncalendar,
         "!oncalendar has no working day nearest to a day"},
        {"0 0 13 * fri", "UTC", convert_oncalendar,
         "!oncalendar needs both to match, this schedule a day of the month or a weekday"},
        {"0 0 13 * +fri", "UTC", convert_oncalendar, "Fri *-*-13 00:00:00"},
        {"{'type':'cron','week':5,'hour':3}", "UTC", convert_oncalendar,
         "!oncalendar has no ISO weeks"},
        {"0 0 0 1 1 * 2027/2", "UTC", convert_oncalendar, "2027/2-01-01 00:00:00"},
    };

    (void)state;
    written_check(rows, COUNT(rows));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_oncalendar),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
