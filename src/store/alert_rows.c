// alert_rows.c - incidents and deliveries in a database.
// SPDX-License-Identifier: Apache-2.0
#include "store/alert_rows.h"

#include "base/vec.h"

static bool incident_put(struct db *db, const struct incident *row)
{
    struct query *statement = db_get(db, SQL_INCIDENT_PUT);

    query_int(statement, 1, row->id);
    query_int(statement, 2, row->job_id);
    query_text(statement, 3, row->job);
    query_text(statement, 4, row->target);
    query_int(statement, 5, row->kind);
    query_int(statement, 6, row->level);
    query_int(statement, 7, row->opened_at.us);
    query_int(statement, 8, row->changed_at.us);
    query_int(statement, 9, row->closed_at.us);
    query_int(statement, 10, row->count);
    query_int(statement, 11, row->run_id);
    query_int(statement, 12, row->slot.us);
    query_int(statement, 13, row->reminded_at.us);
    query_int(statement, 14, row->acked_at.us);
    query_int(statement, 15, row->acked_until.us);
    query_text(statement, 16, row->note);
    query_text(statement, 17, row->message);
    return query_send(statement);
}

static bool delivery_put(struct db *db, const struct delivery *row)
{
    struct query *statement = db_get(db, SQL_DELIVERY_PUT);

    query_int(statement, 1, row->id);
    query_int(statement, 2, row->incident_id);
    query_text(statement, 3, row->channel);
    query_int(statement, 4, row->notice);
    query_int(statement, 5, row->state);
    query_int(statement, 6, row->tries);
    query_int(statement, 7, row->created_at.us);
    query_int(statement, 8, row->try_at.us);
    query_int(statement, 9, row->done_at.us);
    query_text(statement, 10, row->error);
    query_text(statement, 11, row->body);
    return query_send(statement);
}

static bool forget(struct db *db, wall before)
{
    static const enum sql_name names[] = {SQL_DELIVERY_FORGET, SQL_INCIDENT_FORGET};

    for (size_t i = 0; i < 2; i++) {
        struct query *statement = db_get(db, names[i]);

        query_int(statement, 1, before.us);
        if (!query_run(statement))
            return false;
    }
    return true;
}

bool alert_rows_write(struct db *db, const struct alert_write *write)
{
    bool ok = write->forget.us == 0 || forget(db, write->forget);

    for (size_t i = 0; ok && i < write->incident_count; i++)
        ok = incident_put(db, &write->incidents[i]);
    for (size_t i = 0; ok && i < write->delivery_count; i++)
        ok = delivery_put(db, &write->deliveries[i]);
    return ok;
}

// ---- reading ----

static void incident_column(struct query *s, struct arena *arena, struct incident *to)
{
    *to = (struct incident){
        .id = column_int(s, 0),
        .job_id = column_int(s, 1),
        .job = arena_copy(arena, column_text(s, 2)),
        .target = arena_copy(arena, column_text(s, 3)),
        .kind = (enum incident_kind)column_int(s, 4),
        .level = column_int(s, 5),
        .opened_at = {column_int(s, 6)},
        .changed_at = {column_int(s, 7)},
        .closed_at = {column_int(s, 8)},
        .count = column_int(s, 9),
        .run_id = column_int(s, 10),
        .slot = {column_int(s, 11)},
        .reminded_at = {column_int(s, 12)},
        .acked_at = {column_int(s, 13)},
        .acked_until = {column_int(s, 14)},
        .note = arena_copy(arena, column_text(s, 15)),
        .message = arena_copy(arena, column_text(s, 16)),
    };
}

static void delivery_column(struct query *s, struct arena *arena, struct delivery *to)
{
    *to = (struct delivery){
        .id = column_int(s, 0),
        .incident_id = column_int(s, 1),
        .channel = arena_copy(arena, column_text(s, 2)),
        .notice = column_int(s, 3),
        .state = (enum delivery_state)column_int(s, 4),
        .tries = column_int(s, 5),
        .created_at = {column_int(s, 6)},
        .try_at = {column_int(s, 7)},
        .done_at = {column_int(s, 8)},
        .error = arena_copy(arena, column_text(s, 9)),
        .body = arena_copy(arena, column_text(s, 10)),
    };
}

// Steps a bound statement to its end; rows are gathered on the heap first, since nobody knows how
// many there are.
static bool incidents_read(struct query *statement, struct arena *arena, struct alert_page *page)
{
    VEC_OF(struct incident) rows = {0};
    int code;

    while ((code = query_step(statement)) == QUERY_ROW) {
        vec_reserve(&rows, rows.len + 1);
        incident_column(statement, arena, &rows.v[rows.len++]);
    }
    query_reset(statement);
    page->incidents = arena_array(arena, rows.len, sizeof *rows.v);
    page->incident_count = rows.len;
    for (size_t i = 0; i < rows.len; i++)
        page->incidents[i] = rows.v[i];
    vec_done(&rows);
    return code == QUERY_DONE;
}

static bool deliveries_read(struct query *statement, struct arena *arena, struct alert_page *page)
{
    VEC_OF(struct delivery) rows = {0};
    int code;

    while ((code = query_step(statement)) == QUERY_ROW) {
        vec_reserve(&rows, rows.len + 1);
        delivery_column(statement, arena, &rows.v[rows.len++]);
    }
    query_reset(statement);
    page->deliveries = arena_array(arena, rows.len, sizeof *rows.v);
    page->delivery_count = rows.len;
    for (size_t i = 0; i < rows.len; i++)
        page->deliveries[i] = rows.v[i];
    vec_done(&rows);
    return code == QUERY_DONE;
}

// id: what ?1 is.
static bool incidents_ask(struct db *db, enum sql_name name, int64_t id, struct arena *arena,
                          struct alert_page *page)
{
    struct query *statement = db_get(db, name);

    query_int(statement, 1, id);
    return incidents_read(statement, arena, page);
}

static bool deliveries_ask(struct db *db, enum sql_name name, int64_t id, struct arena *arena,
                           struct alert_page *page)
{
    struct query *statement = db_get(db, name);

    query_int(statement, 1, id);
    return deliveries_read(statement, arena, page);
}

static bool page_read(struct db *db, const struct alert_query *query, struct arena *arena,
                      struct alert_page *page)
{
    struct query *statement = db_get(db, SQL_INCIDENTS);

    query_int(statement, 1, query->id ? query->id : INT64_MAX);
    query_int(statement, 2, query->limit);
    query_int(statement, 3, query->job_id);
    query_int(statement, 4, query->is_open_only);
    query_int(statement, 5, query->is_closed_only);
    return incidents_read(statement, arena, page);
}

bool alert_rows_read(struct db *db, const struct alert_query *query, struct arena *arena,
                     struct alert_page *ret_page)
{
    struct alert_page page = {0};
    bool ok;

    if (query->question == ALERTS_PAGE)
        ok = page_read(db, query, arena, &page);
    else if (query->question == ALERTS_ONE)
        ok = incidents_ask(db, SQL_INCIDENT, query->id, arena, &page) &&
             deliveries_ask(db, SQL_DELIVERIES_OF, query->id, arena, &page);
    else
        ok = incidents_ask(db, SQL_INCIDENTS_OPEN, ALERT_ROWS_MAX, arena, &page) &&
             deliveries_ask(db, SQL_DELIVERIES_WAITING, ALERT_ROWS_MAX, arena, &page);
    if (ok)
        *ret_page = page;
    return ok;
}
