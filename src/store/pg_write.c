// pg_write.c - the requests of the scheduler as statements that are sent without waiting, and what
// their results mean.
// SPDX-License-Identifier: Apache-2.0
#include "store/pg_write.h"

#include <assert.h>

#include "base/log.h"
#include "time/civil.h"

#define ENDS_MAX 512 // in one statement
#define ASK_COLUMNS 13
#define BIRTH_TRIES 1000 // moments of one job in a row that are taken

static void set_state_send(struct pg_writer *w, struct request *r);
static void claim_send(struct pg_writer *w, struct request *r);
static void starts_send(struct pg_writer *w, struct request *r);
static void ends_send(struct pg_writer *w, struct request *r);

void pg_write_send(struct pg_writer *w, struct request *r)
{
    if (r->kind == REQUEST_SET_STATE)
        set_state_send(w, r);
    else if (r->kind == REQUEST_CLAIM)
        claim_send(w, r);
    else if (r->kind == REQUEST_START)
        starts_send(w, r);
    else
        ends_send(w, r);
}

static void send(struct pg_writer *w, struct query *q, struct request *r)
{
    pg_send(q);
    vec_push(&w->sent, ((struct pg_sent){.r = r, .name = (enum pg_name)q->name}));
}

// ---- columns: an array each ----

// The column at (from 0), emptied, of that type.
static struct pg_array *column(struct pg_writer *w, int at, enum pg_type element)
{
    struct pg_array *a = &w->columns[at];

    a->element = element;
    pg_array_clear(a);
    return a;
}

static void columns_clear(struct pg_writer *w, int count, enum pg_type element)
{
    for (int i = 0; i < count; i++)
        (void)column(w, i, element);
}

// Binds the columns [0, count) as parameters from first on.
static void columns_bind(struct pg_writer *w, struct query *q, int first, int count)
{
    for (int i = 0; i < count; i++)
        pg_bind(q, first + i, (Oid)pg_array_type(&w->columns[i]), pg_array_str(&w->columns[i]));
}

// ---- jobs ----

enum {
    PUT_COLUMNS = 10,
    PUTS_MAX = 64, // in one statement
};

static void puts_clear(struct pg_writer *w)
{
    static const int texts[] = {0, 2, 3, 4};

    columns_clear(w, PUT_COLUMNS, PG_INT8);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        (void)column(w, texts[i], PG_TEXT);
}

static void put_add(struct pg_array *columns, const struct job_row *job, int expect_version)
{
    pg_array_text(&columns[0], job->name);
    pg_array_int(&columns[1], job->kind);
    pg_array_text(&columns[2], job->trigger);
    pg_array_text(&columns[3], job->tz);
    pg_array_text(&columns[4], job->spec);
    pg_array_int(&columns[5], job->state);
    pg_array_int(&columns[6], job->effective_from.us);
    pg_array_int(&columns[7], job->updated_at.us);
    pg_array_int(&columns[8], job->created_at.us);
    pg_array_int(&columns[9], expect_version);
}

// Whether the request at is a put that may travel with those from `from` on: a second put of a name
// is judged after the first.
static bool put_joins(const struct pg_writer *w, size_t from, size_t at)
{
    const struct request *r = at < w->chunk.len ? w->chunk.v[at] : NULL;

    if (!r || r->kind != REQUEST_PUT_JOB || at - from >= PUTS_MAX)
        return false;
    for (size_t i = from; i < at; i++)
        if (str_eq(w->chunk.v[i]->job.name, r->job.name))
            return false;
    return true;
}

size_t pg_write_puts(struct pg_writer *w, size_t from)
{
    struct query *q = pg_get(w->pg, PG_PUT_JOBS);
    size_t upto = from;

    puts_clear(w);
    for (; put_joins(w, from, upto); upto++) {
        request_reset(w->chunk.v[upto]);
        put_add(w->columns, &w->chunk.v[upto]->job, w->chunk.v[upto]->expect_version);
    }
    columns_bind(w, q, 1, PUT_COLUMNS);
    pg_send(q);
    vec_push(&w->sent, ((struct pg_sent){w->chunk.v[from], PG_PUT_JOBS, from, upto}));
    return upto;
}

static void put_take(struct request *r, const PGresult *result, int row)
{
    if (PQgetisnull(result, row, 1)) {
        (void)request_may_put(r, (int)pg_int(result, row, 2));
        return;
    }
    r->job_id = pg_int(result, row, 1);
    r->version = (int)pg_int(result, row, 2);
    r->change_seq = pg_int(result, row, 3);
}

// Rows come back in nearly the order they went.
static void puts_take(struct pg_writer *w, const struct pg_sent *sent, const PGresult *result)
{
    int rows = PQntuples(result), row = 0;

    for (size_t i = sent->from; i < sent->upto; i++) {
        struct request *r = w->chunk.v[i];

        for (int seen = 1; seen < rows && !str_eq(pg_text(result, row, 0), r->job.name); seen++)
            row = row + 1 < rows ? row + 1 : 0;
        put_take(r, result, row);
    }
}

static void set_state_send(struct pg_writer *w, struct request *r)
{
    struct query *q = pg_get(w->pg, PG_SET_STATE);

    query_int(q, 1, r->job.id);
    query_int(q, 2, r->job.state);
    query_int(q, 3, r->now.us);
    send(w, q, r);
    if (r->job.state != JOB_DELETED)
        return;
    q = db_get(&w->pg->base, SQL_MET_FORGET);
    query_int(q, 1, r->job.id);
    send(w, q, NULL);
}

static void set_state_take(struct request *r, const PGresult *result)
{
    if (PQntuples(result) == 0) {
        (void)request_refuse_missing(r);
        return;
    }
    r->job_id = r->job.id;
    r->version = (int)pg_int(result, 0, 0);
    r->change_seq = pg_int(result, 0, 1);
}

// ---- claims ----

// X(its value in the run r), in the order of PG_CLAIM; message comes behind them.
#define RUN_NUMBERS       \
    X(r->id)              \
    X(r->job_id)          \
    X(r->scheduled_at.us) \
    X(r->origin)          \
    X(r->job_version)     \
    X(r->state)           \
    X(r->attempt)         \
    X(r->queued_at.us)    \
    X(r->started_at.us)   \
    X(r->finished_at.us)  \
    X(r->missed)          \
    X(r->missed_from.us)  \
    X(r->reason)          \
    X(r->exit_code)       \
    X(r->signal)
#define X(value) +1
enum {
    RUN_NUMBER_COUNT = RUN_NUMBERS
};
#undef X

static void run_add(struct pg_writer *w, const struct run *r)
{
    int at = 0;

#define X(value) pg_array_int(&w->columns[at++], value);
    RUN_NUMBERS
#undef X
    pg_array_text(&w->columns[at], r->message);
}

// Binds the keys that runs of the claim have as ?1 and ?2, by the columns at the end.
static void keys_bind(struct pg_writer *w, struct query *q, const struct request *r)
{
    struct pg_array *jobs = column(w, PG_COLUMNS_MAX - 2, PG_INT8);
    struct pg_array *keys = column(w, PG_COLUMNS_MAX - 1, PG_TEXT);

    for (size_t i = 0; i < r->count && r->has_asks; i++) {
        if (!r->runs[i].ask || r->runs[i].ask->key.len == 0)
            continue;
        pg_array_int(jobs, r->runs[i].job_id);
        pg_array_text(keys, r->runs[i].ask->key);
    }
    pg_bind(q, 1, PG_INT8_ARRAY, pg_array_str(jobs));
    pg_bind(q, 2, PG_TEXT_ARRAY, pg_array_str(keys));
}

static void ask_add(struct pg_writer *w, const struct run *run)
{
    const struct run_ask *ask = run->ask;

    pg_array_int(&w->columns[0], run->id);
    pg_array_int(&w->columns[1], run->job_id);
    pg_array_text(&w->columns[2], ask->args);
    pg_array_text(&w->columns[3], ask->key);
    pg_array_int(&w->columns[4], (int64_t)ask->digest);
    pg_array_int(&w->columns[5], ask->slot.us);
    pg_array_int(&w->columns[6], ask->start_at.us);
    pg_array_int(&w->columns[7], ask->cause_id);
    pg_array_int(&w->columns[8], ask->is_forced);
    pg_array_int(&w->columns[9], ask->overlap);
    pg_array_text(&w->columns[10], ask->cause);
    pg_array_int(&w->columns[11], ask->parallel);
    pg_array_int(&w->columns[12], run->scheduled_at.us);
}

static struct query *asks_query(struct pg_writer *w, const struct request *r)
{
    struct query *q = pg_get(w->pg, PG_ASKS);

    columns_clear(w, ASK_COLUMNS, PG_INT8);
    (void)column(w, 2, PG_TEXT);
    (void)column(w, 3, PG_TEXT);
    (void)column(w, 10, PG_TEXT);
    for (size_t i = 0; i < r->count; i++)
        if (r->runs[i].ask)
            ask_add(w, &r->runs[i]);
    columns_bind(w, q, 1, ASK_COLUMNS);
    return q;
}

static bool has_rows(const struct request *r, bool is_final)
{
    for (size_t i = 0; i < r->count; i++)
        if (run_state_is_final(r->runs[i].state) == is_final)
            return true;
    return false;
}

// The rows of a claim that live, or those that are final at birth.
static struct query *claim_query(struct pg_writer *w, const struct request *r, bool is_final)
{
    struct query *q = pg_get(w->pg, is_final ? PG_CLAIM_FINAL : PG_CLAIM);

    keys_bind(w, q, r);
    query_int(q, 3, w->node->id);
    columns_clear(w, RUN_NUMBER_COUNT, PG_INT8);
    (void)column(w, RUN_NUMBER_COUNT, PG_TEXT);
    for (size_t i = 0; i < r->count; i++)
        if (run_state_is_final(r->runs[i].state) == is_final)
            run_add(w, &r->runs[i]);
    columns_bind(w, q, 4, RUN_NUMBER_COUNT + 1);
    query_int(q, 5 + RUN_NUMBER_COUNT, r->epoch);
    return q;
}

// Ids, jobs and slots of a claim as ?1, ?2 and ?3.
static void slots_bind(struct pg_writer *w, struct query *q, const struct request *r)
{
    columns_clear(w, 3, PG_INT8);
    for (size_t i = 0; i < r->count; i++) {
        pg_array_int(&w->columns[0], r->runs[i].id);
        pg_array_int(&w->columns[1], r->runs[i].job_id);
        pg_array_int(&w->columns[2], r->runs[i].scheduled_at.us);
    }
    columns_bind(w, q, 1, 3);
}

// Takes back what lives though its slot has been.
static struct query *late_query(struct pg_writer *w, const struct request *r)
{
    struct query *q = pg_get(w->pg, PG_CLAIM_LATE);
    int64_t from = INT64_MAX, to = INT64_MIN;

    for (size_t i = 0; i < r->count; i++) {
        int64_t slot = r->runs[i].scheduled_at.us;

        from = slot < from ? slot : from;
        to = slot > to ? slot : to;
    }
    slots_bind(w, q, r);
    query_int(q, 4, from);
    query_int(q, 5, to);
    return q;
}

static void claim_send(struct pg_writer *w, struct request *r)
{
    struct query *q;

    for (size_t i = 0; i < r->count; i++)
        if (r->runs[i].id > w->last_run_id)
            w->last_run_id = r->runs[i].id;
    if (r->has_asks) {
        q = pg_get(w->pg, PG_KEYS);
        keys_bind(w, q, r);
        send(w, q, r);
    }
    if (has_rows(r, false)) {
        send(w, claim_query(w, r, false), r);
        send(w, late_query(w, r), r);
    }
    if (has_rows(r, true) || r->count == 0) // then only the watermark moves
        send(w, claim_query(w, r, true), r);
    if (r->has_asks)
        send(w, asks_query(w, r), NULL);
}

// Whether it was asked under another epoch than that in force: then it is refused, and the
// statement has done nothing either.
static bool is_of_another_epoch(const struct pg_writer *w, struct request *r)
{
    if (r->epoch && r->epoch != w->epoch && !r->is_refused)
        (void)request_refuse_moved(r);
    return r->is_refused;
}

static void keys_take(struct pg_writer *w, struct request *r, const PGresult *result)
{
    int64_t run_id = PQntuples(result) > 0 ? pg_int(result, 0, 0) : 0;
    struct str key = run_id ? pg_text(result, 0, 1) : (struct str){0};

    for (size_t i = 0; i < r->count && run_id && !is_of_another_epoch(w, r); i++)
        if (r->runs[i].ask && str_eq(r->runs[i].ask->key, key))
            (void)request_refuse_key(r, &r->runs[i], run_id);
}

// Rows come back in the order they went, without those that stayed out.
static void claim_take(struct pg_writer *w, struct request *r, bool is_final,
                       const PGresult *result)
{
    int row = 0, rows = PQntuples(result);

    for (size_t i = 0; i < r->count && row < rows; i++) {
        if (run_state_is_final(r->runs[i].state) != is_final)
            continue;
        r->won[i] = r->runs[i].id == pg_int(result, row, 0);
        row += r->won[i];
    }
    if (is_of_another_epoch(w, r) || r->watermark.us <= 0)
        return;
    w->next_watermark = r->watermark;
    w->next_seen = r->seen_seq;
}

static void late_take(struct request *r, const PGresult *result)
{
    for (int row = 0; row < PQntuples(result); row++)
        for (size_t i = 0; i < r->count; i++)
            if (r->runs[i].id == pg_int(result, row, 0))
                r->won[i] = false;
}

bool pg_write_has_old_ids(const struct pg_writer *w, const struct request *r)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->runs[i].id <= w->last_run_id)
            return true;
    return false;
}

// One of its ids that is that of a run; *ret_id stays when there is none.
static bool id_find(struct pg_writer *w, const struct request *r, int64_t *ret_id)
{
    struct query *q = pg_get(w->pg, PG_RUN_IS_THERE);

    slots_bind(w, q, r);
    return query_number_if(q, ret_id);
}

bool pg_write_ids_look(struct pg_writer *w, struct request *r)
{
    int64_t run_id = 0;

    if (!id_find(w, r, &run_id))
        return false;
    if (run_id != 0)
        (void)request_refuse_run_id(r, run_id);
    return true;
}

bool pg_write_id_taken(struct pg_writer *w, struct request *r)
{
    int64_t run_id = r->runs[0].id; // when it is twice in the claim itself

    if (!id_find(w, r, &run_id))
        return false;
    (void)request_refuse_run_id(r, run_id);
    return true;
}

// ---- starts ----

// The states from which it may begin. An attempt that our keepers have kept is running already.
static uint32_t start_from(const struct pg_writer *w, const struct run_start *start)
{
    if (!start->is_adopted)
        return run_move_from(RUN_BY_START, RUN_RUNNING);
    return run_move_from(RUN_BY_ADOPTION, RUN_RUNNING) |
           (pg_node_has_kept(w->node, start->run_id) ? 1u << RUN_RUNNING : 0);
}

static void starts_send(struct pg_writer *w, struct request *r)
{
    struct query *q = pg_get(w->pg, PG_START);

    columns_clear(w, 5, PG_INT8);
    for (size_t i = 0; i < r->count; i++) {
        const struct run_start *start = &r->starts[i];

        pg_array_int(&w->columns[0], start->run_id);
        pg_array_int(&w->columns[1], start->attempt);
        pg_array_int(&w->columns[2], start->started_at.us);
        pg_array_int(&w->columns[3], start->is_adopted ? start->attempt : start->attempt - 1);
        pg_array_int(&w->columns[4], start_from(w, start));
    }
    query_int(q, 1, RUN_RUNNING);
    query_int(q, 2, w->node->id);
    columns_bind(w, q, 3, 5);
    query_int(q, 8, r->epoch);
    send(w, q, r);
}

static void starts_take(const struct pg_writer *w, struct request *r, const PGresult *result)
{
    int rows = PQntuples(result);

    (void)is_of_another_epoch(w, r);
    for (int row = 0; row < rows; row++)
        r->won[pg_int(result, row, 0) - 1] = true;
}

// ---- ends ----

enum {
    MESSAGE_AT = 13,
    SAYS_AT, // whether there is anything in those behind it
    OUT_AT,
    END_COLUMNS = OUT_AT + 8,
};

static void ends_clear(struct pg_writer *w)
{
    static const int texts[] = {MESSAGE_AT, OUT_AT + 6, OUT_AT + 7};
    static const int blobs[] = {OUT_AT, OUT_AT + 1, OUT_AT + 3, OUT_AT + 4};

    columns_clear(w, END_COLUMNS, PG_INT8);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        (void)column(w, texts[i], PG_TEXT);
    for (size_t i = 0; i < sizeof blobs / sizeof *blobs; i++)
        (void)column(w, blobs[i], PG_BYTEA);
}

static bool says_something(const struct run_end *end)
{
    return end->out.total || end->err.total || end->result.len || end->progress.len;
}

static void output_add(struct pg_array *columns, const struct run_end *end)
{
    pg_array_blob(&columns[0], end->out.head);
    pg_array_blob(&columns[1], end->out.tail);
    pg_array_int(&columns[2], end->out.total);
    pg_array_blob(&columns[3], end->err.head);
    pg_array_blob(&columns[4], end->err.tail);
    pg_array_int(&columns[5], end->err.total);
    pg_array_text(&columns[6], end->result);
    pg_array_text(&columns[7], end->progress);
}

static void end_add(struct pg_array *columns, const struct run_end *end)
{
    pg_array_int(&columns[0], end->run_id);
    pg_array_int(&columns[1], end->attempt);
    pg_array_int(&columns[2], run_move_from(RUN_BY_END, run_end_state(end)));
    pg_array_int(&columns[3], end->state);
    pg_array_int(&columns[4], end->reason);
    pg_array_int(&columns[5], end->started_at.us);
    pg_array_int(&columns[6], end->finished_at.us);
    pg_array_int(&columns[7], end->exit_code);
    pg_array_int(&columns[8], end->signal);
    pg_array_int(&columns[9], end->try_at.us);
    pg_array_int(&columns[10], end->usage.user_us);
    pg_array_int(&columns[11], end->usage.system_us);
    pg_array_int(&columns[12], end->usage.max_rss_bytes);
    pg_array_text(&columns[MESSAGE_AT], end->message);
    pg_array_int(&columns[SAYS_AT], says_something(end));
    output_add(columns + OUT_AT, end);
}

// A run may be there once in a statement: a second end is judged after the first.
static bool is_repeated(const struct run_end *ends, size_t from, size_t at)
{
    for (size_t i = from; i < at; i++)
        if (ends[i].run_id == ends[at].run_id)
            return true;
    return false;
}

static size_t ends_upto(const struct request *r, size_t from)
{
    size_t i = from;

    while (i < r->count && i - from < ENDS_MAX && !is_repeated(r->ends, from, i))
        i++;
    return i;
}

// Those of the ends [from, upto) that end a run, or those that end an attempt of one that goes on;
// NULL when there are none.
static struct query *ends_query(struct pg_writer *w, const struct request *r, size_t from,
                                size_t upto, bool goes_on)
{
    struct query *q = pg_get(w->pg, goes_on ? PG_RETRY : PG_FINISH);
    size_t count = 0;

    ends_clear(w);
    for (size_t i = from; i < upto; i++) {
        if ((run_end_state(&r->ends[i]) == RUN_WAITING) != goes_on)
            continue;
        end_add(w->columns, &r->ends[i]);
        count++;
    }
    columns_bind(w, q, 1, END_COLUMNS);
    if (goes_on) {
        query_int(q, END_COLUMNS + 1, RUN_WAITING);
        query_int(q, END_COLUMNS + 2, REASON_RETRY);
    }
    query_int(q, END_COLUMNS + (goes_on ? 3 : 1), w->node->id);
    return count > 0 ? q : NULL;
}

static void ends_one_send(struct pg_writer *w, struct query *q, struct request *r, size_t from,
                          size_t upto)
{
    pg_send(q);
    vec_push(&w->sent, ((struct pg_sent){r, (enum pg_name)q->name, from, upto}));
}

static void ends_send(struct pg_writer *w, struct request *r)
{
    if (w->tidy)
        (void)atomic_fetch_add(&w->tidy->ends, (int64_t)r->count);
    for (size_t from = 0, upto; from < r->count; from = upto) {
        struct query *q;

        upto = ends_upto(r, from);
        for (int goes_on = 0; goes_on < 2; goes_on++)
            if ((q = ends_query(w, r, from, upto, goes_on)))
                ends_one_send(w, q, r, from, upto);
    }
}

// Ends that have not counted may have come too late. Rows come back in nearly the order they went.
static void ends_take(struct pg_writer *w, const struct pg_sent *sent, const PGresult *result)
{
    int rows = PQntuples(result), at = 0;
    bool goes_on = sent->name == PG_RETRY;

    for (size_t i = sent->from; i < sent->upto; i++) {
        const struct run_end *end = &sent->r->ends[i];
        bool has_counted = (run_end_state(end) == RUN_WAITING) != goes_on; // or is told elsewhere

        for (int seen = 0; seen < rows && !has_counted; seen++, at = at + 1 < rows ? at + 1 : 0)
            has_counted = pg_int(result, at, 0) == end->run_id;
        if (!has_counted)
            vec_push(&w->late, end);
    }
}

// ---- ends that come too late ----

enum {
    LATE_COLUMNS = 7,
    LATE_MAX = 1000,
};
#define LATE_KEEP_US (30 * DAY_S * INT64_C(1000000)) // so long they are kept

static struct query *late_ends_query(struct pg_writer *w)
{
    struct query *q = pg_get(w->pg, PG_LATE);
    size_t count = w->late.len < LATE_MAX ? w->late.len : LATE_MAX;

    columns_clear(w, LATE_COLUMNS, PG_INT8);
    (void)column(w, LATE_COLUMNS - 1, PG_TEXT);
    for (size_t i = 0; i < count; i++) {
        const struct run_end *end = w->late.v[i];

        pg_array_int(&w->columns[0], end->run_id);
        pg_array_int(&w->columns[1], end->attempt);
        pg_array_int(&w->columns[2], end->state);
        pg_array_int(&w->columns[3], end->exit_code);
        pg_array_int(&w->columns[4], end->signal);
        pg_array_int(&w->columns[5], end->finished_at.us);
        pg_array_text(&w->columns[6], end->message);
    }
    query_int(q, 1, w->node->id);
    columns_bind(w, q, 2, LATE_COLUMNS);
    return q;
}

bool pg_write_late(struct pg_writer *w)
{
    struct query *q = late_ends_query(w);
    enum query_step step;

    while ((step = query_step(q)) == QUERY_ROW)
        log_warn("a run has ended here after another node had been given it: this end does not "
                 "count",
                 log_int("run", column_int(q, 0)), log_int("attempt", column_int(q, 1)));
    query_reset(q);
    q = pg_get(w->pg, PG_LATE_FORGET);
    query_int(q, 1, w->chunk.v[0]->now.us - LATE_KEEP_US);
    return step == QUERY_DONE && query_run(q);
}

void pg_write_all_late(struct pg_writer *w)
{
    vec_clear(&w->late);
    for (size_t i = 0; i < w->chunk.len; i++)
        for (size_t n = 0; n < w->chunk.v[i]->count && w->chunk.v[i]->kind == REQUEST_FINISH; n++)
            vec_push(&w->late, &w->chunk.v[i]->ends[n]);
    if (w->late.len > 0 && w->pg->conn)
        (void)pg_write_late(w);
    vec_clear(&w->late);
}

// ---- nodes ----

bool pg_write_drain(struct pg_writer *w, struct request *r)
{
    struct query *q = pg_get(w->pg, PG_NODE_DRAIN);
    int64_t node = 0;

    query_text(q, 1, r->node);
    query_int(q, 2, r->is_on ? NODE_DRAINING : NODE_ACTIVE);
    if (!query_number_if(q, &node))
        return false;
    if (!node)
        (void)request_refuse_no_node(r);
    return true;
}

// ---- what begins with an end ----

// QUERY_ROW: it is there. QUERY_DONE: its moment is taken.
static enum query_step birth_try(struct pg_writer *w, const struct request *one)
{
    bool is_final = run_state_is_final(one->runs->state);
    enum query_step step = query_step(claim_query(w, one, is_final));

    if (step != QUERY_ROW || is_final)
        return step;
    step = query_step(late_query(w, one));
    return step == QUERY_FAILED ? step : step == QUERY_ROW ? QUERY_DONE : QUERY_ROW;
}

// One row, at the first moment from its own on that is free.
static bool birth_insert(struct pg_writer *w, struct run *run, bool *ret_born)
{
    const struct request one = {.runs = run, .count = 1};
    struct query *q = db_get(&w->pg->base, SQL_JOB_BY_ID);
    enum query_step step = QUERY_DONE;
    int64_t version = 0;

    *ret_born = false;
    query_int(q, 1, run->job_id);
    if (!query_number_if(q, &version))
        return false;
    if (version == 0)
        return true; // nobody is there to run it
    for (int tries = 0; step == QUERY_DONE && tries < BIRTH_TRIES; tries++) {
        run->scheduled_at.us += tries > 0;
        step = birth_try(w, &one);
    }
    *ret_born = step == QUERY_ROW;
    return step != QUERY_FAILED && (!*ret_born || !run->ask || query_run(asks_query(w, &one)));
}

static bool chain_begin(struct pg_writer *w, const struct run_chain *chain, struct run_born *born)
{
    struct run *runs = (struct run *)(uintptr_t)born->runs; // the request's own

    for (size_t i = 0; i < chain->birth_count; i++) {
        bool is_born;

        runs[born->count] = chain->births[i];
        if (!birth_insert(w, &runs[born->count], &is_born))
            return false;
        born->count += is_born;
    }
    for (size_t i = 0; i < chain->met_count; i++) {
        struct query *q = db_get(&w->pg->base, SQL_MET_PUT);

        query_int(q, 1, chain->met[i].job_id);
        query_text(q, 2, chain->met[i].parent);
        query_int(q, 3, chain->met[i].after_id);
        if (!query_run(q))
            return false;
    }
    return true;
}

bool pg_write_chained(struct pg_writer *w, struct request *r)
{
    for (size_t i = 0; i < r->count; i++) {
        bool goes_on = run_end_state(&r->ends[i]) == RUN_WAITING;
        struct query *q = ends_query(w, r, i, i + 1, goes_on);
        enum query_step step;

        step = query_step(q);
        query_reset(q);
        if (step == QUERY_DONE)
            vec_push(&w->late, &r->ends[i]);
        if (step == QUERY_FAILED || (step == QUERY_ROW && r->ends[i].chain &&
                                     !chain_begin(w, r->ends[i].chain, &r->born[i])))
            return false;
    }
    return true;
}

// ---- results ----

bool pg_write_lost(struct pg_writer *w)
{
    if (!w->pg->is_lost_for_good && w->on_epoch)
        w->on_epoch(w->ctx);
    w->pg->is_lost_for_good = true;
    fail(&w->pg->trouble, ERR_STORE, NULL,
         "this node was taken for dead: others have its jobs at \"%s\"", w->pg->name);
    return fail_hint(&w->pg->trouble, "it begins anew by itself, or start it again; what it was "
                                      "running counts as lost, or goes on there");
}

bool pg_write_result(size_t at, PGresult *result, void *ctx)
{
    struct pg_writer *w = ctx;
    struct pg_sent *sent = &w->sent.v[at];

    if (sent->name == PG_FENCE && PQntuples(result) == 0)
        (void)pg_write_lost(w);
    else if (sent->name == PG_FENCE)
        w->epoch = pg_int(result, 0, 0);
    else if (sent->r && sent->name == PG_PUT_JOBS)
        puts_take(w, sent, result);
    else if (sent->r && sent->name == PG_SET_STATE)
        set_state_take(sent->r, result);
    else if (sent->r && sent->name == PG_KEYS)
        keys_take(w, sent->r, result);
    else if (sent->r && (sent->name == PG_CLAIM || sent->name == PG_CLAIM_FINAL))
        claim_take(w, sent->r, sent->name == PG_CLAIM_FINAL, result);
    else if (sent->r && sent->name == PG_CLAIM_LATE)
        late_take(sent->r, result);
    else if (sent->r && sent->name == PG_START)
        starts_take(w, sent->r, result);
    else if (sent->r && (sent->name == PG_FINISH || sent->name == PG_RETRY))
        ends_take(w, sent, result);
    return false;
}
