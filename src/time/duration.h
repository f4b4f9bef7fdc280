// duration.h - lengths of time as people write them: "90", "5m", "1h30m", "PT5M", and as Python
// prints them.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#define SECOND_US INT64_C(1000000)
#define MINUTE_US (60 * SECOND_US)
#define HOUR_US (60 * MINUTE_US)
#define DAY_US (24 * HOUR_US)

// Reads a length of time, zero or positive, at most about 292,000 years:
//   90, 1.5              seconds
//   1w2d3h4m5s6ms7us     units in falling order, each at most once, blanks allowed between; only
//   the last may have a fraction
//   P1W  P2DT3H4M5.5S    ISO 8601 without years and months, whose length is not fixed
// Letters in any case. Fractions finer than a microsecond are cut. field names the value in the
// error (ERR_INPUT, with a column).
[[nodiscard]] bool duration_parse(struct str text, const char *field, int64_t *ret_us,
                                  struct err *e);

// "1h30m", "2d", "500ms", "0s": what duration_parse reads back to the same value. us >= 0.
void duration_write(int64_t us, struct buf *out);

// As Python's str(timedelta): "1 day, 0:00:00", "0:00:15", "2 days, 3:00:00", "0:00:00.500000";
// us of any sign.
void duration_python(int64_t us, struct buf *out);

// For a person, about: "in 13h 25m" needs "13h 25m"; at most two units, rounded down: "41s", "1d
// 13h". us >= 0.
void duration_about(int64_t us, struct buf *out);
