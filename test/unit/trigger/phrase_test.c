// phrase_test.c - lists as people say them.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/phrase.h"

#include "trigger/mask.h"
#include "trigger/names.h"
#include "unit.h"

static void check(struct buf *out, const char *want)
{
    assert_string_equal(buf_text(out), want);
    buf_clear(out);
}

static void say_month(int value, struct buf *out)
{
    buf_add_text(out, month_names[value - 1]);
}

static void test_lists(void **state)
{
    struct phrase_join join;
    struct buf out;

    (void)state;
    buf_init(&out, 1000);
    join = (struct phrase_join){.out = &out, .left = 3, .is_or = true};
    for (int i = 1; i <= 3; i++) {
        phrase_next(&join);
        phrase_number(i, &out);
    }
    check(&out, "1, 2 or 3");
    phrase_list(0x2, phrase_number, &out);
    check(&out, "1");
    phrase_list(0x6, phrase_number, &out);
    check(&out, "1 and 2");
    phrase_list(0xe, phrase_number, &out);
    check(&out, "1 to 3");
    phrase_list(0x23a, phrase_number, &out);
    check(&out, "1, 3 to 5 and 9");
    phrase_list(0x36, phrase_number, &out);
    check(&out, "1, 2, 4 and 5");
    phrase_list(UINT64_C(0xe000000000000001), phrase_number, &out);
    check(&out, "0 and 61 to 63");
    buf_done(&out);
}

static void test_cycle(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, 1000);
    phrase_cycle(0x1806, 1, 12, say_month, &out); // 1 2 11 12
    check(&out, "nov to feb");
    phrase_cycle(0x1002, 1, 12, say_month, &out); // 1 12
    check(&out, "jan and dec");
    phrase_cycle(0x1ffe, 1, 12, say_month, &out);
    check(&out, "jan to dec");
    phrase_cycle(0x1826, 1, 12, say_month, &out); // 1 2 5 11 12
    check(&out, "jan, feb, may, nov and dec");
    phrase_cycle(0x73, 0, 7, phrase_number, &out);
    check(&out, "4 to 1");
    buf_done(&out);
}

static void test_units(void **state)
{
    static const struct {
        int n;
        const char *text;
    } ordinals[] = {{1, "1st"},   {2, "2nd"},   {3, "3rd"},   {4, "4th"},     {11, "11th"},
                    {12, "12th"}, {13, "13th"}, {20, "20th"}, {21, "21st"},   {22, "22nd"},
                    {23, "23rd"}, {30, "30th"}, {53, "53rd"}, {111, "111th"}, {101, "101st"}};
    struct buf out;

    (void)state;
    buf_init(&out, 1000);
    for (size_t i = 0; i < COUNT(ordinals); i++) {
        phrase_ordinal(ordinals[i].n, &out);
        check(&out, ordinals[i].text);
    }
    phrase_units(0x20, "day", &out);
    check(&out, "day 5");
    phrase_units(0x2a, "day", &out);
    check(&out, "days 1, 3 and 5");
    phrase_units(0xaaaaaaaa, "day", &out);
    check(&out, "every 2nd day from 1 to 31");
    phrase_units(0x3e, "hour", &out);
    check(&out, "hours 1 to 5");
    assert_true(phrase_is_steps(0x11111));
    assert_false(phrase_is_steps(0x1111)); // few enough to be listed
    assert_false(phrase_is_steps(0x3e));   // a run
    buf_done(&out);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_cycle),
        cmocka_unit_test(test_units),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
