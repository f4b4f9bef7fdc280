// rrule_read_test.c - recurrence sets from text: normal forms, and what is refused where.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/rrule_read.h"

#include <stdlib.h>

#include "rrule_fixture.h"

// What is read, in its normal form, which reads as itself.
static void test_normal(void **state)
{
    static const struct {
        const char *text, *normal;
    } rows[] = {
        {"freq=daily", "DTSTART:20260115T110703\nRRULE:FREQ=DAILY"},
        {"COUNT=2;FREQ=DAILY", "DTSTART:20260115T110703\nRRULE:COUNT=2;FREQ=DAILY"},
        {"RRULE:FREQ=DAILY", "DTSTART:20260115T110703\nRRULE:FREQ=DAILY"},
        {"rrule:freq=weekly;byday=mo\r\ndtstart:20260101t090000\r\n",
         "DTSTART:20260101T090000\nRRULE:FREQ=WEEKLY;BYDAY=MO"},
        {"DTSTART;tzid=America/New_York:19970902T090000\nRRULE:FREQ=DAILY;UNTIL=19971224t000000z",
         "DTSTART;TZID=America/New_York:19970902T090000\nRRULE:FREQ=DAILY;UNTIL=19971224T000000Z"},
        {"DTSTART;X-A=1;TZID=\"Europe/Riga\";x-b=2:19970902T090000\nRRULE;X-C=3:FREQ=DAILY",
         "DTSTART;TZID=Europe/Riga:19970902T090000\nRRULE:FREQ=DAILY"},
        {"DTSTART:20260101T090000Z\nRRULE:FREQ=DAILY",
         "DTSTART:20260101T090000Z\nRRULE:FREQ=DAILY"},
        {"DTSTART;VALUE=DATE-TIME:20260101T090000\nRRULE:FREQ=DAILY",
         "DTSTART:20260101T090000\nRRULE:FREQ=DAILY"},
        {"DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=DAILY",
         "DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=DAILY"},
        {"DTSTART:20260101\nRRULE:FREQ=DAILY", "DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=DAILY"},
        {"DTSTART:20260101T090060\nRRULE:FREQ=DAILY", "DTSTART:20260101T090060\nRRULE:FREQ=DAILY"},
        {"EXDATE:20260103T090000\nRDATE:20260105T090000,20260104T090000\n"
         "EXRULE:FREQ=WEEKLY;COUNT=2\nRRULE:FREQ=DAILY\nRRULE:FREQ=HOURLY\nDTSTART:20260101T090000",
         "DTSTART:20260101T090000\nRRULE:FREQ=DAILY\nRRULE:FREQ=HOURLY\nEXRULE:FREQ=WEEKLY;COUNT="
         "2\n"
         "RDATE:20260105T090000,20260104T090000\nEXDATE:20260103T090000"},
        {"RDATE;TZID=Europe/Riga:20260105T090000\nRDATE;value=date:20260107,20260108",
         "RDATE;TZID=Europe/Riga:20260105T090000\nRDATE;VALUE=DATE:20260107,20260108"},
        {"RDATE;VALUE=PERIOD:20260403T020000Z/20260403T040000Z,20260404T010000Z/pt3h",
         "RDATE;VALUE=PERIOD:20260403T020000Z/20260403T040000Z,20260404T010000Z/PT3H"},
        {"DTSTART:20260101T090000", "DTSTART:20260101T090000"},
        {"DTSTART:20260101T0900\r\n 00\nRRULE:FREQ\n =DAILY",
         "DTSTART:20260101T090000\nRRULE:FREQ=DAILY"},
        // A rule that never fires beside one that does.
        {"DTSTART:20260101T090000\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30\nRRULE:FREQ=DAILY",
         "DTSTART:20260101T090000\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30\nRRULE:FREQ=DAILY"},
    };
    struct zones *zones = zones_new(ZONE_DIR);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct rrule *set = set_of(zones, rows[i].text);

        assert_string_equal(buf_text(&set->text), rows[i].normal);
        rrule_free(set);
        set = set_of(zones, rows[i].normal);
        assert_string_equal(buf_text(&set->text), rows[i].normal);
        rrule_free(set);
    }
    rrule_free(NULL);
    zones_free(zones);
}

#define START "DTSTART:20260101T090000\n"

static void test_refused(void **state)
{
    static const struct {
        const char *text;
        int column;
        const char *part; // of the message
    } rows[] = {
        {"", 0, "a recurrence is empty"},
        {"\n \n", 0, "a recurrence is empty"},
        {"0 9 * * *", 1, "a line needs a name and a colon"},
        {"RULE:FREQ=DAILY", 1, "\"RULE\" is no part of a recurrence: write DTSTART, RRULE, RDATE"},
        {"BEGIN:VEVENT\nRRULE:FREQ=DAILY", 1, "\"BEGIN\" is no part of a recurrence"},
        {START "RRULE:FREQ=DAILY\nDTSTART:20260101T090000", 42, "DTSTART is given twice"},
        {START "RRULE:FREQ=DAILY;COUNT=0", 48, "COUNT must be 1-9999999999"},
        {START "RRULE:FREQ=DAI\r\n LY;CO\r\n UNT=0", 54, "COUNT must be 1-9999999999"},
        {START "RRULE:FREQ=FORTNIGHTLY", 36, "FREQ does not understand \"FORTNIGHTLY\""},
        {START "RRULE:", 31, "RRULE is empty"},
        {START "RRULE;TZID=UTC:FREQ=DAILY", 31, "RRULE has no parameter \"TZID\""},
        {"DTSTART;TZID=Europe/Berlin;TZID=UTC:20260101T090000", 28, "DTSTART has TZID twice"},
        {"DTSTART;RANGE=x:20260101T090000", 9, "DTSTART has no parameter \"RANGE\""},
        {"DTSTART;TZID=Europe/Nowhere:20260101T090000", 9, "DTSTART: "},
        {"DTSTART;TZID=:20260101T090000", 9, "DTSTART: "},
        {"DTSTART;TZID=Europe/Berlin:20260101T090000Z", 28, "has both TZID and Z"},
        {"DTSTART;TZID=Europe/Berlin:20260101", 28, "is a date, which has no TZID"},
        {"DTSTART;TZID=Europe/Berlin;VALUE=DATE:20260101", 9, "is a date, which has no TZID"},
        {"DTSTART;VALUE=DATE:20260101T090000", 20, "has a time although it says VALUE=DATE"},
        {"DTSTART;VALUE=PERIOD:20260101T090000/PT1H", 9, "must have VALUE=DATE or DATE-TIME"},
        {"DTSTART;VALUE=TEXT:20260101T090000", 9, "must have VALUE=DATE or DATE-TIME"},
        {"RDATE;VALUE=TEXT:20260101T090000", 7, "VALUE=DATE or DATE-TIME or PERIOD"},
        {"DTSTART:20260101T090000,20260102T090000", 24, "DTSTART is one moment"},
        {"DTSTART:2026-01-01T09:00:00", 9, "does not understand \"2026-01-01T09:00:00\""},
        {"DTSTART:20260229T090000", 9, "DTSTART has no such moment: \"20260229T090000\""},
        {"DTSTART:15991231T090000", 9, "DTSTART must lie within the years 1600 to 2199"},
        {"DTSTART:22000101T090000", 9, "must lie within the years 1600 to 2199"},
        {"DTSTART:", 9, "DTSTART has an empty place"},
        {START "RDATE:20260101T090000,", 47, "RDATE has an empty place"},
        {START "RDATE:20260101T090000;20260102T090000", 46, "RDATE does not understand"},
        {START "EXDATE:20260101T090000,20260102", 48, "EXDATE mixes dates with times"},
        {START "RDATE;VALUE=PERIOD:20260101T090000", 59, "RDATE needs periods"},
        {START "RDATE;VALUE=PERIOD:20260101T090000/", 60, "RDATE has an empty place"},
        {START "RDATE;VALUE=PERIOD:20260101/PT1H", 44, "RDATE has a period of dates: write times"},
        {START "RDATE;VALUE=PERIOD:20260101T090000/20260102", 60, "has a period of dates"},
        {START "RDATE;VALUE=PERIOD:20260101T090000/PX", 60,
         "RDATE has a period of no known length"},
        {START "RDATE;VALUE=PERIOD:20260101T090000/5", 60, "RDATE does not understand \"5\""},
        {"DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=DAILY;BYHOUR=9", 29, "has times of day"},
        {"DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=HOURLY", 29, "has times of day"},
        {START "RRULE:FREQ=SECONDLY;INTERVAL=7;BYHOUR=3;COUNT=1000000", 25,
         "takes too long to count"},
        // Few times, but many steps to each.
        {START "RRULE:FREQ=SECONDLY;INTERVAL=49;BYSECOND=31;COUNT=9000", 25, "too long to count"},
        {START "RRULE:FREQ=DAILY\nEXRULE:FREQ=DAILY", 42, "EXRULE takes out more than 10000"},
        {START "RRULE:FREQ=DAILY\nRRULE:FREQ=DAILY\nRRULE:FREQ=DAILY\nEXRULE:FREQ=YEARLY\n"
               "RRULE:FREQ=DAILY",
         95, "a recurrence has at most 4 rules"},
    };
    struct zones *zones = zones_new(ZONE_DIR);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e;
        struct rrule *set = set_policy(zones, rows[i].text, DST_DEFAULT, &e);

        if (set || e.column != rows[i].column || !strstr(e.message, rows[i].part) ||
            e.code != ERR_INPUT)
            fail_msg("%s: column %d, %s", rows[i].text, e.column, e.message);
        assert_string_equal(e.field, "expr");
    }
    zones_free(zones);
}

static void test_never(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);
    struct err e;

    (void)state;
    assert_null(
        set_policy(zones, START "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", DST_DEFAULT, &e));
    assert_int_equal(e.code, ERR_SCHEDULE);
    assert_int_equal(e.column, 25);
    assert_string_equal(e.message, "this rule never fires");
    assert_null(set_policy(zones,
                           "DTSTART:16000101T090000\nRRULE:FREQ=DAILY;INTERVAL=7;BYDAY=TU;COUNT=5",
                           DST_DEFAULT, &e));
    assert_int_equal(e.code, ERR_SCHEDULE);
    assert_null(set_policy(zones, START "RRULE:FREQ=DAILY;UNTIL=20251231", DST_DEFAULT, &e));
    assert_int_equal(e.code, ERR_SCHEDULE);
    zones_free(zones);
}

static void test_limits(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);
    char *text = malloc(RRULE_TEXT_MAX + 2);
    struct err e;

    (void)state;
    memset(text, ' ', RRULE_TEXT_MAX + 1);
    text[RRULE_TEXT_MAX + 1] = '\0';
    assert_null(set_policy(zones, text, DST_DEFAULT, &e));
    assert_non_null(strstr(e.message, "longer than 16384 bytes"));
    // dst utc reads local times in UTC; a zone of DTSTART would be dropped.
    assert_null(set_policy(zones, "DTSTART;TZID=Europe/Riga:20260101T090000\nRRULE:FREQ=DAILY",
                           DST_UTC, &e));
    assert_int_equal(e.column, 1);
    assert_non_null(strstr(e.message, "names a zone, but dst is utc"));
    free(text);
    zones_free(zones);
}

static void test_zone(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);
    struct rrule *set = set_of(zones, "DTSTART;TZID=Europe/Riga:20260101T090000");

    (void)state;
    assert_true(set->has_zone && str_eq(zone_name(set->zone), STR_LIT("Europe/Riga")));
    rrule_free(set);
    set = set_of(zones, "DTSTART:20260101T090000Z");
    assert_true(set->has_zone && set->zone == zones_utc(zones));
    rrule_free(set);
    set = set_of(zones, "DTSTART:20260101T090000");
    assert_true(!set->has_zone && str_eq(zone_name(set->zone), STR_LIT("Europe/Berlin")));
    rrule_free(set);
    zones_free(zones);
}

static void test_text_zone(void **state)
{
    static const struct {
        const char *text, *zone;
        size_t at;
    } rows[] = {
        {"DTSTART;TZID=Europe/Riga:20260101T090000\nRRULE:FREQ=DAILY", "Europe/Riga", 8},
        {"RRULE:FREQ=DAILY\r\ndtstart;x-a=1;tzid=\"Europe/Riga\";X-B=2:20260101T090000\r\n",
         "Europe/Riga", 32},
        {"DTSTART:20260101T090000z\n", "UTC", 0},
        {"DTSTART:20260101T090000\nRDATE;TZID=Europe/Riga:20260101T090000", NULL, 0},
        {"DTSTART;TZID=Europe/\n Riga:20260101T090000", NULL, 0},
        {"DTSTART", NULL, 0},
        {"", NULL, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t at = 0;
        struct str zone = rrule_read_zone(str_of(rows[i].text), &at);

        assert_int_equal(zone.p != NULL, rows[i].zone != NULL);
        if (zone.p) {
            assert_true(str_eq(zone, str_of(rows[i].zone)));
            assert_int_equal(at, rows[i].at);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_normal), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_never),  cmocka_unit_test(test_limits),
        cmocka_unit_test(test_zone),   cmocka_unit_test(test_text_zone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
