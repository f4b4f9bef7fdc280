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

// The options that take a text, by name; the last two are explain's alone.
static const char **target_of(struct schedule_options *o, struct str word, bool is_explain)
{
    const struct {
        const char *name;
        const char **target;
    } rows[] = {{"--tz", &o->tz},           {"--from", &o->from},
                {"--dialect", &o->dialect}, {"--on-exclude", &o->on_exclude},
                {"--as", &o->as},           {"-o", &o->form}};

    for (size_t i = 0; i < (is_explain ? 6 : 4); i++)
        if (str_eq(word, str_of(rows[i].name)))
            return rows[i].target;
    if (str_eq(word, STR_LIT("--calendar")) && o->calendar_count < SCHEDULE_CALENDARS_MAX)
        return &o->calendars[o->calendar_count++];
    return NULL;
}

// Are the names behind --dialect, --as and -o names?
static bool names_check(const char *command, const struct schedule_options *o, int *ret_status)
{
    enum dialect dialect;
    struct err e;

    if ((o->dialect && !dialect_find(str_of(o->dialect), &dialect, &e)) ||
        (o->as && strcmp(o->as, "words") != 0 && !dialect_find(str_of(o->as), &dialect, &e))) {
        *ret_status = command_usage(command, "%s%s%s", e.message, e.hint[0] ? "; " : "", e.hint);
        return false;
    }
    if (o->form && strcmp(o->form, "json") != 0 && strcmp(o->form, "text") != 0) {
        *ret_status = command_usage(command, "-o must be json or text, not \"%s\"", o->form);
        return false;
    }
    return true;
}

static bool count_read(int argc, char **argv, int *at, int *ret_count, int *ret_status)
{
    const char *value = value_of(argc, argv, at, ret_status);
    int64_t count;

    if (!value)
        return false;
    if (!str_to_int(str_of(value), &count) || count < 1 || count > COUNT_MAX) {
        *ret_status = command_usage(argv[0], "-n must be 1-%d, not \"%s\"", COUNT_MAX, value);
        return false;
    }
    *ret_count = (int)count;
    return true;
}

bool schedule_options_read(int argc, char **argv, struct schedule_options *ret_options,
                           int *ret_status)
{
    struct schedule_options o = {.count = 5};
    bool is_explain = strcmp(argv[0], "explain") == 0;

    for (int i = 1; i < argc; i++) {
        struct str word = str_of(argv[i]);
        const char **target = target_of(&o, word, is_explain);

        if (target) {
            *target = value_of(argc, argv, &i, ret_status);
            if (!*target)
                return false;
        } else if (str_eq(word, STR_LIT("-n"))) {
            if (!count_read(argc, argv, &i, &o.count, ret_status))
                return false;
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
    if (!names_check(argv[0], &o, ret_status))
        return false;
    *ret_options = o;
    return true;
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
    struct schedule *s = ret_schedule;
    struct str expr = str_of(options->expr);
    struct buf system;
    const struct zone *zone;
    bool ok;

    *s = (struct schedule){.zones = zones_new(NULL), .now = clock_wall(clock_real())};
    almanacs_init(&s->calendars);
    buf_init(&system, 128);
    if (!options->tz)
        zone_system_name(&system);

    struct trigger_context context = {.zones = s->zones,
                                      .timezone =
                                          options->tz ? str_of(options->tz) : buf_str(&system),
                                      .calendars = &s->calendars};

    s->dialect = dialect_guess(expr);
    ok = (!options->dialect || dialect_find(str_of(options->dialect), &s->dialect, e)) &&
         (!options->from || (zones_get(context.zones, context.timezone, &zone, e) &&
                             iso8601_moment(str_of(options->from), zone, "--from", &s->now, e)));
    context.now = s->now;
    ok = ok && dialect_spec(expr, s->dialect, &s->spec, e) &&
         calendars_open(options, s->spec, s, e) && trigger_parse(s->spec, &context, &s->trigger, e);
    buf_done(&system);
    return ok;
}

void schedule_done(struct schedule *s)
{
    trigger_free(s->trigger);
    almanacs_done(&s->calendars);
    json_decref(s->spec);
    zones_free(s->zones);
}

// The text that an error's column counts in; NULL when it is none that was typed.
static const char *text_at_fault(const struct schedule_options *options,
                                 const struct schedule *schedule, const struct err *e)
{
    const char *member = json_string_value(json_object_get(schedule->spec, e->field));

    if (member && schedule->dialect == DIALECT_SPEC)
        return member;
    return strcmp(e->field, "expr") == 0 || member ? options->expr : NULL;
}

// The line of a text that a column lies in, and carets under the item there.
static void carets_print(const char *text, size_t at)
{
    size_t from = at, to = at, end = at;

    while (from > 0 && text[from - 1] != '\n')
        from--;
    while (text[end] != '\0' && text[end] != '\n')
        end++;
    while (to < end && text[to] != ' ' && text[to] != ',')
        to++;
    fprintf(stderr, "  %.*s\n  %*s", (int)(end - from), text + from, (int)(at - from), "");
    for (size_t i = at; i < to || i == at; i++)
        fputc('^', stderr);
    fputc('\n', stderr);
}

int schedule_complain(const struct schedule_options *options, const struct schedule *schedule,
                      const struct err *e)
{
    const char *text = text_at_fault(options, schedule, e);

    fprintf(stderr, "belfry: %s\n", e->message);
    if (text && e->column > 0 && (size_t)e->column <= strlen(text) + 1)
        carets_print(text, (size_t)e->column - 1);
    if (e->hint[0] != '\0')
        fprintf(stderr, "hint: %s\n", e->hint);
    return err_exit_status(e->code);
}
