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

// Reads what ISO 8601-1:2019 allows, and nothing else:
//   2026-01-31  20260131  2026-W05-6  2026W056  2026-031  2026031
// alone (midnight), or with a time behind T that has the same form, basic or extended:
//   T09:00:00  T09:00  T090000  T0900  T09
// whose least unit may have a fraction (T09:00,5), and Z or an offset as above behind it. Capital
// letters, no blanks, all digits. Years 1-9999; 24:00 and second 60 are refused.
[[nodiscard]] bool iso8601_parse_strict(struct str text, const char *field,
                                        struct iso8601 *ret_time, struct err *e);

// The moment that is meant; a time without offset is local in zone. In a fold the earlier moment is
// meant, in a gap the first moment after it.
wall iso8601_at(const struct iso8601 *time, const struct zone *zone);

// iso8601_parse and iso8601_at in one.
[[nodiscard]] bool iso8601_moment(struct str text, const struct zone *zone, const char *field,
                                  wall *ret_at, struct err *e);

// 2026-11-22T04:49:33+01:00 in the zone (Z for UTC itself; NULL is UTC), a fraction of 6 digits
// only when it is not zero. A moment outside of years 1-9999 is written as "-".
void iso8601_write(wall at, const struct zone *zone, struct buf *out);

// Python's str(datetime): 2026-11-22 04:49:33.303354+00:00, no fraction when it is zero.
void iso8601_python(wall at, const struct zone *zone, struct buf *out);

// 2024-04-20 18:45:48 UTC: Python's strftime('%Y-%m-%d %H:%M:%S %Z').
void iso8601_named(wall at, const struct zone *zone, struct buf *out);

// A time of day as short as it goes: 02:30, 02:30:05, 02:30:05.250000.
void iso8601_clock(const struct civil *c, struct buf *out);
