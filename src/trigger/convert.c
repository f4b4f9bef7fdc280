// convert.c - finds the writer of a language, and carries over what all kinds share.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/convert.h"

#include <stdlib.h>
#include <string.h>

#include "trigger/convert_parts.h"
#include "trigger/convert_write.h"
#include "trigger/kind.h"

#define SPEC_BYTES_MAX 65536

static convert_fn *const writers[DIALECT_COUNT] = {
    [DIALECT_CRON] = convert_cron,         [DIALECT_QUARTZ] = convert_quartz,
    [DIALECT_FIELDS] = convert_fields,     [DIALECT_ONCALENDAR] = convert_oncalendar,
    [DIALECT_RRULE] = convert_rrule,       [DIALECT_ISO8601] = convert_iso8601,
    [DIALECT_INTERVAL] = convert_interval,
};

// The trigger's own spec.
static json_t *spec_of(const struct trigger *t)
{
    struct buf text;
    json_t *spec;

    buf_init(&text, SPEC_BYTES_MAX);
    trigger_write(t, &text);
    spec = json_loadb(text.p, text.len, 0, NULL);
    buf_done(&text);
    return spec;
}

static const char *const bound_keys[] = {"start_date", "end_date", "max_runs"};

#define BOUNDS (sizeof bound_keys / sizeof *bound_keys)

// Its members that are not its kind's own, without those that are in a pattern.
static json_t *common_of(const struct trigger *t)
{
    json_t *spec = spec_of(t);

    (void)json_object_del(spec, "type");
    for (size_t i = 0; i < BOUNDS; i++)
        (void)json_object_del(spec, bound_keys[i]);
    for (const char *const *key = t->kind->keys; *key; key++)
        (void)json_object_del(spec, *key);
    return spec;
}

// Those of its bounds that are members.
static void bounds_copy(const struct trigger *t, json_t *spec)
{
    json_t *own = spec_of(t);

    for (size_t i = 0; i < BOUNDS; i++)
        if (json_object_get(own, bound_keys[i]))
            (void)json_object_set(spec, bound_keys[i], json_object_get(own, bound_keys[i]));
    json_decref(own);
}

// What is left of the bounds of a pattern.
static void bounds_set(json_t *spec, const struct pattern *p)
{
    const struct zone *zone = p->trigger->zone;

    if (p->start.us != TRIGGER_BEGINNING.us)
        convert_moment(spec, "start_date", p->start, zone);
    if (p->end.us != WALL_NEVER.us)
        convert_moment(spec, "end_date", p->end, zone);
    if (p->max_runs)
        (void)json_object_set_new(spec, "max_runs", json_integer(p->max_runs));
}

static void spec_dump(const json_t *spec, struct buf *out)
{
    char *text = json_dumps(spec, JSON_COMPACT);

    buf_add_text(out, text);
    free(text);
}

// Those that follow events: crontabs have words for two of them.
static bool event_write(const struct trigger *t, enum dialect to, json_t *spec)
{
    const char *macro = t->kind->id == TRIGGER_MANUAL                    ? "@manual"
                        : t->kind->id == TRIGGER_STARTUP && !t->every_us ? "@reboot"
                                                                         : NULL;

    if (to != DIALECT_CRON || !macro)
        return false;
    (void)json_object_set_new(spec, "expr", json_string(macro));
    return true;
}

// A trigger of the same language that has no general form stays as it is, whatever has been tried.
static bool same_write(const struct trigger *t, enum dialect to, json_t *spec, json_t *common)
{
    json_t *own, *own_common;
    const char *text;

    if (!dialect_is_text(to) || strcmp(t->kind->type, dialect_type(to)) != 0)
        return false;
    own = spec_of(t);
    text = json_string_value(json_object_get(own, "expr"));
    if (text) {
        own_common = common_of(t);
        (void)json_object_update(common, own_common);
        json_decref(own_common);
        (void)json_object_set_new(spec, "expr", json_string(text));
        bounds_copy(t, spec);
    }
    json_decref(own);
    return text;
}

// Calendars that move runs move earlier ones behind a beginning, and past an end: neither may
// change.
static bool moves_check(const struct trigger *t, enum dialect to, struct err *e)
{
    const struct exclude *x = kind_exclude(t);
    bool is_calendar = to == DIALECT_CRON || to == DIALECT_QUARTZ || to == DIALECT_FIELDS ||
                       to == DIALECT_ONCALENDAR;

    return !x || x->policy == EXCLUDE_SKIP || (is_calendar && kind_is_calendar(t)) ||
           fail(e, ERR_INPUT, "on_exclude",
                "%s would begin or end elsewhere, which runs that calendars move do not allow",
                dialect_names[to]);
}

// The days of calendars are those of the trigger's zone, which is UTC by "dst" as well.
static bool days_check(const struct trigger *t, enum dialect to, const json_t *common,
                       struct err *e)
{
    const char *zone = json_string_value(json_object_get(common, "timezone"));
    const char *dst = json_string_value(json_object_get(common, "dst"));

    return !kind_exclude(t) ||
           (str_eq(str_of(zone), zone_name(t->zone)) &&
            (t->dst == DST_UTC) == (dst && strcmp(dst, dst_names[DST_UTC]) == 0)) ||
           fail(e, ERR_INPUT, "timezone",
                "%s would be in another zone, in which the days of its calendars are others",
                dialect_names[to]);
}

static bool pattern_write(const struct trigger *t, enum dialect to, wall now, json_t *spec,
                          json_t *common, struct err *e)
{
    struct pattern p;

    if (!moves_check(t, to, e) || !pattern_make(t, now, dialect_names[to], &p, e) ||
        !writers[to](&p, spec, common, e))
        return false;
    bounds_set(spec, &p);
    return true;
}

static bool spec_write(const struct trigger *t, enum dialect to, wall now, json_t *spec,
                       json_t *common, struct err *e)
{
    if (t->kind->is_relative)
        return event_write(t, to, spec) ||
               fail(e, ERR_INPUT, "type", "%s follows the clock, a trigger of type %s does not",
                    dialect_names[to], t->kind->type);
    if ((to == DIALECT_DATE ? convert_date(t, now, spec, common, e)
                            : pattern_write(t, to, now, spec, common, e)) &&
        days_check(t, to, common, e))
        return true;
    return same_write(t, to, spec, common);
}

// A recurrence has its zone behind DTSTART, a repeating interval an offset behind its time.
static bool is_zone_named(enum dialect to, struct str text)
{
    struct str part = {NULL, 0};
    const char *time;

    if (to == DIALECT_RRULE)
        (void)str_next(&text, '\n', &part);
    for (int i = 0; to == DIALECT_ISO8601 && i < 2; i++)
        (void)str_next(&text, '/', &part);
    time = part.p ? memchr(part.p, 'T', part.len) : NULL;
    if (to == DIALECT_RRULE)
        return str_starts(part, STR_LIT("DTSTART;TZID=")) || str_ends(part, STR_LIT("Z"));
    return time && (str_ends(part, STR_LIT("Z")) || memchr(time, '+', part.p + part.len - time) ||
                    memchr(time, '-', part.p + part.len - time));
}

static bool is_zone_kept(const struct trigger *t, const json_t *common)
{
    return str_eq(str_of(json_string_value(json_object_get(common, "timezone"))),
                  zone_name(t->zone));
}

bool convert(const struct trigger *t, enum dialect to, wall now, struct conversion *ret_conversion,
             struct err *e)
{
    json_t *spec = json_pack("{ss}", "type", dialect_type(to)), *common = common_of(t);
    bool ok = spec_write(t, to, now, spec, common, e);
    const char *expr = json_string_value(json_object_get(spec, "expr"));

    if (ok) {
        buf_init(&ret_conversion->spec, SPEC_BYTES_MAX);
        buf_init(&ret_conversion->text, SPEC_BYTES_MAX);
        if (expr)
            buf_add_text(&ret_conversion->text, expr);
        ret_conversion->names_zone = is_zone_named(to, buf_str(&ret_conversion->text));
        ret_conversion->is_whole = expr && json_object_size(spec) == 2 &&
                                   json_object_size(common) == 1 &&
                                   (ret_conversion->names_zone || is_zone_kept(t, common));
        (void)json_object_update(spec, common);
        spec_dump(spec, &ret_conversion->spec);
    }
    json_decref(spec);
    json_decref(common);
    return ok;
}

void conversion_done(struct conversion *c)
{
    buf_done(&c->spec);
    buf_done(&c->text);
}
