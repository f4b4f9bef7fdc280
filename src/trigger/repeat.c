// repeat.c - finds the slot's number by division, then looks at its neighbours.
//
// Twelve months are a year of 365.2425 days on average, so k is known to within a few steps from
// the distance to the anchor alone; moments rise with k, and a search by halves among those few
// ends it. A slot that does not exist (31 February, a day that a zone left out) still has a place
// in that order, so that the search need not know about it.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/repeat.h"

#include "time/duration.h"
#include "trigger/kind.h"

#define MONTH_US (2629746 * SECOND_US) // on average
#define YEAR_ONE_S INT64_C(-62135596800)
#define FOREVER (INT64_MAX / 2)

// How far a slot may lie from where the average puts it: days of months twice, clocks twice.
#define MONTHS_SLACK_US (14 * DAY_US)
#define DAYS_SLACK_US (5 * DAY_US)

struct place {
    wall first;  // where the slot is, or would be if it existed: rises with k
    wall second; // its second moment, in a fold of dst "both"; else first
    bool exists;
};

bool repeat_is_elapsed(const struct repeat *r)
{
    return r->every.months == 0 && r->every.days == 0;
}

int64_t repeat_local(const struct repeat *r, int64_t k, bool *ret_is_cut)
{
    int64_t month = (int64_t)r->anchor.year * 12 + r->anchor.month - 1 + k * r->every.months;
    int64_t year = floor_div(month, 12);
    int month_of_year = (int)(month - year * 12) + 1;
    int length = civil_month_days(year, month_of_year);
    int day = r->anchor.day < length ? r->anchor.day : length;

    *ret_is_cut = r->anchor.day > length;
    return (civil_days(year, month_of_year, day) + k * r->every.days) * DAY_S +
           r->anchor.hour * 3600 + r->anchor.minute * 60 + r->anchor.second;
}

// Do local times inside a gap run at all?
static bool gap_runs(const struct repeat *r, int32_t length_s)
{
    return repeat_is_elapsed(r) ||
           (r->dst != DST_SKIP && (r->dst != DST_DEFAULT || length_s <= DST_GAP_MAX_S));
}

static struct place place_of(const struct repeat *r, int64_t k)
{
    struct zone_local local;
    bool is_cut, is_moved = !repeat_is_elapsed(r) && (r->dst == DST_SHIFT || r->dst == DST_BOTH);
    int64_t first_s, rest_us = r->anchor.us + k * r->every.us;

    zone_from_local(r->zone, repeat_local(r, k, &is_cut), &local);
    first_s = local.first;
    if (local.kind == LOCAL_GAP && is_moved)
        first_s = local.second;
    else if (local.kind == LOCAL_GAP)
        rest_us -= r->anchor.us; // the first moment after a gap has no fraction

    struct place place = {.first = {first_s * SECOND_US + rest_us}};
    place.second = place.first;
    if (local.kind == LOCAL_FOLD && is_moved && r->dst == DST_BOTH)
        place.second = (wall){local.second * SECOND_US + rest_us};
    place.exists = !(is_cut && r->month_end == MONTH_END_SKIP) &&
                   (local.kind != LOCAL_GAP || gap_runs(r, local.length_s));
    return place;
}

int64_t repeat_number(const struct repeat *r, wall after)
{
    int64_t every_us = r->every.months * MONTH_US + r->every.days * DAY_US + r->every.us;
    int64_t slack = r->every.months ? MONTHS_SLACK_US : DAYS_SLACK_US;
    int64_t anchor_us = civil_seconds(&r->anchor) * SECOND_US;

    if (repeat_is_elapsed(r)) {
        anchor_us = place_of(r, 0).first.us;
        slack = 0;
    }
    int64_t low = floor_div(after.us - anchor_us - slack, every_us);
    int64_t high = floor_div(after.us - anchor_us + slack, every_us) + 1;

    low = low < r->first - 1 ? r->first - 1 : low;
    high = high > r->last + 1 ? r->last + 1 : high;
    if (low >= high)
        return high < r->first ? r->first : high;
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;

        if (place_of(r, middle).first.us > after.us)
            high = middle;
        else
            low = middle;
    }
    return high;
}

static wall beginning(const struct repeat *r)
{
    return (wall){r->first == -REPEAT_ENDLESS ? 0 : YEAR_ONE_S * SECOND_US};
}

// The second moment of slot k, where it has one after a moment; else WALL_NEVER.
static wall second_after(const struct repeat *r, int64_t k, wall after)
{
    if (r->dst != DST_BOTH || k < r->first)
        return WALL_NEVER;

    struct place place = place_of(r, k);
    return place.exists && place.second.us > after.us ? place.second : WALL_NEVER;
}

wall repeat_next(const struct repeat *r, wall after)
{
    wall horizon = kind_horizon(), found;

    if (after.us < beginning(r).us)
        after.us = beginning(r).us - 1;
    if (after.us >= horizon.us)
        return WALL_NEVER;

    int64_t k = repeat_number(r, after);
    found = second_after(r, k - 1, after);
    for (; k <= r->last; k++) {
        struct place place = place_of(r, k);

        if (place.first.us > horizon.us || place.first.us >= found.us)
            break;
        if (place.exists && place.first.us > after.us)
            return place.first;
    }
    return found.us > horizon.us ? WALL_NEVER : found;
}

wall repeat_prev(const struct repeat *r, wall at)
{
    wall horizon = kind_horizon();

    if (at.us < beginning(r).us)
        return WALL_NEVER;
    if (at.us > horizon.us)
        at = horizon;
    for (int64_t k = repeat_number(r, at) - 1; k >= r->first; k--) {
        struct place place = place_of(r, k);

        if (place.first.us < beginning(r).us)
            break;
        if (place.exists)
            return place.second.us <= at.us ? place.second : place.first;
    }
    return WALL_NEVER;
}

static int64_t elapsed_count(const struct repeat *r, wall after, wall upto, int64_t max,
                             wall *ret_last)
{
    wall horizon = kind_horizon();
    int64_t k = repeat_number(r, after.us < beginning(r).us ? (wall){beginning(r).us - 1} : after);
    int64_t count = repeat_number(r, upto.us < horizon.us ? upto : horizon) - k;

    count = count < max ? count : max;
    *ret_last = count > 0 ? place_of(r, k + count - 1).first : WALL_NEVER;
    return count > 0 ? count : 0;
}

int64_t repeat_count(const struct repeat *r, wall after, wall upto, int64_t max, wall *ret_last)
{
    int64_t count = 0;
    wall last = WALL_NEVER;

    if (repeat_is_elapsed(r))
        return elapsed_count(r, after, upto, max, ret_last);
    while (count < max) {
        wall slot = repeat_next(r, after);

        if (slot.us > upto.us || slot.us == WALL_NEVER.us)
            break;
        after = last = slot;
        count++;
    }
    *ret_last = last;
    return count;
}

// Does the change at the beginning of a span touch a slot's local time?
static bool change_touches(const struct repeat *r, const struct zone_span *span,
                           struct dst_touch *ret_touch)
{
    int64_t old = span->from + span->before_s, new = span->from + span->offset_s;
    int64_t low = old < new ? old : new, high = old < new ? new : old;
    struct repeat bare = *r; // elapsed parts begin only behind the local time
    bool is_cut;

    bare.every.us = 0;
    // In a gap places begin with the change, in a fold with the local time's first moment.
    int64_t k = repeat_number(&bare, (wall){(low - span->before_s) * SECOND_US - 1});
    int64_t local_s = k <= r->last ? repeat_local(r, k, &is_cut) : high;
    if (local_s < low || local_s >= high || (is_cut && r->month_end == MONTH_END_SKIP))
        return false;

    struct place place = place_of(r, k);
    *ret_touch = (struct dst_touch){
        .kind = new > old ? LOCAL_GAP : LOCAL_FOLD,
        .change_at = span->from,
        .local_s = local_s,
        .runs_at = place.exists ? floor_div(place.first.us, SECOND_US) : DST_NEVER,
        .is_twice = place.second.us != place.first.us,
    };
    return true;
}

bool repeat_next_touch(const struct repeat *r, int64_t after_s, int64_t until_s,
                       struct dst_touch *ret_touch)
{
    struct zone_span span;

    if (repeat_is_elapsed(r))
        return false;
    zone_span_at(r->zone, after_s, &span);
    while (span.to < FOREVER && span.to <= until_s) {
        zone_span_at(r->zone, span.to, &span);
        if (change_touches(r, &span, ret_touch))
            return true;
    }
    return false;
}
