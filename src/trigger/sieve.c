// sieve.c - masks are intersected, intervals meet by arithmetic, and both meet on a grid.
//
// Calendars of one zone: their masks are joined by AND as far as one struct calendar can hold the
// result; a day rule that it cannot hold is left out. At the end of a gap in the clocks, though,
// two of them may meet whose masks do not: 02:10 and 02:50 both run at 03:00. So these moments are
// let through.
//
// A calendar and an interval: as long as a zone's clocks run evenly, the moments of a calendar
// that has one second, one minute, one time of day or one weekday lie on a grid as wide as a
// minute, an hour, a day or a week. That grid is an interval, too.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/sieve.h"

#include "time/civil.h"
#include "time/duration.h"
#include "trigger/dst.h"
#include "trigger/kind.h"

#define ALL_DAYS 0xfffffffeU
#define ALL_WEEKDAYS 0x7fU
#define WEEK_S (7 * DAY_S)
#define FOREVER (INT64_MAX / 2)

void sieve_init(struct sieve *s, const struct zone *zone)
{
    *s = (struct sieve){.zone = zone};
    calendar_init(&s->calendar);
    s->calendar.is_elapsed = true;
}

// ---- calendars

// A day rule has two halves, each "all", a plain mask, or more.
static bool has_all_days(const struct calendar *c)
{
    return c->days == ALL_DAYS;
}

static bool has_all_weekdays(const struct calendar *c)
{
    return c->weekdays == ALL_WEEKDAYS;
}

static bool has_every_day(const struct calendar *c)
{
    return c->is_either ? has_all_days(c) || has_all_weekdays(c)
                        : has_all_days(c) && has_all_weekdays(c);
}

static bool has_plain_days(const struct calendar *c)
{
    return !(c->last | c->nearest | c->last_nearest) && !(c->nth && c->nth_is_day);
}

static bool has_plain_weekdays(const struct calendar *c)
{
    return !c->nth || c->nth_is_day;
}

static void days_take(struct calendar *c, const struct calendar *from)
{
    c->days = from->days;
    c->last = from->last;
    c->nearest = from->nearest;
    c->last_nearest = from->last_nearest;
}

// Halves of rules that both must match.
static void halves_narrow(struct calendar *c, const struct calendar *by)
{
    bool is_nth_free = !c->nth || !by->nth; // nth belongs to one half only

    if (has_all_days(c) && is_nth_free) {
        days_take(c, by);
        if (by->nth && by->nth_is_day) {
            c->nth = by->nth;
            c->nth_is_day = true;
        }
    } else if (has_plain_days(c) && has_plain_days(by)) {
        c->days &= by->days;
    }
    is_nth_free = !c->nth || !by->nth;
    if (has_all_weekdays(c) && is_nth_free) {
        c->weekdays = by->weekdays;
        if (by->nth && !by->nth_is_day) {
            c->nth = by->nth;
            c->nth_is_day = false;
        }
    } else if (has_plain_weekdays(c) && has_plain_weekdays(by)) {
        c->weekdays &= by->weekdays;
    }
}

static void day_rule_narrow(struct calendar *c, const struct calendar *by)
{
    if (has_every_day(by))
        return;
    if (has_every_day(c)) {
        days_take(c, by);
        c->weekdays = by->weekdays;
        c->nth = by->nth;
        c->nth_is_day = by->nth_is_day;
        c->is_either = by->is_either;
    } else if (!c->is_either && !by->is_either) {
        halves_narrow(c, by);
    }
}

static bool is_single(uint64_t mask)
{
    return (mask & (mask - 1)) == 0;
}

// The widest grid of the five that holds the calendar.
static void grid_find(struct sieve *s)
{
    const struct calendar *c = &s->calendar;
    int64_t second = __builtin_ctzll(c->seconds), minute = __builtin_ctzll(c->minutes),
            hour = __builtin_ctz(c->hours);

    s->grid_s = 1;
    s->grid_at_s = 0;
    if (!is_single(c->seconds))
        return;
    s->grid_s = 60;
    s->grid_at_s = second;
    if (!is_single(c->minutes))
        return;
    s->grid_s = 3600;
    s->grid_at_s = minute * 60 + second;
    if (!is_single(c->hours))
        return;
    s->grid_s = DAY_S;
    s->grid_at_s = hour * 3600 + minute * 60 + second;
    if (!is_single(c->weekdays) || !has_plain_weekdays(c) || c->is_either)
        return;
    s->grid_s = WEEK_S;
    s->grid_at_s += (civil_days(1970, 1, 5) + __builtin_ctz(c->weekdays)) * DAY_S; // a Monday
}

bool sieve_add_calendar(struct sieve *s, const struct calendar *by)
{
    struct calendar *c = &s->calendar;
    bool is_elapsed = by->is_elapsed && by->dst == DST_DEFAULT;

    if (by->dst == DST_SHIFT || by->dst == DST_BOTH)
        return false;
    s->calendars++;
    s->has_gaps |= by->dst == DST_FIRST || (by->dst == DST_DEFAULT && !by->is_elapsed);
    c->is_elapsed = c->is_elapsed && is_elapsed;
    c->seconds &= by->seconds;
    c->minutes &= by->minutes;
    c->hours &= by->hours;
    c->months &= by->months;
    c->weeks &= by->weeks;
    for (size_t i = 0; i < sizeof c->years / sizeof *c->years; i++)
        c->years[i] &= by->years[i];
    day_rule_narrow(c, by);
    s->is_bare = !c->seconds || !c->minutes || !c->hours || calendar_next(c, 0) == CALENDAR_NEVER;
    if (!s->is_bare)
        grid_find(s);
    return true;
}

// The first end of a gap after a moment and before another; DST_NEVER when there is none.
static int64_t gap_end(const struct sieve *s, int64_t after_s, int64_t before_s)
{
    struct zone_span span;

    if (!s->has_gaps)
        return DST_NEVER;
    zone_span_at(s->zone, after_s, &span);
    while (span.to < FOREVER && span.to < before_s) {
        zone_span_at(s->zone, span.to, &span);
        if (span.offset_s > span.before_s)
            return span.from;
    }
    return DST_NEVER;
}

static wall calendars_next(const struct sieve *s, wall after)
{
    int64_t after_s = floor_div(after.us, SECOND_US);
    int64_t match = s->is_bare ? DST_NEVER : dst_next(&s->calendar, s->zone, after_s);
    int64_t horizon_s = kind_horizon().us / SECOND_US;
    int64_t gap = gap_end(s, after_s, match < horizon_s ? match : horizon_s);

    match = gap < match ? gap : match;
    return match == DST_NEVER ? WALL_NEVER : (wall){match * SECOND_US};
}

// ---- intervals

void sieve_add_interval(struct sieve *s, const struct interval *i)
{
    struct interval both = *i;

    if (s->intervals++ > 0 && !s->is_empty)
        s->is_empty = !interval_meet(&s->interval, i, &both);
    s->interval = both;
}

// The moments of one span that lie on the grid, after a moment.
static struct interval span_grid(const struct sieve *s, const struct zone_span *span, wall after)
{
    int64_t from_s = floor_div(after.us, SECOND_US) + 1;

    from_s = from_s < span->from ? span->from : from_s;
    int64_t behind = (from_s + span->offset_s - s->grid_at_s) % s->grid_s;
    behind = behind < 0 ? behind + s->grid_s : behind;
    int64_t start_s = behind ? from_s + s->grid_s - behind : from_s;
    wall horizon = kind_horizon();
    return (struct interval){
        .every_us = s->grid_s * SECOND_US,
        .start = {start_s * SECOND_US},
        .end = span->to < horizon.us / SECOND_US ? (wall){span->to * SECOND_US - 1} : horizon,
    };
}

// The first moment after one that the intervals share with the grid, or with a gap's end.
static wall grid_next(const struct sieve *s, wall after)
{
    wall horizon = kind_horizon();
    struct zone_span span;

    if (after.us < s->interval.start.us)
        after.us = s->interval.start.us - 1;
    zone_span_at(s->zone, floor_div(after.us, SECOND_US), &span);
    for (;;) {
        struct interval grid = span_grid(s, &span, after), both;
        wall change = {span.to < FOREVER ? span.to * SECOND_US : INT64_MAX};

        if (!s->is_bare && grid.start.us <= grid.end.us &&
            interval_meet(&s->interval, &grid, &both))
            return both.start;
        if (change.us >= horizon.us || change.us > s->interval.end.us)
            return WALL_NEVER;
        zone_span_at(s->zone, span.to, &span);
        if (s->has_gaps && span.offset_s > span.before_s &&
            interval_next(&s->interval, (wall){change.us - 1}).us == change.us)
            return change;
        after.us = change.us - 1;
    }
}

wall sieve_next(const struct sieve *s, wall after)
{
    wall horizon = kind_horizon(), match, met;

    if (s->is_empty || after.us >= horizon.us)
        return WALL_NEVER;
    if (after.us < -DAY_US)
        after.us = -DAY_US;
    match.us = met.us = after.us + 1;
    if (s->calendars)
        match = calendars_next(s, after);
    if (s->intervals)
        met = s->calendars ? grid_next(s, after) : interval_next(&s->interval, after);
    return match.us > met.us ? match : met;
}
