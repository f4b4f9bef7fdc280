// crontab_test.c - the crontab language.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/crontab.h"

#include <stdio.h>

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
        {"@quarterly", "month='1,4,7,10', day='1', day_of_week='*', hour='0', minute='0'"},
        {"@semiannually", "month='1,7', day='1', day_of_week='*', hour='0', minute='0'"},
        {"@minutely", "month='*', day='*', day_of_week='*', hour='*', minute='*'"},
        {" CRON_TZ=Asia/Tokyo  @secondly",
         "month='*', day='*', day_of_week='*', hour='*', minute='*', second='*'"},
        {"TZ=UTC\t5 4 +3 * *", "month='*', day='+3', day_of_week='*', hour='4', minute='5'"},
        {"0 0 +13 * +FRI", "month='*', day='+13', day_of_week='+fri', hour='0', minute='0'"},
        {"0 0 L-3w * 5-5/2",
         "month='*', day='L-3W', day_of_week='fri-fri/2', hour='0', minute='0'"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct calendar c;
        struct err e;
        struct buf out;

        buf_init(&out, 1000);
        if (!crontab_parse(str_of(rows[i].expr), &c, &e))
            fail_msg("%s: %s", rows[i].expr, e.message);
        crontab_str(str_of(rows[i].expr), STR_LIT(""), &out);
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
    assert_true(crontab_parse(STR_LIT("0 0 13 * 5"), &c, &e));
    assert_true(c.is_either);
    assert_true(crontab_parse(STR_LIT("0 0 +13 * 5"), &c, &e));
    assert_false(c.is_either);
    assert_true(crontab_parse(STR_LIT("0 0 13 * +5"), &c, &e));
    assert_false(c.is_either);
    assert_int_equal(c.weekdays, 1 << 4);
    assert_true(crontab_parse(STR_LIT("0 0 L-3W,LW * *"), &c, &e));
    assert_int_equal(c.last_nearest, 9);
    assert_true(crontab_parse(STR_LIT("H H H * H"), &c, &e));
    assert_true(c.is_either && !c.is_elapsed);
}

// Which values H and ~ stand for hangs on the salt alone. These are pinned: jobs run by them.
static void test_hash(void **state)
{
    static const struct {
        const char *salt, *expr, *text;
    } rows[] = {
        {"", "H H H H H", "month='5', day='10', day_of_week='sat', hour='23', minute='28'"},
        {"backup", "H h H H H H",
         "month='12', day='20', day_of_week='wed', hour='14', minute='15', second='38'"},
        {"report", "H H H H H H",
         "month='12', day='2', day_of_week='wed', hour='5', minute='35', second='13'"},
        {"backup", "~ ~ ~ ~ ~", "month='12', day='20', day_of_week='wed', hour='14', minute='15'"},
        {"backup", "H/15 H(9-17)/2 H(1-31) * H(mon-fri)",
         "month='*', day='26', day_of_week='fri', hour='9-17/2', minute='0-59/15'"},
        {"report", "H/15 H(9-17)/2 29~ * fri~sun",
         "month='*', day='29', day_of_week='sat', hour='10-17/2', minute='5-59/15'"},
        {"backup", "6~30/5 ~/6 6~ ~jun 5~",
         "month='jun', day='7', day_of_week='fri', hour='2-23/6', minute='6-30/5'"},
        {"backup", "H/90 0 * * *", "month='*', day='*', day_of_week='*', hour='0', minute='15'"},
        {"backup", "H(0-29),H(30-59),7 0 * jan,H *",
         "month='jan,12', day='*', day_of_week='*', hour='0', minute='15,45,7'"},
        {"backup", "CRON_TZ=Asia/Shanghai 6~15 0 * * thu",
         "month='*', day='*', day_of_week='thu', hour='0', minute='11'"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct str expr = str_of(rows[i].expr), salt = str_of(rows[i].salt);
        struct calendar c;
        bool is_hashed = false;
        struct err e;
        struct buf out;

        buf_init(&out, 1000);
        if (!crontab_parse_salted(expr, salt, &c, &is_hashed, &e))
            fail_msg("%s: %s", rows[i].expr, e.message);
        assert_true(is_hashed);
        crontab_str(expr, salt, &out);
        assert_string_equal(buf_text(&out), rows[i].text);
        buf_done(&out);
    }
}

// Over many salts every value comes about equally often, and no field tells of another one.
static void test_spread(void **state)
{
    int minutes[60] = {0}, days[32] = {0}, weekdays[7] = {0}, same = 0;
    struct calendar c;
    struct err e;

    (void)state;
    for (int i = 0; i < 6000; i++) {
        char salt[20];
        bool is_hashed;

        snprintf(salt, sizeof salt, "job-%d", i);
        assert_true(
            crontab_parse_salted(STR_LIT("H H(0-59) * * * *"), str_of(salt), &c, &is_hashed, &e));
        minutes[__builtin_ctzll(c.minutes)]++;
        same += c.seconds == c.minutes;
        assert_true(crontab_parse_salted(STR_LIT("0 0 H * H"), str_of(salt), &c, &is_hashed, &e));
        days[__builtin_ctz(c.days)]++;
        weekdays[__builtin_ctz(c.weekdays)]++;
    }
    for (int i = 0; i < 60; i++)
        assert_in_range(minutes[i], 60, 150);
    for (int i = 1; i <= 28; i++)
        assert_in_range(days[i], 150, 290);
    for (int i = 0; i < 7; i++)
        assert_in_range(weekdays[i], 750, 970);
    assert_in_range(same, 60, 150);
}

static void test_zone(void **state)
{
    static const struct {
        const char *expr, *zone; // NULL: none
        size_t at;
    } rows[] = {
        {"", NULL, 0},
        {"  * * * * *", NULL, 2},
        {"CRON_TZ=Europe/Berlin  1 * * * *", "Europe/Berlin", 23},
        {" TZ=UTC\t1 * * * *", "UTC", 8},
        {"TZ= 1 * * * *", "", 4},
        {"CRON_TZ=UTC", "UTC", 11},
        {"XTZ=UTC 1 * * * *", NULL, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct str zone;

        assert_int_equal(crontab_zone(str_of(rows[i].expr), &zone), rows[i].at);
        assert_true(rows[i].zone ? str_eq(zone, str_of(rows[i].zone)) : !zone.p);
    }
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
        {"* * * * mon-FRIL", 16, NULL},
        {"* * * * 5L/3", 11, NULL},
        {"* * * * L", 9, NULL},
        {"* * * * L5", 9, NULL},
        {"* * * *", 1, "4 fields where 5 are needed"},
        {"", 1, "0 fields where 5 are needed"},
        {"* * * * * * * *", 15, "more than 7 fields"},
        {"@every 5m", 1, NULL},
        {"CRON_TZ=Europe/Berlin @dayly", 23,
         "\"@dayly\" is not a known macro: write @yearly, "
         "@monthly, @weekly, @daily, @hourly or @every 5m"},
        {"TZ=UTC 0 24 * * *", 10, "hour must be 0-23, not \"24\""},
        {"CRON_TZ=Europe/Berlin", 1, "0 fields where 5 are needed"},
        {"cron_tz=UTC 0 0 * * *", 1, NULL},
        {"+5 * * * *", 1, NULL},
        {"* * + * *", 5, NULL},
        {"* * ++1 * *", 6, NULL},
        {"* * * +1 *", 7, NULL},
        {"H(5 * * * *", 4, NULL},
        {"H(5-7 * * * *", 6, NULL},
        {"H(5-70) * * * *", 5, "minute must be 0-59, not \"70\""},
        {"H(7-5) * * * *", 1, "minute has a range that runs backwards: \"H(7-5)\""},
        {"9~3 * * * *", 1, "minute has a range that runs backwards: \"9~3\""},
        {"H/0 * * * *", 3, "minute cannot have a step of 0"},
        {"H5 * * * *", 2, NULL},
        {"HH * * * *", 2, NULL},
        {"H-5 * * * *", 2, NULL},
        {"1-H * * * *", 3, NULL},
        {"~~ * * * *", 2, NULL},
        {"H~5 * * * *", 2, NULL},
        {"1~5~9 * * * *", 4, NULL},
        {"* * HW * *", 6, NULL},
        {"* * * * H#2", 10, NULL},
        {"* * * * HL", 10, NULL},
        {"0 0 0 1 1 * H", 13, "year cannot be left to H or ~: write the years"},
        {"0 0 0 1 1 * 2026~2030", 13, NULL},
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

static void test_hints(void **state)
{
    static const struct {
        const char *expr, *hint;
    } rows[] = {
        {"61 * * * *", "write 0-59, 10-20/5, */15, H or a list of such"},
        {"0 22-2 * * *", "write 22-23,0-2"},
        {"0 0 * * fri-mon", "write 5-7,0-1"},
        {"0 0 1 nov-feb *", "write 11-12,1-2"},
        {"0 0 0 1 1 * 2030-2020", "write the earlier year first"},
        {"9~3 * * * *", "write the lesser end first"},
        {"* * * *", "write minute hour day month weekday, as in 30 2 * * mon-fri"},
        {"@dayly", "did you mean \"@daily\"?"},
        {"@rebot", "did you mean \"@reboot\"?"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct calendar c;
        struct err e = {0};

        assert_false(crontab_parse(str_of(rows[i].expr), &c, &e));
        assert_string_equal(e.hint, rows[i].hint);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_str),    cmocka_unit_test(test_masks), cmocka_unit_test(test_hash),
        cmocka_unit_test(test_spread), cmocka_unit_test(test_zone),  cmocka_unit_test(test_refused),
        cmocka_unit_test(test_hints),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
