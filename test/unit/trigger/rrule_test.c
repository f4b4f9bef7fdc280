// rrule_test.c - moments of recurrence sets: zones, COUNT and UNTIL, dates added and taken out.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/rrule.h"

#include "rrule_fixture.h"

struct row {
    const char *text, *after;
    const char *want[7]; // local in Europe/Berlin where they have no offset; "end"
};

static wall berlin_at(struct zones *zones, const char *text)
{
    const struct zone *zone;
    wall at = {0};
    struct err e;

    assert_true(zones_get(zones, STR_LIT("Europe/Berlin"), &zone, &e));
    if (!iso8601_moment(str_of(text), zone, "at", &at, &e))
        fail_msg("%s: %s", text, e.message);
    return at;
}

static void check_set(struct zones *zones, const struct row *row, const struct rrule *set)
{
    wall at = berlin_at(zones, row->after);

    for (int i = 0; i < 7 && row->want[i]; i++) {
        bool is_end = strcmp(row->want[i], "end") == 0;

        at = rrule_next(set, at);
        if (at.us != (is_end ? WALL_NEVER.us : berlin_at(zones, row->want[i]).us))
            fail_msg("%s: %s is not time %d", row->text, row->want[i], i);
    }
}

static void check_rows(const struct row *rows, size_t count)
{
    struct zones *zones = zones_new(ZONE_DIR);

    for (size_t i = 0; i < count; i++) {
        struct rrule *set = set_of(zones, rows[i].text);

        check_set(zones, &rows[i], set);
        rrule_free(set);
    }
    zones_free(zones);
}

static void test_rules(void **state)
{
    static const struct row rows[] = {
        {"DTSTART:20260105T090000\nRRULE:FREQ=WEEKLY;BYDAY=MO,FR;COUNT=3",
         "2026-01-01",
         {"2026-01-05 09:00", "2026-01-09 09:00", "2026-01-12 09:00", "end"}},
        // DTSTART that does not match is no instance, and is not counted.
        {"DTSTART:20260106T090000\nRRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=2",
         "2026-01-01",
         {"2026-01-12 09:00", "2026-01-19 09:00", "end"}},
        {"DTSTART:20260101T090000Z\nRRULE:FREQ=DAILY;COUNT=2",
         "2026-01-01",
         {"2026-01-01 10:00", "2026-01-02 10:00", "end"}},
        {"DTSTART;TZID=America/New_York:20260308T013000\nRRULE:FREQ=DAILY;BYHOUR=1,2,3",
         "2026-03-08T06:00:00Z",
         {"2026-03-08T06:30:00Z", "2026-03-08T07:30:00Z", "2026-03-09T05:30:00Z"}},
        // Two rules: one set, without doubles.
        {"DTSTART:20260101T090000\nRRULE:FREQ=DAILY;INTERVAL=2;COUNT=3\nRRULE:FREQ=DAILY;INTERVAL="
         "4;COUNT=2",
         "2026-01-01",
         {"2026-01-01 09:00", "2026-01-03 09:00", "2026-01-05 09:00", "end"}},
        {"DTSTART:21991230T090000\nRRULE:FREQ=DAILY",
         "2199-12-01",
         {"2199-12-30 09:00", "2199-12-31 09:00", "end"}},
        // Nothing before 1970.
        {"DTSTART:19500101T090000\nRRULE:FREQ=YEARLY", "1940-01-01", {"1970-01-01 09:00"}},
        // A day is its first moment, also where midnight does not exist.
        {"DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=DAILY;COUNT=2",
         "2025-12-01",
         {"2026-01-01", "2026-01-02", "end"}},
    };

    (void)state;
    check_rows(rows, COUNT(rows));
}

// Berlin, 2026-03-29: 02:00 to 03:00 is skipped; 2026-10-25: 02:00 to 03:00 comes twice.
static void test_clocks(void **state)
{
    static const struct row rows[] = {
        {"DTSTART:20260328T023000\nRRULE:FREQ=DAILY",
         "2026-03-28",
         {"2026-03-28 02:30", "2026-03-30 02:30"}},
        // What does not exist is not counted.
        {"DTSTART:20260328T023000\nRRULE:FREQ=DAILY;COUNT=3",
         "2026-03-28",
         {"2026-03-28 02:30", "2026-03-30 02:30", "2026-03-31 02:30", "end"}},
        {"DTSTART:20260329T023000\nRRULE:FREQ=DAILY;COUNT=2",
         "2026-03-28",
         {"2026-03-30 02:30", "2026-03-31 02:30", "end"}},
        {"DTSTART:20260329T013000\nRRULE:FREQ=MINUTELY;INTERVAL=30;COUNT=3",
         "2026-03-28",
         {"2026-03-29 01:30", "2026-03-29 03:00", "2026-03-29 03:30", "end"}},
        // Hours are those that clocks show.
        {"DTSTART:20260328T230000\nRRULE:FREQ=HOURLY;INTERVAL=2",
         "2026-03-29",
         {"2026-03-29 01:00", "2026-03-29 03:00", "2026-03-29 05:00"}},
        {"DTSTART:20261025T010000\nRRULE:FREQ=MINUTELY;INTERVAL=30;COUNT=5",
         "2026-10-25",
         {"2026-10-25T01:00:00+02:00", "2026-10-25T01:30:00+02:00", "2026-10-25T02:00:00+02:00",
          "2026-10-25T02:30:00+02:00", "2026-10-25T03:00:00+01:00", "end"}},
        {"DTSTART:20261024T023000\nRRULE:FREQ=DAILY",
         "2026-10-25T02:30:00+02:00",
         {"2026-10-26 02:30"}},
        // UNTIL within the hour that comes twice: by then its times have all been.
        {"DTSTART:20261025T020000\nRRULE:FREQ=MINUTELY;INTERVAL=15;UNTIL=20261025T010000Z",
         "2026-10-25",
         {"2026-10-25T02:00:00+02:00", "2026-10-25T02:15:00+02:00", "2026-10-25T02:30:00+02:00",
          "2026-10-25T02:45:00+02:00", "end"}},
        {"DTSTART:20261025T020000\nRRULE:FREQ=MINUTELY;INTERVAL=15;UNTIL=20261025T001500Z",
         "2026-10-25",
         {"2026-10-25T02:00:00+02:00", "2026-10-25T02:15:00+02:00", "end"}},
        // Sao Paulo had no midnight on 2018-11-04; Apia no 2011-12-30.
        {"DTSTART;TZID=America/Sao_Paulo:20181103T000000\nRRULE:FREQ=DAILY",
         "2018-11-03T12:00:00Z",
         {"2018-11-05T02:00:00Z"}},
        {"DTSTART;TZID=Pacific/Apia:20111229T090000\nRRULE:FREQ=DAILY;COUNT=2",
         "2011-12-01",
         {"2011-12-29T19:00:00Z", "2011-12-30T19:00:00Z", "end"}},
    };

    (void)state;
    check_rows(rows, COUNT(rows));
}

static void test_policies(void **state)
{
    static const struct {
        enum dst_policy dst;
        struct row row;
    } rows[] = {
        {DST_FIRST,
         {"DTSTART:20260328T023000\nRRULE:FREQ=DAILY;COUNT=3",
          "2026-03-28",
          {"2026-03-28 02:30", "2026-03-29 03:00", "2026-03-30 02:30", "end"}}},
        {DST_SHIFT,
         {"DTSTART:20260328T023000\nRRULE:FREQ=DAILY;COUNT=3",
          "2026-03-28",
          {"2026-03-28 02:30", "2026-03-29 03:30", "2026-03-30 02:30", "end"}}},
        {DST_BOTH,
         {"DTSTART:20261024T023000\nRRULE:FREQ=DAILY;COUNT=3",
          "2026-10-24",
          {"2026-10-24 02:30", "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00",
           "2026-10-26 02:30", "end"}}},
    };
    struct zones *zones = zones_new(ZONE_DIR);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e;
        struct rrule *set = set_policy(zones, rows[i].row.text, rows[i].dst, &e);

        assert_non_null(set);
        check_set(zones, &rows[i].row, set);
        rrule_free(set);
    }
    zones_free(zones);
}

static void test_until(void **state)
{
    static const struct row rows[] = {
        {"DTSTART:20260101T090000\nRRULE:FREQ=DAILY;UNTIL=20260103T080000Z",
         "2026-01-02",
         {"2026-01-02 09:00", "2026-01-03 09:00", "end"}},
        {"DTSTART:20260101T090000\nRRULE:FREQ=DAILY;UNTIL=20260103T075959Z",
         "2026-01-02",
         {"2026-01-02 09:00", "end"}},
        {"DTSTART:20260101T090000\nRRULE:FREQ=DAILY;UNTIL=20260103T090000",
         "2026-01-02",
         {"2026-01-02 09:00", "2026-01-03 09:00", "end"}},
        // A date is its midnight.
        {"DTSTART:20260101T090000\nRRULE:FREQ=DAILY;UNTIL=20260103",
         "2026-01-02",
         {"2026-01-02 09:00", "end"}},
        {"DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=DAILY;UNTIL=20260103",
         "2026-01-02",
         {"2026-01-03", "end"}},
    };

    (void)state;
    check_rows(rows, COUNT(rows));
}

static void test_dates(void **state)
{
    static const struct row rows[] = {
        // Without a rule DTSTART is an instance.
        {"DTSTART:20260101T090000", "2025-01-01", {"2026-01-01 09:00", "end"}},
        {"DTSTART:20260101T090000\nRDATE:20260105T120000,20260103T120000,20260105T120000",
         "2025-01-01",
         {"2026-01-01 09:00", "2026-01-03 12:00", "2026-01-05 12:00", "end"}},
        {"RDATE;TZID=America/New_York:20260105T120000\nRDATE:20260105T170000Z,20260106T120000",
         "2025-01-01",
         {"2026-01-05 18:00", "2026-01-06 12:00", "end"}},
        {"RDATE;VALUE=DATE:20260105,20260107", "2025-01-01", {"2026-01-05", "2026-01-07", "end"}},
        {"RDATE;VALUE=PERIOD:20260105T080000Z/PT1H,20260106T080000Z/20260106T090000Z",
         "2025-01-01",
         {"2026-01-05 09:00", "2026-01-06 09:00", "end"}},
        // An RDATE that clocks skip is read with the offset before.
        {"RDATE:20260329T023000", "2026-01-01", {"2026-03-29 03:30", "end"}},
        {"RDATE:20261025T023000", "2026-01-01", {"2026-10-25T02:30:00+02:00", "end"}},
        {"DTSTART:20260101T090000\nRRULE:FREQ=DAILY;COUNT=2\nRDATE:20260101T120000,20260102T090000",
         "2025-01-01",
         {"2026-01-01 09:00", "2026-01-01 12:00", "2026-01-02 09:00", "end"}},
        // Taken out; COUNT counts them all the same.
        {"DTSTART:20260101T090000\nRRULE:FREQ=DAILY;COUNT=4\nEXDATE:20260101T090000,"
         "20260103T090000",
         "2025-01-01",
         {"2026-01-02 09:00", "2026-01-04 09:00", "end"}},
        {"DTSTART:20260101T090000\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE:20260102T080000Z\nEXDATE:"
         "20260103T090001",
         "2025-01-01",
         {"2026-01-01 09:00", "2026-01-03 09:00", "end"}},
        {"DTSTART:20260101T090000\nRRULE:FREQ=SECONDLY;COUNT=200000\nEXDATE;VALUE=DATE:20260101,"
         "20260102",
         "2025-01-01",
         {"2026-01-03", "2026-01-03 00:00:01"}},
        {"DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE;VALUE=DATE:20260102",
         "2025-01-01",
         {"2026-01-01", "2026-01-03", "end"}},
        {"RDATE:20260105T090000,20260106T090000,20260107T090000\nEXDATE:20260105T090000\nEXDATE;"
         "VALUE=DATE:20260107",
         "2025-01-01",
         {"2026-01-06 09:00", "end"}},
        {"DTSTART:20260101T090000\nRRULE:FREQ=DAILY;COUNT=5\nEXRULE:FREQ=DAILY;INTERVAL=2;COUNT="
         "2\nRDATE:20260103T090000",
         "2025-01-01",
         {"2026-01-02 09:00", "2026-01-04 09:00", "2026-01-05 09:00", "end"}},
        {"DTSTART:20260101T090000\nRRULE:FREQ=WEEKLY\nEXRULE:FREQ=WEEKLY;UNTIL=21990101",
         "2025-01-01",
         {"2199-01-03 09:00"}},
    };

    (void)state;
    check_rows(rows, COUNT(rows));
}

static void test_touch(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);
    struct rrule *set = set_of(zones, "DTSTART:20260101T023000\nRRULE:FREQ=DAILY");
    struct rrule *dates = set_of(zones, "RDATE:20260329T023000");
    int64_t from = at_of(zones, "2026-01-01").us / 1000000, to = from + 365 * 86400;
    struct dst_touch touch;

    (void)state;
    assert_true(rrule_next_touch(set, from, to, &touch));
    assert_int_equal(touch.kind, LOCAL_GAP);
    assert_true(touch.runs_at == DST_NEVER);
    assert_int_equal(touch.change_at, at_of(zones, "2026-03-29 01:00").us / 1000000);
    assert_true(rrule_next_touch(set, touch.change_at, to, &touch));
    assert_int_equal(touch.kind, LOCAL_FOLD);
    assert_int_equal(touch.runs_at, at_of(zones, "2026-10-25 00:30").us / 1000000);
    assert_false(touch.is_twice);
    assert_false(rrule_next_touch(dates, from, to, &touch));
    rrule_free(set);
    rrule_free(dates);
    zones_free(zones);
}

// The parts that reading puts together.
static void test_parts(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);
    struct rrule *set = set_of(zones, "DTSTART:20260101T023000\nRRULE:FREQ=DAILY;COUNT=90");
    struct series s = set->rules.v[0];
    int64_t steps = 0, spring = at_of(zones, "2026-03-29 01:00").us / 1000000;
    int64_t autumn = at_of(zones, "2026-10-25 01:20").us / 1000000;

    (void)state;
    assert_int_equal(s.last, at_of(zones, "2026-04-01 02:30").us / 1000000); // local, 91st
    s.rule.count = 10;
    s.last = INT64_MAX - 1;
    assert_true(rrule_count(set, &s, &steps));
    assert_int_equal(s.last, at_of(zones, "2026-01-10 02:30").us / 1000000);
    assert_int_equal(rrule_local(set, spring), spring + 2 * 3600);
    assert_int_equal(rrule_local(set, spring - 1), spring - 1 + 3600);
    assert_int_equal(rrule_local(set, autumn), at_of(zones, "2026-10-25 02:59:59").us / 1000000);
    set->dates.len = 0;
    vec_push(&set->dates, 5);
    vec_push(&set->dates, -5);
    vec_push(&set->dates, 3);
    rrule_finish(set);
    assert_int_equal(set->dates.len, 2);
    assert_int_equal(set->dates.v[0], 3);
    rrule_free(set);
    zones_free(zones);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),    cmocka_unit_test(test_clocks),
        cmocka_unit_test(test_policies), cmocka_unit_test(test_until),
        cmocka_unit_test(test_dates),    cmocka_unit_test(test_touch),
        cmocka_unit_test(test_parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
