// crontab_test.c - the crontab language.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/crontab.h"

#include "unit.h"

static void test_str(void **state)
{
    static const struct {
        const char *expr, *text;
    } rows[] = {
        {"30 2 * * mon-fri", "month='*', day='*', day_of_week='mon-fri', hour='2', minute='30'"},
        {"30 2 * * 1-5", "month='*', day='*', day_of_week='mon-fri', hour='2', minute='30'"},
        {"  */5\t*  * * *  ", "month='*', day='*', day_of_week='*', hour='*', minute='*/5'"},
        {"0 0 ? * 0,7,FRI-sun",
         "month='*', day='*', day_of_week='sun,sun,fri-sun', hour='0', minute='0'"},
        {"0 0 L,L-3,lw,15w * *",
         "month='*', day='L,L-3,LW,15W', day_of_week='*', hour='0', minute='0'"},
        {"0 0 * JAN-mar/2,6 5#2,5L,fri#l",
         "month='jan-mar/2,6', day='*', day_of_week='fri#2,fri#L,fri#L', hour='0', minute='0'"},
        {"0 0 * * 0-7/2", "month='*', day='*', day_of_week='*/2', hour='0', minute='0'"},
        {"5 4 3 2 1 0", "month='1', day='2', day_of_week='sun', hour='3', minute='4', second='5'"},
        {"5 4 3 2 1 0 2030",
         "year='2030', month='1', day='2', day_of_week='sun', hour='3', minute='4', second='5'"},
        {"@Daily", "month='*', day='*', day_of_week='*', hour='0', minute='0'"},
        {"@weekly", "month='*', day='*', day_of_week='sun', hour='0', minute='0'"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct calendar c;
        struct err e;
        struct buf out;

        buf_init(&out, 1000);
        if (!crontab_parse(str_of(rows[i].expr), &c, &e))
            fail_msg("%s: %s", rows[i].expr, e.message);
        crontab_str(str_of(rows[i].expr), &out);
        assert_string_equal(buf_text(&out), rows[i].text);
        buf_done(&out);
    }
}

static void test_masks(void **state)
{
    struct calendar c;
    struct err e;

    (void)state;
    assert_true(crontab_parse(STR_LIT("*/61 9-17 1,15 * 1/2"), &c, &e));
    assert_int_equal(c.minutes, 1);
    assert_int_equal(c.seconds, 1);
    assert_int_equal(c.hours, 0x3fe00);
    assert_int_equal(c.weekdays, 0x55); // mon, wed, fri, sun: a/n runs to 7
    assert_true(c.is_either && c.is_elapsed);
    assert_true(crontab_parse(STR_LIT("0 0 */2 * 1"), &c, &e));
    assert_false(c.is_either || c.is_elapsed);
    assert_true(crontab_parse(STR_LIT("0 0 1 * ?"), &c, &e));
    assert_false(c.is_either);
    assert_true(crontab_parse(STR_LIT("0 0 1 * 1-7"), &c, &e));
    assert_true(c.is_either);
    assert_int_equal(c.weekdays, 0x7f);
    assert_true(crontab_parse(STR_LIT("0 0 L-30,31W,LW * 6L"), &c, &e));
    assert_int_equal(c.last, 1 << 30);
    assert_int_equal(c.nearest, 0x80000000);
    assert_int_equal(c.last_nearest, 1);
    assert_int_equal(c.days, 0);
    assert_int_equal(c.weekdays, 0);
    assert_true(c.nth == UINT64_C(1) << (35 + 5));
    assert_true(crontab_parse(STR_LIT("* 0 0 * * *"), &c, &e));
    assert_true(c.is_elapsed);
}

static void test_refused(void **state)
{
    static const struct {
        const char *expr;
        int column;
        const char *message; // may be NULL
    } rows[] = {
        {"61 * * * *", 1, "minute must be 0-59, not \"61\""},
        {"0 0 * * 8", 9, "weekday must be 0-7, not \"8\""},
        {"0 24 * * *", 3, NULL},
        {"0  0 32 * *", 6, NULL},
        {"0 0 * janu *", 7, NULL},
        {"0 0 * DEC-JAN *", 7, "month has a range that runs backwards: \"DEC-JAN\""},
        {"0 0 * * fri-mon", 9, NULL},
        {"0 0 * * 5-0", 9, NULL},
        {"*/0 * * * *", 3, "minute cannot have a step of 0"},
        {"*/a * * * *", 3, NULL},
        {"1//2 * * * *", 3, NULL},
        {"1,,2 * * * *", 3, NULL},
        {"? * * * *", 1, NULL},
        {"* * * ? *", 7, NULL},
        {"* * ?/2 * *", 6, "day cannot have a step behind \"?\""},
        {"* * L-31 * *", 5, NULL},
        {"* * L-0 * *", 5, NULL},
        {"* * LL * *", 6, NULL},
        {"* * 15W-20 * *", 8, NULL},
        {"* * 29-L * *", 8, NULL},
        {"* * W * *", 5, NULL},
        {"* * * * 5#0", 11, NULL},
        {"* * * * 5#6", 11, NULL},
        {"* * * * 1#", 11, NULL},
        {"* * * * 1-2#2", 12, NULL},
        {"* * * * mon-FRIL", 13, NULL},
        {"* * * * 5L/3", 11, NULL},
        {"* * * * L", 9, NULL},
        {"* * * * L5", 9, NULL},
        {"* * * *", 1, "4 fields where 5 are needed"},
        {"", 1, "0 fields where 5 are needed"},
        {"* * * * * * * *", 15, "more than 7 fields"},
        {"@every 5m", 1, NULL},
        {"@", 1, NULL},
        {"0 0 0 1 1 * 1969", 13, NULL},
        {"0 0 0 1 1 * 2200", 13, NULL},
        {"\xc2\xb9 * * * *", 1, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct calendar c;
        struct err e = {0};

        if (crontab_parse(str_of(rows[i].expr), &c, &e))
            fail_msg("accepted %s", rows[i].expr);
        assert_int_equal(e.code, ERR_INPUT);
        assert_string_equal(e.field, "expr");
        if (e.column != rows[i].column)
            fail_msg("%s: column %d (%s)", rows[i].expr, e.column, e.message);
        if (rows[i].message)
            assert_string_equal(e.message, rows[i].message);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_str),
        cmocka_unit_test(test_masks),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
