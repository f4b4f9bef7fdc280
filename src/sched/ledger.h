// ledger.h - from a verdict to rows of the ledger.
#pragma once

#include <stddef.h>

#include "job/job.h"
#include "job/run.h"
#include "sched/policy.h"

#define LEDGER_ROWS_MAX 2 // of one verdict

// The row of a run that starts now; its slot is still to be filled in.
void ledger_run(struct run_ids *ids, const struct job *job, wall now, struct run *ret_run);

// The rows of a verdict that is not VERDICT_WAIT; returns how many. Only the first may be a run.
// Messages are borrowed from the verdict.
size_t ledger_rows(struct run_ids *ids, const struct job *job, const struct verdict *v, wall now,
                   struct run ret_rows[LEDGER_ROWS_MAX]);
