// pg_test.c - a connection to PostgreSQL, and what is built on it: journeys, the schema, the
// holder, the writer that is taken over.
// SPDX-License-Identifier: Apache-2.0
#include "store/pg.h"

#include <string.h>

#include "pg_server.h"
#include "store/pg_holder.h"
#include "store/pg_migrate.h"
#include "store/pg_value.h"
#include "store/pg_write.h"
#include "store/pg_writer.h"
#include "store/takeover.h"

static struct pg_server server;

static struct pg *connect_new(char schema[32])
{
    pg_server_schema(&server, schema);
    return pg_server_connect(&server, schema);
}

static struct pg *ledger_new(char schema[32])
{
    struct pg *pg = connect_new(schema);
    int64_t version = -1;
    struct err e;

    assert_true(pg_migrate_check(pg, &version, &e));
    assert_int_equal(version, 0);
    assert_true(pg_migrate(pg, version, &e));
    return pg;
}

static bool on_result(size_t at, PGresult *result, void *ctx)
{
    int64_t *numbers = ctx;

    numbers[at] = PQntuples(result) > 0 ? pg_int(result, 0, 0) : 0;
    return false;
}

static void meta_send(struct pg *pg, const char *key, const char *value)
{
    struct query *q = db_get(&pg->base, SQL_META_SET);

    query_text(q, 1, str_of(key));
    query_text(q, 2, str_of(value));
    pg_send(q);
}

// Three statements in one journey; when one fails, those behind it are not carried out.
static void test_journey(void **state)
{
    char schema[32];
    struct pg *pg = ledger_new(schema);
    int64_t numbers[8] = {0}, n = 0;
    size_t failed = 99;

    (void)state;
    meta_send(pg, "a", "1");
    meta_send(pg, "b", "2");
    pg_send(pg_get(pg, PG_SESSION));
    assert_true(pg_sync(pg, on_result, numbers, &failed));
    assert_true(numbers[2] > 0);
    meta_send(pg, "c", "3");
    struct query *q = pg_get(pg, PG_END_SESSION);

    pg_bind(q, 1, PG_INT8, STR_LIT("\x7f\xff\xff\xff\xff\xff\xff\xff")); // is no integer there
    pg_send(q);
    meta_send(pg, "d", "4");
    assert_false(pg_sync(pg, on_result, numbers, &failed));
    assert_int_equal(failed, 1);
    assert_string_equal(pg->sqlstate, "22003");
    q = db_get(&pg->base, SQL_META_GET);
    query_text(q, 1, STR_LIT("d"));
    assert_true(query_number_if(q, &n));
    assert_int_equal(n, 0);
    q = db_get(&pg->base, SQL_META_GET);
    query_text(q, 1, STR_LIT("b"));
    assert_true(query_number(q, &n));
    assert_int_equal(n, 2);
    pg_close(pg);
}

// What PostgreSQL would refuse to keep is kept as well as it can be.
static void test_bad_text(void **state)
{
    char schema[32];
    struct pg *pg = ledger_new(schema);
    struct query *q = db_get(&pg->base, SQL_META_SET);

    (void)state;
    query_text(q, 1, STR_LIT("k"));
    query_text(q, 2, STR_LIT("a\0\xff"));
    assert_true(query_run(q));
    assert_int_equal(db_changes(&pg->base), 1);
    q = db_get(&pg->base, SQL_META_GET);
    query_text(q, 1, STR_LIT("k"));
    assert_int_equal(query_step(q), QUERY_ROW);
    assert_true(str_eq(column_text(q, 0), STR_LIT("a\xef\xbf\xbd\xef\xbf\xbd")));
    assert_true(str_eq(pg_text(pg->statements[SQL_META_GET].result, 0, 0), column_text(q, 0)));
    pg_close(pg);
}

static void test_lost(void **state)
{
    char schema[32];
    struct pg *pg = ledger_new(schema), *other = pg_server_connect(&server, schema);
    int64_t session, n;
    struct err e;

    (void)state;
    assert_true(query_number(pg_get(pg, PG_SESSION), &session));
    struct query *q = pg_get(other, PG_END_SESSION);

    query_int(q, 1, session);
    assert_true(query_run(q));
    for (int i = 0; i < 1000 && pg->conn && query_number(pg_get(pg, PG_SESSION), &n); i++)
        usleep(1000);
    assert_null(pg->conn);
    assert_false(query_number(pg_get(pg, PG_SESSION), &n)); // nobody connects in between
    assert_false(pg_fail(pg, &e));
    assert_int_equal(e.code, ERR_STORE);
    assert_true(pg_ready(pg));
    assert_true(query_number(pg_get(pg, PG_SESSION), &n));
    assert_int_not_equal(n, session);
    pg_close(other);
    pg_close(pg);
    assert_null(pg_open("postgresql://tester@/postgres?host=/nowhere", true, &e));
    assert_non_null(strstr(e.message, "cannot be reached"));
    pg_close(NULL);
}

static void test_schema(void **state)
{
    static const struct {
        const char *script, *words;
    } rows[] = {
        {"CREATE TABLE run(x int)", "tables of another program"},
        {"CREATE TABLE meta(x int)", "tables of another program"},
        {"CREATE TABLE meta(key text, value text)", "tables of another program"},
        {"CREATE TABLE meta(key text, value text); INSERT INTO meta VALUES('application', "
         "'belfry'), "
         "('schema', '99999')",
         "by a newer belfry (schema 99999"},
    };
    char schema[32];
    int64_t version = -1;
    struct err e;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pg *pg = connect_new(schema);

        assert_true(pg_script(pg, rows[i].script));
        assert_false(pg_migrate_check(pg, &version, &e));
        if (!strstr(e.message, rows[i].words))
            fail_msg("%s", e.message);
        pg_close(pg);
    }
    struct pg *pg = ledger_new(schema);

    assert_true(pg_migrate_check(pg, &version, &e));
    assert_int_equal(version, pg_migrate_version());
    assert_true(pg_migrate(pg, version, &e)); // there is nothing to do
    pg_close(pg);
    pg = pg_server_connect(&server, "missing");
    assert_false(pg_migrate_check(pg, &version, &e));
    assert_non_null(strstr(e.message, "no schema of the search path"));
    pg_close(pg);
}

static void test_holder(void **state)
{
    char schema[32];
    struct pg *first = ledger_new(schema), *second = pg_server_connect(&server, schema);
    int64_t session = 0, other = 0;
    struct takeover t;
    struct err e;

    (void)state;
    assert_true(pg_holder_take(first, 0, &session, &e));
    assert_true(takeover(&first->base, STR_LIT("tower"), STR_LIT("1"), (wall){1}, &t, &e));
    assert_false(pg_holder_take(second, 0, &other, &e));
    assert_int_equal(e.code, ERR_BUSY);
    assert_non_null(strstr(e.message, "node tower"));
    // Who knows that the session was its own ends it.
    assert_true(pg_holder_take(second, session, &other, &e));
    assert_int_not_equal(session, other);
    pg_close(first);
    pg_close(second);
}

struct told {
    int commits;
    struct err failure;
};

static void on_commit(size_t requests, const struct err *failure, wall now, void *ctx)
{
    struct told *told = ctx;

    (void)requests;
    (void)now;
    told->commits++;
    told->failure = failure ? *failure : (struct err){0};
}

// A claim with an id that exists is refused alone (pg_write_send, pg_write_result,
// pg_write_id_taken; pg_write_chained is in the contract); and who has been taken over writes no
// more.
static void test_writer(void **state)
{
    char schema[32];
    struct run run = {.id = 5, .job_id = 1, .scheduled_at = {10}, .state = RUN_RUNNING};
    struct told told = {0};
    atomic_bool is_ending = false;
    struct pg_writer w = {.pg = ledger_new(schema), .on_commit = on_commit, .ctx = &told};
    struct takeover t;
    struct list list;
    struct err e;

    (void)state;
    w.is_ending = &is_ending;
    pg_writer_init(&w);
    assert_true(takeover(&w.pg->base, STR_LIT("n"), STR_LIT("1"), (wall){1}, &t, &e));
    w.node_id = t.node_id;
    assert_true(pg_writer_owns(&w));
    assert_true(pg_script(w.pg, "INSERT INTO job VALUES(1, 'a', 0, '', '', '', 0, 1, 1, 0, 0, 0)"));
    for (int i = 0; i < 3; i++) {
        struct request *r;

        if (i == 2)
            assert_true(pg_script(w.pg, "DELETE FROM node"));
        run.scheduled_at.us += i;
        r = request_claim(&run, 1, (wall){0});
        list_init(&list);
        list_push(&list, &r->link);
        pg_writer_batch(&list, &w);
        assert_int_equal(r->err.code, i == 0 ? ERR_NONE : i == 1 ? ERR_CONFLICT : ERR_STORE);
        request_free(r);
    }
    assert_non_null(strstr(told.failure.message, "another belfry has taken over"));
    assert_true(w.pg->is_lost_for_good);
    assert_false(pg_ready(w.pg));
    pg_writer_beat(&w);
    assert_int_equal(told.failure.code, ERR_STORE);
    assert_false(pg_write_lost(&w));
    pg_close(w.pg);
    pg_writer_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_journey), cmocka_unit_test(test_bad_text),
        cmocka_unit_test(test_lost),    cmocka_unit_test(test_schema),
        cmocka_unit_test(test_holder),  cmocka_unit_test(test_writer),
    };
    int failed;

    pg_server_init(&server);
    failed = cmocka_run_group_tests_name("store/pg", tests, NULL, NULL);
    pg_server_done(&server);
    return failed;
}
