// inspect.c - looks into a database without owning it.
// SPDX-License-Identifier: Apache-2.0
#include "store/inspect.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/str.h"
#include "store/migrate.h"
#include "store/pg_migrate.h"
#include "store/pg_parts.h"
#include "store/pg_uri.h"
#include "store/sql.h"

static bool number(struct db *db, enum sql_name name, int64_t *ret_n)
{
    return query_number(db_get(db, name), ret_n);
}

// Counts by a small number: GROUP BY.
static bool counts(struct db *db, enum sql_name name, int64_t *counts, int size)
{
    struct query *statement = db_get(db, name);
    enum query_step code;

    while ((code = query_step(statement)) == QUERY_ROW) {
        int which = (int)column_int(statement, 0);

        if (which >= 0 && which < size)
            counts[which] = column_int(statement, 1);
    }
    query_reset(statement);
    return code == QUERY_DONE;
}

static bool uptime_read(struct db *db, struct inspection *i)
{
    struct query *statement = db_get(db, SQL_UPTIMES);
    enum query_step code;

    while ((code = query_step(statement)) == QUERY_ROW) {
        i->up_from.us = column_int(statement, 0);
        i->up_to.us = column_int(statement, 1);
        i->is_clean = column_int(statement, 2);
    }
    query_reset(statement);
    return code == QUERY_DONE;
}

static struct sql *database_open(const char *path, struct err *e)
{
    struct sql *sql;
    int64_t version = 0;

    if (access(path, F_OK) != 0) {
        (void)fail_errno(e, ERR_STORE, errno, "there is no database \"%s\"", path);
        (void)fail_hint(e, "name it with --db FILE");
        return NULL;
    }
    sql = sql_open(path, false, e);
    if (!sql)
        return NULL;
    if (migrate_check(sql, e) &&
        (number(&sql->base, SQL_USER_VERSION, &version) || sql_fail(sql, e)) && version > 0)
        return sql;
    if (version == 0 && e->code == ERR_NONE)
        (void)fail(e, ERR_STORE, NULL, "\"%s\" is an empty database", path);
    sql_close(sql);
    return NULL;
}

static bool status_read(struct db *db, struct inspection *i)
{
    int64_t version = 0;

    if (!number(db, SQL_USER_VERSION, &version))
        return false;
    i->version = (int)version;
    if (!number(db, SQL_BYTES, &i->bytes) || !number(db, SQL_FREE_BYTES, &i->free_bytes) ||
        !counts(db, SQL_JOB_STATES, i->jobs, JOB_DELETED + 1) ||
        !number(db, SQL_OLDEST, &i->oldest.us) || !number(db, SQL_NEWEST, &i->newest.us))
        return false;
    return version < 4 || uptime_read(db, i);
}

static bool rows_check(struct db *db, struct inspection *i);

static bool days_read(struct pg *pg, struct inspection *i)
{
    if (i->version < PG_PARTS_SINCE)
        return true;
    return query_number(pg_get(pg, PG_PARTS_COUNT), &i->days) &&
           query_number(pg_get(pg, PG_PARTS_REST), &i->apart);
}

// PostgreSQL looks after the structure itself (data checksums, amcheck); here it is the rows.
static bool pg_inspect(const char *uri, bool is_check, struct inspection *ret, struct err *e)
{
    struct inspection i = {.version_known = pg_migrate_version()};
    struct pg *pg = pg_open(uri, false, e);
    int64_t version = 0;
    bool ok;

    if (!pg)
        return false;
    ok = pg_migrate_check(pg, &version, e);
    if (ok && version == 0) {
        ok = fail(e, ERR_STORE, NULL, "\"%s\" has no tables of belfry's", pg->name);
        (void)fail_hint(e, "belfry serve makes them; or name another database with --db");
    }
    ok = ok && ((status_read(&pg->base, &i) && days_read(pg, &i) &&
                 (!is_check || rows_check(&pg->base, &i))) ||
                pg_fail(pg, e));
    pg_close(pg);
    if (ok)
        *ret = i;
    return ok;
}

bool inspect_status(const char *path, struct inspection *ret, struct err *e)
{
    struct inspection i = {.version_known = migrate_version()};
    struct sql *sql;
    bool ok;

    if (pg_uri_is(path))
        return pg_inspect(path, false, ret, e);
    e->code = ERR_NONE;
    if (!(sql = database_open(path, e)))
        return false;
    ok = status_read(&sql->base, &i) || sql_fail(sql, e);
    sql_close(sql);
    if (ok)
        *ret = i;
    return ok;
}

// The first thing that is wrong; SQLite stops there.
static void structure_check(struct sql *sql, struct inspection *i)
{
    sqlite3_stmt *statement = sql_get(sql, SQL_INTEGRITY_CHECK);
    struct str verdict = STR_LIT("its structure cannot be read");

    if (statement && sqlite3_step(statement) == SQLITE_ROW)
        verdict = sql_column(statement, 0);
    if (!str_eq(verdict, STR_LIT("ok")))
        snprintf(i->fault, sizeof i->fault, "%.*s", STR(verdict));
    if (statement)
        sqlite3_reset(statement);
}

static bool rows_check(struct db *db, struct inspection *i)
{
    if (!counts(db, SQL_RUN_STATES, i->runs, INSPECT_STATES) ||
        !number(db, SQL_STRAY_RUNS, &i->stray_runs) ||
        !number(db, SQL_STRAY_OUTPUTS, &i->stray_outputs))
        return false;
    if (i->version >= 3 && (!number(db, SQL_STRAY_ASKS, &i->stray_asks) ||
                            !number(db, SQL_STRAY_ATTEMPTS, &i->stray_attempts)))
        return false;
    return i->version < 4 || number(db, SQL_PRUNED_SUM, &i->pruned);
}

bool inspect_check(const char *path, struct inspection *ret, struct err *e)
{
    struct inspection i = {.version_known = migrate_version()};
    struct sql *sql;

    if (pg_uri_is(path))
        return pg_inspect(path, true, ret, e);
    e->code = ERR_NONE;
    if (!(sql = database_open(path, e)))
        return false;
    structure_check(sql, &i);
    // What cannot be counted is damaged too.
    if ((!status_read(&sql->base, &i) || !rows_check(&sql->base, &i)) && !i.fault[0])
        snprintf(i.fault, sizeof i.fault, "%s", sqlite3_errmsg(sql->db));
    sql_close(sql);
    *ret = i;
    return true;
}
