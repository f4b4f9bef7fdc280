// exclude_slots.c - finds slots that are not excluded, and where excluded ones go.
//
// Left out (skip) or put off (end), slots keep their order, and whatever is excluded is leapt over:
// from an excluded slot to the end of the stretch that excludes it, from there to the next slot.
//
// Moved to another day they do not: with Friday to Sunday excluded, Friday's 10:00 comes out behind
// Sunday's 09:00. So the question is turned round: which is the first free moment at which a slot
// arrives? One arrives at c from n days before when c is free, the same local time of the n days
// before is excluded, and a slot is there on the first of these days. For each n, the three
// conditions leap over what cannot be: to the end of a stretch that excludes c, to the beginning of
// the next one that excludes a day before, to the next slot. When no moment at all has n such days
// before it, none has more. Slots moved to days before are the same with the sign changed.
//
// All that is in local time as the clocks would show it without gaps and folds ("civil" below, in
// microseconds), where a day always has 24 hours. What the clocks skip lies at the end of the gap,
// what they show twice at its first time; a slot at the second time is as good as one at the first.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/exclude_slots.h"

#include "time/civil.h"
#include "time/duration.h"
#include "trigger/kind.h"

#define WORK_SLOT 3    // units as exclude.work
#define WORK_LEAP 40   // a slot costs one more for each 2^40 us (12 days) that it is away,
#define WORK_NEVER 100 // and so much when there is none
#define WORK_STEP 2    // and so much for a step through several triggers
#define WORK_KIND (KIND_WORK_MAX / 4)
#define REACH_US (40 * DAY_US) // how far ahead is looked at first
#define NEVER INT64_MAX
#define FOLD_MAX_US (26 * HOUR_US)             // no fold is longer
#define ZONE_FOREVER_S (INT64_MAX / SECOND_US) // spans beyond do not end

struct search {
    const struct exclude *x;
    const struct exclude_base *base;
    int left;          // of the work,
    int floor;         // and of that, what is for later
    bool is_cut;       // what was not for later was not enough
    int64_t base_left; // of WORK_KIND
};

static void bounds_narrow(const struct search *s, wall *after, wall *upto);
static wall next_free(struct search *s, wall after, wall upto);
static wall next_put_off(struct search *s, wall after, wall upto);
static wall next_moved(struct search *s, wall after, wall upto);

wall exclude_next(const struct exclude *x, const struct exclude_base *base, wall after, wall upto,
                  int *work)
{
    struct search s = {x, base, *work, 0, false, WORK_KIND};
    wall slot;

    bounds_narrow(&s, &after, &upto);
    if (after.us >= upto.us)
        return WALL_NEVER;
    slot = x->policy == EXCLUDE_SKIP  ? next_free(&s, after, upto)
           : x->policy == EXCLUDE_END ? next_put_off(&s, after, upto)
                                      : next_moved(&s, after, upto);
    *work = s.left > 0 && !s.is_cut ? s.left : 0;
    return slot.us > upto.us ? WALL_NEVER : slot;
}

static bool may_go_on(const struct search *s)
{
    return s->left > s->floor;
}

// ---- in the order of time

static bool is_out(struct search *s, wall at, wall *ret_until)
{
    struct exclude_mark m;

    s->left -= s->x->work;
    exclude_at(s->x, s->base->zone, at, &m);
    *ret_until = m.until;
    return m.is_out;
}

// The first moment from one up to another that is free; NEVER when there is none, or it is too far
// to look.
static wall free_from(struct search *s, wall at, wall upto)
{
    wall until;

    while (at.us <= upto.us && may_go_on(s) && is_out(s, at, &until))
        at = until;
    return at.us <= upto.us && may_go_on(s) ? at : WALL_NEVER;
}

static wall base_next(struct search *s, wall after)
{
    int64_t before = s->base_left;
    wall slot = s->base->next(s->base->t, after, &s->base_left);

    s->left -= WORK_SLOT + WORK_STEP * (int)(before - s->base_left);
    s->left -= slot.us == NEVER ? WORK_NEVER : (int)((slot.us - after.us) >> WORK_LEAP);
    return slot;
}

// The first slot that is free.
static wall next_free(struct search *s, wall after, wall upto)
{
    while (may_go_on(s) && after.us < upto.us) {
        wall slot = base_next(s, after), until;

        if (slot.us > upto.us)
            break;
        if (!is_out(s, slot, &until))
            return slot;
        after.us = until.us - 1;
    }
    return WALL_NEVER;
}

static wall next_put_off(struct search *s, wall after, wall upto)
{
    wall until = after, slot;

    // What was excluded shortly before may be on its way.
    if (is_out(s, after, &until)) {
        wall end = free_from(s, until, upto);

        if (end.us == NEVER)
            return WALL_NEVER;
        slot = s->base->prev(s->base->t, (wall){end.us - 1});
        if (slot.us != NEVER && free_from(s, slot, upto).us == end.us)
            return end;
        after.us = end.us - 1;
    }
    slot = base_next(s, after);
    return free_from(s, slot, upto);
}

// ---- local time without gaps and folds

static int64_t moment_s(wall at)
{
    return floor_div(at.us, SECOND_US);
}

static int64_t span_end(const struct zone_span *span)
{
    return span->to < ZONE_FOREVER_S ? span->to * SECOND_US : NEVER;
}

static int64_t civil_in(const struct zone_span *span, wall at)
{
    return at.us == NEVER ? NEVER : at.us + span->offset_s * SECOND_US;
}

// What the clocks before this span would show at its beginning.
static int64_t old_end(const struct zone_span *span)
{
    return span->from > -ZONE_FOREVER_S ? (span->from + span->before_s) * SECOND_US : INT64_MIN;
}

// The first civil time that is not before a moment. What the clocks skip is not before the gap's
// end, and what they show for the second time is over at the end of the fold.
static int64_t civil_of(const struct search *s, wall at)
{
    struct zone_span span;

    if (at.us == NEVER)
        return NEVER;
    zone_span_at(s->base->zone, moment_s(at), &span);
    int64_t civil = civil_in(&span, at), end = old_end(&span);

    // at == span.from without overflow, for spans that have always been
    bool is_start = floor_div(at.us, SECOND_US) == span.from && at.us % SECOND_US == 0;
    return is_start || civil < end ? end : civil;
}

static wall moment_of(const struct search *s, int64_t civil)
{
    struct zone_local local;
    int64_t second = floor_div(civil, SECOND_US);

    zone_from_local(s->base->zone, second, &local);
    return (wall){local.first * SECOND_US +
                  (local.kind == LOCAL_GAP ? 0 : civil - second * SECOND_US)};
}

// The first civil time at or after one that is excluded, or that is not; NEVER when it is not below
// limit.
static int64_t civil_from(struct search *s, int64_t civil, int64_t limit, bool wants_out)
{
    wall until;

    while (civil < limit && may_go_on(s) && is_out(s, moment_of(s, civil), &until) != wants_out)
        civil = civil_of(s, until);
    return civil < limit && may_go_on(s) ? civil : NEVER;
}

// Keeps a search within the years that calendars know: before and behind them nothing is marked.
static void bounds_narrow(const struct search *s, wall *after, wall *upto)
{
    int64_t end = kind_horizon().us + 1;

    if (after->us < DAY_US) {
        wall first = moment_of(s, 0);

        if (after->us < first.us)
            after->us = first.us - 1;
    }
    if (upto->us >= end - DAY_US) {
        wall last = moment_of(s, end);

        if (last.us < end)
            end = last.us;
        if (upto->us >= end)
            upto->us = end - 1;
    }
}

// A slot of the base and what the clocks show at it.
struct shown {
    wall slot;
    int64_t civil;
};

// The first slot at or after a civil time of a span, perhaps behind the span.
static struct shown shown_from(struct search *s, const struct zone_span *span, int64_t civil)
{
    wall slot = base_next(s, (wall){civil - span->offset_s * SECOND_US - 1});
    struct zone_span own;

    if (slot.us == NEVER)
        return (struct shown){WALL_NEVER, NEVER};
    zone_span_at(s->base->zone, moment_s(slot), &own);
    return (struct shown){slot, civil_in(&own, slot)};
}

// The first slot of the base at or after a civil time, by the civil time. Where the clocks go back
// that may be one at a second time, behind slots of a first time that is later.
static struct shown base_from(struct search *s, int64_t civil)
{
    struct zone_span span, next;
    struct shown found, again;

    zone_span_at(s->base->zone, moment_s(moment_of(s, civil)), &span);
    found = shown_from(s, &span, moment_of(s, civil).us + span.offset_s * SECOND_US);
    if (found.civil == NEVER)
        return found;
    zone_span_at(s->base->zone, moment_s(found.slot), &span);
    if (found.civil < civil) {
        found = shown_from(s, &span, civil);
        if (found.civil == NEVER)
            return found;
        zone_span_at(s->base->zone, moment_s(found.slot), &span);
    }
    int64_t change = span_end(&span);
    if (change == NEVER || change - found.slot.us > FOLD_MAX_US)
        return found;
    zone_span_at(s->base->zone, span.to, &next);
    int64_t back_to = civil_in(&next, (wall){change});
    if (back_to < civil)
        back_to = civil;
    if (back_to >= found.civil)
        return found;
    again = shown_from(s, &next, back_to);
    return again.civil < found.civil ? again : found;
}

// ---- moved by days

static int sign_of(const struct exclude *x)
{
    return x->policy == EXCLUDE_NEXT ? 1 : -1;
}

// The first civil time in [civil, limit) that is free, the same time of `days` days before it being
// excluded; of days after it with sign -1. known: so many of these days are known to be, and civil
// to be free; -1: nothing is known.
static int64_t chain_from(struct search *s, int64_t civil, int64_t limit, int days, int known,
                          int sign)
{
    for (int day = known + 1; civil != NEVER && day <= days;) {
        int64_t away_us = sign * day * DAY_US, before = civil;

        civil = civil_from(s, civil - away_us, limit - away_us, day > 0);
        if (civil != NEVER)
            civil += away_us;
        day = civil == before ? day + 1 : 0;
    }
    return civil;
}

// The first civil time in [*from, limit) at which a slot arrives from so many days before. *from is
// the first at which one could from a day less, and becomes the first at which one could from so
// many; NEVER: there is none.
static int64_t arrival_from(struct search *s, int64_t *from, int64_t limit, int days, int sign)
{
    int64_t away_us = sign * days * DAY_US, civil = *from;
    wall until;

    *from = civil = chain_from(s, civil, limit, days, days > 1 ? days - 1 : -1, sign);
    while (civil != NEVER) {
        struct shown slot = base_from(s, civil - away_us);

        if (slot.civil == NEVER || slot.civil + away_us >= limit)
            return NEVER;
        if (slot.civil + away_us > civil)
            civil = slot.civil + away_us;
        else if (is_out(s, slot.slot, &until)) // not only the first of two such times
            return civil;
        else
            civil++;
        civil = chain_from(s, civil, limit, days, -1, sign);
    }
    return NEVER;
}

// Where an excluded slot goes, when that is in (after, upto].
static wall moved(struct search *s, wall slot, int sign, wall after, wall upto)
{
    struct zone_span span;
    wall until;

    zone_span_at(s->base->zone, moment_s(slot), &span);
    for (int days = 0; may_go_on(s) && days <= EXCLUDE_DAYS_MAX; days++) {
        wall at = moment_of(s, civil_in(&span, slot) + sign * days * DAY_US);

        if (sign > 0 ? at.us > upto.us : at.us <= after.us)
            break;
        if (!is_out(s, at, &until)) // on day 0: the first of two such times was free
            return days > 0 ? at : WALL_NEVER;
    }
    return WALL_NEVER;
}

// A moment in (after, upto] at which a slot stays or arrives, perhaps not the first; upto when none
// is found by trying the next few slots, then some further and further away.
static wall some_after(struct search *s, wall after, wall upto, int sign)
{
    int64_t from = civil_of(s, (wall){after.us + 1}) + (sign < 0) * DAY_US;
    int64_t last = from + EXCLUDE_DAYS_MAX * DAY_US;
    wall until;

    for (int tries = 0; tries < 16 && may_go_on(s); tries++) {
        struct shown next = base_from(s, from);

        if (next.civil >= last || (sign > 0 && next.slot.us > upto.us))
            break;
        wall lands =
            is_out(s, next.slot, &until) ? moved(s, next.slot, sign, after, upto) : next.slot;

        if (lands.us > after.us && lands.us <= upto.us)
            return lands;
        from = next.civil + (tries < 8 ? 1 : DAY_US << (tries - 8));
    }
    return upto;
}

// The first civil time in [from, limit) at which a slot arrives.
static int64_t arrival_in(struct search *s, int64_t from, int64_t limit, int sign)
{
    const int64_t most_us = EXCLUDE_DAYS_MAX * DAY_US;
    struct shown first = base_from(s, sign > 0 ? from - most_us : from + DAY_US);
    int64_t best = NEVER;

    // None arrives before the first that could: the years between rare slots are leapt over.
    if (first.civil == NEVER)
        return NEVER;
    first.civil += sign > 0 ? DAY_US : -most_us;
    if (from < first.civil)
        from = first.civil;
    for (int days = 1; from < limit && days <= EXCLUDE_DAYS_MAX; days++) {
        int64_t found = arrival_from(s, &from, limit, days, sign);

        if (found != NEVER)
            best = limit = found;
    }
    return best;
}

// The least of the slots that arrive and of those that stay where they are.
static wall next_moved(struct search *s, wall after, wall upto)
{
    int sign = sign_of(s->x);
    int64_t from = civil_of(s, (wall){after.us + 1}), found = NEVER;

    s->floor = s->left - s->left / 4;
    upto = some_after(s, after, upto, sign);
    s->floor = s->left / 2;
    int64_t limit = civil_of(s, (wall){upto.us + 1}), reach = REACH_US;

    // Near ones first: looking far ahead for slots that were moved a little must not keep from
    // finding near ones that were moved far.
    for (; found == NEVER && from < limit && may_go_on(s); reach *= 4) {
        int64_t end = limit - from > reach ? from + reach : limit;

        found = arrival_in(s, from, end, sign);
        from = end;
    }
    s->is_cut = !may_go_on(s);
    wall arrives = found == NEVER ? WALL_NEVER : moment_of(s, found);

    s->floor = 0;
    wall stays = next_free(s, after, arrives.us < upto.us ? arrives : upto);
    return stays.us < arrives.us ? stays : arrives;
}

// ---- one excluded slot

wall exclude_moved(const struct exclude *x, const struct exclude_base *base, wall slot)
{
    struct search s = {x, base, EXCLUDE_WORK_MAX, 0, false, WORK_KIND};
    wall after = {-DAY_US}, upto = WALL_NEVER;

    bounds_narrow(&s, &after, &upto);
    if (x->policy == EXCLUDE_SKIP)
        return WALL_NEVER;
    return x->policy == EXCLUDE_END ? free_from(&s, slot, upto)
                                    : moved(&s, slot, sign_of(x), after, upto);
}

wall exclude_next_out(const struct exclude *x, const struct exclude_base *base, wall after,
                      wall upto, struct exclude_mark *ret_mark)
{
    struct search s = {x, base, EXCLUDE_WORK_MAX, 0, false, WORK_KIND};

    bounds_narrow(&s, &after, &upto);
    while (may_go_on(&s)) {
        wall slot = base_next(&s, after);

        if (slot.us > upto.us || slot.us == NEVER)
            break;
        s.left -= x->work;
        exclude_at(x, base->zone, slot, ret_mark);
        if (ret_mark->is_out)
            return slot;
        if (ret_mark->until.us == NEVER)
            break;
        after.us = ret_mark->until.us - 1;
    }
    return WALL_NEVER;
}
