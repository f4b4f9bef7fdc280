// combination.c - walks a tree of triggers.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/combination.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "trigger/repeat.h"

// A trigger's work grows with the months it has to look at; so many go into one step.
#define STEP_US (8 * 30 * DAY_US)

// Where to look: after a moment, and, as far as one must know, up to another.
struct reach {
    wall after, limit;
};

static wall part_next(struct search *s, const struct trigger *t, struct reach reach, wall *known);

struct combination *combination_of(const struct trigger *t)
{
    return t->kind->id == TRIGGER_AND || t->kind->id == TRIGGER_OR ? t->own : NULL;
}

// ---- preparing

static bool is_calendar(const struct trigger *t)
{
    return t->kind->next == kind_calendar_next;
}

// Is the trigger an interval, whatever its end?
static bool interval_of(const struct trigger *t, struct interval *ret_interval)
{
    const struct repeat *r = t->own;

    if (t->kind->id == TRIGGER_INTERVAL) {
        *ret_interval = (struct interval){t->every_us, t->start, kind_horizon()};
        return true;
    }
    if (t->kind->id != TRIGGER_ISO8601 || !repeat_is_elapsed(r) || r->first != 0)
        return false;
    *ret_interval =
        (struct interval){r->every.us, repeat_next(r, TRIGGER_BEGINNING), kind_horizon()};
    return true;
}

static struct sieve *sieve_of(struct combination *c, const struct zone *zone)
{
    int i = 0;

    while (i < c->sieve_count && c->sieves[i].zone != zone)
        i++;
    if (i == c->sieve_count)
        sieve_init(&c->sieves[c->sieve_count++], zone);
    return &c->sieves[i];
}

// One sieve a zone of calendars; intervals go into each of them, or alone into one.
static void sieves_make(struct combination *c)
{
    int useful = 0;

    c->sieves = mem_array(COMBINATION_CHILDREN_MAX, sizeof *c->sieves);
    for (int i = 0; i < c->count; i++)
        if (is_calendar(c->triggers[i]))
            (void)sieve_add_calendar(sieve_of(c, kind_rule_zone(c->triggers[i])),
                                     &c->triggers[i]->calendar);
    if (c->sieve_count == 0)
        (void)sieve_of(c, NULL);
    for (int i = 0; i < c->count; i++) {
        struct interval interval;

        for (int n = 0; interval_of(c->triggers[i], &interval) && n < c->sieve_count; n++)
            sieve_add_interval(&c->sieves[n], &interval);
    }
    for (int i = 0; i < c->sieve_count; i++)
        if (c->sieves[i].calendars + c->sieves[i].intervals > 1)
            c->sieves[useful++] = c->sieves[i];
    c->sieve_count = useful;
    if (useful)
        c->sieves = mem_resize(c->sieves, (size_t)useful * sizeof *c->sieves);
}

void combination_prepare(struct combination *c)
{
    for (int i = 0; i < c->count; i++) {
        const struct combination *inner = combination_of(c->triggers[i]);

        c->leaves += inner ? inner->leaves : 1;
        c->cursors += inner ? inner->cursors : 1;
    }
    if (c->is_and)
        sieves_make(c);
    c->cursors += c->sieve_count;
}

void combination_free(struct combination *c)
{
    if (!c)
        return;
    for (int i = 0; i < c->count; i++)
        trigger_free(c->triggers[i]);
    free(c->sieves);
    free(c);
}

// ---- searching

// Takes the work of a step between two moments.
static void work_take(struct search *s, wall from, wall to)
{
    wall horizon = kind_horizon();

    from = from.us < 0 ? (wall){0} : from;
    to = to.us > horizon.us ? horizon : to;
    s->work -= 1 + (to.us > from.us ? (to.us - from.us) / STEP_US : 0);
    s->is_exhausted |= s->work < 0;
}

// Each cursor holds the least slot after the moment that was last asked about.
static wall leaf_next(struct search *s, const struct trigger *t, wall after, wall *known)
{
    if (known->us <= after.us) {
        *known = trigger_next(t, after);
        work_take(s, after, *known);
    }
    return *known;
}

static wall through_sieve(struct search *s, const struct sieve *sieve, wall after, wall *known)
{
    if (known->us <= after.us) {
        *known = sieve_next(sieve, after);
        work_take(s, after, *known);
    }
    return *known;
}

static int cursors_of(const struct trigger *t)
{
    const struct combination *c = combination_of(t);

    return c ? c->cursors : 1;
}

static wall shared_next(struct search *s, const struct combination *c, struct reach reach,
                        wall *known)
{
    int parts = c->sieve_count + c->count, agreed = 0;
    wall at = {reach.after.us + 1}, slot, *cursor = known;

    for (int n = 0; agreed < parts; n = (n + 1) % parts) {
        reach.after.us = at.us - 1;
        cursor = n == 0 ? known : cursor;
        if (n < c->sieve_count) {
            slot = through_sieve(s, &c->sieves[n], reach.after, cursor++);
        } else {
            const struct trigger *t = c->triggers[n - c->sieve_count];

            slot = part_next(s, t, reach, cursor);
            cursor += cursors_of(t);
        }
        if (slot.us > reach.limit.us || slot.us == WALL_NEVER.us || s->is_exhausted)
            return WALL_NEVER;
        agreed = slot.us > at.us ? 1 : agreed + 1;
        at = slot;
    }
    return at;
}

// The simple triggers first: combinations need not seek further than to what these give. Each of
// them has its share of the work, and one that cannot be decided does not hide the others.
static wall any_next(struct search *s, const struct combination *c, struct reach reach, wall *known)
{
    wall least = WALL_NEVER, *cursor = known;
    bool is_exhausted = false;
    int inner = 0;

    for (int i = 0; i < c->count; i++) {
        wall slot = WALL_NEVER;

        if (combination_of(c->triggers[i]))
            inner++;
        else
            slot = leaf_next(s, c->triggers[i], reach.after, cursor);
        least = slot.us < least.us ? slot : least;
        cursor += cursors_of(c->triggers[i]);
    }
    for (int i = 0; inner > 0; known += cursors_of(c->triggers[i++])) {
        int64_t kept = s->work - s->work / inner;

        if (!combination_of(c->triggers[i]))
            continue;
        s->work -= kept;
        inner--;
        reach.limit = least.us < reach.limit.us ? least : reach.limit;
        wall slot = part_next(s, c->triggers[i], reach, known);
        least = slot.us < least.us ? slot : least;
        is_exhausted |= s->is_exhausted;
        s->is_exhausted = false;
        s->work += kept;
    }
    s->is_exhausted |= s->work < 0 || (is_exhausted && least.us == WALL_NEVER.us);
    return s->is_exhausted ? WALL_NEVER : least;
}

static wall part_next(struct search *s, const struct trigger *t, struct reach reach, wall *known)
{
    const struct combination *c = combination_of(t);
    const struct bounds *b = t->bounds;

    if (!c)
        return leaf_next(s, t, reach.after, known);
    if (b && reach.after.us < b->start.us)
        reach.after.us = b->start.us - 1;
    if (reach.after.us >= reach.limit.us)
        return WALL_NEVER;

    wall slot = c->is_and ? shared_next(s, c, reach, known) : any_next(s, c, reach, known);
    return b && slot.us > b->last.us ? WALL_NEVER : slot;
}

void search_begin(struct search *s, const struct trigger *t, int64_t work)
{
    const struct combination *c = combination_of(t);

    assert(c && c->cursors <= (int)(sizeof s->known / sizeof *s->known));
    s->trigger = t;
    s->work = work;
    s->is_exhausted = false;
    for (int i = 0; i < c->cursors; i++)
        s->known[i] = TRIGGER_BEGINNING;
}

wall search_next(struct search *s, wall after)
{
    return part_next(s, s->trigger, (struct reach){after, kind_horizon()}, s->known);
}
