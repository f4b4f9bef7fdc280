// cron_field_test.c - fields of a cron text: finding them, and what a language may switch.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/cron_field.h"

#include "unit.h"

// A language of small numbers with every switch one way; the tests turn them.
static const struct cron_language plain = {
    .limits = {{0, 9, 9, "write 0-9"},
               {0, 9, 9, "write 0-9"},
               {0, 9, 9, "write 0-9"},
               {1, 31, 28, "write 1-31"},
               {1, 12, 12, "write 1-12"},
               {0, 7, 6, "write 0-7"},
               {1970, 2199, 2199, "write a year"}},
    .last_min = 1,
};

static void test_split(void **state)
{
    struct cron_text text;
    struct err e;

    (void)state;
    assert_true(cron_split(STR_LIT(" 1  2\t3 4 5 "), 0, 5, &text, &e));
    assert_false(cron_field_is_given(&text, CRON_SECOND));
    assert_false(cron_field_is_given(&text, CRON_YEAR));
    assert_int_equal(cron_field_first(&text, CRON_SECOND), '\0');
    assert_int_equal(cron_field_first(&text, CRON_MINUTE), '1');
    assert_int_equal(cron_field_first(&text, CRON_WEEKDAY), '5');
    assert_int_equal(text.fields[CRON_HOUR].from, 4);
    assert_int_equal(text.fields[CRON_HOUR].to, 5);
    assert_int_equal(text.plus, 0);
    assert_true(cron_split(STR_LIT("skip 1 2 3 4 5 6 7"), 5, 6, &text, &e));
    assert_int_equal(cron_field_first(&text, CRON_SECOND), '1');
    assert_int_equal(cron_field_first(&text, CRON_YEAR), '7');
    assert_false(cron_split(STR_LIT("1 2 3 4 5"), 0, 6, &text, &e));
    assert_string_equal(e.message, "5 fields where 6 are needed");
    assert_false(cron_split(STR_LIT("1"), 0, 5, &text, &e));
    assert_string_equal(e.message, "1 field where 5 are needed");
    assert_false(cron_split(STR_LIT("1 2 3 4 5 6 7 8 9"), 0, 5, &text, &e));
    assert_string_equal(e.message, "more than 7 fields");
    assert_int_equal(e.column, 15);
    assert_false(cron_split((struct str){NULL, 0}, 0, 5, &text, &e));
}

// Compiles a text in a language; the calendar's bits of one field, or 0 when it is refused.
static uint64_t bits_of(const struct cron_language *l, const char *expr, enum cron_field field)
{
    struct cron_text text;
    struct calendar c;
    struct err e;
    bool is_hashed;

    if (!cron_split(str_of(expr), 0, 5, &text, &e) || !cron_compile(l, &text, &c, &is_hashed, &e))
        return 0;
    switch (field) {
    case CRON_SECOND:
        return c.seconds;
    case CRON_MINUTE:
        return c.minutes;
    case CRON_HOUR:
        return c.hours;
    case CRON_DAY:
        return c.days;
    case CRON_MONTH:
        return c.months;
    case CRON_WEEKDAY:
        return c.weekdays;
    default:
        return c.years[1];
    }
}

static void test_switches(void **state)
{
    struct cron_language l = plain;

    (void)state;
    assert_int_equal(bits_of(&l, "7-2 * * * *", CRON_MINUTE), 0);
    assert_int_equal(bits_of(&l, "* * * * 6", CRON_WEEKDAY), 1 << 5);
    assert_int_equal(bits_of(&l, "* * * * sun", CRON_WEEKDAY), 1 << 6);
    l.wraps = true;
    assert_int_equal(bits_of(&l, "7-2 * * * *", CRON_MINUTE), 0x387);
    assert_int_equal(bits_of(&l, "7-2/2 * * * *", CRON_MINUTE), 0x282); // 7, 9, 11
    assert_int_equal(bits_of(&l, "* * 30-2 * *", CRON_DAY), 0xc0000006);
    assert_int_equal(bits_of(&l, "* * * 11-2/3 *", CRON_MONTH), 1 << 11 | 1 << 2);
    assert_int_equal(bits_of(&l, "0 * * * * * 2010-2005", CRON_YEAR), 0);
    l.sunday = 1;
    l.limits[CRON_WEEKDAY].min = 1;
    assert_int_equal(bits_of(&l, "* * * * 6", CRON_WEEKDAY), 1 << 4);
    assert_int_equal(bits_of(&l, "* * * * sun", CRON_WEEKDAY), 1 << 6);
    assert_int_equal(bits_of(&l, "* * * * sat-sun", CRON_WEEKDAY), 3 << 5);

    assert_int_equal(bits_of(&l, "*/10 * * * *", CRON_MINUTE), 1);
    assert_int_equal(bits_of(&l, "/5 * * * *", CRON_MINUTE), 0);
    l.steps_fit = true;
    assert_int_equal(bits_of(&l, "*/10 * * * *", CRON_MINUTE), 0);
    assert_int_equal(bits_of(&l, "3/9 * * * *", CRON_MINUTE), 8);
    assert_int_equal(bits_of(&l, "/5 * * * *", CRON_MINUTE), 0x21);

    assert_int_equal(bits_of(&l, "H * * * *", CRON_MINUTE), 0);
    assert_int_equal(bits_of(&l, "~ * * * *", CRON_MINUTE), 0);
    l.has_hash = true;
    assert_int_equal(__builtin_popcountll(bits_of(&l, "H * * * *", CRON_MINUTE)), 1);
    assert_int_equal(__builtin_popcountll(bits_of(&l, "~ * * * *", CRON_MINUTE)), 1);

    assert_true(bits_of(&l, "* * ?,1 * *", CRON_DAY) != 0);
    l.question_rule = true;
    assert_int_equal(bits_of(&l, "* * ?,1 * *", CRON_DAY), 0);
    assert_int_equal(bits_of(&l, "* * 1,? * *", CRON_DAY), 0);
    assert_int_equal(bits_of(&l, "* * ? * *", CRON_DAY), 0xfffffffe);

    assert_int_equal(bits_of(&l, "* * * * L", CRON_WEEKDAY), 0);
    l.weekday_l = true;
    assert_int_equal(bits_of(&l, "* * * * L", CRON_WEEKDAY), 1 << 5);
}

static void test_print(void **state)
{
    struct cron_text text;
    struct buf out;
    struct err e;

    (void)state;
    buf_init(&out, 200);
    assert_true(cron_split(STR_LIT("1 2 03 * jan-MAR,4 +mon"), 0, 5, &text, &e));
    text.plus = 1 << CRON_WEEKDAY;
    text.fields[CRON_WEEKDAY].from++;
    cron_print(&plain, &text, &out);
    assert_string_equal(buf_text(&out), "month='jan-mar,4', day='*', day_of_week='+mon', hour='3', "
                                        "minute='2', second='1'");
    buf_done(&out);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_switches),
        cmocka_unit_test(test_print),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
