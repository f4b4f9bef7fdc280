// pattern_rrule_test.c - which recurrence rules are patterns.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/pattern_own.h"

#include <stdio.h>

#include "trigger/dst.h"
#include "trigger_fixture.h"

#define NOW "2026-01-15 10:07:03"
#define BERLIN "DTSTART;TZID=Europe/Berlin:20260105T093000\\nRRULE:"

static void test_forms(void **state)
{
    static const struct {
        const char *rule, *want;
    } rows[] = {
        {"FREQ=DAILY", "calendar"},
        {"FREQ=DAILY;INTERVAL=2", "steps 0 months 2 days"},
        {"FREQ=WEEKLY", "calendar"},
        {"FREQ=WEEKLY;BYDAY=MO,WE", "calendar"},
        {"FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", "steps 0 months 14 days"},
        {"FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE",
         "cron cannot say some days or times of every so many weeks, months or years"},
        {"FREQ=MONTHLY;BYDAY=2FR,-1MO", "calendar"},
        {"FREQ=MONTHLY;BYDAY=-2FR",
         "cron cannot say weekdays counted from the month's end, but for the last"},
        {"FREQ=MONTHLY;BYMONTHDAY=1,-1", "calendar"},
        {"FREQ=MONTHLY;INTERVAL=3", "steps 3 months 0 days"},
        {"FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1",
         "cron cannot say places among the runs of a period (BYSETPOS)"},
        {"FREQ=YEARLY", "calendar"},
        {"FREQ=YEARLY;INTERVAL=2", "steps 24 months 0 days"},
        {"FREQ=YEARLY;BYDAY=20MO", "cron cannot say weekdays by their number in the year"},
        {"FREQ=YEARLY;BYMONTH=3;BYDAY=2MO", "calendar"},
        {"FREQ=YEARLY;BYYEARDAY=100", "cron cannot say days by their number in the year"},
        {"FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "calendar"},
        {"FREQ=YEARLY;BYWEEKNO=-1",
         "cron cannot say weeks but those that begin on Monday, counted from the year's beginning"},
        {"FREQ=HOURLY", "calendar"},
        {"FREQ=MINUTELY;INTERVAL=15", "calendar"},
        {"FREQ=MINUTELY;INTERVAL=7",
         "cron cannot say some days or times of every so many weeks, months or years"},
        {"FREQ=DAILY;COUNT=3", "calendar until 2026-01-07T08:30:00Z"},
        {"FREQ=DAILY;UNTIL=20260120T120000Z", "calendar until 2026-01-20T12:00:00Z"},
        {"FREQ=DAILY\\nEXDATE;TZID=Europe/Berlin:20260120T093000",
         "cron cannot say single dates that are left out"},
        {"FREQ=DAILY\\nRRULE:FREQ=WEEKLY", "cron cannot say several rules or dates together"},
    };
    static const char *const forms[] = {"calendar", "elapsed", "steps", "moment"};
    struct zones *zones = zones_new(ZONE_DIR);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct trigger *t;
        char spec[300];
        struct pattern p;
        struct buf out;
        struct err e;

        snprintf(spec, sizeof spec, "{'type':'rrule','expr':'" BERLIN "%s'}", rows[i].rule);
        t = trigger_quoted(zones, spec, "UTC");
        buf_init(&out, 300);
        if (!pattern_make(t, at_of(zones, NOW), "cron", &p, &e)) {
            buf_add_text(&out, e.message);
        } else {
            buf_add_text(&out, forms[p.form]);
            if (p.form == PATTERN_STEPS)
                buf_printf(&out, " %d months %d days", p.months, p.days);
            if (p.end.us != WALL_NEVER.us) {
                buf_add_text(&out, " until ");
                iso8601_write(p.end, NULL, &out);
            }
            assert_string_equal(zone_name(p.zone).p, "Europe/Berlin");
            assert_int_equal(p.calendar.dst, DST_SKIP);
        }
        if (strcmp(buf_text(&out), rows[i].want) != 0)
            fail_msg("%s: %s", rows[i].rule, buf_text(&out));
        buf_done(&out);
        trigger_free(t);
    }
    zones_free(zones);
}

static void test_others(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);
    struct trigger *t;
    struct pattern p;
    struct err e;

    (void)state;
    t = trigger_quoted(zones,
                       "{'type':'rrule','expr':'DTSTART:20260105T093000Z\\nRRULE:FREQ=MINUTELY;"
                       "INTERVAL=7'}",
                       "UTC");
    assert_true(pattern_make(t, at_of(zones, NOW), "interval", &p, &e));
    assert_int_equal(p.form, PATTERN_ELAPSED);
    assert_int_equal(p.every_us, 7 * 60 * INT64_C(1000000));
    assert_int_equal(p.anchor.us, at_of(zones, "2026-01-05 09:30").us);
    trigger_free(t);
    t = trigger_quoted(zones, "{'type':'rrule','expr':'DTSTART:20270105T093000Z'}", "UTC");
    assert_true(pattern_make(t, at_of(zones, NOW), "date", &p, &e));
    assert_int_equal(p.form, PATTERN_MOMENT);
    assert_int_equal(p.anchor.us, at_of(zones, "2027-01-05 09:30").us);
    p.trigger = t;
    assert_true(pattern_of_rrule(&p, "date", &e));
    trigger_free(t);
    // a beginning to come is a start
    t = trigger_quoted(
        zones, "{'type':'rrule','expr':'DTSTART:20270105T093000Z\\nRRULE:FREQ=DAILY'}", "UTC");
    assert_true(pattern_make(t, at_of(zones, NOW), "cron", &p, &e));
    assert_int_equal(p.start.us, at_of(zones, "2027-01-05 09:30").us);
    trigger_free(t);
    zones_free(zones);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
