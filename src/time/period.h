// period.h - lengths of time on the calendar: months and days, whose length depends on where they
// are, and hours, whose length does not.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

// Each part is zero or positive and at most about 9,000 years.
struct period {
    int64_t months; // years are 12 of them
    int64_t days;   // weeks are 7 of them
    int64_t us;     // elapsed time
};

// Reads a duration of ISO 8601-1:2019, capital letters only:
//   P1Y2M3W4DT5H6M7.5S    units in falling order, each at most once; the last may have a fraction,
//                         after a point or a comma, unless it is a year or a month
//   P0001-02-03T04:05:06  the alternative format, and its basic form P00010203T040506; at most 12
//                         months, 30 days, 24 hours, 60 minutes and 60 seconds
// The fraction of a week or a day that is no whole day is elapsed time: P1.5D is a day and twelve
// hours. Fractions finer than a microsecond are cut. A length of 0 is read like any other. field
// names the value in the error (ERR_INPUT, with a column).
[[nodiscard]] bool period_parse(struct str text, const char *field, struct period *ret_period,
                                struct err *e);

bool period_is_zero(const struct period *p);
