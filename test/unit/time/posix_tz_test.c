// posix_tz_test.c - the rules at the end of zone files.
// SPDX-License-Identifier: Apache-2.0
#include "time/posix_tz.h"

#include "unit.h"

static void test_rules(void **state)
{
    static const struct {
        const char *text;
        int64_t year;
        int64_t start, end; // seconds UTC
    } rows[] = {
        {"CET-1CEST,M3.5.0,M10.5.0/3", 2026, 1774746000, 1792890000},
        {"EST5EDT,M3.2.0,M11.1.0", 2026, 1772953200, 1793512800},
        {"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", 2026, 1791041400, 1775314800},
        {"IST-1GMT0,M10.5.0,M3.5.0/1", 2026, 1792890000, 1774746000},
        {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", 2026, 1774746000, 1792890000},
        {"IST-2IDT,M3.4.4/26,M10.5.0", 2026, 1774569600, 1792882800},
        {"AAA0BBB,J60/0,J300/0", 2024, 1709251200, 1729983600},
        {"AAA0BBB,59/0,299/0", 2024, 1709164800, 1729897200},
        {"EST5EDT,0/0,J365/25", 2026, 1767243600, 1798779600},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct posix_tz tz;
        int64_t start, end;

        assert_true(posix_tz_parse(str_of(rows[i].text), &tz));
        posix_tz_year(&tz, rows[i].year, &start, &end);
        assert_int_equal(start, rows[i].start);
        assert_int_equal(end, rows[i].end);
    }
}

static void test_names(void **state)
{
    struct posix_tz tz;

    (void)state;
    assert_true(posix_tz_parse(STR_LIT("<+0530>-5:30"), &tz));
    assert_string_equal(tz.std_name, "+0530");
    assert_string_equal(tz.dst_name, "");
    assert_int_equal(tz.std_offset_s, 19800);
    assert_true(posix_tz_parse(STR_LIT("AAA+01:02:03BBB-4,M1.1.0,M2.1.0"), &tz));
    assert_int_equal(tz.std_offset_s, -3723);
    assert_int_equal(tz.dst_offset_s, 14400);
    assert_string_equal(tz.dst_name, "BBB");
}

static void test_refused(void **state)
{
    static const char *const rows[] = {
        "",
        "A",
        "AB1",
        "CET",
        "CET-",
        "CET-25",
        "<CET-1",
        "CET-1CEST",
        "CET-1CEST,",
        "CET-1CEST,M3.5.0",
        "CET-1CEST,M13.5.0,M10.5.0",
        "CET-1CEST,M3.6.0,M10.5.0",
        "CET-1CEST,M3.0.0,M10.5.0",
        "CET-1CEST,M3.5.7,M10.5.0",
        "CET-1CEST,J0,J3",
        "CET-1CEST,J366,J3",
        "CET-1CEST,366,3",
        "CET-1CEST,M3.5.0/168,M10.5.0",
        "CET-1CEST,M3.5.0,M10.5.0x",
        "CET-1CEST,M3.5.0/2:60,M10.5.0",
        "CET-1:",
        "ABCDEFGHIJKLMNOPQ0",
        "<>0",
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct posix_tz tz;

        if (posix_tz_parse(str_of(rows[i]), &tz))
            fail_msg("accepted: %s", rows[i]);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
