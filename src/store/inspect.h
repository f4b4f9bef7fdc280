// inspect.h - looks into a database without owning it, beside a server that runs or without one.
//
// Nothing is written. A check reads all of the file: a minute for each few gigabytes. path may be
// the URL of a PostgreSQL database: then a check looks at the rows, and leaves the structure to
// PostgreSQL.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "job/job.h"
#include "job/run.h"

#define INSPECT_TEXT_MAX 500
#define INSPECT_STATES 16 // of runs: their stored numbers are below

struct inspection {
    int version, version_known; // of the schema: the file's, this program's
    int64_t bytes, free_bytes;  // of the file; of pages in it that are not used
    int64_t jobs[JOB_DELETED + 1];
    wall oldest, newest; // slots that have rows; 0: none
    wall up_from, up_to; // the latest belfry on it: begin, and end or last sign of life
    bool is_clean;       // it has said that it ended
    int64_t days, apart; // PostgreSQL: days of history with tables of their own; rows beside them
    // The rest only of inspect_check.
    int64_t runs[INSPECT_STATES]; // by state
    int64_t pruned;               // rows that retention has removed
    int64_t stray_runs, stray_outputs, stray_asks, stray_attempts; // that belong to nothing
    char fault[INSPECT_TEXT_MAX]; // what is wrong with the structure; empty: nothing is
};

// The quick part. ERR_STORE when the file cannot be read, is none of belfry's, or has a newer
// schema.
[[nodiscard]] bool inspect_status(const char *path, struct inspection *ret, struct err *e);

// All of it: structure, counts, rows that belong to nothing. A fault is no error; a file that
// cannot even be opened is.
[[nodiscard]] bool inspect_check(const char *path, struct inspection *ret, struct err *e);
