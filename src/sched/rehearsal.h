// rehearsal.h - the weeks to come in seconds: given jobs in the real scheduler, under a simulated
// clock, with runs that only pretend.
//
// What it tells is what the scheduler would do if each run took as long as it is said to: which
// runs overlap and are skipped, what waits for a place, and when most runs at once.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "base/vec.h"
#include "job/job.h"
#include "job/run.h"
#include "store/store.h"
#include "time/zone.h"

#define REHEARSAL_NAMES_MAX 20

// How many reasons there are; their numbers are below it.
enum {
    RUN_REASON_COUNT = 0
#define X(name, ...) +1
#include "job/run_reason.def"
#undef X
};

struct rehearsal_options {
    struct zones *zones; // borrowed
    struct str timezone; // default zone of triggers; borrowed
    wall from, to;
    int64_t assume_us;                 // how long runs take that nothing is known of
    int places;                        // runs at once; 0: no limit
    const struct job_presets *presets; // borrowed; NULL: the built-in ones
};

// What became of a job's slots.
struct rehearsed {
    char *name; // owned
    enum job_state state;
    bool is_known;    // how long it takes
    int64_t takes_us; // as known, or assumed
    int64_t runs, busy_us;
    int64_t skipped[RUN_REASON_COUNT];    // slots, by why
    int64_t waited, wait_us, wait_max_us; // runs that began after their slot and jitter; in all
    wall longest_at;                      // the slot of the one that waited longest
    int running, most;                    // at once
    wall skipped_at;                      // the first slot that was skipped; 0: none
};

// When most runs were in progress.
struct rehearsal_peak {
    int count;
    wall at; // since when
    int64_t lasts_us;
    size_t names[REHEARSAL_NAMES_MAX]; // of the jobs then, as far as there is room
    size_t name_count;
};

struct rehearsal_result {
    VEC_OF(struct rehearsed *) jobs; // by name, once it has run
    struct rehearsal_peak peak;
    int64_t runs, skipped, waited, busy_us;
};

struct rehearsal;

// Jobs and calendars are added, then it is run once. takes_us: how long its runs take; below 0: not
// known. What happens at a start of belfry does not happen here; a date that has passed is over.
[[nodiscard]] struct rehearsal *rehearsal_new(const struct rehearsal_options *options);
void rehearsal_add_calendar(struct rehearsal *r, const struct store_calendar *row);
void rehearsal_add_job(struct rehearsal *r, const struct job_row *row, int64_t takes_us);
[[nodiscard]] bool rehearsal_run(struct rehearsal *r, struct err *e);
const struct rehearsal_result *rehearsal_told(const struct rehearsal *r); // borrowed
void rehearsal_free(struct rehearsal *r);                                 // accepts NULL
