// takeover.c - from a file to a ledger that is ours: look whether it is sound, and set aside
// what the process before left running.
// SPDX-License-Identifier: Apache-2.0
#include "store/takeover.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "job/run.h"
#include "store/migrate.h"
#include "store/store.h"

#define ALWAYS_CHECK_BYTES (16 * 1024 * 1024) // so small that looking costs nothing

static bool files_check(const char *path, struct err *e);
static bool wal_begin(struct sql *sql, struct err *e);
static bool health_check(struct sql *sql, struct err *e);
static bool meta_get(struct sql *sql, const char *key, int64_t *ret_n);
static bool meta_set(struct sql *sql, const char *key, int64_t n);

struct sql *takeover_open(const char *path, struct err *e)
{
    struct sql *sql;

    if (!files_check(path, e))
        return NULL;
    sql = sql_open(path, true, e);
    if (!sql)
        return NULL;
    if (migrate_check(sql, e) && wal_begin(sql, e) && health_check(sql, e) && migrate(sql, e))
        return sql;
    sql_close(sql);
    return NULL;
}

static bool uptime_begin(struct sql *sql, struct str version, wall now, int64_t node_id)
{
    sqlite3_stmt *statement = sql_get(sql, SQL_UPTIME_BEGIN);

    sqlite3_bind_int64(statement, 1, node_id);
    sqlite3_bind_int64(statement, 2, now.us);
    sql_bind_text(statement, 3, version);
    if (sql_run(statement) != SQLITE_OK)
        return false;
    statement = sql_get(sql, SQL_UPTIME_FORGET);
    sqlite3_bind_int64(statement, 1, node_id);
    sqlite3_bind_int(statement, 2, STORE_UPTIMES_MAX);
    return sql_run(statement) == SQLITE_OK;
}

static bool node_begin(struct sql *sql, struct str name, struct str version, wall now,
                       struct takeover *t)
{
    sqlite3_stmt *statement;
    int64_t watermark;

    if (!sql_number(sql_get(sql, SQL_NODE_LAST), &watermark) ||
        sql_do(sql, SQL_NODE_CLEAR) != SQLITE_OK)
        return false;
    t->watermark.us = watermark;
    statement = sql_get(sql, SQL_NODE_INSERT);
    sql_bind_text(statement, 1, name);
    sql_bind_text(statement, 2, version);
    sqlite3_bind_int64(statement, 3, now.us);
    sqlite3_bind_int64(statement, 4, watermark);
    if (sql_run(statement) != SQLITE_OK)
        return false;
    t->node_id = sqlite3_last_insert_rowid(sql->db);
    return uptime_begin(sql, version, now, t->node_id);
}

static bool runs_orphan(struct sql *sql, struct takeover *t)
{
    sqlite3_stmt *statement = sql_get(sql, SQL_RUN_ORPHAN);

    sqlite3_bind_int(statement, 1, RUN_ORPHANED);
    sqlite3_bind_int64(statement, 2, run_move_from(RUN_BY_TAKEOVER, RUN_ORPHANED));
    if (sql_run(statement) != SQLITE_OK)
        return false;
    t->orphaned = sqlite3_changes(sql->db);
    return sql_number(sql_get(sql, SQL_RUN_LAST), &t->last_run_id);
}

// After a clean end the number stands in meta; otherwise the jobs tell it.
static bool change_seq_find(struct sql *sql, struct takeover *t)
{
    int64_t clean = 0;

    if (!meta_get(sql, "clean", &clean))
        return false;
    return clean ? meta_get(sql, "change_seq", &t->change_seq)
                 : sql_number(sql_get(sql, SQL_CHANGE_LAST), &t->change_seq);
}

bool takeover(struct sql *sql, struct str node_name, struct str version, wall now,
              struct takeover *ret, struct err *e)
{
    struct takeover t = {0};

    if (sql_do(sql, SQL_BEGIN) == SQLITE_OK && change_seq_find(sql, &t) &&
        node_begin(sql, node_name, version, now, &t) && runs_orphan(sql, &t) &&
        meta_set(sql, "clean", 0) && sql_do(sql, SQL_COMMIT) == SQLITE_OK) {
        *ret = t;
        return true;
    }
    return sql_fail(sql, e);
}

static bool uptime_end(struct sql *sql, int64_t node_id, wall now)
{
    sqlite3_stmt *statement = sql_get(sql, SQL_UPTIME_SEEN);

    if (!statement)
        return false;
    sqlite3_bind_int64(statement, 1, node_id);
    sqlite3_bind_int64(statement, 2, now.us);
    sqlite3_bind_int(statement, 3, true);
    return sql_run(statement) == SQLITE_OK;
}

void takeover_leave(struct sql *sql, int64_t node_id, int64_t change_seq, wall now)
{
    if (sql_do(sql, SQL_BEGIN) == SQLITE_OK && meta_set(sql, "change_seq", change_seq) &&
        meta_set(sql, "clean", 1) && uptime_end(sql, node_id, now))
        (void)sql_do(sql, SQL_COMMIT);
}

// ---- checks ----

static bool files_check(const char *path, struct err *e)
{
    char wal[PATH_MAX + 8];
    struct stat info;

    if (stat(path, &info) == 0 && info.st_size > 0)
        return true;
    snprintf(wal, sizeof wal, "%s-wal", path);
    if (stat(wal, &info) != 0 || info.st_size == 0)
        return true;
    fail(e, ERR_STORE, NULL, "\"%s\" is %s although its log \"%s-wal\" holds data", path,
         access(path, F_OK) == 0 ? "empty" : "missing", path);
    return fail_hint(e, "restore the database from a backup; to begin with an empty one, move the "
                        "-wal and -shm files away");
}

static bool wal_begin(struct sql *sql, struct err *e)
{
    sqlite3_stmt *statement;
    bool ok;

    if (sqlite3_db_readonly(sql->db, "main") == 1) {
        fail(e, ERR_STORE, NULL, "\"%s\" cannot be written: it is read-only", sql->path);
        return fail_hint(e, "belfry's user must be allowed to write the file and its directory");
    }
    statement = sql_get(sql, SQL_WAL);
    ok = statement && sqlite3_step(statement) == SQLITE_ROW;
    if (!ok)
        return sql_fail(sql, e);
    ok = strcmp((const char *)sqlite3_column_text(statement, 0), "wal") == 0;
    sqlite3_reset(statement);
    if (ok)
        return true;
    fail(e, ERR_STORE, NULL, "\"%s\" lies where SQLite cannot keep a write-ahead log", sql->path);
    return fail_hint(e, "put the database on a local disk");
}

// After an unclean end (and always when it is small) the structure is looked through, before
// anything is built on it.
static bool health_check(struct sql *sql, struct err *e)
{
    int64_t version, bytes, clean = 0;
    sqlite3_stmt *statement;
    struct str verdict;

    if (!sql_number(sql_get(sql, SQL_USER_VERSION), &version) ||
        !sql_number(sql_get(sql, SQL_BYTES), &bytes) ||
        (version && !meta_get(sql, "clean", &clean)))
        return sql_fail(sql, e);
    if (!version || (clean && bytes > ALWAYS_CHECK_BYTES))
        return true;
    statement = sql_get(sql, SQL_QUICK_CHECK);
    if (!statement || sqlite3_step(statement) != SQLITE_ROW)
        return sql_fail(sql, e);
    verdict = sql_column(statement, 0);
    if (str_eq(verdict, STR_LIT("ok"))) {
        sqlite3_reset(statement);
        return true;
    }
    fail(e, ERR_STORE, NULL, "\"%s\" is damaged: %.*s", sql->path, STR(verdict));
    sqlite3_reset(statement);
    return fail_hint(e, "move it aside with its -wal and -shm files and restore a backup, or save "
                        "what can be read: sqlite3 damaged.db .recover");
}

static bool meta_get(struct sql *sql, const char *key, int64_t *ret_n)
{
    sqlite3_stmt *statement = sql_get(sql, SQL_META_GET);

    if (!statement)
        return false;
    sql_bind_text(statement, 1, str_of(key));
    return sql_number(statement, ret_n);
}

static bool meta_set(struct sql *sql, const char *key, int64_t n)
{
    sqlite3_stmt *statement = sql_get(sql, SQL_META_SET);
    char text[32];

    if (!statement)
        return false;
    snprintf(text, sizeof text, "%" PRId64, n);
    sql_bind_text(statement, 1, str_of(key));
    sql_bind_text(statement, 2, str_of(text));
    return sql_run(statement) == SQLITE_OK;
}
