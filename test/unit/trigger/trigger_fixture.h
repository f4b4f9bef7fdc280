// trigger_fixture.h - what the tests of triggers share: zones of the test data, specs as text.
#pragma once

#include <string.h>

#include <jansson.h>

#include "time/iso8601.h"
#include "trigger/trigger.h"
#include "unit.h"

#define ZONE_DIR "test/data/zoneinfo"

// A moment from text; local in UTC when it has no offset.
static inline wall at_of(struct zones *zones, const char *text)
{
    wall at = {0};
    struct err e = {0};

    if (!iso8601_moment(str_of(text), zones_utc(zones), "at", &at, &e))
        fail_msg("%s: %s", text, e.message);
    return at;
}

// A trigger from a spec in JSON, or from crontab text; NULL with *e filled when it is refused. now
// is 2026-01-15 10:07:03 UTC.
static inline struct trigger *trigger_of(struct zones *zones, const char *text, const char *zone,
                                         struct err *e)
{
    struct trigger_context context = {
        zones, str_of(zone), at_of(zones, "2026-01-15 10:07:03"), {0}};
    json_t *spec = text[0] == '{' ? json_loads(text, 0, NULL) : json_pack("{ss}", "expr", text);
    struct trigger *t = NULL;

    memset(e, 0, sizeof *e);
    assert_non_null(spec);
    if (!trigger_parse(spec, &context, &t, e))
        assert_true(e->code == ERR_INPUT || e->code == ERR_SCHEDULE);
    json_decref(spec);
    return t;
}

static inline struct trigger *trigger_good(struct zones *zones, const char *text, const char *zone)
{
    struct err e;
    struct trigger *t = trigger_of(zones, text, zone, &e);

    if (!t)
        fail_msg("%s: %s", text, e.message);
    return t;
}
