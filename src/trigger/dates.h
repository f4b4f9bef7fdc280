// dates.h - dates as people list them in a calendar: one day, a day of every year, a stretch.
//
//     2026-12-25                                  that day
//     12-25                                       that day of every year; 02-29 in leap years only
//     2026-12-24..2027-01-01                      these days, the last one too
//     12-24..01-02                                the same of every year, over its end as well
//     2026-12-24 12:00..2026-12-27 06:00          from a moment up to, not including, another
//     2026-12-24T12:00:00Z..2026-12-27T06:00:00Z  the same, where the clocks of a place do not
//     matter
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"
#include "trigger/spans.h"

// Adds the spans of a text: to *local in local microseconds, to *fixed those whose ends have an
// offset. Yearly days become one span for each year up to 2199. why is kept. Errors: ERR_INPUT with
// the column in the text.
[[nodiscard]] bool dates_add(struct str text, const char *field, const char *why,
                             struct spans *local, struct spans *fixed, struct err *e);

// The same for two texts, each one end; to.p NULL: for ever. The fields are "from" and "to".
[[nodiscard]] bool dates_between(struct str from, struct str to, const char *why,
                                 struct spans *local, struct spans *fixed, struct err *e);
