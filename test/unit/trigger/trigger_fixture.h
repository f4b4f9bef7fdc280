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
        zones, str_of(zone), at_of(zones, "2026-01-15 10:07:03"), {0}, NULL};
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

// What a trigger prints: APScheduler's text, its spec, its words; and the spec read again, in
// another zone, is written the same.
static inline void check_print(struct zones *zones, const char *spec, const char *zone,
                               const char *str, const char *written, const char *words)
{
    struct trigger *t = trigger_good(zones, spec, zone), *copy;
    struct buf out;

    buf_init(&out, 8000);
    trigger_str(t, &out);
    assert_string_equal(buf_text(&out), str);
    buf_clear(&out);
    trigger_words(t, &out);
    assert_string_equal(buf_text(&out), words);
    buf_clear(&out);
    trigger_write(t, &out);
    assert_string_equal(buf_text(&out), written);
    copy = trigger_good(zones, written, "Asia/Kolkata");
    buf_clear(&out);
    trigger_write(copy, &out);
    assert_string_equal(buf_text(&out), written);
    buf_done(&out);
    trigger_free(copy);
    trigger_free(t);
}

static inline void check_refused(struct zones *zones, const char *spec, enum err_code code,
                                 const char *field, const char *part_of_message)
{
    struct err e;

    if (trigger_of(zones, spec, "Europe/Berlin", &e))
        fail_msg("accepted %s", spec);
    if (e.code != code || strcmp(e.field, field) != 0 || !strstr(e.message, part_of_message))
        fail_msg("%s: %s: %s", spec, e.field, e.message);
}

// The slots after 2026-01-15 10:07:03, UTC; "" is the end, NULL leaves off.
static inline void check_slots(struct zones *zones, const char *spec, const char *zone,
                               const char *const *slots, size_t count)
{
    struct trigger *t = trigger_good(zones, spec, zone);
    wall at = at_of(zones, "2026-01-15 10:07:03");

    for (size_t n = 0; n < count && slots[n]; n++) {
        wall want = slots[n][0] ? at_of(zones, slots[n]) : WALL_NEVER;

        at = trigger_next(t, at);
        if (at.us != want.us)
            fail_msg("%s: slot %zu", spec, n);
    }
    trigger_free(t);
}

// The same from JSON with ' in place of ".
static inline struct trigger *trigger_quoted(struct zones *zones, const char *text,
                                             const char *zone)
{
    char json[1000];
    size_t len = strlen(text);

    assert_true(len < sizeof json);
    for (size_t i = 0; i <= len; i++)
        json[i] = text[i] == '\'' ? '"' : text[i];
    return trigger_good(zones, json, zone);
}
