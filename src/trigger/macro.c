// macro.c - rewrites specs whose crontab text is not a crontab.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/macro.h"

#include <stdio.h>

#include "base/str.h"
#include "time/duration.h"
#include "trigger/crontab.h"

// A crontab text in its parts: "CRON_TZ=zone @name rest".
struct parts {
    struct str text, zone, name, rest;
};

typedef bool expand_fn(const struct parts *p, json_t *spec, struct err *e);

static expand_fn every_expand, at_expand, startup_expand, manual_expand;

static const struct {
    const char *name;
    expand_fn *expand;
} macros[] = {
    {"@every", every_expand},     {"@at", at_expand},         {"@reboot", startup_expand},
    {"@startup", startup_expand}, {"@manual", manual_expand}, {"@manually", manual_expand},
};

static int column_of(const struct parts *p, struct str part)
{
    return (int)(part.p - p->text.p) + 1;
}

// False when the spec is not one of crontab text.
static bool parts_find(const json_t *spec, struct parts *ret_parts)
{
    const char *type = json_string_value(json_object_get(spec, "type"));
    const json_t *expr = json_object_get(spec, "expr");
    struct parts p;
    size_t at, end;

    if (!json_is_string(expr) ||
        (type && strcmp(type, "cron") != 0 && strcmp(type, "crontab") != 0))
        return false;
    p.text = (struct str){json_string_value(expr), json_string_length(expr)};
    at = end = crontab_zone(p.text, &p.zone);
    while (end < p.text.len && p.text.p[end] != ' ' && p.text.p[end] != '\t')
        end++;
    p.name = str_cut(p.text, at, end);
    p.rest = str_trim(str_cut(p.text, end, p.text.len));
    *ret_parts = p;
    return true;
}

// Two names of one zone, such as -07 and -07:00?
static bool is_same_zone(struct zones *zones, struct str a, struct str b)
{
    const struct zone *zone_a, *zone_b;
    struct err ignored;

    return str_eq(a, b) || (zones_get(zones, a, &zone_a, &ignored) &&
                            zones_get(zones, b, &zone_b, &ignored) && zone_a == zone_b);
}

static bool zone_set(const struct parts *p, struct zones *zones, json_t *spec, struct err *e)
{
    const char *given = json_string_value(json_object_get(spec, "timezone"));

    if (given && !is_same_zone(zones, str_of(given), p->zone)) {
        fail(e, ERR_INPUT, "timezone", "timezone is %.60s, but the text says %.*s", given,
             (int)(p->zone.len < 60 ? p->zone.len : 60), p->zone.p);
        return fail_hint(e, "leave out one of them");
    }
    json_object_set_new(spec, "timezone", json_stringn(p->zone.p, p->zone.len));
    return true;
}

bool macro_expand(const json_t *spec, struct zones *zones, json_t **ret_spec, struct err *e)
{
    struct parts p;
    size_t i = 0, count = sizeof macros / sizeof *macros;
    json_t *copy;

    *ret_spec = NULL;
    if (!parts_find(spec, &p))
        return true;
    while (i < count && !str_eq_nocase(p.name, str_of(macros[i].name)))
        i++;
    if (i == count && !p.zone.p)
        return true;
    copy = json_copy((json_t *)spec);
    if ((p.zone.p && !zone_set(&p, zones, copy, e)) ||
        (i < count && !macros[i].expand(&p, copy, e))) {
        json_decref(copy);
        return false;
    }
    *ret_spec = copy;
    return true;
}

static void become(json_t *spec, const char *type)
{
    json_object_set_new(spec, "type", json_string(type));
    json_object_del(spec, "expr");
}

static bool every_expand(const struct parts *p, json_t *spec, struct err *e)
{
    char seconds[40];
    int64_t us;

    if (p->rest.len == 0)
        return fail_at(e, ERR_INPUT, "expr", column_of(p, p->name),
                       "@every needs a length of time, as in @every 1h30m");
    if (!duration_parse(p->rest, "expr", &us, e)) {
        e->column += column_of(p, p->rest) - 1;
        return false;
    }
    if (us == 0)
        return fail_at(e, ERR_INPUT, "expr", column_of(p, p->rest),
                       "@every needs a length of time that is not 0");
    snprintf(seconds, sizeof seconds, "%lld.%06lld", (long long)(us / SECOND_US),
             (long long)(us % SECOND_US));
    become(spec, "interval");
    json_object_set_new(spec, "seconds", json_string(seconds));
    return true;
}

static bool at_expand(const struct parts *p, json_t *spec, struct err *e)
{
    if (p->rest.len == 0)
        return fail_at(e, ERR_INPUT, "expr", column_of(p, p->name),
                       "@at needs a date and time, as in @at 2026-02-01T10:00");
    become(spec, "date");
    json_object_set_new(spec, "run_date", json_stringn(p->rest.p, p->rest.len));
    return true;
}

static bool alone(const struct parts *p, json_t *spec, const char *type, struct err *e)
{
    if (p->rest.len > 0)
        return fail_at(e, ERR_INPUT, "expr", column_of(p, p->rest), "%.*s has nothing behind it",
                       STR(p->name));
    become(spec, type);
    return true;
}

static bool startup_expand(const struct parts *p, json_t *spec, struct err *e)
{
    return alone(p, spec, "startup", e);
}

static bool manual_expand(const struct parts *p, json_t *spec, struct err *e)
{
    return alone(p, spec, "manual", e);
}

void macro_blame(const json_t *spec, struct err *e)
{
    static const char *const made[] = {"timezone", "seconds", "run_date"};
    struct parts p;

    for (int i = 0; i < 3; i++) {
        if (strcmp(e->field, made[i]) != 0 || json_is_string(json_object_get(spec, made[i])) ||
            !parts_find(spec, &p))
            continue;
        e->column = column_of(&p, i == 0 ? p.zone : p.rest) + (e->column > 0 ? e->column - 1 : 0);
        (void)snprintf(e->field, sizeof e->field, "expr");
    }
}
