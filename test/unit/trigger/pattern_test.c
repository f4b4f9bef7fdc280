// pattern_test.c - triggers in general forms, and from one form to another.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/pattern.h"

#include "time/civil.h"
#include "time/duration.h"
#include "trigger/kind.h"
#include "trigger_fixture.h"

#define NOW "2026-01-15 10:07:03"

static struct trigger *pattern_of(struct zones *zones, const char *spec, const char *zone,
                                  struct pattern *ret_pattern)
{
    struct trigger *t = trigger_quoted(zones, spec, zone);
    struct err e;

    if (!pattern_make(t, at_of(zones, NOW), "cron", ret_pattern, &e))
        fail_msg("%s: %s", spec, e.message);
    return t;
}

static void test_make(void **state)
{
    static const struct {
        const char *spec;
        enum pattern_form form;
    } rows[] = {
        {"30 2 * * *", PATTERN_CALENDAR},
        {"{'type':'cron','hour':4}", PATTERN_CALENDAR},
        {"{'type':'interval','hours':4}", PATTERN_ELAPSED},
        {"{'type':'date','run_date':'2026-02-01'}", PATTERN_MOMENT},
    };
    struct zones *zones = zones_new(ZONE_DIR);
    struct trigger *t;
    struct pattern p;
    struct err e;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        t = pattern_of(zones, rows[i].spec, "Europe/Berlin", &p);
        assert_int_equal(p.form, rows[i].form);
        assert_string_equal(zone_name(p.zone).p, "Europe/Berlin");
        trigger_free(t);
    }
    t = trigger_quoted(zones, "{'type':'after','delay':'5m'}", "UTC");
    assert_false(pattern_make(t, at_of(zones, NOW), "cron", &p, &e));
    assert_int_equal(e.code, ERR_INPUT);
    trigger_free(t);
    t = pattern_of(zones, "{'type':'cron','hour':4,'dst':'utc'}", "Europe/Berlin", &p);
    assert_string_equal(zone_name(p.zone).p, "UTC");
    assert_int_equal(p.calendar.dst, DST_DEFAULT);
    trigger_free(t);
    // "1-31 or Friday" is every day, by no rule at all
    t = pattern_of(zones, "0 0 1-31 * fri", "UTC", &p);
    assert_true(calendar_is_daily(&p.calendar) && !p.calendar.is_either);
    trigger_free(t);
    zones_free(zones);
}

static void test_first_local(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);
    struct trigger *t;
    struct pattern p;

    (void)state;
    t = pattern_of(zones, "30 2,3 * * *", "UTC", &p);
    assert_false(pattern_is_one_time(&p));
    trigger_free(t);
    t = pattern_of(zones, "30 2 * * *", "UTC", &p);
    assert_true(pattern_is_one_time(&p));
    assert_true(pattern_first_local(&p) == at_of(zones, "2026-01-16 02:30").us / SECOND_US);
    trigger_free(t);
    t = pattern_of(zones, "{'expr':'30 2 * * *','start_date':'2026-03-01'}", "UTC", &p);
    assert_true(pattern_first_local(&p) == at_of(zones, "2026-03-01 02:30").us / SECOND_US);
    trigger_free(t);
    t = pattern_of(zones, "0 0 0 1 1 * 2020", "UTC", &p);
    assert_true(pattern_first_local(&p) == CALENDAR_NEVER);
    trigger_free(t);
    zones_free(zones);
}

static void test_untouched(void **state)
{
    static const struct {
        const char *spec, *zone;
        bool is_untouched;
    } rows[] = {
        {"30 2 * * *", "UTC", true},
        {"30 2 * * *", "Europe/Berlin", false},
        {"30 4 * * *", "Europe/Berlin", true},
        {"*/5 * * * *", "Europe/Berlin", false},
        {"30 2 * * 3", "Europe/Berlin", true}, // clocks change on Sundays
        {"30 2 * * *", "Asia/Kolkata", true},
        {"{'expr':'30 2 * * *','end_date':'2026-03-01'}", "Europe/Berlin", true},
        {"{'type':'interval','days':1}", "Europe/Berlin", true},
    };
    struct zones *zones = zones_new(ZONE_DIR);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pattern p;
        struct trigger *t = pattern_of(zones, rows[i].spec, rows[i].zone, &p);

        if (pattern_is_untouched(&p) != rows[i].is_untouched)
            fail_msg("%s in %s", rows[i].spec, rows[i].zone);
        trigger_free(t);
    }
    zones_free(zones);
}

static void test_elapsed(void **state)
{
    static const struct {
        const char *spec, *zone;
        int64_t every_us; // 0: refused
    } rows[] = {
        {"*/5 * * * *", "Europe/Berlin", 5 * MINUTE_US},
        {"3/5 * * * *", "UTC", 5 * MINUTE_US},
        {"*/10 * * * * *", "Europe/Berlin", 10 * SECOND_US},
        {"0-59/5 0-23 * * *", "Europe/Berlin", 0}, // repeated hours run once
        {"0-59/5 0-23 * * *", "UTC", 5 * MINUTE_US},
        {"*/7 * * * *", "UTC", 0},
        {"*/5 9-17 * * *", "UTC", 0},
        {"*/20 * * * *", "Australia/Lord_Howe", 0}, // clocks change by 30 minutes
        {"*/15 * * * *", "Australia/Lord_Howe", 15 * MINUTE_US},
        {"0 */6 * * *", "UTC", 6 * HOUR_US},
        {"0 */6 * * *", "Europe/Berlin", 0},
        {"30 9 * * *", "Asia/Kolkata", DAY_US},
        {"30 9 * * 2", "Asia/Kolkata", 7 * DAY_US},
        {"30 9 * * 2,3", "Asia/Kolkata", 0},
        {"30 9 1 * 2", "Asia/Kolkata", 0},
        {"30 9 * 5 *", "Asia/Kolkata", 0},
    };
    struct zones *zones = zones_new(ZONE_DIR);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pattern p;
        struct trigger *t = pattern_of(zones, rows[i].spec, rows[i].zone, &p);
        struct err e;
        bool can = pattern_to_elapsed(&p, "interval", &e);

        if (can != (rows[i].every_us != 0) || (can && p.every_us != rows[i].every_us))
            fail_msg("%s in %s", rows[i].spec, rows[i].zone);
        if (can)
            assert_true(p.anchor.us == trigger_next(t, at_of(zones, NOW)).us);
        trigger_free(t);
    }
    zones_free(zones);
}

static void test_steps(void **state)
{
    static const struct {
        const char *spec, *zone;
        int32_t months, days; // 0, 0: refused
        const char *anchor;
    } rows[] = {
        {"30 2 * * *", "Europe/Berlin", 0, 1, "2026-01-16 02:30"},
        {"30 2 * * sun", "Europe/Berlin", 0, 7, "2026-01-18 02:30"},
        {"30 2 15 * *", "Europe/Berlin", 1, 0, "2026-02-15 02:30"},
        {"30 2 1 */3 *", "UTC", 3, 0, "2026-04-01 02:30"},
        {"30 2 1 7 *", "UTC", 12, 0, "2026-07-01 02:30"},
        {"30 2 L * *", "UTC", 1, 0, "2026-01-31 02:30"},
        {"30 2 L */2 *", "UTC", 2, 0, "2026-01-31 02:30"},
        {"30 2 L 4 *", "UTC", 12, 0, "2026-04-30 02:30"},
        {"30 2 L 2,4,6,8,10,12 *", "UTC", 2, 0, "2025-12-31 02:30"},
        {"30 2 31 12 *", "UTC", 12, 0, "2026-12-31 02:30"},
        {"30 2 L 2 *", "UTC", 0, 0, NULL},  // 28 or 29 February
        {"30 2 29 2 *", "UTC", 0, 0, NULL}, // not cut to the 28th
        {"30 2 31 * *", "UTC", 0, 0, NULL},
        {"30 2,3 * * *", "UTC", 0, 0, NULL},
        {"30 2 * * 1,3", "UTC", 0, 0, NULL},
        {"30 2 1,16 * *", "UTC", 0, 0, NULL},
        {"30 2 1 1,2 *", "UTC", 0, 0, NULL},
        {"30 2 * * 1#1", "UTC", 0, 0, NULL},
        {"30 2 LW * *", "UTC", 0, 0, NULL},
    };
    struct zones *zones = zones_new(ZONE_DIR);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pattern p;
        struct trigger *t = pattern_of(zones, rows[i].spec, rows[i].zone, &p);
        struct err e;
        bool can = pattern_to_steps(&p, "iso8601", &e);

        if (can != (rows[i].anchor != NULL))
            fail_msg("%s: %s", rows[i].spec, can ? "can" : e.message);
        if (can && (p.months != rows[i].months || p.days != rows[i].days ||
                    p.anchor_s != at_of(zones, rows[i].anchor).us / SECOND_US))
            fail_msg("%s: %d months, %d days", rows[i].spec, p.months, p.days);
        trigger_free(t);
    }
    zones_free(zones);
}

static void test_calendar(void **state)
{
    static const struct {
        const char *spec, *zone, *why; // NULL: can
    } rows[] = {
        {"{'type':'interval','minutes':5,'start_date':'2026-01-01'}", "Europe/Berlin", NULL},
        {"{'type':'interval','days':1,'start_date':'2026-01-01'}", "UTC", NULL},
        {"{'type':'interval','weeks':1,'start_date':'1960-01-01'}", "UTC", NULL},
        {"{'type':'interval','minutes':90}", "UTC",
         "cron cannot say \"every 90 minutes\": that does not divide the day"},
        {"{'type':'interval','minutes':7}", "UTC",
         "cron cannot say \"every 7 minutes\": that does not divide the hour"},
        {"{'type':'interval','seconds':7}", "UTC",
         "cron cannot say \"every 7 seconds\": that does not divide the minute"},
        {"{'type':'interval','days':2}", "UTC",
         "cron cannot say \"every 2 days\": only every day and every week are days by a calendar"},
        {"{'type':'interval','seconds':0.5}", "UTC",
         "cron cannot say \"every 0.5 seconds\": it has no fractions of a second"},
        {"{'type':'interval','hours':2}", "Europe/Berlin",
         "cron cannot say \"every 2 hours\": as elapsed time that moves on the clock when clocks "
         "change"},
        {"{'type':'date','run_date':'2026-10-25T02:30:00+02:00','timezone':'Europe/Berlin'}", "UTC",
         NULL},
        {"{'type':'date','run_date':'2026-10-25T02:30:00+01:00','timezone':'Europe/Berlin'}", "UTC",
         "cron means the first of the two moments at which clocks show this time"},
        {"{'type':'date','run_date':'2026-10-25T02:30:00.5'}", "UTC",
         "cron has no fractions of a second"},
    };
    struct zones *zones = zones_new(ZONE_DIR);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pattern p;
        struct trigger *t = pattern_of(zones, rows[i].spec, rows[i].zone, &p);
        struct err e = {0};

        if (pattern_to_calendar(&p, "cron", &e) != (rows[i].why == NULL) ||
            (rows[i].why && strcmp(e.message, rows[i].why) != 0))
            fail_msg("%s: %s", rows[i].spec, e.message);
        if (!rows[i].why)
            assert_int_equal(p.form, PATTERN_CALENDAR);
        trigger_free(t);
    }
    zones_free(zones);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_make),      cmocka_unit_test(test_first_local),
        cmocka_unit_test(test_untouched), cmocka_unit_test(test_elapsed),
        cmocka_unit_test(test_steps),     cmocka_unit_test(test_calendar),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
