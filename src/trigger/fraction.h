// fraction.h - calendars with slots between two seconds: "every 0.25 seconds".
//
// The calendar's seconds are those that hold a slot, so that zones, clock changes and the search
// for a day stay calendar.h's and dst.h's business; where in the minute the slots are is a short
// list of steps.
#pragma once

#include <stdint.h>

#include "base/clock.h"
#include "time/zone.h"
#include "trigger/calendar.h"

#define MINUTE_END_US 59999999 // the last microsecond of a minute

// The microseconds from, from + step, ... of a minute, none above to. 0 <= from <= to <=
// MINUTE_END_US, step > 0.
struct fraction {
    int32_t from_us;
    int32_t to_us;
    int32_t step_us;
};

#define FRACTION_NEVER INT64_MAX

// The seconds of a minute that hold at least one of its slots, as bits 0-59.
uint64_t fraction_seconds(const struct fraction *f);

// The least slot of a minute at or after one of its microseconds, FRACTION_NEVER when there is
// none.
int64_t fraction_find(const struct fraction *steps, int count, int64_t from_us);

// One block; end it with free().
struct fractions {
    struct calendar calendar;
    int count;
    struct fraction steps[];
};

// A calendar whose seconds are set, and count > 0 steps, copied.
[[nodiscard]] struct fractions *fractions_new(const struct calendar *c,
                                              const struct fraction *steps, int count);

// The least slot after a moment, WALL_NEVER when there is none. What a change of the clocks does
// is dst.h's rule: what a short gap swallows runs at the first microsecond after it.
wall fractions_next(const struct fractions *f, const struct zone *zone, wall after);
