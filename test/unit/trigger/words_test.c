// words_test.c - schedules in plain English.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/words.h"

#include <stdlib.h>

#include "random_expr.h"
#include "time/duration.h"
#include "trigger/crontab.h"
#include "trigger_fixture.h"

static void words_of(const char *expr, struct buf *out)
{
    struct calendar c;
    struct err e;

    if (!crontab_parse(str_of(expr), &c, &e))
        fail_msg("%s: %s", expr, e.message);
    buf_clear(out);
    words_calendar(&c, out);
}

// What is said, and the moments that a person would expect who reads it, from Thursday 2026-01-15
// 10:00 UTC on.
static const struct {
    const char *expr, *words, *times[6];
} senses[] = {
    {"* * * * *", "every minute", {"2026-01-15 10:01", "2026-01-15 10:02"}},
    {"*/5 * * * *", "every 5 minutes", {"2026-01-15 10:05", "2026-01-15 10:10"}},
    {"3/5 * * * *",
     "every 5 minutes from 00:03 to 23:58",
     {"2026-01-15 10:03", "2026-01-15 10:08"}},
    {"0 * * * *", "every hour", {"2026-01-15 11:00", "2026-01-15 12:00"}},
    {"15 * * * *", "at minute 15 of every hour", {"2026-01-15 10:15", "2026-01-15 11:15"}},
    {"0 */2 * * *", "every 2 hours", {"2026-01-15 12:00", "2026-01-15 14:00"}},
    {"30 1-23/2 * * *",
     "every 2 hours from 01:30 to 23:30",
     {"2026-01-15 11:30", "2026-01-15 13:30"}},
    {"0 */5 * * *",
     "every 5 hours from 00:00 to 20:00",
     {"2026-01-15 15:00", "2026-01-15 20:00", "2026-01-16 00:00", "2026-01-16 05:00"}},
    {"0 9-17 * * *",
     "every hour from 09:00 to 17:00",
     {"2026-01-15 11:00", "2026-01-15 12:00", "2026-01-15 13:00"}},
    {"*/5 9-17 * * 1",
     "every 5 minutes from 09:00 to 17:55 on Mondays",
     {"2026-01-19 09:00", "2026-01-19 09:05"}},
    {"*/20 9-10,16 * * *",
     "every 20 minutes from 09:00 to 10:40 and from 16:00 to 16:40",
     {"2026-01-15 10:20", "2026-01-15 10:40", "2026-01-15 16:00", "2026-01-15 16:20"}},
    {"*/30 22-23,0-1 * * *",
     "every 30 minutes from 22:00 to 01:30",
     {"2026-01-15 22:00", "2026-01-15 22:30", "2026-01-15 23:00", "2026-01-15 23:30",
      "2026-01-16 00:00", "2026-01-16 00:30"}},
    {"*/30 22-23,0-1 * * 5", // Friday's first hours and its last
     "every 30 minutes from 00:00 to 01:30 and from 22:00 to 23:30 on Fridays",
     {"2026-01-16 00:00", "2026-01-16 00:30", "2026-01-16 01:00", "2026-01-16 01:30",
      "2026-01-16 22:00"}},
    {"*/7 2 * * *",
     "every 7 minutes from 02:00 to 02:56",
     {"2026-01-16 02:00", "2026-01-16 02:07"}},
    {"*/35 * * * *",
     "at minutes 0 and 35 of every hour",
     {"2026-01-15 10:35", "2026-01-15 11:00", "2026-01-15 11:35"}},
    {"*/7 */3 * * *",
     "every 7 minutes from minute 0 to 56 of every 3rd hour from 0 to 21",
     {"2026-01-15 12:00", "2026-01-15 12:07"}},
    {"*/15 1,9,23 * * *",
     "every 15 minutes from 01:00 to 01:45, from 09:00 to 09:45 and from 23:00 to 23:45",
     {"2026-01-15 23:00"}},
    {"*/15 1,3,9,11 * * *",
     "every 15 minutes in hours 1, 3, 9 and 11",
     {"2026-01-15 11:00", "2026-01-15 11:15", "2026-01-15 11:30", "2026-01-15 11:45",
      "2026-01-16 01:00"}},
    {"1,2,9 1,2,9 * * *",
     "at minutes 1, 2 and 9 of hours 1, 2 and 9",
     {"2026-01-16 01:01", "2026-01-16 01:02", "2026-01-16 01:09", "2026-01-16 02:01"}},
    {"0 1,5-9 * * *",
     "at minute 0 of hours 1 and 5 to 9",
     {"2026-01-16 01:00", "2026-01-16 05:00"}},
    {"30 2 * * *", "at 02:30 every day", {"2026-01-16 02:30", "2026-01-17 02:30"}},
    {"0,30 2,14 * * *",
     "at 02:00, 02:30, 14:00 and 14:30 every day",
     {"2026-01-15 14:00", "2026-01-15 14:30", "2026-01-16 02:00"}},
    {"30 2 * * 1-5", "at 02:30 on weekdays", {"2026-01-16 02:30", "2026-01-19 02:30"}},
    {"30 2 * * 6,0", "at 02:30 on weekends", {"2026-01-17 02:30", "2026-01-18 02:30"}},
    {"30 2 * * 1,3,5",
     "at 02:30 on Mondays, Wednesdays and Fridays",
     {"2026-01-16 02:30", "2026-01-19 02:30", "2026-01-21 02:30"}},
    {"30 2 * * 2,3",
     "at 02:30 on Tuesdays and Wednesdays",
     {"2026-01-20 02:30", "2026-01-21 02:30", "2026-01-27 02:30"}},
    {"30 2 * * 5,6,0,1",
     "at 02:30 on Fridays to Mondays",
     {"2026-01-16 02:30", "2026-01-17 02:30", "2026-01-18 02:30", "2026-01-19 02:30",
      "2026-01-23 02:30"}},
    {"0 0 1 * *", "at 00:00 on day 1 of the month", {"2026-02-01 00:00", "2026-03-01 00:00"}},
    {"0 0 1,15 * *",
     "at 00:00 on days 1 and 15 of the month",
     {"2026-02-01 00:00", "2026-02-15 00:00"}},
    {"0 0 2/2 * *",
     "at 00:00 on every 2nd day from 2 to 30 of the month",
     {"2026-01-16 00:00", "2026-01-18 00:00"}},
    {"0 0 13 * FRI",
     "at 00:00 on day 13 of the month or on Fridays",
     {"2026-01-16 00:00", "2026-01-23 00:00", "2026-01-30 00:00", "2026-02-06 00:00",
      "2026-02-13 00:00", "2026-02-20 00:00"}},
    {"0 0 13 2 FRI",
     "at 00:00 on day 13 of the month or on Fridays, only in February",
     {"2026-02-06 00:00", "2026-02-13 00:00", "2026-02-20 00:00", "2026-02-27 00:00",
      "2027-02-05 00:00"}},
    {"0 0 */15 * MON",
     "at 00:00 on days 1, 16 and 31 of the month, but only on Mondays",
     {"2026-02-16 00:00", "2026-03-16 00:00", "2026-06-01 00:00"}},
    {"0 0 L * *",
     "at 00:00 on the last day of the month",
     {"2026-01-31 00:00", "2026-02-28 00:00"}},
    {"0 0 L-3,LW,15W * *",
     "at 00:00 on the 3rd day before the last day, the working day nearest to day 15 and the last "
     "working day of the month",
     {"2026-01-28 00:00", "2026-01-30 00:00", "2026-02-16 00:00", "2026-02-25 00:00",
      "2026-02-27 00:00"}},
    {"0 0 * * 5#2,5L",
     "at 00:00 on the second Friday and the last Friday of the month",
     {"2026-01-30 00:00", "2026-02-13 00:00", "2026-02-27 00:00"}},
    {"0 0 * * MON,5L",
     "at 00:00 on Mondays and the last Friday of the month",
     {"2026-01-19 00:00", "2026-01-26 00:00", "2026-01-30 00:00"}},
    {"0 0 1 1 *", "at 00:00 on 1 January", {"2027-01-01 00:00", "2028-01-01 00:00"}},
    {"0 0 1 1,6-8 *",
     "at 00:00 on day 1 of January and June to August",
     {"2026-06-01 00:00", "2026-07-01 00:00", "2026-08-01 00:00", "2027-01-01 00:00"}},
    {"0 0 L 2,11,12,1 *",
     "at 00:00 on the last day of November to February",
     {"2026-01-31 00:00", "2026-02-28 00:00", "2026-11-30 00:00", "2026-12-31 00:00"}},
    {"0 0 * */2 1#1",
     "at 00:00 on the first Monday of every 2nd month from January to November",
     {"2026-03-02 00:00", "2026-05-04 00:00"}},
    {"0 12 * 7 *", "at 12:00 every day in July", {"2026-07-01 12:00", "2026-07-02 12:00"}},
    {"0 0 0 1 1 * 2030-2032,2040",
     "at 00:00 on 1 January in 2030 to 2032 and 2040",
     {"2030-01-01 00:00", "2031-01-01 00:00", "2032-01-01 00:00", "2040-01-01 00:00"}},
    {"0 0 0 1 1 * 2030/1",
     "at 00:00 on 1 January in 2030 and later",
     {"2030-01-01 00:00", "2031-01-01 00:00"}},
    {"0 0 0 1 1 * 2027-2037/2",
     "at 00:00 on 1 January in every 2nd year from 2027 to 2037",
     {"2027-01-01 00:00", "2029-01-01 00:00"}},
    {"0 0 0 1 1 * */4",
     "at 00:00 on 1 January in every 4th year from 1970",
     {"2030-01-01 00:00", "2034-01-01 00:00"}},
    {"* * * * * *", "every second", {"2026-01-15 10:00:01", "2026-01-15 10:00:02"}},
    {"*/10 * * * * *", "every 10 seconds", {"2026-01-15 10:00:10", "2026-01-15 10:00:20"}},
    {"5 * * * * *", "at second 5 of every minute", {"2026-01-15 10:00:05", "2026-01-15 10:01:05"}},
    {"5 */15 9-17 * * *",
     "every 15 minutes from 09:00:05 to 17:45:05",
     {"2026-01-15 10:00:05", "2026-01-15 10:15:05"}},
    {"5 30 * * * *",
     "every hour from 00:30:05 to 23:30:05",
     {"2026-01-15 10:30:05", "2026-01-15 11:30:05"}},
    {"5 0 2 * * *", "at 02:00:05 every day", {"2026-01-16 02:00:05"}},
    {"*/10 5 2 * * *",
     "every 10 seconds from 02:05:00 to 02:05:50",
     {"2026-01-16 02:05:00", "2026-01-16 02:05:10"}},
    {"*/7 5 2 * * *",
     "every 7 seconds from 02:05:00 to 02:05:56",
     {"2026-01-16 02:05:00", "2026-01-16 02:05:07"}},
    {"*/7 * * * * *",
     "every 7 seconds from second 0 to 56 of every minute",
     {"2026-01-15 10:00:07", "2026-01-15 10:00:14"}},
    {"1,8 * 9,12,15,18 * * *",
     "at seconds 1 and 8 of every minute of hours 9, 12, 15 and 18",
     {"2026-01-15 12:00:01", "2026-01-15 12:00:08", "2026-01-15 12:01:01"}},
    {"*/20 10,40 * * * *",
     "every 20 seconds in minutes 10 and 40 of every hour",
     {"2026-01-15 10:10:00", "2026-01-15 10:10:20", "2026-01-15 10:10:40", "2026-01-15 10:40:00"}},
    {"0 30 12 ? * MON-FRI",
     "at 12:30 on weekdays",
     {"2026-01-15 12:30", "2026-01-16 12:30", "2026-01-19 12:30"}},
};

static void test_calendar(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, 1000);
    for (size_t i = 0; i < COUNT(senses); i++) {
        words_of(senses[i].expr, &out);
        assert_string_equal(buf_text(&out), senses[i].words);
    }
    buf_done(&out);
}

static void test_sense(void **state)
{
    struct zones *zones = zones_new(ZONE_DIR);

    (void)state;
    for (size_t i = 0; i < COUNT(senses); i++) {
        struct trigger *t = trigger_good(zones, senses[i].expr, "UTC");
        wall at = at_of(zones, "2026-01-15 10:00");

        assert_non_null(senses[i].times[0]);
        for (size_t k = 0; k < COUNT(senses[i].times) && senses[i].times[k]; k++) {
            at = trigger_next(t, at);
            if (at.us != at_of(zones, senses[i].times[k]).us)
                fail_msg("%s: not at %s", senses[i].words, senses[i].times[k]);
        }
        trigger_free(t);
    }
    zones_free(zones);
}

// What crontab text cannot say.
static void test_specs(void **state)
{
    static const struct {
        const char *spec, *words;
    } rows[] = {
        {"{'type':'cron','day':'1,15,last','day_of_week':'thu','hour':9}",
         "at 09:00 on days 1 and 15 and the last day of the month, but only on Thursdays, UTC"},
        {"{'type':'cron','day':'1st mon,3rd fri','hour':9}",
         "at 09:00 on the first Monday and the third Friday of the month, UTC"},
        {"{'type':'cron','month':'jan,jul','day':'1st mon','hour':9}",
         "at 09:00 on the first Monday of January and July, UTC"},
        {"{'type':'cron','week':1,'hour':9}", "at 09:00 every day in ISO week 1, UTC"},
        {"{'type':'cron','week':'*/10','day_of_week':0,'hour':9}",
         "at 09:00 on Mondays in every 10th ISO week from 1 to 51, UTC"},
        {"{'type':'cron','week':53,'hour':9,'month':'dec'}",
         "at 09:00 every day in December in ISO week 53, UTC"},
        {"{'type':'cron','year':2030}", "at 00:00 on 1 January in 2030, UTC"},
        {"{'type':'cron','hour':9,'start_date':'2027-01-01','end_date':'2027-12-31'}",
         "at 09:00 every day, UTC, from 2027-01-01 00:00:00 UTC, until 2027-12-31 00:00:00 UTC"},
        {"{'type':'cron','hour':9,'start_date':'2027-01-01','max_runs':5,'dst':'utc'}",
         "at 09:00 every day, UTC, from 2027-01-01 00:00:00 UTC, 5 times"},
        {"{'type':'cron','hour':9,'jitter':90}", "at 09:00 every day, UTC, up to 90 seconds later"},
        {"{'type':'interval','minutes':5}", "every 5 minutes"},
        {"{'type':'interval','days':2,'start_date':'2026-02-01 09:00'}",
         "every 2 days from 2026-02-01 09:00:00 UTC"},
        {"{'type':'date','run_date':'2026-02-01 09:00'}", "once at 2026-02-01 09:00:00 UTC"},
        {"{'type':'after','delay':'5m'}", "5 minutes after the end of the run before"},
    };
    struct zones *zones = zones_new(ZONE_DIR);
    struct buf out;

    (void)state;
    buf_init(&out, 1000);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct trigger *t = trigger_quoted(zones, rows[i].spec, "UTC");

        buf_clear(&out);
        trigger_words(t, &out);
        assert_string_equal(buf_text(&out), rows[i].words);
        trigger_free(t);
    }
    buf_done(&out);
    zones_free(zones);
}

static bool is_same(const struct calendar *a, const struct calendar *b)
{
    if (a->seconds != b->seconds || a->minutes != b->minutes || a->hours != b->hours ||
        memcmp(a->years, b->years, sizeof a->years) != 0)
        return false;
    for (int year = 2020; year < 2048; year++)
        for (int month = 1; month <= 12; month++)
            if ((a->months >> month & 1 ? calendar_month(a, year, month) : 0) !=
                (b->months >> month & 1 ? calendar_month(b, year, month) : 0))
                return false;
    return true;
}

#define RANDOM_COUNT 4000

struct said {
    char *words;
    struct calendar c;
};

static int said_cmp(const void *a, const void *b)
{
    return strcmp(((const struct said *)a)->words, ((const struct said *)b)->words);
}

// The same words never stand for different times.
static void test_exact(void **state)
{
    static struct said said[RANDOM_COUNT];
    struct rand_seq r;
    struct buf out;
    int same = 0;

    (void)state;
    rand_seq_init(&r, 42);
    buf_init(&out, 4000);
    for (int i = 0; i < RANDOM_COUNT; i++) {
        char expr[256];
        struct err e;

        expr_random(&r, expr, sizeof expr);
        assert_true(crontab_parse(str_of(expr), &said[i].c, &e));
        buf_clear(&out);
        words_calendar(&said[i].c, &out);
        assert_true(out.len > 0 && !out.is_full);
        said[i].words = str_own(buf_str(&out));
    }
    buf_done(&out);
    qsort(said, RANDOM_COUNT, sizeof *said, said_cmp);
    for (int i = 1; i < RANDOM_COUNT; i++) {
        if (strcmp(said[i - 1].words, said[i].words) != 0)
            continue;
        same++;
        if (!is_same(&said[i - 1].c, &said[i].c))
            fail_msg("said of different times: %s", said[i].words);
    }
    assert_true(same > 500);
    for (int i = 0; i < RANDOM_COUNT; i++)
        free(said[i].words);
}

static void test_weekdays(void **state)
{
    static const struct {
        const char *expr, *words;
    } rows[] = {
        {"0 0 * * 1-5", "weekdays"},
        {"0 0 * * 6,0", "weekends"},
        {"0 0 * * 2-6", "Tuesdays to Saturdays"},
        {"0 0 * * 5#2", "the second Friday"},
        {"0 0 * * 1,5L", "Mondays and the last Friday"},
    };
    struct buf out;

    (void)state;
    buf_init(&out, 200);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct calendar c;
        struct err e;

        assert_true(crontab_parse(str_of(rows[i].expr), &c, &e));
        buf_clear(&out);
        words_weekdays(&c, &out);
        assert_string_equal(buf_text(&out), rows[i].words);
    }
    buf_done(&out);
}

static void test_length(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, 100);
    words_length(HOUR_US, &out);
    assert_string_equal(buf_text(&out), "1 hour");
    buf_clear(&out);
    words_length(DAY_US + 1, &out);
    assert_string_equal(buf_text(&out), "1 day and 0.000001 seconds");
    buf_done(&out);
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
        {7 * DAY_US, "every week"},
        {90 * MINUTE_US, "every 90 minutes"},
        {36 * HOUR_US, "every 36 hours"},
        {100 * MINUTE_US, "every 1 hour and 40 minutes"},
        {1000 * HOUR_US, "every 41 days and 16 hours"},
        {DAY_US + 2 * HOUR_US + SECOND_US / 2, "every 1 day, 2 hours and 0.5 seconds"},
        {500000, "every 0.5 seconds"},
        {61 * SECOND_US, "every 61 seconds"},
        {3601 * SECOND_US, "every 1 hour and 1 second"},
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

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calendar), cmocka_unit_test(test_sense),
        cmocka_unit_test(test_specs),    cmocka_unit_test(test_exact),
        cmocka_unit_test(test_weekdays), cmocka_unit_test(test_length),
        cmocka_unit_test(test_interval),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
