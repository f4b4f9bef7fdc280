// copy_test.c - a store goes into PostgreSQL and back, whole; what cannot be copied says why and
// leaves nothing.
// SPDX-License-Identifier: Apache-2.0
#include "store/copy.h"

#include <string.h>

#include "pg_server.h"
#include "scratch.h"
#include "store/sqlite_file.h"

static struct pg_server server;

static const char *const rows =
    "INSERT INTO node VALUES(3, 0, 'n', '', '1', 5, 9223372036854775807, 77);"
    "INSERT INTO job VALUES(7, 'na\xc3\xafve', 0, '{}', 'UTC', '{}', 0, 2, 9, 1, 2, 3);"
    "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 1200) "
    "INSERT INTO run SELECT x, 7, x * 1000, 0, 1, 10, 1, 3, 1, 2, 0, 3, 0, 0, 0, 0, 0, 'm', 4, 5, "
    "6 "
    "FROM n;"
    "UPDATE run SET state = 1 WHERE id = 1200;"
    "INSERT INTO run_output VALUES(5, x'00ff', x'', 2, x'', x'', 0, '{}', '');"
    "INSERT INTO calendar VALUES(4, 0, 'c', '{}', 1, 2, 3);"
    "INSERT INTO met VALUES(7, 'p', -1)";

static void file_fill(const char *path, const char *text)
{
    struct err e;
    struct sql *sql = sqlite_file_open(path, &e);

    assert_non_null(sql);
    if (sql_script(sql, text) != SQLITE_OK)
        fail_msg("%s", sqlite3_errmsg(sql->db));
    sql_close(sql);
}

static void test_both_ways(void **state)
{
    struct copy_report there, back;
    char schema[32], uri[300], second[120];
    struct scratch s;
    struct err e;

    (void)state;
    scratch_init(&s);
    snprintf(second, sizeof second, "%s/second.db", s.directory);
    file_fill(s.path, rows);
    pg_server_schema(&server, schema);
    pg_server_uri(&server, schema, uri);
    if (!copy(s.path, uri, &there, &e) || !copy(uri, second, &back, &e))
        fail_msg("%s", e.message);
    assert_int_equal(there.count, back.count);
    for (size_t i = 0; i < there.count; i++) {
        assert_string_equal(there.tables[i].name, back.tables[i].name);
        assert_int_equal(there.tables[i].rows, back.tables[i].rows);
        assert_int_equal(there.tables[i].sum, back.tables[i].sum);
    }
    assert_int_equal(there.tables[1].rows, 1200); // run
    assert_false(copy(s.path, uri, &there, &e));
    assert_non_null(strstr(e.message, "holds something already"));
    // New rows get numbers behind those that came.
    struct pg *pg = pg_server_connect(&server, schema);
    PGresult *result = pg_ask(pg, "SELECT nextval('job_id_seq'), nextval('change')", NULL, 0);

    assert_int_equal(pg_int(result, 0, 0), 8);
    assert_int_equal(pg_int(result, 0, 1), 10);
    PQclear(result);
    // What lives is apart, and what belongs to a run has its slot.
    result = pg_ask(pg,
                    "SELECT (SELECT count(*) FROM run_active), (SELECT count(*) FROM run_history), "
                    "(SELECT scheduled_at FROM run_output)",
                    NULL, 0);
    assert_int_equal(pg_int(result, 0, 0), 1);
    assert_int_equal(pg_int(result, 0, 1), 1199);
    assert_int_equal(pg_int(result, 0, 2), 5000);
    PQclear(result);
    pg_close(pg);
    scratch_done(&s);
}

// PostgreSQL's texts hold no NUL: what would not be the same is not copied.
static void test_differs(void **state)
{
    struct copy_report report;
    char schema[32], uri[300];
    struct scratch s;
    struct err e;

    (void)state;
    scratch_init(&s);
    file_fill(s.path, "INSERT INTO calendar VALUES(4, 0, 'c', CAST(x'6100' AS TEXT), 1, 2, 3)");
    pg_server_schema(&server, schema);
    pg_server_uri(&server, schema, uri);
    assert_false(copy(s.path, uri, &report, &e));
    assert_non_null(strstr(e.message, "the table calendar differs: 1 rows"));
    struct pg *pg = pg_server_connect(&server, schema);
    PGresult *result = pg_ask(pg, "SELECT count(*) FROM calendar", NULL, 0);

    assert_int_equal(pg_int(result, 0, 0), 0);
    PQclear(result);
    pg_close(pg);
    scratch_done(&s);
}

static void test_refused(void **state)
{
    struct copy_report report;
    struct err e;

    (void)state;
    assert_false(copy("a.db", "b.db", &report, &e));
    assert_int_equal(e.code, ERR_USAGE);
    assert_false(copy("postgresql:///a", "postgresql:///b", &report, &e));
    assert_int_equal(e.code, ERR_USAGE);
    assert_false(copy("/dev/shm/no/such.db", "postgresql:///b", &report, &e));
    assert_int_equal(e.code, ERR_STORE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_ways),
        cmocka_unit_test(test_differs),
        cmocka_unit_test(test_refused),
    };
    int failed;

    pg_server_init(&server);
    failed = cmocka_run_group_tests_name("store/copy", tests, NULL, NULL);
    pg_server_done(&server);
    return failed;
}
