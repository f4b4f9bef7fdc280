// dates_test.c - dates in, spans out; and what is no date.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/dates.h"

#include <string.h>

#include "base/buf.h"
#include "time/duration.h"
#include "time/iso8601.h"
#include "unit.h"

// The spans that touch 2026 to 2028, a line each: "local 2026-12-25T00:00:00Z 2026-12-26T00:00:00Z"
static void spans_print(const struct spans *s, const char *kind, struct buf *out)
{
    const int64_t from = civil_days(2026, 1, 1) * DAY_US, to = civil_days(2029, 1, 1) * DAY_US;

    for (size_t i = 0; i < s->len; i++) {
        if (s->v[i].to <= from || s->v[i].from >= to)
            continue;
        buf_printf(out, "%s ", kind);
        iso8601_write((wall){s->v[i].from}, NULL, out);
        buf_add_byte(out, ' ');
        iso8601_write((wall){s->v[i].to}, NULL, out);
        buf_add_byte(out, '\n');
    }
}

static void test_good(void **state)
{
    static const struct {
        const char *text, *spans;
    } rows[] = {
        {"2026-12-25", "local 2026-12-25T00:00:00Z 2026-12-26T00:00:00Z\n"},
        {" 2026-12-25 ", "local 2026-12-25T00:00:00Z 2026-12-26T00:00:00Z\n"},
        {"12-25", "local 2026-12-25T00:00:00Z 2026-12-26T00:00:00Z\n"
                  "local 2027-12-25T00:00:00Z 2027-12-26T00:00:00Z\n"
                  "local 2028-12-25T00:00:00Z 2028-12-26T00:00:00Z\n"},
        {"2-29", "local 2028-02-29T00:00:00Z 2028-03-01T00:00:00Z\n"},
        {"02-28..02-29", "local 2026-02-28T00:00:00Z 2026-03-01T00:00:00Z\n"
                         "local 2027-02-28T00:00:00Z 2027-03-01T00:00:00Z\n"
                         "local 2028-02-28T00:00:00Z 2028-03-01T00:00:00Z\n"},
        {"02-29..03-01", "local 2026-03-01T00:00:00Z 2026-03-02T00:00:00Z\n"
                         "local 2027-03-01T00:00:00Z 2027-03-02T00:00:00Z\n"
                         "local 2028-02-29T00:00:00Z 2028-03-02T00:00:00Z\n"},
        {"12-24..01-02", "local 2025-12-24T00:00:00Z 2026-01-03T00:00:00Z\n"
                         "local 2026-12-24T00:00:00Z 2027-01-03T00:00:00Z\n"
                         "local 2027-12-24T00:00:00Z 2028-01-03T00:00:00Z\n"
                         "local 2028-12-24T00:00:00Z 2029-01-03T00:00:00Z\n"},
        {"2026-12-24..2027-01-01", "local 2026-12-24T00:00:00Z 2027-01-02T00:00:00Z\n"},
        {"2026-12-24 .. 2026-12-24", "local 2026-12-24T00:00:00Z 2026-12-25T00:00:00Z\n"},
        {"2026-12-24 12:00..2026-12-27 06:00:05",
         "local 2026-12-24T12:00:00Z 2026-12-27T06:00:05Z\n"},
        {"2026-12-24T12:00Z..2026-12-27T06:00:00+01:00",
         "fixed 2026-12-24T12:00:00Z 2026-12-27T05:00:00Z\n"},
        {"1965-01-01..2026-01-01", "local 1965-01-01T00:00:00Z 2026-01-02T00:00:00Z\n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct spans local = {0}, fixed = {0};
        struct buf out;
        struct err e;

        buf_init(&out, 10000);
        if (!dates_add(str_of(rows[i].text), "dates.0", "why", &local, &fixed, &e))
            fail_msg("%s: %s", rows[i].text, e.message);
        assert_string_equal((local.len ? local.v : fixed.v)[0].why, "why");
        spans_print(&local, "local", &out);
        spans_print(&fixed, "fixed", &out);
        assert_string_equal(buf_text(&out), rows[i].spans);
        buf_done(&out);
        spans_done(&local);
        spans_done(&fixed);
    }
}

static void test_bad(void **state)
{
    static const struct {
        const char *text;
        int column;
        const char *message;
    } rows[] = {
        {"", 1, "a date is missing here: write 2026-12-25 or 12-25"},
        {"Christmas", 1, "a date does not understand \"Christmas\": write 2026-12-25 or 12-25"},
        {"13-01", 1, "a date has no month 13: write month and day, such as 12-25"},
        {"02-30", 1, "a date names day 30 of a month that never has one"},
        {"04-00", 1, "a date names day 0 of a month that never has one"},
        {"12-25-2026", 1, "a date does not understand \"12-25-2026\": write 2026-12-25 or 12-25"},
        {"2026-02-29", 9, "there is no such day"},
        {"2026-12-25..2026-13-01", 18, "the month is 1 to 12"},
        {"2026-12-25..", 13, "a date is missing here"},
        {"2026-12-25..12-27", 13, "a date begins as a day and ends as a day of every year"},
        {"2026-12-24..2026-12-25 12:00", 13, "a date begins as a day and ends as a local time"},
        {"2026-12-24 12:00", 1, "a date with a time of day is a moment, which has no length"},
        {"2026-12-24 12:00..2026-12-24 12:00", 19, "a date ends before it begins"},
        {"2026-12-25..2026-12-24", 13, "a date ends before it begins"},
        {"2026-12-24 12:00:00.5..2026-12-25 12:00", 1, "a date must be whole seconds"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct spans local = {0}, fixed = {0};
        struct err e;

        assert_false(dates_add(str_of(rows[i].text), "dates.7", NULL, &local, &fixed, &e));
        if (e.column != rows[i].column || !strstr(e.message, rows[i].message))
            fail_msg("%s: column %d, %s", rows[i].text, e.column, e.message);
        assert_string_equal(e.field, "dates.7");
        assert_int_equal(e.code, ERR_INPUT);
        assert_int_equal(local.len + fixed.len, 0);
    }
}

static void test_between(void **state)
{
    static const struct {
        const char *from, *to, *spans, *field, *message; // spans NULL: refused
        int column;
    } rows[] = {
        {"2026-12-24", "2027-01-01", "local 2026-12-24T00:00:00Z 2027-01-02T00:00:00Z\n", "", "",
         0},
        {"2028-12-24", "12-26", NULL, "to", "begins as a day and ends as a day of every year", 1},
        {"12-30", "12-31",
         "local 2026-12-30T00:00:00Z 2027-01-01T00:00:00Z\n"
         "local 2027-12-30T00:00:00Z 2028-01-01T00:00:00Z\n"
         "local 2028-12-30T00:00:00Z 2029-01-01T00:00:00Z\n",
         "", "", 0},
        {"2026-12-24 18:00", NULL, "local 2026-12-24T18:00:00Z -\n", "", "", 0},
        {"2026-12-24T18:00Z", NULL, "fixed 2026-12-24T18:00:00Z -\n", "", "", 0},
        {"12-24", NULL, NULL, "to", "needs an end", 0},
        {"x", "2026-12-24", NULL, "from", "does not understand \"x\"", 1},
        {"2026-12-24", "2026-12-x", NULL, "to", "the day is 1 to 31", 9},
        {"2026-12-24", "2026-12-23", NULL, "to", "ends before it begins", 1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct spans local = {0}, fixed = {0};
        struct buf out;
        struct err e = {0};

        buf_init(&out, 10000);
        assert_int_equal(
            dates_between(str_of(rows[i].from), str_of(rows[i].to), NULL, &local, &fixed, &e),
            rows[i].spans != NULL);
        spans_print(&local, "local", &out);
        spans_print(&fixed, "fixed", &out);
        if (rows[i].spans)
            assert_string_equal(buf_text(&out), rows[i].spans);
        assert_string_equal(e.field, rows[i].field);
        assert_int_equal(e.column, rows[i].column);
        if (!strstr(e.message, rows[i].message))
            fail_msg("%s: %s", rows[i].from, e.message);
        buf_done(&out);
        spans_done(&local);
        spans_done(&fixed);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_between),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
