// field_text_test.c - masks back into the fields of the cron family.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/field_text.h"

#include "base/rand.h"
#include "trigger/crontab.h"
#include "trigger/mask.h"
#include "trigger/names.h"
#include "unit.h"

static const struct field_style minute = {.min = 0, .max = 59, .range = "-", .has_star_step = true};
static const struct field_style strict = {
    .min = 0, .max = 59, .range = "-", .has_star_step = true, .steps_fit = true};
static const struct field_style dotted = {
    .min = 0, .max = 59, .range = "..", .digits = 2, .has_open_step = true};
static const struct field_style weekday = {
    .min = 0, .max = 6, .range = "-", .names = weekday_names};

static uint64_t values(const int *list)
{
    uint64_t mask = 0;

    for (; *list >= 0; list++)
        mask |= UINT64_C(1) << *list;
    return mask;
}

static void test_text(void **state)
{
    static const struct {
        const struct field_style *style;
        enum field_star star;
        int list[16];
        const char *text; // NULL: cannot
    } rows[] = {
        {&minute, STAR_FREE, {0, -1}, "0"},
        {&minute, STAR_FREE, {1, 2, -1}, "1,2"},
        {&minute, STAR_FREE, {1, 2, 3, 9, -1}, "1-3,9"},
        {&minute, STAR_FREE, {0, 15, 30, 45, -1}, "*/15"},
        {&minute, STAR_NEVER, {0, 15, 30, 45, -1}, "0-45/15"},
        {&minute, STAR_FREE, {5, 20, 35, 50, -1}, "5-50/15"},
        {&minute, STAR_FREE, {0, 30, -1}, "*/30"},
        {&minute, STAR_NEVER, {0, 30, -1}, "0,30"},
        {&minute, STAR_FREE, {0, 20, -1}, "0,20"},
        {&minute, STAR_FREE, {0, 10, 20, -1}, "0-20/10"},
        {&minute, STAR_MUST, {0, -1}, "*/60"},
        {&strict, STAR_MUST, {0, -1}, NULL},
        {&strict, STAR_MUST, {0, 59, -1}, "*/59"},
        {&minute, STAR_MUST, {0, 15, 30, -1}, "*/30,15"},
        {&minute, STAR_MUST, {0, 1, 2, 3, -1}, "*/60,1-3"},
        {&minute, STAR_MUST, {5, -1}, NULL},
        {&dotted, STAR_FREE, {0, 15, 30, 45, -1}, "00/15"},
        {&dotted, STAR_FREE, {5, 20, 35, 50, -1}, "05/15"},
        {&dotted, STAR_FREE, {5, 20, 35, -1}, "05..35/15"},
        {&dotted, STAR_FREE, {0, 30, -1}, "00/30"},
        {&dotted, STAR_FREE, {7, 8, 9, -1}, "07..09"},
        {&dotted, STAR_MUST, {0, 15, 30, 45, -1}, NULL},
        {&weekday, STAR_FREE, {0, 1, 2, 3, 4, -1}, "mon-fri"},
        {&weekday, STAR_FREE, {0, 2, 4, 6, -1}, "mon,wed,fri,sun"},
        {&weekday, STAR_FREE, {5, 6, -1}, "sat,sun"},
    };
    struct buf out;

    (void)state;
    buf_init(&out, 100);
    for (size_t i = 0; i < COUNT(rows); i++) {
        buf_clear(&out);
        bool can = field_text(values(rows[i].list), rows[i].style, rows[i].star, &out);

        assert_int_equal(can, rows[i].text != NULL);
        assert_string_equal(buf_text(&out), can ? rows[i].text : "");
    }
    buf_clear(&out);
    assert_true(field_text(mask_range(0, 59), &minute, STAR_FREE, &out));
    assert_true(field_text(mask_range(0, 59), &minute, STAR_NEVER, &out));
    assert_true(field_text(mask_range(0, 59), &dotted, STAR_MUST, &out));
    assert_string_equal(buf_text(&out), "*0-59*");
    assert_true(field_has_star(mask_range(0, 59), &dotted));
    assert_true(field_has_star(values((const int[]){0, 30, -1}), &minute));
    assert_false(field_has_star(values((const int[]){0, 30, -1}), &dotted));
    assert_false(field_has_star(values((const int[]){0, 20, -1}), &minute));
    buf_done(&out);
}

// Whatever the set, its text means the set, and begins as it should.
static void test_inverse(void **state)
{
    struct rand_seq r;
    struct buf out;

    (void)state;
    rand_seq_init(&r, 3);
    buf_init(&out, 1000);
    for (int i = 0; i < 3000; i++) {
        enum field_star star = (enum field_star)(i % 3);
        uint64_t mask = rand_next(&r) & mask_range(0, 59);
        struct calendar c;
        struct err e;

        for (uint64_t n = rand_below(&r, 5); n > 0; n--)
            mask &= rand_next(&r);
        if (rand_below(&r, 2))
            mask |= 1;
        if (mask == 0)
            continue;
        buf_clear(&out);
        if (!field_text(mask, &minute, star, &out)) {
            assert_true(star == STAR_MUST && !(mask & 1));
            continue;
        }
        assert_true(star == STAR_FREE || (out.p[0] == '*') == (star == STAR_MUST));
        buf_add_text(&out, " * * * *");
        assert_true(crontab_parse(buf_str(&out), &c, &e));
        assert_true(c.minutes == mask);
    }
    buf_done(&out);
}

static void test_years(void **state)
{
    static const struct {
        const char *given, *text;
    } rows[] = {
        {"*", "*"},
        {"2026", "2026"},
        {"2026,2027", "2026-2027"},
        {"2030-2199", "2030-2199"},
        {"2026-2040/2", "2026-2040/2"},
        {"*/2", "1970-2198/2"},
        {"2026,2028", "2026,2028"},
        {"2026-2028,2030-2036/2,2050", "2026-2028,2030-2036/2,2050"},
    };
    struct buf out;

    (void)state;
    buf_init(&out, 1000);
    for (size_t i = 0; i < COUNT(rows); i++) {
        char expr[100] = "0 0 0 1 1 * ";
        struct calendar c;
        struct err e;

        strncat(expr, rows[i].given, 60);
        assert_true(crontab_parse(str_of(expr), &c, &e));
        buf_clear(&out);
        field_years(&c, &minute, &out);
        assert_string_equal(buf_text(&out), rows[i].text);
    }
    buf_done(&out);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_inverse),
        cmocka_unit_test(test_years),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
