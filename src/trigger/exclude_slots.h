// exclude_slots.h - a trigger's slots once its calendars have had their say.
//
// Excluded slots are left out or moved (exclude.h). What is moved to where a slot is already is one
// with it. Days are those of the trigger's zone; a local time that the clocks of that day skip or
// show twice is taken as dst.h's "first" does.
#pragma once

#include <stdbool.h>

#include "base/clock.h"
#include "time/zone.h"
#include "trigger/exclude.h"
#include "trigger/trigger.h"

#define EXCLUDE_DAYS_MAX 100   // so far a slot may be moved; one that finds no free day is left out
#define EXCLUDE_WORK_MAX 20000 // of one search: some 1 ms

// The trigger without its calendars.
struct exclude_base {
    const struct trigger *t;
    const struct zone *zone;
    wall (*next)(const struct trigger *t, wall after, int64_t *work); // as kind.next_within
    wall (*prev)(const struct trigger *t, wall at);
};

// The least slot after a moment and not after upto; WALL_NEVER when there is none. What it costs is
// taken from *work, and nothing is found when that is used up: of EXCLUDE_WORK_MAX after some
// thousand slots and stretches of which each is excluded by itself - years of days.
wall exclude_next(const struct exclude *x, const struct exclude_base *base, wall after, wall upto,
                  int *work);

// Where an excluded slot of the base is moved to; WALL_NEVER: it is left out.
wall exclude_moved(const struct exclude *x, const struct exclude_base *base, wall slot);

// The least excluded slot of the base after a moment and not after upto, and what excludes it;
// WALL_NEVER when there is none.
wall exclude_next_out(const struct exclude *x, const struct exclude_base *base, wall after,
                      wall upto, struct exclude_mark *ret_mark);
