// sqlite_store.h - the store in one SQLite file, for one process.
#pragma once

#include <stdbool.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "store/store.h"

struct sqlite_store_options {
    const char *path;      // of the database; made when it does not exist (its directory is not)
    const char *node_name; // who we are, for people who look into the table
    const char *version;   // of belfry, for the same
};

// Opens (or makes, or migrates) the database and ends what an earlier process left alive. loop and
// clock are borrowed; the options are copied. The clock is read on the loop's thread only.
//
// Fails, with the path in the message and the cure in the hint: ERR_BUSY when another process holds
// it (its pid is named); ERR_STORE when the file is not a database, not belfry's, of a newer
// belfry, damaged, or cannot be written. A file that exists is never emptied or replaced.
[[nodiscard]] bool sqlite_store_open(struct loop *loop, const struct clock *clock,
                                     const struct sqlite_store_options *options, struct store **ret,
                                     struct err *e);
