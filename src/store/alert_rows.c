// alert_rows.c - incidents and deliveries in SQLite.
// SPDX-License-Identifier: Apache-2.0
#include "store/alert_rows.h"

#include "base/vec.h"

static bool incident_put(struct sql *sql, const struct incident *row)
{
    sqlite3_stmt *statement = sql_get(sql, SQL_INCIDENT_PUT);

    if (!statement)
        return false;
    sqlite3_bind_int64(statement, 1, row->id);
    sqlite3_bind_int64(statement, 2, row->job_id);
    sql_bind_text(statement, 3, row->job);
    sql_bind_text(statement, 4, row->target);
    sqlite3_bind_int(statement, 5, row->kind);
    sqlite3_bind_int(statement, 6, row->level);
    sqlite3_bind_int64(statement, 7, row->opened_at.us);
    sqlite3_bind_int64(statement, 8, row->changed_at.us);
    sqlite3_bind_int64(statement, 9, row->closed_at.us);
    sqlite3_bind_int64(statement, 10, row->count);
    sqlite3_bind_int64(statement, 11, row->run_id);
    sqlite3_bind_int64(statement, 12, row->slot.us);
    sqlite3_bind_int64(statement, 13, row->reminded_at.us);
    sqlite3_bind_int64(statement, 14, row->acked_at.us);
    sqlite3_bind_int64(statement, 15, row->acked_until.us);
    sql_bind_text(statement, 16, row->note);
    sql_bind_text(statement, 17, row->message);
    return sql_run(statement) == SQLITE_OK;
}

static bool delivery_put(struct sql *sql, const struct delivery *row)
{
    sqlite3_stmt *statement = sql_get(sql, SQL_DELIVERY_PUT);

    if (!statement)
        return false;
    sqlite3_bind_int64(statement, 1, row->id);
    sqlite3_bind_int64(statement, 2, row->incident_id);
    sql_bind_text(statement, 3, row->channel);
    sqlite3_bind_int(statement, 4, row->notice);
    sqlite3_bind_int(statement, 5, row->state);
    sqlite3_bind_int(statement, 6, row->tries);
    sqlite3_bind_int64(statement, 7, row->created_at.us);
    sqlite3_bind_int64(statement, 8, row->try_at.us);
    sqlite3_bind_int64(statement, 9, row->done_at.us);
    sql_bind_text(statement, 10, row->error);
    sql_bind_text(statement, 11, row->body);
    return sql_run(statement) == SQLITE_OK;
}

static bool forget(struct sql *sql, wall before)
{
    static const enum sql_name names[] = {SQL_DELIVERY_FORGET, SQL_INCIDENT_FORGET};

    for (size_t i = 0; i < 2; i++) {
        sqlite3_stmt *statement = sql_get(sql, names[i]);

        if (!statement)
            return false;
        sqlite3_bind_int64(statement, 1, before.us);
        if (sql_run(statement) != SQLITE_OK)
            return false;
    }
    return true;
}

bool alert_rows_write(struct sql *sql, const struct alert_write *write)
{
    bool ok = write->forget.us == 0 || forget(sql, write->forget);

    for (size_t i = 0; ok && i < write->incident_count; i++)
        ok = incident_put(sql, &write->incidents[i]);
    for (size_t i = 0; ok && i < write->delivery_count; i++)
        ok = delivery_put(sql, &write->deliveries[i]);
    return ok;
}

// ---- reading ----

static void incident_column(sqlite3_stmt *s, struct arena *arena, struct incident *to)
{
    *to = (struct incident){
        .id = sqlite3_column_int64(s, 0),
        .job_id = sqlite3_column_int64(s, 1),
        .job = arena_copy(arena, sql_column(s, 2)),
        .target = arena_copy(arena, sql_column(s, 3)),
        .kind = (enum incident_kind)sqlite3_column_int(s, 4),
        .level = sqlite3_column_int(s, 5),
        .opened_at = {sqlite3_column_int64(s, 6)},
        .changed_at = {sqlite3_column_int64(s, 7)},
        .closed_at = {sqlite3_column_int64(s, 8)},
        .count = sqlite3_column_int64(s, 9),
        .run_id = sqlite3_column_int64(s, 10),
        .slot = {sqlite3_column_int64(s, 11)},
        .reminded_at = {sqlite3_column_int64(s, 12)},
        .acked_at = {sqlite3_column_int64(s, 13)},
        .acked_until = {sqlite3_column_int64(s, 14)},
        .note = arena_copy(arena, sql_column(s, 15)),
        .message = arena_copy(arena, sql_column(s, 16)),
    };
}

static void delivery_column(sqlite3_stmt *s, struct arena *arena, struct delivery *to)
{
    *to = (struct delivery){
        .id = sqlite3_column_int64(s, 0),
        .incident_id = sqlite3_column_int64(s, 1),
        .channel = arena_copy(arena, sql_column(s, 2)),
        .notice = sqlite3_column_int(s, 3),
        .state = (enum delivery_state)sqlite3_column_int(s, 4),
        .tries = sqlite3_column_int(s, 5),
        .created_at = {sqlite3_column_int64(s, 6)},
        .try_at = {sqlite3_column_int64(s, 7)},
        .done_at = {sqlite3_column_int64(s, 8)},
        .error = arena_copy(arena, sql_column(s, 9)),
        .body = arena_copy(arena, sql_column(s, 10)),
    };
}

// Steps a bound statement to its end; rows are gathered on the heap first, since nobody knows how
// many there are.
static bool incidents_read(sqlite3_stmt *statement, struct arena *arena, struct alert_page *page)
{
    VEC_OF(struct incident) rows = {0};
    int code;

    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        vec_reserve(&rows, rows.len + 1);
        incident_column(statement, arena, &rows.v[rows.len++]);
    }
    sqlite3_reset(statement);
    page->incidents = arena_array(arena, rows.len, sizeof *rows.v);
    page->incident_count = rows.len;
    for (size_t i = 0; i < rows.len; i++)
        page->incidents[i] = rows.v[i];
    vec_done(&rows);
    return code == SQLITE_DONE;
}

static bool deliveries_read(sqlite3_stmt *statement, struct arena *arena, struct alert_page *page)
{
    VEC_OF(struct delivery) rows = {0};
    int code;

    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        vec_reserve(&rows, rows.len + 1);
        delivery_column(statement, arena, &rows.v[rows.len++]);
    }
    sqlite3_reset(statement);
    page->deliveries = arena_array(arena, rows.len, sizeof *rows.v);
    page->delivery_count = rows.len;
    for (size_t i = 0; i < rows.len; i++)
        page->deliveries[i] = rows.v[i];
    vec_done(&rows);
    return code == SQLITE_DONE;
}

// id: what ?1 is.
static bool incidents_ask(struct sql *sql, enum sql_name name, int64_t id, struct arena *arena,
                          struct alert_page *page)
{
    sqlite3_stmt *statement = sql_get(sql, name);

    if (!statement)
        return false;
    sqlite3_bind_int64(statement, 1, id);
    return incidents_read(statement, arena, page);
}

static bool deliveries_ask(struct sql *sql, enum sql_name name, int64_t id, struct arena *arena,
                           struct alert_page *page)
{
    sqlite3_stmt *statement = sql_get(sql, name);

    if (!statement)
        return false;
    sqlite3_bind_int64(statement, 1, id);
    return deliveries_read(statement, arena, page);
}

static bool page_read(struct sql *sql, const struct alert_query *query, struct arena *arena,
                      struct alert_page *page)
{
    sqlite3_stmt *statement = sql_get(sql, SQL_INCIDENTS);

    if (!statement)
        return false;
    sqlite3_bind_int64(statement, 1, query->id ? query->id : INT64_MAX);
    sqlite3_bind_int(statement, 2, query->limit);
    sqlite3_bind_int64(statement, 3, query->job_id);
    sqlite3_bind_int(statement, 4, query->is_open_only);
    sqlite3_bind_int(statement, 5, query->is_closed_only);
    return incidents_read(statement, arena, page);
}

bool alert_rows_read(struct sql *sql, const struct alert_query *query, struct arena *arena,
                     struct alert_page *ret_page)
{
    struct alert_page page = {0};
    bool ok;

    if (query->question == ALERTS_PAGE)
        ok = page_read(sql, query, arena, &page);
    else if (query->question == ALERTS_ONE)
        ok = incidents_ask(sql, SQL_INCIDENT, query->id, arena, &page) &&
             deliveries_ask(sql, SQL_DELIVERIES_OF, query->id, arena, &page);
    else
        ok = incidents_ask(sql, SQL_INCIDENTS_OPEN, ALERT_ROWS_MAX, arena, &page) &&
             deliveries_ask(sql, SQL_DELIVERIES_WAITING, ALERT_ROWS_MAX, arena, &page);
    if (ok)
        *ret_page = page;
    return ok;
}
