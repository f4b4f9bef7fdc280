// preview_test.c - all that is told of a trigger, as JSON.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/preview.h"

#include <stdlib.h>

#include "almanac_fixture.h"
#include "trigger/dialect.h"

#define NOW "2026-01-15 10:07:03"

static json_t *preview_of(struct zones *zones, const char *spec, const char *zone, int64_t count)
{
    struct trigger *t = trigger_quoted(zones, spec, zone);
    const struct preview_options o = {.lint = {.now = at_of(zones, NOW)}, .count = count};
    struct json_write w;
    struct buf out;
    json_t *got;

    buf_init(&out, 100000);
    json_write_init(&w, &out);
    json_write_object(&w);
    preview_write(t, &o, &w);
    json_write_object_end(&w);
    assert_true(json_write_is_done(&w) && !out.is_full);
    got = json_loadb(out.p, out.len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(got);
    buf_done(&out);
    trigger_free(t);
    return got;
}

static void check(const json_t *got, const char *key, const char *want)
{
    char *text = json_dumps(json_object_get(got, key), JSON_COMPACT | JSON_ENCODE_ANY);

    assert_string_equal(text, want);
    free(text);
}

static void test_members(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);
    json_t *got = preview_of(zones, "30 2 * * *", "Europe/Berlin", 1);

    (void)state;
    check(got, "type", "\"cron\"");
    check(got, "trigger",
          "{\"type\":\"cron\",\"expr\":\"30 2 * * *\",\"timezone\":\"Europe/Berlin\"}");
    check(got, "words", "\"at 02:30 every day, Europe/Berlin\"");
    check(got, "rate", "{\"words\":\"once a day\",\"per_day\":1.0,\"total\":null}");
    check(got, "timezone", "\"Europe/Berlin\"");
    check(got, "next",
          "[{\"at\":\"2026-01-16T02:30:00+01:00\",\"local\":\"2026-01-16 02:30:00+01:00\",\"unix\":"
          "1768527000}]");
    check(got, "excluded", "[]");
    assert_int_equal(json_array_size(json_object_get(got, "dst")), 4);
    assert_int_equal(json_array_size(json_object_get(got, "warnings")), 2);
    assert_int_equal(json_object_size(json_object_get(got, "conversions")), DIALECT_COUNT);
    json_decref(got);
    got =
        preview_of(zones, "{'type':'interval','seconds':0.25,'start_date':'2026-01-01'}", "UTC", 1);
    check(got, "next",
          "[{\"at\":\"2026-01-15T10:07:03.250000Z\",\"local\":\"2026-01-15 10:07:03.250000+00:00\","
          "\"unix\":1768471623.25}]");
    json_decref(got);
    got = preview_of(zones, "{'type':'after','delay':'5m'}", "UTC", 3);
    check(got, "rate", "null");
    check(got, "next", "[]");
    check(got, "dst", "[]");
    json_decref(got);
    got = preview_of(zones, "{'type':'cron','hour':9,'end_date':'2026-01-17'}", "UTC", 3);
    assert_int_equal(json_array_size(json_object_get(got, "next")), 1);
    json_decref(got);
    zones_free(zones);
}

static void test_dst(void **state)
{
    static const struct {
        const char *spec, *zone, *words;
    } rows[] = {
        {"30 2 * * *", "Europe/Berlin", "2026-03-29 02:30 does not exist: runs at 03:00 CEST"},
        {"{'expr':'30 2 * * *','dst':'shift'}", "Europe/Berlin",
         "2026-03-29 02:30 does not exist: runs at 03:30 CEST"},
        {"{'expr':'30 2 * * *','dst':'skip'}", "Europe/Berlin",
         "2026-03-29 02:30 does not exist: no run"},
        {"0 30 2 * 10 * *", "Europe/Berlin", "2026-10-25 02:30 occurs twice: the first only"},
        {"{'expr':'30 2 * 10 *','dst':'both'}", "Europe/Berlin",
         "2026-10-25 02:30 occurs twice: runs both times"},
        {"5 30 2 * * *", "Europe/Berlin", "2026-03-29 02:30:05 does not exist: runs at 03:00 CEST"},
        {"{'type':'or','triggers':[{'expr':'30 2 * * *','timezone':'Europe/Berlin'},"
         "{'expr':'0 9 * * *'}]}",
         "UTC", "2026-03-29 02:30 in Europe/Berlin does not exist: runs at 03:00 CEST"},
    };
    struct zones *zones = zones_new(ZONE_DIR);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct trigger *t = trigger_quoted(zones, rows[i].spec, rows[i].zone);
        struct trigger_dst dst;
        struct buf out;

        buf_init(&out, 200);
        assert_true(trigger_next_dst(t, at_of(zones, NOW), WALL_NEVER, &dst));
        preview_dst_words(t, &dst, &out);
        assert_string_equal(buf_text(&out), rows[i].words);
        buf_done(&out);
        trigger_free(t);
    }
    zones_free(zones);
}

static void test_parts(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);
    struct almanacs calendars;
    struct json_write w;
    struct trigger *t;
    struct buf out;
    struct err e;

    (void)state;
    almanacs_init(&calendars);
    almanacs_put(&calendars, almanac_good(zones, "holidays",
                                          "{\"dates\":[{\"date\":\"2027-01-01\","
                                          "\"reason\":\"New Year\"}]}"));
    t = trigger_with(zones, &calendars,
                     "{\"type\":\"cron\",\"expr\":\"0 9 * * *\",\"exclude\":[\"holidays\"],"
                     "\"on_exclude\":\"next\"}",
                     "UTC", &e);
    assert_non_null(t);
    buf_init(&out, 1000);
    json_write_init(&w, &out);
    json_write_object(&w);
    preview_write_run(t, at_of(zones, "2027-01-02 09:00"), &w);
    preview_write_excluded(t, at_of(zones, NOW), at_of(zones, "2027-01-02 09:00"), &w);
    preview_write_dst(t, at_of(zones, NOW), &w);
    json_write_object_end(&w);
    assert_string_equal(
        buf_text(&out),
        "{\"at\":\"2027-01-02T09:00:00Z\",\"local\":\"2027-01-02 09:00:00+00:00\",\"unix\":"
        "1798880400,\"excluded\":[{\"at\":\"2027-01-01T09:00:00Z\",\"calendar\":\"holidays\","
        "\"reason\":\"New Year\",\"moved_to\":\"2027-01-02T09:00:00Z\"}],\"dst\":[]}");
    buf_done(&out);
    trigger_free(t);
    almanacs_done(&calendars);
    zones_free(zones);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_dst),
        cmocka_unit_test(test_parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
