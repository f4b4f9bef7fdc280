// trigger_slots.c - the questions one may ask a trigger: the kind's answer, within the bounds.
//
// Most triggers have no bounds, and then a question is one call to the kind. What a kind does not
// answer itself is found by asking for next slots: they rise with the moment asked about, so the
// slot before a moment can be bracketed and halved.
// SPDX-License-Identifier: Apache-2.0
#include <limits.h>

#include "time/duration.h"
#include "trigger/exclude_slots.h"
#include "trigger/kind.h"

enum trigger_kind trigger_kind(const struct trigger *t)
{
    return t->kind->id;
}

const struct zone *trigger_zone(const struct trigger *t)
{
    return t->zone;
}

bool trigger_is_once(const struct trigger *t)
{
    return t->kind->id == TRIGGER_DATE && !t->own;
}

bool trigger_is_relative(const struct trigger *t)
{
    return t->kind->is_relative;
}

int64_t trigger_delay_us(const struct trigger *t)
{
    return t->kind->is_relative ? t->every_us : 0;
}

// The least slot in (after, upto].
typedef wall next_fn(const struct trigger *t, wall after, wall upto);

static wall slot_before(const struct trigger *t, wall at, next_fn *next);

// ---- without the calendars

static wall base_next(const struct trigger *t, wall after, int64_t *work)
{
    const struct bounds *b = t->bounds;

    if (after.us < b->start.us)
        after.us = b->start.us - 1;
    wall slot =
        t->kind->next_within ? t->kind->next_within(t, after, work) : t->kind->next(t, after);

    return slot.us > b->end.us ? WALL_NEVER : slot;
}

static wall base_upto(const struct trigger *t, wall after, wall upto)
{
    int64_t work = KIND_WORK_MAX;

    (void)upto; // the kind does not know it
    return base_next(t, after, &work);
}

static wall base_prev(const struct trigger *t, wall at)
{
    const struct bounds *b = t->bounds;

    if (!t->kind->prev)
        return slot_before(t, at, base_upto);
    if (at.us > b->end.us)
        at = b->end;
    wall slot = t->kind->prev(t, at);

    return slot.us != WALL_NEVER.us && slot.us < b->start.us ? WALL_NEVER : slot;
}

static struct exclude_base base_of(const struct trigger *t)
{
    return (struct exclude_base){t, kind_rule_zone(t), base_next, base_prev};
}

void kind_without_calendars(const struct trigger *t, struct trigger *ret_plain,
                            struct bounds *ret_bounds)
{
    *ret_plain = *t;
    if (!t->bounds)
        return;
    *ret_bounds = *t->bounds;
    ret_bounds->exclude = NULL;
    ret_plain->bounds = ret_bounds;
}

// ---- next and prev

static wall next_within(const struct trigger *t, wall after, wall upto, int *work)
{
    const struct bounds *b = t->bounds;
    wall slot;

    if (!b)
        return t->kind->next(t, after);
    if (after.us < b->start.us)
        after.us = b->start.us - 1;
    if (b->exclude) {
        struct exclude_base base = base_of(t);

        return exclude_next(b->exclude, &base, after, upto.us < b->last.us ? upto : b->last, work);
    }
    slot = t->kind->next(t, after);
    return slot.us > b->last.us ? WALL_NEVER : slot;
}

static wall next_upto(const struct trigger *t, wall after, wall upto)
{
    int work = EXCLUDE_WORK_MAX;

    return next_within(t, after, upto, &work);
}

wall trigger_next(const struct trigger *t, wall after)
{
    return next_upto(t, after, WALL_NEVER);
}

// The greatest slot at or before a moment, from next alone. Every answer is a slot and moves the
// lower end up to itself; behind the upper end there is none.
static wall slot_before(const struct trigger *t, wall at, next_fn *next)
{
    int64_t back = HOUR_US, low, high, limit = kind_horizon().us + DAY_US;
    wall slot;

    if (at.us < 0)
        at.us = at.us < -DAY_US ? -DAY_US : at.us;
    if (at.us > limit)
        at.us = limit;
    low = at.us;
    do {
        high = low;
        low = at.us - back;
        slot = next(t, (wall){low}, (wall){high});
        back *= 4;
    } while (slot.us > high && low > -2 * DAY_US);
    if (slot.us > high)
        return WALL_NEVER;
    low = slot.us;
    while (high - low > t->kind->grain_us) {
        int64_t middle = low + (high - low) / 2;

        slot = next(t, (wall){middle}, (wall){high});
        if (slot.us <= high)
            low = slot.us;
        else
            high = middle;
    }
    slot = next(t, (wall){low}, (wall){high});
    return slot.us <= high ? slot : (wall){low};
}

wall trigger_prev(const struct trigger *t, wall at)
{
    const struct bounds *b = t->bounds;

    if (!t->kind->prev || (b && b->exclude))
        return slot_before(t, at, next_upto);
    if (b && at.us > b->last.us)
        at = b->last;

    wall slot = t->kind->prev(t, at);
    return slot.us != WALL_NEVER.us && b && slot.us < b->start.us ? WALL_NEVER : slot;
}

// ---- counting and listing

// Slot by slot.
static int64_t count_walk(const struct trigger *t, wall after, wall upto, int64_t max, int *work,
                          wall *ret_last)
{
    int64_t count = 0;

    for (; count < max; count++) {
        int given = *work < EXCLUDE_WORK_MAX ? *work : EXCLUDE_WORK_MAX, left = given;
        wall slot = next_within(t, after, upto, &left);

        if (*work != INT_MAX)
            *work -= given - left;
        if (slot.us > upto.us || slot.us == WALL_NEVER.us)
            break;
        after = *ret_last = slot;
    }
    return count;
}

int64_t kind_count(const struct trigger *t, wall after, wall upto, int64_t max, int *work,
                   wall *ret_last)
{
    const struct bounds *b = t->bounds;
    wall last = WALL_NEVER;
    int64_t count;

    if (b && after.us < b->start.us)
        after.us = b->start.us - 1;
    if (b && upto.us > b->last.us)
        upto = b->last;
    if (t->kind->count && !(b && b->exclude))
        count = t->kind->count(t, after, upto, max, &last);
    else
        count = count_walk(t, after, upto, max, work, &last);
    if (ret_last)
        *ret_last = last;
    return count;
}

int64_t trigger_count(const struct trigger *t, wall after, wall upto, int64_t max, wall *ret_last)
{
    int work = INT_MAX;

    return kind_count(t, after, upto, max, &work, ret_last);
}

size_t trigger_between(const struct trigger *t, wall after, wall upto, size_t max, wall *ret_slots)
{
    size_t count = 0;

    while (count < max) {
        after = next_upto(t, after, upto);
        if (after.us > upto.us || after.us == WALL_NEVER.us)
            break;
        ret_slots[count++] = after;
    }
    return count;
}

size_t trigger_excluded(const struct trigger *t, wall after, wall upto, size_t max,
                        struct trigger_excluded *ret_excluded)
{
    const struct bounds *b = t->bounds;
    struct exclude_mark mark;
    size_t count = 0;

    if (!b || !b->exclude)
        return 0;
    struct exclude_base base = base_of(t);
    while (count < max) {
        wall slot = exclude_next_out(b->exclude, &base, after, upto, &mark);
        wall moved = slot.us == WALL_NEVER.us ? slot : exclude_moved(b->exclude, &base, slot);

        if (slot.us == WALL_NEVER.us)
            break;
        if (moved.us < b->start.us || moved.us > b->last.us || moved.us > kind_horizon().us)
            moved = WALL_NEVER;
        ret_excluded[count++] = (struct trigger_excluded){slot, moved, mark.by->name, mark.why};
        after = slot;
    }
    return count;
}

bool trigger_uses_calendar(const struct trigger *t, struct str name)
{
    return t->bounds && t->bounds->exclude && exclude_uses(t->bounds->exclude, name);
}

bool trigger_is_stale(const struct trigger *t)
{
    return t->bounds && t->bounds->exclude && exclude_is_stale(t->bounds->exclude);
}

int64_t trigger_jitter_us(const struct trigger *t, uint64_t salt, wall slot)
{
    uint32_t jitter_s = t->bounds ? t->bounds->jitter_s : 0;
    // Two rounds of multiply and fold mix every bit of salt and slot into the top bits.
    unsigned __int128 x = (unsigned __int128)(salt ^ UINT64_C(0x9e3779b97f4a7c15)) *
                          ((uint64_t)slot.us ^ UINT64_C(0xd1b54a32d192ed03));
    uint64_t folded = (uint64_t)x ^ (uint64_t)(x >> 64);

    x = (unsigned __int128)(folded ^ UINT64_C(0x94d049bb133111eb)) * UINT64_C(0xbf58476d1ce4e5b9);
    folded = (uint64_t)x ^ (uint64_t)(x >> 64);
    return (int64_t)((unsigned __int128)folded * ((uint64_t)jitter_s * SECOND_US + 1) >> 64);
}

bool kind_next_change(const struct trigger *t, wall after, wall until, struct trigger_dst *ret_dst)
{
    const struct bounds *b = t->bounds;
    wall limit = b && b->last.us < kind_horizon().us ? b->last : kind_horizon();

    if (until.us > limit.us)
        until = limit;
    while (t->kind->next_dst && t->kind->next_dst(t, after, until, ret_dst)) {
        after = ret_dst->change_at;
        if (!ret_dst->zone)
            ret_dst->zone = trigger_zone(t);
        if (!b || after.us >= b->start.us)
            return true;
    }
    return false;
}

bool trigger_next_dst(const struct trigger *t, wall after, wall until, struct trigger_dst *ret_dst)
{
    struct exclude_mark mark = {0};
    struct trigger_dst dst;

    for (; kind_next_change(t, after, until, &dst); after = dst.change_at) {
        if (kind_exclude(t))
            exclude_at(kind_exclude(t), kind_rule_zone(t),
                       dst.runs_at.us != WALL_NEVER.us ? dst.runs_at : dst.change_at, &mark);
        if (mark.is_out)
            continue;
        *ret_dst = dst;
        return true;
    }
    return false;
}
