// explain.c - `belfry explain`: a schedule in words, its next times and its surprises.
// SPDX-License-Identifier: Apache-2.0
#include "cli/explain.h"

#include <stdio.h>

#include "cli/command.h"
#include "cli/schedule.h"
#include "time/civil.h"
#include "time/duration.h"
#include "time/iso8601.h"
#include "trigger/convert.h"
#include "trigger/lint.h"
#include "trigger/names.h"
#include "trigger/preview.h"
#include "trigger/rate.h"

#define OUTPUT_BYTES_MAX (64 * 1024 * 1024)

// Civil time of a moment in a zone and what the zone calls it there.
static struct civil local_at(wall at, const struct zone *zone, const char **ret_abbreviation)
{
    struct zone_span span;
    int64_t utc_s = floor_div(at.us, SECOND_US);

    zone_span_at(zone, utc_s, &span);
    *ret_abbreviation = span.abbreviation;
    struct civil c = civil_at(utc_s + span.offset_s);
    c.us = (int32_t)(at.us - utc_s * SECOND_US);
    return c;
}

// "Fri 2026-12-25 09:00", and "CET" for the caller.
static const char *moment_write(const struct trigger *t, wall at, struct buf *out)
{
    const char *abbreviation;
    struct civil c = local_at(at, trigger_zone(t), &abbreviation);
    const char *day = weekday_names[civil_weekday(civil_days(c.year, c.month, c.day))];

    buf_printf(out, "%c%s %04d-%02d-%02d ", day[0] - 'a' + 'A', day + 1, c.year, c.month, c.day);
    iso8601_clock(&c, out);
    return abbreviation;
}

static void slot_write(const struct trigger *t, wall now, wall at, struct buf *out)
{
    const char *abbreviation;

    buf_add_text(out, "  ");
    abbreviation = moment_write(t, at, out);
    buf_printf(out, " %s   in ", abbreviation);
    duration_about(at.us - now.us, out);
    buf_add_byte(out, '\n');
}

// The sentence, with a capital in front.
static void words_write(const struct trigger *t, struct buf *out)
{
    size_t start = out->len;

    trigger_words(t, out);
    if (out->len > start && out->p[start] >= 'a' && out->p[start] <= 'z')
        out->p[start] = (char)(out->p[start] - 'a' + 'A');
    buf_add_byte(out, '\n');
}

// "5 times a week; read as oncalendar"
static void rate_write(const struct trigger *t, enum dialect dialect, wall now, struct buf *out)
{
    bool is_named = dialect != DIALECT_CRON && dialect != DIALECT_SPEC;
    size_t start = out->len;
    struct rate rate;

    rate_find(t, now, &rate);
    if (!trigger_is_once(t) || rate.total == 0)
        rate_words(&rate, out);
    if (is_named)
        buf_printf(out, out->len > start ? "; read as %s" : "read as %s", dialect_names[dialect]);
    if (out->len > start)
        buf_add_byte(out, '\n');
}

// Returns the last one that is known.
static wall slots_write(const struct trigger *t, wall now, int count, struct buf *out)
{
    wall at = now, last = now;

    if (trigger_is_relative(t))
        buf_add_text(out, "  no times beforehand: they follow from what happens\n");
    for (int i = 0; i < count && !trigger_is_relative(t); i++) {
        at = trigger_next(t, at);
        if (at.us == WALL_NEVER.us) {
            buf_add_text(out, i == 0 ? "  never again\n" : "  then never again\n");
            break;
        }
        slot_write(t, now, at, out);
        last = at;
    }
    return last;
}

// "note: Fri 2026-12-25 09:00 is kept out by holidays (Christmas), runs Mon 2026-12-28 09:00"
static void excluded_write(const struct trigger *t, wall now, wall last, struct buf *out)
{
    struct trigger_excluded excluded[PREVIEW_NOTES_MAX];
    size_t count = trigger_excluded(t, now, last, PREVIEW_NOTES_MAX, excluded);

    for (size_t i = 0; i < count; i++) {
        buf_add_text(out, "note: ");
        (void)moment_write(t, excluded[i].slot, out);
        buf_printf(out, " is kept out by %s", excluded[i].calendar);
        if (excluded[i].why)
            buf_printf(out, " (%s)", excluded[i].why);
        if (excluded[i].moved_to.us != WALL_NEVER.us) {
            buf_add_text(out, ", runs ");
            (void)moment_write(t, excluded[i].moved_to, out);
        }
        buf_add_byte(out, '\n');
    }
}

static void notes_write(const struct trigger *t, wall now, struct buf *out)
{
    wall at = now, until = {now.us + PREVIEW_NOTES_US};
    struct trigger_dst dst;

    for (int i = 0; i < PREVIEW_NOTES_MAX && trigger_next_dst(t, at, until, &dst); i++) {
        buf_add_text(out, "note: ");
        preview_dst_words(t, &dst, out);
        buf_add_byte(out, '\n');
        at = dst.change_at;
    }
}

// What the lines above have not told already.
static void warnings_write(const struct trigger *t, wall now, struct buf *out)
{
    const struct lint_options options = {.now = now};
    struct lint_finding findings[LINT_MAX];
    size_t count = lint_find(t, &options, findings);

    for (size_t i = 0; i < count; i++) {
        const struct lint_finding *f = &findings[i];

        if (f->code == LINT_DST_GAP || f->code == LINT_DST_FOLD || f->code == LINT_RARE ||
            f->code == LINT_FAR_AWAY)
            continue;
        buf_printf(out, "%s: %s\n", lint_severity_name(f->code), f->message);
        if (f->hint[0])
            buf_printf(out, "   hint: %s\n", f->hint);
    }
}

void explain_write(const struct trigger *trigger, enum dialect dialect, wall now, int count,
                   struct buf *out)
{
    words_write(trigger, out);
    rate_write(trigger, dialect, now, out);
    excluded_write(trigger, now, slots_write(trigger, now, count, out), out);
    notes_write(trigger, now, out);
    warnings_write(trigger, now, out);
}

void explain_write_json(const struct trigger *trigger, enum dialect dialect, wall now, int count,
                        struct buf *out)
{
    const struct preview_options options = {.lint = {.now = now}, .count = count};
    struct json_write w;

    json_write_init(&w, out);
    json_write_object(&w);
    json_write_key(&w, "dialect");
    json_write_text(&w, dialect == DIALECT_SPEC ? NULL : dialect_names[dialect]);
    preview_write(trigger, &options, &w);
    json_write_object_end(&w);
    buf_add_byte(out, '\n');
}

// The trigger in another language: its text where that says all, else its whole spec. A zone that
// was named is named.
static bool converted_write(const struct schedule *s, const char *as, struct buf *out,
                            struct err *e)
{
    struct conversion c;
    enum dialect to;
    bool has_zone;

    if (strcmp(as, "words") == 0) {
        trigger_words(s->trigger, out);
        buf_add_byte(out, '\n');
        return true;
    }
    if (!dialect_find(str_of(as), &to, e) || !convert(s->trigger, to, s->now, &c, e))
        return false;
    has_zone = trigger_spec_has_zone(s->spec) || json_object_get(s->spec, "timezone");
    buf_add(out, c.is_whole && (c.names_zone || !has_zone) ? buf_str(&c.text) : buf_str(&c.spec));
    buf_add_byte(out, '\n');
    conversion_done(&c);
    return true;
}

int cmd_explain(int argc, char **argv)
{
    struct schedule_options options;
    struct schedule schedule;
    struct buf out;
    struct err e;
    int status;

    if (!schedule_options_read(argc, argv, &options, &status))
        return status;
    status = 0;
    buf_init(&out, OUTPUT_BYTES_MAX);
    if (!schedule_open(&options, &schedule, &e)) {
        status = schedule_complain(&options, &schedule, &e);
    } else if (options.as) {
        if (!converted_write(&schedule, options.as, &out, &e)) {
            e.column = 0; // nothing that was typed is at fault
            status = schedule_complain(&options, &schedule, &e);
        }
    } else if (options.form && strcmp(options.form, "json") == 0) {
        explain_write_json(schedule.trigger, schedule.dialect, schedule.now, options.count, &out);
    } else {
        explain_write(schedule.trigger, schedule.dialect, schedule.now, options.count, &out);
    }
    fwrite(buf_text(&out), 1, out.len, stdout);
    buf_done(&out);
    schedule_done(&schedule);
    return status;
}
