// pg_test.c - a connection to PostgreSQL, and what is built on it: journeys, the schema, who is
// there, the writer that was taken for dead.
// SPDX-License-Identifier: Apache-2.0
#include "store/pg.h"

#include <pthread.h>
#include <string.h>

#include "pg_server.h"
#include "store/pg_epoch.h"
#include "store/pg_migrate.h"
#include "store/pg_node.h"
#include "store/pg_value.h"
#include "store/pg_write.h"
#include "store/pg_writer.h"

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
    for (int i = 0; i < 30000 && pg->conn && query_number(pg_get(pg, PG_SESSION), &n); i++)
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

static int64_t number(struct pg *pg, const char *text)
{
    PGresult *result = pg_ask(pg, text, NULL, 0);
    int64_t n = result && PQntuples(result) > 0 ? pg_int(result, 0, 0) : -1;

    PQclear(result);
    return n;
}

// A newer schema that says so may be used; a step waits until nobody is there who would not know
// it.
static void test_compatible(void **state)
{
    static const struct {
        const char *compatible;
        bool is_usable;
    } rows[] = {{"99999", false}, {"12", true}};
    static const struct {
        const char *script;
        bool is_behind;
    } nodes[] = {
        {"SELECT 1", false},                                         // its lease is over
        {"UPDATE node SET lease_until = 9223372036854775807", true}, // it knows 13
        {"UPDATE node SET knows = 14", false},
        {"ALTER TABLE node DROP COLUMN knows", false},
    };
    char schema[32], text[200];
    struct pg *pg = ledger_new(schema);
    struct query *q;
    int64_t version;
    struct err e;

    (void)state;
    snprintf(text, sizeof text, "SELECT %d - value::bigint FROM meta WHERE key = 'compatible'",
             pg_migrate_version());
    assert_true(number(pg, text) >= 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        snprintf(text, sizeof text,
                 "UPDATE meta SET value = '99999' WHERE key = 'schema';"
                 "UPDATE meta SET value = '%s' WHERE key = 'compatible'",
                 rows[i].compatible);
        assert_true(pg_script(pg, text));
        assert_int_equal(pg_migrate_check(pg, &version, &e), rows[i].is_usable);
    }
    assert_int_equal(version, 99999);
    assert_true(pg_migrate(pg, version, &e)); // there is nothing to do
    assert_true(pg_script(pg, "UPDATE meta SET value = '14' WHERE key = 'compatible';"
                              "INSERT INTO node(slot, name, address, version, started_at, "
                              "lease_until, watermark) VALUES(0, 'old', '', '1', 0, 1, 0)"));
    for (size_t i = 0; i < COUNT(nodes); i++) {
        assert_true(pg_script(pg, nodes[i].script));
        q = pg_get(pg, PG_NODES_BEHIND);
        query_int(q, 1, 99999); // which counts only where nodes do not say it
        assert_int_equal(query_step(q), nodes[i].is_behind ? QUERY_ROW : QUERY_DONE);
        query_reset(q);
    }
    pg_close(pg);
}

static struct pg_node node_of(const char *name, int64_t lease_us)
{
    return (struct pg_node){.name = str_of(name), .version = STR_LIT("1"), .lease_us = lease_us};
}

// Between a node's look at the schema and its joining another has taken steps.
static void test_steps_before_joining(void **state)
{
    static const struct {
        const char *compatible;
        bool may_join;
    } rows[] = {{"99999", false}, {"13", true}};
    char schema[32], text[200];
    struct pg *pg = ledger_new(schema);
    struct err e;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pg_node node = node_of("late", 1000000);
        bool ok;

        snprintf(text, sizeof text,
                 "UPDATE meta SET value = '99999' WHERE key = 'schema';"
                 "UPDATE meta SET value = '%s' WHERE key = 'compatible'",
                 rows[i].compatible);
        assert_true(pg_script(pg, text));
        assert_int_equal(pg_migrate_admits(pg), rows[i].may_join);
        ok = pg_node_join(pg, &node, (wall){0}, &e);
        assert_int_equal(ok, rows[i].may_join);
        assert_int_equal(number(pg, "SELECT count(*) FROM node"), ok);
        if (!ok && !strstr(e.message, "by a newer belfry (schema 99999"))
            fail_msg("%s", e.message);
    }
    snprintf(text, sizeof text, "SELECT knows - %d FROM node", pg_migrate_version());
    assert_int_equal(number(pg, text), 0);
    pg_close(pg);
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

static void test_name(void **state)
{
    char schema[32];
    struct pg *first = ledger_new(schema), *second = pg_server_connect(&server, schema);
    struct pg_node tower = node_of("tower", 60000000), again = tower;
    int64_t other = 0;
    struct err e;

    (void)state;
    assert_true(pg_node_lock(first, tower.name, 0, &tower.session, &e));
    assert_true(pg_node_join(first, &tower, (wall){1}, &e));
    assert_false(pg_node_lock(second, tower.name, 0, &other, &e));
    assert_int_equal(e.code, ERR_BUSY);
    assert_non_null(strstr(e.message, "node tower"));
    assert_true(pg_node_lock(second, STR_LIT("spire"), 0, &other, &e));
    // Who knows that the session was its own ends it.
    assert_true(pg_node_lock(second, tower.name, tower.session, &other, &e));
    assert_int_not_equal(tower.session, other);
    assert_true(pg_node_join(second, &again, (wall){2}, &e)); // at once, whatever the lease
    assert_true(again.id > tower.id);
    assert_int_equal(number(second, "SELECT count(*) FROM node"), 1);
    pg_close(first);
    // So is one whose lease is over, though it lives.
    first = pg_server_connect(&server, schema);
    assert_true(pg_script(second, "UPDATE node SET lease_until = 1"));
    assert_true(pg_node_lock(first, tower.name, 0, &other, &e));
    pg_close(first);
    pg_close(second);
}

// Who leaves is not there any more; who leaves runs behind is expected back, and gets those that
// are kept.
static void test_leave(void **state)
{
    static const char alive[] =
        "INSERT INTO run_active(id, job_id, scheduled_at, node, queued_at, started_at, try_at, "
        "finished_at, missed, missed_from, attempt, job_version, exit_code, signal, origin, state, "
        "reason, message) SELECT n, 7, n, node.id, 0, 0, 0, 0, 0, 0, 1, 1, -1, 0, 0, 2, 0, '' FROM "
        "node, generate_series(1, 2) AS n";
    const int64_t kept[] = {2};
    char schema[32];
    struct pg *pg = ledger_new(schema), *other = pg_server_connect(&server, schema);
    struct pg_node tower = node_of("tower", 60000000), back = tower;
    struct err e;

    (void)state;
    assert_true(pg_node_join(pg, &tower, (wall){1}, &e));
    assert_false(pg_node_exclude(other, &e));
    assert_int_equal(e.code, ERR_BUSY);
    assert_non_null(strstr(e.message, "node tower"));
    assert_true(query_run(pg_get(other, PG_EPOCH_ADMIT)));
    assert_true(pg_script(pg, alive));
    pg_node_leave(pg, &tower, (wall){2});
    assert_int_equal(number(pg, "SELECT state FROM node"), NODE_AWAY);
    assert_int_equal(number(pg, "SELECT count(*) FROM pin WHERE job_id = 7"), 1);
    back.kept = kept;
    back.kept_count = 1;
    assert_true(pg_node_has_kept(&back, 2));
    assert_false(pg_node_has_kept(&back, 1));
    assert_true(pg_node_join(pg, &back, (wall){3}, &e));
    assert_int_equal(back.orphaned, 2);
    assert_int_equal(back.last_run_id, 2);
    assert_int_equal(number(pg, "SELECT id FROM run WHERE state = 4"), 1);
    assert_int_equal(number(pg, "SELECT node FROM run WHERE state = 2"), back.id);
    assert_true(pg_script(pg, "DELETE FROM run_active"));
    assert_true(pg_script(pg, "UPDATE node SET state = 1"));
    assert_true(pg_node_join(pg, &back, (wall){4}, &e));
    assert_int_equal(number(pg, "SELECT state FROM node"), NODE_DRAINING); // it is so still
    pg_node_leave(pg, &back, (wall){5});
    assert_int_equal(number(pg, "SELECT count(*) FROM node"), 0);
    assert_true(pg_node_exclude(other, &e));
    assert_false(pg_node_join(pg, &back, (wall){6}, &e)); // nobody joins meanwhile
    pg_close(other);
    assert_true(pg_node_join(pg, &back, (wall){6}, &e));
    pg_close(pg);
}

static void test_full(void **state)
{
    char schema[32], name[16];
    struct pg *pg = ledger_new(schema);
    struct err e;

    (void)state;
    for (int i = 0; i <= STORE_NODE_SLOTS; i++) {
        snprintf(name, sizeof name, "n%d", i);

        struct pg_node node = node_of(name, 60000000);
        bool ok = pg_node_join(pg, &node, (wall){1}, &e);

        assert_int_equal(ok, i < STORE_NODE_SLOTS);
        assert_true(!ok || node.slot == i);
        if (i == 5) { // its place is free again, and taken next
            pg_node_leave(pg, &node, (wall){2});
            assert_true(pg_node_join(pg, &node, (wall){3}, &e));
            assert_int_equal(node.slot, 5);
        }
    }
    assert_int_equal(e.code, ERR_LIMIT);
    assert_non_null(strstr(e.message, "64 nodes"));
    pg_close(pg);
}

struct changing {
    struct pg *pg;
    atomic_bool is_done;
};

static void *change_epoch(void *ctx)
{
    struct changing *changing = ctx;

    assert_true(pg_epoch_change(changing->pg, 0, NULL, NULL));
    atomic_store(&changing->is_done, true);
    return NULL;
}

// An epoch waits for the transactions before it, and then sees what they have done (pg_epoch_low,
// pg_epoch_settle).
static void test_epoch_waits(void **state)
{
    char schema[32];
    struct pg *pg = ledger_new(schema);
    struct changing changing = {pg_server_connect(&server, schema), false};
    struct pg_node node = node_of("n", 60000000);
    pthread_t thread;
    struct err e;

    (void)state;
    assert_true(pg_node_join(pg, &node, (wall){1}, &e));
    assert_true(db_do(&pg->base, SQL_BEGIN) && query_run(pg_get(pg, PG_EPOCH_SHARE)));
    assert_int_equal(pthread_create(&thread, NULL, change_epoch, &changing), 0);
    while (number(pg, "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'") <
           1)
        usleep(1000);
    assert_false(atomic_load(&changing.is_done));
    pg_send(db_get(&pg->base, SQL_ROLLBACK));
    assert_true(pg_sync(pg, NULL, NULL, NULL));
    pthread_join(thread, NULL);
    // The same with a row that was not there when it began to wait.
    changing.is_done = false;
    assert_true(db_do(&pg->base, SQL_BEGIN) && query_run(pg_get(pg, PG_EPOCH_SHARE)));
    assert_int_equal(pthread_create(&thread, NULL, change_epoch, &changing), 0);
    while (number(pg, "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'") <
           1)
        usleep(1000);
    PQclear(pg_ask(pg,
                   "INSERT INTO run_active(id, job_id, scheduled_at, node, queued_at, started_at, "
                   "try_at, finished_at, missed, missed_from, attempt, job_version, exit_code, "
                   "signal, origin, state, reason, message) SELECT 1, 7, 1, id, 0, 0, 0, 0, 0, 0, "
                   "1, 1, -1, 0, 0, 2, 0, '' FROM node",
                   NULL, 0));
    assert_true(db_do(&pg->base, SQL_COMMIT));
    pthread_join(thread, NULL);
    assert_int_equal(number(pg, "SELECT count(*) FROM pin WHERE job_id = 7"), 1);
    pg_close(changing.pg);
    pg_close(pg);
}

// What plans must not do: be compiled, or read whole tables because they were small once.
static void test_settings(void **state)
{
    char schema[32];
    struct pg *pg = connect_new(schema);

    (void)state;
    assert_int_equal(number(pg, "SELECT count(*) FROM pg_settings WHERE name IN ('jit', "
                                "'enable_seqscan', 'enable_hashjoin', 'enable_mergejoin') AND "
                                "setting = 'off'"),
                     4);
    assert_int_equal(number(pg, "SELECT setting::bigint FROM pg_settings WHERE name = "
                                "'idle_in_transaction_session_timeout'"),
                     2000);
    pg_close(pg);
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

// Carries out requests in one batch; what has become of the first. second may be NULL.
static enum err_code batch(struct pg_writer *w, struct request *first, struct request *second)
{
    struct list list;
    enum err_code code;

    list_init(&list);
    list_push(&list, &first->link);
    if (second)
        list_push(&list, &second->link);
    pg_writer_batch(&list, w);
    code = first->err.code;
    request_free(first);
    request_free(second);
    return code;
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
    struct pg_node node = node_of("n", 60000000);
    struct err e;

    (void)state;
    w.is_ending = &is_ending;
    pg_writer_init(&w);
    assert_true(pg_node_join(w.pg, &node, (wall){1}, &e));
    w.node = &node;
    assert_true(pg_writer_owns(&w));
    assert_true(pg_script(w.pg, "INSERT INTO job VALUES(1, 'a', 0, '', '', '', 0, 1, 1, 0, 0, 0)"));
    for (int i = 0; i < 3; i++) {
        if (i == 2)
            assert_true(pg_script(w.pg, "DELETE FROM node"));
        run.scheduled_at.us += i;
        assert_int_equal(batch(&w, request_claim(&run, 1, (wall){0}), NULL), i == 0   ? ERR_NONE
                                                                             : i == 1 ? ERR_CONFLICT
                                                                                      : ERR_STORE);
    }
    assert_non_null(strstr(told.failure.message, "was taken for dead"));
    assert_true(w.pg->is_lost_for_good);
    assert_false(pg_ready(w.pg));
    pg_writer_beat(&w);
    assert_int_equal(told.failure.code, ERR_STORE);
    assert_false(pg_write_lost(&w));
    // What it reports now is kept apart for a month (pg_write_late, pg_write_all_late).
    assert_true(pg_script(w.pg, "INSERT INTO late_result VALUES(1, 1, 1, 10, 0, 0, "
                                "-2592000000001, '')"));
    const struct run_end end = {.run_id = 5, .attempt = 0, .state = RUN_SUCCEEDED};

    assert_int_equal(batch(&w, request_finish(&end, 1), NULL), ERR_STORE);
    assert_int_equal(number(w.pg, "SELECT state FROM late_result WHERE run_id = 5"), RUN_SUCCEEDED);
    assert_int_equal(number(w.pg, "SELECT state FROM run WHERE id = 5"), RUN_RUNNING);
    assert_int_equal(number(w.pg, "SELECT count(*) FROM late_result"), 1);
    pg_close(w.pg);
    pg_writer_done(&w);
}

static int notices(struct pg *pg)
{
    int count = 0;
    PGnotify *told;

    assert_true(number(pg, "SELECT 1") == 1); // they come before the answer
    for (; (told = PQnotifies(pg->conn)); count++)
        PQfreemem(told);
    return count;
}

// The others are told once a batch of what they have to look at, and never of a run; those who are
// alone tell nobody. Drains go the same way (pg_write_drain).
static void test_tells(void **state)
{
    char schema[32];
    struct run run = {.id = 5, .job_id = 1, .scheduled_at = {10}, .state = RUN_RUNNING};
    const struct job_row row = {.name = STR_LIT("b")}, other_row = {.name = STR_LIT("c")};
    struct told told = {0};
    atomic_bool is_ending = false;
    struct pg_writer w = {.pg = ledger_new(schema), .on_commit = on_commit, .ctx = &told};
    struct pg_node node = node_of("n", 60000000), other = node_of("o", 60000000);
    struct pg *listener = pg_server_connect(&server, schema);
    struct err e;

    (void)state;
    w.is_ending = &is_ending;
    w.node = &node;
    pg_writer_init(&w);
    assert_true(pg_node_join(w.pg, &node, (wall){1}, &e));
    assert_true(pg_script(listener, "DO $$ BEGIN EXECUTE 'LISTEN belfry_' || "
                                    "current_schema()::regnamespace::oid; END $$"));
    assert_int_equal(batch(&w, request_put_job(&row, STORE_CREATE), NULL), ERR_NONE);
    assert_int_equal(notices(listener), 0);
    assert_true(pg_node_join(listener, &other, (wall){1}, &e));
    (void)notices(listener);
    assert_int_equal(batch(&w, request_claim(&run, 1, (wall){5}), NULL), ERR_NONE);
    assert_int_equal(notices(listener), 0);
    assert_int_equal(
        batch(&w, request_put_job(&row, STORE_ANY), request_put_job(&other_row, STORE_CREATE)),
        ERR_NONE);
    assert_int_equal(notices(listener), 1);
    assert_int_equal(number(listener, "SELECT change FROM cluster"), 3);
    assert_int_equal(batch(&w, request_drain(STR_LIT("o"), true), NULL), ERR_NONE);
    assert_int_equal(notices(listener), 1);
    assert_int_equal(batch(&w, request_drain(STR_LIT("x"), true), NULL), ERR_NOT_FOUND);
    pg_close(listener);
    pg_close(w.pg);
    pg_writer_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_journey),
        cmocka_unit_test(test_bad_text),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_schema),
        cmocka_unit_test(test_name),
        cmocka_unit_test(test_compatible),
        cmocka_unit_test(test_steps_before_joining),
        cmocka_unit_test(test_leave),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_epoch_waits),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_writer),
        cmocka_unit_test(test_tells),
    };
    int failed;

    pg_server_init(&server);
    failed = cmocka_run_group_tests_name("store/pg", tests, NULL, NULL);
    pg_server_done(&server);
    return failed;
}
