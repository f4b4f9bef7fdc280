// times.h - the times of a day as masks of hours, minutes and seconds: next, rank, and the n-th.
//
// A time, in seconds since midnight, belongs to the set when its hour, minute and second are in
// their masks. Ranks make "the third time from the end" arithmetic.
#pragma once

#include <stdint.h>

struct times {
    uint64_t seconds; // bits 0-59
    uint64_t minutes; // bits 0-59
    uint32_t hours;   // bits 0-23
};

#define TIMES_ALL_60 ((UINT64_C(1) << 60) - 1)
#define TIMES_ALL_24 ((1U << 24) - 1)

int32_t times_count(const struct times *t);

// The least time at or after a second of the day, -1 when there is none.
int32_t times_next(const struct times *t, int32_t from);

// How many times lie before a second, 0-86400.
int32_t times_rank(const struct times *t, int32_t second);

// The time of a rank. 0 <= rank < times_count(t).
int32_t times_at(const struct times *t, int32_t rank);
