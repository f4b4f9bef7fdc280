// repeat_kind_test.c - ISO 8601 repeating intervals and calendar intervals as triggers.
// SPDX-License-Identifier: Apache-2.0
#include "time/duration.h"
#include "trigger_fixture.h"

static void test_print(void **state)
{
    static const struct {
        const char *spec, *str, *written, *words;
    } rows[] = {
        {"{\"type\":\"iso8601\",\"expr\":\" R12/2026-01-31T09:00:00/P1M \"}",
         "iso8601[R12/2026-01-31T09:00:00/P1M]",
         "{\"type\":\"iso8601\",\"expr\":\"R12/2026-01-31T09:00:00/P1M\",\"timezone\":\"Europe/"
         "Berlin\"}",
         "every month from 2026-01-31 09:00:00, 12 times, Europe/Berlin"},
        {"{\"type\":\"iso8601\",\"expr\":\"R/2026-01-01T00:00:00+05:30/"
         "P1Y2M3DT4H\",\"dst\":\"shift\","
         "\"end_date\":\"2030-01-01\",\"max_runs\":3,\"start_date\":\"2026-01-01\",\"jitter\":5}",
         "iso8601[R/2026-01-01T00:00:00+05:30/P1Y2M3DT4H]",
         "{\"type\":\"iso8601\",\"expr\":\"R/2026-01-01T00:00:00+05:30/P1Y2M3DT4H\","
         "\"start_date\":\"2026-01-01T00:00:00+01:00\",\"end_date\":\"2030-01-01T00:00:00+01:00\","
         "\"max_runs\":3,\"timezone\":\"Europe/Berlin\",\"jitter\":5,\"dst\":\"shift\"}",
         "every 1 year, 2 months, 3 days and 4 hours from 2026-01-01 00:00:00 UTC+05:30, "
         "Europe/Berlin, from 2026-01-01 00:00:00 CET, until 2030-01-01 00:00:00 CET, 3 times, "
         "up to 5 seconds later"},
        {"{\"type\":\"iso8601\",\"expr\":\"R3/P1M1D/2026-03-31T09:00:00\"}",
         "iso8601[R3/P1M1D/2026-03-31T09:00:00]",
         "{\"type\":\"iso8601\",\"expr\":\"R3/P1M1D/2026-03-31T09:00:00\",\"timezone\":\"Europe/"
         "Berlin\"}",
         "every 1 month and 1 day up to 2026-03-31 09:00:00, 3 times, Europe/Berlin"},
        {"{\"type\":\"iso8601\",\"expr\":\"R1/2026-01-01/P1D\"}", "iso8601[R1/2026-01-01/P1D]",
         "{\"type\":\"iso8601\",\"expr\":\"R1/2026-01-01/P1D\",\"timezone\":\"Europe/Berlin\"}",
         "once at 2026-01-01 00:00:00, Europe/Berlin"},
        {"{\"type\":\"iso8601\",\"expr\":\"R/2026-01-01/P2Y\"}", "iso8601[R/2026-01-01/P2Y]",
         "{\"type\":\"iso8601\",\"expr\":\"R/2026-01-01/P2Y\",\"timezone\":\"Europe/Berlin\"}",
         "every 2 years from 2026-01-01 00:00:00, Europe/Berlin"},
        {"{\"type\":\"iso8601\",\"expr\":\"R/2026-01-01/P1Y6M\"}", "iso8601[R/2026-01-01/P1Y6M]",
         "{\"type\":\"iso8601\",\"expr\":\"R/2026-01-01/P1Y6M\",\"timezone\":\"Europe/Berlin\"}",
         "every 1 year and 6 months from 2026-01-01 00:00:00, Europe/Berlin"},
        {"{\"type\":\"iso8601\",\"expr\":\"R/2026-01-01/PT90M\"}", "iso8601[R/2026-01-01/PT90M]",
         "{\"type\":\"iso8601\",\"expr\":\"R/2026-01-01/PT90M\",\"timezone\":\"Europe/Berlin\"}",
         "every 90 minutes from 2026-01-01 00:00:00, Europe/Berlin"},
        {"{\"type\":\"calendarinterval\",\"months\":1,\"time\":\"09:00\",\"start_date\":\"2026-01-"
         "31\"}",
         "calendarinterval[months=1, time='09:00:00']",
         "{\"type\":\"calendarinterval\",\"months\":1,\"time\":\"09:00:00\",\"start_date\":\"2026-"
         "01-31T00:00:00+01:00\",\"timezone\":\"Europe/Berlin\"}",
         "every month at 09:00, counted from 2026-01-31, leaving out months without that day, "
         "Europe/Berlin"},
        {"{\"type\":\"calendarinterval\",\"months\":\"14\",\"weeks\":1,\"days\":2,\"hour\":9,"
         "\"second\":5,\"month_end\":\"last\",\"start_date\":\"2026-01-31\",\"dst\":\"utc\"}",
         "calendarinterval[years=1, months=2, days=9, time='09:00:05', month_end='last']",
         "{\"type\":\"calendarinterval\",\"years\":1,\"months\":2,\"days\":9,\"time\":\"09:00:05\","
         "\"month_end\":\"last\",\"start_date\":\"2026-01-31T00:00:00+01:00\",\"timezone\":"
         "\"Europe/Berlin\",\"dst\":\"utc\"}",
         "every 1 year, 2 months and 9 days at 09:00:05, counted from 2026-01-30, or the last day "
         "of shorter months, UTC"},
        // The anchor is today, from midnight on.
        {"{\"type\":\"calendarinterval\",\"weeks\":2}",
         "calendarinterval[days=14, time='00:00:00']",
         "{\"type\":\"calendarinterval\",\"days\":14,\"time\":\"00:00:00\",\"start_date\":\"2026-"
         "01-"
         "15T00:00:00+01:00\",\"timezone\":\"Europe/Berlin\"}",
         "every 2 weeks at 00:00, counted from 2026-01-15, Europe/Berlin"},
        // The time of day is the anchor's when none is given.
        {"{\"type\":\"calendarinterval\",\"years\":1,\"start_date\":\"2026-01-15 "
         "08:30:00.25\",\"jitter\":9}",
         "calendarinterval[years=1, time='08:30:00.250000']",
         "{\"type\":\"calendarinterval\",\"years\":1,\"time\":\"08:30:00.250000\",\"start_date\":"
         "\"2026-01-15T08:30:00.250000+01:00\",\"timezone\":\"Europe/Berlin\",\"jitter\":9}",
         "every year at 08:30:00.250000, counted from 2026-01-15, Europe/Berlin, up to 9 seconds "
         "later"},
    };
    struct zones *zones = zones_new(ZONE_DIR);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check_print(zones, rows[i].spec, "Europe/Berlin", rows[i].str, rows[i].written,
                    rows[i].words);
    zones_free(zones);
}

static void test_refused(void **state)
{
    static const struct {
        const char *spec;
        enum err_code code;
        const char *field, *part;
    } rows[] = {
        {"{\"type\":\"iso8601\"}", ERR_INPUT, "expr", "needs its text"},
        {"{\"type\":\"iso8601\",\"expr\":\"R5/2026-01-01/P0D\"}", ERR_INPUT, "expr",
         "longer than 0"},
        {"{\"type\":\"iso8601\",\"expr\":\"R0/2026-01-01/P1D\"}", ERR_SCHEDULE, "expr",
         "never fires"},
        {"{\"type\":\"iso8601\",\"expr\":\"R/2300-01-01/P1D\"}", ERR_SCHEDULE, "expr",
         "never fires"},
        {"{\"type\":\"iso8601\",\"expr\":\"R/P1D/1960-01-01\"}", ERR_SCHEDULE, "expr",
         "never fires"},
        {"{\"type\":\"iso8601\",\"expr\":\"R3/2026-01-01/P1D\",\"start_date\":\"2026-02-01\"}",
         ERR_SCHEDULE, "expr", "never fires"},
        {"{\"type\":\"iso8601\",\"expr\":\"R3/2026-01-01/P1D\",\"minutes\":5}", ERR_INPUT,
         "minutes", "minutes"},
        {"{\"type\":\"calendarinterval\"}", ERR_INPUT, "", "longer than 0"},
        {"{\"type\":\"calendarinterval\",\"months\":0}", ERR_INPUT, "", "longer than 0"},
        {"{\"type\":\"calendarinterval\",\"months\":-1}", ERR_INPUT, "months", "from 0 to"},
        {"{\"type\":\"calendarinterval\",\"months\":1.5}", ERR_INPUT, "months", "whole number"},
        {"{\"type\":\"calendarinterval\",\"years\":9001}", ERR_INPUT, "years", "0 to 9000"},
        {"{\"type\":\"calendarinterval\",\"days\":1,\"time\":\"25:00\"}", ERR_INPUT, "time",
         "09:00:00"},
        {"{\"type\":\"calendarinterval\",\"days\":1,\"time\":\"09:00Z\"}", ERR_INPUT, "time",
         "09:00:00"},
        {"{\"type\":\"calendarinterval\",\"days\":1,\"time\":\"\"}", ERR_INPUT, "time", "09:00:00"},
        {"{\"type\":\"calendarinterval\",\"days\":1,\"time\":\"09:00\",\"minute\":5}", ERR_INPUT,
         "minute", "beside time"},
        {"{\"type\":\"calendarinterval\",\"days\":1,\"hour\":24}", ERR_INPUT, "hour", "0 to 23"},
        {"{\"type\":\"calendarinterval\",\"days\":1,\"month_end\":\"cut\"}", ERR_INPUT, "month_end",
         "skip"},
        {"{\"type\":\"calendarinterval\",\"days\":1,\"start_date\":\"2026-02-01\",\"end_date\":"
         "\"2026-01-01\"}",
         ERR_SCHEDULE, "end_date", "before start_date"},
    };
    struct zones *zones = zones_new(ZONE_DIR);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check_refused(zones, rows[i].spec, rows[i].code, rows[i].field, rows[i].part);
    zones_free(zones);
}

static void test_next(void **state)
{
    static const struct {
        const char *spec, *slots[4];
    } rows[] = {
        {"{\"type\":\"calendarinterval\",\"months\":1,\"time\":\"09:00\",\"start_date\":\"2026-01-"
         "31\"}",
         {"2026-01-31 08:00", "2026-03-31 07:00", "2026-05-31 07:00", "2026-07-31 07:00"}},
        {"{\"type\":\"calendarinterval\",\"months\":1,\"time\":\"09:00\",\"start_date\":\"2026-01-"
         "31\",\"month_end\":\"last\"}",
         {"2026-01-31 08:00", "2026-02-28 08:00", "2026-03-31 07:00", "2026-04-30 07:00"}},
        // The day of the anchor, but not before it.
        {"{\"type\":\"calendarinterval\",\"days\":3,\"time\":\"09:00\",\"start_date\":\"2026-01-20 "
         "12:00\"}",
         {"2026-01-23 08:00", "2026-01-26 08:00", NULL, NULL}},
        {"{\"type\":\"calendarinterval\",\"days\":1,\"time\":\"02:30\",\"start_date\":\"2026-03-"
         "28\",\"end_date\":\"2026-03-30T02:30:00\"}",
         {"2026-03-28 01:30", "2026-03-29 01:00", "2026-03-30 00:30", ""}},
        {"{\"type\":\"calendarinterval\",\"days\":1,\"time\":\"02:30\",\"start_date\":\"2026-03-"
         "28\",\"dst\":\"skip\"}",
         {"2026-03-28 01:30", "2026-03-30 00:30", NULL, NULL}},
        {"{\"type\":\"calendarinterval\",\"days\":1,\"time\":\"02:30\",\"start_date\":\"2026-03-"
         "28\",\"dst\":\"shift\"}",
         {"2026-03-28 01:30", "2026-03-29 01:30", "2026-03-30 00:30", NULL}},
        {"{\"type\":\"calendarinterval\",\"days\":1,\"time\":\"02:30\",\"start_date\":\"2026-10-"
         "24\",\"dst\":\"both\"}",
         {"2026-10-24 00:30", "2026-10-25 00:30", "2026-10-25 01:30", "2026-10-26 01:30"}},
        {"{\"type\":\"iso8601\",\"expr\":\"R/2026-03-28T02:30:00/P1D\",\"dst\":\"utc\"}",
         {"2026-03-28 02:30", "2026-03-29 02:30", "2026-03-30 02:30", NULL}},
        {"{\"type\":\"iso8601\",\"expr\":\"R/2026-01-01T00:00:00/PT36H\",\"max_runs\":2,\"start_"
         "date\":\"2026-01-17\"}",
         {"2026-01-17 11:00", "2026-01-18 23:00", "", NULL}},
    };
    struct zones *zones = zones_new(ZONE_DIR);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check_slots(zones, rows[i].spec, "Europe/Berlin", rows[i].slots, COUNT(rows[i].slots));
    zones_free(zones);
}

static void test_dst(void **state)
{
    static const struct {
        const char *spec;
        int changes;            // from 2026 to the end of 2027
        const char *first_runs; // the first of them; "": not at all
    } rows[] = {
        {"{\"type\":\"iso8601\",\"expr\":\"R/2026-01-01T02:30:00/P1D\"}", 4, "2026-03-29 01:00"},
        {"{\"type\":\"iso8601\",\"expr\":\"R/2026-01-01T02:30:00/P1D\",\"dst\":\"skip\"}", 4, ""},
        {"{\"type\":\"iso8601\",\"expr\":\"R/2026-01-01T02:30:00/P1D\",\"dst\":\"utc\"}", 0, NULL},
        {"{\"type\":\"iso8601\",\"expr\":\"R/2026-01-01T02:30:00/PT24H\"}", 0, NULL},
        {"{\"type\":\"iso8601\",\"expr\":\"R/2026-01-01T02:30:00Z/P1D\"}", 0, NULL},
        {"{\"type\":\"iso8601\",\"expr\":\"R/2026-01-01T09:00:00/P1D\"}", 0, NULL},
        {"{\"type\":\"calendarinterval\",\"weeks\":1,\"time\":\"02:30\",\"start_date\":\"2026-01-"
         "04\"}",
         4, "2026-03-29 01:00"},
        {"{\"type\":\"calendarinterval\",\"weeks\":1,\"time\":\"02:30\",\"start_date\":\"2026-01-"
         "05\"}",
         0, NULL},
        {"{\"type\":\"calendarinterval\",\"months\":1,\"time\":\"02:30\",\"start_date\":\"2026-01-"
         "25\"}",
         1, "2026-10-25 00:30"},
    };
    struct zones *zones = zones_new(ZONE_DIR);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct trigger *t = trigger_good(zones, rows[i].spec, "Europe/Berlin");
        wall at = at_of(zones, "2026-01-01"), until = at_of(zones, "2028-01-01");
        struct trigger_dst dst;
        int changes = 0;

        for (; trigger_next_dst(t, at, until, &dst); at = dst.change_at)
            if (changes++ == 0)
                assert_int_equal(dst.runs_at.us, rows[i].first_runs[0]
                                                     ? at_of(zones, rows[i].first_runs).us
                                                     : WALL_NEVER.us);
        if (changes != rows[i].changes)
            fail_msg("%s: %d changes", rows[i].spec, changes);
        trigger_free(t);
    }
    zones_free(zones);
}

// Arithmetic where it can be, and the same as walking.
static void test_count(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);
    struct trigger *t = trigger_good(
        zones, "{\"type\":\"iso8601\",\"expr\":\"R/2026-01-01T00:00:00Z/PT0.001S\"}", "UTC");
    wall from = at_of(zones, "2026-01-01"), last;

    (void)state;
    assert_int_equal(trigger_count(t, from, at_of(zones, "2027-01-01"), INT64_MAX, &last),
                     INT64_C(365) * 86400 * 1000);
    assert_int_equal(last.us, at_of(zones, "2027-01-01").us);
    assert_int_equal(trigger_count(t, from, at_of(zones, "2027-01-01"), 7, &last), 7);
    assert_int_equal(last.us, from.us + 7000);
    assert_int_equal(trigger_count(t, (wall){INT64_MIN}, from, 7, &last), 1);
    assert_int_equal(trigger_count(t, from, (wall){from.us + 999}, 7, &last), 0);
    assert_int_equal(last.us, WALL_NEVER.us);
    trigger_free(t);
    zones_free(zones);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_print), cmocka_unit_test(test_refused), cmocka_unit_test(test_next),
        cmocka_unit_test(test_dst),   cmocka_unit_test(test_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
