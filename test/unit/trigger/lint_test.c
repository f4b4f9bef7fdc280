// lint_test.c - what may be wrong with schedules that are well formed.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/lint.h"

#include <stdio.h>

#include "time/duration.h"
#include "trigger_fixture.h"

#define NOW "2026-01-15 10:07:03"

// Findings as lines "code FIELD:COLUMN message (hint)".
static void findings_write(const struct trigger *t, const struct lint_options *o, struct buf *out)
{
    struct lint_finding v[LINT_MAX];
    size_t count = lint_find(t, o, v);

    for (size_t i = 0; i < count; i++) {
        buf_printf(out, "%s%s ", i ? "\n" : "", lint_name(v[i].code));
        if (v[i].field)
            buf_printf(out, "%s:%d ", v[i].field, v[i].column);
        buf_printf(out, v[i].hint[0] ? "%s (%s)" : "%s", v[i].message, v[i].hint);
    }
}

static void check(struct zones *zones, const char *spec, const char *zone,
                  const struct lint_options *o, const char *want)
{
    struct trigger *t = trigger_quoted(zones, spec, zone);
    struct buf out;

    buf_init(&out, 10000);
    findings_write(t, o, &out);
    if (strcmp(buf_text(&out), want) != 0)
        fail_msg("%s\n%s\n---\n%s", spec, buf_text(&out), want);
    buf_done(&out);
    trigger_free(t);
}

static void test_findings(void **state)
{
    static const struct {
        const char *spec, *zone, *want;
    } rows[] = {
        {"*/5 * * * *", "Europe/Berlin", ""},
        {"30 12 * * mon-fri", "Europe/Berlin", ""},
        {"0 0 L * *", "UTC", ""},
        {"0 0 0 1 1 * 2020", "UTC",
         "never-fires it never runs again: the last time was 2020-01-01 00:00:00 UTC"},
        {"0 0 1 1 *", "UTC", "rare it runs once a year"},
        {"0 0 29 2 *", "UTC",
         "far-away the next run is on 2028-02-29 00:00:00 UTC\n"
         "rare it runs once in 4 years"},
        {"*/35 * * * *", "UTC",
         "uneven-step expr:1 minute \"*/35\" begins anew each hour: runs are 35 minutes apart, "
         "then 25 (*/30 divides the hour; @every 35m keeps the distance)"},
        {"*/7 * * * *", "UTC",
         "uneven-step expr:1 minute \"*/7\" begins anew each hour: runs are 7 minutes apart, then "
         "4 (*/6 divides the hour; @every 7m keeps the distance)"},
        {"*/90 * * * *", "UTC",
         "uneven-step expr:1 minute \"*/90\" means minute 0 alone: a step never leaves its hour "
         "(@every 90m keeps the distance)"},
        {"0 */5 * * *", "UTC",
         "uneven-step expr:3 hour \"*/5\" begins anew each day: runs are 5 hours apart, then 4 "
         "(*/4 divides the day; @every 5h keeps the distance)"},
        {"0 */5 * * mon", "UTC", ""},
        {"*/7 2 * * *", "UTC", ""},
        {"*/7 2,4 * * *", "UTC", ""},
        {"0-30/7 * * * *", "UTC", ""},
        {"0 0 */2 * *", "UTC",
         "uneven-step expr:5 day \"*/2\" begins anew each month: runs are 2 days apart, then 1 (a "
         "calendarinterval trigger of 2 days keeps the distance)"},
        {"0 0 1 */5 *", "UTC",
         "uneven-step expr:7 month \"*/5\" begins anew each year: runs are 5 months apart, then 2"},
        {"0 0 * * */2", "UTC",
         "uneven-step expr:9 weekday \"*/2\" begins anew each week: runs are 2 days apart, then 1"},
        {"*/7 * * * * *", "UTC",
         "uneven-step expr:1 second \"*/7\" begins anew each minute: runs are 7 seconds apart, "
         "then 4 (*/6 divides the minute; @every 7s keeps the distance)"},
        {"0 0 13 * fri", "UTC",
         "day-or-weekday expr:5 day \"13\" and weekday \"fri\" are both limited: it runs when "
         "either matches (weekday \"+fri\" lets it run only when both match)"},
        {"0 0 13 * +fri", "UTC", ""},
        {"0 30 9 ? * 2-6", "UTC",
         "numeric-weekday expr:12 weekday \"2-6\" is tue-sat: numbers count from 0, Sunday, here, "
         "and from 1 in Quartz (names of weekdays mean the same everywhere)"},
        {"{'type':'quartz','expr':'0 30 9 ? * 2-6'}", "UTC",
         "numeric-weekday expr:12 weekday \"2-6\" is mon-fri: numbers count from 1, Sunday (names "
         "of weekdays mean the same everywhere)"},
        {"{'type':'quartz','expr':'0 30 9 ? * 6#3'}", "UTC",
         "numeric-weekday expr:12 weekday \"6#3\" is the third Friday: numbers count from 1, "
         "Sunday (names of weekdays mean the same everywhere)"},
        {"{'type':'quartz','expr':'0 30 9 ? * MON-FRI'}", "UTC", ""},
        {"{'type':'cron','hour':9,'day_of_week':'1-5'}", "UTC",
         "numeric-weekday day_of_week:1 weekday \"1-5\" is tue-sat: numbers count from 0, Monday "
         "(names of weekdays mean the same everywhere)"},
        {"{'type':'cron','hour':9,'day_of_week':'*/2'}", "UTC",
         "uneven-step day_of_week:1 weekday \"*/2\" begins anew each week: runs are 2 days apart, "
         "then 1"},
        {"{'type':'cron','hour':9,'day_of_week':'mon-fri'}", "UTC", ""},
        {"0 0 31 * *", "UTC",
         "missing-days expr:5 5 months have no day 31: no run for it there (\"L\" is the last day "
         "of each month)"},
        {"0 0 29-31 * *", "UTC", ""},
        {"0 0 * * 5#5", "UTC",
         "missing-days expr:9 most months have no fifth one of a weekday, and no run for it "
         "(\"friL\" is there every month)"},
        {"{'type':'cron','day':'31','hour':9}", "UTC",
         "missing-days day:1 5 months have no day 31: no run for it there (\"last\" is the last "
         "day of each month)"},
        {"{'type':'cron','day':'5th fri','hour':9}", "UTC",
         "missing-days day:1 most months have no fifth one of a weekday, and no run for it (\"last "
         "fri\" is there every month)"},
        {"* 2 * * *", "UTC",
         "burst expr:1 it runs 60 times, every minute from 02:00 to 02:59 (minute 0 in place of "
         "\"*\" runs it once)"},
        {"* 30 2 * * *", "UTC",
         "burst expr:1 it runs 60 times, at every second of minute 30 (second 0 in place of \"*\" "
         "runs it once)"},
        {"* 9-17 * * *", "UTC", ""},
        {"30 2 * * *", "Europe/Berlin",
         "dst-gap clocks skip 02:30 on 2026-03-29 and 2027-03-28: it runs at 03:00 (a time before "
         "02:00 or from 03:00 on is never skipped; \"dst\" chooses what happens)\n"
         "dst-fold clocks show 02:30 twice on 2026-10-25 and 2027-10-31: it runs the first time "
         "only"},
        {"{'type':'cron','expr':'30 2 * * *','dst':'both'}", "Europe/Berlin",
         "dst-gap clocks skip 02:30 on 2026-03-29 and 2027-03-28: it runs at 03:30 (a time before "
         "02:00 or from 03:00 on is never skipped; \"dst\" chooses what happens)\n"
         "dst-fold clocks show 02:30 twice on 2026-10-25 and 2027-10-31: it runs both times"},
        {"{'type':'cron','expr':'30 2 * * *','dst':'skip'}", "Europe/Berlin",
         "dst-gap clocks skip 02:30 on 2026-03-29 and 2027-03-28: it does not run (a time before "
         "02:00 or from 03:00 on is never skipped; \"dst\" chooses what happens)\n"
         "dst-fold clocks show 02:30 twice on 2026-10-25 and 2027-10-31: it runs the first time "
         "only"},
        {"{'type':'cron','expr':'30 2 * * *','dst':'utc'}", "Europe/Berlin", ""},
        {"{'type':'interval','days':1,'start_date':'2026-01-01 09:00'}", "Europe/Berlin",
         "drift it counts elapsed time: 09:00 becomes 10:00 when clocks change in Europe/Berlin (a "
         "cron or calendarinterval trigger keeps the time of day)"},
        {"{'type':'interval','days':1,'start_date':'2026-01-01 09:00'}", "Asia/Kolkata", ""},
        {"{'type':'or','triggers':[{'expr':'30 2 * * *','timezone':'Europe/Berlin'},"
         "{'expr':'0 9 * * *'}]}",
         "UTC",
         "dst-gap clocks in Europe/Berlin skip 02:30 on 2026-03-29 and 2027-03-28: it runs at "
         "03:00 (a time before 02:00 or from 03:00 on is never skipped; \"dst\" chooses what "
         "happens)\n"
         "dst-fold clocks in Europe/Berlin show 02:30 twice on 2026-10-25 and 2027-10-31: it runs "
         "the first time only"},
        {"{'type':'or','triggers':[{'expr':'*/35 * * * *'},{'type':'cron','day_of_week':1}]}",
         "UTC",
         "uneven-step triggers:0 minute \"*/35\" begins anew each hour: runs are 35 minutes apart, "
         "then 25 (*/30 divides the hour; @every 35m keeps the distance)\n"
         "numeric-weekday triggers:0 weekday \"1\" is tue: numbers count from 0, Monday (names of "
         "weekdays mean the same everywhere)"},
        {"{'type':'and','triggers':[{'expr':'* 2 * * *'},{'expr':'0 * 13 * fri'}]}", "UTC",
         "day-or-weekday triggers:0 day \"13\" and weekday \"fri\" are both limited: it runs when "
         "either matches (weekday \"+fri\" lets it run only when both match)"},
        {"{'type':'interval','hours':1}", "Europe/Berlin", ""},
        {"{'type':'cron','expr':'*/10 * * * *','jitter':'400'}", "UTC",
         "wide-jitter jitter:0 a jitter of 6 minutes and 40 seconds is more than half of the 10 "
         "minutes between two runs: they may come close together"},
        {"{'type':'cron','expr':'*/10 * * * *','jitter':'300'}", "UTC", ""},
        {"{'type':'cron','expr':'0 9 * * *','end_date':'2026-01-20'}", "UTC",
         "ends-soon it ends after 4 more runs, on 2026-01-19 09:00:00 UTC"},
        {"{'type':'cron','expr':'0 9 * * *','start_date':'2062-01-20'}", "UTC",
         "far-away the next run is on 2062-01-20 09:00:00 UTC"},
        {"{'type':'date','run_date':'2026-01-20'}", "UTC", ""},
        {"{'type':'date','run_date':'2026-01-10'}", "UTC",
         "never-fires it never runs again: the last time was 2026-01-10 00:00:00 UTC"},
        {"{'type':'after','delay':'5m'}", "UTC", ""},
        {"@weekly", "UTC", ""},
    };
    struct zones *zones = zones_new(ZONE_DIR);
    const struct lint_options o = {.now = at_of(zones, NOW)};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check(zones, rows[i].spec, rows[i].zone, &o, rows[i].want);
    zones_free(zones);
}

static void test_heavy(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);
    const struct lint_options o = {.now = at_of(zones, NOW), .is_heavy = true};
    static const char *const want = "sub-minute it runs every 10 seconds, and each run of this job "
                                    "starts anew (let it run once "
                                    "a minute and do its own waiting, or make it a C module)";

    (void)state;
    check(zones, "*/10 * * * * *", "UTC", &o, want);
    check(zones, "{'type':'interval','seconds':10}", "UTC", &o, want);
    check(zones, "* * * * *", "UTC", &o, "");
    zones_free(zones);
}

// Others run at 02:00, at 02:15, 02:30, 02:45 and, three of them, at 02:30 of the zone Berlin.
static bool load(wall from, uint32_t counts[LINT_HOUR_MINUTES], void *ctx)
{
    wall *asked = ctx;

    *asked = from;
    counts[0]++;
    counts[15]++;
    counts[30] += 3;
    counts[31]++;
    counts[45]++;
    return true;
}

static bool load_part(wall from, uint32_t counts[LINT_HOUR_MINUTES], void *ctx)
{
    wall *asked = ctx;

    *asked = from;
    for (int i = 0; i < LINT_HOUR_MINUTES; i++)
        counts[i] = i == 40 ? 2 : 5;
    return false;
}

static void test_collision(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);
    wall asked = {0};
    struct lint_options o = {.now = at_of(zones, NOW), .load = load, .ctx = &asked};

    (void)state;
    check(zones, "30 2 * * 1", "Asia/Kolkata", &o,
          "collision 3 other jobs run in the same minute as the run on 2026-01-19 02:30:00 IST "
          "(minute 32 is free: 32 2 * * mon)");
    assert_true(asked.us == at_of(zones, "2026-01-19T02:00:00+05:30").us);
    check(zones, "15 2 * * *", "UTC", &o,
          "collision 1 other job runs in the same minute as the run on 2026-01-16 02:15:00 UTC "
          "(minute 16 is free: 16 2 * * *)");
    check(zones, "16 2 * * *", "UTC", &o, "");
    check(zones, "{'type':'cron','hour':2,'minute':30}", "UTC", &o,
          "collision 3 other jobs run in the same minute as the run on 2026-01-16 02:30:00 UTC "
          "(minute 32 of that hour is free)");
    check(zones, "{'type':'date','run_date':'2026-01-20 02:30:20'}", "UTC", &o,
          "collision 3 other jobs run in the same minute as the run on 2026-01-20 02:30:20 UTC");
    check(zones, "*/5 * * * *", "UTC", &o, "");
    o.load = load_part;
    check(
        zones, "30 2 * * *", "UTC", &o,
        "collision at least 5 other jobs run in the same minute as the run on 2026-01-16 02:30:00 "
        "UTC (minute 40 has fewer: 40 2 * * *)");
    zones_free(zones);
}

static void test_codes(void **state)
{
    (void)state;
    assert_string_equal(lint_name(LINT_DAY_OR_WEEKDAY), "day-or-weekday");
    assert_string_equal(lint_severity_name(LINT_NEVER_FIRES), "error");
    assert_string_equal(lint_severity_name(LINT_BURST), "warning");
    assert_string_equal(lint_severity_name(LINT_COLLISION), "note");
    for (int i = 0; i < LINT_CODE_COUNT; i++) {
        const char *name = lint_name((enum lint_code)i),
                   *sentence = lint_sentence((enum lint_code)i);

        assert_true(strspn(name, "abcdefghijklmnopqrstuvwxyz-") == strlen(name));
        assert_true(str_ends(str_of(sentence), STR_LIT(".")));
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_findings),
        cmocka_unit_test(test_heavy),
        cmocka_unit_test(test_collision),
        cmocka_unit_test(test_codes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
