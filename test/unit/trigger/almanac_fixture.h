// almanac_fixture.h - what the tests of calendars share: calendars from JSON, triggers that use
// them.
#pragma once

#include <string.h>

#include "trigger/almanac_read.h"
#include "trigger/almanacs.h"
#include "trigger_fixture.h"

// NULL with *e filled when it is refused.
static inline struct almanac *almanac_of(struct zones *zones, const char *name, const char *text,
                                         struct err *e)
{
    json_t *definition = json_loads(text, JSON_DECODE_ANY, NULL);
    struct almanac *a = NULL;

    memset(e, 0, sizeof *e);
    if (!definition)
        fail_msg("not JSON: %s", text);
    if (!almanac_read(definition, str_of(name), zones, &a, e))
        assert_true(e->code == ERR_INPUT || e->code == ERR_LIMIT);
    json_decref(definition);
    return a;
}

static inline struct almanac *almanac_good(struct zones *zones, const char *name, const char *text)
{
    struct err e;
    struct almanac *a = almanac_of(zones, name, text, &e);

    if (!a)
        fail_msg("%s: %s: %s", text, e.field, e.message);
    return a;
}

// As trigger_of, with calendars, and read at a moment of its own.
static inline struct trigger *trigger_at(struct zones *zones, const struct almanacs *calendars,
                                         const char *spec, const char *zone, wall now,
                                         struct err *e)
{
    struct trigger_context context = {
        .zones = zones, .timezone = str_of(zone), .now = now, .calendars = calendars};
    json_t *json = json_loads(spec, 0, NULL);
    struct trigger *t = NULL;

    memset(e, 0, sizeof *e);
    if (!json)
        fail_msg("not JSON: %s", spec);
    if (!trigger_parse(json, &context, &t, e))
        assert_true(e->code != ERR_NONE);
    json_decref(json);
    return t;
}

static inline struct trigger *trigger_with(struct zones *zones, const struct almanacs *calendars,
                                           const char *spec, const char *zone, struct err *e)
{
    return trigger_at(zones, calendars, spec, zone, at_of(zones, "2026-01-15 10:07:03"), e);
}
