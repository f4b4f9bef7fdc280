// run_rows_test.c - runs as SQL sees them.
// SPDX-License-Identifier: Apache-2.0
#include "store/run_rows.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

static sqlite3_stmt *statement_of(sqlite3 *db, const char *text)
{
    sqlite3_stmt *statement = NULL;

    assert_int_equal(sqlite3_prepare_v2(db, text, -1, &statement, NULL), SQLITE_OK);
    return statement;
}

// The rows of a statement, columns separated by commas and rows by semicolons.
static void assert_rows(sqlite3_stmt *statement, const char *expected)
{
    char text[1000] = "";
    size_t n = 0;

    while (sqlite3_step(statement) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(statement); i++)
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", i > 0 ? "," : "",
                                  (const char *)sqlite3_column_text(statement, i));
        n += (size_t)snprintf(text + n, sizeof text - n, ";");
    }
    sqlite3_reset(statement);
    assert_string_equal(text, expected);
}

static void test_rows(void **state)
{
    struct run runs[] = {
        {.id = 1, .job_id = 7},
        {.id = INT64_C(9007199254740991),
         .job_id = 2,
         .scheduled_at = {3},
         .origin = RUN_CATCHUP,
         .state = RUN_SKIPPED,
         .reason = REASON_OVERLAP,
         .job_version = 4,
         .attempt = 5,
         .missed = 6,
         .missed_from = {7},
         .queued_at = {8},
         .started_at = {9},
         .finished_at = {10},
         .exit_code = -1,
         .signal = 11,
         .message = {"words and more", 5}},
        {.id = 3, .job_id = 7},
    };
    bool wanted[] = {true, true, true};
    struct run_rows rows = {runs, wanted, COUNT(runs), 0};
    sqlite3 *db;
    sqlite3_stmt *all, *ids;

    (void)state;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    assert_int_equal(run_rows_register(db), SQLITE_OK);
    all = statement_of(
        db, "SELECT id, job_id, scheduled_at, origin, state, reason, job_version, attempt, "
            "missed, missed_from, queued_at, started_at, finished_at, exit_code, signal, "
            "message FROM run_rows(?1) WHERE rowid = 1");
    ids = statement_of(db, "SELECT id, typeof(message), message = '' FROM run_rows(?1)");
    assert_int_equal(sqlite3_bind_pointer(all, 1, &rows, RUN_ROWS, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_bind_pointer(ids, 1, &rows, RUN_ROWS, NULL), SQLITE_OK);
    assert_rows(all, "9007199254740991,2,3,1,14,2,4,5,6,7,8,9,10,-1,11,words;");
    assert_rows(ids, "1,text,1;9007199254740991,text,0;3,text,1;");
    wanted[0] = wanted[2] = false;
    assert_rows(ids, "9007199254740991,text,0;");
    wanted[1] = false;
    assert_rows(ids, "");
    rows.count = 0;
    assert_rows(ids, "");
    sqlite3_finalize(all);
    sqlite3_finalize(ids);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

// Where the rows are, only a pointer of the right kind tells.
static void test_no_rows(void **state)
{
    sqlite3 *db;
    sqlite3_stmt *statement;

    (void)state;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    assert_int_equal(run_rows_register(db), SQLITE_OK);
    assert_int_not_equal(sqlite3_prepare_v2(db, "SELECT id FROM run_rows", -1, &statement, NULL),
                         SQLITE_OK);
    statement = statement_of(db, "SELECT id FROM run_rows(?1)");
    sqlite3_bind_int64(statement, 1, 4711);
    assert_int_equal(sqlite3_step(statement), SQLITE_MISUSE);
    sqlite3_reset(statement);
    sqlite3_bind_pointer(statement, 1, &db, "something else", NULL);
    assert_int_equal(sqlite3_step(statement), SQLITE_MISUSE);
    sqlite3_finalize(statement);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_no_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
