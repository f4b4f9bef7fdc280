// takeover.h - from a database to a ledger that is ours: a new incarnation, and what the process
// before left running is set aside.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "store/db.h"

struct takeover {
    int64_t node_id;    // our incarnation, never used before
    int64_t change_seq; // of the latest change of a job
    int64_t orphaned;   // runs that were running
    int64_t last_run_id;
    wall watermark;
};

// One transaction: a new incarnation, every run that was running is RUN_ORPHANED, the shutdown
// counts as unclean until takeover_leave.
[[nodiscard]] bool takeover(struct db *db, struct str node_name, struct str version, wall now,
                            struct takeover *ret, struct err *e);

// Within a transaction: that incarnation holds the store from now on, and has not ended cleanly.
[[nodiscard]] bool takeover_begin(struct db *db, int64_t node_id, struct str version, wall now);

// Marks a clean shutdown; failing only makes the next start slower.
void takeover_leave(struct db *db, int64_t node_id, int64_t change_seq, wall now);

// A number of the table meta. False when it is not there, too.
[[nodiscard]] bool takeover_meta_get(struct db *db, const char *key, int64_t *ret_n);
