// db_test.c - a statement by name, its rows and numbers, the same through every driver.
// SPDX-License-Identifier: Apache-2.0
#include "store/db.h"

#include "scratch.h"
#include "store/migrate.h"

static void test_queries(void **state)
{
    struct scratch s;
    struct err e;
    int64_t n = 7;

    (void)state;
    scratch_init(&s);
    struct sql *sql = sql_open(s.path, true, &e);
    struct db *db = &sql->base;

    assert_true(migrate(sql, &e));
    assert_ptr_equal(db_get(db, SQL_META_GET)->db, db);         // as db_init has made them
    assert_true(query_number(db_get(db, SQL_CHANGE_LAST), &n)); // the number of an empty table
    assert_int_equal(n, 0);
    struct query *q = db_get(db, SQL_META_GET);

    n = 7;
    query_text(q, 1, STR_LIT("nothing"));
    assert_true(query_number_if(q, &n)); // no row is no failure, and leaves the number
    assert_int_equal(n, 7);
    query_text(q, 1, STR_LIT("nothing"));
    assert_false(query_number(q, &n));
    q = db_get(db, SQL_META_SET);
    query_text(q, 1, STR_LIT("key"));
    query_text(q, 2, STR_LIT("12"));
    assert_true(query_send(q));
    assert_int_equal(db_changes(db), 1);
    q = db_get(db, SQL_META_GET);
    query_text(q, 1, STR_LIT("key"));
    assert_int_equal(query_step(q), QUERY_ROW);
    assert_false(column_is_null(q, 0));
    assert_true(str_eq(column_text(q, 0), STR_LIT("12")));
    assert_int_equal(column_int(q, 0), 12);
    assert_int_equal(query_step(q), QUERY_DONE);
    query_reset(q);
    sql_close(sql);
    scratch_done(&s);
}

static void test_failures(void **state)
{
    struct scratch s;
    struct err e;
    int64_t n;

    (void)state;
    scratch_init(&s);
    struct sql *sql = sql_open(s.path, true, &e);
    struct query *q = db_get(&sql->base, SQL_META_GET); // there are no tables

    query_text(q, 1, STR_LIT("clean"));
    query_int(q, 1, 1);
    query_blob(q, 1, STR_LIT("x"));
    assert_int_equal(query_step(q), QUERY_FAILED);
    query_reset(q);
    assert_false(query_number_if(q, &n));
    assert_false(db_do(&sql->base, SQL_JOB_LOAD));
    assert_false(db_fail(&sql->base, &e));
    assert_int_equal(e.code, ERR_STORE);
    assert_non_null(strstr(e.message, s.path));
    sql_close(sql);
    scratch_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_queries),
        cmocka_unit_test(test_failures),
    };

    return cmocka_run_group_tests_name("store/db", tests, NULL, NULL);
}
