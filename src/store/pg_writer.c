// pg_writer.c - carries out writes on the one connection that may write: many requests, one
// transaction, two round trips.
// SPDX-License-Identifier: Apache-2.0
#include "store/pg_writer.h"

#include <poll.h>
#include <string.h>

#include "store/alert_rows.h"
#include "store/calendar_rows.h"
#include "store/inventory_sql.h"
#include "store/pg_epoch.h"
#include "store/pg_trouble.h"
#include "store/pg_write.h"
#include "store/prune.h"

#define SEEN_US 10000000 // between two signs of life
#define DOUBT_MS 100     // between two looks whether a commit has happened

enum outcome {
    DONE,      // or refused, without a trace
    WITHDRAWN, // refused, but has left traces: begin the transaction anew
    BROKEN,    // the transaction cannot go on; the connection knows why
};

static enum outcome chunk_try(struct pg_writer *w);

void pg_writer_init(struct pg_writer *w)
{
    for (int i = 0; i < PG_COLUMNS_MAX; i++)
        pg_array_init(&w->columns[i], PG_INT8);
}

void pg_writer_done(struct pg_writer *w)
{
    for (int i = 0; i < PG_COLUMNS_MAX; i++)
        pg_array_done(&w->columns[i]);
    vec_done(&w->chunk);
    vec_done(&w->sent);
    vec_done(&w->late);
}

static void chunk_run(struct pg_writer *w)
{
    struct err failure = {0};
    enum outcome outcome = chunk_try(w);

    while (outcome == WITHDRAWN) // once for each claim to be withdrawn, at most
        outcome = chunk_try(w);
    if (outcome == BROKEN)
        failure = w->pg->trouble;
    if (w->pg->is_lost_for_good)
        pg_write_all_late(w);
    for (size_t i = 0; i < w->chunk.len && outcome == BROKEN; i++)
        w->chunk.v[i]->err = failure;
    w->on_commit(w->chunk.len, outcome == BROKEN ? &failure : NULL, w->chunk.v[0]->now, w->ctx);
    vec_clear(&w->chunk);
}

void pg_writer_batch(struct list *requests, void *ctx)
{
    struct pg_writer *w = ctx;

    for (struct list *link = requests->next; link != requests; link = link->next)
        vec_push(&w->chunk, list_item(link, struct request, link));
    if (w->chunk.len)
        chunk_run(w);
}

bool pg_writer_owns(struct pg_writer *w)
{
    struct query *q = pg_get(w->pg, PG_BATCH);
    int64_t batch = -1;

    query_int(q, 1, w->node->id);
    if (!query_number_if(q, &batch))
        return false;
    return batch >= 0 || pg_write_lost(w);
}

void pg_writer_beat(void *ctx)
{
    struct pg_writer *w = ctx;
    bool was_well = w->pg->conn, ok = pg_ready(w->pg) && pg_writer_owns(w);
    struct err failure = w->pg->trouble;

    // What is well again is told; what is well still says nothing of the last transaction.
    if (!ok || !was_well)
        w->on_commit(0, ok ? NULL : &failure, (wall){0}, w->ctx);
}

// ---- one transaction ----

// The results of what has been sent so far, handed to those who asked.
static enum outcome results_take(struct pg_writer *w)
{
    size_t failed = 0;
    bool ok = pg_sync(w->pg, pg_write_result, w, &failed);
    const struct pg_sent *culprit = failed < w->sent.len ? &w->sent.v[failed] : NULL;
    bool is_claim =
        culprit && culprit->name == PG_CLAIM && strcmp(w->pg->sqlstate, PG_UNIQUE_VIOLATION) == 0;
    struct request *r = is_claim ? culprit->r : NULL;

    vec_clear(&w->sent);
    if (w->pg->is_lost_for_good) {
        (void)pg_write_lost(w); // whatever else has failed
        return BROKEN;
    }
    if (ok)
        return DONE;
    if (!r || !w->pg->conn || !pg_script(w->pg, "ROLLBACK") || !pg_write_id_taken(w, r))
        return BROKEN;
    r->is_withdrawn = true;
    return WITHDRAWN;
}

static bool is_swift(const struct request *r)
{
    return r->kind == REQUEST_SET_STATE || r->kind == REQUEST_CLAIM || r->kind == REQUEST_START ||
           (r->kind == REQUEST_FINISH && r->births == 0);
}

// Rows that are over age go with their day, and are not removed one by one before.
static bool prune(struct pg_writer *w, struct request *r)
{
    if (w->tidy)
        r->prune.before = pg_tidy_before(w->tidy, r->now, r->prune.before);
    return prune_runs(&w->pg->base, r);
}

// The rare ones ask and wait, a statement at a time, in the same transaction.
static bool carry_out_slowly(struct pg_writer *w, struct request *r)
{
    struct db *db = &w->pg->base;

    if (request_is_of_epoch(r) && r->epoch && r->epoch != w->epoch) {
        (void)request_refuse_moved(r);
        return true;
    }
    if (r->kind == REQUEST_FINISH)
        return pg_write_chained(w, r);
    if (r->kind == REQUEST_DRAIN)
        return pg_write_drain(w, r);
    if (r->kind == REQUEST_PUT_CALENDAR)
        return calendar_rows_put(db, r);
    if (r->kind == REQUEST_DELETE_CALENDAR)
        return calendar_rows_delete(db, r);
    if (r->kind == REQUEST_ALERT)
        return alert_rows_write(db, &r->alert);
    if (r->kind == REQUEST_DELETE_RUN)
        return prune_one(db, r);
    if (r->kind == REQUEST_SEE)
        return inventory_write(db, r);
    return prune(w, r);
}

// A claim with ids that may be there already is asked about before it is sent.
static enum outcome ids_look(struct pg_writer *w, struct request *r)
{
    enum outcome outcome;

    if (r->kind != REQUEST_CLAIM || !pg_write_has_old_ids(w, r))
        return DONE;
    if ((outcome = results_take(w)) != DONE)
        return outcome;
    return pg_write_ids_look(w, r) ? DONE : BROKEN;
}

static enum outcome requests_send(struct pg_writer *w)
{
    for (size_t i = 0; i < w->chunk.len; i++) {
        struct request *r = w->chunk.v[i];
        enum outcome outcome;

        if (r->is_withdrawn)
            continue;
        if (r->kind == REQUEST_PUT_JOB) {
            i = pg_write_puts(w, i) - 1;
            continue;
        }
        request_reset(r);
        if ((outcome = ids_look(w, r)) != DONE)
            return outcome;
        if (r->is_refused)
            continue;
        if (is_swift(r)) {
            pg_write_send(w, r);
            continue;
        }
        if ((outcome = results_take(w)) != DONE)
            return outcome;
        if (!carry_out_slowly(w, r) || !pg_sync(w->pg, NULL, NULL, NULL))
            return BROKEN;
    }
    return results_take(w);
}

// Whether the batch whose COMMIT was not answered is durable. Only a session that has the lock may
// say so: then the one before is over.
static bool doubt_settle(struct pg_writer *w)
{
    struct err lost = w->pg->trouble;
    int64_t batch;

    for (;;) {
        struct query *q = pg_get(w->pg, PG_BATCH);

        batch = -1;
        query_int(q, 1, w->node->id);
        if (pg_ready(w->pg) && query_number_if(q, &batch))
            break;
        if (w->pg->is_lost_for_good || atomic_load(w->is_ending))
            return false;
        w->on_commit(0, &w->pg->trouble, (wall){0}, w->ctx);
        (void)poll(NULL, 0, DOUBT_MS);
    }
    if (batch == w->batch + 1)
        return true;
    w->pg->trouble = lost;
    return batch >= 0 ? false : pg_write_lost(w);
}

static bool is_job(const struct request *r)
{
    return r->kind == REQUEST_PUT_JOB || r->kind == REQUEST_SET_STATE;
}

static bool is_calendar(const struct request *r)
{
    return r->kind == REQUEST_PUT_CALENDAR || r->kind == REQUEST_DELETE_CALENDAR;
}

// Whether it changes something that others look at; is_epoch: such that jobs may move.
static bool is_edit(const struct request *r, bool *ret_is_epoch)
{
    *ret_is_epoch = r->kind == REQUEST_DRAIN || (is_job(r) && r->job.moves);
    return *ret_is_epoch || is_job(r) || is_calendar(r);
}

// Whether what was asked for with the lock alone has been done, so that an epoch begins.
static bool is_moved(const struct pg_writer *w)
{
    bool is_moved = false, is_epoch;

    for (size_t i = 0; i < w->chunk.len && w->is_alone && !is_moved; i++)
        is_moved = is_edit(w->chunk.v[i], &is_epoch) && is_epoch && !w->chunk.v[i]->is_refused;
    return is_moved;
}

static void marks_send(struct pg_writer *w, wall now, bool is_seen)
{
    struct query *q = pg_get(w->pg, PG_BATCH_MARK);

    query_int(q, 1, w->node->id);
    query_int(q, 2, w->batch + 1);
    query_int(q, 3, w->next_watermark.us);
    query_int(q, 4, w->next_seen);
    pg_send(q);
    if (!is_seen)
        return;
    q = db_get(&w->pg->base, SQL_UPTIME_SEEN);
    query_int(q, 1, w->node->id);
    query_int(q, 2, now.us);
    query_int(q, 3, false);
    pg_send(q);
}

// What others have to know of this batch.
static void news_send(struct pg_writer *w)
{
    struct query *q;

    if (w->has_jobs)
        pg_send(pg_get(w->pg, PG_EDITED));
    if (is_moved(w)) {
        pg_epoch_low(w->pg);
        pg_epoch_settle(w->pg, w->node->id);
        return;
    }
    if (!w->is_edited)
        return;
    q = pg_get(w->pg, PG_TELL);
    query_int(q, 1, w->node->id);
    pg_send(q);
}

static bool commit(struct pg_writer *w)
{
    wall now = w->chunk.v[0]->now;
    bool is_seen = now.us < w->seen_at.us || now.us - w->seen_at.us >= SEEN_US;
    bool was_connected;

    if (w->late.len > 0 && !pg_write_late(w))
        return false;
    marks_send(w, now, is_seen);
    news_send(w);
    pg_send(db_get(&w->pg->base, SQL_COMMIT));
    was_connected = w->pg->conn;
    if (!pg_sync(w->pg, NULL, NULL, NULL) && (!was_connected || w->pg->conn || !doubt_settle(w)))
        return false;
    w->batch++;
    if (is_seen)
        w->seen_at = now;
    if (w->on_epoch && is_moved(w))
        w->on_epoch(w->ctx);
    return true;
}

// The lock of the epoch, the fence, and the row that orders edits.
static void frame_send(struct pg_writer *w)
{
    int64_t calendars = 0;
    struct query *q;

    w->is_alone = w->is_edited = w->has_jobs = false;
    for (size_t i = 0; i < w->chunk.len; i++) {
        bool is_epoch, is_edited = is_edit(w->chunk.v[i], &is_epoch);

        w->is_alone = w->is_alone || is_epoch;
        w->has_jobs = w->has_jobs || is_job(w->chunk.v[i]);
        calendars += is_calendar(w->chunk.v[i]);
        w->is_edited = w->is_edited || is_edited;
    }
    pg_send(db_get(&w->pg->base, SQL_BEGIN));
    vec_push(&w->sent, ((struct pg_sent){.name = PG_FIRST}));
    pg_send(pg_get(w->pg, w->is_alone ? PG_EPOCH_LOCK : PG_EPOCH_SHARE));
    vec_push(&w->sent, ((struct pg_sent){.name = PG_FIRST}));
    q = pg_get(w->pg, PG_FENCE);
    query_int(q, 1, w->node->id);
    pg_send(q);
    vec_push(&w->sent, ((struct pg_sent){.name = PG_FENCE}));
    if (!w->is_edited)
        return;
    q = pg_get(w->pg, PG_EDITS);
    query_int(q, 1, calendars);
    pg_send(q);
    vec_push(&w->sent, ((struct pg_sent){.name = PG_EDITS}));
}

static enum outcome chunk_try(struct pg_writer *w)
{
    enum outcome outcome;

    w->next_watermark.us = w->next_seen = 0;
    vec_clear(&w->late);
    vec_clear(&w->sent);
    if (!pg_ready(w->pg))
        return BROKEN;
    frame_send(w);
    outcome = requests_send(w);
    if (outcome == DONE && commit(w))
        return DONE;
    if (outcome == WITHDRAWN)
        return WITHDRAWN;
    if (w->pg->conn) {
        struct err why = w->pg->trouble; // the rollback must not hide it

        (void)pg_script(w->pg, "ROLLBACK");
        if (w->pg->conn)
            w->pg->trouble = why;
    }
    return BROKEN;
}
