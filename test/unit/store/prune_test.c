// prune_test.c - what goes with a row: nothing of it is left in any table.
// SPDX-License-Identifier: Apache-2.0
#include "store/prune.h"

#include "scratch.h"
#include "store/migrate.h"
#include "unit.h"

static int64_t count(struct sql *sql, const char *text)
{
    sqlite3_stmt *statement;
    int64_t n = -1;

    assert_int_equal(sqlite3_prepare_v2(sql->db, text, -1, &statement, NULL), SQLITE_OK);
    assert_true(sql_number(statement, &n));
    sqlite3_finalize(statement);
    return n;
}

static const char *const everything =
    "SELECT (SELECT count(*) FROM run) + (SELECT count(*) FROM run_output) + "
    "(SELECT count(*) FROM run_ask) + (SELECT count(*) FROM attempt)";

static void test_all_of_a_run(void **state)
{
    struct scratch s;
    struct err e;

    (void)state;
    scratch_init(&s);
    struct sql *sql = sql_open(s.path, true, &e);

    assert_true(migrate(sql, &e));
    assert_int_equal(
        sql_script(
            sql,
            "INSERT INTO job VALUES(1,'a',0,'','','',3,1,1,0,0,0),(2,'b',0,'','','',3,1,1,0,0,0);"
            "INSERT INTO run VALUES(5,1,10,0,1,13,1,1,0,0,0,0,0,0,0,0,0,'',0,0,0);"
            "INSERT INTO run VALUES(6,1,11,0,1,13,1,1,0,0,0,0,0,0,0,0,0,'',0,0,0);"
            "INSERT INTO run_output VALUES(5,x'',x'',0,x'',x'',0,'','');"
            "INSERT INTO run_ask VALUES(5,1,'','',0,0,0,0,0,-1,'',0);"
            "INSERT INTO attempt VALUES(5,1,11,0,0,0,0,0,'',x'',x'',0,x'',x'',0,'','',0,0,0);"),
        SQLITE_OK);
    assert_int_equal(count(sql, everything), 5);
    assert_true(prune_run(&sql->base, 5, 10));
    assert_int_equal(count(sql, everything), 1);
    // The last row of a deleted job takes its tombstone along.
    const struct store_prune prune = {.keep = 1, .before = {20}, .limit = 10};
    struct request *r = request_prune(&prune);

    assert_true(prune_runs(&sql->base, r));
    assert_int_equal(r->job_id, 1);
    assert_int_equal(r->pruned, 1);
    assert_int_equal(count(sql, everything), 0);
    assert_int_equal(count(sql, "SELECT count(*) FROM job"), 1);
    assert_int_equal(count(sql, "SELECT count(*) FROM pruned"), 0);
    request_free(r);
    r = request_delete_run(6); // no such run any more
    assert_true(prune_one(&sql->base, r));
    assert_int_equal(r->err.code, ERR_NOT_FOUND);
    request_free(r);
    r = request_prune(&prune); // that of the newest job stays
    assert_true(prune_runs(&sql->base, r));
    assert_int_equal(r->job_id, 2);
    assert_int_equal(count(sql, "SELECT count(*) FROM job"), 1);
    request_free(r);
    sql_close(sql);
    scratch_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all_of_a_run)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
