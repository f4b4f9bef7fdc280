// job_form.c - reads a job from the command line into the API's form.
// SPDX-License-Identifier: Apache-2.0
#include "cli/job_form.h"

#include <stdio.h>
#include <string.h>

#include "time/duration.h"
#include "time/iso8601.h"
#include "trigger/dialect.h"

static bool cron_read(const char *text, wall now, json_t **ret_spec, struct err *e);
static bool every_read(const char *text, wall now, json_t **ret_spec, struct err *e);
static bool at_read(const char *text, wall now, json_t **ret_spec, struct err *e);
static bool daily_read(const char *text, wall now, json_t **ret_spec, struct err *e);
static bool on_read(const char *text, wall now, json_t **ret_spec, struct err *e);
static bool after_read(const char *text, wall now, json_t **ret_spec, struct err *e);
static bool startup_read(const char *text, wall now, json_t **ret_spec, struct err *e);
static bool manual_read(const char *text, wall now, json_t **ret_spec, struct err *e);

static const struct {
    const char *option;
    bool (*read)(const char *text, wall now, json_t **ret_spec, struct err *e);
} schedules[] = {{"--cron", cron_read},       {"--every", every_read},  {"--at", at_read},
                 {"--daily", daily_read},     {"--on", on_read},        {"--after", after_read},
                 {"--startup", startup_read}, {"--manual", manual_read}};

bool job_form_trigger(const struct typed *typed, wall now, json_t **ret_spec, struct err *e)
{
    const char *tz = typed_value(typed, "--tz"), *option = NULL;
    json_t *spec = NULL;

    for (size_t i = 0; i < sizeof schedules / sizeof *schedules; i++) {
        const char *text = typed_value(typed, schedules[i].option);

        if (!text)
            continue;
        if (option) {
            json_decref(spec);
            return fail(e, ERR_USAGE, NULL, "%s and %s are two schedules: give one of them", option,
                        schedules[i].option);
        }
        option = schedules[i].option;
        if (!schedules[i].read(text, now, &spec, e))
            return false;
    }
    if (tz && !spec)
        return fail(e, ERR_USAGE, NULL, "--tz belongs to a schedule, and there is none");
    if (tz)
        json_object_set_new(spec, "timezone", json_string(tz));
    *ret_spec = spec;
    return true;
}

static bool cron_read(const char *text, wall now, json_t **ret_spec, struct err *e)
{
    (void)now;
    return dialect_spec(str_of(text), DIALECT_CRON, ret_spec, e);
}

static bool every_read(const char *text, wall now, json_t **ret_spec, struct err *e)
{
    int64_t us;

    (void)now;
    if (!duration_parse(str_of(text), "--every", &us, e))
        return false;
    *ret_spec =
        us % SECOND_US == 0
            ? json_pack("{sssI}", "type", "interval", "seconds", (json_int_t)(us / SECOND_US))
            : json_pack("{sssf}", "type", "interval", "seconds", (double)us / SECOND_US);
    return true;
}

// "+5m" is so long from now.
static bool at_read(const char *text, wall now, json_t **ret_spec, struct err *e)
{
    struct buf moment;
    int64_t us;
    bool ok;

    if (text[0] != '+')
        return dialect_spec(str_of(text), DIALECT_DATE, ret_spec, e);
    if (!duration_parse(str_of(text + 1), "--at", &us, e))
        return false;
    buf_init(&moment, 64);
    iso8601_write(wall_after_us(now, us), NULL, &moment);
    ok = dialect_spec(buf_str(&moment), DIALECT_DATE, ret_spec, e);
    buf_done(&moment);
    return ok;
}

static bool daily_read(const char *text, wall now, json_t **ret_spec, struct err *e)
{
    struct str hour, minute = str_of(text);
    int64_t h, m;
    char cron[64];

    (void)now;
    if (!str_next(&minute, ':', &hour) || !str_to_int(hour, &h) || !str_to_int(minute, &m) ||
        h < 0 || h > 23 || m < 0 || m > 59)
        return fail(e, ERR_INPUT, "--daily",
                    "--daily wants a time of day such as 02:00, not \"%s\"", text);
    snprintf(cron, sizeof cron, "%d %d * * *", (int)m, (int)h);
    return dialect_spec(str_of(cron), DIALECT_CRON, ret_spec, e);
}

static bool on_read(const char *text, wall now, json_t **ret_spec, struct err *e)
{
    (void)now;
    return dialect_spec(str_of(text), dialect_guess(str_of(text)), ret_spec, e);
}

static bool after_read(const char *text, wall now, json_t **ret_spec, struct err *e)
{
    int64_t us;

    (void)now;
    if (!duration_parse(str_of(text), "--after", &us, e))
        return false;
    *ret_spec = json_pack("{ssss}", "type", "after", "delay", text);
    return true;
}

static bool startup_read(const char *text, wall now, json_t **ret_spec, struct err *e)
{
    (void)text, (void)now, (void)e;
    *ret_spec = json_pack("{ss}", "type", "startup");
    return true;
}

static bool manual_read(const char *text, wall now, json_t **ret_spec, struct err *e)
{
    (void)text, (void)now, (void)e;
    *ret_spec = json_pack("{ss}", "type", "manual");
    return true;
}

static json_t *words_list(char **words, int count)
{
    json_t *list = json_array();

    for (int i = 0; i < count; i++)
        json_array_append_new(list, json_string(words[i]));
    return list;
}

bool job_form_action(const struct typed *typed, bool is_command, json_t *body, struct err *e)
{
    const char *folder = typed_value(typed, "--folder"), *host = typed_value(typed, "--cert");

    if (folder && host)
        return fail(e, ERR_USAGE, NULL, "--folder and --cert are two things to run: give one");
    if (folder)
        json_object_set_new(body, "folder", json_string(folder));
    if (host)
        json_object_set_new(body, "certificate", json_string(host));
    if (typed->rest && is_command && typed->rest_count == 0)
        return fail(e, ERR_USAGE, NULL, "there is no command behind --");
    if (typed->rest)
        json_object_set_new(body, is_command ? "command" : "args",
                            words_list(typed->rest, typed->rest_count));
    return true;
}

// The object that the dotted name leads to; *name is left at its last part.
static json_t *object_at(json_t *body, struct str *name)
{
    struct str part;

    while (str_find(*name, '.') >= 0 && str_next(name, '.', &part)) {
        json_t *inner = json_object_getn(body, part.p, part.len);

        if (!json_is_object(inner)) {
            inner = json_object();
            json_object_setn_new(body, part.p, part.len, inner);
        }
        body = inner;
    }
    return body;
}

bool job_form_members(const struct typed *typed, int from, json_t *body, struct err *e)
{
    for (int i = from; i < typed->arg_count; i++) {
        struct str value = str_of(typed->args[i]), name;
        bool has_value = str_find(value, '=') > 0;

        (void)str_next(&value, '=', &name);
        if (!has_value) {
            (void)fail(e, ERR_USAGE, NULL, "\"%s\" is not key=value", typed->args[i]);
            return fail_hint(e, "such as timeout=10m");
        }
        json_t *object = object_at(body, &name);
        json_t *json =
            json_loadb(value.p, value.len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);

        if (!json)
            json = json_stringn(value.p, value.len);
        if (!json || json_object_setn_new(object, name.p, name.len, json) != 0)
            return fail(e, ERR_INPUT, NULL, "\"%s\" is not UTF-8", typed->args[i]);
    }
    return true;
}
