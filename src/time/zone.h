// zone.h - time zones: what the clocks of a place show at a moment, read from the system's zone
// data (TZif, RFC 9636).
//
// A registry (struct zones) reads zone files when they are first asked for and keeps them. A
// struct zone is immutable and lives until zones_free, even after its file has changed: who holds
// one finishes with the rules it started with and asks the registry again when zones_refresh says
// that there is something new. A registry belongs to one thread; a struct zone may be read by
// any.
//
// Moments here are whole seconds since 1970 UTC; local seconds are civil.h's.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

struct zones;
struct zone;

// A registry over a folder of TZif files; dir NULL means what the environment's TZDIR says, or
// /usr/share/zoneinfo. The folder is not touched before the first zone is asked for. End it with
// zones_free (which accepts NULL).
[[nodiscard]] struct zones *zones_new(const char *dir);
void zones_free(struct zones *zones);

// The zone of that name: an IANA name below the folder ("Europe/Berlin"; letters as the file has
// them), "UTC" or "Z" (built in), or a fixed offset "+02:00", "-0330", "+09" below 24 hours
// (built in, named "+02:00"). Errors are ERR_INPUT, field "timezone": unknown, badly formed (no
// "..", no leading "/", at most 64 bytes), or not a sound TZif file.
[[nodiscard]] bool zones_get(struct zones *zones, struct str name, const struct zone **ret_zone,
                             struct err *e);

// Never fails.
const struct zone *zones_utc(struct zones *zones);

// A fixed offset, |offset_s| < 24 h.
const struct zone *zones_fixed(struct zones *zones, int32_t offset_s);

// A zone from the bytes of a TZif file, outside of any registry; end it with zone_free (which
// accepts NULL). Errors as zones_get.
[[nodiscard]] bool zone_new(struct str name, struct str bytes, struct zone **ret_zone,
                            struct err *e);
void zone_free(struct zone *zone);

// Adds the name of the system's zone: TZ (a name, or a path with one), what /etc/localtime points
// to, the first thing /etc/timezone says, or UTC. No promise that zones_get knows it: what is wrong
// with TZ is better told than passed over.
void zone_system_name(struct buf *out);

// Looks whether a loaded file has changed on disk. True: at least one has, the next zones_get of
// it reads the new one, and the generation went up by one. A file that vanished or is unsound now
// leaves the old zone in force. Cheap: one stat a loaded zone. Call it about once a minute, then
// parse triggers again if it says so.
bool zones_refresh(struct zones *zones);
uint64_t zones_generation(const struct zones *zones);

// The name it was found under; lives as long as the zone.
struct str zone_name(const struct zone *zone);

// A stretch of time during which a zone's clocks run evenly.
struct zone_span {
    int64_t from;     // first second; INT64_MIN / 2: since ever
    int64_t to;       // first second after it; INT64_MAX / 2: for ever
    int32_t offset_s; // local = UTC + offset_s; |offset_s| < 26 h
    int32_t before_s; // offset_s of the span before (its own when there is none)
    bool is_dst;
    const char *abbreviation; // "CEST"; lives as long as the zone
};

// The span that holds a moment. A binary search; whoever needs more of the same span keeps it.
void zone_span_at(const struct zone *zone, int64_t utc_s, struct zone_span *ret_span);

// The first moment after utc_s at which the offset, the name or the DST flag changes; INT64_MAX /
// 2 when there is none.
int64_t zone_next_change(const struct zone *zone, int64_t utc_s);

enum local_kind {
    LOCAL_UNIQUE, // exists once
    LOCAL_GAP,    // is skipped when clocks go forward
    LOCAL_FOLD,   // exists twice, as clocks go back
};

// What a local time means. UNIQUE: first == second, the moment. FOLD: both moments, the earlier
// one first. GAP: first is the moment at which the clocks jump (the first one after the gap),
// second the moment reached by reading the local time with the offset from before the jump (what
// Python's zoneinfo does with fold=0); length_s how much is skipped.
struct zone_local {
    enum local_kind kind;
    int64_t first;
    int64_t second;
    int32_t length_s; // of the gap or fold; 0 for UNIQUE
};

void zone_from_local(const struct zone *zone, int64_t local_s, struct zone_local *ret_local);
