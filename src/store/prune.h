// prune.h - removes old rows of the ledger: the part of the writer that does it.
#pragma once

#include <stdbool.h>

#include "store/db.h"
#include "store/request.h"

// All within the transaction that is open. False when the database cannot go on.

// Carries out a REQUEST_PRUNE.
[[nodiscard]] bool prune_runs(struct db *db, struct request *r);

// Carries out a REQUEST_DELETE_RUN.
[[nodiscard]] bool prune_one(struct db *db, struct request *r);

// Removes the final run of a slot and all that belongs to it; whether there is one is not looked
// at.
[[nodiscard]] bool prune_run(struct db *db, int64_t run_id, int64_t slot);
