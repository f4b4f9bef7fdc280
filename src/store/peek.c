// peek.c - a look into a database that somebody else may hold.
// SPDX-License-Identifier: Apache-2.0
#include "store/peek.h"

#include <errno.h>
#include <unistd.h>

#include "store/migrate.h"
#include "store/pg_migrate.h"
#include "store/pg_uri.h"
#include "store/reader.h"

struct looking {
    struct db *db;
    const struct peek_fns *fns;
    void *ctx;
    bool has_failed;
};

static size_t durations_read(struct looking *l, int64_t job_id, int64_t *ret_us)
{
    struct query *q = db_get(l->db, SQL_JOB_TOOK);
    enum query_step step = QUERY_DONE;
    size_t count = 0;

    query_int(q, 1, job_id);
    query_int(q, 2, PEEK_DURATIONS_MAX);
    while (count < PEEK_DURATIONS_MAX && (step = query_step(q)) == QUERY_ROW)
        ret_us[count++] = column_int(q, 0);
    query_reset(q);
    l->has_failed = l->has_failed || step == QUERY_FAILED;
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

static bool look(struct db *db, const struct peek_fns *fns, void *ctx, struct err *e)
{
    struct looking looking = {db, fns, ctx, false};
    struct store_load load = {.on_job = job_seen, .on_calendar = calendar_seen, .ctx = &looking};

    return reader_load(db, &load, e) && (!looking.has_failed || db_fail(db, e));
}

static bool pg_peek(const char *uri, const struct peek_fns *fns, void *ctx, struct err *e)
{
    struct pg *pg = pg_open(uri, false, e);
    int64_t version;
    bool ok = pg && pg_migrate_check(pg, &version, e);

    if (ok && version != pg_migrate_version()) {
        ok = fail(e, ERR_STORE, NULL, "\"%s\" %s", pg->name,
                  version == 0 ? "has no tables of belfry's" : "was written by an older belfry");
        (void)fail_hint(e, "start belfry serve with it once, which brings it up to date");
    }
    ok = ok && look(&pg->base, fns, ctx, e);
    pg_close(pg);
    return ok;
}

bool peek(const char *path, const struct peek_fns *fns, void *ctx, struct err *e)
{
    struct sql *sql;

    if (pg_uri_is(path))
        return pg_peek(path, fns, ctx, e);
    if (access(path, F_OK) != 0 && errno == ENOENT) {
        fail(e, ERR_NOT_FOUND, NULL, "there is no database \"%s\"", path);
        return fail_hint(e, "name the one that belfry serve uses");
    }
    sql = sql_open(path, false, e);
    if (!sql)
        return false;
    // Who closes last would carry the log over into the database: not a looker.
    sqlite3_db_config(sql->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    bool ok = version_check(sql, e) && look(&sql->base, fns, ctx, e);

    sql_close(sql);
    return ok;
}
