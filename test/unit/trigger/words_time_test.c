// words_time_test.c - the time of day in plain English.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/words_time.h"

#include "trigger/crontab.h"
#include "unit.h"

static void test_time(void **state)
{
    static const struct {
        const char *expr, *words;
        bool is_every_day, is_list;
    } rows[] = {
        {"30 2 * * *", "at 02:30", true, true},
        {"0 1,2,3,9 * * *", "at 01:00, 02:00, 03:00 and 09:00", true, true},
        {"0 1,2,3,4,9 * * *", "at minute 0 of hours 1 to 4 and 9", true, false},
        {"0 22-23,0-3 * * *", "every hour from 22:00 to 03:00", true, false},
        {"0 22-23,0-3 * * *", "every hour from 00:00 to 03:00 and from 22:00 to 23:00", false,
         false},
        {"0 22-23,0 * * *", "at 00:00, 22:00 and 23:00", true, true},
        {"0 20,22,0-3 * * *", "at minute 0 of hours 0 to 3, 20 and 22", true, false},
        {"*/30 9,11,13,15-16 * * *", "every 30 minutes in hours 9, 11, 13, 15 and 16", true, false},
        {"10-50/10 9,11,13,15-16 * * *",
         "every 10 minutes from minute 10 to 50 of hours 9, 11, 13, 15 and 16", true, false},
        {"59 59 23 * * *", "at 23:59:59", true, true},
        {"0-29 * * * * *", "every second from second 0 to 29 of every minute", true, false},
        {"1,3,4 1,3,4 9 * * *", "at seconds 1, 3 and 4 of minutes 1, 3 and 4 of hour 9", true,
         false},
        {"*/30 5-9 12 * * *", "every 30 seconds from 12:05:00 to 12:09:30", true, false},
        {"15/30 * 12-13 * * *", "every 30 seconds from 12:00:15 to 13:59:45", true, false},
        {"15/30 * * * * *", "every 30 seconds from 00:00:15 to 23:59:45", true, false},
        {"30 */20 8/6 * * *",
         "every 20 minutes from 08:00:30 to 08:40:30, from 14:00:30 to 14:40:30 and from 20:00:30 "
         "to 20:40:30",
         true, false},
        {"0 */20 */6 * * *", "every 20 minutes in hours 0, 6, 12 and 18", true, false},
        {"7 */20 */6 * * *", "at second 7 of minutes 0, 20 and 40 of hours 0, 6, 12 and 18", true,
         false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct calendar c;
        struct buf out;
        struct err e;

        assert_true(crontab_parse(str_of(rows[i].expr), &c, &e));
        buf_init(&out, 1000);
        assert_int_equal(words_time(&c, rows[i].is_every_day, &out), rows[i].is_list);
        assert_string_equal(buf_text(&out), rows[i].words);
        buf_done(&out);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_time)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
