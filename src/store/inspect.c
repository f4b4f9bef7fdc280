// inspect.c - looks into a database without owning it.
// SPDX-License-Identifier: Apache-2.0
#include "store/inspect.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/str.h"
#include "store/migrate.h"
#include "store/sql.h"

static bool number(struct sql *sql, enum sql_name name, int64_t *ret_n)
{
    return sql_number(sql_get(sql, name), ret_n);
}

// Counts by a small number: GROUP BY.
static bool counts(struct sql *sql, enum sql_name name, int64_t *counts, int size)
{
    sqlite3_stmt *statement = sql_get(sql, name);
    int code = SQLITE_ERROR;

    while (statement && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        int which = sqlite3_column_int(statement, 0);

        if (which >= 0 && which < size)
            counts[which] = sqlite3_column_int64(statement, 1);
    }
    if (statement)
        sqlite3_reset(statement);
    return code == SQLITE_DONE;
}

static bool uptime_read(struct sql *sql, struct inspection *i)
{
    sqlite3_stmt *statement = sql_get(sql, SQL_UPTIMES);
    int code = SQLITE_ERROR;

    while (statement && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        i->up_from.us = sqlite3_column_int64(statement, 0);
        i->up_to.us = sqlite3_column_int64(statement, 1);
        i->is_clean = sqlite3_column_int(statement, 2);
    }
    if (statement)
        sqlite3_reset(statement);
    return code == SQLITE_DONE;
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
    if (migrate_check(sql, e) && (number(sql, SQL_USER_VERSION, &version) || sql_fail(sql, e)) &&
        version > 0)
        return sql;
    if (version == 0 && e->code == ERR_NONE)
        (void)fail(e, ERR_STORE, NULL, "\"%s\" is an empty database", path);
    sql_close(sql);
    return NULL;
}

static bool status_read(struct sql *sql, struct inspection *i)
{
    int64_t version = 0;

    if (!number(sql, SQL_USER_VERSION, &version))
        return false;
    i->version = (int)version;
    i->version_known = migrate_version();
    if (!number(sql, SQL_BYTES, &i->bytes) || !number(sql, SQL_FREE_BYTES, &i->free_bytes) ||
        !counts(sql, SQL_JOB_STATES, i->jobs, JOB_DELETED + 1) ||
        !number(sql, SQL_OLDEST, &i->oldest.us) || !number(sql, SQL_NEWEST, &i->newest.us))
        return false;
    return version < 4 || uptime_read(sql, i);
}

bool inspect_status(const char *path, struct inspection *ret, struct err *e)
{
    struct inspection i = {0};
    struct sql *sql;
    bool ok;

    e->code = ERR_NONE;
    if (!(sql = database_open(path, e)))
        return false;
    ok = status_read(sql, &i) || sql_fail(sql, e);
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

static bool rows_check(struct sql *sql, struct inspection *i)
{
    if (!counts(sql, SQL_RUN_STATES, i->runs, INSPECT_STATES) ||
        !number(sql, SQL_STRAY_RUNS, &i->stray_runs) ||
        !number(sql, SQL_STRAY_OUTPUTS, &i->stray_outputs))
        return false;
    if (i->version >= 3 && (!number(sql, SQL_STRAY_ASKS, &i->stray_asks) ||
                            !number(sql, SQL_STRAY_ATTEMPTS, &i->stray_attempts)))
        return false;
    return i->version < 4 || number(sql, SQL_PRUNED_SUM, &i->pruned);
}

bool inspect_check(const char *path, struct inspection *ret, struct err *e)
{
    struct inspection i = {0};
    struct sql *sql;

    e->code = ERR_NONE;
    if (!(sql = database_open(path, e)))
        return false;
    structure_check(sql, &i);
    // What cannot be counted is damaged too.
    if ((!status_read(sql, &i) || !rows_check(sql, &i)) && !i.fault[0])
        snprintf(i.fault, sizeof i.fault, "%s", sqlite3_errmsg(sql->db));
    sql_close(sql);
    *ret = i;
    return true;
}
