// reader.c - answers questions from a connection of its own, beside the writer and without waiting
// for it.
// SPDX-License-Identifier: Apache-2.0
#include "store/reader.h"

#include <inttypes.h>

#include "base/vec.h"
#include "store/inventory_sql.h"
#include "store/alert_rows.h"
#include "store/past.h"

static bool read_page(struct db *db, struct request *r);
static bool read_run(struct db *db, struct request *r);
static bool read_pasts(struct db *db, struct request *r);
static bool read_key(struct db *db, struct request *r);
static bool find_runs(struct db *db, struct request *r);
static bool read_pruned(struct db *db, struct request *r);
static bool some_lasts_tell(struct db *db, struct store_load *load, enum store_last what,
                            const int64_t *job_ids, size_t count);
static bool slots_tell(struct db *db, struct store_load *load);
static bool alive_tell(struct db *db, struct store_load *load);

#define OUTPUT_AT 29       // the column behind RUN_COLUMNS
#define ATTEMPTS_MAX 10000 // of one run that are read back
#define LASTS_AT_ONCE 1000 // jobs in one question

static bool answer(struct db *db, struct request *r)
{
    if (r->kind == REQUEST_READ_CERTIFICATES)
        return inventory_read(db, r);
    if (r->kind == REQUEST_READ_SIGHTINGS)
        return inventory_read_sightings(db, r);
    if (r->kind == REQUEST_READ_RUNS)
        return read_page(db, r);
    if (r->kind == REQUEST_FIND_RUNS)
        return find_runs(db, r);
    if (r->kind == REQUEST_READ_PRUNED)
        return read_pruned(db, r);
    if (r->kind == REQUEST_READ_KEY)
        return read_key(db, r);
    if (r->kind == REQUEST_READ_ALERTS)
        return alert_rows_read(db, &r->alert_query, r->arena, &r->alerts);
    if (r->kind == REQUEST_READ_PASTS)
        return read_pasts(db, r);
    return read_run(db, r);
}

void reader_batch(struct list *requests, void *ctx)
{
    struct db *db = ctx;

    for (struct list *link = requests->next; link != requests; link = link->next)
        reader_answer(db, list_item(link, struct request, link));
}

void reader_answer(struct db *db, struct request *r)
{
    if (!answer(db, r))
        (void)db_fail(db, &r->err);
}

bool reader_calendars(struct db *db, void (*fn)(const struct store_calendar *row, void *ctx),
                      void *ctx)
{
    struct query *statement = db_get(db, SQL_CALENDAR_LOAD);
    int code = QUERY_FAILED;

    while ((code = query_step(statement)) == QUERY_ROW) {
        struct store_calendar row = {
            .kind = (enum store_calendar_kind)column_int(statement, 0),
            .name = column_text(statement, 1),
            .body = column_text(statement, 2),
            .version = column_int(statement, 3),
            .created_at = {column_int(statement, 4)},
            .updated_at = {column_int(statement, 5)},
        };

        fn(&row, ctx);
    }
    query_reset(statement);
    return code == QUERY_DONE;
}

static bool uptimes_tell(struct db *db, struct store_load *load)
{
    struct query *statement = db_get(db, SQL_UPTIMES);
    struct store_uptime period = {.to = {-1}};
    int code = QUERY_FAILED;

    while ((code = query_step(statement)) == QUERY_ROW) {
        if (period.to.us >= 0)
            load->on_uptime(&period, load->ctx);
        period = (struct store_uptime){.from = {column_int(statement, 0)},
                                       .to = {column_int(statement, 1)},
                                       .is_clean = column_int(statement, 2)};
    }
    query_reset(statement);
    period.to = WALL_NEVER; // ours
    load->on_uptime(&period, load->ctx);
    return code == QUERY_DONE;
}

static bool met_tell(struct db *db, struct store_load *load)
{
    struct query *statement = db_get(db, SQL_MET_LOAD);
    int code;

    while ((code = query_step(statement)) == QUERY_ROW) {
        struct run_met met = {column_int(statement, 0), column_text(statement, 1),
                              column_int(statement, 2)};

        load->on_met(&met, load->ctx);
    }
    query_reset(statement);
    return code == QUERY_DONE;
}

// Of which jobs something of their past is to be looked up.
struct wanted {
    VEC_OF(int64_t) of[STORE_LAST_END + 1]; // by enum store_last
};

static bool jobs_tell(struct db *db, struct store_load *load, struct wanted *wanted)
{
    struct query *statement = db_get(db, SQL_JOB_LOAD);
    int code;

    while ((code = query_step(statement)) == QUERY_ROW) {
        struct job_row row = reader_job(statement);
        enum store_last what = load->on_job(&row, load->ctx);

        if (what != STORE_LAST_NONE)
            vec_push(&wanted->of[what], row.id);
    }
    query_reset(statement);
    return code == QUERY_DONE;
}

static bool lasts_tell(struct db *db, struct store_load *load, const struct wanted *wanted)
{
    for (size_t what = 0; what <= STORE_LAST_END; what++)
        for (size_t at = 0; at < wanted->of[what].len; at += LASTS_AT_ONCE)
            if (!some_lasts_tell(db, load, (enum store_last)what, wanted->of[what].v + at,
                                 wanted->of[what].len - at))
                return false;
    return true;
}

bool reader_load(struct db *db, struct store_load *load, struct err *e)
{
    struct wanted wanted = {0};
    bool ok = (!load->on_calendar || reader_calendars(db, load->on_calendar, load->ctx)) &&
              (!load->on_uptime || uptimes_tell(db, load)) && jobs_tell(db, load, &wanted) &&
              lasts_tell(db, load, &wanted) && (!load->on_met || met_tell(db, load)) &&
              (!load->on_slot || slots_tell(db, load)) && (!load->on_run || alive_tell(db, load));

    for (size_t what = 0; what <= STORE_LAST_END; what++)
        vec_done(&wanted.of[what]);
    return ok || db_fail(db, e);
}

// Where a page begins: below an id, or below a slot when it is one job's. No row starts below
// INT64_MIN.
static bool page_bound(struct db *db, const struct request *r, int64_t *ret_below)
{
    struct query *statement;
    int code;

    *ret_below = r->query.before_id ? r->query.before_id : INT64_MAX;
    if (!r->query.job_id || !r->query.before_id)
        return true;
    statement = db_get(db, SQL_SLOT_OF_RUN);
    query_int(statement, 1, r->query.before_id);
    code = query_step(statement);
    *ret_below = code == QUERY_ROW ? column_int(statement, 0) : INT64_MIN;
    query_reset(statement);
    return code == QUERY_ROW || code == QUERY_DONE;
}

// The job whose history is asked for by the name it had; -1: there is none.
static bool page_job(struct db *db, struct request *r)
{
    struct query *statement;
    int code;

    if (r->query.ended.len == 0)
        return true;
    statement = db_get(db, SQL_JOB_ENDED);
    query_text(statement, 1, r->query.ended);
    code = query_step(statement);
    r->query.job_id = code == QUERY_ROW ? column_int(statement, 0) : -1;
    query_reset(statement);
    return code == QUERY_ROW || code == QUERY_DONE;
}

static bool read_page(struct db *db, struct request *r)
{
    struct query *statement;
    int64_t below;
    int code;

    if (!page_job(db, r) || !page_bound(db, r, &below))
        return false;
    statement = db_get(db, r->query.job_id ? SQL_RUNS_OF_JOB : SQL_RUNS);
    query_int(statement, 1, below);
    query_int(statement, 2, r->query.limit);
    if (r->query.job_id)
        query_int(statement, 3, r->query.job_id);
    r->page = arena_array(r->arena, (size_t)r->query.limit, sizeof *r->page);
    while ((code = query_step(statement)) == QUERY_ROW)
        reader_run(statement, r->arena, &r->page[r->page_count++]);
    query_reset(statement);
    return code == QUERY_DONE;
}

static enum sql_name find_statement(const struct store_find *find)
{
    if (find->cause_id)
        return SQL_FIND_CAUSE;
    if (find->is_by_asked_slot)
        return SQL_FIND_SLOT;
    if (find->is_running)
        return SQL_FIND_RUNNING;
    if (find->going_at.us != 0)
        return find->job_id ? SQL_FIND_GOING_OF_JOB : SQL_FIND_GOING;
    if (find->is_oldest_first)
        return find->job_id ? SQL_FIND_OLDEST_OF_JOB : SQL_FIND_OLDEST;
    return find->job_id ? SQL_FIND_OF_JOB : SQL_FIND;
}

static bool find_runs(struct db *db, struct request *r)
{
    const struct store_find *find = &r->find;
    struct query *statement = db_get(db, find_statement(find));
    int code;

    query_int(statement, 1, find->from.us);
    query_int(statement, 2, find->to.us);
    query_int(statement, 3, find->limit);
    query_int(statement, 4, find->job_id);
    query_int(statement, 5, find->going_at.us);
    query_int(statement, 6, STORE_GOING_MAX);
    query_int(statement, 7, find->after_id);
    query_int(statement, 8, find->cause_id);
    query_int(statement, 9, find->is_queued ? RUN_QUEUED : RUN_RUNNING);
    r->page = arena_array(r->arena, (size_t)find->limit, sizeof *r->page);
    while ((code = query_step(statement)) == QUERY_ROW)
        reader_run(statement, r->arena, &r->page[r->page_count++]);
    query_reset(statement);
    return code == QUERY_DONE;
}

static bool read_pruned(struct db *db, struct request *r)
{
    struct query *statement = db_get(db, SQL_PRUNED);
    int code;

    query_int(statement, 1, r->find.job_id);
    code = query_step(statement);
    r->page = arena_alloc(r->arena, sizeof *r->page);
    r->page_count = 1;
    r->page->run.job_id = r->find.job_id;
    r->page->run.scheduled_at.us = code == QUERY_ROW ? column_int(statement, 0) : 0;
    query_reset(statement);
    return code == QUERY_ROW || code == QUERY_DONE;
}

// The columns of OUTPUT_COLUMNS in sql.def, from one on.
static void output_column(struct query *statement, int at, struct arena *arena, struct run_end *to)
{
    struct run_stream *out = &to->out, *err = &to->err;

    out->head = arena_copy(arena, column_text(statement, at));
    out->tail = arena_copy(arena, column_text(statement, at + 1));
    out->total = column_int(statement, at + 2);
    err->head = arena_copy(arena, column_text(statement, at + 3));
    err->tail = arena_copy(arena, column_text(statement, at + 4));
    err->total = column_int(statement, at + 5);
    to->result = arena_copy(arena, column_text(statement, at + 6));
    to->progress = arena_copy(arena, column_text(statement, at + 7));
    to->usage = (struct run_usage){.user_us = column_int(statement, at + 8),
                                   .system_us = column_int(statement, at + 9),
                                   .max_rss_bytes = column_int(statement, at + 10)};
}

static void attempt_column(struct query *statement, struct arena *arena, struct run_end *to)
{
    *to = (struct run_end){
        .attempt = column_int(statement, 0),
        .state = (enum run_state)column_int(statement, 1),
        .reason = (enum run_reason)column_int(statement, 2),
        .started_at = {column_int(statement, 3)},
        .finished_at = {column_int(statement, 4)},
        .exit_code = column_int(statement, 5),
        .signal = column_int(statement, 6),
        .message = arena_copy(arena, column_text(statement, 7)),
    };
    output_column(statement, 8, arena, to);
}

// The attempts before the last one. There are as many as that one's number says, or fewer.
static bool attempts_read(struct db *db, struct arena *arena, struct store_run *run)
{
    size_t room = run->run.attempt > ATTEMPTS_MAX ? ATTEMPTS_MAX : (size_t)run->run.attempt;
    struct run_end *attempts = arena_array(arena, room, sizeof *attempts);
    struct query *statement = db_get(db, SQL_ATTEMPTS);
    int code = QUERY_FAILED;

    query_int(statement, 1, run->run.id);
    while ((code = query_step(statement)) == QUERY_ROW && run->attempt_count < room)
        attempt_column(statement, arena, &attempts[run->attempt_count++]);
    query_reset(statement);
    run->attempts = attempts;
    return code == QUERY_DONE || code == QUERY_ROW;
}

static bool read_run(struct db *db, struct request *r)
{
    struct query *statement = db_get(db, SQL_RUN);
    struct run_end end = {0};
    struct store_run *run = NULL;
    int code;

    query_int(statement, 1, r->query.before_id);
    code = query_step(statement);
    if (code == QUERY_ROW) {
        r->page = run = arena_alloc(r->arena, sizeof *run);
        r->page_count = 1;
        reader_run(statement, r->arena, run);
        output_column(statement, OUTPUT_AT, r->arena, &end);
        run->out = end.out;
        run->err = end.err;
        run->result = end.result;
        run->progress = end.progress;
        run->usage = end.usage;
    }
    query_reset(statement);
    if (code == QUERY_ROW && (run->run.attempt > 1 || run->run.state == RUN_WAITING))
        return attempts_read(db, r->arena, run);
    return code == QUERY_ROW || code == QUERY_DONE;
}

static bool read_key(struct db *db, struct request *r)
{
    struct query *statement = db_get(db, SQL_RUN_WITH_KEY);
    int code = QUERY_FAILED;

    query_int(statement, 1, r->query.job_id);
    query_text(statement, 2, r->key);
    if (statement)
        code = query_step(statement);
    if (code == QUERY_ROW) {
        r->page = arena_alloc(r->arena, sizeof *r->page);
        r->page_count = 1;
        reader_run(statement, r->arena, r->page);
    }
    query_reset(statement);
    return code == QUERY_ROW || code == QUERY_DONE;
}

static bool alive_tell(struct db *db, struct store_load *load)
{
    struct query *statement = db_get(db, SQL_RUNS_ALIVE);
    int code = QUERY_FAILED;

    while ((code = query_step(statement)) == QUERY_ROW) {
        struct arena *arena = arena_new(1024);
        struct store_run run = {0};

        reader_run(statement, arena, &run);
        load->on_run(&run.run, load->ctx);
        arena_free(arena);
    }
    query_reset(statement);
    return code == QUERY_DONE;
}

static bool slots_tell(struct db *db, struct store_load *load)
{
    struct query *statement = db_get(db, SQL_SLOTS_BEHIND);
    int code;

    query_int(statement, 1, load->watermark.us);
    while ((code = query_step(statement)) == QUERY_ROW)
        load->on_slot(column_int(statement, 0), (wall){column_int(statement, 1)}, load->ctx);
    query_reset(statement);
    return code == QUERY_DONE;
}

// Of the first of the jobs, as many as one question takes.
static bool some_lasts_tell(struct db *db, struct store_load *load, enum store_last what,
                            const int64_t *job_ids, size_t count)
{
    struct query *statement =
        db_get(db, what == STORE_LAST_END ? SQL_JOB_LAST_END : SQL_JOB_LAST_RUN);
    enum query_step step;
    struct buf ids;

    buf_init(&ids, LASTS_AT_ONCE * 21);
    for (size_t i = 0; i < count && i < LASTS_AT_ONCE; i++)
        buf_printf(&ids, "%s%" PRId64, i > 0 ? "," : "", job_ids[i]);
    query_text(statement, 1, buf_str(&ids));
    while ((step = query_step(statement)) == QUERY_ROW)
        if (!column_is_null(statement, 1))
            load->on_last(column_int(statement, 0), (wall){column_int(statement, 1)}, load->ctx);
    query_reset(statement);
    buf_done(&ids);
    return step == QUERY_DONE;
}

struct job_row reader_job(const struct query *statement)
{
    return (struct job_row){
        .id = column_int(statement, 0),
        .name = column_text(statement, 1),
        .kind = column_int(statement, 2),
        .trigger = column_text(statement, 3),
        .tz = column_text(statement, 4),
        .spec = column_text(statement, 5),
        .state = column_int(statement, 6),
        .version = column_int(statement, 7),
        .change_seq = column_int(statement, 8),
        .effective_from = {column_int(statement, 9)},
        .created_at = {column_int(statement, 10)},
        .updated_at = {column_int(statement, 11)},
    };
}

static const struct run_ask *ask_column(const struct query *statement, struct arena *arena)
{
    struct run_ask *ask;

    if (column_is_null(statement, 18))
        return NULL;
    ask = arena_alloc(arena, sizeof *ask);
    ask->args = arena_copy(arena, column_text(statement, 19));
    ask->key = arena_copy(arena, column_text(statement, 20));
    ask->digest = (uint64_t)column_int(statement, 21);
    ask->slot.us = column_int(statement, 22);
    ask->start_at.us = column_int(statement, 23);
    ask->cause_id = column_int(statement, 24);
    ask->is_forced = column_int(statement, 25);
    ask->overlap = column_int(statement, 26);
    ask->cause = arena_copy(arena, column_text(statement, 27));
    ask->parallel = (int)column_int(statement, 28);
    return ask;
}

// The columns of RUN_COLUMNS in sql.def.
void reader_run(const struct query *statement, struct arena *arena, struct store_run *to)
{
    to->run = (struct run){
        .id = column_int(statement, 0),
        .job_id = column_int(statement, 1),
        .scheduled_at = {column_int(statement, 2)},
        .origin = (enum run_origin)column_int(statement, 3),
        .state = (enum run_state)column_int(statement, 4),
        .reason = (enum run_reason)column_int(statement, 5),
        .job_version = column_int(statement, 6),
        .attempt = column_int(statement, 7),
        .missed = column_int(statement, 8),
        .missed_from = {column_int(statement, 9)},
        .queued_at = {column_int(statement, 10)},
        .started_at = {column_int(statement, 11)},
        .finished_at = {column_int(statement, 12)},
        .exit_code = column_int(statement, 13),
        .signal = column_int(statement, 14),
        .message = arena_copy(arena, column_text(statement, 15)),
        .try_at = {column_int(statement, 17)},
        .ask = ask_column(statement, arena),
    };
    to->job_name = arena_copy(arena, column_text(statement, 16));
}

static bool read_past(struct db *db, struct store_past *past)
{
    struct query *s = db_get(db, SQL_PAST);
    int code = QUERY_FAILED;
    bool is_done = false;

    query_int(s, 1, past->job_id);
    while (!is_done && (code = query_step(s)) == QUERY_ROW) {
        const struct run run = {
            .id = column_int(s, 0),
            .scheduled_at = {column_int(s, 1)},
            .state = (enum run_state)column_int(s, 2),
            .started_at = {column_int(s, 3)},
            .finished_at = {column_int(s, 4)},
            .exit_code = column_int(s, 5),
        };

        is_done = !past_add(past, &run);
    }
    query_reset(s);
    return is_done || code == QUERY_DONE;
}

// The first job from one on that has a past; INT64_MAX when none has.
static bool read_past_next(struct db *db, int64_t job_id, int64_t *ret_job_id)
{
    struct query *s = db_get(db, SQL_PAST_NEXT);
    int code;

    query_int(s, 1, job_id);
    code = query_step(s);
    *ret_job_id = code == QUERY_ROW ? column_int(s, 0) : INT64_MAX;
    query_reset(s);
    return code == QUERY_ROW || code == QUERY_DONE;
}

// Where one has none, the next ones are likely to have none either.
static bool read_pasts(struct db *db, struct request *r)
{
    int64_t from = 0, next = 0; // those between have none

    for (size_t i = 0; i < r->count; i++) {
        int64_t job_id = r->pasts[i].job_id;

        if (job_id >= from && job_id < next)
            continue;
        if (!read_past(db, &r->pasts[i]))
            return false;
        from = job_id;
        if (r->pasts[i].run_id == 0 && !read_past_next(db, from, &next))
            return false;
    }
    return true;
}
