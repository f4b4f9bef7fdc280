// http_range_test.c - Range headers as they come, and what they mean of a body.
// SPDX-License-Identifier: Apache-2.0
#include "net/http_range.h"

#include "unit.h"

static const struct {
    const char *value;
    int64_t total;
    int64_t from, to; // -1: refused by the reader; -2: nothing fits
} rows[] = {
    {"bytes=0-99", 1000, 0, 100},
    {"bytes=0-0", 1000, 0, 1},
    {"bytes=999-", 1000, 999, 1000},
    {"bytes=0-", 1000, 0, 1000},
    {"Bytes= 5-9 ", 1000, 5, 10},
    {"bytes=900-5000", 1000, 900, 1000},
    {"bytes=-1", 1000, 999, 1000},
    {"bytes=-1000", 1000, 0, 1000},
    {"bytes=-5000", 1000, 0, 1000},
    {"bytes=0-99999999999999999999", 1000, 0, 1000},
    {"bytes=-99999999999999999999", 1000, 0, 1000},
    {"bytes=1000-", 1000, -2, 0},
    {"bytes=1000-2000", 1000, -2, 0},
    {"bytes=99999999999999999999-", 1000, -2, 0},
    {"bytes=-0", 1000, -2, 0},
    {"bytes=0-", 0, -2, 0},
    {"bytes=-5", 0, -2, 0},
    {"", 1000, -1, 0},
    {"bytes=", 1000, -1, 0},
    {"bytes=-", 1000, -1, 0},
    {"bytes=5", 1000, -1, 0},
    {"bytes=9-5", 1000, -1, 0},
    {"bytes=a-5", 1000, -1, 0},
    {"bytes=5-a", 1000, -1, 0},
    {"bytes=+5-9", 1000, -1, 0},
    {"bytes=--5", 1000, -1, 0},
    {"bytes=0-1,5-9", 1000, -1, 0}, // several
    {"lines=0-9", 1000, -1, 0},
    {"bytes 0-9", 1000, -1, 0},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_range range;
        int64_t from = -1, to = 0;

        print_message("%s of %d\n", rows[i].value, (int)rows[i].total);
        if (http_range_read(str_of(rows[i].value), &range)) {
            from = -2;
            (void)http_range_fit(&range, rows[i].total, &from, &to);
        }
        assert_int_equal(from, rows[i].from);
        assert_int_equal(to, rows[i].to);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
