// policy.h - a slot is due: run it, skip it, or let it wait. Pure; every verdict can be recorded
// and explained.
//
// The rules, in order:
//   0. Freezes: a slot that falls into a freeze of the job is skipped, and so is one that could
//   only run in a freeze. What is due of the freeze is folded into one row, then the next row has
//   time (POLICY_FREEZE_US), so that a long freeze of a frequent job is told in few. A trigger that
//   follows events is skipped once, then waits for the freeze to end. What lies on the two sides of
//   a freeze's beginning is never folded together.
//   1. Slots missed since the last look are folded into the last of them (coalesce last), or taken
//   one by one (all).
//   2. Misfire: a slot noticed later than its grace is skipped. Lateness counts from when it was to
//   ring.
//   3. Overlap: a slot that comes while max_instances runs of the job are going is skipped; under
//   coalesce all it
//      waits for one of them to end, and then rule 2 decides again.
//   4. Everything else runs.
#pragma once

#include <stdint.h>

#include "base/clock.h"
#include "job/freeze.h"
#include "job/job.h"
#include "job/run.h"

enum verdict_kind {
    VERDICT_RUN,
    VERDICT_SKIP,
    VERDICT_WAIT,
};

struct verdict {
    enum verdict_kind kind;
    enum run_reason reason;      // of a skip
    wall slot;                   // the slot that is run or skipped
    int64_t missed;              // earlier slots folded into it
    wall missed_from;            // the first of them; 0 when missed is 0
    bool is_catchup;             // late by more than a second, or standing for missed ones
    wall next;                   // the slot to plan after this verdict; the same slot when it waits
    wall not_before;             // when to look at it, if it is due earlier; 0: when it is due
    const struct freeze *freeze; // REASON_FREEZE: which
};

// Counting missed slots stops here; the run then says "at least so many".
#define POLICY_COUNT_MAX 100000

#define POLICY_FREEZE_US (INT64_C(3600) * 1000000) // between two rows of a job about one freeze

// slot: the job's first slot without a row, due at rings_at (slot plus jitter) <= now. running: its
// runs in progress. freezes may be NULL.
void policy_decide(const struct job *job, const struct freezes *freezes, wall slot, wall rings_at,
                   wall now, int running, struct verdict *ret_verdict);
