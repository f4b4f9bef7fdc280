// schedule.c - reads schedules from the command line and complains about them with a caret.
// SPDX-License-Identifier: Apache-2.0
#include "cli/schedule.h"

#include <stdio.h>

#include "base/clock.h"
#include "cli/calendar_file.h"
#include "cli/command.h"
#include "time/iso8601.h"

#define COUNT_MAX 100000

// The value of an option: the next word; NULL and a complaint when there is none.
static const char *value_of(int argc, char **argv, int *at, int *ret_status)
{
    if (*at + 1 < argc)
        return argv[++*at];
    *ret_status = command_usage(argv[0], "%s needs a value", argv[*at]);
    return NULL;
}

bool schedule_options_read(int argc, char **argv, struct schedule_options *ret_options,
                           int *ret_status)
{
    struct schedule_options o = {.count = 5};
    int64_t count;

    for (int i = 1; i < argc; i++) {
        struct str word = str_of(argv[i]);
        const char **target =
            str_eq(word, STR_LIT("--tz"))           ? &o.tz
            : str_eq(word, STR_LIT("--from"))       ? &o.from
            : str_eq(word, STR_LIT("--on-exclude")) ? &o.on_exclude
            : str_eq(word, STR_LIT("--calendar")) && o.calendar_count < SCHEDULE_CALENDARS_MAX
                ? &o.calendars[o.calendar_count++]
                : NULL;

        if (target) {
            *target = value_of(argc, argv, &i, ret_status);
            if (!*target)
                return false;
        } else if (str_eq(word, STR_LIT("-n"))) {
            const char *value = value_of(argc, argv, &i, ret_status);

            if (!value)
                return false;
            if (!str_to_int(str_of(value), &count) || count < 1 || count > COUNT_MAX) {
                *ret_status =
                    command_usage(argv[0], "-n must be 1-%d, not \"%s\"", COUNT_MAX, value);
                return false;
            }
            o.count = (int)count;
        } else if (str_starts(word, STR_LIT("--")) || o.expr) {
            *ret_status = command_usage(
                argv[0], "\"%s\" is not understood; put the schedule in quotes", argv[i]);
            return false;
        } else {
            o.expr = argv[i];
        }
    }
    if (!o.expr) {
        *ret_status = command_usage(argv[0], "a schedule is missing, such as '30 2 * * mon-fri'");
        return false;
    }
    *ret_options = o;
    return true;
}

// The JSON spec of what was typed.
static json_t *spec_of(const char *expr, struct err *e)
{
    json_error_t fault;
    json_t *spec;

    if (expr[strspn(expr, " \t")] != '{') {
        spec = json_pack("{ss%}", "expr", expr, strlen(expr));
        if (!spec)
            fail(e, ERR_INPUT, "expr", "the schedule is not UTF-8 text");
        return spec;
    }
    spec = json_loads(expr, JSON_REJECT_DUPLICATES, &fault);
    if (!spec)
        fail_at(e, ERR_JSON, "expr", fault.column, "the schedule is not valid JSON: %s",
                fault.text);
    return spec;
}

// Reads the calendars. A spec that does not say what they are for is kept out by them.
static bool calendars_open(const struct schedule_options *options, json_t *spec, struct schedule *s,
                           struct err *e)
{
    bool is_said = json_object_get(spec, "exclude") || json_object_get(spec, "include");
    json_t *names = json_array();
    const char *name;
    bool ok = true;

    for (int i = 0; ok && i < options->calendar_count; i++) {
        ok = calendar_file_read(options->calendars[i], s->zones, &s->calendars, &name, e);
        if (ok)
            json_array_append_new(names, json_string(name));
    }
    if (ok && !is_said && options->calendar_count > 0)
        json_object_set(spec, "exclude", names);
    if (ok && options->on_exclude)
        json_object_set_new(spec, "on_exclude", json_string(options->on_exclude));
    json_decref(names);
    return ok;
}

bool schedule_open(const struct schedule_options *options, struct schedule *ret_schedule,
                   struct err *e)
{
    struct buf system;
    const struct zone *zone;
    bool ok = true;

    *ret_schedule = (struct schedule){.zones = zones_new(NULL), .now = clock_wall(clock_real())};
    almanacs_init(&ret_schedule->calendars);
    buf_init(&system, 128);
    if (!options->tz)
        zone_system_name(&system);

    struct trigger_context context = {.zones = ret_schedule->zones,
                                      .timezone =
                                          options->tz ? str_of(options->tz) : buf_str(&system),
                                      .calendars = &ret_schedule->calendars};
    json_t *spec = spec_of(options->expr, e);

    if (options->from)
        ok = zones_get(context.zones, context.timezone, &zone, e) &&
             iso8601_moment(str_of(options->from), zone, "--from", &ret_schedule->now, e);
    context.now = ret_schedule->now;
    ok = ok && spec && calendars_open(options, spec, ret_schedule, e) &&
         trigger_parse(spec, &context, &ret_schedule->trigger, e);
    json_decref(spec);
    buf_done(&system);
    return ok;
}

void schedule_done(struct schedule *s)
{
    trigger_free(s->trigger);
    almanacs_done(&s->calendars);
    zones_free(s->zones);
}

int schedule_complain(const struct schedule_options *options, const struct err *e)
{
    const char *text = options->expr;
    size_t from = e->column > 0 ? (size_t)e->column - 1 : 0, to = from, len = strlen(text);

    fprintf(stderr, "belfry: %s\n", e->message);
    if (strcmp(e->field, "expr") == 0 && e->column > 0 && from <= len) {
        while (to < len && text[to] != ' ' && text[to] != ',')
            to++;
        fprintf(stderr, "  %s\n  %*s", text, (int)from, "");
        for (size_t i = from; i < to || i == from; i++)
            fputc('^', stderr);
        fputc('\n', stderr);
    }
    if (e->hint[0] != '\0')
        fprintf(stderr, "hint: %s\n", e->hint);
    return err_exit_status(e->code);
}
