// takeover.h - from a file to a ledger that is ours: look whether it is sound, and set aside what
// the process before left running.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "store/sql.h"

struct takeover {
    int64_t node_id;    // our incarnation, never used before
    int64_t change_seq; // of the latest change of a job
    int64_t orphaned;   // runs that were running
    int64_t last_run_id;
    wall watermark;
};

// Opens the database as the one writer: made, checked and migrated. A database that is there but
// empty although its log holds data is refused. path as from lock_resolve, locked. NULL with *e.
[[nodiscard]] struct sql *takeover_open(const char *path, struct err *e);

// One transaction: a new incarnation, every run that was running is RUN_ORPHANED, the shutdown
// counts as unclean until takeover_leave.
[[nodiscard]] bool takeover(struct sql *sql, struct str node_name, struct str version, wall now,
                            struct takeover *ret, struct err *e);

// Marks a clean shutdown; failing only makes the next start slower.
void takeover_leave(struct sql *sql, int64_t node_id, int64_t change_seq, wall now);
