// schedule_test.c - options of the commands that look at one schedule.
// SPDX-License-Identifier: Apache-2.0
#include "cli/schedule.h"

#include "time/civil.h"
#include "unit.h"

static void test_options(void **state)
{
    char *argv[] = {"explain", "30 2 * * *", "--tz", "UTC", "-n", "3", "--from", "2026-01-01"};
    struct schedule_options o;
    struct schedule s;
    struct err e = {0};
    int status = -1;

    (void)state;
    assert_true(schedule_options_read(8, argv, &o, &status));
    assert_int_equal(o.count, 3);
    assert_string_equal(o.tz, "UTC");
    assert_true(schedule_open(&o, &s, &e));
    assert_int_equal(s.now.us, civil_days(2026, 1, 1) * DAY_S * 1000000);
    schedule_done(&s);
    assert_true(schedule_options_read(4, argv, &o, &status));
    assert_int_equal(o.count, 5);
}

static void test_dialects(void **state)
{
    char *argv[] = {"explain", "0 0 12 ? * 2", "--dialect", "quartz",
                    "--as",    "words",        "-o",        "json"};
    static const struct {
        const char *expr;
        enum dialect dialect;
    } rows[] = {
        {"30 2 * * *", DIALECT_CRON},
        {"2026-12-24T18:00", DIALECT_DATE},
        {"{\"type\":\"manual\"}", DIALECT_SPEC},
    };
    struct schedule_options o;
    struct schedule s;
    struct err e = {0};
    int status = -1;

    (void)state;
    assert_true(schedule_options_read(8, argv, &o, &status));
    assert_string_equal(o.dialect, "quartz");
    assert_string_equal(o.as, "words");
    assert_string_equal(o.form, "json");
    for (size_t i = 0; i < COUNT(rows); i++) {
        o = (struct schedule_options){.expr = rows[i].expr, .tz = "UTC", .count = 1};
        assert_true(schedule_open(&o, &s, &e));
        assert_int_equal(s.dialect, rows[i].dialect);
        schedule_done(&s);
    }
}

static void test_faults(void **state)
{
    static char *const rows[][4] = {
        {"next", NULL},
        {"next", "* * * * *", "-n", NULL},
        {"next", "* * * * *", "-n", "0"},
        {"next", "a", "b", NULL},
        {"next", "a", "--what", NULL},
        {"next", "a", "--as", "quartz"},
        {"explain", "a", "--as", "crom"},
        {"explain", "a", "--dialect", "words"},
        {"explain", "a", "-o", "yaml"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct schedule_options o;
        int status = 0, argc = 0;

        while (argc < 4 && rows[i][argc])
            argc++;
        assert_false(schedule_options_read(argc, (char **)rows[i], &o, &status));
        assert_int_equal(status, 2);
    }
}

static void test_refused(void **state)
{
    static const struct {
        struct schedule_options options;
        const char *field;
        int column, status;
    } rows[] = {
        {{.expr = "0 0 61 * *", .tz = "UTC"}, "expr", 5, 7},
        {{.expr = "* * * * *", .tz = "Mars/Phobos"}, "timezone", 0, 7},
        {{.expr = "* * * * *", .tz = "UTC", .from = "soon"}, "--from", 1, 7},
        {{.expr = "{\"type\":", .tz = "UTC"}, "expr", 8, 7},
        {{.expr = "{\"type\":\"cron\",\"hour\":\"25\"}", .tz = "UTC"}, "hour", 1, 7},
        {{.expr = "\xff * * * *", .tz = "UTC"}, "expr", 0, 7},
        {{.expr = "0 0 31 2 *", .tz = "UTC"}, "expr", 0, 7},
        {{.expr = "0 0 12 * * MON", .tz = "UTC", .dialect = "quartz"}, "expr", 12, 7},
        {{.expr = "{\"expr\":\"0 61\"}", .tz = "UTC"}, "expr", 1, 7},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct schedule s;
        struct err e = {0};

        assert_false(schedule_open(&rows[i].options, &s, &e));
        assert_string_equal(e.field, rows[i].field);
        assert_int_equal(e.column, rows[i].column);
        if (rows[i].status == 7 && i != 3)
            assert_int_equal(schedule_complain(&rows[i].options, &s, &e),
                             e.code == ERR_SCHEDULE ? err_exit_status(ERR_SCHEDULE) : 7);
        schedule_done(&s);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_dialects),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
