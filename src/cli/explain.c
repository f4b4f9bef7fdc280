// explain.c - `belfry explain`: a schedule in words, its next times and its surprises.
// SPDX-License-Identifier: Apache-2.0
#include "cli/explain.h"

#include <stdio.h>

#include "cli/command.h"
#include "cli/schedule.h"
#include "time/civil.h"
#include "time/duration.h"
#include "trigger/names.h"

#define NOTES_YEARS 2
#define NOTES_MAX 6
#define OUTPUT_BYTES_MAX (16 * 1024 * 1024)

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

static void clock_write(const struct civil *c, struct buf *out)
{
    buf_printf(out, "%02d:%02d", c->hour, c->minute);
    if (c->second != 0 || c->us != 0)
        buf_printf(out, ":%02d", c->second);
    if (c->us != 0)
        buf_printf(out, ".%06d", c->us);
}

static void date_write(const struct civil *c, struct buf *out)
{
    buf_printf(out, "%04d-%02d-%02d ", c->year, c->month, c->day);
}

static void slot_write(const struct trigger *t, wall now, wall at, struct buf *out)
{
    const char *abbreviation;
    struct civil c = local_at(at, trigger_zone(t), &abbreviation);
    const char *day = weekday_names[civil_weekday(civil_days(c.year, c.month, c.day))];

    buf_printf(out, "  %c%s ", day[0] - 'a' + 'A', day + 1);
    date_write(&c, out);
    clock_write(&c, out);
    buf_printf(out, " %s   in ", abbreviation);
    duration_about(at.us - now.us, out);
    buf_add_byte(out, '\n');
}

static void note_write(const struct trigger *t, const struct trigger_dst *dst, struct buf *out)
{
    const char *abbreviation;
    struct civil local = civil_at(dst->local_s);

    buf_add_text(out, "note: ");
    date_write(&local, out);
    clock_write(&local, out);
    if (dst->kind == LOCAL_FOLD) {
        buf_add_text(out, dst->is_twice ? " occurs twice: runs both times\n"
                                        : " occurs twice: the first only\n");
        return;
    }
    buf_add_text(out, " does not exist: ");
    if (dst->runs_at.us == WALL_NEVER.us) {
        buf_add_text(out, "no run\n");
        return;
    }
    struct civil c = local_at(dst->runs_at, trigger_zone(t), &abbreviation);
    buf_add_text(out, "runs at ");
    clock_write(&c, out);
    buf_printf(out, " %s\n", abbreviation);
}

void explain_write(const struct trigger *trigger, wall now, int count, struct buf *out)
{
    size_t start = out->len;
    struct trigger_dst dst;
    wall at = now, until = {now.us + NOTES_YEARS * 366 * DAY_US};

    trigger_words(trigger, out);
    if (out->len > start && out->p[start] >= 'a' && out->p[start] <= 'z')
        out->p[start] = (char)(out->p[start] - 'a' + 'A');
    buf_add_byte(out, '\n');
    if (trigger_is_relative(trigger))
        buf_add_text(out, "  no times beforehand: they follow from what happens\n");
    for (int i = 0; i < count && !trigger_is_relative(trigger); i++) {
        at = trigger_next(trigger, at);
        if (at.us == WALL_NEVER.us) {
            buf_add_text(out, i == 0 ? "  never again\n" : "  then never again\n");
            break;
        }
        slot_write(trigger, now, at, out);
    }
    at = now;
    for (int i = 0; i < NOTES_MAX && trigger_next_dst(trigger, at, until, &dst); i++) {
        note_write(trigger, &dst, out);
        at = dst.change_at;
    }
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
    if (!schedule_open(&options, &schedule, &e)) {
        schedule_done(&schedule);
        return schedule_complain(&options, &e);
    }
    buf_init(&out, OUTPUT_BYTES_MAX);
    explain_write(schedule.trigger, schedule.now, options.count, &out);
    fwrite(out.p, 1, out.len, stdout);
    buf_done(&out);
    schedule_done(&schedule);
    return 0;
}
