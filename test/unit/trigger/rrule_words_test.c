// rrule_words_test.c - recurrence sets in plain English.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/rrule_words.h"

#include "rrule_fixture.h"

#define START "DTSTART:20260105T090000\nRRULE:"

static void test_words(void **state)
{
    static const struct {
        const char *text, *words;
    } rows[] = {
        {START "FREQ=DAILY", "at 09:00 every day, from 2026-01-05"},
        {START "FREQ=DAILY;BYHOUR=9,17;BYMINUTE=0",
         "at 09:00 and 17:00 every day, from 2026-01-05"},
        {START "FREQ=DAILY;BYHOUR=9,10,11,12,13,14,15,16;BYMINUTE=0,20,40",
         "every 20 minutes from 09:00 to 16:40, from 2026-01-05"},
        {START "FREQ=DAILY;INTERVAL=10;COUNT=5",
         "every 10th day at 09:00, from 2026-01-05, 5 times"},
        {START "FREQ=DAILY;BYMONTH=1", "at 09:00 in January, from 2026-01-05"},
        {START "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", "on weekdays at 09:00, from 2026-01-05"},
        {START "FREQ=DAILY;INTERVAL=3;BYDAY=SA,SU;BYMONTHDAY=1,-1;BYMONTH=6,7",
         "every 3rd day, only on day 1 and the last day of the month, only on weekends, only in "
         "June and July at 09:00, from 2026-01-05"},
        {START "FREQ=WEEKLY", "every week on Monday at 09:00, from 2026-01-05"},
        {START "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR;COUNT=10",
         "every 2nd week on Monday and Friday at 09:00, from 2026-01-05, 10 times"},
        {START "FREQ=WEEKLY;BYDAY=TU,TH;BYMONTH=3;UNTIL=20261224T000000Z",
         "every week on Tuesday and Thursday in March at 09:00, from 2026-01-05, until 2026-12-24 "
         "00:00 UTC"},
        {START "FREQ=MONTHLY", "on day 5 of every month at 09:00, from 2026-01-05"},
        {START "FREQ=MONTHLY;BYDAY=-1FR",
         "on the last Friday of every month at 09:00, from 2026-01-05"},
        {START "FREQ=MONTHLY;INTERVAL=2;BYDAY=1SU,-1SU",
         "on the first Sunday and the last Sunday of every 2nd month at 09:00, from 2026-01-05"},
        {START "FREQ=MONTHLY;BYDAY=-2MO,TU",
         "on every Tuesday and the 2nd-last Monday of every month at 09:00, from 2026-01-05"},
        {START "FREQ=MONTHLY;BYMONTHDAY=1,15,-1,-3",
         "on days 1, 15, the last day and the 3rd-last day of every month at 09:00, from "
         "2026-01-05"},
        {START "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
         "on day 13 of every month, only on Fridays at 09:00, from 2026-01-05"},
        {START "FREQ=MONTHLY;BYDAY=1FR;BYMONTH=1,2",
         "on the first Friday of January and February at 09:00, from 2026-01-05"},
        {START "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
         "on weekdays of every month at 09:00, only the last of each month, from 2026-01-05"},
        {START "FREQ=MONTHLY;BYDAY=TU,WE,TH;BYSETPOS=3,-2",
         "on Tuesdays to Thursdays of every month at 09:00, only the 3rd and the 2nd-last of each "
         "month, from 2026-01-05"},
        {START "FREQ=YEARLY", "every year on day 5 of January at 09:00, from 2026-01-05"},
        {START "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
         "every 4th year on days 2 to 8 of November, only on Tuesdays at 09:00, from 2026-01-05"},
        {START "FREQ=YEARLY;BYMONTH=6,7",
         "every year on day 5 of June and July at 09:00, from 2026-01-05"},
        {START "FREQ=YEARLY;BYMONTH=4;BYDAY=1SU",
         "every year on the first Sunday of April at 09:00, from 2026-01-05"},
        {START "FREQ=YEARLY;BYMONTH=3;BYDAY=TH",
         "every year on Thursdays in March at 09:00, from 2026-01-05"},
        {START "FREQ=YEARLY;BYDAY=20MO,-1SU",
         "every year on the 20th Monday and the last Sunday of the year at 09:00, from 2026-01-05"},
        {START "FREQ=YEARLY;BYDAY=MO", "every year on Mondays at 09:00, from 2026-01-05"},
        {START "FREQ=YEARLY;INTERVAL=3;BYYEARDAY=1,100,200,-1",
         "every 3rd year on days 1, 100, 200 and the last day of the year at 09:00, from "
         "2026-01-05"},
        {START "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO",
         "every year on Mondays in week 20 of the year at 09:00, from 2026-01-05"},
        {START "FREQ=YEARLY;BYWEEKNO=1,2,3,-1;BYDAY=SA,SU",
         "every year on weekends in weeks 1 to 3 and the last week of the year at 09:00, from "
         "2026-01-05"},
        {START "FREQ=YEARLY;BYMONTHDAY=13",
         "every year on day 13 of each month at 09:00, from 2026-01-05"},
        {START "FREQ=HOURLY", "every hour, from 2026-01-05"},
        {START "FREQ=HOURLY;INTERVAL=5", "every 5 hours, from 2026-01-05 09:00"},
        {START "FREQ=MINUTELY;INTERVAL=15", "every 15 minutes, from 2026-01-05"},
        {START "FREQ=MINUTELY;INTERVAL=7;BYHOUR=9,10,11;BYDAY=MO",
         "every 7 minutes in hours 9 to 11 on Mondays, from 2026-01-05 09:00"},
        {START "FREQ=SECONDLY;INTERVAL=7;BYMONTH=2;BYMINUTE=1,3",
         "every 7 seconds in minutes 1 and 3 in February, from 2026-01-05 09:00"},
        {START "FREQ=SECONDLY;INTERVAL=3600", "every hour, from 2026-01-05"},
        {START "FREQ=HOURLY;BYMINUTE=10,20,30;BYSETPOS=-1",
         "every hour at minutes 10, 20 and 30, only the last of each hour, from 2026-01-05 09:00"},
        {START "FREQ=DAILY;COUNT=1\nRRULE:FREQ=WEEKLY\nRDATE:20260107T120000\nEXDATE:"
               "20260105T090000,20260112T090030",
         "at 09:00 every day, from 2026-01-05, 1 time; and every week on Monday at 09:00, from "
         "2026-01-05; also at 2026-01-07 12:00, except 2026-01-05 09:00 and 2026-01-12 09:00:30"},
        {START "FREQ=DAILY\nEXDATE;VALUE=DATE:20260107,20260108\nEXRULE:FREQ=WEEKLY;BYDAY=SA",
         "at 09:00 every day, from 2026-01-05; except every week on Saturday at 09:00, from "
         "2026-01-05, except on 2026-01-07 and 2026-01-08"},
        {START "FREQ=DAILY\nRDATE:20270101T010000,20270102T010000,20270103T010000,20270104T010000,"
               "20270105T010000,20270106T010000,20270107T010000",
         "at 09:00 every day, from 2026-01-05; also at 2027-01-01 01:00, 2027-01-02 01:00, "
         "2027-01-03 01:00, 2027-01-04 01:00, 2027-01-05 01:00 and 2 more"},
        {"RDATE:20260107T120000,20260108T120000", "at 2026-01-07 12:00 and 2026-01-08 12:00"},
        {"DTSTART;VALUE=DATE:20260107", "on 2026-01-07"},
        {"DTSTART;VALUE=DATE:20260107\nRRULE:FREQ=WEEKLY",
         "every week on Wednesday, from 2026-01-07"},
    };
    struct zones *zones = zones_new(ZONE_DIR);
    struct buf out;

    (void)state;
    buf_init(&out, 4000);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct rrule *set = set_of(zones, rows[i].text);

        buf_clear(&out);
        rrule_words(set, &out);
        assert_string_equal(buf_text(&out), rows[i].words);
        rrule_free(set);
    }
    buf_done(&out);
    zones_free(zones);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_words)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
