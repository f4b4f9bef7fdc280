// rrule_kind_test.c - recurrence rules as triggers: specs, zones, bounds, what is written again.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/kind.h"
#include "trigger_fixture.h"

static void written(const struct trigger *t, struct buf *out)
{
    buf_clear(out);
    trigger_write(t, out);
}

static void test_written(void **state)
{
    static const struct {
        const char *spec, *str, *written, *words;
    } rows[] = {
        {"{\"type\":\"rrule\",\"expr\":\"dtstart:20260105T090000\\r\\nrrule:freq=daily\"}",
         "rrule[DTSTART:20260105T090000 RRULE:FREQ=DAILY]",
         "{\"type\":\"rrule\",\"expr\":\"DTSTART:20260105T090000\\nRRULE:FREQ=DAILY\",\"timezone\":"
         "\"Europe/Berlin\"}",
         "at 09:00 every day, from 2026-01-05, Europe/Berlin"},
        // The zone is DTSTART's,
        {"{\"type\":\"rrule\",\"expr\":\"DTSTART;TZID=America/New_York:20260105T090000\\n"
         "RRULE:FREQ=DAILY\"}",
         "rrule[DTSTART;TZID=America/New_York:20260105T090000 RRULE:FREQ=DAILY]",
         "{\"type\":\"rrule\",\"expr\":\"DTSTART;TZID=America/"
         "New_York:20260105T090000\\nRRULE:FREQ="
         "DAILY\",\"timezone\":\"America/New_York\"}",
         "at 09:00 every day, from 2026-01-05, America/New_York"},
        {"{\"type\":\"rrule\",\"expr\":\"DTSTART:20260105T090000Z\\nRRULE:FREQ=DAILY\"}",
         "rrule[DTSTART:20260105T090000Z RRULE:FREQ=DAILY]",
         "{\"type\":\"rrule\",\"expr\":\"DTSTART:20260105T090000Z\\nRRULE:FREQ=DAILY\","
         "\"timezone\":"
         "\"UTC\"}",
         "at 09:00 every day, from 2026-01-05, UTC"},
        // also when it is folded.
        {"{\"type\":\"rrule\",\"expr\":\"RRULE:FREQ=DAILY\\nDTSTART;TZID=Ameri\\n "
         "ca/New_York:20260105T090000\"}",
         "rrule[DTSTART;TZID=America/New_York:20260105T090000 RRULE:FREQ=DAILY]",
         "{\"type\":\"rrule\",\"expr\":\"DTSTART;TZID=America/"
         "New_York:20260105T090000\\nRRULE:FREQ=DAILY\",\"timezone\":\"America/New_York\"}",
         "at 09:00 every day, from 2026-01-05, America/New_York"},
        // Without DTSTART it begins now, or at start_date.
        {"{\"type\":\"rrule\",\"expr\":\"FREQ=HOURLY;INTERVAL=5\"}",
         "rrule[DTSTART:20260115T110703 RRULE:FREQ=HOURLY;INTERVAL=5]",
         "{\"type\":\"rrule\",\"expr\":\"DTSTART:20260115T110703\\nRRULE:FREQ=HOURLY;INTERVAL=5\","
         "\"timezone\":\"Europe/Berlin\"}",
         "every 5 hours at second 3 at minute 7, from 2026-01-15 11:07:03, Europe/Berlin"},
        {"{\"type\":\"rrule\",\"expr\":\"RRULE:FREQ=DAILY\",\"start_date\":\"2026-02-01 09:00\","
         "\"max_runs\":3,\"jitter\":60,\"dst\":\"shift\"}",
         "rrule[DTSTART:20260201T090000 RRULE:FREQ=DAILY]",
         "{\"type\":\"rrule\",\"expr\":\"DTSTART:20260201T090000\\nRRULE:FREQ=DAILY\",\"start_"
         "date\":"
         "\"2026-02-01T09:00:00+01:00\",\"max_runs\":3,\"timezone\":\"Europe/"
         "Berlin\",\"jitter\":60,"
         "\"dst\":\"shift\"}",
         "at 09:00 every day, from 2026-02-01, Europe/Berlin, from 2026-02-01 09:00:00 CET, 3 "
         "times, up to 1 minute later"},
        {"{\"type\":\"rrule\",\"expr\":\"DTSTART:20260105T090000\\nRRULE:FREQ=DAILY\",\"dst\":"
         "\"utc\"}",
         "rrule[DTSTART:20260105T090000 RRULE:FREQ=DAILY]",
         "{\"type\":\"rrule\",\"expr\":\"DTSTART:20260105T090000\\nRRULE:FREQ=DAILY\",\"timezone\":"
         "\"Europe/Berlin\",\"dst\":\"utc\"}",
         "at 09:00 every day, from 2026-01-05, UTC"},
    };
    struct zones *zones = zones_new(ZONE_DIR);
    struct buf out;

    (void)state;
    buf_init(&out, 4000);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct trigger *t = trigger_good(zones, rows[i].spec, "Europe/Berlin");

        assert_int_equal(trigger_kind(t), TRIGGER_RRULE);
        buf_clear(&out);
        trigger_str(t, &out);
        assert_string_equal(buf_text(&out), rows[i].str);
        buf_clear(&out);
        trigger_words(t, &out);
        assert_string_equal(buf_text(&out), rows[i].words);
        written(t, &out);
        assert_string_equal(buf_text(&out), rows[i].written);

        // Read again, wherever and whenever, it is the same.
        struct trigger *again = trigger_good(zones, rows[i].written, "Asia/Kolkata");
        written(again, &out);
        assert_string_equal(buf_text(&out), rows[i].written);
        assert_int_equal(trigger_next(again, TRIGGER_BEGINNING).us,
                         trigger_next(t, TRIGGER_BEGINNING).us);
        trigger_free(again);
        trigger_free(t);
    }
    buf_done(&out);
    zones_free(zones);
}

static void test_questions(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);
    struct trigger *t = trigger_good(
        zones,
        "{\"type\":\"rrule\",\"expr\":\"DTSTART:20260105T023000\\nRRULE:FREQ=DAILY;COUNT=100\"}",
        "Europe/Berlin");
    wall first = at_of(zones, "2026-01-05 01:30"), last = at_of(zones, "2026-04-15 00:30");
    struct trigger_dst dst;

    (void)state;
    assert_int_equal(trigger_next(t, TRIGGER_BEGINNING).us, first.us);
    assert_int_equal(trigger_next(t, last).us, WALL_NEVER.us);
    assert_int_equal(trigger_prev(t, at_of(zones, "2030-01-01")).us, last.us);
    assert_int_equal(trigger_prev(t, first).us, first.us);
    assert_int_equal(trigger_prev(t, (wall){first.us - 1}).us, WALL_NEVER.us);
    assert_int_equal(trigger_count(t, TRIGGER_BEGINNING, WALL_NEVER, 1000, NULL), 100);
    assert_true(trigger_next_dst(t, first, at_of(zones, "2027-01-01"), &dst));
    assert_int_equal(dst.kind, LOCAL_GAP);
    assert_int_equal(dst.runs_at.us, WALL_NEVER.us);
    assert_false(trigger_next_dst(t, dst.change_at, at_of(zones, "2027-01-01"), &dst));
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
    } rows[] = {
        {"{\"type\":\"rrule\"}", ERR_INPUT, "expr", 0},
        {"{\"type\":\"rrule\",\"expr\":\"DTSTART;TZID=Europe/Nowhere:20260105T090000\"}", ERR_INPUT,
         "expr", 9},
        {"{\"type\":\"rrule\",\"expr\":\"RRULE:FREQ=DAILY\\nDTSTART;TZID=Europe/"
         "Riga:20260105T090000\",\"timezone\":\"Europe/Berlin\"}",
         ERR_INPUT, "timezone", 0},
        {"{\"type\":\"rrule\",\"expr\":\"DTSTART;TZID=Europe/\\n "
         "Riga:20260105T090000\",\"timezone\":\"Europe/Berlin\"}",
         ERR_INPUT, "timezone", 0},
        {"{\"type\":\"rrule\",\"expr\":5}", ERR_INPUT, "expr", 0},
        {"{\"type\":\"rrule\",\"expr\":\"\"}", ERR_INPUT, "expr", 0},
        {"{\"type\":\"rrule\",\"expr\":\"FREQ=DAILY\",\"hour\":1}", ERR_INPUT, "hour", 0},
        {"{\"type\":\"rrule\",\"expr\":\"DTSTART:20260105T090000\\nRRULE:FREQ=DAILY;BYHOUR=24\"}",
         ERR_INPUT, "expr", 49},
        {"{\"type\":\"rrule\",\"expr\":\"FREQ=DAILY\\u0000;COUNT=2\"}", ERR_INPUT, "expr", 11},
        {"{\"type\":\"rrule\",\"expr\":\"FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30\"}", ERR_SCHEDULE,
         "expr", 1},
        {"{\"type\":\"rrule\",\"expr\":\"DTSTART:20260329T023000\\nRRULE:FREQ=DAILY;COUNT=1\","
         "\"end_date\":\"2026-03-01\"}",
         ERR_SCHEDULE, "expr", 0},
        {"{\"type\":\"rrule\",\"expr\":\"DTSTART:20260105T090000\\nRRULE:FREQ=DAILY;COUNT=1\\n"
         "EXDATE:20260105T090000\"}",
         ERR_SCHEDULE, "expr", 0},
    };
    struct zones *zones = zones_new(ZONE_DIR);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct trigger_context context = {
            zones, STR_LIT("Europe/Berlin"), at_of(zones, "2026-01-15 10:07:03"), {0}, NULL};
        json_t *spec = json_loads(rows[i].spec, JSON_ALLOW_NUL, NULL);
        struct trigger *t = NULL;
        struct err e = {0};

        assert_non_null(spec);
        if (trigger_parse(spec, &context, &t, &e) || e.code != rows[i].code ||
            e.column != rows[i].column || strcmp(e.field, rows[i].field) != 0)
            fail_msg("%s: %s column %d: %s", rows[i].spec, e.field, e.column, e.message);
        json_decref(spec);
    }
    zones_free(zones);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_written),
        cmocka_unit_test(test_questions),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
