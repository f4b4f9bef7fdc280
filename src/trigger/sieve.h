// sieve.h - a coarse set that holds every moment which several triggers can share.
//
// What they really share is found by asking each of them in turn; the sieve drops moments that
// cannot be among those, and so tells "never" from "not yet". It takes calendars that are read in
// one zone, and intervals.
#pragma once

#include <stdbool.h>

#include "base/clock.h"
#include "time/zone.h"
#include "trigger/calendar.h"
#include "trigger/interval.h"

struct sieve {
    const struct zone *zone;  // of the calendars; borrowed
    struct calendar calendar; // matches what all of them match, and perhaps more
    int calendars;            // how many there are
    bool is_bare;             // no local time matches: only gaps are left
    bool has_gaps;            // a gap's end may stand for times inside of it
    int64_t grid_s;           // all of calendar lies this far apart, counted from
    int64_t grid_at_s;        // this local second; 0 < grid_s
    struct interval interval; // what all intervals share
    int intervals;
    bool is_empty; // the intervals share nothing
};

void sieve_init(struct sieve *s, const struct zone *zone);

// A calendar whose dst policy moves times out of a gap to more than its end (shift, both) is not
// taken: false.
bool sieve_add_calendar(struct sieve *s, const struct calendar *c);
void sieve_add_interval(struct sieve *s, const struct interval *i);

// A moment after another, before which nothing is shared; WALL_NEVER when nothing is shared at all.
wall sieve_next(const struct sieve *s, wall after);
