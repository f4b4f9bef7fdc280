// interval.h - slots at equal distances in elapsed time: arithmetic, whatever the clocks do.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

// The slots start, start + every, ... up to and including end. every > 0, start <= end.
struct interval {
    int64_t every_us;
    wall start;
    wall end;
};

wall interval_next(const struct interval *i, wall after); // least slot above; WALL_NEVER
wall interval_prev(const struct interval *i, wall at);    // greatest slot not above; WALL_NEVER

// Slots in (after, upto], at most max.
int64_t interval_count(const struct interval *i, wall after, wall upto, int64_t max,
                       wall *ret_last);

// The slots that two intervals share, again an interval (the Chinese remainder theorem). False when
// there are none. Of a pair that meets once in more than 292,000 years only the first is kept.
bool interval_meet(const struct interval *a, const struct interval *b, struct interval *ret_both);
