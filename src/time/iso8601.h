// iso8601.h - dates and times as text: ISO 8601 / RFC 3339 in, RFC 3339 and Python's forms out.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "time/civil.h"
#include "time/zone.h"

struct iso8601 {
    struct civil civil;
    bool has_offset;  // false: a local time whose zone somebody else knows
    int32_t offset_s; // when has_offset
};

// Reads YYYY-MM-DD, optionally [T or t or blank]HH:MM[:SS[.f{1,9}]], optionally Z, z, +HH:MM,
// +HHMM or +HH (a blank before it is allowed). Month, day, hour, minute and second may have one
// digit, as in the strings that APScheduler takes. Years 1-9999. Second 60 is refused. field
// names the value in the error (ERR_INPUT, with a column).
[[nodiscard]] bool iso8601_parse(struct str text, const char *field, struct iso8601 *ret_time,
                                 struct err *e);

// Reads a moment: as above, a time without offset being local in zone. In a fold the earlier
// moment is meant, in a gap the first moment after it.
[[nodiscard]] bool iso8601_moment(struct str text, const struct zone *zone, const char *field,
                                  wall *ret_at, struct err *e);

// 2026-11-22T04:49:33+01:00 in the zone (Z for UTC itself; NULL is UTC), a fraction of 6 digits
// only when it is not zero. A moment outside of years 1-9999 is written as "-".
void iso8601_write(wall at, const struct zone *zone, struct buf *out);

// Python's str(datetime): 2026-11-22 04:49:33.303354+00:00, no fraction when it is zero.
void iso8601_python(wall at, const struct zone *zone, struct buf *out);

// 2024-04-20 18:45:48 UTC: Python's strftime('%Y-%m-%d %H:%M:%S %Z').
void iso8601_named(wall at, const struct zone *zone, struct buf *out);
