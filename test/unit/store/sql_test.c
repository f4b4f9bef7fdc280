// sql_test.c - statements by name, binding and reading, failures in words.
// SPDX-License-Identifier: Apache-2.0
#include "store/sql.h"

#include <string.h>

#include "scratch.h"
#include "store/migrate.h"

static struct sql *open_new(struct scratch *s)
{
    struct err e;
    struct sql *sql;

    scratch_init(s);
    sql = sql_open(s->path, true, &e);
    assert_non_null(sql);
    assert_int_equal(sql_do(sql, SQL_WAL), SQLITE_OK);
    assert_true(migrate(sql, &e));
    return sql;
}

static int64_t pragma(struct sql *sql, const char *text)
{
    sqlite3_stmt *statement;
    int64_t n = -1;

    assert_int_equal(sqlite3_prepare_v2(sql->db, text, -1, &statement, NULL), SQLITE_OK);
    assert_true(sql_number(statement, &n));
    sqlite3_finalize(statement);
    return n;
}

// A mistyped statement is found here and not at night.
static void test_every_statement(void **state)
{
    struct scratch s;
    struct sql *sql = open_new(&s);

    (void)state;
    for (int i = 0; i < SQL_COUNT; i++) {
        if (!sql_get(sql, (enum sql_name)i))
            fail_msg("statement %d: %s", i, sqlite3_errmsg(sql->db));
    }
    sql_close(sql);
    sql_close(NULL);
    scratch_done(&s);
}

static void test_settings(void **state)
{
    struct scratch s;
    struct sql *sql = open_new(&s), *reader;
    struct err e;

    (void)state;
    assert_int_equal(pragma(sql, "PRAGMA synchronous"), 2); // FULL
    assert_int_equal(pragma(sql, "PRAGMA foreign_keys"), 1);
    assert_int_equal(pragma(sql, "PRAGMA wal_autocheckpoint"), 0);
    reader = sql_open(s.path, false, &e);
    assert_int_equal(sql_script(reader, "DELETE FROM job"), SQLITE_READONLY);
    assert_false(sql_fail(reader, &e));
    assert_int_equal(e.code, ERR_STORE);
    assert_non_null(strstr(e.message, s.path));
    sql_close(reader);
    sql_close(sql);
    scratch_done(&s);
}

static void test_bind(void **state)
{
    struct scratch s;
    struct sql *sql = open_new(&s);
    sqlite3_stmt *statement;
    struct str got;

    (void)state;
    assert_int_equal(
        sqlite3_prepare_v2(sql->db, "SELECT ?1, ?2, ?3, typeof(?2)", -1, &statement, NULL),
        SQLITE_OK);
    sql_bind_text(statement, 1, STR_LIT("a\0b"));
    sql_bind_blob(statement, 2, (struct str){0});
    sql_bind_text(statement, 3, (struct str){0});
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    got = sql_column(statement, 0);
    assert_int_equal(got.len, 3);
    assert_memory_equal(got.p, "a\0b", 3);
    assert_int_equal(sql_column(statement, 1).len, 0);
    assert_int_equal(sql_column(statement, 2).len, 0);
    got = sql_column(statement, 3);
    assert_true(str_eq(got, STR_LIT("blob"))); // and not NULL
    sqlite3_finalize(statement);
    sql_close(sql);
    scratch_done(&s);
}

static void test_run(void **state)
{
    struct scratch s;
    struct sql *sql = open_new(&s);
    sqlite3_stmt *statement = sql_get(sql, SQL_META_SET);
    int64_t n = 0;

    (void)state;
    sql_bind_text(statement, 1, STR_LIT("k"));
    sql_bind_text(statement, 2, STR_LIT("7"));
    assert_int_equal(sql_run(statement), SQLITE_OK);
    statement = sql_get(sql, SQL_META_GET);
    sql_bind_text(statement, 1, STR_LIT("k"));
    assert_true(sql_number(statement, &n));
    assert_int_equal(n, 7);
    sql_bind_text(statement, 1, STR_LIT("nothing"));
    assert_false(sql_number(statement, &n));
    assert_int_equal(sql_do(sql, SQL_BEGIN), SQLITE_OK);
    assert_int_equal(sql_do(sql, SQL_BEGIN), SQLITE_ERROR);
    assert_int_equal(sql_do(sql, SQL_ROLLBACK), SQLITE_OK);
    sql_close(sql);
    scratch_done(&s);
}

// What SQLite says, and what an operator reads.
static void test_words(void **state)
{
    static const struct {
        const char *script;
        const char *message, *hint;
    } rows[] = {
        {"PRAGMA max_page_count = 1; CREATE TABLE big(x); INSERT INTO big "
         "VALUES(zeroblob(1000000))",
         "its disk is full", "free some space"},
        {"SELECT nonsense", "no such column", "restore a backup"},
    };
    struct err e;
    struct sql *sql;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct scratch s;

        sql = open_new(&s);
        assert_int_not_equal(sql_script(sql, rows[i].script), SQLITE_OK);
        assert_false(sql_fail(sql, &e));
        assert_int_equal(e.code, ERR_STORE);
        assert_non_null(strstr(e.message, rows[i].message));
        assert_non_null(strstr(e.hint, rows[i].hint));
        sql_close(sql);
        scratch_done(&s);
    }
    struct scratch s;
    int64_t n;

    sql = open_new(&s);
    sql_bind_text(sql_get(sql, SQL_META_GET), 1, STR_LIT("no such row"));
    assert_false(sql_number(sql_get(sql, SQL_META_GET), &n) || sql_fail(sql, &e));
    assert_non_null(strstr(e.message, "is damaged: something that must be in it is missing"));
    assert_non_null(strstr(e.hint, "restore a backup"));
    sql_close(sql);
    scratch_done(&s);
    sql = sql_open("/nowhere-at-all/b.db", true, &e);
    assert_null(sql);
    assert_int_equal(e.code, ERR_STORE);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_statement),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_bind),
        cmocka_unit_test(test_run),
        cmocka_unit_test(test_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
