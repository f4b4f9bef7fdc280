// upgrade.h - brings a database to the schema of today, without serving it: `belfry db migrate`.
#pragma once

#include <stdbool.h>

#include "base/err.h"

struct upgrade {
    int before; // version of the schema that was found; 0: a PostgreSQL schema without any tables
    int after;
};

// path as in inspect.h. Takes the steps that are missing, a transaction each, so that one that
// fails leaves the ones before. A file must be there, and nobody may have it (ERR_BUSY); tables in
// PostgreSQL are made where there are none, and older nodes may be there as far as they can go on.
// ERR_STORE as from opening a store.
[[nodiscard]] bool upgrade(const char *path, struct upgrade *ret, struct err *e);
