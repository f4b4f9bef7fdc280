// almanac_source_test.c - one source at a time, and too many of them.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/almanac_source.h"

#include <string.h>

#include "almanac_fixture.h"
#include "time/duration.h"

static struct zones *zones;

static int setup(void **state)
{
    (void)state;
    zones = zones_new(ZONE_DIR);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    zones_free(zones);
    return 0;
}

static bool is_in(const struct almanac *a, const char *at, const char *why)
{
    struct almanac_mark m;

    almanac_at(a, zones_utc(zones), at_of(zones, at), &m);
    if (m.is_in)
        assert_string_equal(m.why ? m.why : "", why);
    return m.is_in;
}

static void test_sources(void **state)
{
    struct almanac *a = almanac_new(STR_LIT("a"), STR_LIT(""));
    char why[] = "May Day";
    struct err e;

    (void)state;
    assert_true(almanac_add_dates(a, STR_LIT("05-01"), "from", why, &e));
    why[0] = 'x'; // it has been copied
    almanac_add_weekdays(a, 1 << 6, "Sunday");
    assert_true(almanac_add_between(a, STR_LIT("2030-01-01"), (struct str){0}, "the end", &e));
    assert_true(almanac_add_cron(a, STR_LIT("0 22 * * 5"), 2 * HOUR_US, "cron", NULL, &e));
    assert_true(almanac_add_cron(a, STR_LIT("30 12 * * *"), 0, "cron", "lunch", &e));
    assert_int_equal(almanac_work(a), 4);
    assert_true(almanac_add_rrule(a, zones, STR_LIT("DTSTART:20260601\nRRULE:FREQ=WEEKLY"), 0,
                                  "rrule", "Monday", &e));
    assert_int_equal(almanac_work(a), 10);
    assert_true(almanac_add_ics(a, zones,
                                STR_LIT("BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Eve\n"
                                        "DTSTART:20261224\nEND:VEVENT\nEND:VCALENDAR"),
                                "ics", &e));
    assert_true(almanac_settle(a, &e));
    assert_true(is_in(a, "2026-05-01 12:00", "May Day"));
    assert_true(is_in(a, "2026-05-03 12:00", "Sunday"));
    assert_true(is_in(a, "2026-05-08 23:59", ""));
    assert_false(is_in(a, "2026-05-09 00:00", ""));
    assert_true(is_in(a, "2026-05-05 12:30:59", "lunch"));
    assert_false(is_in(a, "2026-05-05 12:31:00", ""));
    assert_true(is_in(a, "2199-12-31", "the end"));
    assert_true(is_in(a, "2026-06-08 12:00", "Monday"));
    assert_true(is_in(a, "2026-12-24 12:00", "Eve"));
    almanac_drop(a);
}

static void test_length(void **state)
{
    static const struct {
        const char *text;
        int64_t us; // 0: refused
    } rows[] = {{"1s", SECOND_US}, {"8h", 8 * HOUR_US}, {"P1D", DAY_US}, {"366d", 366 * DAY_US},
                {"0s", 0},         {"366d1s", 0},       {"1.5s", 0},     {"soon", 0}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t us = 0;
        struct err e;

        assert_int_equal(almanac_length(str_of(rows[i].text), "duration", &us, &e), rows[i].us > 0);
        assert_int_equal(us, rows[i].us);
        if (!rows[i].us)
            assert_string_equal(e.field, "duration");
    }
}

static void test_many(void **state)
{
    struct almanac *a = almanac_new(STR_LIT("a"), STR_LIT(""));
    char text[64];
    struct err e;

    (void)state;
    for (int i = 0; i < ALMANAC_SOURCES_MAX; i++)
        assert_true(almanac_add_cron(a, STR_LIT("* 12 * * *"), 0, "cron.0", NULL, &e));
    assert_false(almanac_add_cron(a, STR_LIT("* 12 * * *"), 0, "cron.64", NULL, &e));
    assert_int_equal(e.code, ERR_LIMIT);
    assert_string_equal(e.field, "cron.64");
    for (int i = 0; i < ALMANAC_SOURCES_MAX; i++)
        assert_true(almanac_add_rrule(a, zones, STR_LIT("DTSTART:20260601\nRRULE:FREQ=WEEKLY"), 0,
                                      "rrule.0", NULL, &e));
    assert_false(almanac_add_rrule(a, zones, STR_LIT("DTSTART:20260601\nRRULE:FREQ=WEEKLY"), 0,
                                   "rrule.64", NULL, &e));
    assert_string_equal(e.field, "rrule.64");
    for (int i = 0; i <= ALMANAC_SPANS_MAX; i++) {
        int hour = i % 12 * 2, day = i / 12 % 28 + 1, month = i / 336 % 12 + 1, year = i / 4032;

        snprintf(text, sizeof text, "%d-%d-%d %d:00..%d-%d-%d %d:00", 2000 + year, month, day, hour,
                 2000 + year, month, day, hour + 1);
        assert_true(almanac_add_dates(a, str_of(text), "dates.0", NULL, &e));
    }
    assert_false(almanac_settle(a, &e));
    assert_int_equal(e.code, ERR_LIMIT);
    assert_non_null(strstr(e.message, "at most 100000 stretches"));
    almanac_drop(a);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sources),
        cmocka_unit_test(test_length),
        cmocka_unit_test(test_many),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
