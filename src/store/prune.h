// prune.h - removes old rows of the ledger: the part of the writer that does it.
#pragma once

#include <stdbool.h>

#include "store/request.h"
#include "store/sql.h"

// Carries out a REQUEST_PRUNE within the transaction that is open. False when SQLite cannot go on.
[[nodiscard]] bool prune_runs(struct sql *sql, struct request *r);

// Removes a run and all that belongs to it; whether there is one is not looked at.
[[nodiscard]] bool prune_run(struct sql *sql, int64_t run_id);
