// dst.c - walks a zone's spans and the calendar together.
//
// Inside a span local time is UTC plus a constant, so the next match of the calendar is the
// answer when it falls inside the span. When it lies beyond, the next span takes over; spans that
// end before the match are jumped over, for no offset exceeds 26 hours. What must stay true: in
// [floor, match) the calendar has no local time.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/dst.h"

#define OFFSET_MAX_S (26 * 3600)
#define FOREVER (INT64_MAX / 2)

struct walk {
    const struct calendar *calendar;
    const struct zone *zone;
    struct zone_span span;
    int64_t floor; // local seconds from which match was sought
    int64_t match; // the calendar's least local second at or after floor
};

static void walk_seek(struct walk *w, int64_t floor)
{
    w->floor = floor;
    w->match = calendar_next(w->calendar, floor);
}

// Into the next span. Returns the moment to run at when the change itself is one, else DST_NEVER.
static int64_t walk_change(struct walk *w)
{
    int64_t end = w->span.to + w->span.offset_s; // local, on the old clock

    zone_span_at(w->zone, w->span.to, &w->span);
    int64_t start = w->span.from + w->span.offset_s; // local, on the new clock
    bool is_elapsed = w->calendar->is_elapsed;

    if (start > end && !is_elapsed && w->match < start && start - end <= DST_GAP_MAX_S)
        return w->span.from;
    if ((start > end && w->match < start) || (is_elapsed && start < w->floor))
        walk_seek(w, start);
    return DST_NEVER;
}

// Leaves out spans that end long before the match.
static void walk_skip(struct walk *w)
{
    if (w->match != CALENDAR_NEVER && w->match - OFFSET_MAX_S >= w->span.to)
        zone_span_at(w->zone, w->match - OFFSET_MAX_S, &w->span);
}

static void walk_start(struct walk *w, int64_t at)
{
    int64_t local = at + w->span.offset_s;

    // Times that the clocks show again after going back were meant the first time.
    if (!w->calendar->is_elapsed && local < w->span.from + w->span.before_s)
        local = w->span.from + w->span.before_s;
    walk_seek(w, local);
}

// Does the change at the start of the span stand for times in the gap before it?
static bool gap_runs(const struct walk *w)
{
    int32_t length = w->span.offset_s - w->span.before_s;

    return !w->calendar->is_elapsed && length > 0 && length <= DST_GAP_MAX_S &&
           calendar_next(w->calendar, w->span.from + w->span.before_s) <
               w->span.from + w->span.offset_s;
}

int64_t dst_next(const struct calendar *c, const struct zone *zone, int64_t after_s)
{
    struct walk w = {.calendar = c, .zone = zone};
    int64_t at = after_s < -OFFSET_MAX_S ? -OFFSET_MAX_S : after_s + 1; // local 1970 begins later

    zone_span_at(zone, at, &w.span);
    if (at == w.span.from && gap_runs(&w))
        return at;
    walk_start(&w, at);
    for (;;) {
        if (w.match != CALENDAR_NEVER && w.match < w.span.to + w.span.offset_s)
            return w.match - w.span.offset_s;
        if (w.span.to >= FOREVER)
            return DST_NEVER;

        int64_t run = walk_change(&w);
        if (run != DST_NEVER)
            return run;
        // walk_change has looked again if the clocks went back; nothing else follows the last
        // match.
        if (w.match == CALENDAR_NEVER)
            return DST_NEVER;
        walk_skip(&w);
    }
}

static bool change_touches(const struct calendar *c, const struct zone_span *span,
                           struct dst_touch *ret_touch)
{
    int32_t length = span->offset_s - span->before_s;
    int64_t old = span->from + span->before_s, new = span->from + span->offset_s;
    int64_t match = calendar_next(c, length > 0 ? old : new);

    if (length == 0 || match >= (length > 0 ? new : old))
        return false;
    *ret_touch = (struct dst_touch){
        .kind = length > 0 ? LOCAL_GAP : LOCAL_FOLD,
        .change_at = span->from,
        .local_s = match,
        .runs_at = length < 0                ? match - span->before_s
                   : length <= DST_GAP_MAX_S ? span->from
                                             : DST_NEVER,
    };
    return true;
}

bool dst_next_touch(const struct calendar *c, const struct zone *zone, int64_t after_s,
                    int64_t until_s, struct dst_touch *ret_touch)
{
    struct zone_span span;

    if (c->is_elapsed)
        return false;
    zone_span_at(zone, after_s, &span);
    while (span.to < FOREVER && span.to <= until_s) {
        zone_span_at(zone, span.to, &span);
        if (change_touches(c, &span, ret_touch))
            return true;
    }
    return false;
}
