// date_kind.c - a schedule of one moment.
// SPDX-License-Identifier: Apache-2.0
#include "time/iso8601.h"
#include "trigger/kind.h"
#include "trigger/spec.h"

static bool date_read(const json_t *spec, const struct kind_reader *reader, struct trigger *t,
                      struct err *e)
{
    const char *text = json_string_value(json_object_get(spec, "run_date"));
    struct zones *zones = reader->context->zones;
    struct iso8601 date;

    t->start = WALL_NEVER;
    if (!spec_moment(spec, "run_date", t->zone, &t->start, e))
        return false;
    if (!text)
        return fail(e, ERR_INPUT, "run_date",
                    "a date trigger needs run_date, such as 2026-11-22 04:49:33");
    // A date that brings its own offset is shown there, unless a zone is named.
    if (!json_is_string(json_object_get(spec, "timezone")) &&
        iso8601_parse(str_of(text), "run_date", &date, e) && date.has_offset)
        t->zone = date.offset_s ? zones_fixed(zones, date.offset_s) : zones_utc(zones);
    return true;
}

static wall date_next(const struct trigger *t, wall after)
{
    return after.us < t->start.us && t->start.us <= kind_horizon().us ? t->start : WALL_NEVER;
}

static wall date_prev(const struct trigger *t, wall at)
{
    return at.us >= t->start.us ? t->start : WALL_NEVER;
}

static void print(const struct trigger *t, struct buf *out)
{
    buf_add_text(out, "date[");
    iso8601_named(t->start, t->zone, out);
    buf_add_byte(out, ']');
}

static void date_write(const struct trigger *t, struct json_write *w)
{
    kind_write_moment(w, "run_date", t->start, t->zone);
}

static void words(const struct trigger *t, struct buf *out)
{
    buf_add_text(out, "once at ");
    iso8601_named(t->start, t->zone, out);
}

static const char *const keys[] = {"run_date", NULL};

const struct kind date_kind = {
    .id = TRIGGER_DATE,
    .type = "date",
    .keys = keys,
    .common = COMMON_TIMEZONE,
    .grain_us = 1,
    .read = date_read,
    .next = date_next,
    .prev = date_prev,
    .str = print,
    .write = date_write,
    .words = words,
};
