// times.c - a product of three masks, counted by multiplying.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/times.h"

static int32_t bits_below(uint64_t mask, int32_t bit)
{
    return __builtin_popcountll(mask & ((UINT64_C(1) << bit) - 1));
}

// The n-th set bit, from 0.
static int32_t bit_at(uint64_t mask, int32_t n)
{
    while (n-- > 0)
        mask &= mask - 1;
    return __builtin_ctzll(mask);
}

int32_t times_count(const struct times *t)
{
    return __builtin_popcount(t->hours) * __builtin_popcountll(t->minutes) *
           __builtin_popcountll(t->seconds);
}

int32_t times_next(const struct times *t, int32_t from)
{
    int32_t hour = from / 3600, minute = from / 60 % 60, second = from % 60;
    uint64_t left;

    if (from >= 86400 || t->seconds == 0 || t->minutes == 0)
        return -1;
    if (t->hours >> hour & 1) {
        left = t->minutes >> minute & 1 ? t->seconds >> second : 0;
        if (left != 0)
            return from + __builtin_ctzll(left);
        left = t->minutes >> minute >> 1;
        if (left != 0)
            return hour * 3600 + (minute + 1 + __builtin_ctzll(left)) * 60 +
                   __builtin_ctzll(t->seconds);
    }
    left = t->hours >> hour >> 1;
    if (left == 0)
        return -1;
    return (hour + 1 + __builtin_ctzll(left)) * 3600 + __builtin_ctzll(t->minutes) * 60 +
           __builtin_ctzll(t->seconds);
}

int32_t times_rank(const struct times *t, int32_t second)
{
    int32_t hour = second / 3600, minute = second / 60 % 60;
    int32_t a_minute = __builtin_popcountll(t->seconds);
    int32_t an_hour = __builtin_popcountll(t->minutes) * a_minute;
    int32_t rank = bits_below(t->hours, hour) * an_hour;

    if (!(t->hours >> hour & 1))
        return rank;
    rank += bits_below(t->minutes, minute) * a_minute;
    return t->minutes >> minute & 1 ? rank + bits_below(t->seconds, second % 60) : rank;
}

int32_t times_at(const struct times *t, int32_t rank)
{
    int32_t a_minute = __builtin_popcountll(t->seconds);
    int32_t an_hour = __builtin_popcountll(t->minutes) * a_minute;

    return bit_at(t->hours, rank / an_hour) * 3600 +
           bit_at(t->minutes, rank % an_hour / a_minute) * 60 + bit_at(t->seconds, rank % a_minute);
}
