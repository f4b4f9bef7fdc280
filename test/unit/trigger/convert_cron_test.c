// convert_cron_test.c - triggers as crontab text, Quartz's cron text and APScheduler's fields.
// SPDX-License-Identifier: Apache-2.0
#include "convert_fixture.h"

static void test_cron(void **state)
{
    static const struct written rows[] = {
        {"0 30 2 ? * 2-6", "UTC", convert_cron, "30 2 * * tue-sat"},
        {"{'type':'quartz','expr':'0 30 2 ? * 2-6'}", "UTC", convert_cron, "30 2 * * mon-fri"},
        {"{'type':'quartz','expr':'0 0/5 14,18 * * ?'}", "UTC", convert_cron, "*/5 14,18 * * *"},
        {"{'type':'quartz','expr':'0 0 22-2 * * ?'}", "UTC", convert_cron, "0 0-2,22,23 * * *"},
        {"{'type':'cron','hour':3,'day':'last'}", "UTC", convert_cron, "0 3 L * *"},
        {"{'type':'cron','hour':3,'day':'2nd fri,15'}", "UTC", convert_cron, "0 3 15 * fri#2"},
        {"{'type':'cron','hour':3,'day':'2nd fri','day_of_week':'mon-fri'}", "UTC", convert_cron,
         "0 3 * * fri#2"},
        {"{'type':'cron','hour':3,'day':'1-7','day_of_week':'mon'}", "UTC", convert_cron,
         "0 3 1-7 * +mon"},
        {"{'type':'cron','hour':3,'day':'2nd fri,15','day_of_week':'mon-fri'}", "UTC", convert_cron,
         "!cron cannot limit both days of the month and numbered weekdays to weekdays"},
        {"{'type':'cron','week':5,'hour':3}", "UTC", convert_cron, "!cron has no ISO weeks"},
        {"{'type':'cron','year':2027,'hour':3}", "UTC", convert_cron, "0 0 3 * * * 2027"},
        {"{'type':'oncalendar','expr':'Mon..Fri *-*-* 09:00'}", "UTC", convert_cron,
         "0 9 * * mon-fri"},
        {"{'type':'oncalendar','expr':'Mon *-*-1..7 09:00'}", "UTC", convert_cron,
         "0 9 1-7 * +mon"},
        {"{'type':'oncalendar','expr':'*-*~01 09:00'}", "UTC", convert_cron, "0 9 L * *"},
        {"{'type':'oncalendar','expr':'*:*:0/0.5'}", "UTC", convert_cron,
         "!cron has no form for this trigger of type oncalendar"},
        {"{'type':'interval','minutes':15,'start_date':'2026-01-01 00:05'}", "Europe/Berlin",
         convert_cron, "5-50/15 * * * *"},
        {"{'type':'interval','minutes':15,'start_date':'2026-03-01'}", "Europe/Berlin",
         convert_cron, "*/15 * * * * start"},
        {"{'type':'interval','minutes':90}", "UTC", convert_cron,
         "!cron cannot say \"every 90 minutes\": that does not divide the day"},
        {"{'type':'interval','hours':2}", "Europe/Berlin", convert_cron,
         "!cron cannot say \"every 2 hours\": as elapsed time that moves on the clock when clocks "
         "change"},
        {"{'type':'interval','hours':2,'start_date':'2026-01-01 01:30'}", "UTC", convert_cron,
         "30 1-23/2 * * *"},
        {"{'type':'date','run_date':'2026-12-24 18:00'}", "Europe/Berlin", convert_cron,
         "0 0 18 24 12 * 2026"},
        {"0-59/15 0-23 * * *", "Europe/Berlin", convert_cron, "0-45/15 0-23 * * *"},
        {"0-59/15 0-23 * * *", "UTC", convert_cron, "*/15 * * * *"},
        {"*/60 2 * * *", "Europe/Berlin", convert_cron, "*/60 2 * * *"},
    };

    (void)state;
    written_check(rows, COUNT(rows));
}

static void test_quartz(void **state)
{
    static const struct written rows[] = {
        {"30 2 * * mon-fri", "Europe/Berlin", convert_quartz, "0 30 2 ? * MON-FRI"},
        {"30 2 * * *", "UTC", convert_quartz, "0 30 2 * * ?"},
        {"*/15 9-17 1,15 */3 *", "UTC", convert_quartz, "0 */15 9-17 1,15 */3 ?"},
        {"0 0 * * 5#2", "UTC", convert_quartz, "0 0 0 ? * FRI#2"},
        {"0 0 * * 5L", "UTC", convert_quartz, "0 0 0 ? * FRIL"},
        {"0 0 * * 5#2,1#1", "UTC", convert_quartz,
         "!quartz has one numbered weekday, such as FRI#2, and no second one"},
        {"0 0 * * mon,5L", "UTC", convert_quartz,
         "!quartz has no other weekday beside the last one of the month"},
        {"0 0 LW,L-3,15W * *", "UTC", convert_quartz, "0 0 0 L-3,15W,LW * ?"},
        {"0 0 13 * fri", "UTC", convert_quartz,
         "!quartz takes days of the month or weekdays, never both"},
        {"0 0 13 * +fri", "UTC", convert_quartz,
         "!quartz takes days of the month or weekdays, never both"},
        {"{'type':'cron','week':5,'hour':3}", "UTC", convert_quartz, "!quartz has no ISO weeks"},
        {"{'type':'cron','hour':3,'end_date':'2026-12-31','max_runs':3,'start_date':'2026-01-01','"
         "dst':'skip'}",
         "Europe/Berlin", convert_quartz, "0 0 3 * * ? start end runs"},
        {"*/60 2 * * *", "Europe/Berlin", convert_quartz,
         "!quartz counts elapsed time only where hour, minute or second begin with *"},
    };

    (void)state;
    written_check(rows, COUNT(rows));
}

static void test_fields(void **state)
{
    static const struct written rows[] = {
        {"*/15,7 1-3 * * *", "Europe/Berlin", convert_fields,
         "{\"hour\":\"1-3\",\"minute\":\"*/15,7\"}"},
        {"30 2 * * mon-fri", "UTC", convert_fields,
         "{\"day_of_week\":\"mon-fri\",\"hour\":\"2\",\"minute\":\"30\"}"},
        {"0 0 13 * fri", "UTC", convert_fields,
         "!fields need all to match, this schedule a day of the month or a weekday"},
        {"0 0 L-3 * *", "UTC", convert_fields,
         "!fields have no day before the last one of the month"},
        {"0 0 15W * *", "UTC", convert_fields, "!fields have no working day nearest to a day"},
        {"0 0 * * mon,5L", "UTC", convert_fields,
         "!fields have numbered weekdays among the days of the month alone"},
        {"0 0 * * 5L", "UTC", convert_fields,
         "{\"day\":\"last fri\",\"hour\":\"0\",\"minute\":\"0\"}"},
        {"5 0 0 1 1 * 2027", "UTC", convert_fields,
         "{\"year\":\"2027\",\"month\":\"1\",\"day\":\"1\",\"hour\":\"0\",\"minute\":\"0\","
         "\"second\":\"5\"}"},
    };

    (void)state;
    written_check(rows, COUNT(rows));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cron),
        cmocka_unit_test(test_quartz),
        cmocka_unit_test(test_fields),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
