// rrule.c - finds the next moment of a recurrence set.
//
// Rules are series of local times. Merged, and without the days and rules that are taken out, they
// are one set of local times for dst.h to turn into moments; RDATEs and EXDATEs are moments from
// the start. COUNT is worked off when the set is made: the time of the last instance is all that
// is kept, so that next needs no memory of what came before.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/rrule.h"

#include <stdlib.h>

#include "time/civil.h"
#include "time/duration.h"

#define FOREVER (INT64_MAX / 2)

void rrule_free(struct rrule *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->rules.len; i++)
        series_done(&r->rules.v[i]);
    for (size_t i = 0; i < r->exrules.len; i++)
        series_done(&r->exrules.v[i]);
    vec_done(&r->rules);
    vec_done(&r->exrules);
    vec_done(&r->dates);
    vec_done(&r->exdates);
    vec_done(&r->exdays);
    buf_done(&r->text);
    free(r);
}

int64_t rrule_local(const struct rrule *r, int64_t at_s)
{
    struct zone_span span;

    zone_span_at(r->zone, at_s, &span);
    // While clocks show an hour again, all of its times have been meant before.
    int64_t local = at_s + span.offset_s, shown = span.from + span.before_s - 1;

    return local > shown ? local : shown;
}

// Times that clocks skip are passed over where they do not run. Gaps before the next time are
// left out: a rare rule is not searched again for each of them.
bool rrule_count(const struct rrule *r, struct series *s, int64_t *steps)
{
    struct series_tally tally = {.left = s->rule.count, .steps = *steps};
    int64_t from = series_next(s, s->start);
    struct zone_local local;
    struct zone_span span = {.to = FOREVER};
    bool ok = true;

    if (r->policy == DST_SKIP && from != SERIES_NEVER) {
        zone_from_local(r->zone, from, &local);
        zone_span_at(r->zone, local.first - 1, &span);
    }
    while (ok && tally.left > 0 && from != SERIES_NEVER && span.to < FOREVER) {
        int64_t gap = span.to + span.offset_s;

        zone_span_at(r->zone, span.to, &span);
        int64_t end = span.from + span.offset_s;
        if (gap > s->last)
            break;
        if (end <= gap || end <= from)
            continue;
        ok = series_count(s, from, gap, &tally);
        from = series_next(s, end);
    }
    ok = ok && (from == SERIES_NEVER || series_count(s, from, s->last + 1, &tally));
    *steps = tally.steps;
    if (ok && tally.left == 0)
        s->last = tally.at;
    else if (ok && tally.left == s->rule.count)
        s->last = s->start - 1; // none at all
    return ok;
}

static int order(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

// The first of ascending numbers that is not below one: its index.
static size_t index_from(const int64_t *v, size_t len, int64_t from)
{
    size_t low = 0, high = len;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (v[middle] < from)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_among(const int64_t *v, size_t len, int64_t n)
{
    size_t i = index_from(v, len, n);

    return i < len && v[i] == n;
}

// Is a local time taken out by a rule or with its whole day?
static bool is_excluded(const struct rrule *r, int64_t local)
{
    for (size_t i = 0; i < r->exrules.len; i++)
        if (series_has(&r->exrules.v[i], local))
            return true;
    return is_among(r->exdays.v, r->exdays.len, floor_div(local, DAY_S));
}

void rrule_finish(struct rrule *r)
{
    size_t kept = 0;

    if (!r->has_rule && r->has_start) {
        struct zone_local start;

        zone_from_local(r->zone, r->start_s, &start);
        vec_push(&r->dates, start.kind == LOCAL_GAP && !r->is_date ? start.second : start.first);
    }
    if (r->dates.len > 0)
        qsort(r->dates.v, r->dates.len, sizeof *r->dates.v, order);
    if (r->exdates.len > 0)
        qsort(r->exdates.v, r->exdates.len, sizeof *r->exdates.v, order);
    if (r->exdays.len > 0)
        qsort(r->exdays.v, r->exdays.len, sizeof *r->exdays.v, order);
    for (size_t i = 0; i < r->dates.len; i++) {
        int64_t at = r->dates.v[i];
        struct zone_span span;

        zone_span_at(r->zone, at, &span);
        if (at >= 0 && !is_among(r->exdates.v, r->exdates.len, at) &&
            !is_excluded(r, at + span.offset_s))
            r->dates.v[kept++] = at;
    }
    r->dates.len = kept;
}

// The least local time of the rules at or after one.
static int64_t local_next(const void *own, int64_t from)
{
    const struct rrule *r = own;

    for (from = from < 0 ? 0 : from;;) {
        int64_t at = SERIES_NEVER;

        for (size_t i = 0; i < r->rules.len; i++) {
            int64_t next = series_next(&r->rules.v[i], from);

            at = next < at ? next : at;
        }
        if (at == SERIES_NEVER || (r->exdays.len == 0 && r->exrules.len == 0))
            return at;
        int64_t day = floor_div(at, DAY_S);

        if (is_among(r->exdays.v, r->exdays.len, day))
            from = (day + 1) * DAY_S;
        else if (is_excluded(r, at))
            from = at + 1;
        else
            return at;
    }
}

static struct dst_times times_of(const struct rrule *r)
{
    return (struct dst_times){local_next, r, r->policy, false};
}

wall rrule_next(const struct rrule *r, wall after)
{
    const struct dst_times times = times_of(r);
    int64_t after_s = floor_div(after.us, SECOND_US);

    for (;;) {
        size_t date = index_from(r->dates.v, r->dates.len, after_s + 1);
        int64_t at = r->rules.len > 0 ? dst_times_next(&times, r->zone, after_s) : DST_NEVER;

        if (date < r->dates.len && r->dates.v[date] < at)
            at = r->dates.v[date];
        else if (at != DST_NEVER && is_among(r->exdates.v, r->exdates.len, at)) {
            after_s = at;
            continue;
        }
        return at == DST_NEVER ? WALL_NEVER : (wall){at * SECOND_US};
    }
}

bool rrule_next_touch(const struct rrule *r, int64_t after_s, int64_t until_s,
                      struct dst_touch *ret_touch)
{
    const struct dst_times times = times_of(r);

    return r->rules.len > 0 && dst_times_next_touch(&times, r->zone, after_s, until_s, ret_touch);
}
