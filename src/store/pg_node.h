// pg_node.h - who we are among the belfry on a PostgreSQL schema: a row of the table node, and a
// session's lock on our name.
//
// The lock goes with its connection however that ends, and tells a name that is in use from one
// whose process is gone: who comes back under its name takes its row over at once, and gets the
// runs that its keepers still have.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "store/pg.h"

struct pg_node {
    struct str name, address, version, tags;
    int64_t lease_us;
    const int64_t *kept; // runs that our keepers still have
    size_t kept_count;

    // Filled in by pg_node_join.
    int64_t id; // of this incarnation
    int slot;
    int64_t session;     // that has the lock on our name, at the server
    int64_t orphaned;    // runs that were running under our name
    int64_t last_run_id; // greatest of all
    mono renewed;        // when the lease was asked for
};

// The lock on our name is ours; *ret_session is the number of our session there. ERR_BUSY with its
// holder when another has it for three seconds on. A session of ours before (own_session, 0: none),
// whose connection is lost, is ended; so is one of a node whose lease is over.
[[nodiscard]] bool pg_node_lock(struct pg *pg, struct str name, int64_t own_session,
                                int64_t *ret_session, struct err *e);

// A new incarnation, in a new epoch: a row of that name before is gone, and its runs that are not
// kept are RUN_ORPHANED. The lock must be ours. ERR_LIMIT when 64 nodes are there.
[[nodiscard]] bool pg_node_join(struct pg *pg, struct pg_node *node, wall now, struct err *e);

// Whether that run is one that our keepers have kept.
bool pg_node_has_kept(const struct pg_node *node, int64_t run_id);

// A clean end: the row goes; where runs go on with their keepers it stays until its lease ends
// (NODE_AWAY). A new epoch in any case. Failing only means that the others wait for our lease.
void pg_node_leave(struct pg *pg, const struct pg_node *node, wall now);

// ERR_BUSY when a node is there whose lease holds; else nobody joins or writes until the session
// ends.
[[nodiscard]] bool pg_node_exclude(struct pg *pg, struct err *e);
