// almanac_fuzz.h - what every fuzz target of calendars checks.
#pragma once

#include <assert.h>

#include "trigger/almanac_read.h"

#define ALMANAC_FUZZ_LOOKS 200

// What must hold for a calendar that is accepted: every answer reaches further than it was asked.
static inline void almanac_fuzz_laws(struct zones *zones, const struct almanac *a)
{
    const struct zone *zone = zones_utc(zones);
    wall at = {INT64_C(1768471623000000)}; // 2026-01-15 10:07:03 UTC
    struct almanac_mark m;
    struct err e;

    assert(zones_get(zones, STR_LIT("Europe/Berlin"), &zone, &e));
    for (int i = 0; i < ALMANAC_FUZZ_LOOKS && at.us < INT64_C(7258118400000000); i++) {
        almanac_at(a, zone, at, &m);
        assert(m.until.us > at.us);
        at = m.until;
    }
}

// Reads a definition, which it takes over.
static inline void almanac_fuzz(json_t *definition)
{
    struct zones *zones = zones_new("test/data/zoneinfo");
    struct almanac *a = NULL;
    struct err e = {0};

    if (almanac_read(definition, STR_LIT("fuzz"), zones, &a, &e)) {
        almanac_fuzz_laws(zones, a);
    } else {
        assert(e.code == ERR_INPUT || e.code == ERR_LIMIT);
        assert(e.message[0] != '\0');
    }
    almanac_drop(a);
    zones_free(zones);
    json_decref(definition);
}
