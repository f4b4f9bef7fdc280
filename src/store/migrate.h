// migrate.h - is this file ours, and does it have the schema of today? If it is older, bring it
// there.
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "store/sql.h"

#define MIGRATE_APPLICATION_ID 0x62656c66 // "belf"

// The schema this program knows.
int migrate_version(void);

// Reads whether the database is empty (new) or belfry's, and not of a newer schema. Writes nothing.
// ERR_STORE otherwise.
[[nodiscard]] bool migrate_check(struct sql *sql, struct err *e);

// Carries out the steps that the database lacks, one transaction each. ERR_STORE when it cannot be
// written.
[[nodiscard]] bool migrate(struct sql *sql, struct err *e);
