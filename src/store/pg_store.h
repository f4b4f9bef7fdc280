// pg_store.h - the store in a PostgreSQL schema, which several belfry may share (nodes.h).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "store/store.h"

#define PG_LEASE_US 5000000
#define PG_LEASE_MIN_US 1000000
#define PG_LEASE_MAX_US 600000000

struct pg_store_options {
    const char *uri;       // whatever libpq understands
    const char *node_name; // who we are: no two belfry on a schema have the same
    const char *version;   // of belfry, for people who look
    const char *address;   // base URL under which other nodes reach us; NULL: they do not
    const char *tags;      // job/tags.h: words with a blank between; NULL: none
    int64_t lease_us;      // 0: PG_LEASE_US
    const int64_t *kept;   // runs of an earlier process of our name that still run (exec/keeper.h)
    size_t kept_count;
    struct shared_clock *shared; // is set to the server's calendar, from the open on; may be NULL
};

// Connects, makes or migrates the tables in the first schema of the search path, and joins those
// who share it: what an earlier process of our name left running is RUN_ORPHANED, but for what is
// kept: that stays RUN_RUNNING and ours, is told by the load as if it were orphaned, and may be
// adopted. loop, clock and shared are borrowed; the rest is copied.
//
// Fails, with the database in the message (never a password) and the cure in the hint: ERR_BUSY
// when another belfry has our name (its address and session are named); ERR_LIMIT when 64 nodes are
// there; ERR_STORE when there is no connection, the role may not do what is needed, or the schema
// is not belfry's or a newer belfry's. Once open, a connection that is lost is made again; until
// then requests are answered with ERR_STORE, and stats tell the failure.
[[nodiscard]] bool pg_store_open(struct loop *loop, const struct clock *clock,
                                 const struct pg_store_options *options, struct store **ret,
                                 struct err *e);
