// outputs.h - the files of output go with the rows of their runs.
//
// Where a row is removed, its files follow at once (outputs_remove). Between the two belfry may
// die; and a keeper that was killed leaves the directory of a private /tmp behind. So soon after
// each start, and once a day, all files are looked through, some at a time: what belongs to no row
// goes. A file is only made for a run whose row is durable, so none is met too early.
#pragma once

#include <stdint.h>

#include "base/loop.h"
#include "store/store.h"

#define OUTPUTS_STEP 64                             // files that are looked at together
#define OUTPUTS_FIRST_US 5000000                    // after the start
#define OUTPUTS_STEP_US 20000                       // between two steps
#define OUTPUTS_ROUND_US (24 * INT64_C(3600000000)) // between two rounds

struct sweep;

struct outputs {
    struct loop *loop;
    struct store *store;
    char *runs_dir;    // NULL: there are no files
    struct pool *pool; // what touches the disk; NULL until something does
    struct loop_timer timer;
    bool is_leaving;
    bool is_asking;       // questions of the round are with the store
    struct sweep *sweep;  // the round under way; NULL: none
    int64_t rounds;       // that are over
    int64_t files, bytes; // that the last of them has left
    int64_t removed;      // files that belonged to no row, since the start
};

// All are borrowed, but runs_dir is copied; NULL when there are no files.
void outputs_init(struct outputs *o, struct loop *loop, struct store *store, const char *runs_dir);

// Waits for what touches the disk. Answers of the store that are still to come are ignored.
void outputs_done(struct outputs *o);

// Rows of these runs have been removed: so are their files, in the background.
void outputs_remove(struct outputs *o, const struct store_gone *gone, size_t count);
