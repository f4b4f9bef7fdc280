// pg_write_test.c - what the statements of the writer must decide by themselves on the server.
// SPDX-License-Identifier: Apache-2.0
#include "store/pg_write.h"

#include <poll.h>
#include <pthread.h>

#include "pg_server.h"
#include "store/pg_migrate.h"

static struct pg_server server;

struct desk {
    char schema[32];
    struct pg_node node;
    struct pg_writer w;
    atomic_bool is_ending;
    int commits;
};

static void on_commit(size_t requests, const struct err *failure, wall now, void *ctx)
{
    (void)requests;
    (void)now;
    if (failure)
        fail_msg("%s", failure->message);
    ++*(int *)ctx;
}

static void desk_init(struct desk *d)
{
    int64_t version;
    struct err e;

    *d = (struct desk){0};
    pg_server_schema(&server, d->schema);
    d->w = (struct pg_writer){.pg = pg_server_connect(&server, d->schema),
                              .on_commit = on_commit,
                              .ctx = &d->commits,
                              .is_ending = &d->is_ending};
    pg_writer_init(&d->w);
    assert_true(pg_migrate_check(d->w.pg, &version, &e));
    assert_true(pg_migrate(d->w.pg, version, &e));
    d->node = (struct pg_node){.name = STR_LIT("n"), .lease_us = 60000000};
    d->w.node = &d->node;
    assert_true(pg_node_join(d->w.pg, &d->node, (wall){1}, &e));
    assert_true(
        pg_script(d->w.pg, "INSERT INTO job VALUES(1, 'a', 0, '', '', '', 0, 1, 1, 0, 0, 0)"));
}

static void desk_done(struct desk *d)
{
    pg_close(d->w.pg);
    pg_writer_done(&d->w);
}

static void carry_out(struct desk *d, struct request *r)
{
    struct list list;

    list_init(&list);
    list_push(&list, &r->link);
    pg_writer_batch(&list, &d->w);
    assert_int_equal(r->err.code, ERR_NONE);
}

// Whether the claim of one run was won.
static bool claim(struct desk *d, int64_t id, int64_t slot, enum run_state state)
{
    const struct run run = {.id = id, .job_id = 1, .scheduled_at = {slot}, .state = state};
    struct request *r = request_claim(&run, 1, (wall){0});

    carry_out(d, r);
    bool won = r->won[0];

    request_free(r);
    return won;
}

static const char end_of_run[] =
    "WITH e AS (DELETE FROM run_active WHERE id = 5 RETURNING *) INSERT INTO run_history "
    "SELECT id, job_id, scheduled_at, node, queued_at, started_at, try_at, finished_at, missed, "
    "missed_from, user_us, system_us, max_rss, attempt, job_version, exit_code, signal, origin, "
    "10, reason, message FROM e";

// Commits when somebody waits for what is open.
static void *commit_late(void *ctx)
{
    struct pg *pg = ctx, *look = pg_server_connect(&server, "public");

    for (int i = 0; i < 30000; i++) {
        PGresult *result = pg_ask(look, "SELECT count(*) FROM pg_locks WHERE NOT granted", NULL, 0);
        bool is_waited_for = pg_int(result, 0, 0) > 0;

        PQclear(result);
        if (is_waited_for)
            break;
        (void)poll(NULL, 0, 2);
    }
    pg_close(look);
    return pg_script(pg, "COMMIT") ? pg : NULL;
}

// A slot has one row, wherever it is; also when an end takes it from one table to the other while
// it is claimed again (pg_write_send, pg_write_result).
static void test_slot_is_one(void **state)
{
    struct desk d;
    void *committed;
    pthread_t thread;

    (void)state;
    desk_init(&d);
    struct pg *other = pg_server_connect(&server, d.schema);

    assert_true(claim(&d, 5, 10, RUN_RUNNING));
    assert_false(claim(&d, 6, 10, RUN_RUNNING));
    assert_false(claim(&d, 7, 10, RUN_SKIPPED));
    assert_true(pg_script(other, "BEGIN") && pg_script(other, end_of_run));
    assert_int_equal(pthread_create(&thread, NULL, commit_late, other), 0);
    assert_false(claim(&d, 8, 10, RUN_RUNNING));
    pthread_join(thread, &committed);
    assert_ptr_equal(committed, other);
    assert_false(claim(&d, 9, 10, RUN_QUEUED));
    assert_false(claim(&d, 10, 10, RUN_SKIPPED));
    assert_true(claim(&d, 11, 11, RUN_SKIPPED));
    assert_false(claim(&d, 12, 11, RUN_RUNNING));
    PGresult *result = pg_ask(other, "SELECT count(*), sum(id) FROM run", NULL, 0);

    assert_int_equal(pg_int(result, 0, 0), 2);
    PQclear(result);
    pg_close(other);
    desk_done(&d);
}

// Jobs that are put together are one statement, up to the first name that is there before
// (pg_write_puts).
static void test_puts(void **state)
{
    static const char *const names[] = {"b", "a", "c", "b", "d"};
    static const int versions[] = {1, 2, 1, 2, 1};
    struct request *r[5];
    struct desk d;

    (void)state;
    desk_init(&d);
    assert_true(pg_script(d.w.pg, "ALTER TABLE job ALTER id RESTART WITH 2"));
    for (int i = 0; i < 5; i++) {
        const struct job_row row = {.name = str_of(names[i]),
                                    .trigger = STR_LIT("{}"),
                                    .tz = STR_LIT("UTC"),
                                    .spec = STR_LIT("{}")};

        r[i] = request_put_job(&row, STORE_ANY);
        vec_push(&d.w.chunk, r[i]);
    }
    assert_int_equal(pg_write_puts(&d.w, 0), 3);
    assert_int_equal(pg_write_puts(&d.w, 3), 5);
    assert_true(pg_sync(d.w.pg, pg_write_result, &d.w, NULL));
    for (int i = 0; i < 5; i++) {
        assert_int_equal(r[i]->err.code, ERR_NONE);
        assert_int_equal(r[i]->version, versions[i]);
        assert_int_equal(r[i]->job_id == 1, i == 1);
    }
    assert_int_equal(r[3]->job_id, r[0]->job_id);
    for (int i = 0; i < 5; i++)
        request_free(r[i]);
    desk_done(&d);
}

// An id that is not beyond all others is looked at (pg_write_has_old_ids, pg_write_ids_look,
// pg_write_id_taken).
static void test_old_ids(void **state)
{
    const struct run runs[] = {{.id = 5, .job_id = 1, .scheduled_at = {20}, .state = RUN_RUNNING}};
    struct request *r = request_claim(runs, 1, (wall){0});
    struct desk d;

    (void)state;
    desk_init(&d);
    assert_false(pg_write_has_old_ids(&d.w, r));
    assert_true(claim(&d, 5, 10, RUN_SKIPPED));
    assert_true(pg_write_has_old_ids(&d.w, r));
    assert_true(pg_write_ids_look(&d.w, r)); // its history has it
    assert_int_equal(r->err.code, ERR_CONFLICT);
    request_reset(r);
    r->runs[0].id = 4;
    assert_true(pg_write_has_old_ids(&d.w, r));
    assert_true(pg_write_ids_look(&d.w, r));
    assert_false(r->is_refused);
    request_free(r);
    desk_done(&d);
}

// A run of each slot from one on: claimed, begun, ended.
static void cycle(struct desk *d, int64_t from, int count)
{
    struct run runs[100];
    struct run_start starts[100];
    struct run_end ends[100];

    for (int i = 0; i < count; i++) {
        runs[i] = (struct run){
            .id = from + i, .job_id = 1, .scheduled_at = {from + i}, .state = RUN_QUEUED};
        starts[i] = (struct run_start){.run_id = from + i, .attempt = 1, .started_at = {1}};
        ends[i] = (struct run_end){.run_id = from + i, .attempt = 1, .state = RUN_SUCCEEDED};
    }
    struct request *steps[] = {request_claim(runs, (size_t)count, (wall){0}),
                               request_start(starts, (size_t)count),
                               request_finish(ends, (size_t)count)};

    for (size_t i = 0; i < COUNT(steps); i++) {
        carry_out(d, steps[i]);
        request_free(steps[i]);
    }
}

// Rows of runs that are alive, and of jobs, that were read so far: by an index, or without one.
static int64_t rows_read(struct desk *d, struct pg *look)
{
    assert_true(pg_script(d->w.pg, "SELECT pg_stat_force_next_flush()"));
    PGresult *result = pg_ask(look,
                              "SELECT (sum(idx_tup_read) + (SELECT sum(seq_tup_read) FROM "
                              "pg_stat_user_tables WHERE relname IN ('run_active', 'job') AND "
                              "schemaname = current_schema()))::bigint FROM pg_stat_user_indexes "
                              "WHERE relname IN ('run_active', 'job') AND schemaname = "
                              "current_schema()",
                              NULL, 0);
    int64_t n = pg_int(result, 0, 0);

    PQclear(result);
    return n;
}

// Jobs with the numbers from one on, all put in one batch.
static void jobs_put(struct desk *d, int from, int count)
{
    struct request *r[100];
    struct list list;
    char name[20];

    list_init(&list);
    for (int i = 0; i < count; i++) {
        (void)snprintf(name, sizeof name, "job %d", from + i);
        const struct job_row row = {.name = str_of(name),
                                    .trigger = STR_LIT("{}"),
                                    .tz = STR_LIT("UTC"),
                                    .spec = STR_LIT("{}")};

        r[i] = request_put_job(&row, STORE_ANY);
        list_push(&list, &r[i]->link);
    }
    pg_writer_batch(&list, &d->w);
    for (int i = 0; i < count; i++) {
        assert_true(r[i]->err.code == ERR_NONE && r[i]->job_id > 0);
        request_free(r[i]);
    }
}

// Plans that were made while a table was empty are right when it is not: nothing is read whole.
static void test_plans_hold(void **state)
{
    struct desk d;

    (void)state;
    desk_init(&d);
    struct pg *look = pg_server_connect(&server, d.schema);

    assert_true(pg_script(d.w.pg, "ALTER TABLE job ALTER id RESTART WITH 2"));
    cycle(&d, 1, 100);
    jobs_put(&d, 0, 10);
    assert_true(pg_script(look, "VACUUM ANALYZE run_active, job"));
    for (int i = 1; i < 10; i++) {
        cycle(&d, 100 * i + 1, 1);
        jobs_put(&d, i, 1);
    }
    assert_true(pg_script(look, "INSERT INTO job SELECT n, 'other ' || n, 0, '{}', '', '', n % 3, "
                                "1, 0, 0, 0, 0 FROM generate_series(100001, 120000) AS n"));
    assert_true(pg_script(
        look, "INSERT INTO run_active SELECT n, 1, n, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, "
              "1, 0, '' FROM generate_series(100001, 120000) AS n"));
    int64_t before = rows_read(&d, look);

    cycle(&d, 200001, 100);
    jobs_put(&d, 5, 100); // some of them for the second time
    before = rows_read(&d, look) - before;
    if (before > 2500)
        fail_msg("%d rows were read for 100 runs and 100 jobs", (int)before);
    PGresult *result = pg_ask(look, "SELECT count(*) FROM run_history", NULL, 0);

    assert_int_equal(pg_int(result, 0, 0), 209);
    PQclear(result);
    pg_close(look);
    desk_done(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slot_is_one),
        cmocka_unit_test(test_puts),
        cmocka_unit_test(test_old_ids),
        cmocka_unit_test(test_plans_hold),
    };
    int failed;

    pg_server_init(&server);
    failed = cmocka_run_group_tests_name("store/pg_write", tests, NULL, NULL);
    pg_server_done(&server);
    return failed;
}
