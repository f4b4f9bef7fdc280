// iso8601_test.c - dates and times, read and printed.
// SPDX-License-Identifier: Apache-2.0
#include "time/iso8601.h"

#include "unit.h"

#define DIR "test/data/zoneinfo"

static void test_parse(void **state)
{
    static const struct {
        const char *text;
        const char *zone;
        int64_t us; // -1: refused
        int column;
    } rows[] = {
        {"2026-11-22", "UTC", 1795305600000000, 0},
        {"2026-11-22 04:49:33.303354", "UTC", 1795322973303354, 0},
        {"2026-11-22T04:49:33.303354Z", "Europe/Berlin", 1795322973303354, 0},
        {"2026-11-22t05:49:33,303354+01:00", "UTC", 1795322973303354, 0},
        {"2026-11-22 05:49:33.3033549 +0100", "UTC", 1795322973303354, 0},
        {"2026-11-22 05:49+01", "UTC", 1795322940000000, 0},
        {"2026-11-22 05:49", "Europe/Berlin", 1795322940000000, 0},
        {"2026-3-1 4:5:6", "UTC", 1772337906000000, 0},
        {"2026-11-21 23:49:33-05:00", "UTC", 1795322973000000, 0},
        {"1880-01-01 00:53:28+00:53:28", "UTC", -2840140800000000, 0},
        {" 2026-11-22 ", "UTC", 1795305600000000, 0},
        {"2026-03-29 02:30:00", "Europe/Berlin", 1774746000000000, 0}, // in the gap: its end
        {"2026-10-25 02:30:00", "Europe/Berlin", 1792888200000000, 0}, // in the fold: the first
        {"1969-12-31 23:59:59.5", "UTC", -500000, 0},
        {"", "UTC", -1, 1},
        {"tomorrow", "UTC", -1, 1},
        {"26-11-22", "UTC", -1, 1},
        {"0000-01-01", "UTC", -1, 9},
        {"2026-13-01", "UTC", -1, 6},
        {"2026-02-29", "UTC", -1, 9},
        {"2026/02/28", "UTC", -1, 5},
        {"2026-11-22X04:49", "UTC", -1, 11},
        {"2026-11-22 ", "UTC", 1795305600000000, 0},
        {"2026-11-22 24:00", "UTC", -1, 12},
        {"2026-11-22 04:60", "UTC", -1, 15},
        {"2026-11-22 04:49:60", "UTC", -1, 18},
        {"2026-11-22 04", "UTC", -1, 14},
        {"2026-11-22 04:49:33.", "UTC", -1, 21},
        {"2026-11-22 04:49 CET", "UTC", -1, 18},
        {"2026-11-22 04:49:33+24:00", "UTC", -1, 21},
        {"2026-11-22 04:49:33+1", "UTC", -1, 21},
        {"2026-11-22 04:49:33Zulu", "UTC", -1, 21},
    };
    struct zones *zones = zones_new(DIR);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct zone *zone;
        wall at = {-1};
        struct err e = {0};

        assert_true(zones_get(zones, str_of(rows[i].zone), &zone, &e));
        if (!iso8601_moment(str_of(rows[i].text), zone, "run_date", &at, &e)) {
            assert_string_equal(e.field, "run_date");
            assert_int_equal(e.code, ERR_INPUT);
        }
        if (at.us != rows[i].us || e.column != rows[i].column)
            fail_msg("%s: %lld, column %d", rows[i].text, (long long)at.us, e.column);
    }
    zones_free(zones);
}

static void test_strict(void **state)
{
    static const struct {
        const char *text;
        const char *written; // in UTC; NULL: refused
        int column;
    } rows[] = {
        {"2026-01-31", "2026-01-31T00:00:00Z", 0},
        {"20260131", "2026-01-31T00:00:00Z", 0},
        {"2026-W05-6", "2026-01-31T00:00:00Z", 0},
        {"2026W056", "2026-01-31T00:00:00Z", 0},
        {"2026-031", "2026-01-31T00:00:00Z", 0},
        {"2026031", "2026-01-31T00:00:00Z", 0},
        {"2024-366", "2024-12-31T00:00:00Z", 0},
        {"2026-W01-1", "2025-12-29T00:00:00Z", 0},
        {"2026-W53-7", "2027-01-03T00:00:00Z", 0},
        {"2026-01-31T09:00:00", "2026-01-31T09:00:00Z", 0},
        {"2026-01-31T09:00Z", "2026-01-31T09:00:00Z", 0},
        {"2026-01-31T09", "2026-01-31T09:00:00Z", 0},
        {"2026-01-31T09.5+01", "2026-01-31T08:30:00Z", 0},
        {"2026-01-31T09:30,25", "2026-01-31T09:30:15Z", 0},
        {"2026-01-31T09:30:15.1234567899", "2026-01-31T09:30:15.123456Z", 0},
        {"2026-01-31T23.9999999999", "2026-01-31T23:59:59.999996Z", 0},
        {"20260131T090005Z", "2026-01-31T09:00:05Z", 0},
        {"20260131T0900+0130", "2026-01-31T07:30:00Z", 0},
        {"20260131T09-01:30", "2026-01-31T10:30:00Z", 0},
        {"2026-031T09:00:00+0100", "2026-01-31T08:00:00Z", 0},
        {"2026W056T090000", "2026-01-31T09:00:00Z", 0},
        {"", NULL, 1},
        {"2026", NULL, 5},
        {"2026-01", NULL, 8},
        {"202601", NULL, 7},
        {"2026-W05", NULL, 9},
        {"2026-W5-1", NULL, 7},
        {"2026-W54-1", NULL, 7},
        {"2025-W53-1", NULL, 7},
        {"2026-W00-1", NULL, 7},
        {"2026-W05-8", NULL, 10},
        {"2026-W05-0", NULL, 7},
        {"2026-w05-1", NULL, 6},
        {"2026-000", NULL, 6},
        {"2026-366", NULL, 6},
        {"2026-1-31", NULL, 6},
        {"2026-01-1", NULL, 9},
        {"2026-02-29", NULL, 9},
        {"20260229", NULL, 7},
        {"0000-01-01", NULL, 1},
        {"+2026-01-01", NULL, 1},
        {" 2026-01-31", NULL, 1},
        {"2026-01-31 ", NULL, 11},
        {"2026-01-31 09:00:00", NULL, 11},
        {"2026-01-31t09:00:00", NULL, 11},
        {"2026-01-31T", NULL, 12},
        {"2026-01-31T9:00", NULL, 12},
        {"2026-01-31T24:00:00", NULL, 12},
        {"2026-01-31T09:60", NULL, 15},
        {"2026-01-31T09:00:60", NULL, 18},
        {"2026-01-31T09:00:00:00", NULL, 20},
        {"2026-01-31T090000", NULL, 14},
        {"20260131T09:00", NULL, 12},
        {"20260131T09000", NULL, 14},
        {"2026-01-31T09:00:00.", NULL, 21},
        {"2026-01-31T09:00:00z", NULL, 20},
        {"2026-01-31T09:00:00 Z", NULL, 20},
        {"2026-01-31T09:00:00Z ", NULL, 21},
        {"2026-01-31T09:00:00+1", NULL, 21},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct iso8601 t;
        struct err e = {0};
        struct buf out;

        buf_init(&out, 100);
        if (iso8601_parse_strict(str_of(rows[i].text), "expr", &t, &e))
            iso8601_write((wall){(civil_seconds(&t.civil) - t.offset_s) * 1000000 + t.civil.us},
                          NULL, &out);
        if (e.column != rows[i].column || strcmp(buf_text(&out), rows[i].written ?: "") != 0)
            fail_msg("%s: %s, column %d: %s", rows[i].text, buf_text(&out), e.column, e.message);
        buf_done(&out);
    }
}

// A fraction is of the local time, and a gap swallows it.
static void test_at(void **state)
{
    struct zones *zones = zones_new(DIR);
    const struct zone *berlin;
    struct iso8601 t = {.civil = {2026, 3, 29, 2, 30, 0, 500000}};
    struct err e;

    (void)state;
    assert_true(zones_get(zones, STR_LIT("Europe/Berlin"), &berlin, &e));
    assert_int_equal(iso8601_at(&t, berlin).us, 1774746000000000);
    t.civil.hour = 4;
    assert_int_equal(iso8601_at(&t, berlin).us, 1774751400500000);
    t.has_offset = true;
    t.offset_s = 3600;
    assert_int_equal(iso8601_at(&t, berlin).us, 1774755000500000);
    zones_free(zones);
}

static void test_offset_flag(void **state)
{
    struct iso8601 t;
    struct err e;

    (void)state;
    assert_true(iso8601_parse(STR_LIT("2026-11-22 04:49"), NULL, &t, &e));
    assert_false(t.has_offset);
    assert_true(iso8601_parse(STR_LIT("2026-11-22 04:49-01:30"), NULL, &t, &e));
    assert_true(t.has_offset);
    assert_int_equal(t.offset_s, -5400);
    assert_int_equal(t.civil.minute, 49);
}

static void test_print(void **state)
{
    static const struct {
        int64_t us;
        const char *zone, *iso, *python, *named;
    } rows[] = {
        {1795322973303354, "UTC", "2026-11-22T04:49:33.303354Z", "2026-11-22 04:49:33.303354+00:00",
         "2026-11-22 04:49:33 UTC"},
        {1795322973000000, "Europe/Berlin", "2026-11-22T05:49:33+01:00",
         "2026-11-22 05:49:33+01:00", "2026-11-22 05:49:33 CET"},
        {1713638748000000, "UTC", "2024-04-20T18:45:48Z", "2024-04-20 18:45:48+00:00",
         "2024-04-20 18:45:48 UTC"},
        {0, "America/St_Johns", "1969-12-31T20:30:00-03:30", "1969-12-31 20:30:00-03:30",
         "1969-12-31 20:30:00 NST"},
        {-1, "UTC", "1969-12-31T23:59:59.999999Z", "1969-12-31 23:59:59.999999+00:00",
         "1969-12-31 23:59:59 UTC"},
        {-2840140800000000, "Europe/Berlin", "1880-01-01T00:53:28+00:53:28",
         "1880-01-01 00:53:28+00:53:28", "1880-01-01 00:53:28 LMT"},
        {0, "+02:00", "1970-01-01T02:00:00+02:00", "1970-01-01 02:00:00+02:00",
         "1970-01-01 02:00:00 UTC+02:00"},
        {INT64_MAX, "UTC", "-", "-", "-"},
        {INT64_MIN, "Europe/Berlin", "-", "-", "-"},
    };
    struct zones *zones = zones_new(DIR);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct zone *zone;
        struct err e;
        struct buf out;

        assert_true(zones_get(zones, str_of(rows[i].zone), &zone, &e));
        buf_init(&out, 100);
        iso8601_write((wall){rows[i].us}, zone, &out);
        assert_string_equal(buf_text(&out), rows[i].iso);
        if (str_eq(zone_name(zone), STR_LIT("UTC"))) { // no zone is UTC
            buf_clear(&out);
            iso8601_write((wall){rows[i].us}, NULL, &out);
            assert_string_equal(buf_text(&out), rows[i].iso);
        }
        if (rows[i].iso[0] != '-') {
            wall back;

            assert_true(iso8601_moment(buf_str(&out), zone, NULL, &back, &e));
            assert_int_equal(back.us, rows[i].us);
        }
        buf_clear(&out);
        iso8601_python((wall){rows[i].us}, zone, &out);
        assert_string_equal(buf_text(&out), rows[i].python);
        buf_clear(&out);
        iso8601_named((wall){rows[i].us}, zone, &out);
        assert_string_equal(buf_text(&out), rows[i].named);
        buf_done(&out);
    }
    zones_free(zones);
}

static void test_clock(void **state)
{
    static const struct {
        struct civil c;
        const char *text;
    } rows[] = {
        {{.hour = 2, .minute = 30}, "02:30"},
        {{.hour = 2, .minute = 30, .second = 5}, "02:30:05"},
        {{.hour = 23, .us = 250000}, "23:00:00.250000"},
    };
    struct buf out;

    (void)state;
    buf_init(&out, 64);
    for (size_t i = 0; i < COUNT(rows); i++) {
        buf_clear(&out);
        iso8601_clock(&rows[i].c, &out);
        assert_string_equal(buf_text(&out), rows[i].text);
    }
    buf_done(&out);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse), cmocka_unit_test(test_strict),
        cmocka_unit_test(test_at),    cmocka_unit_test(test_offset_flag),
        cmocka_unit_test(test_print), cmocka_unit_test(test_clock),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
