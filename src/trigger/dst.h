// dst.h - from local times to moments: what a change of the clocks does to a schedule.
//
// The rule is Debian cron's, told as sets of moments. A calendar that counts elapsed time
// (is_elapsed: its hour, minute or second field begins with `*`) means every moment whose local
// time matches: a repeated hour runs twice, a skipped one not at all. Any other calendar names
// fixed times, each meant once: a repeated local time runs at its first occurrence; times inside
// a gap of at most three hours run together at the first moment after it; times inside a longer
// gap (a skipped calendar day) do not run.
//
// Who wants something else says so, and then it holds for every calendar, elapsed or fixed, and
// for gaps of any length:
//
//               times that are skipped            times that come twice
//     skip      not at all                        at the first
//     first     at the first moment after         at the first
//     shift     later by the length of the gap    at the first
//     both      later by the length of the gap    both times (as APScheduler 3.11 does)
//     utc       the calendar is read in UTC, where there are none (its owner sees to that)
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "time/zone.h"
#include "trigger/calendar.h"

#define DST_NEVER INT64_MAX
#define DST_GAP_MAX_S (3 * 3600)

enum dst_policy {
    DST_DEFAULT,
    DST_SKIP,
    DST_FIRST,
    DST_SHIFT,
    DST_BOTH,
    DST_UTC,
    DST_COUNT,
};

extern const char *const dst_names[DST_COUNT + 1]; // "default", ...; NULL at the end

// Any set of local times, for whoever has no struct calendar.
struct dst_times {
    int64_t (*next)(const void *own, int64_t from); // the least local second at or after one, or
                                                    // DST_NEVER
    const void *own;
    enum dst_policy policy;
    bool is_elapsed;
};

// The least moment (seconds UTC) after after_s that the calendar means in the zone; DST_NEVER
// when there is none.
int64_t dst_next(const struct calendar *c, const struct zone *zone, int64_t after_s);
int64_t dst_times_next(const struct dst_times *times, const struct zone *zone, int64_t after_s);

// Which local times of the calendar a moment stands for: dst_next the other way round.
struct dst_locals {
    int64_t shown_s;   // the one that clocks show then; CALENDAR_NEVER: it is not meant
    int64_t skipped_s; // the skipped one that runs then instead; CALENDAR_NEVER: none
    bool is_gap_end;   // the first moment after a gap, and all that it swallowed runs then
};

void dst_locals(const struct calendar *c, const struct zone *zone, int64_t at_s,
                struct dst_locals *ret_locals);

// A change of the clocks that touches local times of the calendar.
struct dst_touch {
    enum local_kind kind; // LOCAL_GAP or LOCAL_FOLD
    int64_t change_at;    // seconds UTC
    int64_t local_s;      // the first local time concerned
    int64_t runs_at;      // when it runs, seconds UTC; DST_NEVER: not at all
    bool is_twice;        // a fold: it runs both times
};

// The first change in (after_s, until_s] that touches the calendar. Never for one that counts
// elapsed time under the default rule.
bool dst_next_touch(const struct calendar *c, const struct zone *zone, int64_t after_s,
                    int64_t until_s, struct dst_touch *ret_touch);
bool dst_times_next_touch(const struct dst_times *times, const struct zone *zone, int64_t after_s,
                          int64_t until_s, struct dst_touch *ret_touch);
