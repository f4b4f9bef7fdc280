// why_question_test.c - times as people type them.
// SPDX-License-Identifier: Apache-2.0
#include "sched/why_question.h"

#include "unit.h"

#include <stdio.h>

#include "time/iso8601.h"

static void test_times(void **state)
{
    // Now it is Sunday 2026-11-22 12:34:56 in Berlin.
    static const struct {
        const char *at, *expected;
    } cases[] = {
        {"", "12:34:00..12:34:59.999999"},
        {" now ", "12:34:00..12:34:59.999999"},
        {"02:00", "02:00:00..02:00:59.999999"},
        {"2:05", "02:05:00..02:05:59.999999"},
        {"02:00:07", "02:00:07..02:00:07.999999"},
        {"23:59", "23:59:00..23:59:59.999999"},
        {"yesterday 02:00", "2026-11-21 02:00:00..2026-11-21 02:00:59.999999"},
        {"tomorrow 02:00:01.5", "2026-11-23 02:00:01.500000..2026-11-23 02:00:01.500000"},
        {"today", "00:00:00..23:59:59.999999"},
        {"2026-11-21", "2026-11-21 00:00:00..2026-11-21 23:59:59.999999"},
        {"2026-11-22T02:00", "02:00:00..02:00:59.999999"},
        {"2026-11-22 02:00:00", "02:00:00..02:00:00.999999"},
        {"2026-11-22T01:00Z", "02:00:00..02:00:59.999999"},
        {"2026-11-22T01:00:00Z", "02:00:00..02:00:00.999999"},
        {"2026-11-22T01:00+00:00", "02:00:00..02:00:59.999999"},
        // The day on which the clocks go back has 25 hours, and 02:30 comes twice.
        {"2026-10-25", "2026-10-25 00:00:00..2026-10-25 23:59:59.999999"},
        {"2026-10-25 02:30", "2026-10-25 02:30:00..2026-10-25 02:30:59.999999 "
                             "2026-10-25 02:30:00..2026-10-25 02:30:59.999999"},
        // 02:30 does not exist in the night in which they go forward.
        {"2026-03-29 02:30", "2026-03-29 03:00:00..2026-03-29 03:00:59.999999 not 02:30"},
        {"2026-03-29", "2026-03-29 00:00:00..2026-03-29 23:59:59.999999"},
    };
    struct zones *zones = zones_new(NULL);
    const struct zone *berlin;
    struct err e;

    (void)state;
    assert_true(zones_get(zones, STR_LIT("Europe/Berlin"), &berlin, &e));
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct why_question q;
        struct buf out;

        buf_init(&out, 1000);
        assert_true(
            why_question_read(str_of(cases[i].at), berlin, (wall){1795347296000000}, &q, &e));
        for (size_t s = 0; s < q.span_count; s++) {
            struct buf text;

            buf_init(&text, 100);
            buf_add_text(&out, s > 0 ? " " : "");
            iso8601_python(q.spans[s].from, berlin, &text);
            bool is_today = str_starts(buf_str(&text), STR_LIT("2026-11-22"));

            text.len -= 6;
            buf_add(&out, str_cut(buf_str(&text), is_today ? 11 : 0, text.len));
            buf_add_text(&out, "..");
            buf_clear(&text);
            iso8601_python(q.spans[s].to, berlin, &text);
            text.len -= 6;
            buf_add(&out, str_cut(buf_str(&text), is_today ? 11 : 0, text.len));
            buf_done(&text);
        }
        if (q.is_gap)
            buf_printf(&out, " not %02d:%02d", (int)(q.gap_local_s / 3600 % 24),
                       (int)(q.gap_local_s / 60 % 60));
        assert_string_equal(buf_text(&out), cases[i].expected);
        buf_done(&out);
    }
    zones_free(zones);
}

static void test_no_times(void **state)
{
    static const char *const cases[] = {"soon",
                                        "25:00",
                                        "2026-13-01",
                                        "yesterday noon",
                                        ":",
                                        "02:0a",
                                        "today 02:00 and the rest of a very long sentence"};
    struct zones *zones = zones_new(NULL);

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct why_question q;
        struct err e;

        assert_false(why_question_read(str_of(cases[i]), zones_utc(zones), (wall){0}, &q, &e));
        assert_int_equal(e.code, ERR_INPUT);
        assert_string_equal(e.field, "at");
        assert_true(e.hint[0]);
    }
    zones_free(zones);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_no_times),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
