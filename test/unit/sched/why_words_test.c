// why_words_test.c - sentences with words to be filled in, moments of a day.
// SPDX-License-Identifier: Apache-2.0
#include "sched/why_words.h"

#include "unit.h"

#include "time/duration.h"
#include "time/iso8601.h"

static void test_fill(void **state)
{
    static const struct {
        const char *sentence, *expected;
    } cases[] = {
        {"{slot} ran", "02:00 ran"},
        {"at {slot}", "at 02:00"},
        {"{slot}", "02:00"},
        {"{none}", ""},
        {"a{none}b", "ab"},
        {"", ""},
        {"{slot}{none}{slot}", "02:0002:00"},
        {"plain", "plain"},
    };
    struct arena *arena = arena_new(1000);
    struct zones *zones = zones_new(NULL);
    struct why_words w;

    (void)state;
    why_words_init(&w, arena, zones_utc(zones), (wall){0});
    why_word(&w, "slot", STR_LIT("03:00"));
    why_word(&w, "slot", STR_LIT("02:00"));
    assert_int_equal(w.len, 1);
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_string_equal(why_words_fill(&w, cases[i].sentence).p, cases[i].expected);
    zones_free(zones);
    arena_free(arena);
}

static void test_moments(void **state)
{
    static const struct {
        const char *at;
        bool is_exact;
        const char *expected;
    } cases[] = {
        {"2026-11-22T01:00:00Z", true, "2026-11-22 02:00"},
        {"2026-10-25T12:00:00Z", true, "13:00"},
        {"2026-10-25T12:00:05.25Z", true, "13:00:05.250000"},
        {"2026-10-25T12:00:05.25Z", false, "13:00:05"},
        {"2026-10-25T00:30:00Z", true, "02:30 CEST"},
        {"2026-10-25T01:30:00Z", true, "02:30 CET"},
        {"2026-10-24T22:30:00Z", true, "00:30"},
        {"2026-10-24T21:30:00Z", true, "2026-10-24 23:30"},
    };
    struct arena *arena = arena_new(1000);
    struct zones *zones = zones_new(NULL);
    const struct zone *berlin;
    struct why_words w;
    struct err e;
    wall at;

    (void)state;
    assert_true(zones_get(zones, STR_LIT("Europe/Berlin"), &berlin, &e));
    assert_true(iso8601_moment(STR_LIT("2026-10-25T03:00:00Z"), berlin, "", &at, &e));
    why_words_init(&w, arena, berlin, at);
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_true(iso8601_moment(str_of(cases[i].at), berlin, "", &at, &e));
        assert_string_equal(why_moment(&w, at, cases[i].is_exact).p, cases[i].expected);
    }
    assert_string_equal(why_length(&w, SECOND_US - 1).p, "less than a second");
    assert_string_equal(why_length(&w, 192 * MINUTE_US).p, "3h 12m");
    zones_free(zones);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fill),
        cmocka_unit_test(test_moments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
