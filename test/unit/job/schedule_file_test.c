// schedule_file_test.c - .schedule files and S1's args: text in, spec or complaint out.
// SPDX-License-Identifier: Apache-2.0
#include "job/schedule_file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

static const wall now = {1700000000000001};

#define CRON(year, hour, minute, second)                                                         \
    "{\"type\":\"cron\",\"year\":\"" year "\",\"month\":\"*\",\"day\":\"*\",\"week\":\"*\","     \
    "\"day_of_week\":\"*\",\"hour\":\"" hour "\",\"minute\":\"" minute "\",\"second\":\"" second \
    "\"}"
#define INTERVAL(hours, seconds)                                      \
    "{\"type\":\"interval\",\"weeks\":0,\"days\":0,\"hours\":" #hours \
    ",\"minutes\":0,\"seconds\":" #seconds "}"
#define DATE(text) "{\"type\":\"date\",\"run_date\":\"" text "\"}"
#define NOW "2023-11-14T22:13:20.000001Z"

struct row {
    const char *text;
    enum schedule_type asked;
    const char *spec;    // NULL: refused
    const char *message; // part of the error, or of the first warning; NULL: none
    int line, column;    // of the error
};

static const struct row rows[] = {
    {"cron\nsecond=*/10\n", SCHEDULE_UNKNOWN, CRON("*", "*", "*", "*/10"), NULL, 0, 0},
    {"cron\nhour=4", SCHEDULE_CRON, CRON("*", "4", "*", "5"), NULL, 0, 0},
    {"interval\nhours=1\n", SCHEDULE_UNKNOWN, INTERVAL(1, 0), NULL, 0, 0},
    {"interval\n", SCHEDULE_UNKNOWN, INTERVAL(0, 10), NULL, 0, 0},
    {"interval\nseconds=0\n", SCHEDULE_UNKNOWN, INTERVAL(0, 1), NULL, 0, 0},
    {"interval\nseconds = 15 \n", SCHEDULE_UNKNOWN, INTERVAL(0, 15), NULL, 0, 0},
    {"date\n", SCHEDULE_UNKNOWN, DATE(NOW), NULL, 0, 0},
    {"date\nrun_date=2027-01-01 10:00:00", SCHEDULE_UNKNOWN, DATE("2027-01-01 10:00:00"), NULL, 0,
     0},
    {"Interval\r\nseconds=15\r\n", SCHEDULE_UNKNOWN, INTERVAL(0, 15), NULL, 0, 0},
    {"\xef\xbb\xbf"
     "cron\nhour=4\n",
     SCHEDULE_UNKNOWN, CRON("*", "4", "*", "5"), NULL, 0, 0},
    {"\n  # note = 1\n\ncron\n # x\n\thour=4\n", SCHEDULE_UNKNOWN, CRON("*", "4", "*", "5"), NULL,
     0, 0},
    {"", SCHEDULE_UNKNOWN, CRON("*", "*", "*", "5"), NULL, 0, 0},
    {"", SCHEDULE_INTERVAL, INTERVAL(0, 10), NULL, 0, 0},
    {"hour=4\nminute=0\n", SCHEDULE_UNKNOWN, CRON("*", "4", "0", "5"),
     "line 1 of .schedule is used", 0, 0},
    {"my schedule\nhour=4\n", SCHEDULE_CRON, CRON("*", "4", "*", "5"),
     "line 1 of .schedule was ignored", 0, 0},
    {"interval\nhour=4\n", SCHEDULE_CRON, CRON("*", "4", "*", "5"), "the request counts", 0, 0},
    {"cron\nhuor=4\n", SCHEDULE_UNKNOWN, CRON("*", "*", "*", "5"), "did you mean \"hour\"?", 0, 0},
    {"cron\nhour=4\nhour=5\n", SCHEDULE_UNKNOWN, CRON("*", "5", "*", "5"), "is given again", 0, 0},
    {"cron\nargs=x\n", SCHEDULE_UNKNOWN, CRON("*", "*", "*", "5"), "\"args\" is ignored", 0, 0},
    {"cron\nhour 4\n", SCHEDULE_UNKNOWN, NULL, "line 2: \"hour 4\" has no \"=\"", 2, 1},
    {"# c\ncrno\n", SCHEDULE_UNKNOWN, NULL, "did you mean cron", 2, 1},
    {"cron\na=b=c\n", SCHEDULE_UNKNOWN, NULL, "second \"=\"", 2, 4},
    {"cron\n =4\n", SCHEDULE_UNKNOWN, NULL, "no key", 2, 2},
    {"cron\nhour=\n", SCHEDULE_UNKNOWN, NULL, "no value", 2, 6},
    {"interval\n\n seconds=  x\n", SCHEDULE_UNKNOWN, NULL,
     "line 3: seconds: Input should be a valid integer", 3, 12},
    {"interval\nseconds=-5\n", SCHEDULE_UNKNOWN, NULL, "greater than or equal to 0", 2, 9},
    {"cron\nhour=\xff\n", SCHEDULE_UNKNOWN, NULL, "not UTF-8", 2, 1},
};

static void row_check(const struct row *row, struct str text)
{
    struct arena *arena = arena_new(4096);
    struct model_issues *issues = arena_alloc(arena, sizeof *issues);
    struct schedule_file file;
    struct err e = {0};
    bool ok;

    model_issues_init(issues, arena);
    ok = schedule_file_parse(text, row->asked, now, issues, &file, &e);
    assert_int_equal(ok, row->spec != NULL);
    if (ok) {
        char *spec = json_dumps(file.spec, JSON_COMPACT);

        assert_string_equal(spec, row->spec);
        assert_int_equal(issues->warning_count, row->message != NULL);
        free(spec);
        if (row->message)
            assert_non_null(strstr(issues->warnings[0].p, row->message));
        assert_int_equal(issues->warning_count, row->message != NULL);
    } else {
        assert_int_equal(e.code, ERR_SCHEDULE);
        assert_non_null(strstr(e.message, row->message));
        assert_int_equal(e.line, row->line);
        assert_int_equal(e.column, row->column);
    }
    schedule_file_done(&file);
    arena_free(arena);
}

static void test_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        row_check(&rows[i], str_of(rows[i].text));
}

static void test_limits(void **state)
{
    struct arena *arena = arena_new(4096);
    struct model_issues *issues = arena_alloc(arena, sizeof *issues);
    struct schedule_file file;
    struct err e = {0};
    struct buf text;

    (void)state;
    model_issues_init(issues, arena);
    buf_init(&text, 1 << 20);
    buf_add_text(&text, "cron\n");
    while (text.len <= SCHEDULE_FILE_MAX)
        buf_add_text(&text, "# padding\n");
    assert_false(schedule_file_parse(buf_str(&text), SCHEDULE_CRON, now, issues, &file, &e));
    assert_int_equal(e.code, ERR_LIMIT);
    schedule_file_done(&file);
    buf_clear(&text);
    for (int i = 0; i < SCHEDULE_PAIRS_MAX + 1; i++)
        buf_printf(&text, "k%d=1\n", i);
    assert_false(schedule_file_parse(buf_str(&text), SCHEDULE_CRON, now, issues, &file, &e));
    assert_int_equal(e.line, SCHEDULE_PAIRS_MAX + 1);
    schedule_file_done(&file);
    assert_false(
        schedule_file_parse(STR_LIT("cron\nhour=4\0"), SCHEDULE_CRON, now, issues, &file, &e));
    assert_non_null(strstr(e.message, "zero byte"));
    schedule_file_done(&file);
    buf_done(&text);
    arena_free(arena);
}

static void test_errors_are_located(void **state)
{
    struct arena *arena = arena_new(4096);
    struct model_issues *issues = arena_alloc(arena, sizeof *issues);
    struct schedule_file file;
    struct err e = {0};

    (void)state;
    model_issues_init(issues, arena);
    assert_true(schedule_file_parse(STR_LIT("cron\n\nhour = 7,99\n"), SCHEDULE_CRON, now, issues,
                                    &file, &e));
    (void)fail_at(&e, ERR_INPUT, "hour", 3, "hour 99");
    schedule_file_locate(&file, &e);
    assert_int_equal(e.line, 3);
    assert_int_equal(e.column, 10);
    (void)fail_at(&e, ERR_INPUT, "day", 3, "day");
    schedule_file_locate(&file, &e);
    assert_int_equal(e.line, 0);
    schedule_file_done(&file);
    arena_free(arena);
}

static void test_args(void **state)
{
    struct arena *arena = arena_new(4096);
    struct model_issues *issues = arena_alloc(arena, sizeof *issues);
    json_error_t error;
    json_t *args = json_loads("{\"seconds\":\"15\",\"args\":[\"haha\"],\"hour\":1}", 0, &error),
           *spec;
    const json_t *own = NULL;
    char *text;

    (void)state;
    model_issues_init(issues, arena);
    spec = schedule_from_args(SCHEDULE_INTERVAL, args, STR_LIT("\"body\",\"args\""), now, issues,
                              &own);
    text = json_dumps(spec, JSON_COMPACT);
    assert_string_equal(text, INTERVAL(0, 15));
    assert_string_equal(json_string_value(json_array_get(own, 0)), "haha");
    assert_int_equal(issues->warning_count, 1); // hour is no unit of an interval
    free(text);
    json_decref(spec);
    spec = schedule_from_args(SCHEDULE_DATE, NULL, STR_LIT("\"body\",\"args\""), now, issues, NULL);
    assert_string_equal(json_string_value(json_object_get(spec, "run_date")), NOW);
    json_decref(spec);
    json_decref(args);
    args = json_loads("{\"hours\":-1}", 0, &error);
    assert_null(schedule_from_args(SCHEDULE_INTERVAL, args, STR_LIT("\"body\",\"args\""), now,
                                   issues, NULL));
    assert_true(str_eq(issues->v[0].loc, STR_LIT("\"body\",\"args\",\"hours\"")));
    json_decref(args);
    arena_free(arena);
    assert_ptr_equal(schedule_model(SCHEDULE_CRON), &schedule_cron_model);
    assert_ptr_equal(schedule_model(SCHEDULE_INTERVAL), &schedule_interval_model);
    assert_ptr_equal(schedule_model(SCHEDULE_DATE), &schedule_date_model);
}

static void test_read(void **state)
{
    char dir[] = "/tmp/belfry-schedule-XXXXXX", path[128];
    struct err e = {0};
    struct buf text;
    FILE *file;

    (void)state;
    assert_non_null(mkdtemp(dir));
    buf_init(&text, SCHEDULE_FILE_MAX);
    assert_false(schedule_file_read(dir, STR_LIT("a"), &text, &e));
    assert_int_equal(e.code, ERR_FOLDER);
    snprintf(path, sizeof path, "%s/a", dir);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_false(schedule_file_read(dir, STR_LIT("a"), &text, &e));
    assert_int_equal(e.code, ERR_SCHEDULE_FILE);
    snprintf(path, sizeof path, "%s/a/.schedule", dir);
    file = fopen(path, "w");
    fputs("cron\n", file);
    fclose(file);
    assert_true(schedule_file_read(dir, STR_LIT("a"), &text, &e));
    assert_string_equal(buf_text(&text), "cron\n");
    unlink(path);
    snprintf(path, sizeof path, "%s/a", dir);
    rmdir(path);
    rmdir(dir);
    buf_done(&text);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_errors_are_located),
        cmocka_unit_test(test_args),
        cmocka_unit_test(test_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
