// pattern_repeat.c - equal steps from an anchor as patterns: ISO 8601 repeats, calendar intervals.
//
// Months alone and days alone are steps, hours alone are elapsed time. What is counted back from an
// end, or begins behind its anchor, is counted from the first slot that matters.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/pattern_own.h"

#include "trigger/kind.h"
#include "trigger/repeat.h"
#include "trigger/pattern_bounds.h"

#define CUTS_MAX 100 // slots that are searched for a whole day

static bool is_endless_back(const struct repeat *r)
{
    return r->first == -REPEAT_ENDLESS;
}

static void elapsed_set(const struct repeat *r, struct pattern *p, wall first)
{
    bool is_open = p->start.us == TRIGGER_BEGINNING.us;

    p->form = PATTERN_ELAPSED;
    p->every_us = r->every.us;
    p->anchor = first;
    if (!is_open || is_endless_back(r))
        p->anchor = pattern_next(p, (wall){pattern_from(p).us - 1});
    p->start = p->max_runs ? p->anchor : TRIGGER_BEGINNING;
}

// The number to count from: of the first slot that matters, or one before it whose month has the
// day.
static int64_t number_choose(const struct repeat *r, const struct pattern *p, wall from)
{
    int64_t k = from.us == TRIGGER_BEGINNING.us ? r->first : repeat_number(r, (wall){from.us - 1});
    bool is_cut = true;

    if (r->dst == DST_BOTH && k > r->first && p->start.us != TRIGGER_BEGINNING.us)
        k--; // whose second moment it may be
    for (int left = CUTS_MAX; left > 0; left--) {
        (void)repeat_local(r, k, &is_cut);
        if (!is_cut)
            return k;
        k--;
    }
    return INT64_MIN;
}

static bool steps_set(const struct repeat *r, struct pattern *p, wall first, const char *to,
                      struct err *e)
{
    bool is_open = p->start.us == TRIGGER_BEGINNING.us, is_cut;
    struct zone_local local;
    int64_t k = number_choose(r, p, is_open && is_endless_back(r) ? p->now : p->start);

    if (r->anchor.us != 0)
        return fail(e, ERR_INPUT, "expr", "%s has no fractions of a second here", to);
    if (k == INT64_MIN)
        return fail(e, ERR_INPUT, "expr", "%s cannot count from a day that few months have", to);
    if (k < r->first && first.us > p->start.us)
        p->start = first;
    p->form = PATTERN_STEPS;
    p->anchor_s = repeat_local(r, k, &is_cut);
    zone_from_local(r->zone, p->anchor_s, &local);
    if (local.first * SECOND_US >= p->start.us && first.us <= p->now.us && !p->max_runs)
        p->start = TRIGGER_BEGINNING;
    p->months = (int32_t)r->every.months;
    p->days = (int32_t)r->every.days;
    p->cuts_months = r->month_end == MONTH_END_LAST;
    return true;
}

bool pattern_of_repeat(struct pattern *p, const char *to, struct err *e)
{
    const struct repeat *r = p->trigger->own;
    wall first, next = trigger_next(p->trigger, (wall){p->now.us - 1});
    wall last = r->last == REPEAT_ENDLESS ? WALL_NEVER : repeat_prev(r, kind_horizon());

    p->zone = r->zone;
    calendar_init(&p->calendar);
    p->calendar.dst = (uint8_t)(r->dst == DST_UTC ? DST_DEFAULT : r->dst);
    if (p->trigger->kind->is_anchored && p->trigger->start.us > p->start.us)
        p->start = p->trigger->start;
    if (last.us < p->end.us)
        p->end = last;
    first = pattern_next(p, TRIGGER_BEGINNING);
    if (next.us == WALL_NEVER.us)
        return pattern_no_runs(to, e);
    if (first.us == last.us) {
        p->form = PATTERN_MOMENT;
        p->anchor = first;
        return true;
    }
    if (!r->every.months + !r->every.days + !r->every.us != 2)
        return fail(e, ERR_INPUT, "expr", "%s cannot count %s together", to,
                    r->every.months == 0 ? "days and hours"
                    : r->every.days == 0 ? "months and hours"
                                         : "months and days");
    if (first.us > p->now.us || p->max_runs)
        p->start = first.us > p->start.us ? first : p->start;
    if (!repeat_is_elapsed(r))
        return steps_set(r, p, first, to, e);
    elapsed_set(r, p, first);
    return true;
}
