// screen_test.c - times for people and for programs, and when there is colour.
// SPDX-License-Identifier: Apache-2.0
#include "cli/screen.h"

#include <stdlib.h>
#include <string.h>

#include "time/iso8601.h"
#include "unit.h"

static void test_moments(void **state)
{
    static const struct {
        const char *at, *near, *distance, *piped;
    } rows[] = {
        {"2026-11-26T12:05:00Z", "12:05:00", "5m", "2026-11-26T12:05:00Z"},
        {"2026-11-26T11:59:19Z", "11:59:19", "41s ago", "2026-11-26T11:59:19Z"},
        {"2026-11-27T02:00:00Z", "Fri 02:00", "14h", "2026-11-27T02:00:00Z"},
        {"2026-11-20T02:00:00Z", "Fri 02:00", "6d 10h ago", "2026-11-20T02:00:00Z"},
        {"2026-12-03T02:00:00Z", "2026-12-03 02:00", "6d 14h", "2026-12-03T02:00:00Z"},
        {"1960-01-01T00:00:00Z", "1960-01-01 00:00", NULL, "1960-01-01T00:00:00Z"},
    };
    struct screen s = {.is_terminal = true, .zones = zones_new(NULL)};
    struct buf out;
    struct err e;
    wall at;

    (void)state;
    s.zone = zones_utc(s.zones);
    assert_true(iso8601_moment(STR_LIT("2026-11-26T12:00:00Z"), s.zone, "", &s.now, &e));
    buf_init(&out, 256);
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_true(iso8601_moment(str_of(rows[i].at), s.zone, "", &at, &e));
        s.is_terminal = true;
        buf_clear(&out);
        screen_moment(&s, at, &out);
        assert_string_equal(buf_text(&out), rows[i].near);
        s.is_terminal = false;
        buf_clear(&out);
        screen_moment(&s, at, &out);
        assert_string_equal(buf_text(&out), rows[i].piped);
        buf_clear(&out);
        screen_distance(&s, at, &out);
        if (rows[i].distance)
            assert_string_equal(buf_text(&out), rows[i].distance);
    }
    buf_done(&out);
    screen_done(&s);
}

static void test_took(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {{0, "0ms"},     {9, "9ms"},        {10, "0.01s"},      {199, "0.20s"},
                {3140, "3.1s"}, {72000, "1m 12s"}, {3600000 * 5, "5h"}};
    struct buf out;

    (void)state;
    buf_init(&out, 256);
    for (size_t i = 0; i < COUNT(rows); i++) {
        buf_clear(&out);
        screen_took(rows[i].ms, &out);
        assert_string_equal(buf_text(&out), rows[i].text);
    }
    buf_done(&out);
}

// A unit test's stdout is no terminal here or there: only what is asked for has colours.
static void test_colours(void **state)
{
    static const struct {
        const char *no_color, *force, *when;
        int colour; // -1: refused
    } rows[] = {
        {NULL, NULL, "never", 0}, {NULL, NULL, "always", 1}, {"1", NULL, "always", 1},
        {NULL, "1", NULL, 1},     {NULL, "1", "never", 0},   {"1", "1", NULL, 0},
        {"", "1", NULL, 1},       {NULL, NULL, "red", -1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *argv[] = {"ls", "--color", (char *)(uintptr_t)rows[i].when, NULL};
        struct screen s;
        struct typed t;
        struct err e;

        unsetenv("NO_COLOR");
        unsetenv("CLICOLOR_FORCE");
        if (rows[i].no_color)
            setenv("NO_COLOR", rows[i].no_color, 1);
        if (rows[i].force)
            setenv("CLICOLOR_FORCE", rows[i].force, 1);
        assert_true(typed_read(rows[i].when ? 3 : 1, argv, &t, &e));
        assert_int_equal(screen_open(&t, &s, &e), rows[i].colour >= 0);
        if (rows[i].colour < 0)
            continue;
        assert_int_equal(s.has_colour, rows[i].colour);
        screen_done(&s);
    }
}

static void test_zone(void **state)
{
    char *argv[] = {"ls", "--tz", "Mars/Olympus", NULL};
    struct screen s;
    struct typed t;
    struct err e;

    (void)state;
    assert_true(typed_read(3, argv, &t, &e));
    assert_false(screen_open(&t, &s, &e));
    assert_int_equal(e.code, ERR_USAGE);
    assert_true(typed_read(1, argv, &t, &e));
    setenv("BELFRY_TZ", "Asia/Tokyo", 1);
    assert_true(screen_open(&t, &s, &e));
    assert_true(str_eq(zone_name(s.zone), STR_LIT("Asia/Tokyo")));
    screen_done(&s);
    unsetenv("BELFRY_TZ");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_moments),
        cmocka_unit_test(test_took),
        cmocka_unit_test(test_colours),
        cmocka_unit_test(test_zone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
