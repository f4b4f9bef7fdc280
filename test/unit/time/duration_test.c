// duration_test.c - lengths of time, read and printed.
// SPDX-License-Identifier: Apache-2.0
#include "time/duration.h"

#include "unit.h"

static void test_parse(void **state)
{
    static const struct {
        const char *text;
        int64_t us; // -1: refused
        int column; // of the complaint
        const char *canonical;
    } rows[] = {
        {"90", 90 * SECOND_US, 0, "1m30s"},
        {"0", 0, 0, "0s"},
        {"1.5", 1500000, 0, "1s500ms"},
        {"5m", 5 * MINUTE_US, 0, "5m"},
        {"1h30m", 90 * MINUTE_US, 0, "1h30m"},
        {"1h 30m ", 90 * MINUTE_US, 0, "1h30m"},
        {"2W", 14 * DAY_US, 0, "14d"},
        {"1w2d3h4m5s6ms7us", 9 * DAY_US + 3 * HOUR_US + 4 * MINUTE_US + 5006007, 0,
         "9d3h4m5s6ms7us"},
        {"500ms", 500000, 0, "500ms"},
        {"1.5h", 90 * MINUTE_US, 0, "1h30m"},
        {"90m", 90 * MINUTE_US, 0, "1h30m"},
        {"100ms", 100000, 0, "100ms"},
        {"2h45m", 165 * MINUTE_US, 0, "2h45m"},
        {"1h15m30.918273645s", 75 * MINUTE_US + 30918273, 0, "1h15m30s918ms273us"},
        {"PT5M", 5 * MINUTE_US, 0, "5m"},
        {"P1W", 7 * DAY_US, 0, "7d"},
        {"P2DT3H4M5.5S", 2 * DAY_US + 3 * HOUR_US + 4 * MINUTE_US + 5500000, 0, "2d3h4m5s500ms"},
        {"pt0s", 0, 0, "0s"},
        {"0.0000019", 1, 0, "1us"},
        {"106751991d", 106751991 * DAY_US, 0, "106751991d"},
        {"", -1, 1, NULL},
        {"-5", -1, 1, NULL},
        {"m", -1, 1, NULL},
        {"5x", -1, 2, NULL},
        {"5m1h", -1, 4, NULL},
        {"5m5m", -1, 4, NULL},
        {"1.5h30m", -1, 5, NULL},
        {"5.", -1, 3, NULL},
        {"P", -1, 2, NULL},
        {"PT", -1, 3, NULL},
        {"P1", -1, 3, NULL},
        {"P1H", -1, 3, NULL},
        {"PT1D", -1, 4, NULL},
        {"P1Y", -1, 3, NULL},
        {"106751992d", -1, 11, NULL},
        {"99999999999999999999", -1, 19, NULL},
        {"9223372036854s9223372036854ms", -1, 0, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t us = -1;
        struct err e = {0};
        struct buf out;

        buf_init(&out, 100);
        if (duration_parse(str_of(rows[i].text), "grace", &us, &e)) {
            duration_write(us, &out);
            if (rows[i].canonical)
                assert_string_equal(buf_text(&out), rows[i].canonical);
        } else {
            assert_int_equal(e.code, ERR_INPUT);
            assert_string_equal(e.field, "grace");
            if (rows[i].column)
                assert_int_equal(e.column, rows[i].column);
        }
        if (rows[i].column || rows[i].canonical)
            assert_int_equal(us, rows[i].us);
        buf_done(&out);
    }
}

static void test_zero_byte(void **state)
{
    int64_t us = -1;
    struct err e;

    (void)state;
    assert_false(duration_parse(STR_LIT("PT\0DT"), "grace", &us, &e));
    assert_int_equal(e.column, 3);
    assert_false(duration_parse(STR_LIT("PT5M\0"), "grace", &us, &e));
    assert_int_equal(e.column, 5);
    assert_false(duration_parse(STR_LIT("5m\0"), "grace", &us, &e));
    assert_int_equal(us, -1);
}

static void test_python(void **state)
{
    static const struct {
        int64_t us;
        const char *text;
    } rows[] = {
        {15 * SECOND_US, "0:00:15"},
        {0, "0:00:00"},
        {HOUR_US, "1:00:00"},
        {DAY_US, "1 day, 0:00:00"},
        {2 * DAY_US + 3 * HOUR_US, "2 days, 3:00:00"},
        {500000, "0:00:00.500000"},
        {14 * DAY_US + HOUR_US, "14 days, 1:00:00"},
        {-1, "-1 day, 23:59:59.999999"},
        {-2 * DAY_US, "-2 days, 0:00:00"},
        {23 * HOUR_US + 59 * MINUTE_US + 59999999, "23:59:59.999999"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out;

        buf_init(&out, 100);
        duration_python(rows[i].us, &out);
        assert_string_equal(buf_text(&out), rows[i].text);
        buf_done(&out);
    }
}

static void test_about(void **state)
{
    static const struct {
        int64_t us;
        const char *text;
    } rows[] = {
        {0, "0s"},
        {41 * SECOND_US, "41s"},
        {60 * SECOND_US, "1m"},
        {72 * SECOND_US, "1m 12s"},
        {13 * HOUR_US + 25 * MINUTE_US + 59 * SECOND_US, "13h 25m"},
        {3 * HOUR_US, "3h"},
        {37 * HOUR_US, "1d 13h"},
        {48 * HOUR_US, "2d"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out;

        buf_init(&out, 100);
        duration_about(rows[i].us, &out);
        assert_string_equal(buf_text(&out), rows[i].text);
        buf_done(&out);
    }
}

// What is written is read back to the same value.
static void test_round_trip(void **state)
{
    uint64_t x = 88172645463325252;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        struct buf out;
        struct err e;
        int64_t us, back;

        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        us = (int64_t)(x >> (1 + i % 60));
        buf_init(&out, 100);
        duration_write(us, &out);
        assert_true(duration_parse(buf_str(&out), NULL, &back, &e));
        assert_int_equal(back, us);
        buf_done(&out);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),      cmocka_unit_test(test_zero_byte),
        cmocka_unit_test(test_python),     cmocka_unit_test(test_about),
        cmocka_unit_test(test_round_trip),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
