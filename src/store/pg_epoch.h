// pg_epoch.h - epochs in PostgreSQL: who is there, and what follows when that changes.
//
// A batch of writes shares an advisory lock until its end, as its first statement (PG_EPOCH_SHARE);
// whoever begins an epoch has it alone. So an epoch begins between batches, whatever is behind it
// sees what was written before, and within a batch it is what it was at the beginning.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "store/pg.h"

// Sends what makes a new epoch out of a transaction that has the lock alone: first pg_epoch_low,
// then the change itself, then pg_epoch_settle (node: ours, which needs not be told).
void pg_epoch_low(struct pg *pg);
void pg_epoch_settle(struct pg *pg, int64_t node);

// Sends or carries out a change of who is there. False when that failed.
typedef bool pg_epoch_fn(struct pg *pg, void *ctx);

// A whole transaction: the lock, a new epoch with that change, COMMIT. change may be NULL. False,
// and nothing has changed, when one of them failed - or, when the connection broke, perhaps all of
// it has.
[[nodiscard]] bool pg_epoch_change(struct pg *pg, int64_t node, pg_epoch_fn *change, void *ctx);
