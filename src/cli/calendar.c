// calendar.c - `belfry calendar`: checks the definition of a calendar and lists what it marks.
// SPDX-License-Identifier: Apache-2.0
#include "cli/calendar.h"

#include <stdio.h>

#include "cli/calendar_file.h"
#include "cli/command.h"
#include "time/civil.h"
#include "time/duration.h"
#include "time/iso8601.h"
#include "trigger/names.h"

#define FILES_MAX 16
#define COUNT_MAX 100000
#define YEAR_US (366 * DAY_US)
#define OUTPUT_BYTES_MAX (16 * 1024 * 1024)
#define WHY_COLUMN 54

struct options {
    const char *files[FILES_MAX];
    int file_count;
    const char *tz, *from, *to; // NULL: not given
    int count;
};

// ---- what is printed

static struct civil local_at(wall at, const struct zone *zone)
{
    struct zone_span span;
    int64_t second = floor_div(at.us, SECOND_US);

    zone_span_at(zone, second, &span);
    return civil_at(second + span.offset_s);
}

static bool is_midnight(const struct civil *c)
{
    return c->hour == 0 && c->minute == 0 && c->second == 0;
}

static void date_write(const struct civil *c, struct buf *out)
{
    const char *day = weekday_names[civil_weekday(civil_days(c->year, c->month, c->day))];

    buf_printf(out, "%c%s %04d-%02d-%02d", day[0] - 'a' + 'A', day + 1, c->year, c->month, c->day);
}

static void time_write(const struct civil *c, struct buf *out)
{
    date_write(c, out);
    buf_printf(out, " %02d:%02d", c->hour, c->minute);
    if (c->second != 0)
        buf_printf(out, ":%02d", c->second);
}

// "Fri 2026-12-25", "Fri 2026-12-25 to Sun 2026-12-27", "Fri 2026-12-25 18:00 to Sat 2026-12-26
// 06:00".
static void span_write(const struct almanac_stretch *s, const struct zone *zone, struct buf *out)
{
    struct civil first = local_at(s->from, zone), last;

    if (s->to.us == WALL_NEVER.us) {
        time_write(&first, out);
        buf_add_text(out, " for ever");
        return;
    }
    last = local_at(s->to, zone);
    if (!is_midnight(&first) || !is_midnight(&last)) {
        time_write(&first, out);
        buf_add_text(out, " to ");
        time_write(&last, out);
        return;
    }
    last = local_at((wall){s->to.us - 1}, zone); // the last day
    date_write(&first, out);
    if (civil_days(first.year, first.month, first.day) ==
        civil_days(last.year, last.month, last.day))
        return;
    buf_add_text(out, " to ");
    date_write(&last, out);
}

static void stretch_write(const struct almanac_list *list, const struct almanac_stretch *s,
                          const struct zone *zone, struct buf *out)
{
    size_t start = out->len;
    bool is_other = s->by != list->v[0];

    buf_add_text(out, "  ");
    span_write(s, zone, out);
    if (s->why || is_other)
        do
            buf_add_byte(out, ' ');
        while (out->len - start < WHY_COLUMN);
    if (s->why)
        buf_add_text(out, s->why);
    if (is_other)
        buf_printf(out, "%s(%s)", s->why ? " " : "", s->by->name);
    buf_add_byte(out, '\n');
}

void calendar_write(const struct almanac_list *list, const struct zone *zone, wall from, wall upto,
                    int count, struct buf *out)
{
    struct almanac_stretch s = {.to = from};
    int told = 0;

    for (; almanac_list_next(list, zone, s.to, upto, &s); told++) {
        if (told == count) {
            buf_add_text(out, "  and more (-n shows more)\n");
            return;
        }
        stretch_write(list, &s, zone, out);
    }
    if (told == 0)
        buf_add_text(out, "  nothing\n");
}

// ---- the command

// The value of an option: the next word; NULL and a complaint when there is none.
static const char *value_of(int argc, char **argv, int *at, int *ret_status)
{
    if (*at + 1 < argc)
        return argv[++*at];
    *ret_status = command_usage(argv[0], "%s needs a value", argv[*at]);
    return NULL;
}

static bool count_read(const char *name, const char *text, int *ret_count, int *ret_status)
{
    int64_t count;

    if (!text)
        return false;
    if (!str_to_int(str_of(text), &count) || count < 1 || count > COUNT_MAX) {
        *ret_status = command_usage(name, "-n must be 1-%d, not \"%s\"", COUNT_MAX, text);
        return false;
    }
    *ret_count = (int)count;
    return true;
}

static bool options_read(int argc, char **argv, struct options *o, int *ret_status)
{
    for (int i = 1; i < argc; i++) {
        struct str word = str_of(argv[i]);
        const char **target = str_eq(word, STR_LIT("--tz"))     ? &o->tz
                              : str_eq(word, STR_LIT("--from")) ? &o->from
                              : str_eq(word, STR_LIT("--to"))   ? &o->to
                                                                : NULL;

        if (target) {
            *target = value_of(argc, argv, &i, ret_status);
            if (!*target)
                return false;
        } else if (str_eq(word, STR_LIT("-n"))) {
            if (!count_read(argv[0], value_of(argc, argv, &i, ret_status), &o->count, ret_status))
                return false;
        } else if (str_starts(word, STR_LIT("--")) || o->file_count == FILES_MAX) {
            *ret_status = command_usage(argv[0], "\"%s\" is not understood", argv[i]);
            return false;
        } else {
            o->files[o->file_count++] = argv[i];
        }
    }
    if (o->file_count > 0)
        return true;
    *ret_status = command_usage(argv[0], "a file is missing");
    return false;
}

// The first file is what is listed; those behind it are what it may name, so they are read first.
static bool files_read(const struct options *o, struct zones *zones, struct almanacs *all,
                       struct almanac_list *list, struct err *e)
{
    const char *name = NULL;

    for (int i = o->file_count; i-- > 0;)
        if (!calendar_file_read(o->files[i], zones, all, &name, e))
            return false;
    return almanacs_gather(all, str_of(name), NULL, list, e);
}

static bool times_read(const struct options *o, const struct zone *zone, wall *ret_from,
                       wall *ret_to, struct err *e)
{
    wall from = clock_wall(clock_real()), to;

    if (o->from && !iso8601_moment(str_of(o->from), zone, "--from", &from, e))
        return false;
    to.us = from.us + YEAR_US;
    if (o->to && !iso8601_moment(str_of(o->to), zone, "--to", &to, e))
        return false;
    if (to.us <= from.us)
        return fail(e, ERR_INPUT, "--to", "--to must be later than --from");
    *ret_from = from;
    *ret_to = to;
    return true;
}

static bool run(const struct options *o, struct zones *zones, struct almanacs *all, struct buf *out,
                struct err *e)
{
    struct almanac_list list = {0};
    const struct zone *zone;
    struct buf system;
    wall from, to;

    buf_init(&system, 128);
    if (!o->tz)
        zone_system_name(&system);
    bool ok = zones_get(zones, o->tz ? str_of(o->tz) : buf_str(&system), &zone, e) &&
              files_read(o, zones, all, &list, e) && times_read(o, zone, &from, &to, e);

    if (ok) {
        const struct zone *own = list.v[0]->zone ? list.v[0]->zone : zone;

        buf_printf(out, "%s, %.*s:\n", list.v[0]->name, STR(zone_name(own)));
        calendar_write(&list, own, from, to, o->count, out);
    }
    almanac_list_done(&list);
    buf_done(&system);
    return ok;
}

int cmd_calendar(int argc, char **argv)
{
    struct options options = {.count = 50};
    struct zones *zones;
    struct almanacs all;
    struct buf out;
    struct err e;
    int status = 0;

    if (!options_read(argc, argv, &options, &status))
        return status;
    zones = zones_new(NULL);
    almanacs_init(&all);
    buf_init(&out, OUTPUT_BYTES_MAX);
    if (run(&options, zones, &all, &out, &e)) {
        fwrite(out.p, 1, out.len, stdout);
    } else {
        status = err_exit_status(e.code);
        fprintf(stderr, "belfry: %s\n%s%s%s", e.message, e.hint[0] ? "hint: " : "", e.hint,
                e.hint[0] ? "\n" : "");
    }
    buf_done(&out);
    almanacs_done(&all);
    zones_free(zones);
    return status;
}
