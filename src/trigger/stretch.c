// stretch.c - counts the ones behind a bit, from seconds up to days.
//
// A unit matches throughout only when all smaller units do: the run of seconds is looked at first,
// and only when it reaches the minute's end with every second in the mask, the minutes are, and so
// on.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/stretch.h"

#include "time/civil.h"

#define ALL_60 ((UINT64_C(1) << 60) - 1)
#define ALL_24 ((1U << 24) - 1)

// The first bit at or after one that is 0.
static int run_end(uint64_t mask, int from)
{
    return from + __builtin_ctzll(~(mask >> from));
}

int64_t stretch_end(const struct calendar *c, int64_t at)
{
    int64_t day = floor_div(at, DAY_S), midnight = day * DAY_S;
    int32_t second = (int32_t)(at - midnight);
    int32_t hour = second / 3600, minute = second / 60 % 60;

    if (c->seconds != ALL_60)
        return at - second % 60 + run_end(c->seconds, second % 60);
    if (c->minutes != ALL_60)
        return midnight + hour * 3600 + run_end(c->minutes, minute) * 60;
    if (c->hours != ALL_24)
        return midnight + run_end(c->hours, hour) * 3600;

    struct civil date = civil_date(day);
    int end = run_end(calendar_month(c, date.year, date.month), date.day);
    return midnight + (int64_t)(end - date.day) * DAY_S;
}
