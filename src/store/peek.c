// peek.c - a look into a database that somebody else may hold.
// SPDX-License-Identifier: Apache-2.0
#include "store/peek.h"

#include <errno.h>
#include <unistd.h>

#include "store/migrate.h"
#include "store/reader.h"

struct looking {
    struct sql *sql;
    const struct peek_fns *fns;
    void *ctx;
    bool has_failed;
};

static size_t durations_read(struct looking *l, int64_t job_id, int64_t *ret_us)
{
    sqlite3_stmt *statement = sql_get(l->sql, SQL_JOB_TOOK);
    int code = SQLITE_ERROR;
    size_t count = 0;

    if (statement) {
        sqlite3_bind_int64(statement, 1, job_id);
        sqlite3_bind_int64(statement, 2, PEEK_DURATIONS_MAX);
        while ((code = sqlite3_step(statement)) == SQLITE_ROW && count < PEEK_DURATIONS_MAX)
            ret_us[count++] = sqlite3_column_int64(statement, 0);
        sqlite3_reset(statement);
    }
    l->has_failed = l->has_failed || (code != SQLITE_DONE && code != SQLITE_ROW);
    return count;
}

static enum store_last job_seen(const struct job_row *row, void *ctx)
{
    struct looking *l = ctx;
    int64_t durations_us[PEEK_DURATIONS_MAX];

    l->fns->on_job(row, durations_us, durations_read(l, row->id, durations_us), l->ctx);
    return STORE_LAST_NONE;
}

static void calendar_seen(const struct store_calendar *row, void *ctx)
{
    struct looking *l = ctx;

    l->fns->on_calendar(row, l->ctx);
}

// Its tables are those that this program reads.
static bool version_check(struct sql *sql, struct err *e)
{
    int64_t version;

    if (!migrate_check(sql, e))
        return false;
    if (!sql_number(sql_get(sql, SQL_USER_VERSION), &version))
        return sql_fail(sql, e);
    if (version == migrate_version())
        return true;
    fail(e, ERR_STORE, NULL, "\"%s\" %s", sql->path,
         version == 0 ? "is empty" : "was written by an older belfry");
    return fail_hint(e, version == 0
                            ? "name the database that belfry serve uses"
                            : "start belfry serve with it once, which brings it up to date");
}

bool peek(const char *path, const struct peek_fns *fns, void *ctx, struct err *e)
{
    if (access(path, F_OK) != 0 && errno == ENOENT) {
        fail(e, ERR_NOT_FOUND, NULL, "there is no database \"%s\"", path);
        return fail_hint(e, "name the one that belfry serve uses");
    }
    struct sql *sql = sql_open(path, false, e);
    struct looking looking = {sql, fns, ctx, false};
    struct store_load load = {.on_job = job_seen, .on_calendar = calendar_seen, .ctx = &looking};

    if (!sql)
        return false;
    // Who closes last would carry the log over into the database: not a looker.
    sqlite3_db_config(sql->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    bool ok = version_check(sql, e) && reader_load(&sql->base, &load, e);

    if (ok && looking.has_failed)
        ok = sql_fail(sql, e);
    sql_close(sql);
    return ok;
}
