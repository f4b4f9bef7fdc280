// pg_clock.h - what PostgreSQL's clock shows, as exactly as its answers allow.
//
// An answer was true at some moment of its journey: the middle is wrong by half of it at most. Of
// the last few the quickest says most; two that contradict each other mean that the server's clock
// was set, and only the later one counts.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "store/pg.h"

#define PG_CLOCK_SAMPLES 8

struct pg_clock {
    struct shared_clock *shared; // to be set; NULL: nobody wants to know
    struct pg_clock_sample {
        int64_t offset_us;  // from our stopwatch to the server's calendar
        int64_t journey_us; // 0: there is none
    } samples[PG_CLOCK_SAMPLES];
    size_t next;
};

// Asks once, and sets the clock. False when the connection is lost.
[[nodiscard]] bool pg_clock_look(struct pg_clock *c, struct pg *pg);

// The same for an answer that is there: what the calendar read, between two readings of our
// stopwatch.
void pg_clock_add(struct pg_clock *c, wall at, mono sent, mono came);
