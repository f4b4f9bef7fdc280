// rates.h - what rates remember of past starts, kept over restarts.
//
// A rate would let its first starts through at once after every restart. So what they owe (room.h)
// is written into the store beside the calendars: one row (STORE_RATES) with the moment from which
// on each may forget, of those that will not within RATES_LEAST_US. It is written after starts that
// rates have let through, one write at a time; when there are many rates, once in RATES_PERIOD_US
// at most. When belfry is killed, what it has not written yet is forgotten: so many starts are let
// through once more.
//
// Among several nodes each writes a row with its name; what a pool or a job that has come to a node
// owes is the most that any of the rows says.
//
// The moments are of the calendar: a clock that is set while belfry does not run cannot make
// anybody wait longer than a burst at that rate takes.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "base/vec.h"
#include "sched/due.h"
#include "sched/room.h"
#include "store/store.h"

#define RATES_PERIOD_US INT64_C(1000000)
#define RATES_FEW_BYTES 4096 // a row up to this size is written without delay
#define RATES_LEAST_US INT64_C(2000000)

struct rates {
    struct loop *loop; // borrowed, as are the others
    struct store *store;
    struct room *room;
    struct loop_timer timer;
    VEC_OF(char *) loaded; // what was kept: the bodies of the rows
    char *name;            // of our own row
    uint64_t passes;       // of the room, when it was written last
    mono next;             // not written again before
    bool is_writing;
};

void rates_init(struct rates *r, struct loop *loop, struct store *store, struct room *room);
void rates_done(struct rates *r);

// Among several nodes: our name.
void rates_name(struct rates *r, struct str name);

// A row that the store has told; and then, when jobs and pools are there, it counts for what is
// ours.
void rates_load(struct rates *r, const struct store_calendar *row);
void rates_begin(struct rates *r, const struct due *due);

// All rows that there are, of every kind, as they stand now; and then, jobs have come to us.
void rates_sync(struct rates *r, const struct store_calendar *rows, size_t count);
void rates_gain(struct rates *r, struct entry *const *entries, size_t count);

// Something may have started: what is owed is kept.
void rates_look(struct rates *r);
