// explain_test.c - what `belfry explain` says.
// SPDX-License-Identifier: Apache-2.0
#include "cli/explain.h"

#include <stdio.h>

#include "cli/command.h"
#include "time/iso8601.h"
#include "unit.h"

static void check(const char *expr, const char *zone, const char *now, int count, const char *want)
{
    struct zones *zones = zones_new("test/data/zoneinfo");
    struct trigger_context context = {zones, str_of(zone), {0}, {0}, NULL};
    enum dialect dialect =
        str_find(str_of(expr), '?') >= 0 ? DIALECT_QUARTZ : dialect_guess(str_of(expr));
    struct trigger *t;
    struct buf out;
    struct err e;
    json_t *spec;

    assert_true(dialect_spec(str_of(expr), dialect, &spec, &e));
    assert_true(iso8601_moment(str_of(now), zones_utc(zones), "now", &context.now, &e));
    assert_true(trigger_parse(spec, &context, &t, &e));
    buf_init(&out, 10000);
    explain_write(t, dialect, context.now, count, &out);
    assert_string_equal(buf_text(&out), want);
    buf_done(&out);
    trigger_free(t);
    json_decref(spec);
    zones_free(zones);
}

static void test_fractions(void **state)
{
    (void)state;
    check("{\"type\":\"interval\",\"seconds\":0.25}", "UTC", "2029-12-31 23:59:59.5", 2,
          "Every 0.25 seconds\n"
          "345,600 times a day\n"
          "  Mon 2029-12-31 23:59:59.750000 UTC   in 0s\n"
          "  Tue 2030-01-01 00:00 UTC   in 0s\n");
}

static void test_words(void **state)
{
    (void)state;
    check("30 2 * * *", "Europe/Berlin", "2026-11-22 12:05", 2,
          "At 02:30 every day, Europe/Berlin\n"
          "once a day\n"
          "  Mon 2026-11-23 02:30 CET   in 13h 25m\n"
          "  Tue 2026-11-24 02:30 CET   in 1d 13h\n"
          "note: 2027-03-28 02:30 does not exist: runs at 03:00 CEST\n"
          "note: 2027-10-31 02:30 occurs twice: the first only\n"
          "note: 2028-03-26 02:30 does not exist: runs at 03:00 CEST\n"
          "note: 2028-10-29 02:30 occurs twice: the first only\n");
    check("*/5 * * * *", "Europe/Berlin", "2026-11-22 12:05", 1,
          "Every 5 minutes, Europe/Berlin\n"
          "288 times a day\n"
          "  Sun 2026-11-22 13:10 CET   in 5m\n");
    check("7 0 12 30 12 * 2011-2012", "Pacific/Apia", "2011-12-01", 2,
          "At 12:00:07 on 30 December in 2011 and 2012, Pacific/Apia\n"
          "once\n"
          "  Sun 2012-12-30 12:00:07 +14   in 394d 22h\n"
          "  then never again\n"
          "note: 2011-12-30 12:00:07 does not exist: no run\n");
    check("{\"expr\":\"0 0 0 1 1 * 2030\"}", "UTC", "2029-12-31 23:59:01", 2,
          "At 00:00 on 1 January in 2030, UTC\n"
          "once\n"
          "  Tue 2030-01-01 00:00 UTC   in 59s\n"
          "  then never again\n"
          "note: it ends after 1 more run, on 2030-01-01 00:00:00 UTC\n");
    check("0 0 9 ? * 2-6", "UTC", "2026-11-22 12:05", 1,
          "At 09:00 on weekdays, UTC\n"
          "5 times a week; read as quartz\n"
          "  Mon 2026-11-23 09:00 UTC   in 20h 55m\n"
          "warning: weekday \"2-6\" is mon-fri: numbers count from 1, Sunday\n"
          "   hint: names of weekdays mean the same everywhere\n");
    check("2026-12-24T18:00", "UTC", "2026-11-22 12:05", 2,
          "Once at 2026-12-24 18:00:00 UTC\n"
          "read as date\n"
          "  Thu 2026-12-24 18:00 UTC   in 32d 5h\n"
          "  then never again\n");
    check("@reboot", "UTC", "2029-12-31 23:59:01", 2,
          "At each start of the scheduler\n"
          "  no times beforehand: they follow from what happens\n");
}

static void test_json(void **state)
{
    struct zones *zones = zones_new("test/data/zoneinfo");
    struct trigger_context context = {zones, STR_LIT("UTC"), {0}, {0}, NULL};
    json_t *spec = json_pack("{ss}", "expr", "*/35 * * * *"), *got;
    struct trigger *t;
    struct buf out;
    struct err e;

    (void)state;
    assert_true(trigger_parse(spec, &context, &t, &e));
    buf_init(&out, 100000);
    explain_write_json(t, DIALECT_CRON, context.now, 3, &out);
    assert_true(out.len > 0 && out.p[out.len - 1] == '\n');
    got = json_loadb(out.p, out.len, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(got, "dialect")), "cron");
    assert_int_equal(json_array_size(json_object_get(got, "next")), 3);
    assert_int_equal(json_array_size(json_object_get(got, "warnings")), 1);
    json_decref(got);
    json_decref(spec);
    buf_done(&out);
    trigger_free(t);
    zones_free(zones);
}

// What the command prints; its exit status in *ret_status.
static void run(char **argv, struct buf *out, int *ret_status)
{
    FILE *file = tmpfile();
    int argc = 0, saved = dup(STDOUT_FILENO), c;

    assert_non_null(file);
    while (argv[argc])
        argc++;
    fflush(stdout);
    dup2(fileno(file), STDOUT_FILENO);
    *ret_status = cmd_explain(argc, argv);
    fflush(stdout);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    rewind(file);
    buf_clear(out);
    while ((c = fgetc(file)) != EOF)
        buf_add_byte(out, (char)c);
    fclose(file);
}

static void test_command(void **state)
{
    static const struct {
        char *argv[8];
        int status;
        const char *printed;
    } rows[] = {
        {{"explain", "30 2 * * mon-fri", "--tz", "UTC", "--as", "quartz"},
         0,
         "0 30 2 ? * MON-FRI\n"},
        {{"explain", "0 30 2 ? * 2-6", "--dialect", "quartz", "--as", "words"},
         0,
         "at 02:30 on weekdays"},
        {{"explain", "30 2 * * mon-fri", "--tz", "UTC", "--as", "fields"},
         0,
         "{\"type\":\"cron\",\"day_of_week\":\"mon-fri\",\"hour\":\"2\",\"minute\":\"30\","
         "\"timezone\":\"UTC\"}\n"},
        {{"explain", "Mon..Fri 09:00", "--tz", "UTC", "--as", "cron"}, 0, "0 9 * * mon-fri\n"},
        {{"explain", "CRON_TZ=Asia/Tokyo 0 9 * * *", "--tz", "UTC", "--as", "quartz"},
         0,
         "{\"type\":\"quartz\",\"expr\":\"0 0 9 * * ?\",\"timezone\":\"Asia/Tokyo\"}\n"},
        {{"explain", "0 0 13 * fri", "--tz", "UTC", "--as", "quartz"}, 7, ""},
        {{"explain", "61 * * * *", "--tz", "UTC", "-o", "json"}, 7, ""},
        {{"explain", "@daily", "--tz", "UTC", "-o", "json"}, 0, "{\"dialect\":\"cron\","},
        {{"explain", "@daily", "--as", "moon"}, 2, ""},
    };
    struct buf out;

    (void)state;
    buf_init(&out, 100000);
    for (size_t i = 0; i < COUNT(rows); i++) {
        int status;

        run((char **)rows[i].argv, &out, &status);
        assert_int_equal(status, rows[i].status);
        if (!str_starts(buf_str(&out), str_of(rows[i].printed)) ||
            (out.len > 0 && rows[i].printed[0] == '\0'))
            fail_msg("%s printed %s", rows[i].argv[1], buf_text(&out));
    }
    buf_done(&out);
}

static void test_calendar(void **state)
{
    static const char calendar[] = "{\"dates\":[{\"date\":\"12-25\",\"reason\":\"Christmas\"},"
                                   "\"12-26\"]}";
    static const struct {
        const char *on_exclude, *printed;
    } rows[] = {
        {"skip", "At 09:00 every day, UTC, not in holidays\n"
                 "about once a day\n"
                 "  Sun 2026-12-27 09:00 UTC   in 2d 23h\n"
                 "note: Fri 2026-12-25 09:00 is kept out by holidays (Christmas)\n"
                 "note: Sat 2026-12-26 09:00 is kept out by holidays\n"},
        {"end", "At 09:00 every day, UTC, not in holidays, else as soon as it is free\n"
                "about once a day\n"
                "  Sun 2026-12-27 00:00 UTC   in 2d 14h\n"
                "note: Fri 2026-12-25 09:00 is kept out by holidays (Christmas), runs Sun "
                "2026-12-27 00:00\n"
                "note: Sat 2026-12-26 09:00 is kept out by holidays, runs Sun 2026-12-27 00:00\n"},
    };
    char dir[] = "/tmp/belfry-explain-XXXXXX", path[64];
    struct buf out;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/holidays.json", dir);
    FILE *file = fopen(path, "w");
    fputs(calendar, file);
    fclose(file);
    buf_init(&out, 10000);
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *argv[] = {
            "explain", "0 9 * * *", "--tz",       "UTC", "--from",       "2026-12-24 10:00",
            "-n",      "1",         "--calendar", path,  "--on-exclude", (char *)rows[i].on_exclude,
            NULL};
        int status;

        run(argv, &out, &status);
        assert_int_equal(status, 0);
        assert_string_equal(buf_text(&out), rows[i].printed);
    }
    buf_done(&out);
    unlink(path);
    rmdir(dir);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words), cmocka_unit_test(test_fractions), cmocka_unit_test(test_json),
        cmocka_unit_test(test_command), cmocka_unit_test(test_calendar)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
