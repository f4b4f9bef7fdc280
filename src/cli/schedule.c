// schedule.c - reads schedules from the command line and complains about them with a caret.
// SPDX-License-Identifier: Apache-2.0
#include "cli/schedule.h"

#include <stdio.h>

#include "base/clock.h"
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
        const char **target = str_eq(word, STR_LIT("--tz"))     ? &o.tz
                              : str_eq(word, STR_LIT("--from")) ? &o.from
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

bool schedule_open(const struct schedule_options *options, struct schedule *ret_schedule,
                   struct err *e)
{
    struct buf system;
    const struct zone *zone;
    bool ok = true;

    *ret_schedule = (struct schedule){.zones = zones_new(NULL), .now = clock_wall(clock_real())};
    buf_init(&system, 128);
    if (!options->tz)
        zone_system_name(&system);

    struct trigger_context context = {
        ret_schedule->zones, options->tz ? str_of(options->tz) : buf_str(&system), {0}, {0}, NULL};
    json_t *spec = spec_of(options->expr, e);

    if (options->from)
        ok = zones_get(context.zones, context.timezone, &zone, e) &&
             iso8601_moment(str_of(options->from), zone, "--from", &ret_schedule->now, e);
    context.now = ret_schedule->now;
    ok = ok && spec && trigger_parse(spec, &context, &ret_schedule->trigger, e);
    json_decref(spec);
    buf_done(&system);
    return ok;
}

void schedule_done(struct schedule *s)
{
    trigger_free(s->trigger);
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
