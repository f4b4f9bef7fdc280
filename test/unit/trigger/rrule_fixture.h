// rrule_fixture.h - what the tests of recurrence sets share: sets from text in zones of the test
// data.
#pragma once

#include "trigger/rrule.h"
#include "trigger/rrule_read.h"
#include "trigger_fixture.h"

// A set, local in Europe/Berlin; NULL with *e filled when it is refused. A rule without DTSTART
// begins at 2026-01-15 11:07:03.
static inline struct rrule *set_policy(struct zones *zones, const char *text, enum dst_policy dst,
                                       struct err *e)
{
    const struct zone *zone;
    struct rrule *set = NULL;

    memset(e, 0, sizeof *e);
    assert_true(zones_get(zones, STR_LIT("Europe/Berlin"), &zone, e));
    struct rrule_context context = {.zones = zones,
                                    .zone = zone,
                                    .start = at_of(zones, "2026-01-15 10:07:03.5"),
                                    .dst = dst,
                                    .field = "expr"};

    return rrule_read(str_of(text), &context, &set, e) ? set : NULL;
}

static inline struct rrule *set_of(struct zones *zones, const char *text)
{
    struct err e;
    struct rrule *set = set_policy(zones, text, DST_DEFAULT, &e);

    if (!set)
        fail_msg("%s: column %d: %s", text, e.column, e.message);
    return set;
}
