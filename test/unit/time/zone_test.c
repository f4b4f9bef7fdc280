// zone_test.c - what clocks show, gaps and folds, names, and files that change.
// SPDX-License-Identifier: Apache-2.0
#include "time/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "time/civil.h"
#include "unit.h"

#define DIR "test/data/zoneinfo"
#define FOREVER (INT64_MAX / 2)

static int64_t utc(int year, int month, int day, int hour, int minute)
{
    return civil_days(year, month, day) * DAY_S + hour * 3600 + minute * 60;
}

static const struct zone *zone_get(struct zones *zones, const char *name)
{
    const struct zone *zone = NULL;
    struct err e = {0};

    if (!zones_get(zones, str_of(name), &zone, &e))
        fail_msg("%s: %s", name, e.message);
    return zone;
}

static void test_offsets(void **state)
{
    static const struct {
        const char *zone;
        int year, month, day, hour, minute; // UTC
        int offset_s;
        bool is_dst;
        const char *abbreviation;
    } rows[] = {
        {"Europe/Berlin", 2026, 3, 29, 0, 59, 3600, false, "CET"},
        {"Europe/Berlin", 2026, 3, 29, 1, 0, 7200, true, "CEST"},
        {"Europe/Berlin", 2026, 10, 25, 0, 59, 7200, true, "CEST"},
        {"Europe/Berlin", 2026, 10, 25, 1, 0, 3600, false, "CET"},
        {"Europe/Berlin", 2199, 7, 1, 0, 0, 7200, true, "CEST"},
        {"Europe/Berlin", 2600, 7, 1, 0, 0, 7200, true, "CEST"},
        {"Europe/Berlin", 250000, 1, 1, 0, 0, 3600, false, "CET"},
        {"Europe/Berlin", 1800, 1, 1, 0, 0, 3208, false, "LMT"},
        {"Europe/Dublin", 2026, 1, 1, 0, 0, 0, true, "GMT"}, // summer is standard time there
        {"America/New_York", 2040, 7, 1, 0, 0, -14400, true, "EDT"},
        {"Australia/Lord_Howe", 2026, 1, 1, 0, 0, 39600, true, "+11"},
        {"Asia/Kolkata", 2100, 1, 1, 0, 0, 19800, false, "IST"},
        {"Pacific/Apia", 2011, 12, 30, 9, 59, -36000, true, "-10"},
        {"Pacific/Apia", 2011, 12, 30, 10, 0, 50400, true, "+14"},
        {"UTC", 2026, 1, 1, 0, 0, 0, false, "UTC"},
        {"Z", 2026, 1, 1, 0, 0, 0, false, "UTC"},
        {"+05:45", 2026, 1, 1, 0, 0, 20700, false, "UTC+05:45"},
        {"-0330", 2026, 1, 1, 0, 0, -12600, false, "UTC-03:30"},
        {"+09", 2026, 1, 1, 0, 0, 32400, false, "UTC+09:00"},
        {"Slim/Casablanca", 2026, 2, 20, 0, 0, 0, true, "+00"},
    };
    struct zones *zones = zones_new(DIR);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct zone_span span;
        int64_t at = utc(rows[i].year, rows[i].month, rows[i].day, rows[i].hour, rows[i].minute);

        zone_span_at(zone_get(zones, rows[i].zone), at, &span);
        if (span.offset_s != rows[i].offset_s ||
            strcmp(span.abbreviation, rows[i].abbreviation) != 0)
            fail_msg("row %zu: %d %s", i, span.offset_s, span.abbreviation);
        assert_true(span.from <= at && at < span.to);
        if (strcmp(rows[i].zone, "Europe/Dublin") != 0 &&
            strcmp(rows[i].zone, "Slim/Casablanca") != 0)
            assert_int_equal(span.is_dst, rows[i].is_dst);
    }
    zones_free(zones);
}

static void test_local(void **state)
{
    static const struct {
        const char *zone;
        int year, month, day, hour, minute; // local
        enum local_kind kind;
        int64_t first_after_local, second_after_local; // minutes from reading the local time as UTC
        int length_s;
    } rows[] = {
        {"Europe/Berlin", 2026, 3, 29, 1, 59, LOCAL_UNIQUE, -60, -60, 0},
        {"Europe/Berlin", 2026, 3, 29, 2, 0, LOCAL_GAP, -60, -60, 3600},
        {"Europe/Berlin", 2026, 3, 29, 2, 30, LOCAL_GAP, -90, -60, 3600},
        {"Europe/Berlin", 2026, 3, 29, 3, 0, LOCAL_UNIQUE, -120, -120, 0},
        {"Europe/Berlin", 2026, 10, 25, 1, 59, LOCAL_UNIQUE, -120, -120, 0},
        {"Europe/Berlin", 2026, 10, 25, 2, 0, LOCAL_FOLD, -120, -60, 3600},
        {"Europe/Berlin", 2026, 10, 25, 2, 59, LOCAL_FOLD, -120, -60, 3600},
        {"Europe/Berlin", 2026, 10, 25, 3, 0, LOCAL_UNIQUE, -60, -60, 0},
        {"Australia/Lord_Howe", 2026, 10, 4, 2, 15, LOCAL_GAP, -645, -630, 1800},
        {"Australia/Lord_Howe", 2026, 4, 5, 1, 45, LOCAL_FOLD, -660, -630, 1800},
        {"Pacific/Apia", 2011, 12, 30, 12, 0, LOCAL_GAP, -120, 600, 86400},
        {"America/Santiago", 2026, 9, 6, 0, 0, LOCAL_GAP, 240, 240, 3600},
        {"Europe/Berlin", 2500, 10, 31, 2, 30, LOCAL_FOLD, -120, -60, 3600},
    };
    struct zones *zones = zones_new(DIR);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t local = utc(rows[i].year, rows[i].month, rows[i].day, rows[i].hour, rows[i].minute);
        struct zone_local found;

        zone_from_local(zone_get(zones, rows[i].zone), local, &found);
        if (found.kind != rows[i].kind || found.first != local + rows[i].first_after_local * 60 ||
            found.second != local + rows[i].second_after_local * 60 ||
            found.length_s != rows[i].length_s)
            fail_msg("row %zu: kind %d, %lld %lld minutes, %d s", i, found.kind,
                     (long long)(found.first - local) / 60, (long long)(found.second - local) / 60,
                     found.length_s);
    }
    zones_free(zones);
}

// Spans follow each other without holes, and local -> UTC undoes UTC -> local, in every zone of the
// test data.
static void test_consistency(void **state)
{
    static const char *const names[] = {"America/New_York",  "Europe/Dublin",    "Pacific/Apia",
                                        "Africa/Casablanca", "Antarctica/Troll", "America/Nuuk",
                                        "Asia/Jerusalem",    "Slim/Casablanca"};
    struct zones *zones = zones_new(DIR);

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct zone *zone = zone_get(zones, names[i]);
        struct zone_span span;

        zone_span_at(zone, -FOREVER, &span);
        assert_true(span.from == -FOREVER);
        while (span.to < utc(2700, 1, 1, 0, 0)) {
            struct zone_span next;
            struct zone_local local;

            assert_true(zone_next_change(zone, span.to - 1) == span.to);
            zone_span_at(zone, span.to, &next);
            assert_true(next.from == span.to && next.to > next.from &&
                        next.before_s == span.offset_s);
            zone_from_local(zone, next.from + next.offset_s, &local);
            assert_true(local.first == next.from || local.second == next.from);
            span = next;
        }
    }
    zones_free(zones);
}

static void test_fat_is_slim(void **state)
{
    static const char *const names[][2] = {{"America/New_York", "Slim/New_York"},
                                           {"Europe/Dublin", "Slim/Dublin"},
                                           {"Africa/Casablanca", "Slim/Casablanca"}};
    struct zones *zones = zones_new(DIR);

    (void)state;
    for (size_t i = 0; i < 3; i++)
        for (int64_t at = utc(1890, 1, 1, 0, 0); at < utc(2590, 1, 1, 0, 0);
             at += 5 * DAY_S + 1234) {
            struct zone_span fat, slim;

            zone_span_at(zone_get(zones, names[i][0]), at, &fat);
            zone_span_at(zone_get(zones, names[i][1]), at, &slim);
            if (fat.offset_s != slim.offset_s || strcmp(fat.abbreviation, slim.abbreviation) != 0)
                fail_msg("%s differs at %lld", names[i][0], (long long)at);
        }
    zones_free(zones);
}

static void test_names(void **state)
{
    static const char *const rows[] = {
        "",
        "/etc/passwd",
        "../Europe/Berlin",
        "Europe/../Berlin",
        "Europe//Berlin",
        "Europe/Berlin/",
        "Europe/Berl in",
        "Europe",
        "Mars/Phobos",
        "europe/berlin",
        "+24:00",
        "+1",
        "+01:60",
        "+0-:30",
        "++0:00",
        "+01:0",
        "+01:000",
        "--1:00",
        "Europe/Berlin.txt",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    };
    struct zones *zones = zones_new(DIR), *nowhere = zones_new("/nonexistent");
    const struct zone *zone;
    struct err e = {0};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (zones_get(zones, str_of(rows[i]), &zone, &e))
            fail_msg("accepted \"%s\"", rows[i]);
        assert_int_equal(e.code, ERR_INPUT);
        assert_string_equal(e.field, "timezone");
    }
    assert_false(zones_get(nowhere, STR_LIT("Europe/Berlin"), &zone, &e));
    assert_non_null(strstr(e.message, "no zone data"));
    assert_true(zones_get(nowhere, STR_LIT("UTC"), &zone, &e));

    assert_ptr_equal(zone_get(zones, "Europe/Berlin"), zone_get(zones, "Europe/Berlin"));
    assert_ptr_equal(zone_get(zones, "Z"), zones_utc(zones));
    assert_ptr_equal(zone_get(zones, "+0200"), zones_fixed(zones, 7200));
    assert_true(str_eq(zone_name(zones_fixed(zones, -12600)), STR_LIT("-03:30")));
    assert_true(str_eq(zone_name(zones_utc(zones)), STR_LIT("UTC")));
    zones_free(zones);
    zones_free(nowhere);
    zones_free(NULL);
}

static void test_system_name(void **state)
{
    struct buf name;

    (void)state;
    buf_init(&name, 128);
    setenv("TZ", "Europe/Berlin", 1);
    zone_system_name(&name);
    assert_string_equal(buf_text(&name), "Europe/Berlin");
    buf_clear(&name);
    setenv("TZ", ":/usr/share/zoneinfo/America/Lima", 1);
    zone_system_name(&name);
    assert_string_equal(buf_text(&name), "America/Lima");
    buf_clear(&name);
    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1); // no name: zones_get will say so
    zone_system_name(&name);
    assert_string_equal(buf_text(&name), "CET-1CEST,M3.5.0,M10.5.0/3");
    buf_clear(&name);
    setenv("TZ", "", 1);
    zone_system_name(&name);
    assert_true(name.len > 0 && !strchr(buf_text(&name), '\n'));
    unsetenv("TZ");
    buf_done(&name);
}

static void test_system_dir(void **state)
{
    struct zones *zones;
    struct err e;
    const struct zone *zone;

    (void)state;
    setenv("TZDIR", DIR "/Slim", 1);
    zones = zones_new(NULL);
    assert_true(zones_get(zones, STR_LIT("Dublin"), &zone, &e)); // is nowhere else
    zones_free(zones);
    setenv("TZDIR", "", 1);
    zones = zones_new(NULL);
    assert_false(zones_get(zones, STR_LIT("Dublin"), &zone, &e));
    zones_free(zones);
    unsetenv("TZDIR");
}

static void copy(const char *from, const char *to)
{
    char bytes[8192];
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    size_t n;

    assert_non_null(in);
    assert_non_null(out);
    n = fread(bytes, 1, sizeof bytes, in);
    assert_int_equal(fwrite(bytes, 1, n, out), n);
    fclose(in);
    fclose(out);
}

static int offset_in(struct zones *zones)
{
    struct zone_span span;

    zone_span_at(zone_get(zones, "Here"), utc(2026, 7, 1, 0, 0), &span);
    return span.offset_s;
}

static void test_refresh(void **state)
{
    char dir[] = "/tmp/belfry-zone-test-XXXXXX", path[64], fresh[64];
    struct zones *zones;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/Here", dir);
    snprintf(fresh, sizeof fresh, "%s/New", dir);
    copy(DIR "/Europe/Berlin", path);
    zones = zones_new(dir);
    const struct zone *old = zone_get(zones, "Here");
    assert_int_equal(offset_in(zones), 7200);
    assert_false(zones_refresh(zones));

    // The same bytes in a new file are no news.
    copy(DIR "/Europe/Berlin", fresh);
    assert_int_equal(rename(fresh, path), 0);
    assert_false(zones_refresh(zones));
    assert_int_equal(zones_generation(zones), 0);

    copy(DIR "/Asia/Kolkata", fresh);
    assert_int_equal(rename(fresh, path), 0);
    assert_true(zones_refresh(zones));
    assert_int_equal(zones_generation(zones), 1);
    assert_int_equal(offset_in(zones), 19800);
    assert_false(zones_refresh(zones));

    struct zone_span span; // the old one is still there
    zone_span_at(old, utc(2026, 7, 1, 0, 0), &span);
    assert_int_equal(span.offset_s, 7200);

    // An unsound file and a missing one leave the zone in force.
    copy("Makefile", path);
    assert_false(zones_refresh(zones));
    assert_int_equal(offset_in(zones), 19800);
    assert_int_equal(unlink(path), 0);
    assert_false(zones_refresh(zones));
    assert_int_equal(offset_in(zones), 19800);
    zones_free(zones);
    assert_int_equal(rmdir(dir), 0);
}

static void test_bytes(void **state)
{
    struct zone *zone;
    struct err e = {0};

    (void)state;
    assert_false(zone_new(STR_LIT("Test/Zone"), STR_LIT("TZif?"), &zone, &e));
    assert_non_null(strstr(e.message, "Test/Zone"));
    assert_string_equal(e.field, "timezone");
    assert_false(zone_new(STR_LIT(""), STR_LIT("TZif"), &zone, &e));
    zone_free(NULL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_offsets),     cmocka_unit_test(test_local),
        cmocka_unit_test(test_consistency), cmocka_unit_test(test_fat_is_slim),
        cmocka_unit_test(test_names),       cmocka_unit_test(test_system_name),
        cmocka_unit_test(test_system_dir),  cmocka_unit_test(test_refresh),
        cmocka_unit_test(test_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
