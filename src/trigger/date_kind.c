// date_kind.c - a schedule of one moment, or of a list of moments.
//
// One moment needs no list: it is trigger.start. A list is sorted and has no moment twice, so that
// everything one may ask is a search by halves.
// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "base/mem.h"
#include "time/iso8601.h"
#include "trigger/kind.h"
#include "trigger/spec.h"

#define MOMENTS_MAX 1000
#define NAMED_MAX 5

struct moments {
    size_t count;
    wall at[];
};

static int moment_cmp(const void *a, const void *b)
{
    int64_t x = ((const wall *)a)->us, y = ((const wall *)b)->us;

    return (x > y) - (x < y);
}

static bool moments_read(const json_t *array, struct trigger *t, struct err *e)
{
    size_t count = json_array_size(array), kept = 0;

    if (!json_is_array(array) || count == 0 || count > MOMENTS_MAX)
        return fail(e, ERR_INPUT, "run_dates", "run_dates must be a list of 1 to %d moments",
                    MOMENTS_MAX);

    struct moments *m = mem_alloc(sizeof *m + count * sizeof *m->at);
    t->own = m;
    for (size_t i = 0; i < count; i++) {
        char key[32];

        snprintf(key, sizeof key, "run_dates.%zu", i);
        if (!spec_moment_value(json_array_get(array, i), key, t->zone, &m->at[i], e))
            return false;
        if (m->at[i].us > kind_horizon().us)
            return fail(e, ERR_SCHEDULE, key, "%s lies beyond the end of 2199 and never comes",
                        key);
    }
    qsort(m->at, count, sizeof *m->at, moment_cmp);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || m->at[i].us != m->at[kept - 1].us)
            m->at[kept++] = m->at[i];
    m->count = kept;
    t->start = m->at[0];
    return true;
}

static bool moment_read(const json_t *spec, struct zones *zones, struct trigger *t, struct err *e)
{
    const char *text = json_string_value(json_object_get(spec, "run_date"));
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

static bool date_read(const json_t *spec, const struct kind_reader *reader, struct trigger *t,
                      struct err *e)
{
    const json_t *array = json_object_get(spec, "run_dates");

    if (!array || json_is_null(array))
        return moment_read(spec, reader->context->zones, t, e);
    if (json_object_get(spec, "run_date"))
        return fail(e, ERR_INPUT, "run_dates", "give either run_date or run_dates");
    if (!moments_read(array, t, e))
        return false;

    struct moments *m = t->own;
    if (m->count > 1)
        return true;
    free(m);
    t->own = NULL;
    return true;
}

// How many moments of the list lie at or before a moment.
static size_t moments_until(const struct moments *m, wall at)
{
    size_t low = 0, high = m->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (m->at[middle].us <= at.us)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static wall date_next(const struct trigger *t, wall after)
{
    const struct moments *m = t->own;

    if (!m)
        return after.us < t->start.us && t->start.us <= kind_horizon().us ? t->start : WALL_NEVER;

    size_t n = moments_until(m, after);
    return n < m->count ? m->at[n] : WALL_NEVER;
}

static wall date_prev(const struct trigger *t, wall at)
{
    const struct moments *m = t->own;
    size_t n = m ? moments_until(m, at) : 0;

    if (!m)
        return at.us >= t->start.us ? t->start : WALL_NEVER;
    return n > 0 ? m->at[n - 1] : WALL_NEVER;
}

// The first moments of a list, and how many more there are.
static void print(const struct trigger *t, struct buf *out)
{
    const struct moments *m = t->own;

    buf_add_text(out, "date[");
    iso8601_named(t->start, t->zone, out);
    for (size_t i = 1; m && i < m->count && i < NAMED_MAX; i++) {
        buf_add_text(out, ", ");
        iso8601_named(m->at[i], t->zone, out);
    }
    if (m && m->count > NAMED_MAX)
        buf_printf(out, ", ... %zu more", m->count - NAMED_MAX);
    buf_add_byte(out, ']');
}

static void date_write(const struct trigger *t, struct json_write *w)
{
    const struct moments *m = t->own;
    struct buf text;

    if (!m) {
        kind_write_moment(w, "run_date", t->start, t->zone);
        return;
    }
    json_write_key(w, "run_dates");
    json_write_array(w);
    buf_init(&text, 64);
    for (size_t i = 0; i < m->count; i++) {
        buf_clear(&text);
        iso8601_write(m->at[i], t->zone, &text);
        json_write_str(w, buf_str(&text));
    }
    buf_done(&text);
    json_write_array_end(w);
}

// "once at ...", "at 3 moments from ... to ..."
static void words(const struct trigger *t, struct buf *out)
{
    const struct moments *m = t->own;

    if (!m)
        buf_add_text(out, "once at ");
    else
        buf_printf(out, "at %zu moments from ", m->count);
    iso8601_named(t->start, t->zone, out);
    if (m) {
        buf_add_text(out, " to ");
        iso8601_named(m->at[m->count - 1], t->zone, out);
    }
}

static void done(struct trigger *t)
{
    free(t->own);
}

static const char *const keys[] = {"run_date", "run_dates", NULL};

const struct kind date_kind = {
    .id = TRIGGER_DATE,
    .type = "date",
    .keys = keys,
    .common = COMMON_TIMEZONE | COMMON_CALENDARS,
    .grain_us = 1,
    .read = date_read,
    .next = date_next,
    .prev = date_prev,
    .str = print,
    .write = date_write,
    .words = words,
    .done = done,
};
