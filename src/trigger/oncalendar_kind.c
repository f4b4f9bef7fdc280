// oncalendar_kind.c - schedules as systemd's calendar events.
//
// Most have their slots on whole seconds: those are a calendar like cron's, and take the same way.
// A text with fractions of a second turns its trigger over to a row of its own.
// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "trigger/fraction.h"
#include "trigger/kind.h"
#include "trigger/oncalendar.h"
#include "trigger/spec.h"
#include "trigger/words_fraction.h"

static const struct kind fraction_kind;

static bool oncalendar_read(const json_t *spec, const struct kind_reader *reader, struct trigger *t,
                            struct err *e)
{
    struct spec_text expr;
    struct oncalendar parsed;

    (void)reader;
    if (!spec_text(spec, "expr", &expr, e))
        return false;
    if (!expr.s.p) {
        fail(e, ERR_INPUT, "expr", "an oncalendar trigger needs its text as \"expr\"");
        return fail_hint(e, "such as daily or Mon..Fri 09:00");
    }
    if (!oncalendar_parse(expr.s, &parsed, e))
        return false;
    t->texts = spec_one_line(expr.s);
    if (parsed.fractions) {
        t->kind = &fraction_kind;
        t->own = parsed.fractions;
        parsed.fractions->calendar.dst = t->dst;
    } else {
        t->calendar = parsed.calendar;
        t->calendar.dst = t->dst;
    }
    return true;
}

static struct str oncalendar_zone_of(const json_t *spec, int *ret_column)
{
    const json_t *expr = json_object_get(spec, "expr");
    size_t at = 0;
    struct str zone =
        oncalendar_zone((struct str){json_string_value(expr), json_string_length(expr)}, &at);

    *ret_column = (int)at + 1;
    return zone;
}

static wall fraction_next(const struct trigger *t, wall after)
{
    return fractions_next(t->own, kind_rule_zone(t), after);
}

static bool fraction_next_dst(const struct trigger *t, wall after, wall until,
                              struct trigger_dst *ret_dst)
{
    const struct fractions *f = t->own;

    if (!kind_next_dst(t, &f->calendar, after, until, ret_dst))
        return false;
    if (ret_dst->runs_at.us != WALL_NEVER.us)
        ret_dst->runs_at = fraction_next(t, (wall){ret_dst->runs_at.us - 1});
    return true;
}

static void oncalendar_str(const struct trigger *t, struct buf *out)
{
    buf_printf(out, "oncalendar[%s]", t->texts);
}

static void oncalendar_write(const struct trigger *t, struct json_write *w)
{
    json_write_key(w, "expr");
    json_write_text(w, t->texts);
}

static void fraction_words(const struct trigger *t, struct buf *out)
{
    words_fractions(t->own, out);
}

static void fraction_done(struct trigger *t)
{
    free(t->own);
}

static const char *const keys[] = {"expr", NULL};

const struct kind oncalendar_kind = {
    .id = TRIGGER_ONCALENDAR,
    .type = "oncalendar",
    .keys = keys,
    .common = COMMON_ALL,
    .grain_us = SECOND_US,
    .zone = oncalendar_zone_of,
    .read = oncalendar_read,
    .next = kind_calendar_next,
    .next_dst = kind_calendar_next_dst,
    .str = oncalendar_str,
    .write = oncalendar_write,
    .words = kind_calendar_words,
};

static const struct kind fraction_kind = {
    .id = TRIGGER_ONCALENDAR,
    .type = "oncalendar",
    .keys = keys,
    .common = COMMON_ALL,
    .grain_us = 1,
    .zone = oncalendar_zone_of,
    .read = oncalendar_read,
    .next = fraction_next,
    .next_dst = fraction_next_dst,
    .str = oncalendar_str,
    .write = oncalendar_write,
    .words = fraction_words,
    .done = fraction_done,
};
