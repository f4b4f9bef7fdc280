// rates.h - what rates remember of past starts, kept over restarts.
//
// A rate would let its first starts through at once after every restart. So what they owe (room.h)
// is written into the store beside the calendars: one row (STORE_RATES) with the moment from which
// on each may forget, of those that will not within RATES_LEAST_US. It is written after starts that
// rates have let through, one write at a time; when there are many rates, once in RATES_PERIOD_US
// at most. When belfry is killed, what it has not written yet is forgotten: so many starts are let
// through once more.
//
// The moments are of the calendar: a clock that is set while belfry does not run cannot make
// anybody wait longer than a burst at that rate takes.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
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
    char *loaded;    // what was kept, until rates_begin
    uint64_t passes; // of the room, when it was written last
    mono next;       // not written again before
    bool is_writing;
};

void rates_init(struct rates *r, struct loop *loop, struct store *store, struct room *room);
void rates_done(struct rates *r);

// The row that the store has told; and then, when jobs and pools are there, it counts.
void rates_load(struct rates *r, const struct store_calendar *row);
void rates_begin(struct rates *r, const struct due *due);

// Something may have started: what is owed is kept.
void rates_look(struct rates *r);
