// tally.h - how many runs, how long, how late, how they ended: counts since the start, and what is
// remembered of each job.
//
// Counted where it happens, on the loop's thread: a few additions a run, no allocation but for the
// first run of a job. Unlike events nothing is overwritten, so these counts are exact whoever
// looks.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/histogram.h"
#include "base/list.h"
#include "base/radix.h"
#include "job/job.h"
#include "job/run.h"
#include "job/run_certificate.h"

// Room for the numbers of enums that are stored and may grow: index by the number.
enum {
    TALLY_STATES = 16,
    TALLY_KINDS = 8,
    TALLY_ORIGINS = 8,
    TALLY_REASONS = 32,
};

extern const struct histogram_bounds tally_length_bounds, tally_lag_bounds, tally_phase_bounds;

// What is remembered of a job that has run. 0 where there is nothing yet.
struct tally_job {
    struct list failing; // in tally.failing while its last run did not end well
    int64_t job_id;
    int64_t run_id;    // the run that ended last
    wall slot;         // and its slot
    wall ended_at;     // and when
    wall succeeded_at; // when a run ended well last
    int64_t length_us;
    enum run_state state;
    int32_t exit_code;                       // -1: it did not exit by itself
    struct tally_certificates *certificates; // NULL: no certificate check has ended
    bool is_past;     // as the store knew it at the start: it has not run since
    int32_t failures; // in a row, up to the last one
};

// What the last checks of a job's hosts have found.
struct tally_certificates {
    struct arena *arena; // owns the texts and v
    struct run_certificate *v;
    size_t count;
};

enum tally_phase {
    TALLY_DNS,
    TALLY_CONNECT,
    TALLY_TLS,
    TALLY_PHASES
};

struct tally {
    int64_t ended[TALLY_STATES][TALLY_KINDS][TALLY_ORIGINS];
    struct histogram length[TALLY_STATES][TALLY_KINDS]; // of runs that were carried out
    struct histogram lag[TALLY_KINDS]; // from the slot to the start, of runs on their schedule
    int64_t missed[TALLY_REASONS];     // slots
    int64_t retried[TALLY_KINDS];
    int64_t late_max_us;                  // the largest lag
    int64_t late_recent_us;               // likewise, since somebody has set it to 0
    struct histogram phase[TALLY_PHASES]; // of certificate checks
    struct radix jobs;                    // by number
    struct list failing;
    size_t failing_count;
};

void tally_init(struct tally *t);
void tally_done(struct tally *t);

// A run, as far as counting goes.
struct tally_run {
    enum job_kind kind;
    enum run_origin origin;
    int64_t job_id;
    wall slot;
};

struct tally_run tally_run_of(enum job_kind kind, const struct run *run);

// A run has ended, or one attempt of it that is followed by another (try_at). has_job: its job is
// still there, and remembers it.
void tally_end(struct tally *t, const struct tally_run *run, const struct run_end *end,
               bool has_job);

// A row of the ledger was made: a skip, or slots that it stands for as well.
void tally_row(struct tally *t, enum job_kind kind, const struct run *row);

// What is remembered of a job; NULL when it has not run. tally_job_set takes what the store knows,
// unless a run has ended since.
const struct tally_job *tally_job(const struct tally *t, int64_t job_id);
void tally_job_set(struct tally *t, const struct tally_job *past);
void tally_job_forget(struct tally *t, int64_t job_id);

// The jobs whose last run did not end well: NULL begins, NULL at the end.
const struct tally_job *tally_failing_next(const struct tally *t, const struct tally_job *job);
