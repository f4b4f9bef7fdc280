// peek_test.c - a look into a database: jobs, calendars, durations; nothing of it changes.
// SPDX-License-Identifier: Apache-2.0
#include "store/peek.h"

#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "scratch.h"
#include "store/migrate.h"

struct told {
    char text[400];
    size_t len;
};

static void calendar_seen(const struct store_calendar *row, void *ctx)
{
    struct told *told = ctx;

    told->len += (size_t)snprintf(told->text + told->len, sizeof told->text - told->len,
                                  "calendar %.*s;", STR(row->name));
}

static void job_seen(const struct job_row *row, const int64_t *durations_us, size_t count,
                     void *ctx)
{
    struct told *told = ctx;

    told->len += (size_t)snprintf(told->text + told->len, sizeof told->text - told->len,
                                  "job %.*s %zu", STR(row->name), count);
    for (size_t i = 0; i < count; i++)
        told->len += (size_t)snprintf(told->text + told->len, sizeof told->text - told->len, " %d",
                                      (int)durations_us[i]);
    told->len += (size_t)snprintf(told->text + told->len, sizeof told->text - told->len, ";");
}

static const struct peek_fns fns = {calendar_seen, job_seen};

static struct sql *database(const struct scratch *s)
{
    struct err e;
    struct sql *sql = sql_open(s->path, true, &e);

    assert_non_null(sql);
    assert_true(migrate(sql, &e));
    return sql;
}

#define RUN                                                                                 \
    "INSERT INTO run(id, job_id, scheduled_at, origin, job_version, state, attempt, node, " \
    "queued_at, started_at, try_at, finished_at, missed, missed_from, reason, exit_code, "  \
    "signal, message) VALUES"
#define JOB                                                                       \
    "INSERT INTO job(name, kind, trigger, tz, spec, state, version, change_seq, " \
    "effective_from, updated_at, created_at) VALUES"

// Of the runs those that went well count, the latest first; jobs that are gone do not.
static void test_look(void **state)
{
    struct scratch s;
    struct told told = {0};
    struct err e;

    (void)state;
    scratch_init(&s);
    struct sql *sql = database(&s);

    assert_int_equal(sql_script(sql, JOB "('a', 0, '{}', '', '{}', 0, 1, 1, 0, 0, 0), "
                                         "('b', 0, '{}', '', '{}', 1, 1, 2, 0, 0, 0), "
                                         "('c', 0, '{}', '', '{}', 3, 1, 3, 0, 0, 0)"),
                     SQLITE_OK);
    assert_int_equal(
        sql_script(sql, "INSERT INTO calendar(kind, name, body, version, created_at, updated_at) "
                        "VALUES(1, 'night', '{}', 1, 0, 0)"),
        SQLITE_OK);
    assert_int_equal(sql_script(sql,
                                RUN "(1, 1, 10, 0, 1, 10, 1, 1, 0, 10, 0, 17, 0, 0, 0, 0, 0, ''), "
                                    "(2, 1, 20, 0, 1, 10, 1, 1, 0, 20, 0, 25, 0, 0, 0, 0, 0, ''), "
                                    "(3, 1, 30, 0, 1, 11, 1, 1, 0, 30, 0, 99, 0, 0, 0, 1, 0, '')"),
                     SQLITE_OK);
    // Beside whoever holds it.
    assert_true(peek(s.path, &fns, &told, &e));
    assert_string_equal(told.text, "calendar night;job a 2 5 7;job b 0;");
    sql_close(sql);
    scratch_done(&s);
}

static void refused(const char *path, enum err_code code, const char *words)
{
    struct told told = {0};
    struct err e;

    assert_false(peek(path, &fns, &told, &e));
    assert_int_equal(e.code, code);
    assert_non_null(strstr(e.message, words));
    assert_true(e.hint[0]);
    assert_string_equal(told.text, "");
}

static void test_refusals(void **state)
{
    struct scratch s;

    (void)state;
    scratch_init(&s);
    refused(s.path, ERR_NOT_FOUND, "there is no database");
    FILE *file = fopen(s.path, "we");

    assert_non_null(file);
    fclose(file);
    refused(s.path, ERR_STORE, "is empty");
    struct sql *sql = database(&s);

    assert_int_equal(sql_script(sql, "PRAGMA user_version = 1"), SQLITE_OK);
    refused(s.path, ERR_STORE, "an older belfry");
    assert_int_equal(sql_script(sql, "PRAGMA user_version = 1000"), SQLITE_OK);
    refused(s.path, ERR_STORE, "a newer belfry");
    sql_close(sql);
    scratch_done(&s);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_look),
        cmocka_unit_test(test_refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
