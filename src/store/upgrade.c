// upgrade.c - a database and the steps that it lacks.
// SPDX-License-Identifier: Apache-2.0
#include "store/upgrade.h"

#include <stdlib.h>

#include "base/file.h"
#include "store/inspect.h"
#include "store/lock.h"
#include "store/migrate.h"
#include "store/pg_migrate.h"
#include "store/pg_uri.h"
#include "store/sqlite_file.h"

static bool file_upgrade(const char *path, struct upgrade *ret, struct err *e)
{
    struct inspection found; // a file that is not there is none to be made here
    char *resolved = inspect_status(path, &found, e) ? lock_resolve(path, e) : NULL;
    int lock = resolved ? lock_take(resolved, e) : -1;
    struct sql *sql = lock >= 0 ? sqlite_file_open(resolved, e) : NULL;
    bool ok = sql != NULL;

    if (ok)
        *ret = (struct upgrade){found.version, migrate_version()};
    sql_close(sql);
    file_close(&lock);
    free(resolved);
    return ok;
}

static bool pg_upgrade(const char *uri, struct upgrade *ret, struct err *e)
{
    struct pg *pg = pg_open(uri, true, e);
    int64_t before, after;
    bool ok = pg && pg_migrate_check(pg, &before, e) && pg_migrate(pg, before, e) &&
              pg_migrate_check(pg, &after, e);

    if (ok)
        *ret = (struct upgrade){(int)before, (int)after};
    pg_close(pg);
    return ok;
}

bool upgrade(const char *path, struct upgrade *ret, struct err *e)
{
    return pg_uri_is(path) ? pg_upgrade(path, ret, e) : file_upgrade(path, ret, e);
}
