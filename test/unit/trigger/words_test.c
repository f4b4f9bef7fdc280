// words_test.c - schedules in plain English.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/words.h"

#include "time/duration.h"
#include "trigger/crontab.h"
#include "unit.h"

static void test_calendar(void **state)
{
    static const struct {
        const char *expr, *words;
    } rows[] = {
        {"* * * * *", "every minute"},
        {"*/5 * * * *", "every 5 minutes"},
        {"0 * * * *", "every hour"},
        {"0 */2 * * *", "every 2 hours"},
        {"0 9-17 * * *", "every hour from 09:00 to 17:00"},
        {"15 * * * *", "at minute 15 of every hour"},
        {"*/5 9-17 * * 1-5", "every 5 minutes from 09:00 to 17:59 on weekdays"},
        {"*/7 */3 * * *", "at minutes 0, 7, 14, 21, 28, 35, 42, 49 and 56 in every 3rd hour"},
        {"30 2 * * *", "at 02:30 every day"},
        {"0,30 2,14 * * *", "at 02:00, 02:30, 14:00 and 14:30 every day"},
        {"30 2 * * 1-5", "at 02:30 on weekdays"},
        {"30 2 * * 6,0", "at 02:30 on weekends"},
        {"30 2 * * 1,3,5", "at 02:30 on Mondays, Wednesdays and Fridays"},
        {"30 2 * * 1-4", "at 02:30 on Mondays to Thursdays"},
        {"30 2 * * 2,3", "at 02:30 on Tuesdays and Wednesdays"},
        {"0 0 1 * *", "at 00:00 on day 1 of the month"},
        {"0 0 1,15 * *", "at 00:00 on days 1 and 15 of the month"},
        {"0 0 1-7 * MON", "at 00:00 on days 1 to 7 of the month or on Mondays"},
        {"0 0 */2 * MON", "at 00:00 on days 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29 "
                          "and 31 of the month, but only on "
                          "Mondays"},
        {"0 0 L * *", "at 00:00 on the last day of the month"},
        {"0 0 L-3,LW,15W * *",
         "at 00:00 3 days before the last day of the month and on the working "
         "day nearest to day 15 of the month and on the last working day of "
         "the month"},
        {"0 0 * * 5#2,5L",
         "at 00:00 on the second Friday of the month and on the last Friday of the month"},
        {"0 0 1 1,6-8 *", "at 00:00 on day 1 of the month in January and June to August"},
        {"0 0 0 1 1 * 2030-2032,2040",
         "at 00:00 on day 1 of the month in January in 2030 to 2032, 2040"},
        {"0 0 0 1 1 * 2030/1", "at 00:00 on day 1 of the month in January in 2030 and later"},
        {"* * * * * *", "every second"},
        {"*/10 * * * * *", "every 10 seconds"},
        {"5 * * * * *", "at second 5 of every minute"},
        {"5 0 2 * * *", "at 02:00:05 every day"},
        {"*/10 5 2 * * *", "every 10 seconds in minute 5 from 02:00 to 02:59"},
        {"*/20 * 1,9 * * *", "every 20 seconds in hours 1 and 9"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct calendar c;
        struct buf out;
        struct err e;

        assert_true(crontab_parse(str_of(rows[i].expr), &c, &e));
        buf_init(&out, 1000);
        words_calendar(&c, &out);
        assert_string_equal(buf_text(&out), rows[i].words);
        buf_done(&out);
    }
}

static void test_interval(void **state)
{
    static const struct {
        int64_t us;
        const char *words;
    } rows[] = {
        {5 * MINUTE_US, "every 5 minutes"},
        {DAY_US, "every day"},
        {HOUR_US, "every hour"},
        {14 * DAY_US, "every 2 weeks"},
        {10 * DAY_US, "every 10 days"},
        {90 * MINUTE_US, "every 1 hour and 30 minutes"},
        {500000, "every 0.5 seconds"},
        {61 * SECOND_US, "every 1 minute and 1 second"},
        {1, "every 0.000001 seconds"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out;

        buf_init(&out, 1000);
        words_interval(rows[i].us, &out);
        assert_string_equal(buf_text(&out), rows[i].words);
        buf_done(&out);
    }
}

static void say(int value, struct buf *out)
{
    buf_printf(out, "<%d>", value);
}

static void test_parts(void **state)
{
    struct calendar c;
    struct buf out;

    (void)state;
    buf_init(&out, 200);
    calendar_init(&c);
    c.hours = 1 << 9 | 1 << 17;
    c.minutes = 1;
    c.seconds = 1;
    c.weekdays = 1;
    words_times(&c, &out);
    assert_string_equal(buf_text(&out), "at 09:00 and 17:00");
    buf_clear(&out);
    words_list(1 << 1 | 7 << 3 | 1 << 9, say, &out);
    assert_string_equal(buf_text(&out), "<1>, <3> to <5> and <9>");
    assert_string_equal(words_month(1), "January");
    assert_string_equal(words_weekday(6), "Sunday");
    buf_done(&out);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calendar),
        cmocka_unit_test(test_interval),
        cmocka_unit_test(test_parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
