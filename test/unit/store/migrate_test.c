// migrate_test.c - new, ours, somebody else's, newer.
// SPDX-License-Identifier: Apache-2.0
#include "store/migrate.h"

#include <string.h>

#include "scratch.h"

static void test_new_and_again(void **state)
{
    struct scratch s;
    struct sql *sql;
    struct err e;
    int64_t n;

    (void)state;
    scratch_init(&s);
    for (int i = 0; i < 2; i++) {
        sql = sql_open(s.path, true, &e);
        assert_true(migrate_check(sql, &e));
        assert_true(migrate(sql, &e));
        assert_true(sql_number(sql_get(sql, SQL_USER_VERSION), &n));
        assert_int_equal(n, migrate_version());
        assert_true(sql_number(sql_get(sql, SQL_APPLICATION_ID), &n));
        assert_int_equal(n, MIGRATE_APPLICATION_ID);
        assert_true(sqlite3_get_autocommit(sql->db));
        sql_close(sql);
    }
    scratch_done(&s);
}

static void test_refused(void **state)
{
    static const struct {
        const char *script, *words;
    } rows[] = {
        {"CREATE TABLE theirs(x)", "another program"},
        {"PRAGMA user_version = 3", "another program"},
        {"PRAGMA application_id = 77", "another program"},
        {"PRAGMA application_id = 1650814054; PRAGMA user_version = 99", "newer belfry (schema 99"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct scratch s;
        struct err e;
        struct sql *sql;

        scratch_init(&s);
        sql = sql_open(s.path, true, &e);
        assert_int_equal(sql_script(sql, rows[i].script), SQLITE_OK);
        assert_false(migrate_check(sql, &e));
        assert_int_equal(e.code, ERR_STORE);
        assert_non_null(strstr(e.message, rows[i].words));
        sql_close(sql);
        scratch_done(&s);
    }
}

// A step that fails leaves nothing of itself.
static void test_step_fails(void **state)
{
    struct scratch s;
    struct err e;
    struct sql *sql;
    int64_t n;

    (void)state;
    scratch_init(&s);
    sql = sql_open(s.path, true, &e);
    assert_int_equal(sql_script(sql, "CREATE TABLE run_output(x)"), SQLITE_OK); // in the way
    assert_false(migrate(sql, &e));
    assert_int_equal(e.code, ERR_STORE);
    assert_true(sql_number(sql_get(sql, SQL_TABLES), &n));
    assert_int_equal(n, 1);
    assert_true(sql_number(sql_get(sql, SQL_USER_VERSION), &n));
    assert_int_equal(n, 0);
    sql_close(sql);
    scratch_done(&s);
}

static const char *const steps[] = {
#define X(version, sql) sql,
#include "store/schema.def"
#undef X
};

// A database of the first version gets what it lacks and keeps what it has.
static void test_older(void **state)
{
    struct scratch s;
    struct err e;
    struct sql *sql;
    int64_t n;

    (void)state;
    scratch_init(&s);
    sql = sql_open(s.path, true, &e);
    assert_int_equal(sql_script(sql, steps[0]), SQLITE_OK);
    assert_int_equal(sql_script(sql,
                                "INSERT INTO job VALUES(7, 'a', 0, '{}', '', '{}', 0, 1, 1, 0, "
                                "0, 0); PRAGMA application_id = 1650814054; "
                                "PRAGMA user_version = 1"),
                     SQLITE_OK);
    sql_close(sql);
    sql = sql_open(s.path, true, &e);
    assert_true(migrate_check(sql, &e) && migrate(sql, &e));
    assert_true(sql_number(sql_get(sql, SQL_USER_VERSION), &n));
    assert_int_equal(n, migrate_version());
    assert_true(sql_number(sql_get(sql, SQL_CHANGE_LAST), &n));
    assert_int_equal(n, 1);
    assert_non_null(sql_get(sql, SQL_CALENDAR_LOAD));
    sql_close(sql);
    scratch_done(&s);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_and_again),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_step_fails),
        cmocka_unit_test(test_older),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
