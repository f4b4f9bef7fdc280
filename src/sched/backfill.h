// backfill.h - past slots of a job, run because somebody asked for it.
//
// The slots of a stretch of time are those of the job's present trigger, also from before the job
// was made. Those that have been run (by schedule, or by an earlier backfill, however they ended)
// are left out unless they are to be run again; a slot that was skipped or folded into another has
// not been run. Each of the others gets a row of its own (RUN_BACKFILL, run_ask.slot), all of them
// in one transaction, and begins in its turn (groups.h). The watermark and the job's own slots stay
// as they are.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sched/sched.h"

#define BACKFILL_SLOTS_MAX 10000 // in one question, and of one job in progress
#define BACKFILL_PARALLEL_MAX 100
#define BACKFILL_ROWS_MAX 100000 // of history in the stretch that are looked through

struct backfill_ask {
    wall from, to;     // inclusive; what is still to come is left out
    size_t newest_max; // only the newest so many of those that are found; 0: all
    int parallel;      // 1 to BACKFILL_PARALLEL_MAX
    bool is_newest_first;
    bool is_rerun;  // also those that have been run
    bool is_forced; // though a freeze holds the job
    bool is_dry;    // only tells
};

struct backfill_told {
    int64_t id;        // of the backfill: its first run's; 0: there is none
    const wall *slots; // in the order in which they are run
    size_t count;
    size_t ran; // slots that were left out because they have been run
};

// err: ERR_NOT_FOUND, ERR_INPUT (from, to: too many slots, or none can be), ERR_FROZEN, ERR_BUSY
// (too many of its runs are in progress), ERR_STORE. told lives until it returns.
typedef void backfill_done(const struct err *err, const struct backfill_told *told, void *ctx);
void backfill(struct sched *s, struct str job_name, const struct backfill_ask *ask,
              backfill_done *done, void *ctx);

// Cancels what is alive of a backfill: how many runs that were.
size_t backfill_cancel(struct sched *s, int64_t id);
