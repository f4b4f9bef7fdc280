// dst.c - walks a zone's spans and the local times of a calendar together.
//
// Inside a span local time is UTC plus a constant, so the next match of the calendar is the
// answer when it falls inside the span. When it lies beyond, the next span takes over; spans that
// end before the match are jumped over, for no offset exceeds 26 hours. A span that begins with a
// gap may owe more moments: those of the local times that the gap has swallowed (gap_next). What
// must stay true: in [floor, match) the calendar has no local time.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/dst.h"

#include <assert.h>

#define OFFSET_MAX_S (26 * 3600)
#define FOREVER (INT64_MAX / 2)

static_assert(CALENDAR_NEVER == DST_NEVER, "a calendar's answer is taken as it is");

const char *const dst_names[DST_COUNT + 1] = {"default", "skip", "first", "shift",
                                              "both",    "utc",  NULL};

// What becomes of local times that do not exist.
enum gap_rule {
    GAP_NONE,  // nothing
    GAP_END,   // they run at the first moment after the gap
    GAP_SHIFT, // they run as if the clocks had not changed
};

struct rule {
    enum gap_rule gap;
    int32_t gap_max_s; // longer gaps swallow their times
    bool is_twice;     // repeated local times run both times
};

struct walk {
    const struct dst_times *times;
    const struct zone *zone;
    struct rule rule;
    struct zone_span span;
    int64_t floor; // local seconds from which match was sought
    int64_t match; // the least local second at or after floor
};

static int64_t local_next(const struct walk *w, int64_t from)
{
    return w->times->next(w->times->own, from);
}

static struct rule rule_of(const struct dst_times *times)
{
    static const struct rule rules[DST_COUNT] = {
        [DST_DEFAULT] = {GAP_END, DST_GAP_MAX_S, false},
        [DST_SKIP] = {GAP_NONE, 0, false},
        [DST_FIRST] = {GAP_END, INT32_MAX, false},
        [DST_SHIFT] = {GAP_SHIFT, INT32_MAX, false},
        [DST_BOTH] = {GAP_SHIFT, INT32_MAX, true},
        [DST_UTC] = {GAP_NONE, 0, true},
    };

    if (times->policy == DST_DEFAULT && times->is_elapsed)
        return (struct rule){GAP_NONE, 0, true};
    return rules[times->policy];
}

static void walk_seek(struct walk *w, int64_t floor)
{
    w->floor = floor;
    w->match = local_next(w, floor);
}

// Into the next span.
static void walk_change(struct walk *w)
{
    int64_t end = w->span.to + w->span.offset_s; // local, on the old clock

    zone_span_at(w->zone, w->span.to, &w->span);
    int64_t start = w->span.from + w->span.offset_s; // local, on the new clock

    if ((start > end && w->match < start) || (w->rule.is_twice && start < w->floor))
        walk_seek(w, start);
}

// Leaves out spans that end long before the match.
static void walk_skip(struct walk *w)
{
    if (w->match != DST_NEVER && w->match - OFFSET_MAX_S >= w->span.to)
        zone_span_at(w->zone, w->match - OFFSET_MAX_S, &w->span);
}

static void walk_start(struct walk *w, int64_t at)
{
    int64_t local = at + w->span.offset_s;

    // Times that the clocks show again after going back were meant the first time.
    if (!w->rule.is_twice && local < w->span.from + w->span.before_s)
        local = w->span.from + w->span.before_s;
    walk_seek(w, local);
}

// The least moment at or after `at`, in the span, at which times of the gap before it run;
// DST_NEVER when there is none.
static int64_t gap_next(const struct walk *w, int64_t at)
{
    int64_t start = w->span.from + w->span.before_s; // of the gap, local
    int64_t end = w->span.from + w->span.offset_s;
    bool is_end = w->rule.gap == GAP_END;

    if (w->rule.gap == GAP_NONE || end <= start || end - start > w->rule.gap_max_s ||
        at - w->span.from >= (is_end ? 1 : end - start))
        return DST_NEVER;

    int64_t match = local_next(w, is_end ? start : at + w->span.before_s);
    if (match >= end)
        return DST_NEVER;
    return is_end ? w->span.from : match - w->span.before_s;
}

int64_t dst_times_next(const struct dst_times *times, const struct zone *zone, int64_t after_s)
{
    struct walk w = {.times = times, .zone = zone, .rule = rule_of(times)};
    int64_t at = after_s < -OFFSET_MAX_S ? -OFFSET_MAX_S : after_s + 1; // local 1970 begins later

    zone_span_at(zone, at, &w.span);
    walk_start(&w, at);
    for (;;) {
        int64_t swallowed = gap_next(&w, at);
        bool is_here = w.match != DST_NEVER && w.match < w.span.to + w.span.offset_s;
        int64_t found = is_here ? w.match - w.span.offset_s : DST_NEVER;

        if (is_here || swallowed != DST_NEVER)
            return found < swallowed ? found : swallowed;
        if (w.span.to >= FOREVER)
            return DST_NEVER;
        walk_change(&w);
        at = w.span.from;
        if (gap_next(&w, at) != DST_NEVER)
            continue;
        // walk_change has looked again if the clocks went back; nothing else follows the last
        // match.
        if (w.match == DST_NEVER)
            return DST_NEVER;
        walk_skip(&w);
        if (w.span.from > at)
            at = w.span.from;
    }
}

static bool change_touches(const struct walk *w, struct dst_touch *ret_touch)
{
    int32_t length = w->span.offset_s - w->span.before_s;
    int64_t old = w->span.from + w->span.before_s, new = w->span.from + w->span.offset_s;
    int64_t match = local_next(w, length > 0 ? old : new);

    if (length == 0 || match >= (length > 0 ? new : old))
        return false;
    *ret_touch = (struct dst_touch){
        .kind = length > 0 ? LOCAL_GAP : LOCAL_FOLD,
        .change_at = w->span.from,
        .local_s = match,
        .runs_at = length < 0 ? match - w->span.before_s : gap_next(w, w->span.from),
        .is_twice = length < 0 && w->rule.is_twice,
    };
    return true;
}

bool dst_times_next_touch(const struct dst_times *times, const struct zone *zone, int64_t after_s,
                          int64_t until_s, struct dst_touch *ret_touch)
{
    struct walk w = {.times = times, .zone = zone, .rule = rule_of(times)};

    if (times->policy == DST_DEFAULT && times->is_elapsed)
        return false;
    zone_span_at(zone, after_s, &w.span);
    while (w.span.to < FOREVER && w.span.to <= until_s) {
        zone_span_at(zone, w.span.to, &w.span);
        if (change_touches(&w, ret_touch))
            return true;
    }
    return false;
}

// ---- calendars

static int64_t calendar_local(const void *own, int64_t from)
{
    return calendar_next(own, from);
}

static struct dst_times times_of(const struct calendar *c)
{
    return (struct dst_times){calendar_local, c, (enum dst_policy)c->dst, c->is_elapsed};
}

int64_t dst_next(const struct calendar *c, const struct zone *zone, int64_t after_s)
{
    const struct dst_times times = times_of(c);

    return dst_times_next(&times, zone, after_s);
}

bool dst_next_touch(const struct calendar *c, const struct zone *zone, int64_t after_s,
                    int64_t until_s, struct dst_touch *ret_touch)
{
    const struct dst_times times = times_of(c);

    return dst_times_next_touch(&times, zone, after_s, until_s, ret_touch);
}

void dst_locals(const struct calendar *c, const struct zone *zone, int64_t at_s,
                struct dst_locals *ret_locals)
{
    const struct dst_times times = times_of(c);
    struct walk w = {.times = &times, .zone = zone, .rule = rule_of(&times)};

    zone_span_at(zone, at_s, &w.span);
    walk_start(&w, at_s);

    bool is_shown = w.match == at_s + w.span.offset_s;
    bool has_gap = gap_next(&w, at_s) == at_s;
    *ret_locals = (struct dst_locals){
        .shown_s = is_shown ? w.match : CALENDAR_NEVER,
        .skipped_s = has_gap && w.rule.gap == GAP_SHIFT ? at_s + w.span.before_s : CALENDAR_NEVER,
        .is_gap_end = has_gap && w.rule.gap == GAP_END,
    };
}
