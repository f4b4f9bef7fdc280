// reader.c - answers questions from a connection of its own, beside the writer and without waiting
// for it.
// SPDX-License-Identifier: Apache-2.0
#include "store/reader.h"

#include "store/inventory_sql.h"
#include "store/alert_rows.h"
#include "store/past.h"

static bool read_page(struct sql *sql, struct request *r);
static bool read_run(struct sql *sql, struct request *r);
static bool read_pasts(struct sql *sql, struct request *r);
static bool read_key(struct sql *sql, struct request *r);
static bool find_runs(struct sql *sql, struct request *r);
static bool read_pruned(struct sql *sql, struct request *r);
static bool tell_last(struct sql *sql, int64_t job_id, enum store_last what,
                      struct store_load *load);
static bool alive_tell(struct sql *sql, struct store_load *load);
static struct job_row job_column(sqlite3_stmt *statement);
static void run_column(sqlite3_stmt *statement, struct arena *arena, struct store_run *to);

#define OUTPUT_AT 27       // the column behind RUN_COLUMNS
#define ATTEMPTS_MAX 10000 // of one run that are read back

static bool answer(struct sql *sql, struct request *r)
{
    if (r->kind == REQUEST_READ_CERTIFICATES)
        return inventory_read(sql, r);
    if (r->kind == REQUEST_READ_SIGHTINGS)
        return inventory_read_sightings(sql, r);
    if (r->kind == REQUEST_READ_RUNS)
        return read_page(sql, r);
    if (r->kind == REQUEST_FIND_RUNS)
        return find_runs(sql, r);
    if (r->kind == REQUEST_READ_PRUNED)
        return read_pruned(sql, r);
    if (r->kind == REQUEST_READ_KEY)
        return read_key(sql, r);
    if (r->kind == REQUEST_READ_ALERTS)
        return alert_rows_read(sql, &r->alert_query, r->arena, &r->alerts);
    if (r->kind == REQUEST_READ_PASTS)
        return read_pasts(sql, r);
    return read_run(sql, r);
}

void reader_batch(struct list *requests, void *ctx)
{
    struct sql *sql = ctx;

    for (struct list *link = requests->next; link != requests; link = link->next) {
        struct request *r = list_item(link, struct request, link);

        if (!answer(sql, r))
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

static bool uptimes_tell(struct sql *sql, struct store_load *load)
{
    sqlite3_stmt *statement = sql_get(sql, SQL_UPTIMES);
    struct store_uptime period = {.to = {-1}};
    int code = SQLITE_ERROR;

    while (statement && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        if (period.to.us >= 0)
            load->on_uptime(&period, load->ctx);
        period = (struct store_uptime){.from = {sqlite3_column_int64(statement, 0)},
                                       .to = {sqlite3_column_int64(statement, 1)},
                                       .is_clean = sqlite3_column_int(statement, 2)};
    }
    if (statement)
        sqlite3_reset(statement);
    period.to = WALL_NEVER; // ours
    load->on_uptime(&period, load->ctx);
    return code == SQLITE_DONE;
}

bool reader_load(struct sql *sql, struct store_load *load, struct err *e)
{
    sqlite3_stmt *statement;
    int code = SQLITE_ERROR;

    if ((load->on_calendar && !calendars_load(sql, load)) ||
        (load->on_uptime && !uptimes_tell(sql, load)))
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
    if (code == SQLITE_DONE && load->on_run && !alive_tell(sql, load))
        return sql_fail(sql, e);
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

static enum sql_name find_statement(const struct store_find *find)
{
    if (find->going_at.us != 0)
        return find->job_id ? SQL_FIND_GOING_OF_JOB : SQL_FIND_GOING;
    if (find->is_oldest_first)
        return find->job_id ? SQL_FIND_OLDEST_OF_JOB : SQL_FIND_OLDEST;
    return find->job_id ? SQL_FIND_OF_JOB : SQL_FIND;
}

static bool find_runs(struct sql *sql, struct request *r)
{
    const struct store_find *find = &r->find;
    sqlite3_stmt *statement = sql_get(sql, find_statement(find));
    int code;

    if (!statement)
        return false;
    sqlite3_bind_int64(statement, 1, find->from.us);
    sqlite3_bind_int64(statement, 2, find->to.us);
    sqlite3_bind_int(statement, 3, find->limit);
    sqlite3_bind_int64(statement, 4, find->job_id);
    sqlite3_bind_int64(statement, 5, find->going_at.us);
    sqlite3_bind_int(statement, 6, STORE_GOING_MAX);
    r->page = arena_array(r->arena, (size_t)find->limit, sizeof *r->page);
    while ((code = sqlite3_step(statement)) == SQLITE_ROW)
        run_column(statement, r->arena, &r->page[r->page_count++]);
    sqlite3_reset(statement);
    return code == SQLITE_DONE;
}

static bool read_pruned(struct sql *sql, struct request *r)
{
    sqlite3_stmt *statement = sql_get(sql, SQL_PRUNED);
    int code;

    if (!statement)
        return false;
    sqlite3_bind_int64(statement, 1, r->find.job_id);
    code = sqlite3_step(statement);
    r->page = arena_alloc(r->arena, sizeof *r->page);
    r->page_count = 1;
    r->page->run.job_id = r->find.job_id;
    r->page->run.scheduled_at.us = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_reset(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE;
}

// The columns of OUTPUT_COLUMNS in sql.def, from one on.
static void output_column(sqlite3_stmt *statement, int at, struct arena *arena, struct run_end *to)
{
    struct run_stream *out = &to->out, *err = &to->err;

    out->head = arena_copy(arena, sql_column(statement, at));
    out->tail = arena_copy(arena, sql_column(statement, at + 1));
    out->total = sqlite3_column_int64(statement, at + 2);
    err->head = arena_copy(arena, sql_column(statement, at + 3));
    err->tail = arena_copy(arena, sql_column(statement, at + 4));
    err->total = sqlite3_column_int64(statement, at + 5);
    to->result = arena_copy(arena, sql_column(statement, at + 6));
    to->progress = arena_copy(arena, sql_column(statement, at + 7));
    to->usage = (struct run_usage){.user_us = sqlite3_column_int64(statement, at + 8),
                                   .system_us = sqlite3_column_int64(statement, at + 9),
                                   .max_rss_bytes = sqlite3_column_int64(statement, at + 10)};
}

static void attempt_column(sqlite3_stmt *statement, struct arena *arena, struct run_end *to)
{
    *to = (struct run_end){
        .attempt = sqlite3_column_int(statement, 0),
        .state = (enum run_state)sqlite3_column_int(statement, 1),
        .reason = (enum run_reason)sqlite3_column_int(statement, 2),
        .started_at = {sqlite3_column_int64(statement, 3)},
        .finished_at = {sqlite3_column_int64(statement, 4)},
        .exit_code = sqlite3_column_int(statement, 5),
        .signal = sqlite3_column_int(statement, 6),
        .message = arena_copy(arena, sql_column(statement, 7)),
    };
    output_column(statement, 8, arena, to);
}

// The attempts before the last one. There are as many as that one's number says, or fewer.
static bool attempts_read(struct sql *sql, struct arena *arena, struct store_run *run)
{
    size_t room = run->run.attempt > ATTEMPTS_MAX ? ATTEMPTS_MAX : (size_t)run->run.attempt;
    struct run_end *attempts = arena_array(arena, room, sizeof *attempts);
    sqlite3_stmt *statement = sql_get(sql, SQL_ATTEMPTS);
    int code = SQLITE_ERROR;

    sqlite3_bind_int64(statement, 1, run->run.id);
    while (statement && (code = sqlite3_step(statement)) == SQLITE_ROW && run->attempt_count < room)
        attempt_column(statement, arena, &attempts[run->attempt_count++]);
    if (statement)
        sqlite3_reset(statement);
    run->attempts = attempts;
    return code == SQLITE_DONE || code == SQLITE_ROW;
}

static bool read_run(struct sql *sql, struct request *r)
{
    sqlite3_stmt *statement = sql_get(sql, SQL_RUN);
    struct run_end end = {0};
    struct store_run *run = NULL;
    int code;

    if (!statement)
        return false;
    sqlite3_bind_int64(statement, 1, r->query.before_id);
    code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        r->page = run = arena_alloc(r->arena, sizeof *run);
        r->page_count = 1;
        run_column(statement, r->arena, run);
        output_column(statement, OUTPUT_AT, r->arena, &end);
        run->out = end.out;
        run->err = end.err;
        run->result = end.result;
        run->progress = end.progress;
        run->usage = end.usage;
    }
    sqlite3_reset(statement);
    if (code == SQLITE_ROW && (run->run.attempt > 1 || run->run.state == RUN_WAITING))
        return attempts_read(sql, r->arena, run);
    return code == SQLITE_ROW || code == SQLITE_DONE;
}

static bool read_key(struct sql *sql, struct request *r)
{
    sqlite3_stmt *statement = sql_get(sql, SQL_RUN_WITH_KEY);
    int code = SQLITE_ERROR;

    sqlite3_bind_int64(statement, 1, r->query.job_id);
    sql_bind_text(statement, 2, r->key);
    if (statement)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        r->page = arena_alloc(r->arena, sizeof *r->page);
        r->page_count = 1;
        run_column(statement, r->arena, r->page);
    }
    if (statement)
        sqlite3_reset(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE;
}

static bool alive_tell(struct sql *sql, struct store_load *load)
{
    sqlite3_stmt *statement = sql_get(sql, SQL_RUNS_ALIVE);
    int code = SQLITE_ERROR;

    while (statement && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        struct arena *arena = arena_new(1024);
        struct store_run run = {0};

        run_column(statement, arena, &run);
        load->on_run(&run.run, load->ctx);
        arena_free(arena);
    }
    if (statement)
        sqlite3_reset(statement);
    return code == SQLITE_DONE;
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

static const struct run_ask *ask_column(sqlite3_stmt *statement, struct arena *arena)
{
    struct run_ask *ask;

    if (sqlite3_column_type(statement, 18) == SQLITE_NULL)
        return NULL;
    ask = arena_alloc(arena, sizeof *ask);
    ask->args = arena_copy(arena, sql_column(statement, 19));
    ask->key = arena_copy(arena, sql_column(statement, 20));
    ask->digest = (uint64_t)sqlite3_column_int64(statement, 21);
    ask->slot.us = sqlite3_column_int64(statement, 22);
    ask->start_at.us = sqlite3_column_int64(statement, 23);
    ask->cause_id = sqlite3_column_int64(statement, 24);
    ask->is_forced = sqlite3_column_int(statement, 25);
    ask->overlap = sqlite3_column_int(statement, 26);
    return ask;
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
        .try_at = {sqlite3_column_int64(statement, 17)},
        .ask = ask_column(statement, arena),
    };
    to->job_name = arena_copy(arena, sql_column(statement, 16));
}

static bool read_past(struct sql *sql, struct store_past *past)
{
    sqlite3_stmt *s = sql_get(sql, SQL_PAST);
    int code = SQLITE_ERROR;
    bool is_done = false;

    if (!s)
        return false;
    sqlite3_bind_int64(s, 1, past->job_id);
    while (!is_done && (code = sqlite3_step(s)) == SQLITE_ROW) {
        const struct run run = {
            .id = sqlite3_column_int64(s, 0),
            .scheduled_at = {sqlite3_column_int64(s, 1)},
            .state = (enum run_state)sqlite3_column_int(s, 2),
            .started_at = {sqlite3_column_int64(s, 3)},
            .finished_at = {sqlite3_column_int64(s, 4)},
            .exit_code = sqlite3_column_int(s, 5),
        };

        is_done = !past_add(past, &run);
    }
    sqlite3_reset(s);
    return is_done || code == SQLITE_DONE;
}

static bool read_pasts(struct sql *sql, struct request *r)
{
    for (size_t i = 0; i < r->count; i++)
        if (!read_past(sql, &r->pasts[i]))
            return false;
    return true;
}
