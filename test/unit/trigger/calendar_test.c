// calendar_test.c - sets of local times, against counting day by day.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/calendar.h"

#include <string.h>

#include "time/civil.h"
#include "unit.h"

// Whether a day is the working day nearest to a target day of its month.
static bool is_nearest(int target, int day, int64_t days, int length)
{
    int off = target - day, weekday = civil_weekday(days + off);

    return (off == 0 && weekday < 5) ||
           (weekday == 5 && (off == 1 || (target == 1 && off == -2))) ||
           (weekday == 6 && (off == -1 || (target == length && off == 2)));
}

// The day rule in the simplest words there are.
static bool day_matches(const struct calendar *c, int64_t days)
{
    struct civil d = civil_date(days);
    int length = civil_month_days(d.year, d.month), weekday = civil_weekday(days);
    bool day = c->days >> d.day & 1, week = c->weekdays >> weekday & 1, nth = false;

    for (int n = 1; n <= 5; n++)
        nth |= (c->nth >> ((n - 1) * 7 + weekday) & 1) && (d.day + 6) / 7 == n;
    nth |= (c->nth >> (5 * 7 + weekday) & 1) && d.day + 7 > length;
    for (int before = 0; before < 31; before++)
        day |= (c->last >> before & 1) && d.day == length - before;
    for (int target = 1; target <= length; target++)
        day |= (c->nearest >> target & 1) && is_nearest(target, d.day, days, length);
    for (int before = 0; before < length; before++)
        day |= (c->last_nearest >> before & 1) && is_nearest(length - before, d.day, days, length);
    if (c->nth_is_day)
        day |= nth;
    else
        week |= nth;
    return (c->is_either ? day || week : day && week) && (c->weeks >> civil_week(days, NULL) & 1);
}

static uint64_t rnd(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x * UINT64_C(0x2545f4914f6cdd1d) ^ *x >> 29;
}

// Random masks with few bits, so that every rule matters.
static struct calendar random_calendar(uint64_t *x)
{
    struct calendar c;

    calendar_init(&c);
    if (rnd(x) % 2)
        c.days = (uint32_t)(rnd(x) & rnd(x) & rnd(x)) & ~1U;
    if (rnd(x) % 2)
        c.weekdays = rnd(x) & rnd(x) & 0x7f;
    if (rnd(x) % 3 == 0)
        c.nth = rnd(x) & rnd(x) & rnd(x) & ((UINT64_C(1) << 42) - 1);
    if (rnd(x) % 4 == 0)
        c.last = (uint32_t)(rnd(x) & rnd(x) & rnd(x)) & 0x7fffffff;
    if (rnd(x) % 4 == 0)
        c.nearest = (uint32_t)(rnd(x) & rnd(x)) & ~1U;
    if (rnd(x) % 4 == 0)
        c.last_nearest = (uint32_t)(rnd(x) & rnd(x)) & 0x7fffffff;
    if (rnd(x) % 4 == 0)
        c.weeks = rnd(x) & rnd(x) & ((UINT64_C(1) << 54) - 2);
    c.nth_is_day = rnd(x) & 1;
    c.is_either = rnd(x) & 1;
    return c;
}

static void test_months(void **state)
{
    uint64_t x = 20260101;

    (void)state;
    for (int round = 0; round < 2000; round++) {
        struct calendar c = random_calendar(&x);
        int year = 1970 + (int)(rnd(&x) % 230);

        for (int month = 1; month <= 12; month++) {
            uint32_t days = calendar_month(&c, year, month), want = 0;

            for (int day = 1; day <= civil_month_days(year, month); day++)
                want |= (uint32_t)day_matches(&c, civil_days(year, month, day)) << day;
            if (days != want)
                fail_msg("round %d, %d-%d: %08x, not %08x", round, year, month, days, want);
        }
    }
}

static void test_all(void **state)
{
    struct calendar c;

    (void)state;
    calendar_init(&c);
    assert_true(calendar_has_all_years(&c) && calendar_is_daily(&c));
    c.years[7] &= ~0x20U; // 2199
    assert_false(calendar_has_all_years(&c) || calendar_is_daily(&c));
    c.years[7] = 0x3f; // and nothing is beyond it
    assert_true(calendar_has_all_years(&c) && calendar_is_daily(&c));
    c.years[0] &= ~1U;
    assert_false(calendar_has_all_years(&c));
    c.years[0] |= 1;
    c.days = 2;
    assert_false(calendar_is_daily(&c));
    c.is_either = true; // a day, or any weekday
    assert_true(calendar_is_daily(&c));
    c.months = 2;
    assert_false(calendar_is_daily(&c));
}

static void test_next(void **state)
{
    struct calendar c;
    struct civil start = {2026, 12, 31, 23, 59, 59, 0}, end = {2199, 12, 31, 23, 59, 59, 0};

    (void)state;
    calendar_init(&c);
    assert_int_equal(calendar_next(&c, 12345), 12345);
    assert_int_equal(calendar_next(&c, -5), 0);
    assert_int_equal(calendar_next(&c, civil_seconds(&end)), civil_seconds(&end));
    assert_int_equal(calendar_next(&c, civil_seconds(&end) + 1), CALENDAR_NEVER);
    c.seconds = c.minutes = c.hours = 1;
    c.months = 1 << 2;
    c.days = 1 << 29;
    assert_int_equal(calendar_next(&c, civil_seconds(&start)), civil_days(2028, 2, 29) * DAY_S);
    c.days = 1 << 30;
    assert_int_equal(calendar_next(&c, 0), CALENDAR_NEVER);
    c.days = 1 << 3;
    memset(c.years, 0, sizeof c.years);
    calendar_add_year(&c, 2100);
    calendar_add_year(&c, 1969);
    calendar_add_year(&c, 2200);
    assert_true(calendar_has_year(&c, 2100));
    assert_false(calendar_has_year(&c, 2101));
    assert_false(calendar_has_year(&c, 2200));
    assert_int_equal(calendar_next(&c, 0), civil_days(2100, 2, 3) * DAY_S);
}

// Time of day: each second of two days, against the masks.
static void test_seconds(void **state)
{
    uint64_t x = 7;

    (void)state;
    for (int round = 0; round < 20; round++) {
        struct calendar c;
        int64_t next = INT64_MAX, base = civil_days(2026, 2, 27) * DAY_S;

        calendar_init(&c);
        c.seconds = (rnd(&x) & rnd(&x) & ((UINT64_C(1) << 60) - 1)) | UINT64_C(1) << rnd(&x) % 60;
        c.minutes = (rnd(&x) & rnd(&x) & rnd(&x) & ((UINT64_C(1) << 60) - 1)) | UINT64_C(1)
                                                                                    << rnd(&x) % 60;
        c.hours = ((uint32_t)(rnd(&x) & rnd(&x)) & 0xffffff) | 1U << rnd(&x) % 24;
        for (int64_t s = base + 2 * DAY_S - 1; s >= base; s--) {
            struct civil t = civil_at(s);

            if ((c.hours >> t.hour & 1) && (c.minutes >> t.minute & 1) &&
                (c.seconds >> t.second & 1))
                next = s;
            if (next != INT64_MAX && s % 7 == 0 && calendar_next(&c, s) != next)
                fail_msg("round %d, second %lld", round, (long long)(s - base));
        }
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_months),
        cmocka_unit_test(test_all),
        cmocka_unit_test(test_next),
        cmocka_unit_test(test_seconds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
