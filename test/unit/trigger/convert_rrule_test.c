// convert_rrule_test.c - triggers as recurrence rules.
// SPDX-License-Identifier: Apache-2.0
#include "convert_fixture.h"

static void test_rrule(void **state)
{
    static const struct written rows[] = {
        {"30 9 * * *", "Europe/Berlin", convert_rrule,
         "DTSTART;TZID=Europe/Berlin:20260116T093000\nRRULE:FREQ=DAILY"},
        {"30 2 * * *", "Europe/Berlin", convert_rrule,
         "DTSTART;TZID=Europe/Berlin:20260116T023000\nRRULE:FREQ=DAILY dst=first"},
        {"{'type':'cron','expr':'30 2 * * *','dst':'skip'}", "Europe/Berlin", convert_rrule,
         "DTSTART;TZID=Europe/Berlin:20260116T023000\nRRULE:FREQ=DAILY"},
        {"{'type':'cron','expr':'30 2 * * *','dst':'utc'}", "Europe/Berlin", convert_rrule,
         "DTSTART:20260116T023000Z\nRRULE:FREQ=DAILY"},
        {"*/5 * * * *", "Europe/Berlin", convert_rrule,
         "DTSTART:20260115T101000Z\nRRULE:FREQ=MINUTELY;INTERVAL=5"},
        {"*/15 1-3 * * *", "Europe/Berlin", convert_rrule,
         "!rrule means a time that clocks show twice only once"},
        {"0 9-17/4 * * mon-fri", "UTC", convert_rrule,
         "DTSTART:20260115T130000Z\nRRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYHOUR=9,13,17"},
        {"0 0 1,15,L * *", "UTC", convert_rrule,
         "DTSTART:20260131T000000Z\nRRULE:FREQ=MONTHLY;BYMONTHDAY=1,15,-1"},
        {"0 0 * * 5#2,1L", "UTC", convert_rrule,
         "DTSTART:20260126T000000Z\nRRULE:FREQ=MONTHLY;BYDAY=2FR,-1MO"},
        {"0 0 13 * fri", "UTC", convert_rrule,
         "DTSTART:20260116T000000Z\nRRULE:FREQ=MONTHLY;BYMONTHDAY=13\nRRULE:FREQ=WEEKLY;BYDAY=FR"},
        {"0 0 13 * +fri", "UTC", convert_rrule,
         "DTSTART:20260213T000000Z\nRRULE:FREQ=MONTHLY;BYMONTHDAY=13;BYDAY=FR"},
        {"0 0 LW * *", "UTC", convert_rrule,
         "DTSTART:20260130T000000Z\nRRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"},
        {"0 0 15W * *", "UTC", convert_rrule, "!rrule has no working day nearest to a day"},
        {"{'type':'cron','week':5,'hour':3}", "UTC", convert_rrule,
         "DTSTART:20260126T030000Z\nRRULE:FREQ=YEARLY;BYWEEKNO=5;BYDAY=MO,TU,WE,TH,FR,SA,SU"},
        {"0 0 0 1 1 * 2027-2029", "Europe/Berlin", convert_rrule,
         "DTSTART;TZID=Europe/"
         "Berlin:20270101T000000\nRRULE:FREQ=MONTHLY;BYMONTH=1;BYMONTHDAY=1;UNTIL="
         "20291231T225959Z"},
        {"0 0 0 1 1 * 2027,2029", "UTC", convert_rrule, "!rrule has no list of years"},
        {"* * * * * *", "UTC", convert_rrule, "DTSTART:20260115T100703Z\nRRULE:FREQ=SECONDLY"},
        {"{'type':'interval','minutes':90,'start_date':'2026-01-01'}", "Europe/Berlin",
         convert_rrule, "DTSTART:20251231T230000Z\nRRULE:FREQ=MINUTELY;INTERVAL=90"},
        {"{'type':'date','run_date':'2026-12-24 18:00'}", "Europe/Berlin", convert_rrule,
         "DTSTART:20261224T170000Z\nRRULE:FREQ=DAILY;COUNT=1"},
        {"{'type':'cron','hour':3,'max_runs':7,'start_date':'2026-01-01'}", "UTC", convert_rrule,
         "DTSTART:20260101T030000Z\nRRULE:FREQ=DAILY;COUNT=7"},
        {"{'type':'cron','hour':3,'end_date':'2026-02-01'}", "Europe/Berlin", convert_rrule,
         "DTSTART;TZID=Europe/Berlin:20260116T030000\nRRULE:FREQ=DAILY;UNTIL=20260131T230000Z"},
    };

    (void)state;
    written_check(rows, COUNT(rows));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rrule),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
