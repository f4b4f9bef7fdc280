// pg_value_test.c - arrays byte by byte, and texts that PostgreSQL would not take.
// SPDX-License-Identifier: Apache-2.0
#include "store/pg_value.h"

#include "unit.h"

static void test_arrays(void **state)
{
    static const char two[] = "\0\0\0\1\0\0\0\0\0\0\0\24\0\0\0\2\0\0\0\1"
                              "\0\0\0\10\0\0\0\0\0\0\0\7\0\0\0\10\377\377\377\377\377\377\377\376";
    static const char text[] = "\0\0\0\1\0\0\0\0\0\0\0\31\0\0\0\1\0\0\0\1\0\0\0\2ab";
    struct pg_array a;

    (void)state;
    pg_array_init(&a, PG_INT8);
    assert_int_equal(pg_array_type(&a), PG_INT8_ARRAY);
    assert_int_equal(pg_array_str(&a).len, 12); // no dimension
    pg_array_int(&a, 7);
    pg_array_int(&a, -2);
    assert_int_equal(pg_array_str(&a).len, sizeof two - 1);
    assert_memory_equal(pg_array_str(&a).p, two, sizeof two - 1);
    a.element = PG_TEXT;
    pg_array_clear(&a);
    assert_int_equal(pg_array_type(&a), PG_TEXT_ARRAY);
    pg_array_text(&a, STR_LIT("ab"));
    assert_int_equal(pg_array_str(&a).len, sizeof text - 1);
    assert_memory_equal(pg_array_str(&a).p, text, sizeof text - 1);
    a.element = PG_BYTEA;
    pg_array_clear(&a);
    pg_array_blob(&a, STR_LIT("\0\377"));
    assert_int_equal(pg_array_type(&a), PG_BYTEA_ARRAY);
    assert_int_equal(pg_array_str(&a).len, 20 + 4 + 2);
    pg_array_done(&a);
}

static void test_texts(void **state)
{
    static const struct {
        struct str text;
        const char *clean; // NULL: it is fine as it is
    } rows[] = {
        {STR_LIT(""), NULL},
        {STR_LIT("na\xc3\xafve"), NULL},
        {STR_LIT("a\0b"), "a\xef\xbf\xbd"
                          "b"},
        {STR_LIT("\xff"), "\xef\xbf\xbd"},
        {STR_LIT("\xc3\xa4\xc3"), "\xc3\xa4\xef\xbf\xbd"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf clean;

        assert_int_equal(pg_value_is_text(rows[i].text), rows[i].clean == NULL);
        buf_init(&clean, 100);
        pg_value_clean(rows[i].text, &clean);
        if (rows[i].clean)
            assert_string_equal(buf_text(&clean), rows[i].clean);
        else
            assert_true(str_eq(buf_str(&clean), rows[i].text));
        buf_done(&clean);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arrays),
        cmocka_unit_test(test_texts),
    };

    return cmocka_run_group_tests_name("store/pg_value", tests, NULL, NULL);
}
