// words_fraction_test.c - slots between two seconds in plain English.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/words_fraction.h"

#include <stdlib.h>

#include "trigger/oncalendar.h"
#include "unit.h"

static void test_words(void **state)
{
    static const struct {
        const char *expr, *words;
    } rows[] = {
        {"*:*:0/0.25", "every 0.25 seconds"},
        {"Mon *:*:0/1.5", "every 1.5 seconds on Mondays"},
        {"*:*:0/7.7", "every minute, every 7.7 seconds from second 0 to 53.9 of the minute"},
        {"0..9:*:0/2.5",
         "every minute from 00:00 to 09:59, every 2.5 seconds from second 0 to 57.5 "
         "of the minute"},
        {"*:*:0.5..3", "every minute, every second from second 0.5 to 2.5 of the minute"},
        {"*:*:7.5,30", "every minute, at seconds 7.5 and 30 of the minute"},
        {"12:0:0.5", "at 12:00 every day, at second 0.5 of the minute"},
        {"*-1-1 0:0:59.999999,1.000001,2",
         "at 00:00 on 1 January, at seconds 59.999999, 1.000001 and 2 of the "
         "minute"},
        {"0:0:0/0.5,30,5..9/2",
         "at 00:00 every day, at second 30 and every 0.5 seconds from second "
         "0 to 59.5 and every 2 seconds from second 5 to 9 of the minute"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct oncalendar o;
        struct buf out;
        struct err e;

        assert_true(oncalendar_parse(str_of(rows[i].expr), &o, &e));
        assert_non_null(o.fractions);
        buf_init(&out, 1000);
        words_fractions(o.fractions, &out);
        assert_string_equal(buf_text(&out), rows[i].words);
        buf_done(&out);
        free(o.fractions);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_words)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
