// pg_migrate.h - is this schema ours, and that of today? If it is older, or empty, bring it there.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "store/pg.h"

// Looks, and changes nothing: ERR_STORE when the database has another encoding than UTF-8, is a
// standby, or names no schema to work in; when the schema is another program's, or a newer belfry's
// and not compatible with this one. *ret_version is 0 where there is nothing yet.
[[nodiscard]] bool pg_migrate_check(struct pg *pg, int64_t *ret_version, struct err *e);

// Takes what is missing, a transaction a step, one belfry at a time. ERR_BUSY when a node is there
// that would not know the tables any more.
[[nodiscard]] bool pg_migrate(struct pg *pg, int64_t version, struct err *e);

// While nobody takes steps: whether a node of this program may join still. False: see trouble.
[[nodiscard]] bool pg_migrate_admits(struct pg *pg);

int pg_migrate_version(void); // that this program knows
