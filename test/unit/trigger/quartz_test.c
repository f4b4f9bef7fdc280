// quartz_test.c - the cron language of Quartz.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/quartz.h"

#include "unit.h"

static void test_str(void **state)
{
    static const struct {
        const char *expr, *text;
    } rows[] = {
        {"0 0 12 ? * MON-FRI",
         "month='*', day='?', day_of_week='mon-fri', hour='12', minute='0', second='0'"},
        {" 0/15\t/20 22-2  1,L * ? 2030/2 ",
         "year='2030/2', month='*', day='1,L', day_of_week='?', hour='22-2', minute='0/20', "
         "second='0/15'"},
        {"0 0 0 ? nov-FEB/2 6-2/2",
         "month='nov-feb/2', day='?', day_of_week='fri-mon/2', hour='0', minute='0', second='0'"},
        {"0 0 0 lw,L-0,L-3W,15w 11-2 ?",
         "month='11-2', day='LW,L,L-3W,15W', day_of_week='?', hour='0', minute='0', second='0'"},
        {"0 0 0 ? * L", "month='*', day='?', day_of_week='sat', hour='0', minute='0', second='0'"},
        {"0 0 0 ? * fril",
         "month='*', day='?', day_of_week='friL', hour='0', minute='0', second='0'"},
        {"0 0 0 ? * 2,6#3",
         "month='*', day='?', day_of_week='mon,fri#3', hour='0', minute='0', second='0'"},
        {"* * * ? * *", "month='*', day='?', day_of_week='*', hour='*', minute='*', second='*'"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct calendar c;
        struct err e;
        struct buf out;

        buf_init(&out, 1000);
        if (!quartz_parse(str_of(rows[i].expr), &c, &e))
            fail_msg("%s: %s", rows[i].expr, e.message);
        quartz_str(str_of(rows[i].expr), &out);
        assert_string_equal(buf_text(&out), rows[i].text);
        buf_done(&out);
    }
}

static void test_masks(void **state)
{
    struct calendar c;
    struct err e;

    (void)state;
    assert_true(quartz_parse(STR_LIT("50-10/7 0/59 22-2/3 28-3 NOV-MAR/2 ?"), &c, &e));
    assert_true(c.seconds == (UINT64_C(1) << 50 | UINT64_C(1) << 57 | 1 << 4));
    assert_true(c.minutes == (UINT64_C(1) << 59 | 1));
    assert_int_equal(c.hours, 1 << 22 | 1 << 1);
    assert_int_equal(c.days, 0xf000000e);
    assert_int_equal(c.months, 1 << 11 | 1 << 1 | 1 << 3);
    assert_int_equal(c.weekdays, 0x7f);
    assert_false(c.is_either || c.is_elapsed);
    assert_true(quartz_parse(STR_LIT("* 0 0 ? * FRI-MON"), &c, &e));
    assert_int_equal(c.weekdays, 0x71);
    assert_int_equal(c.days, 0xfffffffe);
    assert_true(c.is_elapsed);
    assert_true(quartz_parse(STR_LIT("0 0 0 ? * */3"), &c, &e)); // 1, 4, 7
    assert_int_equal(c.weekdays, 1 << 6 | 1 << 2 | 1 << 5);
    assert_false(c.is_elapsed);
    assert_true(quartz_parse(STR_LIT("0 /5 0 L-30,LW,L-3W * ?"), &c, &e));
    assert_int_equal(c.last, 1 << 30);
    assert_int_equal(c.last_nearest, 9);
    assert_int_equal(c.days, 0);
    assert_false(c.is_elapsed);
    assert_true(quartz_parse(STR_LIT("0 0 0 ? * 1L"), &c, &e));
    assert_true(c.nth == UINT64_C(1) << (35 + 6));
    assert_int_equal(c.weekdays, 0);
}

static void test_refused(void **state)
{
    static const struct {
        const char *expr;
        int column;
        const char *message; // may be NULL
    } rows[] = {
        {"0 0 12 * * *", 12, "one of day and weekday must be ?"},
        {"0 0 12 ? * ?", 12, "day and weekday cannot both be ?"},
        {"0 0 12 1 * MON", 12, "one of day and weekday must be ?"},
        {"0 0 12 ?,1 * MON", 14, "one of day and weekday must be ?"},
        {"0 0 12 1 * ?/2", 12, NULL},
        {"0 0 12 ?,1 * ?", 8, "day cannot have anything beside \"?\""},
        {"0 12 ? * MON", 1, "5 fields where 6 are needed"},
        {"0 0 12 ? * MON * *", 18, "more than 7 fields"},
        {"", 1, NULL},
        {"60 0 0 ? * 1", 1, "second must be 0-59, not \"60\""},
        {"0 0 0 ? * 0", 11, "weekday must be 1-7, not \"0\""},
        {"0 0 0 ? * 8", 11, "weekday must be 1-7, not \"8\""},
        {"0 0 0 0 * ?", 7, "day must be 1-31, not \"0\""},
        {"0/60 0 0 ? * 1", 3, "second cannot have a step of more than 59"},
        {"0 0-30/60 0 ? * 1", 8, "minute cannot have a step of more than 59"},
        {"0 0 0/24 ? * 1", 7, "hour cannot have a step of more than 23"},
        {"0 0 0 */32 * ?", 9, "day cannot have a step of more than 31"},
        {"0 0 0 ? */13 1", 11, "month cannot have a step of more than 12"},
        {"0 0 0 ? * 1/8", 13, "weekday cannot have a step of more than 7"},
        {"/ 0 0 ? * 1", 2, NULL},
        {"/0 0 0 ? * 1", 2, "second cannot have a step of 0"},
        {"0 0 0 ? * MON,L", 15, "weekday cannot have anything beside L"},
        {"0 0 0 ? * FRIL,2", 14, "weekday cannot have anything beside L"},
        {"0 0 0 ? * 2#1,3#1", 16, "weekday cannot have a second \"#\""},
        {"0 0 0 ? * 6#L", 13, "weekday needs 1-5 behind \"#\""},
        {"0 0 0 ? * 6#6", 13, "weekday needs 1-5 behind \"#\""},
        {"0 0 0 ? * MONDAY", 11, NULL},
        {"0 0 0 ? * LW", 12, NULL},
        {"0 0 0 ? * L-3", 12, NULL},
        {"0 0 0 1-5W * ?", 10, NULL},
        {"0 0 0 15W/2 * ?", 10, NULL},
        {"0 0 0 L-31 * ?", 7, NULL},
        {"0 0 0 1 * ? 2030-2020", 13, "year has a range that runs backwards: \"2030-2020\""},
        {"0 0 0 1 * ? 1969", 13, NULL},
        {"0 0 0 1 * ? 2200", 13, NULL},
        {"*5 0 0 1 * ?", 2, NULL},
        {"0,,1 0 0 1 * ?", 3, NULL},
        {"1-5- 0 0 1 * ?", 4, NULL},
        {"H 0 0 1 * ?", 1, NULL},
        {"0 ~ 0 1 * ?", 3, NULL},
        {"0 0 0 +1 * ?", 7, NULL},
        {"@daily", 1, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct calendar c;
        struct err e = {0};

        if (quartz_parse(str_of(rows[i].expr), &c, &e))
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
