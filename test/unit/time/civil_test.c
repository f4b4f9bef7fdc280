// civil_test.c - days, dates, weekdays and ISO weeks.
// SPDX-License-Identifier: Apache-2.0
#include "time/civil.h"

#include "unit.h"

static void test_days(void **state)
{
    static const struct {
        int64_t year;
        int month, day;
        int64_t days;
        int weekday, week;
        int64_t week_year;
    } rows[] = {
        {1970, 1, 1, 0, 3, 1, 1970},        {1969, 12, 31, -1, 2, 1, 1970},
        {2000, 2, 29, 11016, 1, 9, 2000},   {2000, 3, 1, 11017, 2, 9, 2000},
        {2026, 11, 22, 20779, 6, 47, 2026}, {2021, 1, 3, 18630, 6, 53, 2020},
        {2024, 12, 30, 20087, 0, 1, 2025},  {1900, 3, 1, -25508, 3, 9, 1900},
        {1, 1, 1, -719162, 0, 1, 1},        {9999, 12, 31, 2932896, 4, 52, 9999},
        {0, 2, 29, -719469, 1, 9, 0},       {-400, 3, 1, -865565, 2, 9, -400},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct civil c = civil_date(rows[i].days);
        int64_t week_year;

        assert_int_equal(civil_days(rows[i].year, rows[i].month, rows[i].day), rows[i].days);
        assert_int_equal(c.year, rows[i].year);
        assert_int_equal(c.month, rows[i].month);
        assert_int_equal(c.day, rows[i].day);
        assert_int_equal(civil_weekday(rows[i].days), rows[i].weekday);
        assert_int_equal(civil_week(rows[i].days, &week_year), rows[i].week);
        assert_int_equal(week_year, rows[i].week_year);
    }
    assert_int_equal(civil_days(2026, 3, 0), civil_days(2026, 2, 28));
    assert_int_equal(civil_days(2026, 1, 32), civil_days(2026, 2, 1));
}

// Every day of 1200 years, counted one by one beside the arithmetic.
static void test_walk(void **state)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t days = civil_days(1400, 1, 1);
    int weekday = civil_weekday(days);

    (void)state;
    for (int year = 1400; year < 2600; year++)
        for (int month = 1; month <= 12; month++) {
            bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
            int length = lengths[month - 1] + (month == 2 && leap);

            if (civil_month_days(year, month) != length || civil_is_leap(year) != leap)
                fail_msg("%d-%d has %d days", year, month, civil_month_days(year, month));
            for (int day = 1; day <= length; day++, days++, weekday = (weekday + 1) % 7) {
                struct civil c = civil_date(days);

                if (c.year != year || c.month != month || c.day != day ||
                    civil_weekday(days) != weekday || civil_days(year, month, day) != days)
                    fail_msg("%d-%d-%d", year, month, day);
            }
        }
}

static void test_seconds(void **state)
{
    struct civil c = {2026, 11, 22, 4, 49, 33, 303354};

    (void)state;
    assert_int_equal(civil_seconds(&c), 1795322973);
    for (int64_t s = -200000; s < 200000; s += 997) {
        c = civil_at(s);
        assert_true(civil_is_valid(&c));
        assert_int_equal(civil_seconds(&c), s);
    }
    assert_int_equal(floor_div(-1, 7), -1);
    assert_int_equal(floor_div(-7, 7), -1);
    assert_int_equal(floor_div(6, 7), 0);
}

static void test_valid(void **state)
{
    static const struct {
        struct civil c;
        bool ok;
    } rows[] = {
        {{2024, 2, 29, 23, 59, 59, 999999}, true}, {{2026, 2, 29, 0, 0, 0, 0}, false},
        {{2026, 0, 1, 0, 0, 0, 0}, false},         {{2026, 13, 1, 0, 0, 0, 0}, false},
        {{2026, 4, 31, 0, 0, 0, 0}, false},        {{2026, 4, 0, 0, 0, 0, 0}, false},
        {{2026, 4, 1, 24, 0, 0, 0}, false},        {{2026, 4, 1, 0, 60, 0, 0}, false},
        {{2026, 4, 1, 0, 0, 60, 0}, false},        {{2026, 4, 1, 0, 0, 0, 1000000}, false},
        {{2026, 4, 1, -1, 0, 0, 0}, false},        {{2026, 4, 1, 0, 0, 0, -1}, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(civil_is_valid(&rows[i].c), rows[i].ok);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_days),
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_seconds),
        cmocka_unit_test(test_valid),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
