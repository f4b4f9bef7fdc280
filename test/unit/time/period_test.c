// period_test.c - durations of ISO 8601, whole and refused.
// SPDX-License-Identifier: Apache-2.0
#include "time/period.h"

#include "time/duration.h"
#include "unit.h"

static void test_read(void **state)
{
    static const struct {
        const char *text;
        struct period period;
    } rows[] = {
        {"P1M", {1, 0, 0}},
        {"P1Y2M10DT2H30M", {14, 10, 150 * MINUTE_US}},
        {"P1Y2M3W4DT5H6M7.5S", {14, 25, 5 * HOUR_US + 6 * MINUTE_US + 7500000}},
        {"P2W", {0, 14, 0}},
        {"PT36H", {0, 0, 36 * HOUR_US}},
        {"PT0,5S", {0, 0, 500000}},
        {"PT1.5H", {0, 0, 90 * MINUTE_US}},
        {"PT0.0000019S", {0, 0, 1}},
        {"PT0.3333333333333H", {0, 0, 1199999999}},
        {"P1.5D", {0, 1, 12 * HOUR_US}},
        {"P0.5W", {0, 3, 12 * HOUR_US}},
        {"P0Y1M", {1, 0, 0}},
        {"P0D", {0, 0, 0}},
        {"PT90M", {0, 0, 90 * MINUTE_US}},
        {"P0001-02-03T04:05:06", {14, 3, 4 * HOUR_US + 5 * MINUTE_US + 6 * SECOND_US}},
        {"P00010203T040506", {14, 3, 4 * HOUR_US + 5 * MINUTE_US + 6 * SECOND_US}},
        {"P0000-12-30T24:60:60", {12, 30, 24 * HOUR_US + 61 * MINUTE_US}},
        {"P0001-00-00", {12, 0, 0}},
        {"P00000001", {0, 1, 0}},
        {"P20260101D", {0, -1, 0}},
        {"P3000000D", {0, 3000000, 0}},
        {"P9000Y", {108000, 0, 0}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct period p = {-1, -1, -1};
        struct err e = {0};

        if (rows[i].period.days < 0) {
            assert_false(period_parse(str_of(rows[i].text), "expr", &p, &e));
            continue;
        }
        if (!period_parse(str_of(rows[i].text), "expr", &p, &e))
            fail_msg("%s: %s", rows[i].text, e.message);
        if (p.months != rows[i].period.months || p.days != rows[i].period.days ||
            p.us != rows[i].period.us)
            fail_msg("%s: %lld %lld %lld", rows[i].text, (long long)p.months, (long long)p.days,
                     (long long)p.us);
        assert_int_equal(period_is_zero(&p), strcmp(rows[i].text, "P0D") == 0);
    }
}

static void test_refused(void **state)
{
    static const struct {
        const char *text;
        int column;
        const char *part; // of the message
    } rows[] = {
        {"", 1, "begins with P"},
        {"1D", 1, "begins with P"},
        {"p1D", 1, "begins with P"},
        {"-P1D", 1, "begins with P"},
        {"P", 2, "number is missing"},
        {"PT", 3, "number is missing"},
        {"P1DT", 5, "number is missing"},
        {"P-1D", 2, "number is missing"},
        {"P1", 3, "unit is missing"},
        {"P1d", 3, "unit is missing"},
        {"P1H", 3, "unit is missing"},
        {"PT1D", 4, "unit is missing"},
        {"P1D1M", 5, "out of order"},
        {"P1M1M", 5, "repeated"},
        {"PT1M1H", 6, "out of order"},
        {"P1D T1H", 4, "number is missing"},
        {"P1.5Y", 5, "no fixed length"},
        {"P0,5M", 5, "no fixed length"},
        {"P1.5DT1H", 6, "only the last"},
        {"PT1.S", 5, "digits are missing"},
        {"PT.5S", 3, "number is missing"},
        {"P9001Y", 6, "9000 years"},
        {"PT99999999999999999999S", 21, "too large"},
        {"P9223372036854775807W", 21, "9000 years"},
        {"P0001-13-00T00:00:00", 7, "too large"},
        {"P0001-01-31T00:00:00", 10, "too large"},
        {"P0001-01-01T25:00:00", 13, "too large"},
        {"P0001-01-01T00:00", 18, "PYYYY-MM-DDThh:mm:ss"},
        {"P0001-0101", 9, "PYYYY-MM-DDThh:mm:ss"},
        {"P0001-01-01T00:00:00Z", 21, "end here"},
        {"P00010203T0405", 15, "missing"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct period p;
        struct err e = {0};

        if (period_parse(str_of(rows[i].text), "expr", &p, &e))
            fail_msg("accepted %s", rows[i].text);
        if (e.code != ERR_INPUT || strcmp(e.field, "expr") != 0 || e.column != rows[i].column ||
            !strstr(e.message, rows[i].part))
            fail_msg("%s: column %d, %s", rows[i].text, e.column, e.message);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
