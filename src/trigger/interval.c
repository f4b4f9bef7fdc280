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

// The greatest common divisor of two positive numbers; *ret_factor is what a has to be multiplied
// with to leave it modulo b.
static int64_t common_divisor(int64_t a, int64_t b, int64_t *ret_factor)
{
    int64_t rest = a % b, before = b, factor = 1, factor_before = 0;

    while (rest != 0) {
        int64_t times = before / rest, next = before % rest, factor_next;

        factor_next = factor_before - times * factor;
        factor_before = factor;
        factor = factor_next;
        before = rest;
        rest = next;
    }
    *ret_factor = factor_before;
    return before;
}

bool interval_meet(const struct interval *a, const struct interval *b, struct interval *ret_both)
{
    wall start = a->start.us > b->start.us ? a->start : b->start;
    wall end = a->end.us < b->end.us ? a->end : b->end;
    int64_t factor, divisor = common_divisor(a->every_us, b->every_us, &factor);
    __int128 apart = (__int128)b->start.us - a->start.us;
    __int128 every = (__int128)(a->every_us / divisor) * b->every_us;
    int64_t rhythm = b->every_us / divisor; // of a's slots, each so many one is b's
    __int128 k, at;

    if (apart % divisor != 0)
        return false;
    k = apart / divisor % rhythm * factor % rhythm;
    at = a->start.us + (k < 0 ? k + rhythm : k) * a->every_us;
    if (at > start.us)
        at -= (at - start.us) / every * every;
    else
        at += (start.us - at + every - 1) / every * every;
    if (at > end.us)
        return false;
    *ret_both = (struct interval){
        .every_us = every < INT64_MAX ? (int64_t)every : INT64_MAX,
        .start = {(int64_t)at},
        .end = end,
    };
    return true;
}
