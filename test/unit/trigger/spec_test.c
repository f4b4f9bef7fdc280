// spec_test.c - members of a trigger's JSON object.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/spec.h"

#include <stdlib.h>

#include <stdio.h>
#include <string.h>

#include "unit.h"

static void test_lengths(void **state)
{
    static const struct {
        const char *json;
        int64_t us; // -1: refused
    } rows[] = {
        {"{}", 0},
        {"{\"x\": null}", 0},
        {"{\"x\": 5}", 300000000},
        {"{\"x\": 1.5}", 90000000},
        {"{\"x\": \"15\"}", 900000000},
        {"{\"x\": \" 1.25 \"}", 75000000},
        {"{\"x\": 0}", 0},
        {"{\"x\": 1000}", 60000000000},
        {"{\"x\": 1001}", -1},
        {"{\"x\": 9223372036854775807}", -1},
        {"{\"x\": -1}", -1},
        {"{\"x\": -0.5}", -1},
        {"{\"x\": 1e300}", -1},
        {"{\"x\": true}", -1},
        {"{\"x\": []}", -1},
        {"{\"x\": \"\"}", -1},
        {"{\"x\": \"-1\"}", -1},
        {"{\"x\": \"5m\"}", -1},
        {"{\"x\": \"1e3\"}", -1},
        {"{\"x\": \".5\"}", -1},
        {"{\"x\": \"5.\"}", -1},
        {"{\"x\": \"99999999999999999999\"}", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *spec = json_loads(rows[i].json, 0, NULL);
        struct err e = {0};
        int64_t us = -1;

        if (!spec_length(spec, "x", 60000000, 60000000000, &us, &e)) {
            us = -1;
            assert_string_equal(e.field, "x");
            assert_int_equal(e.code, ERR_INPUT);
        }
        if (us != rows[i].us)
            fail_msg("%s: %lld", rows[i].json, (long long)us);
        json_decref(spec);
    }
}

static void test_texts(void **state)
{
    json_t *spec = json_loads("{\"a\": \"text\", \"b\": -7, \"c\": 1.5, \"d\": null}", 0, NULL);
    struct spec_text text;
    struct err e = {0};
    char large[SPEC_TEXT_MAX + 2];

    (void)state;
    assert_true(spec_text(spec, "a", &text, &e) && str_eq(text.s, STR_LIT("text")));
    assert_true(spec_text(spec, "b", &text, &e) && str_eq(text.s, STR_LIT("-7")));
    assert_true(spec_text(spec, "d", &text, &e) && !text.s.p);
    assert_true(spec_text(spec, "absent", &text, &e) && !text.s.p);
    assert_false(spec_text(spec, "c", &text, &e));
    assert_string_equal(e.field, "c");
    memset(large, 'x', sizeof large);
    json_object_set_new(spec, "e", json_stringn(large, SPEC_TEXT_MAX + 1));
    assert_false(spec_text(spec, "e", &text, &e));
    json_object_set_new(spec, "e", json_stringn(large, SPEC_TEXT_MAX));
    assert_true(spec_text(spec, "e", &text, &e));
    json_decref(spec);
}

static void test_keys(void **state)
{
    static const char *const keys[] = {"hour", "minute"};
    json_t *good = json_loads("{\"hour\": 1}", 0, NULL),
           *bad = json_loads("{\"hour\": 1, \"minut\": 2}", 0, NULL);
    struct err e = {0};

    (void)state;
    assert_true(spec_check_keys(good, keys, 2, &e));
    assert_false(spec_check_keys(bad, keys, 2, &e));
    assert_false(spec_check_keys_of("a calendar", bad, keys, 2, &e));
    assert_int_equal(strncmp(e.message, "a calendar has no ", 18), 0);
    assert_string_equal(e.field, "minut");
    assert_string_equal(e.hint, "did you mean \"minute\"?");
    json_decref(good);
    json_decref(bad);
}

static void test_moments(void **state)
{
    struct zones *zones = zones_new("test/data/zoneinfo");
    json_t *spec = json_loads("{\"a\": \"2026-01-01 00:00:00\", \"b\": 5, \"c\": \"0001-01-01\", "
                              "\"d\": null, \"e\": \"nonsense\"}",
                              0, NULL);
    const struct zone *zone;
    wall at = {42};
    struct err e = {0};

    (void)state;
    assert_true(zones_get(zones, STR_LIT("Europe/Berlin"), &zone, &e));
    assert_true(spec_moment(spec, "d", zone, &at, &e) && at.us == 42);
    assert_true(spec_moment(spec, "a", zone, &at, &e) && at.us == 1767222000000000);
    assert_false(spec_moment(spec, "b", zone, &at, &e));
    assert_false(spec_moment(spec, "c", zone, &at, &e));
    assert_false(spec_moment(spec, "e", zone, &at, &e));
    assert_string_equal(e.field, "e");
    assert_true(spec_moment_value(json_object_get(spec, "a"), "run_dates.0", zone, &at, &e));
    assert_false(spec_moment_value(json_object_get(spec, "d"), "run_dates.1", zone, &at, &e));
    assert_string_equal(e.field, "run_dates.1");
    json_decref(spec);
    zones_free(zones);
}

static void test_counts(void **state)
{
    static const struct {
        const char *json;
        int64_t n; // -1: refused, -2: not given
    } rows[] = {
        {"{\"x\": 0}", 0},
        {"{\"x\": \" 12 \"}", 12},
        {"{\"x\": 12}", 12},
        {"{\"x\": 13}", -1},
        {"{\"x\": -1}", -1},
        {"{\"x\": 1.0}", -1},
        {"{\"x\": \"1.5\"}", -1},
        {"{\"x\": \"\"}", -1},
        {"{\"x\": null}", -2},
        {"{\"x\": []}", -1},
        {"{}", -2},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *spec = json_loads(rows[i].json, 0, NULL);
        struct err e = {0};
        int64_t n = -2;

        if (!spec_count(spec, "x", 12, &n, &e)) {
            n = -1;
            assert_string_equal(e.field, "x");
            assert_int_equal(e.code, ERR_INPUT);
        }
        if (n != rows[i].n)
            fail_msg("%s: %lld", rows[i].json, (long long)n);
        json_decref(spec);
    }
}

static void test_one_line(void **state)
{
    char *line = spec_one_line(STR_LIT(" 30 2\t \t*  * mon "));

    (void)state;
    assert_string_equal(line, "30 2 * * mon");
    free(line);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_line), cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_texts),    cmocka_unit_test(test_keys),
        cmocka_unit_test(test_moments),  cmocka_unit_test(test_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
