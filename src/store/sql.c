// sql.c - one connection to SQLite: statements by name, errors in words.
// SPDX-License-Identifier: Apache-2.0
#include "store/sql.h"

#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"
#include "store/run_rows.h"

#define BUSY_TIMEOUT_MS 5000

static const char *const texts[] = {
#define X(name, text) text,
#include "store/sql.def"
#undef X
};

static const char *const writer_settings = "PRAGMA synchronous = FULL;"
                                           "PRAGMA foreign_keys = ON;"
                                           "PRAGMA wal_autocheckpoint = 0;"
                                           "PRAGMA journal_size_limit = 67108864;"
                                           "PRAGMA secure_delete = FAST;" // where it costs no write
                                           "PRAGMA cache_size = -8192;";
static const char *const reader_settings = "PRAGMA query_only = ON;"
                                           "PRAGMA wal_autocheckpoint = 0;"
                                           "PRAGMA cache_size = -2048;";

static const struct db_ops sqlite_db;
static bool fail_io(struct sql *sql, struct err *e);

struct sql *sql_open(const char *path, bool is_writer, struct err *e)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (is_writer ? SQLITE_OPEN_CREATE : 0);
    struct sql *sql = mem_alloc(sizeof *sql);

    db_init(&sql->base, &sqlite_db);
    sql->path = str_own(str_of(path));
    if (sqlite3_open_v2(path, &sql->db, flags, NULL) != SQLITE_OK) {
        (void)sql_fail(sql, e);
        sql_close(sql);
        return NULL;
    }
    sqlite3_extended_result_codes(sql->db, 1);
    sqlite3_busy_timeout(sql->db, BUSY_TIMEOUT_MS);
    if (run_rows_register(sql->db) != SQLITE_OK ||
        sql_script(sql, is_writer ? writer_settings : reader_settings) != SQLITE_OK) {
        (void)sql_fail(sql, e);
        sql_close(sql);
        return NULL;
    }
    return sql;
}

void sql_close(struct sql *sql)
{
    if (!sql)
        return;
    for (int i = 0; i < SQL_COUNT; i++)
        sqlite3_finalize(sql->prepared[i]);
    sqlite3_close(sql->db);
    free(sql->path);
    free(sql);
}

sqlite3_stmt *sql_get(struct sql *sql, enum sql_name name)
{
    sqlite3_stmt **slot = &sql->prepared[name];

    if (*slot)
        sqlite3_reset(*slot);
    else
        sqlite3_prepare_v3(sql->db, texts[name], -1, SQLITE_PREPARE_PERSISTENT, slot, NULL);
    return *slot;
}

void sql_bind_text(sqlite3_stmt *statement, int index, struct str text)
{
    sqlite3_bind_text64(statement, index, text.p ? text.p : "", text.len, SQLITE_STATIC,
                        SQLITE_UTF8);
}

void sql_bind_blob(sqlite3_stmt *statement, int index, struct str bytes)
{
    sqlite3_bind_blob64(statement, index, bytes.p ? bytes.p : "", bytes.len, SQLITE_STATIC);
}

struct str sql_column(sqlite3_stmt *statement, int index)
{
    const char *p = sqlite3_column_blob(statement, index);

    return (struct str){p, p ? (size_t)sqlite3_column_bytes(statement, index) : 0};
}

int sql_run(sqlite3_stmt *statement)
{
    int code = statement ? sqlite3_step(statement) : SQLITE_ERROR;

    if (statement)
        sqlite3_reset(statement);
    return code == SQLITE_DONE || code == SQLITE_ROW ? SQLITE_OK : code;
}

int sql_do(struct sql *sql, enum sql_name name)
{
    int code;

    errno = 0;
    code = sql_run(sql_get(sql, name));
    sql->errnum = code == SQLITE_OK ? 0 : errno;
    return code;
}

int sql_script(struct sql *sql, const char *text)
{
    return sqlite3_exec(sql->db, text, NULL, NULL, NULL);
}

bool sql_number(sqlite3_stmt *statement, int64_t *ret_n)
{
    bool ok = statement && sqlite3_step(statement) == SQLITE_ROW;

    if (ok)
        *ret_n = sqlite3_column_int64(statement, 0);
    if (statement)
        sqlite3_reset(statement);
    return ok;
}

void sql_checkpoint(void *ctx)
{
    struct sql *sql = ctx;

    sqlite3_wal_checkpoint_v2(sql->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

// SQLite has no complaint when a row that must be there is not.
bool sql_fail(struct sql *sql, struct err *e)
{
    const char *why = sqlite3_errmsg(sql->db);

    switch (sqlite3_errcode(sql->db) & 0xff) {
    case SQLITE_FULL:
        fail(e, ERR_STORE, NULL, "\"%s\" cannot grow: its disk is full", sql->path);
        return fail_hint(e, "free some space; belfry tries again with each write");
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        why = "something that must be in it is missing";
        [[fallthrough]];
    case SQLITE_CORRUPT:
        fail(e, ERR_STORE, NULL, "\"%s\" is damaged: %s", sql->path, why);
        return fail_hint(e, "move it aside with its -wal and -shm files and restore a backup, or "
                            "save what can be read: sqlite3 damaged.db .recover");
    case SQLITE_NOTADB:
        fail(e, ERR_STORE, NULL, "\"%s\" is not a database", sql->path);
        return fail_hint(e, "name another file, or restore this one from a backup");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        fail(e, ERR_STORE, NULL, "another program keeps \"%s\" locked", sql->path);
        return fail_hint(e, "end that program (a database shell or a backup?); belfry tries again "
                            "with each write");
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
        return fail_io(sql, e);
    default:
        fail(e, ERR_STORE, NULL, "\"%s\" cannot be used: %s", sql->path, why);
        return fail_hint(e,
                         "if nobody has changed it by hand, it is damaged: move it aside with its "
                         "-wal and -shm files and restore a backup");
    }
}

static bool fail_io(struct sql *sql, struct err *e)
{
    int errnum = sqlite3_system_errno(sql->db);

    if (!errnum)
        errnum = sql->errnum;
    if (errnum)
        fail_errno(e, ERR_STORE, errnum, "\"%s\" cannot be read or written", sql->path);
    else
        fail(e, ERR_STORE, NULL, "\"%s\" cannot be read or written: %s", sql->path,
             sqlite3_errmsg(sql->db));
    if (errnum == EACCES || errnum == EPERM || errnum == EROFS ||
        (sqlite3_errcode(sql->db) & 0xff) == SQLITE_READONLY)
        return fail_hint(e, "belfry's user must be allowed to write the file and its directory");
    if (errnum == EFBIG || errnum == EDQUOT)
        return fail_hint(e, "a limit on file size or disk use was reached: raise it (ulimit -f, "
                            "quota)");
    return fail_hint(e,
                     "look at the disk and the system's log; belfry tries again with each write");
}

// ---- as a driver of db.h ----

// NULL when it cannot be prepared: then SQLite has said why, and its last word stays.
static sqlite3_stmt *statement_of(struct query *q)
{
    struct sql *sql = (struct sql *)q->db;

    return sql->prepared[q->name] ? sql->prepared[q->name] : sql_get(sql, q->name);
}

static sqlite3_stmt *statement_at(const struct query *q)
{
    return ((const struct sql *)q->db)->prepared[q->name];
}

static void driver_reset(struct query *q)
{
    if (statement_at(q))
        sqlite3_reset(statement_at(q));
}

static void driver_bind_int(struct query *q, int at, int64_t n)
{
    sqlite3_bind_int64(statement_of(q), at, n);
}

static void driver_bind_text(struct query *q, int at, struct str text)
{
    sql_bind_text(statement_of(q), at, text);
}

static void driver_bind_blob(struct query *q, int at, struct str bytes)
{
    sql_bind_blob(statement_of(q), at, bytes);
}

static enum query_step driver_step(struct query *q)
{
    sqlite3_stmt *statement = statement_of(q);
    int code = statement ? sqlite3_step(statement) : SQLITE_ERROR;

    return code == SQLITE_ROW ? QUERY_ROW : code == SQLITE_DONE ? QUERY_DONE : QUERY_FAILED;
}

static int64_t driver_column_int(const struct query *q, int at)
{
    return sqlite3_column_int64(statement_at(q), at);
}

static struct str driver_column(const struct query *q, int at)
{
    return sql_column(statement_at(q), at);
}

static bool driver_column_is_null(const struct query *q, int at)
{
    return sqlite3_column_type(statement_at(q), at) == SQLITE_NULL;
}

static int64_t driver_changes(struct db *db)
{
    return sqlite3_changes64(((struct sql *)db)->db);
}

static bool driver_fail(struct db *db, struct err *e)
{
    return sql_fail((struct sql *)db, e);
}

static const struct db_ops sqlite_db = {
    .reset = driver_reset,
    .bind_int = driver_bind_int,
    .bind_text = driver_bind_text,
    .bind_blob = driver_bind_blob,
    .step = driver_step,
    .column_int = driver_column_int,
    .column = driver_column,
    .column_is_null = driver_column_is_null,
    .changes = driver_changes,
    .fail = driver_fail,
};
