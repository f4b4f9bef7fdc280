// size_test.c - amounts of bytes: a line and what it means.
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "base/size.h"

static void test_sizes(void **state)
{
    static const struct {
        const char *text;
        int64_t bytes; // -1: refused
    } rows[] = {
        {"0", 0},
        {"1000", 1000},
        {"64K", 65536},
        {"64k", 65536},
        {"1KB", 1024},
        {"1KiB", 1024},
        {"512 MiB", INT64_C(536870912)},
        {"10G", INT64_C(10737418240)},
        {"1T", INT64_C(1099511627776)},
        {"12b", 12},
        {"8388607T", INT64_C(8388607) << 40},
        {"8388608T", -1},
        {"", -1},
        {"M", -1},
        {"-1", -1},
        {"1.5M", -1},
        {"1X", -1},
        {"1Mi", -1},
        {"1MBB", -1},
        {"99999999999999999999", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err e = {0};
        int64_t bytes = -1;
        bool ok = size_parse(str_of(rows[i].text), &bytes, &e);

        assert_int_equal(bytes, rows[i].bytes);
        assert_int_equal(ok, rows[i].bytes >= 0);
        assert_int_equal(e.code, ok ? ERR_NONE : ERR_INPUT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sizes)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
