// date_kind_test.c - one moment, and lists of moments.
// SPDX-License-Identifier: Apache-2.0
#include "time/duration.h"
#include "trigger_fixture.h"

static void test_print(void **state)
{
    static const struct {
        const char *spec, *str, *written, *words;
    } rows[] = {
        {"{\"type\":\"date\",\"run_date\":\"2026-02-03 04:05:06-03:30\",\"run_dates\":null}",
         "date[2026-02-03 04:05:06 UTC-03:30]",
         "{\"type\":\"date\",\"run_date\":\"2026-02-03T04:05:06-03:30\",\"timezone\":\"-03:30\"}",
         "once at 2026-02-03 04:05:06 UTC-03:30"},
        // Sorted, and each moment once, whatever its offset.
        {"{\"type\":\"date\",\"run_dates\":[\"2026-07-01 09:00\",\"2026-01-01\",\"2026-07-01T07:00:"
         "00Z\",\"2026-03-01T00:00:00.5\"]}",
         "date[2026-01-01 00:00:00 CET, 2026-03-01 00:00:00 CET, 2026-07-01 09:00:00 CEST]",
         "{\"type\":\"date\",\"run_dates\":[\"2026-01-01T00:00:00+01:00\",\"2026-03-01T00:00:00."
         "500000+01:00\",\"2026-07-01T09:00:00+02:00\"],\"timezone\":\"Europe/Berlin\"}",
         "at 3 moments from 2026-01-01 00:00:00 CET to 2026-07-01 09:00:00 CEST"},
        // A list of one is one.
        {"{\"type\":\"date\",\"run_dates\":[\"2026-07-01 09:00\",\"2026-07-01T07:00:00Z\"]}",
         "date[2026-07-01 09:00:00 CEST]",
         "{\"type\":\"date\",\"run_date\":\"2026-07-01T09:00:00+02:00\",\"timezone\":\"Europe/"
         "Berlin\"}",
         "once at 2026-07-01 09:00:00 CEST"},
        // Long lists are written in full and named in part.
        {"{\"type\":\"date\",\"run_dates\":[\"2026-01-01\",\"2026-01-02\",\"2026-01-03\",\"2026-01-"
         "04\",\"2026-01-05\",\"2026-01-06\",\"2026-01-07\"],\"timezone\":\"UTC\"}",
         "date[2026-01-01 00:00:00 UTC, 2026-01-02 00:00:00 UTC, 2026-01-03 00:00:00 UTC, "
         "2026-01-04 00:00:00 UTC, 2026-01-05 00:00:00 UTC, ... 2 more]",
         "{\"type\":\"date\",\"run_dates\":[\"2026-01-01T00:00:00Z\",\"2026-01-02T00:00:00Z\","
         "\"2026-01-03T00:00:00Z\",\"2026-01-04T00:00:00Z\",\"2026-01-05T00:00:00Z\",\"2026-01-"
         "06T00:00:00Z\",\"2026-01-07T00:00:00Z\"],\"timezone\":\"UTC\"}",
         "at 7 moments from 2026-01-01 00:00:00 UTC to 2026-01-07 00:00:00 UTC"},
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
        {"{\"type\":\"date\"}", ERR_INPUT, "run_date", "needs run_date"},
        {"{\"type\":\"date\",\"run_dates\":[]}", ERR_INPUT, "run_dates", "1 to 1000"},
        {"{\"type\":\"date\",\"run_dates\":\"2026-01-01\"}", ERR_INPUT, "run_dates", "1 to 1000"},
        {"{\"type\":\"date\",\"run_dates\":[\"2026-01-01\"],\"run_date\":\"2026-01-01\"}",
         ERR_INPUT, "run_dates", "either"},
        {"{\"type\":\"date\",\"run_dates\":[\"2026-01-01\",7]}", ERR_INPUT, "run_dates.1", "text"},
        {"{\"type\":\"date\",\"run_dates\":[\"2026-01-01\",null]}", ERR_INPUT, "run_dates.1",
         "text"},
        {"{\"type\":\"date\",\"run_dates\":[\"2026-01-01\",\"soon\"]}", ERR_INPUT, "run_dates.1",
         "soon"},
        {"{\"type\":\"date\",\"run_dates\":[\"2026-01-01\",\"2200-01-02\"]}", ERR_SCHEDULE,
         "run_dates.1", "2199"},
        {"{\"type\":\"date\",\"run_dates\":[\"2026-01-01\"],\"jitter\":5}", ERR_INPUT, "jitter",
         "jitter"},
    };
    struct zones *zones = zones_new(ZONE_DIR);
    struct buf long_list;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check_refused(zones, rows[i].spec, rows[i].code, rows[i].field, rows[i].part);
    buf_init(&long_list, 100000);
    buf_add_text(&long_list, "{\"type\":\"date\",\"run_dates\":[\"2026-01-01\"");
    for (int i = 0; i < 1000; i++)
        buf_add_text(&long_list, ",\"2026-01-01\"");
    buf_add_text(&long_list, "]}");
    check_refused(zones, buf_text(&long_list), ERR_INPUT, "run_dates", "1 to 1000");
    buf_done(&long_list);
    zones_free(zones);
}

static void test_slots(void **state)
{
    static const char *const slots[] = {"2026-02-01", "2026-02-02", "2026-03-01", ""};
    struct zones *zones = zones_new(ZONE_DIR);
    const char *spec = "{\"type\":\"date\",\"run_dates\":[\"2026-03-01\",\"2026-02-02\",\"2025-02-"
                       "01\",\"2026-02-01\"]}";
    struct trigger *t = trigger_good(zones, spec, "UTC");
    wall last = at_of(zones, "2026-03-01");

    (void)state;
    check_slots(zones, spec, "UTC", slots, COUNT(slots));
    assert_false(trigger_is_once(t));
    assert_int_equal(trigger_kind(t), TRIGGER_DATE);
    assert_int_equal(trigger_next(t, (wall){INT64_MIN}).us, at_of(zones, "2025-02-01").us);
    assert_int_equal(trigger_prev(t, WALL_NEVER).us, last.us);
    assert_int_equal(trigger_prev(t, (wall){last.us - 1}).us, at_of(zones, "2026-02-02").us);
    assert_int_equal(trigger_prev(t, at_of(zones, "2025-01-31")).us, WALL_NEVER.us);
    assert_int_equal(trigger_count(t, at_of(zones, "2025-02-01"), WALL_NEVER, 9, NULL), 3);
    trigger_free(t);
    t = trigger_good(zones, "{\"type\":\"date\",\"run_dates\":[\"2026-03-01\"]}", "UTC");
    assert_true(trigger_is_once(t));
    trigger_free(t);
    zones_free(zones);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_print),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_slots),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
