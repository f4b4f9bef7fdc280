// migrate.c - is this file ours, and does it have the schema of today? If it is older, bring it
// there.
// SPDX-License-Identifier: Apache-2.0
#include "store/migrate.h"

#include <inttypes.h>
#include <stdio.h>

struct step {
    int version;
    const char *sql;
};

static const struct step steps[] = {
#define X(version, sql) {version, sql},
#include "store/schema.def"
#undef X
};
#define STEP_COUNT (sizeof steps / sizeof *steps)

static bool step_do(struct sql *sql, const struct step *step, struct err *e);

int migrate_version(void)
{
    return steps[STEP_COUNT - 1].version;
}

bool migrate_check(struct sql *sql, struct err *e)
{
    int64_t application_id, version, tables;

    if (!sql_number(sql_get(sql, SQL_APPLICATION_ID), &application_id) ||
        !sql_number(sql_get(sql, SQL_USER_VERSION), &version) ||
        !sql_number(sql_get(sql, SQL_TABLES), &tables))
        return sql_fail(sql, e);
    if (application_id != MIGRATE_APPLICATION_ID && (application_id || version || tables)) {
        fail(e, ERR_STORE, NULL, "\"%s\" is a database of another program, not of belfry",
             sql->path);
        return fail_hint(e, "name another file: belfry makes a new database where there is none");
    }
    if (version <= migrate_version())
        return true;
    fail(e, ERR_STORE, NULL,
         "\"%s\" was written by a newer belfry (schema %" PRId64 ", this one knows %d)", sql->path,
         version, migrate_version());
    return fail_hint(e, "start the newer belfry, or restore a backup from before the update");
}

bool migrate(struct sql *sql, struct err *e)
{
    int64_t version;

    if (!sql_number(sql_get(sql, SQL_USER_VERSION), &version))
        return sql_fail(sql, e);
    for (size_t i = 0; i < STEP_COUNT; i++) {
        if (steps[i].version > version && !step_do(sql, &steps[i], e))
            return false;
    }
    return true;
}

static bool step_do(struct sql *sql, const struct step *step, struct err *e)
{
    char mark[120];

    snprintf(mark, sizeof mark, "PRAGMA application_id = %d; PRAGMA user_version = %d;",
             MIGRATE_APPLICATION_ID, step->version);
    if (sql_do(sql, SQL_BEGIN) == SQLITE_OK && sql_script(sql, step->sql) == SQLITE_OK &&
        sql_script(sql, mark) == SQLITE_OK && sql_do(sql, SQL_COMMIT) == SQLITE_OK)
        return true;
    sql_fail(sql, e);
    if (!sqlite3_get_autocommit(sql->db))
        (void)sql_do(sql, SQL_ROLLBACK);
    return false;
}
