// calendar_rows.c - calendars and freezes in a database.
// SPDX-License-Identifier: Apache-2.0
#include "store/calendar_rows.h"

// The version of what has the request's name, 0 when there is nothing.
static bool version_find(struct db *db, const struct request *r, int64_t *ret_version)
{
    struct query *statement = db_get(db, SQL_CALENDAR_VERSION);

    *ret_version = 0;
    query_int(statement, 1, r->calendar.kind);
    query_text(statement, 2, r->calendar.name);
    return query_number_if(statement, ret_version);
}

bool calendar_rows_put(struct db *db, struct request *r)
{
    struct query *statement;
    int64_t version;

    if (!version_find(db, r, &version))
        return false;
    if (!request_may_put(r, (int)version))
        return true;
    r->version = (int)version + 1;
    statement = db_get(db, SQL_CALENDAR_PUT);
    query_int(statement, 1, r->calendar.kind);
    query_text(statement, 2, r->calendar.name);
    query_text(statement, 3, r->calendar.body);
    query_int(statement, 4, r->version);
    query_int(statement, 5, r->calendar.created_at.us);
    query_int(statement, 6, r->calendar.updated_at.us);
    return query_run(statement);
}

bool calendar_rows_delete(struct db *db, struct request *r)
{
    struct query *statement = db_get(db, SQL_CALENDAR_DELETE);

    query_int(statement, 1, r->calendar.kind);
    query_text(statement, 2, r->calendar.name);
    if (!query_run(statement))
        return false;
    if (db_changes(db) == 0)
        (void)request_refuse_missing(r);
    return true;
}
