// fields_test.c - APScheduler's field language.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/fields.h"

#include "unit.h"

// One field alone; false with e filled when refused. out takes the normal form.
static bool one(enum field field, const char *text, struct calendar *ret_c, struct buf *out,
                struct err *e)
{
    struct str given[FIELD_COUNT] = {0};

    given[field] = str_of(text);
    return fields_parse(given, ret_c, out, e);
}

static void test_normal_forms(void **state)
{
    static const struct {
        enum field field;
        const char *text, *normal;
    } rows[] = {
        {FIELD_YEAR, "2030-2032/2", "2030-2032/2"},
        {FIELD_YEAR, "2009,2008", "2009,2008"},
        {FIELD_MONTH, "jan-mar,JUN", "jan-mar,jun"},
        {FIELD_MONTH, "6-8 , 11-12", "6-8,11-12"},
        {FIELD_MONTH, "MAR-mar", "mar"},
        {FIELD_DAY, "3rd FRI", "3rd fri"},
        {FIELD_DAY, "last  sun,LAST", "last sun,last"},
        {FIELD_DAY, "1st mon,5", "1st mon,5"},
        {FIELD_DAY_OF_WEEK, "0-6/3", "0-6/3"},
        {FIELD_DAY_OF_WEEK, "Sun", "sun"},
        {FIELD_HOUR, "*/10", "*/10"},
        {FIELD_HOUR, "07", "7"},
        {FIELD_HOUR, "7-7", "7"},
        {FIELD_MINUTE, "7/15", "7/15"},
        {FIELD_MINUTE, "50/9", "50/9"},
        {FIELD_SECOND, " * ", "*"},
        {FIELD_WEEK, "53", "53"},
        {FIELD_SECOND, "0-59/59", "0-59/59"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct calendar c;
        struct buf out;
        struct err e;

        buf_init(&out, 100);
        if (!one(rows[i].field, rows[i].text, &c, &out, &e))
            fail_msg("%s: %s", rows[i].text, e.message);
        assert_string_equal(buf_text(&out), rows[i].normal); // up to the NUL behind the field
        assert_int_equal(out.len, strlen(rows[i].normal) + 1);
        buf_done(&out);
    }
}

static void test_refused(void **state)
{
    static const struct {
        enum field field;
        const char *text;
        int column;
        const char *message; // may be NULL
    } rows[] = {
        {FIELD_HOUR, "25", 1, "hour must be 0-23, not \"25\""},
        {FIELD_HOUR, "1,24", 3, "hour must be 0-23, not \"24\""},
        {FIELD_HOUR, "0-24", 3, NULL},
        {FIELD_HOUR, "5-3", 1, "hour has a range that runs backwards: 5-3"},
        {FIELD_HOUR, "*/0", 3, "hour cannot have a step of 0"},
        {FIELD_MINUTE, "*/60", 3, "minute has a step of 60, but its range spans only 59"},
        {FIELD_MINUTE, "50/10", 4, "minute has a step of 10, but its range spans only 9"},
        {FIELD_MINUTE, "5-5/1", 5, NULL},
        {FIELD_DAY, "*/31", 3, NULL},
        {FIELD_DAY, "6th mon", 1, NULL},
        {FIELD_DAY, "1st", 4, NULL},
        {FIELD_DAY, "1st foo", 5, NULL},
        {FIELD_DAY, "lastfoo", 1, NULL},
        {FIELD_DAY, "0", 1, NULL},
        {FIELD_DAY, "L", 1, NULL},
        {FIELD_DAY_OF_WEEK, "7", 1, "day_of_week must be 0-6, not \"7\""},
        {FIELD_DAY_OF_WEEK, "monday", 1, NULL},
        {FIELD_DAY_OF_WEEK, "fri-mon", 1, "day_of_week has a range that runs backwards: fri-mon"},
        {FIELD_DAY_OF_WEEK, "mon-fri/2", 8,
         "day_of_week cannot have a step behind names; write numbers"},
        {FIELD_DAY_OF_WEEK, "mon-3", 5, NULL},
        {FIELD_DAY_OF_WEEK, "1-fri", 3, NULL},
        {FIELD_MONTH, "foo", 1, NULL},
        {FIELD_MONTH, "jan-foo", 5, NULL},
        {FIELD_MONTH, "0", 1, NULL},
        {FIELD_WEEK, "54", 1, NULL},
        {FIELD_WEEK, "mon", 1, NULL},
        {FIELD_YEAR, "1969", 1, NULL},
        {FIELD_YEAR, "10000", 1, NULL},
        {FIELD_SECOND, "", 1, NULL},
        {FIELD_SECOND, "  ", 1, NULL},
        {FIELD_SECOND, "1,,2", 3, NULL},
        {FIELD_SECOND, "1,", 3, NULL},
        {FIELD_SECOND, "-1", 1, NULL},
        {FIELD_SECOND, "1 2", 3, NULL},
        {FIELD_SECOND, "1/", 3, NULL},
        {FIELD_SECOND, "1-", 3, NULL},
        {FIELD_SECOND, "?", 1, NULL},
        {FIELD_SECOND, "*5", 2, NULL},
        {FIELD_SECOND, "\xff", 1, NULL},
        {FIELD_SECOND, "99999999999999999999", 1, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct calendar c;
        struct err e = {0};

        if (one(rows[i].field, rows[i].text, &c, NULL, &e))
            fail_msg("accepted %s=%s", field_names[rows[i].field], rows[i].text);
        assert_int_equal(e.code, ERR_INPUT);
        assert_string_equal(e.field, field_names[rows[i].field]);
        if (e.column != rows[i].column)
            fail_msg("%s: column %d (%s)", rows[i].text, e.column, e.message);
        if (rows[i].message)
            assert_string_equal(e.message, rows[i].message);
    }
}

// What stands for fields that are not given.
static void test_defaults(void **state)
{
    struct calendar c;
    struct err e;

    (void)state;
    assert_true(one(FIELD_MONTH, "6", &c, NULL, &e));
    assert_int_equal(c.days, 1 << 1);
    assert_int_equal(c.hours, 1);
    assert_int_equal(c.weekdays, 0x7f);
    assert_false(c.is_elapsed);
    assert_true(one(FIELD_DAY_OF_WEEK, "mon", &c, NULL, &e));
    assert_int_equal(c.days, 0xfffffffe);
    assert_int_equal(c.minutes, 1);
    assert_false(c.is_elapsed);
    assert_true(one(FIELD_MINUTE, "30", &c, NULL, &e));
    assert_int_equal(c.hours, 0xffffff);
    assert_int_equal(c.seconds, 1);
    assert_true(c.is_elapsed); // the hour stays "*"
    assert_true(one(FIELD_HOUR, "*/2", &c, NULL, &e));
    assert_int_equal(c.minutes, 1);
    assert_int_equal(c.seconds, 1);
    assert_true(c.is_elapsed);
    assert_true(one(FIELD_HOUR, "2,*", &c, NULL, &e));
    assert_false(c.is_elapsed); // only the first character counts
    assert_true(one(FIELD_YEAR, "2030", &c, NULL, &e));
    assert_int_equal(c.months, 1 << 1);
    assert_true(calendar_has_year(&c, 2030));
    assert_false(calendar_has_year(&c, 2031));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_normal_forms),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_defaults),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
