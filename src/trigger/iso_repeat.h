// iso_repeat.h - ISO 8601 repeating intervals as schedules: R12/2026-01-31T09:00:00/P1M.
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"
#include "time/zone.h"
#include "trigger/repeat.h"

// Reads (ISO 8601-1:2019, 5.6.2)
//   R[n]/start/duration   the first run is at start
//   R[n]/start/end        so far apart as start and end, in elapsed time
//   R[n]/duration/end     the last run is at end; counted back from there
// n is the number of runs (R0: none, which is read and never fires); without it there is no end, or
// no beginning. Dates and times as iso8601_parse_strict reads them, in the years 2 to 9998; one
// without an offset is local in zone, one with an offset stays at it. An end without an offset has
// that of its start. Durations as period_parse reads them, longer than 0. zones must outlive
// *ret_repeat. Errors are ERR_INPUT with a column; field "expr".
[[nodiscard]] bool iso_repeat_parse(struct str text, struct zones *zones, const struct zone *zone,
                                    struct repeat *ret_repeat, struct err *e);
