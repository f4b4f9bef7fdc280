// next.c - `belfry next`: the coming times of one schedule, or of many by the line protocol.
// SPDX-License-Identifier: Apache-2.0
#include "cli/next.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json_write.h"
#include "cli/command.h"
#include "cli/next_jobs.h"
#include "cli/schedule.h"
#include "time/iso8601.h"
#include "trigger/trigger.h"

#define COUNT_MAX 100000
#define ANSWER_BYTES_MAX (8 * 1024 * 1024)

static const char *text_of(const json_t *request, const char *key, const char *fallback)
{
    const char *text = json_string_value(json_object_get(request, key));

    return text ? text : fallback;
}

static bool specs_make(json_t *list, int depth, bool *ret_is_known, struct err *e);

// What a dialect of the line protocol is among the specs of triggers.
static const struct {
    const char *dialect, *type;
    bool is_text; // the schedule is in "expr", else in "fields"
} dialects[] = {{"cron", "crontab", true},
                {"quartz", "quartz", true},
                {"oncalendar", "oncalendar", true},
                {"fields", "cron", false},
                {"interval", "interval", false},
                {"date", "date", false},
                {"rrule", "rrule", true},
                {"iso8601", "iso8601", true},
                {"calendarinterval", "calendarinterval", false},
                {"and", "and", false},
                {"or", "or", false}};

#define DEPTH_MAX 8 // deeper than triggers can be combined

// Turns {"dialect", "expr" or "fields"} into a spec, owned by the caller, and the triggers inside
// of it as well. NULL with *ret_is_known false when a dialect is not ours, NULL with e filled when
// the request makes no sense.
static json_t *spec_make(const json_t *request, int depth, bool *ret_is_known, struct err *e)
{
    const char *dialect = text_of(request, "dialect", "cron");
    size_t i = 0;

    while (i < sizeof dialects / sizeof *dialects && strcmp(dialect, dialects[i].dialect) != 0)
        i++;
    *ret_is_known = i < sizeof dialects / sizeof *dialects;
    if (!*ret_is_known)
        return NULL;

    const json_t *source = json_object_get(request, dialects[i].is_text ? "expr" : "fields");
    json_t *spec = dialects[i].is_text ? json_pack("{so}", "expr", json_deep_copy(source))
                                       : json_deep_copy(source);

    if (!json_is_object(spec) || (!dialects[i].is_text && (json_object_get(spec, "type") ||
                                                           json_object_get(spec, "expr")))) {
        json_decref(spec);
        fail(e, ERR_INPUT, NULL, "a request of dialect %s needs \"%s\"", dialect,
             dialects[i].is_text ? "expr" : "fields");
        return NULL;
    }
    json_object_set_new(spec, "type", json_string(dialects[i].type));
    if (specs_make(json_object_get(spec, "triggers"), depth, ret_is_known, e))
        return spec;
    json_decref(spec);
    return NULL;
}

// Replaces each request of a list by its spec.
static bool specs_make(json_t *list, int depth, bool *ret_is_known, struct err *e)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *spec = depth < DEPTH_MAX
                           ? spec_make(json_array_get(list, i), depth + 1, ret_is_known, e)
                           : json_null();

        if (!spec || json_array_set_new(list, i, spec) != 0)
            return false;
    }
    return true;
}

static bool has_times(const struct trigger *trigger, struct err *e)
{
    return !trigger_is_relative(trigger) ||
           fail(e, ERR_SCHEDULE, NULL,
                "this schedule has no times beforehand: they follow from what happens");
}

// What counts from now, such as an interval without start_date, counts from "after": the answer
// hangs on nothing but the request.
static bool request_run(struct zones *zones, wall now, const json_t *request, const json_t *spec,
                        struct json_write *w, struct err *e)
{
    struct trigger_context context = {zones, str_of(text_of(request, "tz", "UTC")), now, {0}, NULL};
    const char *after_text = text_of(request, "after", NULL);
    json_int_t n = json_is_integer(json_object_get(request, "n"))
                       ? json_integer_value(json_object_get(request, "n"))
                       : 1;
    const struct zone *zone;
    struct trigger *trigger = NULL;

    if (!zones_get(zones, context.timezone, &zone, e) ||
        (after_text && !iso8601_moment(str_of(after_text), zone, "after", &context.now, e)) ||
        !trigger_parse(spec, &context, &trigger, e) || !has_times(trigger, e)) {
        trigger_free(trigger);
        return false;
    }
    json_write_key(w, "next");
    json_write_array(w);
    wall after = context.now;
    for (json_int_t i = 0; i < n && i < COUNT_MAX; i++) {
        struct buf text;

        after = trigger_next(trigger, after);
        if (after.us == WALL_NEVER.us)
            break;
        buf_init(&text, 64);
        iso8601_write(after, zone, &text);
        json_write_str(w, buf_str(&text));
        buf_done(&text);
    }
    json_write_array_end(w);
    trigger_free(trigger);
    return true;
}

void next_answer(struct zones *zones, wall now, struct str line, struct buf *out)
{
    struct err e = {0};
    struct json_write w;
    json_error_t fault;
    json_t *request = json_loadb(line.p ? line.p : "", line.len, JSON_REJECT_DUPLICATES, &fault);
    char *id = json_dumps(json_object_get(request, "id"), JSON_ENCODE_ANY | JSON_COMPACT);
    bool is_known = true;
    json_t *spec = json_is_object(request) ? spec_make(request, 0, &is_known, &e) : NULL;

    json_write_init(&w, out);
    json_write_object(&w);
    json_write_key(&w, "id");
    json_write_raw(&w, str_of(id ? id : "null"));
    if (!request)
        fail(&e, ERR_JSON, NULL, "the line is not valid JSON: %s", fault.text);
    if (!is_known) {
        json_write_key(&w, "unsupported");
        json_write_bool(&w, true);
    } else if (!spec || !request_run(zones, now, request, spec, &w, &e)) {
        json_write_key(&w, "error");
        json_write_text(&w, e.message[0] ? e.message : "a request is a JSON object");
    }
    json_write_object_end(&w);
    buf_add_byte(out, '\n');
    json_decref(spec);
    json_decref(request);
    free(id);
}

// Each answer leaves at once: who asks may wait for it before the next request.
static int batch(void)
{
    struct zones *zones = zones_new(NULL);
    struct buf out;
    char *line = NULL;
    size_t room = 0;
    ssize_t n;

    buf_init(&out, ANSWER_BYTES_MAX);
    while ((n = getline(&line, &room, stdin)) > 0) {
        struct str request = str_trim((struct str){line, (size_t)n});

        if (request.len == 0)
            continue;
        buf_clear(&out);
        next_answer(zones, clock_wall(clock_real()), request, &out);
        if (fwrite(out.p, 1, out.len, stdout) != out.len || fflush(stdout) != 0)
            break;
    }
    free(line);
    buf_done(&out);
    zones_free(zones);
    return ferror(stdout) ? err_exit_status(ERR_SYSTEM) : 0;
}

int cmd_next(int argc, char **argv)
{
    struct schedule_options options;
    struct schedule schedule;
    struct buf out;
    struct err e;
    int status;

    if (argc == 2 && strcmp(argv[1], "--batch") == 0)
        return batch();
    if (next_jobs_is_meant(argc, argv))
        return next_jobs(argc, argv);
    if (!schedule_options_read(argc, argv, &options, &status))
        return status;
    if (!schedule_open(&options, &schedule, &e) || !has_times(schedule.trigger, &e)) {
        status = schedule_complain(&options, &schedule, &e);
        schedule_done(&schedule);
        return status;
    }
    buf_init(&out, ANSWER_BYTES_MAX);
    wall at = schedule.now;
    for (int i = 0; i < options.count; i++) {
        at = trigger_next(schedule.trigger, at);
        if (at.us == WALL_NEVER.us)
            break;
        iso8601_write(at, trigger_zone(schedule.trigger), &out);
        buf_add_byte(&out, '\n');
    }
    fwrite(out.p, 1, out.len, stdout);
    buf_done(&out);
    schedule_done(&schedule);
    return 0;
}
