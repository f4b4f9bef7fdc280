// almanac_read.h - calendars from their JSON definition.
//
//     {"description": "Christmas and what follows", "timezone": "Europe/Berlin",
//      "reason": "holiday",
//      "dates": ["2026-05-01", {"date": "12-24..01-01", "reason": "Christmas"}],
//      "weekdays": ["sat", "sun"],
//      "cron": ["* 12 * * mon-fri", {"expr": "0 22 * * fri", "duration": "8h"}],
//      "rrule": ["DTSTART:20260115\nRRULE:FREQ=MONTHLY;BYDAY=3TH"],
//      "ics": "BEGIN:VCALENDAR...",
//      "calendars": ["company"]}
//
// At least one of dates, weekdays, cron, rrule, ics and calendars is there; what they mark is put
// together.
// dates are dates.h's. Crontab text marks the minutes that it matches or, with a duration, so long
// from each match. rrule is RFC 5545's: lines with a DTSTART, which mark whole days when it is a
// date, else a duration from each time. ics is the text of a calendar file (ics.h). calendars are
// other calendars, whose marks count as its own. Without timezone its local times are those of the
// trigger that uses it. A reason stands for what has none of its own.
#pragma once

#include <stdbool.h>

#include <jansson.h>

#include "base/err.h"
#include "base/str.h"
#include "time/zone.h"
#include "trigger/almanac.h"

#define ALMANAC_DATES_MAX 2000
#define ALMANAC_RRULES_MAX 200
#define ALMANAC_OTHERS_MAX 32

// Compiles a definition. name is what it is to be called; a member "name" must say the same. zones
// must outlive the almanac. Whether the calendars that it names exist is for the registry to say.
//
// False, with e filled: ERR_INPUT or ERR_LIMIT; e->field names the member, with the place in its
// list ("dates.3"), and e->column is that in the text there. *ret_almanac is held once.
[[nodiscard]] bool almanac_read(const json_t *definition, struct str name, struct zones *zones,
                                struct almanac **ret_almanac, struct err *e);
