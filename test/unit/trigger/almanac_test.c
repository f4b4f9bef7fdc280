// almanac_test.c - what calendars mark, stretch by stretch, in several zones.
// SPDX-License-Identifier: Apache-2.0
#include "almanac_fixture.h"

#include "time/duration.h"

// Writes the marks in [from, to) in a zone, those of one reason that touch as one:
// "2026-12-25 00:00:00 CET - 2026-12-27 00:00:00 CET Christmas"
static void marks_print(const struct almanac *a, const struct zone *zone, wall from, wall to,
                        struct buf *out)
{
    const char *why = NULL;
    struct almanac_mark m;
    bool is_open = false;

    for (wall at = from; at.us < to.us; at = m.until) {
        almanac_at(a, zone, at, &m);
        assert_true(m.until.us > at.us);
        bool is_same = is_open && m.is_in && strcmp(why, m.why ? m.why : "") == 0;

        if (is_open && !is_same) {
            iso8601_named(at, zone, out);
            buf_printf(out, " %s\n", why);
        }
        if (m.is_in && !is_same) {
            iso8601_named(at, zone, out);
            buf_add_text(out, " - ");
        }
        is_open = m.is_in;
        why = m.is_in && m.why ? m.why : "";
    }
    if (is_open)
        buf_printf(out, "... %s\n", why);
}

static void test_marks(void **state)
{
    static const struct {
        const char *definition, *zone, *from, *to, *marks;
    } rows[] = {
        {"{\"dates\":[\"2026-12-25\",{\"date\":\"2026-12-26\",\"reason\":\"Boxing Day\"}],"
         "\"reason\":\"Christmas\"}",
         "Europe/Berlin", "2026-12-01", "2027-02-01",
         "2026-12-25 00:00:00 CET - 2026-12-26 00:00:00 CET Christmas\n"
         "2026-12-26 00:00:00 CET - 2026-12-27 00:00:00 CET Boxing Day\n"},
        // A day is the day of whoever asks, unless the calendar has a zone.
        {"{\"dates\":[\"05-01\"],\"timezone\":\"Europe/Berlin\"}", "America/New_York", "2026-04-01",
         "2026-06-01", "2026-04-30 18:00:00 EDT - 2026-05-01 18:00:00 EDT \n"},
        // The days on which the clocks change have 23 and 25 hours.
        {"{\"dates\":[\"2026-03-29\",\"2026-10-25\"]}", "Europe/Berlin", "2026-03-01", "2026-12-01",
         "2026-03-29 00:00:00 CET - 2026-03-30 00:00:00 CEST \n"
         "2026-10-25 00:00:00 CEST - 2026-10-26 00:00:00 CET \n"},
        {"{\"weekdays\":[\"sat\",\"sun\"],\"reason\":\"weekend\"}", "Europe/Berlin", "2026-01-01",
         "2026-01-12",
         "2026-01-03 00:00:00 CET - 2026-01-05 00:00:00 CET weekend\n"
         "2026-01-10 00:00:00 CET - 2026-01-12 00:00:00 CET weekend\n"},
        {"{\"cron\":[\"30-59 12 * * mon-fri\"]}", "UTC", "2026-01-02", "2026-01-06",
         "2026-01-02 12:30:00 UTC - 2026-01-02 13:00:00 UTC \n"
         "2026-01-05 12:30:00 UTC - 2026-01-05 13:00:00 UTC \n"},
        // Every minute of an hour that comes twice, none of one that does not come.
        {"{\"cron\":[\"* 2 * * *\"]}", "Europe/Berlin", "2026-10-24 12:00", "2026-10-25 12:00",
         "2026-10-25 02:00:00 CEST - 2026-10-25 03:00:00 CET \n"},
        {"{\"cron\":[\"* 2 * * *\"]}", "Europe/Berlin", "2026-03-28 12:00", "2026-03-29 12:00", ""},
        {"{\"cron\":[{\"expr\":\"0 22 * * fri\",\"duration\":\"8h\",\"reason\":\"night\"}]}", "UTC",
         "2026-01-01", "2026-01-12",
         "2026-01-02 22:00:00 UTC - 2026-01-03 06:00:00 UTC night\n"
         "2026-01-09 22:00:00 UTC - 2026-01-10 06:00:00 UTC night\n"},
        {"{\"cron\":[{\"expr\":\"0 */8 * * *\",\"duration\":\"8h\"}]}", "UTC", "2026-01-01",
         "2026-01-12", "2026-01-01 00:00:00 UTC - ... \n"},
        {"{\"dates\":[\"2026-01-05T12:00Z..2026-01-06T12:00Z\"],\"weekdays\":[\"tue\"]}",
         "Asia/Kolkata", "2026-01-05", "2026-01-08",
         "2026-01-05 17:30:00 IST - 2026-01-07 00:00:00 IST \n"},
        // Recurrences: whole days of whoever asks, times of a zone, lengths by the calendar.
        {"{\"rrule\":[{\"expr\":\"DTSTART:20260115\\nRRULE:FREQ=MONTHLY;BYDAY=3TH\",\"reason\":"
         "\"patches\"}]}",
         "America/New_York", "2026-02-01", "2026-04-01",
         "2026-02-19 00:00:00 EST - 2026-02-20 00:00:00 EST patches\n"
         "2026-03-19 00:00:00 EDT - 2026-03-20 00:00:00 EDT patches\n"},
        {"{\"rrule\":[{\"expr\":\"DTSTART;TZID=Europe/Berlin:20260320T220000\\nRRULE:FREQ=WEEKLY\","
         "\"duration\":\"2d4h\"}]}",
         "UTC", "2026-03-27", "2026-04-01", "2026-03-27 21:00:00 UTC - 2026-03-30 00:00:00 UTC \n"},
        {"{\"rrule\":[{\"expr\":\"DTSTART:20260101T120000Z\\nRRULE:FREQ=DAILY;COUNT=2\","
         "\"duration\":"
         "\"1h\"}]}",
         "Asia/Kolkata", "2026-01-01", "2026-02-01",
         "2026-01-01 17:30:00 IST - 2026-01-01 18:30:00 IST \n"
         "2026-01-02 17:30:00 IST - 2026-01-02 18:30:00 IST \n"},
        // Longer than the time to the next one: a mark without end.
        {"{\"rrule\":[{\"expr\":\"DTSTART:20260101T000000\\nRRULE:FREQ=DAILY\",\"duration\":"
         "\"25h\"}]}",
         "UTC", "2026-01-01", "2026-05-01", "2026-01-01 00:00:00 UTC - ... \n"},
        {"{\"reason\":\"closed\",\"ics\":\"BEGIN:VCALENDAR\\nBEGIN:VEVENT\\nSUMMARY:Labour Day\\n"
         "DTSTART;VALUE=DATE:20000501\\nRRULE:FREQ=YEARLY\\nEND:VEVENT\\nBEGIN:VEVENT\\n"
         "DTSTART;TZID=Europe/"
         "Berlin:20260504T120000\\nDURATION:PT2H\\nEND:VEVENT\\nEND:VCALENDAR\"}",
         "Europe/Berlin", "2026-04-01", "2026-06-01",
         "2026-05-01 00:00:00 CEST - 2026-05-02 00:00:00 CEST Labour Day\n"
         "2026-05-04 12:00:00 CEST - 2026-05-04 14:00:00 CEST closed\n"},
        // The day that Samoa left out is over before it begins.
        {"{\"dates\":[\"2011-12-30\"]}", "Pacific/Apia", "2011-12-28", "2012-01-02", ""},
        {"{\"dates\":[\"2011-12-29..2011-12-31\"]}", "Pacific/Apia", "2011-12-28", "2012-01-02",
         "2011-12-29 00:00:00 -10 - 2012-01-01 00:00:00 +14 \n"},
    };
    struct zones *zones = zones_new(ZONE_DIR);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct almanac *a = almanac_good(zones, "a", rows[i].definition);
        const struct zone *zone;
        struct buf out;
        struct err e;

        assert_true(zones_get(zones, str_of(rows[i].zone), &zone, &e));
        buf_init(&out, 10000);
        marks_print(a, zone, at_of(zones, rows[i].from), at_of(zones, rows[i].to), &out);
        assert_string_equal(buf_text(&out), rows[i].marks);
        assert_false(almanac_is_empty(a));
        buf_done(&out);
        almanac_drop(a);
    }
    zones_free(zones);
}

// One look reaches far where there is nothing to see.
static void test_reach(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);
    struct almanac *a = almanac_good(zones, "a", "{\"dates\":[\"2026-05-01\",\"2150-01-01\"]}");
    struct almanac_mark m;

    (void)state;
    almanac_at(a, zones_utc(zones), at_of(zones, "2026-05-02"), &m);
    assert_false(m.is_in);
    assert_int_equal(m.until.us, at_of(zones, "2150-01-01").us);
    almanac_at(a, zones_utc(zones), m.until, &m);
    assert_true(m.is_in);
    almanac_at(a, zones_utc(zones), m.until, &m);
    assert_int_equal(m.until.us, WALL_NEVER.us);
    almanac_drop(a);
    zones_free(zones);
}

// Few recurrences are worked out, many are asked anew each time: the answers are the same.
static void test_spread(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);
    struct almanac *few = almanac_good(zones, "a",
                                       "{\"rrule\":[{\"expr\":\"DTSTART;TZID=Europe/Berlin:"
                                       "20260101T223000\\nRRULE:FREQ=DAILY;INTERVAL=2;"
                                       "COUNT=900\",\"duration\":\"1d3h\"}]}");
    struct almanac *many = almanac_good(zones, "a",
                                        "{\"rrule\":[{\"expr\":\"DTSTART;TZID=Europe/"
                                        "Berlin:20260101T223000\\nRRULE:FREQ=DAILY;"
                                        "INTERVAL=2\",\"duration\":\"1d3h\"}]}");
    struct almanac_mark a, b;

    (void)state;
    assert_int_equal(few->fixed.len, 900);
    assert_int_equal(many->rules.len, 1);
    for (wall at = at_of(zones, "2025-12-30"); at.us < at_of(zones, "2029-01-01").us;
         at.us += 25 * MINUTE_US) {
        almanac_at(few, zones_utc(zones), at, &a);
        almanac_at(many, zones_utc(zones), at, &b);
        assert_int_equal(a.is_in, b.is_in);
        assert_int_equal(a.until.us, b.until.us);
    }
    assert_int_equal(almanac_rule_end(&many->rules.v[0], at_of(zones, "2026-03-28T21:30Z")).us,
                     at_of(zones, "2026-03-29T23:30Z").us); // a day of 23 hours
    almanac_drop(few);
    almanac_drop(many);
    zones_free(zones);
}

static void test_holding(void **state)
{
    struct almanac *a = almanac_new(STR_LIT("a"), STR_LIT("why"));

    (void)state;
    assert_true(almanac_is_empty(a));
    assert_string_equal(a->name, "a");
    assert_string_equal(a->reason, "why");
    assert_ptr_equal(almanac_hold(a), a);
    almanac_drop(a);
    assert_string_equal(a->name, "a"); // still there
    almanac_drop(a);
    almanac_drop(NULL);
}

static void test_names(void **state)
{
    static const char *const good[] = {"a", "Z9", "bank-holidays_de.2026"};
    static const struct {
        const char *name;
        int column;
    } bad[] = {{"", 0},    {".a", 1},          {"-a", 1}, {"a b", 2},
               {"a/b", 2}, {"caf\xc3\xa9", 4}, {"a:b", 2}};
    char longest[ALMANAC_NAME_MAX + 2];
    struct err e;

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++)
        assert_true(almanac_name_check(str_of(good[i]), &e));
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_false(almanac_name_check(str_of(bad[i].name), &e));
        assert_string_equal(e.field, "name");
        assert_int_equal(e.column, bad[i].column);
    }
    memset(longest, 'x', sizeof longest);
    assert_true(almanac_name_check((struct str){longest, ALMANAC_NAME_MAX}, &e));
    assert_false(almanac_name_check((struct str){longest, ALMANAC_NAME_MAX + 1}, &e));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_marks),   cmocka_unit_test(test_reach), cmocka_unit_test(test_spread),
        cmocka_unit_test(test_holding), cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
