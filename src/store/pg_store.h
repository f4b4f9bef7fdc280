// pg_store.h - the store in a PostgreSQL schema, for one process at a time.
#pragma once

#include <stdbool.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "store/store.h"

struct pg_store_options {
    const char *uri;       // whatever libpq understands
    const char *node_name; // who we are, for people who look into the table
    const char *version;   // of belfry, for the same
};

// Connects, makes or migrates the tables in the first schema of the search path, and ends what an
// earlier process left alive. loop and clock are borrowed; the options are copied.
//
// Fails, with the database in the message (never a password) and the cure in the hint: ERR_BUSY
// when another belfry has the schema (its node, address and session are named); ERR_STORE when
// there is no connection, the role may not do what is needed, or the schema is not belfry's or a
// newer belfry's. Once open, a connection that is lost is made again; until then requests are
// answered with ERR_STORE, and stats tell the failure.
[[nodiscard]] bool pg_store_open(struct loop *loop, const struct clock *clock,
                                 const struct pg_store_options *options, struct store **ret,
                                 struct err *e);
