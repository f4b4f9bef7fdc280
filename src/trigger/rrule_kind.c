// rrule_kind.c - schedules by the recurrence rules of RFC 5545.
//
// A rule without DTSTART begins at start_date, or now: the text that is kept says so. The zone is
// DTSTART's if it names one.
// SPDX-License-Identifier: Apache-2.0
#include "time/civil.h"
#include "trigger/kind.h"
#include "trigger/rrule.h"
#include "trigger/rrule_read.h"
#include "trigger/rrule_words.h"

static struct str expr_of(const json_t *spec)
{
    const json_t *expr = json_object_get(spec, "expr");

    return (struct str){json_string_value(expr), json_string_length(expr)};
}

static struct str set_zone(const json_t *spec, int *ret_column)
{
    size_t at = 0;
    struct str zone = rrule_read_zone(expr_of(spec), &at);

    *ret_column = (int)at + 1;
    return zone;
}

// A DTSTART that is folded over two lines tells its zone only when it is read.
static bool zone_settle(const json_t *spec, struct trigger *t, const struct rrule *set,
                        struct err *e)
{
    if (!set->has_zone || set->zone == kind_rule_zone(t))
        return true;
    if (json_is_string(json_object_get(spec, "timezone"))) {
        fail(e, ERR_INPUT, "timezone", "timezone is %.*s, but the text says %.*s",
             STR(zone_name(t->zone)), STR(zone_name(set->zone)));
        return fail_hint(e, "leave out one of them");
    }
    t->zone = set->zone;
    return true;
}

static bool set_read(const json_t *spec, const struct kind_reader *reader, struct trigger *t,
                     struct err *e)
{
    const struct bounds *b = t->bounds;
    bool has_start = b && b->start.us != TRIGGER_BEGINNING.us;
    struct rrule_context context = {
        .zones = reader->context->zones,
        .zone = kind_rule_zone(t),
        .start = has_start ? b->start : reader->context->now,
        .dst = (enum dst_policy)t->dst,
        .field = "expr",
    };
    struct rrule *set;

    if (!json_is_string(json_object_get(spec, "expr"))) {
        fail(e, ERR_INPUT, "expr", "an rrule trigger needs its text as \"expr\"");
        return fail_hint(e, "write DTSTART:20260131T090000\\nRRULE:FREQ=DAILY");
    }
    if (!rrule_read(expr_of(spec), &context, &set, e))
        return false;
    t->own = set;
    return zone_settle(spec, t, set, e);
}

static wall set_next(const struct trigger *t, wall after)
{
    return rrule_next(t->own, after);
}

static bool set_next_dst(const struct trigger *t, wall after, wall until,
                         struct trigger_dst *ret_dst)
{
    struct dst_touch touch;

    if (!rrule_next_touch(t->own, floor_div(after.us, SECOND_US), floor_div(until.us, SECOND_US),
                          &touch))
        return false;
    *ret_dst = kind_dst(&touch);
    return true;
}

static void print(const struct trigger *t, struct buf *out)
{
    const struct rrule *set = t->own;

    buf_add_text(out, "rrule[");
    for (size_t i = 0; i < set->text.len; i++)
        buf_add_byte(out, set->text.p[i] == '\n' ? ' ' : set->text.p[i]);
    buf_add_byte(out, ']');
}

static void set_write(const struct trigger *t, struct json_write *w)
{
    const struct rrule *set = t->own;

    json_write_key(w, "expr");
    json_write_str(w, buf_str(&set->text));
}

static void words(const struct trigger *t, struct buf *out)
{
    rrule_words(t->own, out);
}

static void set_done(struct trigger *t)
{
    rrule_free(t->own);
}

static const char *const keys[] = {"expr", NULL};

const struct kind rrule_kind = {
    .id = TRIGGER_RRULE,
    .type = "rrule",
    .keys = keys,
    .common = COMMON_ALL,
    .grain_us = SECOND_US,
    .zone = set_zone,
    .read = set_read,
    .next = set_next,
    .next_dst = set_next_dst,
    .str = print,
    .write = set_write,
    .words = words,
    .done = set_done,
};
