// oncalendar_kind_test.c - calendar events as triggers: specs in, slots and canonical specs out.
// SPDX-License-Identifier: Apache-2.0
#include "time/duration.h"
#include "trigger_fixture.h"

#define SPEC(expr) "{\"type\":\"oncalendar\",\"expr\":\"" expr "\"}"
#define SPEC_IN(expr, zone) \
    "{\"type\":\"oncalendar\",\"expr\":\"" expr "\",\"timezone\":\"" zone "\"}"

static void test_print(void **state)
{
    static const struct {
        const char *spec, *str, *written, *words;
    } rows[] = {
        {SPEC("Mon..Fri   09:00 "), "oncalendar[Mon..Fri 09:00]",
         SPEC_IN("Mon..Fri 09:00", "Europe/Berlin"), "at 09:00 on weekdays, Europe/Berlin"},
        {SPEC("daily UTC"), "oncalendar[daily UTC]", SPEC_IN("daily UTC", "UTC"),
         "at 00:00 every day, UTC"},
        {SPEC("hourly  America/New_York"), "oncalendar[hourly America/New_York]",
         SPEC_IN("hourly America/New_York", "America/New_York"), "every hour, America/New_York"},
        {SPEC("@1800000000"), "oncalendar[@1800000000]", SPEC_IN("@1800000000", "UTC"),
         "at 08:00 on 15 January in 2027, UTC"},
        {SPEC("*:*:0/0.25"), "oncalendar[*:*:0/0.25]", SPEC_IN("*:*:0/0.25", "Europe/Berlin"),
         "every 0.25 seconds, Europe/Berlin"},
        {"{\"type\":\"oncalendar\",\"expr\":\"12:00:00.5 utc\",\"dst\":\"both\",\"max_runs\":2,"
         "\"start_date\":\"2026-01-01\",\"timezone\":\"UTC\"}",
         "oncalendar[12:00:00.5 utc]",
         "{\"type\":\"oncalendar\",\"expr\":\"12:00:00.5 utc\",\"start_date\":\"2026-01-01T00:00:"
         "00Z\",\"max_runs\":2,\"timezone\":\"UTC\",\"dst\":\"both\"}",
         "at 12:00 every day, at second 0.5 of the minute, UTC, from 2026-01-01 00:00:00 UTC, 2 "
         "times"},
        {"{\"type\":\"oncalendar\",\"expr\":\"*-*~1 Europe/Helsinki\",\"start_date\":\"2026-01-"
         "01\"}",
         "oncalendar[*-*~1 Europe/Helsinki]",
         "{\"type\":\"oncalendar\",\"expr\":\"*-*~1 Europe/Helsinki\",\"start_date\":\"2026-01-"
         "01T00:00:00+02:00\",\"timezone\":\"Europe/Helsinki\"}",
         "at 00:00 on the last day of the month, Europe/Helsinki, from 2026-01-01 00:00:00 EET"},
    };
    struct zones *zones = zones_new(ZONE_DIR);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct trigger *t = trigger_good(zones, rows[i].spec, "Europe/Berlin");
        struct buf out;

        assert_int_equal(trigger_kind(t), TRIGGER_ONCALENDAR);
        buf_init(&out, 4000);
        trigger_str(t, &out);
        assert_string_equal(buf_text(&out), rows[i].str);
        buf_clear(&out);
        trigger_words(t, &out);
        assert_string_equal(buf_text(&out), rows[i].words);
        buf_clear(&out);
        trigger_write(t, &out);
        assert_string_equal(buf_text(&out), rows[i].written);
        trigger_free(t);
        // Whatever the context says, it is read as the same.
        t = trigger_good(zones, rows[i].written, "Pacific/Apia");
        buf_clear(&out);
        trigger_write(t, &out);
        assert_string_equal(buf_text(&out), rows[i].written);
        trigger_free(t);
        buf_done(&out);
    }
    zones_free(zones);
}

static void test_slots(void **state)
{
    static const struct {
        const char *spec, *after, *slots[2];
    } rows[] = {
        {SPEC("09:00"), "2026-01-01", {"2026-01-01 08:00", "2026-01-02 08:00"}},
        {SPEC("09:00 America/New_York"), "2026-01-01", {"2026-01-01 14:00", "2026-01-02 14:00"}},
        {SPEC_IN("09:00", "UTC"), "2026-01-01", {"2026-01-01 09:00", "2026-01-02 09:00"}},
        {SPEC("@1800000000"), "2026-01-01", {"2027-01-15 08:00", NULL}},
        {SPEC("@0"), "1969-12-31 23:59:59", {"1970-01-01", NULL}},
        {SPEC("12:00:00.5"),
         "2026-01-01 11:00",
         {"2026-01-01 11:00:00.5", "2026-01-02 11:00:00.5"}},
        // The gap of 29 March 2026, by rule, shifted, and read in UTC.
        {SPEC("02:30:00.5"), "2026-03-29", {"2026-03-29 01:00", "2026-03-30 00:30:00.5"}},
        {"{\"type\":\"oncalendar\",\"expr\":\"02:30:00.5\",\"dst\":\"shift\"}",
         "2026-03-29",
         {"2026-03-29 01:30:00.5", "2026-03-30 00:30:00.5"}},
        {"{\"type\":\"oncalendar\",\"expr\":\"02:30:00.5\",\"dst\":\"utc\"}",
         "2026-03-29",
         {"2026-03-29 02:30:00.5", "2026-03-30 02:30:00.5"}},
        {"{\"type\":\"oncalendar\",\"expr\":\"02:30\",\"dst\":\"skip\"}",
         "2026-03-29",
         {"2026-03-30 00:30", "2026-03-31 00:30"}},
        {"{\"type\":\"oncalendar\",\"expr\":\"*:*:0/0.25\",\"start_date\":\"2026-01-01 "
         "00:00:00.3\",\"end_date\":\"2026-01-01 00:00:00.6\"}",
         "2025-01-01",
         {"2025-12-31 23:00:00.5", NULL}},
    };
    struct zones *zones = zones_new(ZONE_DIR);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct trigger *t = trigger_good(zones, rows[i].spec, "Europe/Berlin");
        wall at = at_of(zones, rows[i].after);

        for (int n = 0; n < 2; n++) {
            wall before = at;

            at = trigger_next(t, at);
            if (at.us != (rows[i].slots[n] ? at_of(zones, rows[i].slots[n]).us : WALL_NEVER.us))
                fail_msg("%s, slot %d: %lld", rows[i].spec, n, (long long)at.us);
            if (!rows[i].slots[n])
                break;
            assert_int_equal(trigger_prev(t, at).us, at.us);
            assert_true(trigger_prev(t, (wall){at.us - 1}).us != at.us);
            assert_int_equal(trigger_count(t, before, at, 9, NULL), 1);
        }
        trigger_free(t);
    }
    zones_free(zones);
}

// Several slots in one second.
static void test_within_second(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);
    struct trigger *t = trigger_good(zones, SPEC("*:*:0/0.25"), "UTC");
    wall at = at_of(zones, "2026-01-01 00:00:00.6"), last;

    (void)state;
    assert_int_equal(trigger_prev(t, at).us, at.us - 100000);
    assert_int_equal(trigger_prev(t, (wall){at.us - 100000}).us, at.us - 100000);
    assert_int_equal(trigger_count(t, at, (wall){at.us + 1000000}, 100, &last), 4);
    assert_int_equal(last.us, at.us + 900000);
    trigger_free(t);
    zones_free(zones);
}

static void test_next_dst(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);
    struct trigger *t = trigger_good(zones, SPEC("2:30:0.5,30"), "Europe/Berlin");
    wall until = at_of(zones, "2027-01-01");
    struct trigger_dst dst;

    (void)state;
    assert_true(trigger_next_dst(t, at_of(zones, "2026-01-01"), until, &dst));
    assert_int_equal(dst.kind, LOCAL_GAP);
    assert_int_equal(dst.runs_at.us, at_of(zones, "2026-03-29 01:00").us);
    assert_true(trigger_next_dst(t, dst.change_at, until, &dst));
    assert_int_equal(dst.kind, LOCAL_FOLD);
    assert_int_equal(dst.runs_at.us, at_of(zones, "2026-10-25 00:30:00.5").us);
    assert_false(trigger_next_dst(t, dst.change_at, until, &dst));
    trigger_free(t);
    t = trigger_good(zones, "{\"type\":\"oncalendar\",\"expr\":\"2:30:0.5\",\"dst\":\"skip\"}",
                     "Europe/Berlin");
    assert_true(trigger_next_dst(t, at_of(zones, "2026-01-01"), until, &dst));
    assert_int_equal(dst.runs_at.us, WALL_NEVER.us);
    trigger_free(t);
    zones_free(zones);
}

static void test_refused(void **state)
{
    static const struct {
        const char *spec;
        enum err_code code;
        const char *field;
        int column;
        const char *message;
    } rows[] = {
        {"{\"type\":\"oncalendar\"}", ERR_INPUT, "expr", 0,
         "an oncalendar trigger needs its text as \"expr\""},
        {"{\"type\":\"oncalendar\",\"expr\":[]}", ERR_INPUT, "expr", 0, NULL},
        {"{\"type\":\"oncalendar\",\"expr\":7}", ERR_INPUT, "expr", 1, NULL},
        {"{\"type\":\"oncalendar\",\"expr\":\"daily\",\"hour\":4}", ERR_INPUT, "hour", 0, NULL},
        {SPEC("Mon 25:00"), ERR_INPUT, "expr", 5, "hour must be 0-23, not \"25\""},
        {SPEC("2-30"), ERR_SCHEDULE, "expr", 0, "this schedule never fires"},
        {SPEC("2-30 0:0:0.5"), ERR_SCHEDULE, "expr", 0, "this schedule never fires"},
        {SPEC("Fri @0"), ERR_SCHEDULE, "expr", 0, NULL},
        {SPEC("daily hourly"), ERR_INPUT, "expr", 7, "unknown time zone \"hourly\""},
        {SPEC("daily Z"), ERR_INPUT, "expr", 7, "\"Z\" is not the name of a zone"},
        {SPEC_IN("daily UTC", "Europe/Berlin"), ERR_INPUT, "timezone", 0,
         "timezone is Europe/Berlin, but the text says UTC"},
        {SPEC_IN("@5", "Europe/Berlin"), ERR_INPUT, "timezone", 0, NULL},
        {SPEC_IN("daily UTC", "Nowhere"), ERR_INPUT, "timezone", 0,
         "unknown time zone \"Nowhere\""},
        {"{\"type\":\"oncalendar\",\"expr\":\"daily UTC\",\"timezone\":{}}", ERR_INPUT, "timezone",
         0, NULL},
    };
    struct zones *zones = zones_new(ZONE_DIR);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err e;

        if (trigger_of(zones, rows[i].spec, "Europe/Berlin", &e))
            fail_msg("accepted %s", rows[i].spec);
        if (e.code != rows[i].code || strcmp(e.field, rows[i].field) != 0 ||
            e.column != rows[i].column || (rows[i].message && strcmp(e.message, rows[i].message)))
            fail_msg("%s: %s, column %d: %s", rows[i].spec, e.field, e.column, e.message);
    }
    zones_free(zones);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_print),         cmocka_unit_test(test_slots),
        cmocka_unit_test(test_within_second), cmocka_unit_test(test_next_dst),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
