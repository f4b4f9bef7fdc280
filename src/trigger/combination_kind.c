// combination_kind.c - schedules made of schedules: and, or.
//
// Both read a list of specs, which inherit the zone, and print what these print. That an "and" ever
// fires is found while it is read; whoever makes it seek for longer than KIND_WORK_MAX allows is
// told so, and refused.
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "base/mem.h"
#include "trigger/combination.h"
#include "trigger/kind.h"

#define KEY "triggers"

// ---- reading

// Puts the place of a spec inside of this one before the field at fault.
static bool inside_fail(struct err *e, size_t i)
{
    char field[sizeof e->field];

    snprintf(field, sizeof field, "%s", e->field);
    snprintf(e->field, sizeof e->field, KEY ".%zu%s%.70s", i, field[0] ? "." : "", field);
    return false;
}

static bool is_combination(const struct trigger *t)
{
    return t->kind->id == TRIGGER_AND || t->kind->id == TRIGGER_OR;
}

static bool part_check(const struct combination *c, const json_t *spec, const struct trigger *t,
                       struct err *e)
{
    const json_t *jitter = json_object_get(spec, "jitter");

    if (t->kind->is_relative)
        return fail(e, ERR_INPUT, "type",
                    "a trigger of type %s follows events and cannot be combined", t->kind->type);
    if (jitter && !json_is_null(jitter))
        return fail(e, ERR_INPUT, "jitter", "jitter belongs to the whole, beside \"" KEY "\"");
    if (t->bounds && t->bounds->exclude)
        return fail(e, ERR_INPUT, json_object_get(spec, "exclude") ? "exclude" : "include",
                    "calendars belong to the whole, beside \"" KEY "\"");
    if (c->is_and && !is_combination(t) && trigger_next(t, TRIGGER_BEGINNING).us == WALL_NEVER.us)
        return fail(e, ERR_SCHEDULE, NULL, "this schedule never fires, so the whole does not");
    return true;
}

static bool parts_read(const json_t *array, const struct kind_reader *reader,
                       const struct trigger *t, struct err *e)
{
    struct trigger_context context = *reader->context;
    struct combination *c = t->own;

    context.timezone = zone_name(t->zone);
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *spec = json_array_get(array, i);

        if (!reader->parse(spec, &context, reader, &c->triggers[i], e))
            return inside_fail(e, i);
        c->count++;
        if (!part_check(c, spec, c->triggers[i], e))
            return inside_fail(e, i);
    }
    return true;
}

// Can its slots be found, as many as max_runs counts? Inside of another combination it may have
// none.
static bool slots_check(const struct trigger *t, const struct kind_reader *reader, struct err *e)
{
    struct search search;
    int32_t runs = t->bounds && t->bounds->max_runs ? t->bounds->max_runs : 1, n = 0;
    wall slot = TRIGGER_BEGINNING;

    search_begin(&search, t, *reader->work);
    do
        slot = search_next(&search, slot);
    while (slot.us != WALL_NEVER.us && ++n < runs);
    *reader->work = search.work;
    if (search.is_exhausted && n > 0)
        return fail(e, ERR_SCHEDULE, "max_runs", "max_runs are too many to be counted here");
    if (search.is_exhausted) {
        fail(e, ERR_SCHEDULE, KEY,
             "no moment that these triggers share was found within %d steps; perhaps there is none",
             KIND_WORK_MAX);
        return fail_hint(e, "let them agree on the minute and the second at which they run");
    }
    if (n == 0 && reader->depth == 0)
        return fail(e, ERR_SCHEDULE, KEY, "this schedule never fires: %s",
                    t->kind->id == TRIGGER_AND ? "its triggers have no moment in common"
                                               : "none of its triggers does");
    return true;
}

static bool combination_read(const json_t *spec, const struct kind_reader *reader,
                             struct trigger *t, struct err *e)
{
    const json_t *array = json_object_get(spec, KEY);
    size_t count = json_array_size(array);
    struct combination *c = mem_alloc(sizeof *c);

    t->own = c;
    c->is_and = t->kind->id == TRIGGER_AND;
    if (!json_is_array(array) || count == 0 || count > COMBINATION_CHILDREN_MAX)
        return fail(e, ERR_INPUT, KEY, KEY " must be a list of 1 to %d triggers",
                    COMBINATION_CHILDREN_MAX);
    if (reader->depth >= COMBINATION_DEPTH_MAX)
        return fail(e, ERR_INPUT, KEY, "triggers can be combined %d deep, not deeper",
                    COMBINATION_DEPTH_MAX);
    if (!parts_read(array, reader, t, e))
        return false;
    combination_prepare(c);
    if (c->leaves > COMBINATION_LEAVES_MAX)
        return fail(e, ERR_INPUT, KEY, "at most %d triggers can be combined, not %d",
                    COMBINATION_LEAVES_MAX, c->leaves);
    return slots_check(t, reader, e);
}

static void combination_done(struct trigger *t)
{
    combination_free(t->own);
}

// ---- questions

static wall combination_next_within(const struct trigger *t, wall after, int64_t *work)
{
    struct search search;

    search_begin(&search, t, *work);
    wall slot = search_next(&search, after);

    *work = search.work;
    return slot;
}

static wall combination_next(const struct trigger *t, wall after)
{
    int64_t work = KIND_WORK_MAX;

    return combination_next_within(t, after, &work);
}

static int64_t combination_count(const struct trigger *t, wall after, wall upto, int64_t max,
                                 wall *ret_last)
{
    struct search search;
    int64_t count = 0;
    wall last = WALL_NEVER;

    search_begin(&search, t, KIND_WORK_MAX);
    while (count < max) {
        wall slot = search_next(&search, after);

        if (slot.us > upto.us || slot.us == WALL_NEVER.us)
            break;
        search.work = KIND_WORK_MAX; // for each slot anew
        after = last = slot;
        count++;
    }
    *ret_last = last;
    return count;
}

static wall or_prev(const struct trigger *t, wall at)
{
    const struct combination *c = t->own;
    wall last = WALL_NEVER;

    for (int i = 0; i < c->count; i++) {
        wall slot = trigger_prev(c->triggers[i], at);

        if (slot.us != WALL_NEVER.us && (last.us == WALL_NEVER.us || slot.us > last.us))
            last = slot;
    }
    return last;
}

// The first change that touches one of the triggers; for "and" only where the moment that comes of
// it is shared.
static bool combination_next_dst(const struct trigger *t, wall after, wall until,
                                 struct trigger_dst *ret_dst)
{
    const struct combination *c = t->own;
    bool is_found = false;

    for (int i = 0; i < c->count; i++) {
        struct trigger_dst dst = {.change_at = after};

        while (trigger_next_dst(c->triggers[i], dst.change_at, until, &dst)) {
            if (c->is_and && combination_next(t, (wall){dst.runs_at.us - 1}).us != dst.runs_at.us)
                continue;
            if (!is_found || dst.change_at.us < ret_dst->change_at.us)
                *ret_dst = dst;
            is_found = true;
            break;
        }
    }
    return is_found;
}

// ---- printing

static void combination_str(const struct trigger *t, struct buf *out)
{
    const struct combination *c = t->own;

    buf_printf(out, "%s[", t->kind->type);
    for (int i = 0; i < c->count; i++) {
        buf_add_text(out, i ? ", " : "");
        trigger_str(c->triggers[i], out);
    }
    buf_add_byte(out, ']');
}

static void combination_write(const struct trigger *t, struct json_write *w)
{
    const struct combination *c = t->own;

    json_write_key(w, KEY);
    json_write_array(w);
    for (int i = 0; i < c->count; i++)
        kind_write_spec(c->triggers[i], w);
    json_write_array_end(w);
}

// The words of one part; its zone only when it is another than the whole's. True when the whole has
// to name its own.
static bool part_say(const struct trigger *t, const struct zone *zone, struct buf *out);

static bool parts_say(const struct trigger *t, const struct zone *zone, struct buf *out)
{
    const struct combination *c = t->own;
    bool has_zone = false;

    for (int i = 0; i < c->count; i++) {
        if (i)
            buf_add_text(out, c->is_and ? " and at the same time " : ", or ");
        has_zone |= part_say(c->triggers[i], zone, out);
    }
    return has_zone;
}

static bool part_say(const struct trigger *t, const struct zone *zone, struct buf *out)
{
    bool is_zoned = t->kind->common & COMMON_DST, is_other = kind_rule_zone(t) != zone;
    bool is_closed = is_combination(t) || t->bounds || (is_zoned && is_other);
    bool has_zone = is_zoned && !is_other;

    if (is_closed) // what follows is said of this part alone
        buf_add_byte(out, '(');
    if (is_combination(t))
        has_zone = parts_say(t, zone, out);
    else
        t->kind->words(t, out);
    if (is_zoned && is_other)
        buf_printf(out, ", %.*s", STR(zone_name(kind_rule_zone(t))));
    kind_words_bounds(t, out);
    if (is_closed)
        buf_add_byte(out, ')');
    return has_zone;
}

static void combination_words(const struct trigger *t, struct buf *out)
{
    if (parts_say(t, t->zone, out))
        buf_printf(out, ", %.*s", STR(zone_name(t->zone)));
}

static const char *const keys[] = {KEY, NULL};

const struct kind and_kind = {
    .id = TRIGGER_AND,
    .type = "and",
    .keys = keys,
    .common = COMMON_ALL & ~COMMON_DST,
    .grain_us = 1,
    .read = combination_read,
    .next = combination_next,
    .next_within = combination_next_within,
    .count = combination_count,
    .next_dst = combination_next_dst,
    .str = combination_str,
    .write = combination_write,
    .words = combination_words,
    .done = combination_done,
};

const struct kind or_kind = {
    .id = TRIGGER_OR,
    .type = "or",
    .keys = keys,
    .common = COMMON_ALL & ~COMMON_DST,
    .grain_us = 1,
    .read = combination_read,
    .next = combination_next,
    .next_within = combination_next_within,
    .prev = or_prev,
    .count = combination_count,
    .next_dst = combination_next_dst,
    .str = combination_str,
    .write = combination_write,
    .words = combination_words,
    .done = combination_done,
};
