// reader.c - answers questions from a connection of its own, beside the writer and without waiting
// for it.
// SPDX-License-Identifier: Apache-2.0
#include "store/reader.h"

static bool read_page(struct sql *sql, struct request *r);
static bool read_run(struct sql *sql, struct request *r);
static bool tell_last(struct sql *sql, int64_t job_id, enum store_last what,
                      struct store_load *load);
static struct job_row job_column(sqlite3_stmt *statement);
static void run_column(sqlite3_stmt *statement, struct arena *arena, struct store_run *to);

void reader_batch(struct list *requests, void *ctx)
{
    struct sql *sql = ctx;

    for (struct list *link = requests->next; link != requests; link = link->next) {
        struct request *r = list_item(link, struct request, link);
        bool ok = r->kind == REQUEST_READ_RUNS ? read_page(sql, r) : read_run(sql, r);

        if (!ok)
            (void)sql_fail(sql, &r->err);
    }
}

void reader_checkpoint(void *ctx)
{
    struct sql *sql = ctx;

    sqlite3_wal_checkpoint_v2(sql->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

static bool calendars_load(struct sql *sql, struct store_load *load)
{
    sqlite3_stmt *statement = sql_get(sql, SQL_CALENDAR_LOAD);
    int code = SQLITE_ERROR;

    while (statement && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        struct store_calendar row = {
            .kind = (enum store_calendar_kind)sqlite3_column_int(statement, 0),
            .name = sql_column(statement, 1),
            .body = sql_column(statement, 2),
            .version = sqlite3_column_int(statement, 3),
            .created_at = {sqlite3_column_int64(statement, 4)},
            .updated_at = {sqlite3_column_int64(statement, 5)},
        };

        load->on_calendar(&row, load->ctx);
    }
    if (statement)
        sqlite3_reset(statement);
    return code == SQLITE_DONE;
}

bool reader_load(struct sql *sql, struct store_load *load, struct err *e)
{
    sqlite3_stmt *statement;
    int code = SQLITE_ERROR;

    if (load->on_calendar && !calendars_load(sql, load))
        return sql_fail(sql, e);
    statement = sql_get(sql, SQL_JOB_LOAD);
    while (statement && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        struct job_row row = job_column(statement);
        enum store_last what = load->on_job(&row, load->ctx);

        if (what != STORE_LAST_NONE && !tell_last(sql, row.id, what, load)) {
            code = SQLITE_ERROR;
            break;
        }
    }
    if (code != SQLITE_DONE)
        (void)sql_fail(sql, e);
    if (statement)
        sqlite3_reset(statement);
    return code == SQLITE_DONE;
}

// Where a page begins: below an id, or below a slot when it is one job's. No row starts below
// INT64_MIN.
static bool page_bound(struct sql *sql, const struct request *r, int64_t *ret_below)
{
    sqlite3_stmt *statement;
    int code;

    *ret_below = r->query.before_id ? r->query.before_id : INT64_MAX;
    if (!r->query.job_id || !r->query.before_id)
        return true;
    statement = sql_get(sql, SQL_SLOT_OF_RUN);
    sqlite3_bind_int64(statement, 1, r->query.before_id);
    code = sqlite3_step(statement);
    *ret_below = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : INT64_MIN;
    sqlite3_reset(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE;
}

static bool read_page(struct sql *sql, struct request *r)
{
    sqlite3_stmt *statement;
    int64_t below;
    int code;

    if (!page_bound(sql, r, &below))
        return false;
    statement = sql_get(sql, r->query.job_id ? SQL_RUNS_OF_JOB : SQL_RUNS);
    if (!statement)
        return false;
    sqlite3_bind_int64(statement, 1, below);
    sqlite3_bind_int(statement, 2, r->query.limit);
    if (r->query.job_id)
        sqlite3_bind_int64(statement, 3, r->query.job_id);
    r->page = arena_array(r->arena, (size_t)r->query.limit, sizeof *r->page);
    while ((code = sqlite3_step(statement)) == SQLITE_ROW)
        run_column(statement, r->arena, &r->page[r->page_count++]);
    sqlite3_reset(statement);
    return code == SQLITE_DONE;
}

static bool read_run(struct sql *sql, struct request *r)
{
    sqlite3_stmt *statement = sql_get(sql, SQL_RUN);
    struct store_run *run;
    int code;

    if (!statement)
        return false;
    sqlite3_bind_int64(statement, 1, r->query.before_id);
    code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        r->page = run = arena_alloc(r->arena, sizeof *run);
        r->page_count = 1;
        run_column(statement, r->arena, run);
        run->out.head = arena_copy(r->arena, sql_column(statement, 17));
        run->out.tail = arena_copy(r->arena, sql_column(statement, 18));
        run->out.total = sqlite3_column_int64(statement, 19);
        run->err.head = arena_copy(r->arena, sql_column(statement, 20));
        run->err.tail = arena_copy(r->arena, sql_column(statement, 21));
        run->err.total = sqlite3_column_int64(statement, 22);
        run->result = arena_copy(r->arena, sql_column(statement, 23));
    }
    sqlite3_reset(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE;
}

static bool tell_last(struct sql *sql, int64_t job_id, enum store_last what,
                      struct store_load *load)
{
    sqlite3_stmt *statement =
        sql_get(sql, what == STORE_LAST_END ? SQL_JOB_LAST_END : SQL_JOB_LAST_RUN);
    bool ok;

    sqlite3_bind_int64(statement, 1, job_id);
    ok = statement && sqlite3_step(statement) == SQLITE_ROW;
    if (ok && sqlite3_column_type(statement, 0) != SQLITE_NULL)
        load->on_last(job_id, (wall){sqlite3_column_int64(statement, 0)}, load->ctx);
    if (statement)
        sqlite3_reset(statement);
    return ok;
}

static struct job_row job_column(sqlite3_stmt *statement)
{
    return (struct job_row){
        .id = sqlite3_column_int64(statement, 0),
        .name = sql_column(statement, 1),
        .kind = sqlite3_column_int(statement, 2),
        .trigger = sql_column(statement, 3),
        .tz = sql_column(statement, 4),
        .spec = sql_column(statement, 5),
        .state = sqlite3_column_int(statement, 6),
        .version = sqlite3_column_int(statement, 7),
        .change_seq = sqlite3_column_int64(statement, 8),
        .effective_from = {sqlite3_column_int64(statement, 9)},
        .created_at = {sqlite3_column_int64(statement, 10)},
        .updated_at = {sqlite3_column_int64(statement, 11)},
    };
}

// The columns of RUN_COLUMNS in sql.def.
static void run_column(sqlite3_stmt *statement, struct arena *arena, struct store_run *to)
{
    to->run = (struct run){
        .id = sqlite3_column_int64(statement, 0),
        .job_id = sqlite3_column_int64(statement, 1),
        .scheduled_at = {sqlite3_column_int64(statement, 2)},
        .origin = (enum run_origin)sqlite3_column_int(statement, 3),
        .state = (enum run_state)sqlite3_column_int(statement, 4),
        .reason = (enum run_reason)sqlite3_column_int(statement, 5),
        .job_version = sqlite3_column_int(statement, 6),
        .attempt = sqlite3_column_int(statement, 7),
        .missed = sqlite3_column_int64(statement, 8),
        .missed_from = {sqlite3_column_int64(statement, 9)},
        .queued_at = {sqlite3_column_int64(statement, 10)},
        .started_at = {sqlite3_column_int64(statement, 11)},
        .finished_at = {sqlite3_column_int64(statement, 12)},
        .exit_code = sqlite3_column_int(statement, 13),
        .signal = sqlite3_column_int(statement, 14),
        .message = arena_copy(arena, sql_column(statement, 15)),
    };
    to->job_name = arena_copy(arena, sql_column(statement, 16));
}
