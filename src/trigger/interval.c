// interval.c - the k-th slot of an interval is start + k * every; everything else is division.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/interval.h"

// How many slots there are from start up to and including a moment not before start. The
// difference of two moments within years 2 to 9998 fits an int64_t; `at` beyond them is cut at
// end first.
static int64_t slots_until(const struct interval *i, wall at)
{
    if (at.us > i->end.us)
        at = i->end;
    return at.us < i->start.us ? 0 : (at.us - i->start.us) / i->every_us + 1;
}

wall interval_next(const struct interval *i, wall after)
{
    int64_t next;

    if (after.us >= i->end.us)
        return WALL_NEVER;
    if (__builtin_mul_overflow(slots_until(i, after), i->every_us, &next) ||
        __builtin_add_overflow(next, i->start.us, &next) || next > i->end.us)
        return WALL_NEVER;
    return (wall){next};
}

wall interval_prev(const struct interval *i, wall at)
{
    int64_t count = slots_until(i, at);

    return count == 0 ? WALL_NEVER : (wall){i->start.us + (count - 1) * i->every_us};
}

int64_t interval_count(const struct interval *i, wall after, wall upto, int64_t max, wall *ret_last)
{
    int64_t before = slots_until(i, after);
    int64_t count = slots_until(i, upto) - before;

    if (count > max)
        count = max;
    if (count <= 0) {
        *ret_last = WALL_NEVER;
        return 0;
    }
    *ret_last = (wall){i->start.us + (before + count - 1) * i->every_us};
    return count;
}
