// pg_tidy.h - keeps the tables on PostgreSQL in order, on a connection of its own, so that nobody
// waits for it: days of history are made ahead and go when they are over age (pg_parts.h), and the
// small table of what is alive is swept.
//
// Several belfry may do so at a time: each step is as good whoever does it.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "store/pg.h"

#define PG_TIDY_ENDS 20000     // rows that have left the table of what is alive: it is swept
#define PG_TIDY_ENDS_SOME 500  // or so many, when it is
#define PG_TIDY_SWEEP_MS 10000 // this long ago

struct pg_tidy {
    struct pg *pg;
    // From other threads.
    atomic_llong now;         // the store's clock, in microseconds
    atomic_llong drop_before; // slots before it may go; 0: none
    atomic_llong ends;        // rows that have left the table, since we began
    atomic_bool is_ending;

    int64_t made_on; // the day since 1970 on which tables were made ahead
    int64_t dropped_before;
    int64_t swept_ends;    // of ends, when it was swept last
    mono swept_at, try_at; // try_at: what has failed is not tried before
    bool has_failed;       // and it has been told
};

// Makes the connection. NULL pg stays NULL on failure (ERR_STORE).
[[nodiscard]] bool pg_tidy_init(struct pg_tidy *t, const char *uri, wall now, struct err *e);

// Nobody calls pg_tidy_beat any more.
void pg_tidy_done(struct pg_tidy *t);

// Does what there is to do; once a second is enough. ctx is the pg_tidy.
void pg_tidy_beat(void *ctx);

// Retention has asked for rows before a moment to go: the moment up to which rows are removed one
// by one. Any thread.
wall pg_tidy_before(struct pg_tidy *t, wall now, wall before);
