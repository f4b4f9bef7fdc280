// writer.c - carries out writes on the one connection that may write: many requests, one
// transaction, one sync.
// SPDX-License-Identifier: Apache-2.0
#include "store/writer.h"

#include "store/alert_rows.h"
#include "store/calendar_rows.h"
#include "store/inventory_sql.h"
#include "store/prune.h"
#include "store/run_rows.h"

#define CHUNK_ROWS 4096     // at most in one transaction, unless one request has more
#define WAL_TELL_PAGES 1000 // 4 MB: worth carrying over
#define WAL_WRAP_PAGES \
    2000 // then what is not carried over yet is little, and we do it to begin anew:
#define WAL_WRAP_EVERY 250 // writing over the old log syncs twice as fast as making it longer
#define WAL_MAX_PAGES \
    (64 * 1024 * 1024 / 4096)         // then we do it ourselves, though writes wait meanwhile
#define SEEN_US 10000000              // between two signs of life
#define BIRTH_TRIES 1000              // moments of one job in a row that are taken
#define LIVING_MAX ((int64_t)1 << 27) // job numbers beyond are looked up each time

enum outcome {
    DONE,      // or refused, without a trace
    WITHDRAWN, // refused, but has left traces: begin the transaction anew
    BROKEN,    // the transaction cannot go on; the connection knows why
};

static enum outcome chunk_try(struct writer *w);
static void chunk_fail(struct writer *w);
static enum outcome carry_out(struct writer *w, struct request *r);
static enum outcome put_job(struct writer *w, struct request *r);
static enum outcome set_state(struct writer *w, struct request *r);
static enum outcome claim(struct writer *w, struct request *r);
static enum outcome start(struct writer *w, struct request *r);
static enum outcome launch(struct writer *w, struct request *r);
static enum outcome finish(struct writer *w, const struct run_end *end, struct run_born *born);
static enum outcome job_lives(struct writer *w, int64_t job_id, bool *ret_lives);
static enum outcome job_is_dead(struct writer *w, int64_t job_id);

static int wal_grew(void *ctx, sqlite3 *db, const char *schema, int pages)
{
    struct writer *w = ctx;

    (void)db;
    (void)schema;
    w->wal_pages = pages;
    return SQLITE_OK;
}

void writer_init(struct writer *w)
{
    sqlite3_wal_hook(w->sql->db, wal_grew, w);
}

void writer_done(struct writer *w)
{
    vec_done(&w->chunk);
    vec_done(&w->living);
}

static void chunk_run(struct writer *w)
{
    struct err failure = {0};
    enum outcome outcome = chunk_try(w);

    while (outcome == WITHDRAWN) // once for each claim to be withdrawn, at most
        outcome = chunk_try(w);
    if (outcome == BROKEN) {
        chunk_fail(w);
        failure = w->chunk.v[0]->err;
    }
    w->on_commit(w->chunk.len, failure.code == ERR_NONE ? NULL : &failure, w->chunk.v[0]->now,
                 w->ctx);
    vec_clear(&w->chunk);
}

static void wal_look(struct writer *w)
{
    if (w->wal_pages < w->wal_told)
        w->wal_told = w->wal_tried = 0; // the log began from its start again
    if (w->wal_pages >= WAL_MAX_PAGES)
        sqlite3_wal_checkpoint_v2(w->sql->db, NULL, SQLITE_CHECKPOINT_RESTART, NULL, NULL);
    else if (w->wal_pages - w->wal_told >= WAL_TELL_PAGES) {
        w->wal_told = w->wal_pages;
        w->on_wal(w->ctx);
    } else if (w->wal_pages >= WAL_WRAP_PAGES && w->wal_pages - w->wal_tried >= WAL_WRAP_EVERY) {
        w->wal_tried = w->wal_pages;
        sqlite3_wal_checkpoint_v2(w->sql->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    }
}

void writer_batch(struct list *requests, void *ctx)
{
    struct writer *w = ctx;
    size_t rows = 0;

    for (struct list *link = requests->next; link != requests; link = link->next) {
        struct request *r = list_item(link, struct request, link);

        if (rows && rows + request_weight(r) > CHUNK_ROWS) {
            chunk_run(w);
            rows = 0;
        }
        rows += request_weight(r);
        vec_push(&w->chunk, r);
    }
    if (w->chunk.len)
        chunk_run(w);
    wal_look(w);
}

// ---- one transaction ----

static void rollback(struct writer *w)
{
    if (!sqlite3_get_autocommit(w->sql->db))
        (void)sql_do(w->sql, SQL_ROLLBACK);
    vec_clear(&w->living); // what was learnt in there may not be so
}

static bool watermark_move(struct writer *w)
{
    sqlite3_stmt *statement;

    if (w->next_watermark.us == w->watermark.us)
        return true;
    statement = sql_get(w->sql, SQL_WATERMARK);
    sqlite3_bind_int64(statement, 1, w->node_id);
    sqlite3_bind_int64(statement, 2, w->next_watermark.us);
    return sql_run(statement) == SQLITE_OK;
}

// A process that is killed cannot say when it ended; but it lived when it last wrote.
static bool seen_write(struct writer *w)
{
    wall now = w->chunk.v[0]->now;
    sqlite3_stmt *statement;

    if (now.us >= w->seen_at.us && now.us - w->seen_at.us < SEEN_US)
        return true;
    statement = sql_get(w->sql, SQL_UPTIME_SEEN);
    sqlite3_bind_int64(statement, 1, w->node_id);
    sqlite3_bind_int64(statement, 2, now.us);
    sqlite3_bind_int(statement, 3, false);
    if (sql_run(statement) != SQLITE_OK)
        return false;
    w->seen_at = now; // when the commit fails, the one before stands for ten seconds more
    return true;
}

static enum outcome chunk_try(struct writer *w)
{
    w->next_change_seq = w->change_seq;
    w->next_watermark = w->watermark;
    if (sql_do(w->sql, SQL_BEGIN) != SQLITE_OK)
        return BROKEN;
    for (size_t i = 0; i < w->chunk.len; i++) {
        struct request *r = w->chunk.v[i];
        enum outcome outcome;

        if (r->is_withdrawn)
            continue;
        request_reset(r);
        outcome = carry_out(w, r);
        r->is_withdrawn = outcome == WITHDRAWN;
        if (r->is_withdrawn)
            rollback(w);
        if (outcome != DONE)
            return outcome;
    }
    if (!watermark_move(w) || !seen_write(w) || sql_do(w->sql, SQL_COMMIT) != SQLITE_OK)
        return BROKEN;
    w->change_seq = w->next_change_seq;
    w->watermark = w->next_watermark;
    return DONE;
}

// The disk is full, for one: whoever is in the transaction hears the reason, and nothing has
// happened.
static void chunk_fail(struct writer *w)
{
    struct err failure;

    (void)sql_fail(w->sql, &failure);
    rollback(w);
    for (size_t i = 0; i < w->chunk.len; i++)
        w->chunk.v[i]->err = failure;
}

static enum outcome carry_out(struct writer *w, struct request *r)
{
    enum outcome outcome = DONE;

    if (r->kind == REQUEST_PUT_JOB)
        return put_job(w, r);
    if (r->kind == REQUEST_SET_STATE)
        return set_state(w, r);
    if (r->kind == REQUEST_CLAIM)
        return claim(w, r);
    if (r->kind == REQUEST_PUT_CALENDAR)
        return calendar_rows_put(&w->sql->base, r) ? DONE : BROKEN;
    if (r->kind == REQUEST_DELETE_CALENDAR)
        return calendar_rows_delete(&w->sql->base, r) ? DONE : BROKEN;
    if (r->kind == REQUEST_ALERT)
        return alert_rows_write(&w->sql->base, &r->alert) ? DONE : BROKEN;
    if (r->kind == REQUEST_START)
        return start(w, r);
    if (r->kind == REQUEST_LAUNCH)
        return launch(w, r);
    if (r->kind == REQUEST_DELETE_RUN)
        return prune_one(&w->sql->base, r) ? DONE : BROKEN;
    if (r->kind == REQUEST_SEE)
        return inventory_write(&w->sql->base, r) ? DONE : BROKEN;
    if (r->kind == REQUEST_PRUNE)
        return prune_runs(&w->sql->base, r) ? DONE : BROKEN;
    for (size_t i = 0; i < r->count && outcome == DONE; i++)
        outcome = finish(w, &r->ends[i], &r->born[i]);
    return outcome;
}

// ---- jobs ----

static enum outcome job_find(struct writer *w, struct request *r)
{
    sqlite3_stmt *statement = sql_get(w->sql, SQL_JOB_BY_NAME);
    int code;

    if (!statement)
        return BROKEN;
    sql_bind_text(statement, 1, r->job.name);
    code = sqlite3_step(statement);
    r->job_id = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    r->version = code == SQLITE_ROW ? sqlite3_column_int(statement, 1) : 0;
    sqlite3_reset(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE ? DONE : BROKEN;
}

static bool job_bury(struct writer *w, struct str name)
{
    sqlite3_stmt *statement = sql_get(w->sql, SQL_JOB_BURY);

    if (!statement)
        return false;
    sql_bind_text(statement, 1, name);
    return sql_run(statement) == SQLITE_OK;
}

static enum outcome put_job(struct writer *w, struct request *r)
{
    const struct job_row *job = &r->job;
    sqlite3_stmt *statement;
    bool is_new;

    if (job_find(w, r) != DONE)
        return BROKEN;
    if (!request_may_put(r, r->version))
        return DONE;
    is_new = r->version == 0;
    if (is_new && !job_bury(w, job->name))
        return BROKEN;
    r->version++;
    r->change_seq = ++w->next_change_seq;
    statement = sql_get(w->sql, is_new ? SQL_JOB_INSERT : SQL_JOB_UPDATE);
    sqlite3_bind_int64(statement, 1, is_new ? job->created_at.us : r->job_id);
    sql_bind_text(statement, 2, job->name);
    sqlite3_bind_int(statement, 3, job->kind);
    sql_bind_text(statement, 4, job->trigger);
    sql_bind_text(statement, 5, job->tz);
    sql_bind_text(statement, 6, job->spec);
    sqlite3_bind_int(statement, 7, job->state);
    sqlite3_bind_int(statement, 8, r->version);
    sqlite3_bind_int64(statement, 9, r->change_seq);
    sqlite3_bind_int64(statement, 10, job->effective_from.us);
    sqlite3_bind_int64(statement, 11, job->updated_at.us);
    if (sql_run(statement) != SQLITE_OK)
        return BROKEN;
    if (is_new)
        r->job_id = sqlite3_last_insert_rowid(w->sql->db);
    return job->state == JOB_DELETED ? job_is_dead(w, r->job_id) : DONE;
}

static enum outcome set_state(struct writer *w, struct request *r)
{
    sqlite3_stmt *statement = sql_get(w->sql, SQL_JOB_BY_ID);
    int64_t version = 0;

    sqlite3_bind_int64(statement, 1, r->job.id);
    if (!sql_number(statement, &version)) {
        if (sqlite3_errcode(w->sql->db) != SQLITE_OK && sqlite3_errcode(w->sql->db) != SQLITE_DONE)
            return BROKEN;
        (void)request_refuse_missing(r);
        return DONE;
    }
    r->job_id = r->job.id;
    r->version = (int)version + 1;
    r->change_seq = ++w->next_change_seq;
    statement = sql_get(w->sql, SQL_JOB_STATE);
    sqlite3_bind_int64(statement, 1, r->job.id);
    sqlite3_bind_int(statement, 2, r->job.state);
    sqlite3_bind_int(statement, 3, r->version);
    sqlite3_bind_int64(statement, 4, r->change_seq);
    sqlite3_bind_int64(statement, 5, r->now.us);
    if (sql_run(statement) != SQLITE_OK)
        return BROKEN;
    if (r->job.state != JOB_DELETED)
        return DONE;
    if (job_is_dead(w, r->job.id) != DONE)
        return BROKEN;
    statement = sql_get(w->sql, SQL_MET_FORGET);
    sqlite3_bind_int64(statement, 1, r->job.id);
    return sql_run(statement) == SQLITE_OK ? DONE : BROKEN;
}

// ---- runs ----

// All rows that are wanted, in one statement. Those that stay out have met a row of their slot.
static int runs_insert(struct writer *w, struct run_rows *rows)
{
    sqlite3_stmt *statement = sql_get(w->sql, SQL_RUN_INSERT);

    sqlite3_bind_pointer(statement, 1, rows, RUN_ROWS, NULL);
    sqlite3_bind_int64(statement, 2, w->node_id);
    return sql_run(statement);
}

// Whether a row is there, when not all of them are.
static enum outcome row_look(struct writer *w, int64_t run_id, bool *ret_is_there)
{
    sqlite3_stmt *statement = sql_get(w->sql, SQL_SLOT_OF_RUN);
    int code = SQLITE_ERROR;

    sqlite3_bind_int64(statement, 1, run_id);
    if (statement)
        code = sqlite3_step(statement);
    if (statement)
        sqlite3_reset(statement);
    *ret_is_there = code == SQLITE_ROW;
    return code == SQLITE_ROW || code == SQLITE_DONE ? DONE : BROKEN;
}

static enum outcome winners_find(struct writer *w, struct request *r)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->won[i] && row_look(w, r->runs[i].id, &r->won[i]) != DONE)
            return BROKEN;
    return DONE;
}

// Whether the key of a run is free; if not, the request is refused.
static enum outcome key_look(struct writer *w, struct request *r, const struct run *run)
{
    sqlite3_stmt *statement;
    int64_t run_id = 0;
    int code;

    if (!run->ask || run->ask->key.len == 0)
        return DONE;
    statement = sql_get(w->sql, SQL_RUN_OF_KEY);
    sqlite3_bind_int64(statement, 1, run->job_id);
    sql_bind_text(statement, 2, run->ask->key);
    code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        run_id = sqlite3_column_int64(statement, 0);
    if (statement)
        sqlite3_reset(statement);
    if (code == SQLITE_ROW)
        (void)request_refuse_key(r, run, run_id);
    return code == SQLITE_ROW || code == SQLITE_DONE ? DONE : BROKEN;
}

static enum outcome keys_look(struct writer *w, struct request *r)
{
    for (size_t i = 0; i < r->count && !r->is_refused; i++)
        if (key_look(w, r, &r->runs[i]) != DONE)
            return BROKEN;
    return DONE;
}

static bool ask_insert(struct writer *w, const struct run *run)
{
    sqlite3_stmt *statement = sql_get(w->sql, SQL_ASK_INSERT);

    sqlite3_bind_int64(statement, 1, run->id);
    sqlite3_bind_int64(statement, 2, run->job_id);
    sql_bind_text(statement, 3, run->ask->args);
    sql_bind_text(statement, 4, run->ask->key);
    sqlite3_bind_int64(statement, 5, (int64_t)run->ask->digest);
    sqlite3_bind_int64(statement, 6, run->ask->slot.us);
    sqlite3_bind_int64(statement, 7, run->ask->start_at.us);
    sqlite3_bind_int64(statement, 8, run->ask->cause_id);
    sqlite3_bind_int(statement, 9, run->ask->is_forced);
    sqlite3_bind_int(statement, 10, run->ask->overlap);
    sql_bind_text(statement, 11, run->ask->cause);
    sqlite3_bind_int(statement, 12, run->ask->parallel);
    return sql_run(statement) == SQLITE_OK;
}

static enum outcome asks_insert(struct writer *w, const struct request *r)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->won[i] && r->runs[i].ask && !ask_insert(w, &r->runs[i]))
            return BROKEN;
    return DONE;
}

static enum outcome claim(struct writer *w, struct request *r)
{
    struct run_rows rows = {r->runs, r->won, r->count, 0};
    int wanted = 0, code;

    if (r->has_asks && keys_look(w, r) != DONE)
        return BROKEN;
    if (r->is_refused)
        return DONE;
    for (size_t i = 0; i < r->count; i++) {
        if (job_lives(w, r->runs[i].job_id, &r->won[i]) != DONE)
            return BROKEN;
        wanted += r->won[i];
    }
    code = wanted > 0 ? runs_insert(w, &rows) : SQLITE_OK;
    if ((code & 0xff) == SQLITE_CONSTRAINT) {
        (void)request_refuse_run_id(r, r->runs[rows.at].id);
        return WITHDRAWN;
    }
    if (code != SQLITE_OK)
        return BROKEN;
    if (wanted > 0 && sqlite3_changes(w->sql->db) != wanted && winners_find(w, r) != DONE)
        return BROKEN;
    if (r->has_asks && asks_insert(w, r) != DONE)
        return BROKEN;
    if (r->watermark.us > 0)
        w->next_watermark = r->watermark;
    return DONE;
}

static enum outcome launch(struct writer *w, struct request *r)
{
    sqlite3_stmt *statement;

    for (size_t i = 0; i < r->count; i++) {
        statement = sql_get(w->sql, SQL_RUN_DROP);
        sqlite3_bind_int64(statement, 1, r->dropped[i]);
        if (sql_run(statement) != SQLITE_OK)
            return BROKEN;
    }
    statement = sql_get(w->sql, SQL_LAUNCH);
    sqlite3_bind_int64(statement, 1, r->upto_run_id);
    return sql_run(statement) == SQLITE_OK ? DONE : BROKEN;
}

static enum outcome start_one(struct writer *w, const struct run_start *start, bool *ret_won)
{
    sqlite3_stmt *statement = sql_get(w->sql, SQL_RUN_START);
    enum run_actor by = start->is_adopted ? RUN_BY_ADOPTION : RUN_BY_START;

    sqlite3_bind_int64(statement, 1, start->run_id);
    sqlite3_bind_int(statement, 2, start->attempt);
    sqlite3_bind_int(statement, 3, RUN_RUNNING);
    sqlite3_bind_int64(statement, 4, start->started_at.us);
    sqlite3_bind_int64(statement, 5, w->node_id);
    sqlite3_bind_int(statement, 6, start->is_adopted ? start->attempt : start->attempt - 1);
    sqlite3_bind_int64(statement, 7, run_move_from(by, RUN_RUNNING));
    if (sql_run(statement) != SQLITE_OK)
        return BROKEN;
    *ret_won = sqlite3_changes(w->sql->db) == 1;
    return DONE;
}

static enum outcome start(struct writer *w, struct request *r)
{
    for (size_t i = 0; i < r->count; i++)
        if (start_one(w, &r->starts[i], &r->won[i]) != DONE)
            return BROKEN;
    return DONE;
}

static void output_bind(sqlite3_stmt *statement, const struct run_end *end)
{
    sqlite3_bind_int64(statement, 1, end->run_id);
    sql_bind_blob(statement, 2, end->out.head);
    sql_bind_blob(statement, 3, end->out.tail);
    sqlite3_bind_int64(statement, 4, end->out.total);
    sql_bind_blob(statement, 5, end->err.head);
    sql_bind_blob(statement, 6, end->err.tail);
    sqlite3_bind_int64(statement, 7, end->err.total);
    sql_bind_text(statement, 8, end->result);
    sql_bind_text(statement, 9, end->progress);
}

static void usage_bind(sqlite3_stmt *statement, int at, const struct run_usage *usage)
{
    sqlite3_bind_int64(statement, at, usage->user_us);
    sqlite3_bind_int64(statement, at + 1, usage->system_us);
    sqlite3_bind_int64(statement, at + 2, usage->max_rss_bytes);
}

static bool output_insert(struct writer *w, const struct run_end *end)
{
    sqlite3_stmt *statement;

    if (!end->out.total && !end->err.total && !end->result.len && !end->progress.len)
        return true;
    statement = sql_get(w->sql, SQL_OUTPUT_INSERT);
    output_bind(statement, end);
    return sql_run(statement) == SQLITE_OK;
}

static bool attempt_insert(struct writer *w, const struct run_end *end)
{
    sqlite3_stmt *statement = sql_get(w->sql, SQL_ATTEMPT_INSERT);

    output_bind(statement, end);
    sqlite3_bind_int(statement, 10, end->attempt);
    sqlite3_bind_int(statement, 11, end->state);
    sqlite3_bind_int(statement, 12, end->reason);
    sqlite3_bind_int64(statement, 13, end->started_at.us);
    sqlite3_bind_int64(statement, 14, end->finished_at.us);
    sqlite3_bind_int(statement, 15, end->exit_code);
    sqlite3_bind_int(statement, 16, end->signal);
    sql_bind_text(statement, 17, end->message);
    usage_bind(statement, 18, &end->usage);
    return sql_run(statement) == SQLITE_OK;
}

// One row that begins with an end, at the first moment from its own on that is free.
static enum outcome birth_insert(struct writer *w, struct run *run, bool *ret_born)
{
    const bool wanted = true;
    int code = SQLITE_OK;

    *ret_born = false;
    if (job_lives(w, run->job_id, ret_born) != DONE)
        return BROKEN;
    for (int tries = 0; *ret_born && tries < BIRTH_TRIES; tries++, run->scheduled_at.us++) {
        struct run_rows row = {run, &wanted, 1, 0};

        code = runs_insert(w, &row);
        if (code != SQLITE_OK || sqlite3_changes(w->sql->db) == 1)
            break;
    }
    if (code != SQLITE_OK)
        return BROKEN;
    return !*ret_born || !run->ask || ask_insert(w, run) ? DONE : BROKEN;
}

static bool met_put(struct writer *w, const struct run_met *met)
{
    sqlite3_stmt *statement = sql_get(w->sql, SQL_MET_PUT);

    sqlite3_bind_int64(statement, 1, met->job_id);
    sql_bind_text(statement, 2, met->parent);
    sqlite3_bind_int64(statement, 3, met->after_id);
    return sql_run(statement) == SQLITE_OK;
}

static enum outcome chain_begin(struct writer *w, const struct run_chain *chain,
                                struct run_born *born)
{
    struct run *runs = (struct run *)(uintptr_t)born->runs; // the request's own

    for (size_t i = 0; i < chain->birth_count; i++) {
        bool is_born;

        runs[born->count] = chain->births[i];
        if (birth_insert(w, &runs[born->count], &is_born) != DONE)
            return BROKEN;
        born->count += is_born;
    }
    for (size_t i = 0; i < chain->met_count; i++)
        if (!met_put(w, &chain->met[i]))
            return BROKEN;
    return DONE;
}

static enum outcome finish(struct writer *w, const struct run_end *end, struct run_born *born)
{
    sqlite3_stmt *statement = sql_get(w->sql, SQL_RUN_FINISH);
    enum run_state to = run_end_state(end);

    sqlite3_bind_int64(statement, 1, end->run_id);
    sqlite3_bind_int(statement, 2, end->attempt);
    sqlite3_bind_int(statement, 3, to);
    sqlite3_bind_int(statement, 4, to == RUN_WAITING ? REASON_RETRY : end->reason);
    sqlite3_bind_int64(statement, 5, end->started_at.us);
    sqlite3_bind_int64(statement, 6, to == RUN_WAITING ? 0 : end->finished_at.us);
    sqlite3_bind_int(statement, 7, end->exit_code);
    sqlite3_bind_int(statement, 8, end->signal);
    sql_bind_text(statement, 9, end->message);
    sqlite3_bind_int64(statement, 10, end->try_at.us);
    sqlite3_bind_int64(statement, 11, run_move_from(RUN_BY_END, to));
    usage_bind(statement, 12, &end->usage);
    if (sql_run(statement) != SQLITE_OK)
        return BROKEN;
    if (sqlite3_changes(w->sql->db) != 1)
        return DONE;
    if (to == RUN_WAITING)
        return attempt_insert(w, end) ? DONE : BROKEN;
    if (!output_insert(w, end))
        return BROKEN;
    return end->chain ? chain_begin(w, end->chain, born) : DONE;
}

// ---- which jobs live ----

static enum outcome job_lives(struct writer *w, int64_t job_id, bool *ret_lives)
{
    size_t word = (size_t)job_id / 64;
    uint64_t bit = (uint64_t)1 << (job_id & 63);
    sqlite3_stmt *statement;
    int code;

    if (job_id > 0 && word < w->living.len && w->living.v[word] & bit) {
        *ret_lives = true;
        return DONE;
    }
    statement = sql_get(w->sql, SQL_JOB_BY_ID);
    sqlite3_bind_int64(statement, 1, job_id);
    code = sqlite3_step(statement);
    if (statement)
        sqlite3_reset(statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return BROKEN;
    *ret_lives = code == SQLITE_ROW;
    if (!*ret_lives || job_id >= LIVING_MAX)
        return DONE;
    while (w->living.len <= word)
        vec_push(&w->living, 0);
    w->living.v[word] |= bit;
    return DONE;
}

// Nothing is launched of it any more.
static enum outcome job_is_dead(struct writer *w, int64_t job_id)
{
    sqlite3_stmt *statement = sql_get(w->sql, SQL_JOB_UNPLAN);

    if ((size_t)job_id / 64 < w->living.len)
        w->living.v[job_id / 64] &= ~((uint64_t)1 << (job_id & 63));
    sqlite3_bind_int64(statement, 1, job_id);
    return sql_run(statement) == SQLITE_OK ? DONE : BROKEN;
}
