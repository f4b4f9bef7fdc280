// quartz_kind.c - schedules in the cron language of Quartz.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/kind.h"
#include "trigger/quartz.h"
#include "trigger/spec.h"

static bool quartz_read(const json_t *spec, const struct kind_reader *reader, struct trigger *t,
                        struct err *e)
{
    struct spec_text expr;

    (void)reader;
    if (!spec_text(spec, "expr", &expr, e))
        return false;
    if (!expr.s.p)
        return fail(e, ERR_INPUT, "expr", "a quartz trigger needs expr, as in 0 0 12 ? * MON-FRI");
    if (!quartz_parse(expr.s, &t->calendar, e))
        return false;
    t->calendar.dst = t->dst;
    t->texts = spec_one_line(expr.s);
    return true;
}

static void print(const struct trigger *t, struct buf *out)
{
    buf_add_text(out, "quartz[");
    quartz_str(str_of(t->texts), out);
    buf_add_byte(out, ']');
}

static void quartz_write(const struct trigger *t, struct json_write *w)
{
    json_write_key(w, "expr");
    json_write_text(w, t->texts);
}

static const char *const keys[] = {"expr", NULL};

const struct kind quartz_kind = {
    .id = TRIGGER_QUARTZ,
    .type = "quartz",
    .keys = keys,
    .common = COMMON_ALL,
    .grain_us = SECOND_US,
    .read = quartz_read,
    .next = kind_calendar_next,
    .next_dst = kind_calendar_next_dst,
    .str = print,
    .write = quartz_write,
    .words = kind_calendar_words,
};
