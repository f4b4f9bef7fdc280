// takeover.c - from a database to a ledger that is ours: a new incarnation, and what the process
// before left running is set aside.
// SPDX-License-Identifier: Apache-2.0
#include "store/takeover.h"

#include <inttypes.h>
#include <stdio.h>

#include "job/run.h"
#include "store/store.h"

static bool meta_set(struct db *db, const char *key, int64_t n);

bool takeover_begin(struct db *db, int64_t node_id, struct str version, wall now)
{
    struct query *statement = db_get(db, SQL_UPTIME_BEGIN);

    query_int(statement, 1, node_id);
    query_int(statement, 2, now.us);
    query_text(statement, 3, version);
    if (!query_run(statement))
        return false;
    statement = db_get(db, SQL_UPTIME_FORGET);
    query_int(statement, 1, node_id);
    query_int(statement, 2, STORE_UPTIMES_MAX);
    return query_run(statement) && meta_set(db, "clean", 0);
}

static bool node_begin(struct db *db, struct str name, struct str version, wall now,
                       struct takeover *t)
{
    struct query *statement;
    int64_t watermark;

    if (!query_number(db_get(db, SQL_NODE_LAST), &watermark) || !db_do(db, SQL_NODE_CLEAR))
        return false;
    t->watermark.us = watermark;
    statement = db_get(db, SQL_NODE_INSERT);
    query_text(statement, 1, name);
    query_text(statement, 2, version);
    query_int(statement, 3, now.us);
    query_int(statement, 4, watermark);
    if (!query_number(statement, &t->node_id))
        return false;
    return takeover_begin(db, t->node_id, version, now);
}

// What was planned and not launched was never claimed.
static bool runs_unplan(struct db *db)
{
    struct query *statement;
    int64_t launched;

    if (!query_number(db_get(db, SQL_LAUNCHED), &launched))
        return false;
    statement = db_get(db, SQL_RUN_UNPLAN);
    query_int(statement, 1, launched);
    return query_run(statement);
}

static bool runs_orphan(struct db *db, struct takeover *t)
{
    struct query *statement;

    if (!query_number(db_get(db, SQL_RUN_LAST), &t->last_run_id) || !runs_unplan(db))
        return false;
    statement = db_get(db, SQL_RUN_ORPHAN);
    query_int(statement, 1, RUN_ORPHANED);
    query_int(statement, 2, run_move_from(RUN_BY_TAKEOVER, RUN_ORPHANED));
    if (!query_run(statement))
        return false;
    t->orphaned = db_changes(db);
    return true;
}

// After a clean end the number stands in meta; otherwise the jobs tell it.
static bool change_seq_find(struct db *db, struct takeover *t)
{
    int64_t clean = 0;

    if (!takeover_meta_get(db, "clean", &clean))
        return false;
    return clean ? takeover_meta_get(db, "change_seq", &t->change_seq)
                 : query_number(db_get(db, SQL_CHANGE_LAST), &t->change_seq);
}

bool takeover(struct db *db, struct str node_name, struct str version, wall now,
              struct takeover *ret, struct err *e)
{
    struct takeover t = {0};

    if (db_do(db, SQL_BEGIN) && change_seq_find(db, &t) &&
        node_begin(db, node_name, version, now, &t) && runs_orphan(db, &t) &&
        db_do(db, SQL_COMMIT)) {
        *ret = t;
        return true;
    }
    return db_fail(db, e);
}

static bool uptime_end(struct db *db, int64_t node_id, wall now)
{
    struct query *statement = db_get(db, SQL_UPTIME_SEEN);

    query_int(statement, 1, node_id);
    query_int(statement, 2, now.us);
    query_int(statement, 3, true);
    return query_run(statement);
}

void takeover_leave(struct db *db, int64_t node_id, int64_t change_seq, wall now)
{
    if (db_do(db, SQL_BEGIN) && meta_set(db, "change_seq", change_seq) &&
        meta_set(db, "clean", 1) && uptime_end(db, node_id, now))
        (void)db_do(db, SQL_COMMIT);
}

bool takeover_meta_get(struct db *db, const char *key, int64_t *ret_n)
{
    struct query *statement = db_get(db, SQL_META_GET);

    query_text(statement, 1, str_of(key));
    return query_number(statement, ret_n);
}

static bool meta_set(struct db *db, const char *key, int64_t n)
{
    struct query *statement = db_get(db, SQL_META_SET);
    char text[32];

    snprintf(text, sizeof text, "%" PRId64, n);
    query_text(statement, 1, str_of(key));
    query_text(statement, 2, str_of(text));
    return query_run(statement);
}
