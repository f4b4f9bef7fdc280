// pg_read_test.c - the pasts of many jobs come from one question, each to its own.
// SPDX-License-Identifier: Apache-2.0
#include "store/pg_read.h"

#include "pg_server.h"
#include "store/pg_migrate.h"

static struct pg_server server;

// Rows of two jobs, each a slot later; jobs take turns: 10 succeeded, 11 failed, 14 skipped.
static const char rows[] =
    "INSERT INTO run_history SELECT n, job, n, 1, 0, n, 0, n + 100, 0, 0, 0, 0, 0, 1, 1, 7, 0, 0, "
    "state, 0, '' FROM (VALUES (1, 1, 10), (2, 2, 11), (3, 1, 11), (4, 2, 11), (5, 1, 11), "
    "(6, 2, 14)) AS v(n, job, state)";

static void test_pasts(void **state)
{
    static const int64_t asked[] = {2, 99, 1};
    struct request *r = request_read_pasts(asked, COUNT(asked));
    struct store_past *pasts = r->pasts;
    char schema[32];
    int64_t version;
    struct err e;

    (void)state;
    pg_server_schema(&server, schema);
    struct pg *pg = pg_server_connect(&server, schema);

    assert_true(pg_migrate_check(pg, &version, &e));
    assert_true(pg_migrate(pg, version, &e));
    if (!pg_script(pg, rows) || !pg_read_pasts(pg, r))
        fail_msg("%s", pg->trouble.message);
    assert_int_equal(pasts[0].run_id, 4); // what was skipped says nothing
    assert_int_equal(pasts[0].failures, 2);
    assert_int_equal(pasts[0].succeeded_at.us, 0);
    assert_int_equal(pasts[0].exit_code, 7);
    assert_int_equal(pasts[0].started_at.us, 4);
    assert_int_equal(pasts[0].ended_at.us, 104);
    assert_int_equal(pasts[1].run_id, 0);
    assert_int_equal(pasts[2].run_id, 5);
    assert_int_equal(pasts[2].failures, 2);
    assert_int_equal(pasts[2].succeeded_at.us, 101);
    assert_true(pg_script(pg, "DROP VIEW run; DROP TABLE run_history"));
    assert_false(pg_read_pasts(pg, r));
    request_free(r);
    pg_close(pg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_pasts)};
    int failed;

    pg_server_init(&server);
    failed = cmocka_run_group_tests_name("store/pg_read", tests, NULL, NULL);
    pg_server_done(&server);
    return failed;
}
