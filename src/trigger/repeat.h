// repeat.h - slots at equal steps on the calendar: the k-th is an anchor's local time plus k times
// some months, days and microseconds, all counted from the anchor.
//
// Months are counted first. A day that the month does not have (31 February) is cut to the
// month's last or leaves the slot out, as month_end says; the slot after it is not moved by that.
// Days are added on the calendar, then the local time becomes a moment by the rule of dst.h for
// fixed times, and elapsed time is added last. Steps of elapsed time alone are plain intervals,
// whatever the clocks do.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "time/civil.h"
#include "time/period.h"
#include "time/zone.h"
#include "trigger/dst.h"

enum month_end {
    MONTH_END_LAST, // 31 January, 28 February, 31 March
    MONTH_END_SKIP, // 31 January, 31 March, 31 May
};

#define REPEAT_ENDLESS (INT64_C(1) << 62) // more than any slot's number

struct repeat {
    const struct zone *zone; // of the anchor; borrowed
    struct civil anchor;     // local time of slot 0
    struct period every;     // not zero
    int64_t first, last;     // the k there are; -REPEAT_ENDLESS, REPEAT_ENDLESS: without end
    enum month_end month_end;
    enum dst_policy dst; // DST_UTC: as DST_FIRST, in a zone that is UTC
};

// The least slot after a moment and the greatest at or before it; WALL_NEVER when there is none.
// Slots without end in the past begin in 1970; none lies beyond the end of 2199. A few steps of a
// search, whatever the distance to the anchor.
wall repeat_next(const struct repeat *r, wall after);
wall repeat_prev(const struct repeat *r, wall at);

// The slots in (after, upto], at most max; *ret_last is the last of them, WALL_NEVER when there is
// none. Arithmetic for elapsed time, else a walk.
int64_t repeat_count(const struct repeat *r, wall after, wall upto, int64_t max, wall *ret_last);

// Steps of elapsed time alone?
bool repeat_is_elapsed(const struct repeat *r);

// The least number of those there are whose slot is after a moment, or would be if it were not left
// out; last + 1 when there is none.
int64_t repeat_number(const struct repeat *r, wall after);

// The local time of a number's slot without its elapsed part, in civil.h's seconds; *ret_is_cut
// when the month lacks the day.
int64_t repeat_local(const struct repeat *r, int64_t k, bool *ret_is_cut);

// As dst_next_touch: the first change of the clocks that touches the local time of a slot.
bool repeat_next_touch(const struct repeat *r, int64_t after_s, int64_t until_s,
                       struct dst_touch *ret_touch);
