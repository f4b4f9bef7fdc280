// uptime.h - when belfry itself was running: the periods of its processes, as the store tells them.
//
// A process that was killed has not said when it ended. Its period then ends with its last sign of
// life (a claim, or the look it has at the store each minute), and the gap behind it begins there
// at the earliest.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/vec.h"
#include "store/store.h"

// The oldest first, not overlapping; the last one is this process's, which has no end yet.
struct uptimes {
    VEC(struct store_uptime);
};

void uptimes_done(struct uptimes *all);

// Adds the next period. One that begins before the last one ends (the clock was set back) ends that
// one.
void uptimes_add(struct uptimes *all, const struct store_uptime *period);

// The longest time between two periods that touches [from, upto]; false when there is none.
struct uptime_gap {
    wall from, to;
    bool is_clean; // the process before had said when it ended
};
bool uptimes_gap(const struct uptimes *all, wall from, wall upto, struct uptime_gap *ret_gap);
