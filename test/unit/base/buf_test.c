// buf_test.c - bytes grow up to their maximum and no further.
// SPDX-License-Identifier: Apache-2.0
#include "base/buf.h"

#include "unit.h"

static void test_grow(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 1 << 20);
    assert_string_equal(buf_text(&b), "");
    for (int i = 0; i < 1000; i++) {
        buf_add_text(&b, "ab");
        buf_add_byte(&b, 'c');
        buf_add(&b, STR_LIT("de"));
        buf_add(&b, (struct str){NULL, 0});
    }
    assert_int_equal(b.len, 5000);
    for (size_t i = 0; i < b.len; i++)
        assert_int_equal(b.p[i], "abcde"[i % 5]);
    assert_false(b.is_full);
    assert_int_equal(strlen(buf_text(&b)), 5000);
    buf_clear(&b);
    assert_int_equal(buf_str(&b).len, 0);
    buf_done(&b);
    assert_null(b.p);
}

static void test_full(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 5);
    buf_add_text(&b, "123");
    buf_add_text(&b, "456"); // dropped whole
    assert_true(b.is_full);
    buf_add_text(&b, "78"); // fits, but is_full remembers
    assert_true(b.is_full);
    assert_string_equal(buf_text(&b), "12378");
    buf_add_byte(&b, '9');
    buf_printf(&b, "%d", 9);
    assert_string_equal(buf_text(&b), "12378");
    assert_false(buf_reserve(&b, 1));
    assert_true(buf_reserve(&b, 0));
    assert_false(buf_grow(&b, 6));
    buf_clear(&b);
    assert_false(b.is_full);
    assert_false(buf_reserve(&b, 6));
    assert_false(buf_reserve(&b, SIZE_MAX));
    buf_done(&b);
    assert_int_equal(b.max, 5);
}

// The text meets the end of what is allocated at every offset.
static void test_printf(void **state)
{
    (void)state;
    for (int before = 0; before < 150; before++) {
        struct buf b;

        buf_init(&b, 400);
        for (int i = 0; i < before; i++)
            buf_add_byte(&b, '.');
        buf_printf(&b, "%s-%d", "some words that are long enough to need more room", 42);
        buf_printf(&b, "%s", "");
        assert_int_equal(b.len, before + 52);
        assert_string_equal(buf_text(&b) + before,
                            "some words that are long enough to need more room-42");
        assert_true(b.cap <= 401);
        buf_done(&b);
    }
}

static void test_number(void **state)
{
    static const struct {
        uint64_t n;
        int width;
        const char *text;
    } rows[] = {
        {0, 1, "0"},       {0, 0, "0"},       {7, 2, "07"},
        {1234, 2, "1234"}, {42, 6, "000042"}, {UINT64_MAX, 1, "18446744073709551615"},
    };
    struct buf b;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        buf_init(&b, 100);
        buf_add_number(&b, rows[i].n, rows[i].width);
        assert_string_equal(buf_text(&b), rows[i].text);
        buf_done(&b);
    }
}

static void test_printf_full(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 70);
    buf_printf(&b, "%060d", 1);
    buf_printf(&b, "%010d", 2);
    assert_int_equal(b.len, 70);
    assert_false(b.is_full);
    buf_printf(&b, "x");
    assert_true(b.is_full);
    assert_int_equal(strlen(buf_text(&b)), 70);
    buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grow),   cmocka_unit_test(test_full),
        cmocka_unit_test(test_printf), cmocka_unit_test(test_printf_full),
        cmocka_unit_test(test_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
