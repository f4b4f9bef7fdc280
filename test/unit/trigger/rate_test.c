// rate_test.c - how often schedules fire on average.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/rate.h"

#include <math.h>

#include "almanac_fixture.h"
#include "random_expr.h"
#include "time/duration.h"

static void test_words(void **state)
{
    static const struct {
        const char *spec, *words;
    } rows[] = {
        {"*/5 * * * *", "288 times a day"},
        {"* * * * * *", "86,400 times a day"},
        {"30 2 * * *", "once a day"},
        {"0 */12 * * *", "twice a day"},
        {"30 2 * * 1", "once a week"},
        {"30 2 * * 1-5", "5 times a week"},
        {"*/5 9-17 * * 1", "108 times a week"},
        {"0 0 1 * *", "once a month"},
        {"0 0 1,15 * *", "twice a month"},
        {"0 0 L * *", "once a month"},
        {"0 * 1 * *", "24 times a month"},
        {"0 0 1 1 *", "once a year"},
        {"0 0 1 */3 *", "4 times a year"},
        {"0 0 29 2 *", "once in 4 years"},
        {"0 0 13 * 5", "about 62 times a year"},
        {"0 0 * * 5#5", "about 4 times a year"}, // 52.18 Fridays, 48 of them the first four
        {"0 0 */99,13 * 5", "about 3 times a year"},
        {"0 0 29 2 1", "about 4 times a year"},
        {"0 0 29 2 */7", "once in 28 years"},
        {"0 0 0 1 1 * 2030", "once"},
        {"0 0 0 1 1 * 2030,2032", "twice"},
        {"0 0 0 * * * 2030", "once a day, 365 times in all"},
        {"0 0 0 1 1 * */4", "about once in 4 years"},
        {"0 0 0 1 1 * 2020", "never again"},
        {"{'type':'cron','hour':9,'max_runs':3}", "3 times"},
        {"{'type':'cron','hour':9,'max_runs':30}", "once a day, 30 times in all"},
        {"{'type':'cron','hour':9,'end_date':'2026-12-31'}", "once a day, 349 times in all"},
        {"{'type':'cron','minute':'*/5','end_date':'2099-12-31'}", "288 times a day"},
        {"{'type':'cron','week':53,'day_of_week':'mon'}", "about once in 6 years"},
        {"{'type':'interval','minutes':5}", "288 times a day"},
        {"{'type':'interval','minutes':7}", "1440 times a week"},
        {"{'type':'interval','seconds':0.5}", "172,800 times a day"},
        {"{'type':'interval','seconds':0.001}", "86,400,000 times a day"},
        {"{'type':'interval','days':3}", "about 120 times a year"},
        {"{'type':'interval','days':500}", "about once in 16 months"},
        {"{'type':'interval','days':36525}", "once in 100 years"},
        {"{'type':'interval','hours':1,'max_runs':2}", "twice"},
        {"{'type':'date','run_date':'2026-02-01'}", "once"},
        {"{'type':'date','run_date':'2026-01-01'}", "never again"},
        {"{'type':'date','run_dates':['2026-02-01','2026-03-01','2020-01-01']}", "twice"},
        {"{'type':'iso8601','expr':'R/2026-01-31T09:00:00/P1M'}", "once a month"},
        {"{'type':'iso8601','expr':'R/2026-01-31T09:00:00/P3M'}", "4 times a year"},
        {"{'type':'iso8601','expr':'R/2026-01-31T09:00:00/PT24H'}", "once a day"},
        {"{'type':'iso8601','expr':'R12/2026-01-31T09:00:00/P1M'}", "12 times"},
        {"{'type':'iso8601','expr':'R40/2026-01-31T09:00:00/P1W'}", "once a week, 40 times in all"},
        {"{'type':'iso8601','expr':'R/2026-01-31T09:00:00/P1M1D'}", "about 12 times a year"},
        {"{'type':'calendarinterval','weeks':2,'start_date':'2026-01-01'}",
         "about 26 times a year"},
        {"{'type':'calendarinterval','months':1,'start_date':'2026-01-31'}", "7 times a year"},
        {"{'type':'calendarinterval','months':5,'start_date':'2026-01-31'}",
         "about once in 9 months"},
        {"{'type':'calendarinterval','years':1,'start_date':'2026-01-31'}", "once a year"},
        {"{'type':'rrule','expr':'DTSTART:20260105T090000Z\\nRRULE:FREQ=DAILY'}", "once a day"},
        {"{'type':'rrule','expr':'DTSTART:20260105T090000Z\\nRRULE:FREQ=DAILY;BYHOUR=9,10;BYSETPOS="
         "1'}",
         "about once a day"},
        {"{'type':'and','triggers':[{'expr':'0 0 13 * *'},{'expr':'0 0 * * fri'}]}",
         "about once in 7 months"},
        {"{'type':'or','triggers':[{'expr':'0 9 * * *'},{'expr':'0 10 * * *'}]}",
         "about twice a day"},
        {"{'type':'and','triggers':[{'expr':'* 9-16 * * *'},{'expr':'*/2 * * * *'}]}",
         "about 240 times a day"},
        // each slot takes some thousand steps
        {"{'type':'and','triggers':["
         "{'type':'rrule','expr':'DTSTART:20260101T000000\\nRRULE:FREQ=SECONDLY;INTERVAL=2997'},"
         "{'type':'rrule','expr':'DTSTART:20260101T000001\\nRRULE:FREQ=SECONDLY;INTERVAL=4001'}]}",
         "about 3 times a year"},
        {"{'type':'oncalendar','expr':'*:*:00/0.25'}", "345,600 times a day"},
        {"{'type':'oncalendar','expr':'05:40:23.2/0.5'}", "74 times a day"},
        {"{'type':'oncalendar','expr':'05:40:23.2/0.01070,5'}", "about 3400 times a day"},
        // in bursts, which most spans of a sample miss: 14.9, 305.8 and 60 a day
        {"{'type':'or','triggers':[{'expr':'* * 3 1 1 *'},{'expr':'* 0 4 * 1 *'}]}",
         "about 16 times a day"},
        {"{'type':'or','triggers':[{'expr':'* * 3 * 1 *'},{'expr':'0 0 0 1 6 *'}]}",
         "about 350 times a day"},
        {"{'type':'or','triggers':[{'expr':'* 7 3 * * *'},{'expr':'0 0 0 1 1 *'}]}",
         "about 60 times a day"},
        {"{'type':'after','delay':'5m'}", ""},
        {"{'type':'manual'}", ""},
    };
    struct zones *zones = zones_new(ZONE_DIR);
    struct buf out;

    (void)state;
    buf_init(&out, 1000);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct trigger *t = trigger_quoted(zones, rows[i].spec, "UTC");
        struct rate rate;

        rate_find(t, at_of(zones, "2026-01-15 10:07:03"), &rate);
        buf_clear(&out);
        rate_words(&rate, &out);
        if (strcmp(buf_text(&out), rows[i].words) != 0)
            fail_msg("%s: %s, not %s", rows[i].spec, buf_text(&out), rows[i].words);
        trigger_free(t);
    }
    buf_done(&out);
    zones_free(zones);
}

// The rate of a calendar is what counting 28 years finds.
static void test_calendars(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);
    wall from = at_of(zones, "2028-01-01T00:00:00Z"), to = at_of(zones, "2056-01-01T00:00:00Z");
    struct rand_seq r;
    int checked = 0;

    (void)state;
    from.us--;
    to.us--;
    rand_seq_init(&r, 7);
    for (int i = 0; i < 300; i++) {
        char expr[256];
        struct trigger *t;
        struct rate rate;
        struct err e;

        expr_random(&r, expr, sizeof expr);
        memcpy(strrchr(expr, ' '), " *", 3);
        t = trigger_of(zones, expr, "UTC", &e);
        if (!t)
            continue;
        rate_find(t, from, &rate);
        int64_t n = trigger_count(t, from, to, 20000, NULL);
        if (n < 20000) {
            assert_true(fabs(rate.per_day * 28 * 365.25 - (double)n) < 0.01);
            checked++;
        }
        trigger_free(t);
    }
    zones_free(zones);
    assert_true(checked > 30);
}

// What named calendars leave is what counting 28 years finds, about.
static void test_excluded(void **state)
{
    static const char *const almanacs[][2] = {
        {"weekend", "{\"weekdays\":[\"sat\",\"sun\"]}"},
        {"free", "{\"weekdays\":[\"sat\",\"sun\",\"mon\"]}"},
        {"office", "{\"cron\":[\"* 9-16 * * mon-fri\"]}"},
        {"august", "{\"dates\":[\"08-01..08-31\"]}"},
        {"june", "{\"dates\":[\"2026-06-01..2026-06-30\"]}"},
    };
    static const struct {
        const char *spec, *words;
    } rows[] = {
        {"{\"expr\":\"0 2 * * *\",\"exclude\":\"weekend\"}", "about 5 times a week"},
        {"{\"expr\":\"0 9 * * *\",\"exclude\":\"free\"}", "about 4 times a week"},
        {"{\"expr\":\"0 2 * * *\",\"exclude\":\"weekend\",\"on_exclude\":\"end\"}",
         "about 6 times a week"},
        {"{\"expr\":\"0 2 * * *\",\"exclude\":\"weekend\",\"on_exclude\":\"next\"}",
         "about 5 times a week"},
        {"{\"expr\":\"*/5 * * * *\",\"include\":\"office\"}", "about 68 times a day"},
        {"{\"expr\":\"* * * * * *\",\"include\":\"office\"}", "about 20,000 times a day"},
        {"{\"type\":\"interval\",\"hours\":7,\"exclude\":\"august\"}", "about 3 times a day"},
        {"{\"expr\":\"0 2 1 * *\",\"exclude\":\"august\"}", "about 11 times a year"},
        {"{\"expr\":\"0 2 1 * *\",\"exclude\":\"weekend\",\"on_exclude\":\"next\"}",
         "about 12 times a year"},
        {"{\"expr\":\"0 2 1 8 *\",\"exclude\":\"august\",\"on_exclude\":\"next\"}",
         "about once a year"},
        {"{\"expr\":\"0 2 1 8 *\",\"exclude\":\"weekend\"}", "about once in 17 months"},
        {"{\"expr\":\"0 2 * * *\",\"include\":\"june\"}", "about once a day, 30 times in all"},
        {"{\"expr\":\"0 2 * * mon\",\"include\":\"june\"}", "5 times"},
        {"{\"type\":\"or\",\"triggers\":[{\"expr\":\"0 9 * * *\"},{\"expr\":\"0 10 * * *\"}],"
         "\"exclude\":\"weekend\"}",
         "about 10 times a week"},
        {"{\"expr\":\"0 2 * * *\",\"exclude\":\"weekend\",\"end_date\":\"2026-01-10\"}",
         "never again"},
    };
    struct zones *zones = zones_new(ZONE_DIR);
    wall now = at_of(zones, "2026-01-15 10:07:03"), to = {now.us + 28 * 366 * DAY_US};
    struct almanacs all;
    struct buf out;

    (void)state;
    buf_init(&out, 1000);
    almanacs_init(&all);
    for (size_t i = 0; i < COUNT(almanacs); i++)
        almanacs_put(&all, almanac_good(zones, almanacs[i][0], almanacs[i][1]));
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e;
        struct trigger *t = trigger_with(zones, &all, rows[i].spec, "Europe/Berlin", &e);
        struct rate rate;

        rate_find(t, now, &rate);
        buf_clear(&out);
        rate_words(&rate, &out);
        if (strcmp(buf_text(&out), rows[i].words) != 0)
            fail_msg("%s: %s, not %s", rows[i].spec, buf_text(&out), rows[i].words);
        double n = (double)trigger_count(t, now, to, 20000, NULL);
        if (n < 20000 && rate.total == RATE_ENDLESS && fabs(rate.per_day * 28 * 366 - n) > n * 0.02)
            fail_msg("%s: %f, not %f", rows[i].spec, rate.per_day * 28 * 366, n);
        trigger_free(t);
    }
    buf_done(&out);
    almanacs_done(&all);
    zones_free(zones);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_calendars),
        cmocka_unit_test(test_excluded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
