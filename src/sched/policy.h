// policy.h - a slot is due: run it, skip it, or let it wait. Pure; every verdict can be recorded
// and explained.
//
// The rules, in order:
//   0. Holds: a slot that falls into a pause or a freeze of the job is skipped, and so is one that
//   could only run in there. What is due of it is folded into one row, then the next row has time
//   (POLICY_HOLD_US), so that a long freeze of a frequent job is told in few. A trigger that
//   follows events is skipped once, then waits for the end; in a pause it waits at once, is skipped
//   at the end, and goes on from there. A single date waits for the end of a pause and is late
//   then. What lies on the two sides of a beginning is never folded together. Slots that were asked
//   not to run have a row each.
//   1. Age: slots that are older than the job's window, or (first, all) later than its grace, are
//   folded into one skip.
//   2. Slots missed since the last look. last: they are folded into the last of them; first: the
//   first of them runs, and one row says so of the others; all: they are taken one by one, but for
//   those that are more than the newest misfire_max, which are folded into one skip; skip: all but
//   the last are folded into one skip.
//   3. Grace: a slot noticed later than its grace is skipped.
//   4. Spread: what is made up for waits for its part of the time given.
//   5. Overlap: of a slot that comes while as many runs of the job are going as may, the job's
//   overlap says what becomes: it is skipped, or it is queued (until queue_max are; under cancel
//   and kill those before it make room). Under all it waits instead of being skipped so, and then
//   the rules above decide again.
//   6. Everything else runs.
// Lateness counts from when a slot was to ring: its moment and its jitter.
#pragma once

#include <stdint.h>

#include "base/clock.h"
#include "job/job.h"
#include "job/run.h"
#include "sched/hold.h"

enum verdict_kind {
    VERDICT_RUN,
    VERDICT_SKIP,
    VERDICT_WAIT,
    VERDICT_QUEUE, // it gets its row, and waits for another run of its job to end
};

// One row of the ledger: a slot, and earlier ones that are folded into it.
struct verdict_row {
    wall slot;
    int64_t missed;   // earlier slots
    wall missed_from; // the first of them; 0 when missed is 0
};

struct verdict {
    enum verdict_kind kind;
    enum run_reason reason;  // of a skip
    const char *message;     // of a skip, for a person; NULL: none. Borrowed from what was asked
    struct verdict_row row;  // the slot that is run or skipped
    struct verdict_row rest; // later slots that the run stands for, skipped as REASON_COALESCED;
                             // slot 0: none
    bool is_catchup;         // late by more than a second, or standing for missed ones
    wall next;               // the slot to plan after this verdict; the same slot when it waits
    wall not_before;         // when to look at it, if it is due earlier; 0: when it is due
    wall spread_from;        // to be kept for the next look
};

// What a trigger was asked last: many jobs that are due together share one, and its answers. Begins
// as {0}; no trigger of it may have gone since.
struct policy_memo {
    const struct trigger *trigger; // NULL: none
    wall slot, next;
    const struct trigger *folded; // likewise
    wall first, upto;
    struct verdict_row row; // the slots from first up to upto
    wall behind;            // the next one
};

// What a verdict is asked for.
struct situation {
    const struct job *job;
    struct holds holds;
    wall slot; // the job's first slot without a row; it has rung
    wall now;
    int running;      // the job's runs in progress
    wall spread_from; // since when missed slots are being made up for bit by bit; 0: they are not
    int queued;       // its runs that wait for one of those in progress to end
    struct policy_memo *memo; // NULL: nothing is remembered
};

// Counting missed slots stops here; the run then says "at least so many".
#define POLICY_COUNT_MAX 100000

#define POLICY_HOLD_US (INT64_C(3600) * 1000000) // between two rows of a job about one hold

// What the row of missed slots says when it is not their grace that has decided.
#define POLICY_MESSAGE_MAX "more slots were missed than misfire.max lets be made up for"
#define POLICY_MESSAGE_WINDOW "misfire.window lets nothing so old be made up for"
#define POLICY_MESSAGE_SKIP "misfire.policy skip makes up for nothing but the last slot"
#define POLICY_MESSAGE_COALESCED "made up for by the run of the first slot that was missed"

void policy_decide(const struct situation *s, struct verdict *ret_verdict);
