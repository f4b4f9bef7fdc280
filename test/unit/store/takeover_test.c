// takeover_test.c - incarnations, the clean mark, and the writer and reader that work between them.
// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_file.h"
#include "store/takeover.h"

#include <string.h>

#include "scratch.h"
#include "store/reader.h"
#include "store/writer.h"

struct told {
    int commits, failures, wal;
};

static void on_commit(size_t requests, const struct err *failure, wall now, void *ctx)
{
    struct told *told = ctx;

    (void)requests;
    (void)now;
    told->commits++;
    told->failures += failure != NULL;
}

static void on_wal(void *ctx)
{
    ((struct told *)ctx)->wal++;
}

static struct takeover begin(struct sql *sql, int64_t now)
{
    struct takeover t;
    struct err e;

    assert_true(takeover(&sql->base, STR_LIT("n"), STR_LIT("1"), (wall){now}, &t, &e));
    return t;
}

static int64_t seen_at(struct sql *sql, int64_t node_id)
{
    sqlite3_stmt *statement;
    int64_t n = -1;

    assert_int_equal(sqlite3_prepare_v2(sql->db, "SELECT seen_at FROM uptime WHERE node = ?1", -1,
                                        &statement, NULL),
                     SQLITE_OK);
    sqlite3_bind_int64(statement, 1, node_id);
    assert_true(sql_number(statement, &n));
    sqlite3_finalize(statement);
    return n;
}

static void test_numbers(void **state)
{
    struct scratch s;
    struct err e;
    struct sql *sql;
    int64_t clean = 1;
    struct takeover first, second, third;

    (void)state;
    scratch_init(&s);
    sql = sqlite_file_open(s.path, &e);
    first = begin(sql, 100);
    assert_int_equal(first.watermark.us, 0);
    assert_true(takeover_meta_get(&sql->base, "clean", &clean));
    assert_int_equal(clean, 0);
    takeover_leave(&sql->base, first.node_id, 42, (wall){150});
    sql_close(sql);
    sql = sqlite_file_open(s.path, &e);
    second = begin(sql, 200);
    assert_true(second.node_id > first.node_id);
    assert_int_equal(second.change_seq, 42);
    assert_int_equal(seen_at(sql, first.node_id), 150);
    assert_true(takeover_begin(&sql->base, second.node_id + 10, STR_LIT("1"), (wall){250}));
    assert_int_equal(seen_at(sql, second.node_id + 10), 250);
    sql_close(sql); // unclean: meta is not believed, the jobs are
    sql = sqlite_file_open(s.path, &e);
    third = begin(sql, 300);
    assert_true(third.node_id > second.node_id);
    assert_int_equal(third.change_seq, 0);
    sql_close(sql);
    scratch_done(&s);
}

static struct request *run_batch(struct writer *w, struct request *r)
{
    struct list batch;

    list_init(&batch);
    list_push(&batch, &r->link);
    writer_batch(&batch, w);
    list_remove(&r->link);
    return r;
}

static void write_large(struct writer *w, const char *text, size_t n)
{
    struct job_row row = {.name = STR_LIT("j"), .spec = {text, n}};
    struct request *r = run_batch(w, request_put_job(&row, STORE_ANY));

    assert_int_equal(r->err.code, ERR_NONE);
    request_free(r);
}

// The log is reported once for each 4 MB, and carried over by the reader's side.
static void test_log(void **state)
{
    struct scratch s;
    struct err e;
    struct told told = {0};
    struct writer w = {.on_commit = on_commit, .on_wal = on_wal, .ctx = &told};
    struct sql *reader;
    static char text[1 << 20];

    (void)state;
    scratch_init(&s);
    w.sql = sqlite_file_open(s.path, &e);
    (void)begin(w.sql, 1);
    writer_init(&w);
    reader = sql_open(s.path, false, &e);
    for (int i = 0; i < 9; i++) {
        memset(text, 'a' + i, sizeof text); // pages that stay the same are not written
        write_large(&w, text, sizeof text);
    }
    assert_int_equal(told.wal, 2);
    assert_int_equal(told.commits, 9);
    sql_checkpoint(reader);
    write_large(&w, text, 10);       // begins the log anew
    assert_true(w.wal_pages < 1000); // of 2,300 before
    sql_close(reader);
    writer_done(&w);
    sql_close(w.sql);
    scratch_done(&s);
}

static enum store_last on_job(const struct job_row *row, void *ctx)
{
    *(int64_t *)ctx += row->id;
    return STORE_LAST_NONE;
}

// A request that cannot be written for want of room has not happened; the next one is tried as if
// nothing had been.
static void test_full(void **state)
{
    struct scratch s;
    struct err e;
    struct told told = {0};
    struct writer w = {.on_commit = on_commit, .on_wal = on_wal, .ctx = &told};
    struct sql *reader;
    int64_t sum = 0;
    struct store_load load = {.on_job = on_job, .ctx = &sum};
    struct job_row row = {.name = STR_LIT("large")};
    struct request *r;
    static char text[1 << 20];

    (void)state;
    scratch_init(&s);
    w.sql = sqlite_file_open(s.path, &e);
    (void)begin(w.sql, 1);
    writer_init(&w);
    assert_int_equal(sql_script(w.sql, "PRAGMA max_page_count = 30"), SQLITE_OK);
    row.spec = (struct str){text, sizeof text};
    r = run_batch(&w, request_put_job(&row, STORE_CREATE));
    assert_int_equal(r->err.code, ERR_STORE);
    assert_non_null(strstr(r->err.message, "full"));
    request_free(r);
    assert_int_equal(told.failures, 1);
    row.spec.len = 10;
    r = run_batch(&w, request_put_job(&row, STORE_CREATE));
    assert_int_equal(r->err.code, ERR_NONE);
    assert_int_equal(r->job_id, 1);
    assert_int_equal(r->change_seq, 1);
    request_free(r);
    reader = sql_open(s.path, false, &e);
    assert_true(reader_load(&reader->base, &load, &e));
    assert_int_equal(sum, 1);
    sql_close(reader);
    writer_done(&w);
    sql_close(w.sql);
    scratch_done(&s);
}

// One statement goes wrong in the middle: its neighbours before and after it have not happened
// either.
static void test_statement_fails(void **state)
{
    struct scratch s;
    struct err e;
    struct told told = {0};
    struct writer w = {.on_commit = on_commit, .on_wal = on_wal, .ctx = &told};
    struct job_row row = {.name = STR_LIT("a")};
    struct request *r[3];
    struct list batch;
    int64_t n;

    (void)state;
    scratch_init(&s);
    w.sql = sqlite_file_open(s.path, &e);
    (void)begin(w.sql, 1);
    writer_init(&w);
    assert_int_equal(sql_script(w.sql, "CREATE TEMP TRIGGER bad BEFORE INSERT ON job WHEN "
                                       "new.name = 'bad' BEGIN SELECT RAISE(ABORT, 'ouch'); END"),
                     SQLITE_OK);
    list_init(&batch);
    for (int i = 0; i < 3; i++) {
        row.name = i == 1 ? STR_LIT("bad") : i == 0 ? STR_LIT("a") : STR_LIT("c");
        r[i] = request_put_job(&row, STORE_CREATE);
        list_push(&batch, &r[i]->link);
    }
    writer_batch(&batch, &w);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(r[i]->err.code, ERR_STORE);
        assert_non_null(strstr(r[i]->err.message, "ouch"));
        list_remove(&r[i]->link);
        request_free(r[i]);
    }
    assert_true(sqlite3_get_autocommit(w.sql->db));
    assert_true(sql_number(sql_get(w.sql, SQL_CHANGE_LAST), &n));
    assert_int_equal(n, 0);
    r[0] = run_batch(&w, request_put_job(&row, STORE_CREATE));
    assert_int_equal(r[0]->change_seq, 1);
    request_free(r[0]);
    writer_done(&w);
    sql_close(w.sql);
    scratch_done(&s);
}

// One after the other (reader_answer).
static void test_reader_batch(void **state)
{
    struct scratch s;
    struct err e;
    struct sql *sql;
    struct list batch;
    struct request *r = request_read_run(1);

    (void)state;
    scratch_init(&s);
    sql = sqlite_file_open(s.path, &e);
    list_init(&batch);
    list_push(&batch, &r->link);
    reader_batch(&batch, sql);
    assert_int_equal(r->err.code, ERR_NONE);
    assert_int_equal(r->page_count, 0);
    assert_int_equal(sql_script(sql, "DROP TABLE run_output"), SQLITE_OK);
    sqlite3_finalize(sql->prepared[SQL_RUN]);
    sql->prepared[SQL_RUN] = NULL;
    reader_batch(&batch, sql);
    assert_int_equal(r->err.code, ERR_STORE);
    list_remove(&r->link);
    request_free(r);
    sql_close(sql);
    scratch_done(&s);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),      cmocka_unit_test(test_log),
        cmocka_unit_test(test_full),         cmocka_unit_test(test_statement_fails),
        cmocka_unit_test(test_reader_batch),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
