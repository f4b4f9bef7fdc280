// recur_days_test.c - the days of recurrence rules, against looking at each day by itself.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/recur_days.h"

#include "recur_fixture.h"

static struct recur random_rule(uint64_t *x, char *text)
{
    static const int freqs[] = {RECUR_YEARLY, RECUR_YEARLY, RECUR_MONTHLY,
                                RECUR_WEEKLY, RECUR_DAILY,  RECUR_HOURLY};
    int freq = freqs[below(x, 6)];

    snprintf(text, 500, "FREQ=%s", recur_freq_names[freq]);
    random_days(x, text, freq);
    return recur_good(text, local_of("20260313T093005") + below(x, 1000) * DAY_S);
}

static void test_months(void **state)
{
    char text[500];
    uint64_t x = 20260101;

    (void)state;
    for (int round = 0; round < 3000; round++) {
        struct recur rule = random_rule(&x, text);
        int year = 1990 + below(&x, 60), month = 1 + below(&x, 12);
        uint32_t days = recur_days(&rule, year, month);

        assert_int_equal(days & 1, 0);
        for (int day = 1; day <= 31; day++) {
            bool want = day <= civil_month_days(year, month) &&
                        day_matches(&rule, civil_days(year, month, day));

            if ((days >> day & 1) != want)
                fail_msg("%s: %d-%02d-%02d", text, year, month, day);
        }
    }
}

static void test_walk(void **state)
{
    char text[500];
    uint64_t x = 2445;

    (void)state;
    for (int round = 0; round < 300; round++) {
        struct recur rule = random_rule(&x, text);
        int64_t first = civil_days(2020, 1, 1) + below(&x, 4000), end = first + below(&x, 800);
        int64_t count = 0, next = recur_day_next(&rule, first);

        for (int64_t day = first; day < end; day++) {
            if (!day_matches(&rule, day)) {
                assert_int_not_equal(next, day);
                continue;
            }
            if (next != day)
                fail_msg("%s: day %lld", text, (long long)day);
            assert_int_equal(recur_day_at(&rule, first, count), day);
            count++;
            next = recur_day_next(&rule, day + 1);
        }
        assert_int_equal(recur_day_count(&rule, first, end), count);
    }
}

static void test_end(void **state)
{
    struct recur rule = recur_good("FREQ=DAILY", 0);
    struct recur never = recur_good("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", 0);

    (void)state;
    assert_int_equal(recur_last_day(), civil_days(2199, 12, 31));
    assert_int_equal(recur_day_next(&rule, recur_last_day()), recur_last_day());
    assert_true(recur_day_next(&rule, recur_last_day() + 1) == RECUR_NEVER);
    assert_true(recur_day_next(&never, -100000) == RECUR_NEVER);
}

static void check_periods(const struct recur *rule, const char *first, int64_t length)
{
    int64_t day = local_of(first) / DAY_S, period = recur_period(rule, day);

    assert_int_equal(recur_period_start(rule, period), day);
    assert_int_equal(recur_period_start(rule, period + 1), day + length);
    assert_int_equal(recur_period(rule, day + length - 1), period);
    assert_int_equal(recur_period(rule, day - 1), period - 1);
    assert_int_equal(recur_period(rule, day + length), period + 1);
}

static void test_periods(void **state)
{
    struct recur rule = recur_good("FREQ=YEARLY", 0);

    (void)state;
    check_periods(&rule, "20240101", 366);
    rule = recur_good("FREQ=YEARLY;BYWEEKNO=1", 0);
    check_periods(&rule, "20251229", 53 * 7); // 2026 has 53 weeks
    check_periods(&rule, "20270104", 52 * 7);
    rule = recur_good("FREQ=YEARLY;BYWEEKNO=1;WKST=SU", 0);
    check_periods(&rule, "20260104", 52 * 7);
    rule = recur_good("FREQ=MONTHLY", 0);
    check_periods(&rule, "20240201", 29);
    check_periods(&rule, "19691201", 31);
    rule = recur_good("FREQ=WEEKLY", 0);
    check_periods(&rule, "20260105", 7);
    check_periods(&rule, "19691229", 7);
    rule = recur_good("FREQ=WEEKLY;WKST=TH", 0);
    check_periods(&rule, "20260101", 7);
    rule = recur_good("FREQ=HOURLY", 0);
    check_periods(&rule, "20260101", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_months),
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_end),
        cmocka_unit_test(test_periods),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
