// preview.c - writes what is known of a trigger.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/preview.h"

#include "time/civil.h"
#include "time/duration.h"
#include "time/iso8601.h"
#include "trigger/convert.h"
#include "trigger/kind.h"
#include "trigger/rate.h"

#define TEXT_BYTES_MAX 65536

static void text_write(struct json_write *w, const char *key, struct buf *text)
{
    json_write_key(w, key);
    json_write_str(w, buf_str(text));
    buf_clear(text);
}

static void rate_write(const struct trigger *t, wall now, struct buf *text, struct json_write *w)
{
    struct rate rate;

    rate_find(t, now, &rate);
    rate_words(&rate, text);
    json_write_key(w, "rate");
    if (text->len == 0) {
        json_write_null(w);
        return;
    }
    json_write_object(w);
    text_write(w, "words", text);
    json_write_key(w, "per_day");
    json_write_double(w, rate.per_day);
    json_write_key(w, "total");
    if (rate.total == RATE_ENDLESS)
        json_write_null(w);
    else
        json_write_int(w, rate.total);
    json_write_object_end(w);
}

// ---- coming runs

static void moment_write(struct json_write *w, const char *key, wall at, const struct zone *zone)
{
    if (at.us != WALL_NEVER.us) {
        kind_write_moment(w, key, at, zone);
        return;
    }
    json_write_key(w, key);
    json_write_null(w);
}

void preview_write_run(const struct trigger *t, wall at, struct json_write *w)
{
    struct buf text;

    buf_init(&text, 64);
    kind_write_moment(w, "at", at, trigger_zone(t));
    trigger_time_str(t, at, &text);
    text_write(w, "local", &text);
    json_write_key(w, "unix");
    if (at.us % SECOND_US == 0)
        json_write_int(w, at.us / SECOND_US);
    else
        json_write_double(w, (double)at.us / SECOND_US);
    buf_done(&text);
}

// Returns the last one, or `after`.
static wall next_write(const struct trigger *t, wall after, int64_t count, struct json_write *w)
{
    wall last = after;

    json_write_key(w, "next");
    json_write_array(w);
    for (int64_t i = 0; i < count && !trigger_is_relative(t); i++) {
        after = trigger_next(t, after);
        if (after.us == WALL_NEVER.us)
            break;
        json_write_object(w);
        preview_write_run(t, after, w);
        json_write_object_end(w);
        last = after;
    }
    json_write_array_end(w);
    return last;
}

void preview_write_excluded(const struct trigger *t, wall after, wall upto, struct json_write *w)
{
    struct trigger_excluded excluded[PREVIEW_EXCLUDED_MAX];
    size_t count = trigger_excluded(t, after, upto, PREVIEW_EXCLUDED_MAX, excluded);

    json_write_key(w, "excluded");
    json_write_array(w);
    for (size_t i = 0; i < count; i++) {
        json_write_object(w);
        moment_write(w, "at", excluded[i].slot, trigger_zone(t));
        json_write_key(w, "calendar");
        json_write_text(w, excluded[i].calendar);
        json_write_key(w, "reason");
        json_write_text(w, excluded[i].why);
        moment_write(w, "moved_to", excluded[i].moved_to, trigger_zone(t));
        json_write_object_end(w);
    }
    json_write_array_end(w);
}

void preview_dst_words(const struct trigger *t, const struct trigger_dst *dst, struct buf *out)
{
    struct civil c = civil_at(dst->local_s);
    struct zone_span span;
    int64_t runs_s;

    buf_printf(out, "%04d-%02d-%02d ", c.year, c.month, c.day);
    iso8601_clock(&c, out);
    if (dst->zone != trigger_zone(t))
        buf_printf(out, " in %.*s", STR(zone_name(dst->zone)));
    if (dst->kind == LOCAL_FOLD) {
        buf_add_text(out, dst->is_twice ? " occurs twice: runs both times"
                                        : " occurs twice: the first only");
        return;
    }
    buf_add_text(out, " does not exist: ");
    if (dst->runs_at.us == WALL_NEVER.us) {
        buf_add_text(out, "no run");
        return;
    }
    runs_s = floor_div(dst->runs_at.us, SECOND_US);
    zone_span_at(dst->zone, runs_s, &span);
    c = civil_at(runs_s + span.offset_s);
    c.us = (int32_t)(dst->runs_at.us - runs_s * SECOND_US);
    buf_add_text(out, "runs at ");
    iso8601_clock(&c, out);
    buf_printf(out, " %s", span.abbreviation);
}

static void local_write(struct json_write *w, const char *key, int64_t local_s, struct buf *text)
{
    struct civil c = civil_at(local_s);

    buf_printf(text, "%04d-%02d-%02dT%02d:%02d:%02d", c.year, c.month, c.day, c.hour, c.minute,
               c.second);
    text_write(w, key, text);
}

void preview_write_dst(const struct trigger *t, wall after, struct json_write *w)
{
    wall until = {after.us + PREVIEW_NOTES_US};
    struct trigger_dst dst;
    struct buf text;

    buf_init(&text, 200);
    json_write_key(w, "dst");
    json_write_array(w);
    for (int i = 0; i < PREVIEW_NOTES_MAX && trigger_next_dst(t, after, until, &dst); i++) {
        json_write_object(w);
        json_write_key(w, "kind");
        json_write_text(w, dst.kind == LOCAL_GAP ? "gap" : "fold");
        local_write(w, "local", dst.local_s, &text);
        moment_write(w, "change_at", dst.change_at, trigger_zone(t));
        moment_write(w, "runs_at", dst.runs_at, trigger_zone(t));
        json_write_key(w, "runs_twice");
        json_write_bool(w, dst.is_twice);
        preview_dst_words(t, &dst, &text);
        text_write(w, "words", &text);
        json_write_object_end(w);
        after = dst.change_at;
    }
    json_write_array_end(w);
    buf_done(&text);
}

// ---- warnings and conversions

static void finding_write(const struct lint_finding *f, struct json_write *w)
{
    json_write_object(w);
    json_write_key(w, "code");
    json_write_text(w, lint_name(f->code));
    json_write_key(w, "severity");
    json_write_text(w, lint_severity_name(f->code));
    json_write_key(w, "message");
    json_write_text(w, f->message);
    json_write_key(w, "hint");
    json_write_text(w, f->hint[0] ? f->hint : NULL);
    json_write_key(w, "field");
    json_write_text(w, f->field);
    json_write_key(w, "column");
    if (f->column)
        json_write_int(w, f->column);
    else
        json_write_null(w);
    json_write_object_end(w);
}

static void warnings_write(const struct trigger *t, const struct lint_options *o,
                           struct json_write *w)
{
    struct lint_finding findings[LINT_MAX];
    size_t count = lint_find(t, o, findings);

    json_write_key(w, "warnings");
    json_write_array(w);
    for (size_t i = 0; i < count; i++)
        finding_write(&findings[i], w);
    json_write_array_end(w);
}

// A text where the language has one, the whole spec, or why not.
static void conversion_write(const struct trigger *t, enum dialect to, wall now,
                             struct json_write *w)
{
    struct conversion c;
    struct err e;

    json_write_key(w, dialect_names[to]);
    json_write_object(w);
    if (convert(t, to, now, &c, &e)) {
        json_write_key(w, "expr");
        if (dialect_is_text(to) && c.is_whole)
            json_write_str(w, buf_str(&c.text));
        else
            json_write_null(w);
        json_write_key(w, "trigger");
        json_write_raw(w, buf_str(&c.spec));
        conversion_done(&c);
    } else {
        json_write_key(w, "cannot");
        json_write_text(w, e.message);
    }
    json_write_object_end(w);
}

void preview_write(const struct trigger *t, const struct preview_options *options,
                   struct json_write *w)
{
    wall now = options->lint.now;
    struct buf text;

    buf_init(&text, TEXT_BYTES_MAX);
    json_write_key(w, "type");
    json_write_text(w, t->kind->type);
    trigger_write(t, &text);
    json_write_key(w, "trigger");
    json_write_raw(w, buf_str(&text));
    buf_clear(&text);
    trigger_words(t, &text);
    text_write(w, "words", &text);
    rate_write(t, now, &text, w);
    json_write_key(w, "timezone");
    json_write_str(w, zone_name(trigger_zone(t)));
    wall last = next_write(t, now, options->count, w);
    preview_write_excluded(t, now, last, w);
    preview_write_dst(t, now, w);
    warnings_write(t, &options->lint, w);
    json_write_key(w, "conversions");
    json_write_object(w);
    for (int to = 0; to < DIALECT_COUNT; to++)
        conversion_write(t, (enum dialect)to, now, w);
    json_write_object_end(w);
    buf_done(&text);
}
