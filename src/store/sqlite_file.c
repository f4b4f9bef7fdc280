// sqlite_file.c - opens a file as the one writer: looks whether it is sound, and brings it up to
// date.
// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_file.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/migrate.h"
#include "store/takeover.h"

#define ALWAYS_CHECK_BYTES (16 * 1024 * 1024) // so small that looking costs nothing

static bool files_check(const char *path, struct err *e);
static bool wal_begin(struct sql *sql, struct err *e);
static bool health_check(struct sql *sql, struct err *e);

struct sql *sqlite_file_open(const char *path, struct err *e)
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
        (version && !takeover_meta_get(&sql->base, "clean", &clean)))
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
