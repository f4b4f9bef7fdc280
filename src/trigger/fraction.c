// fraction.c - finds the next second that holds a slot, then the slot in it.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/fraction.h"

#include <string.h>

#include "base/mem.h"
#include "time/civil.h"
#include "time/duration.h"
#include "trigger/dst.h"

uint64_t fraction_seconds(const struct fraction *f)
{
    uint64_t seconds = 0;

    for (int second = 0; second < 60; second++)
        if (fraction_find(f, 1, second * SECOND_US) < (second + 1) * SECOND_US)
            seconds |= UINT64_C(1) << second;
    return seconds;
}

int64_t fraction_find(const struct fraction *steps, int count, int64_t from_us)
{
    int64_t found = FRACTION_NEVER;

    for (const struct fraction *f = steps; f < steps + count; f++) {
        int64_t us = f->from_us;

        if (us < from_us)
            us += (from_us - us + f->step_us - 1) / f->step_us * f->step_us;
        if (us <= f->to_us && us < found)
            found = us;
    }
    return found;
}

struct fractions *fractions_new(const struct calendar *c, const struct fraction *steps, int count)
{
    size_t bytes = (size_t)count * sizeof *steps;
    struct fractions *f = mem_alloc(sizeof *f + bytes);

    f->calendar = *c;
    f->count = count;
    memcpy(f->steps, steps, bytes);
    return f;
}

// The first microsecond of a local second, at or after one of it, that is a slot; FRACTION_NEVER
// when there is none.
static int64_t local_find(const struct fractions *f, int64_t local_s, int64_t from_us)
{
    if (local_s == CALENDAR_NEVER)
        return FRACTION_NEVER;

    int64_t second_us = (local_s - floor_div(local_s, 60) * 60) * SECOND_US;
    int64_t found = fraction_find(f->steps, f->count, second_us + from_us) - second_us;
    return found < SECOND_US ? found : FRACTION_NEVER;
}

// The least slot in a second, at or after one of its microseconds; WALL_NEVER when there is none.
static wall second_find(const struct fractions *f, const struct zone *zone, int64_t second_s,
                        int64_t from_us)
{
    struct dst_locals locals;

    dst_locals(&f->calendar, zone, second_s, &locals);
    if (locals.is_gap_end && from_us == 0)
        return (wall){second_s * SECOND_US};

    int64_t shown = local_find(f, locals.shown_s, from_us);
    int64_t skipped = local_find(f, locals.skipped_s, from_us);
    int64_t found = shown < skipped ? shown : skipped;
    return found == FRACTION_NEVER ? WALL_NEVER : (wall){second_s * SECOND_US + found};
}

wall fractions_next(const struct fractions *f, const struct zone *zone, wall after)
{
    // Local 1970 begins at most two days before that of UTC.
    int64_t from_us = after.us < -2 * DAY_US ? -2 * DAY_US : after.us + (after.us < INT64_MAX);
    int64_t second_s = floor_div(from_us, SECOND_US);
    wall slot = second_find(f, zone, second_s, from_us - second_s * SECOND_US);

    if (slot.us != WALL_NEVER.us)
        return slot;
    second_s = dst_next(&f->calendar, zone, second_s);
    return second_s == DST_NEVER ? WALL_NEVER : second_find(f, zone, second_s, 0);
}
