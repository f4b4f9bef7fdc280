// convert_repeat_test.c - triggers as intervals and ISO 8601 repeating intervals.
// SPDX-License-Identifier: Apache-2.0
#include "convert_fixture.h"

static void test_interval(void **state)
{
    static const struct written rows[] = {
        {"*/5 * * * *", "Europe/Berlin", convert_interval,
         "{\"minutes\":5,\"start_date\":\"2026-01-15T11:10:00+01:00\"}"},
        {"30 2 * * *", "UTC", convert_interval,
         "{\"days\":1,\"start_date\":\"2026-01-16T02:30:00Z\"}"},
        {"30 2 * * *", "Europe/Berlin", convert_interval,
         "!interval counts elapsed time, this schedule keeps to the clock"},
        {"0 9-17 * * *", "UTC", convert_interval,
         "!interval needs runs that are all equally far apart"},
        {"{'type':'interval','seconds':0.25,'start_date':'2026-01-01'}", "UTC", convert_interval,
         "{\"seconds\":\"0.25\",\"start_date\":\"2026-01-01T00:00:00Z\"}"},
        {"{'type':'cron','minute':'*/5','end_date':'2026-02-01','dst':'utc'}", "Europe/Berlin",
         convert_interval, "{\"minutes\":5,\"start_date\":\"2026-01-15T11:10:00+01:00\"} end"},
        {"{'type':'date','run_date':'2026-12-24 18:00'}", "UTC", convert_interval,
         "!interval repeats, this schedule does not"},
    };

    (void)state;
    written_check(rows, COUNT(rows));
}

static void test_iso8601(void **state)
{
    static const struct written rows[] = {
        {"30 2 * * *", "Europe/Berlin", convert_iso8601, "R/2026-01-16T02:30:00/P1D"},
        {"30 2 * * mon", "Europe/Berlin", convert_iso8601, "R/2026-01-19T02:30:00/P1W"},
        {"30 2 15 * *", "UTC", convert_iso8601, "R/2026-02-15T02:30:00Z/P1M"},
        {"30 2 L * *", "UTC", convert_iso8601, "R/2026-01-31T02:30:00Z/P1M"},
        {"30 2 1 7 *", "UTC", convert_iso8601, "R/2026-07-01T02:30:00Z/P1Y"},
        {"*/5 * * * *", "Europe/Berlin", convert_iso8601, "R/2026-01-15T11:10:00+01:00/PT5M"},
        {"{'type':'interval','minutes':90,'start_date':'2026-01-01'}", "Europe/Berlin",
         convert_iso8601, "R/2026-01-01T00:00:00+01:00/PT1H30M"},
        {"{'type':'interval','seconds':1.5,'start_date':'2026-01-01'}", "UTC", convert_iso8601,
         "R/2026-01-01T00:00:00Z/PT1.5S"},
        {"{'type':'cron','hour':3,'end_date':'2026-01-31'}", "UTC", convert_iso8601,
         "R15/2026-01-16T03:00:00Z/P1D"},
        {"{'type':'cron','hour':3,'max_runs':7,'start_date':'2026-01-01'}", "UTC", convert_iso8601,
         "R7/2026-01-01T03:00:00Z/P1D"},
        {"30 2 31 * *", "UTC", convert_iso8601,
         "!iso8601 cuts day 31 to the end of shorter months, this schedule leaves it out"},
        {"0 9-17 * * *", "UTC", convert_iso8601,
         "!iso8601 needs runs that are all equally far apart"},
        {"30 2 * * 1,3", "UTC", convert_iso8601,
         "!iso8601 counts days, weeks or months; these days are not equally far apart"},
    };

    (void)state;
    written_check(rows, COUNT(rows));
}

static void test_dates(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);
    struct trigger *t = trigger_quoted(zones, "0 0 0 1 1 * 2030", "UTC");
    json_t *spec = json_object(), *common = json_pack("{ss}", "timezone", "UTC");
    struct err e;

    (void)state;
    assert_true(convert_date(t, at_of(zones, NOW), spec, common, &e));
    assert_string_equal(json_string_value(json_object_get(spec, "run_date")),
                        "2030-01-01T00:00:00Z");
    json_object_set_new(common, "jitter", json_integer(5));
    assert_false(convert_date(t, at_of(zones, NOW), spec, common, &e));
    assert_string_equal(e.field, "jitter");
    convert_moment(spec, "at", at_of(zones, "2026-02-01"), NULL);
    assert_string_equal(json_string_value(json_object_get(spec, "at")), "2026-02-01T00:00:00Z");
    json_decref(common);
    json_decref(spec);
    trigger_free(t);
    zones_free(zones);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_interval),
        cmocka_unit_test(test_iso8601),
        cmocka_unit_test(test_dates),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
