// ics.h - calendar files (iCalendar, RFC 5545): the stretches of time that their events take.
//
// VEVENTs are read, with DTSTART, DTEND or DURATION, RRULE, RDATE, EXDATE, SUMMARY, UID,
// RECURRENCE-ID and STATUS; what else stands in them, alarms, time zones, and what is no event is
// passed over. TZID names a zone of the system; a VTIMEZONE beside it is not needed, and cannot
// help when there is no such zone. Cancelled events take no time. An event with a RECURRENCE-ID
// takes the place of one recurrence of the event of its UID. Whether an event shows as busy
// (TRANSP) does not matter: public holidays are mostly marked as free.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "time/zone.h"

#define ICS_TEXT_MAX (512 * 1024)
#define ICS_EVENTS_MAX 5000

struct ics_event {
    struct str summary; // UTF-8, at most 200 bytes; may be empty
    struct str lines;   // DTSTART and the lines that make it recur, as rrule_read takes them
    int line;           // where it begins in the text
    int64_t days;       // how long it takes, by the calendar ...
    int64_t us;         // ... and behind that by the clock
};

// What to do with an event; borrowed for the call. False ends the reading.
typedef bool ics_fn(const struct ics_event *event, void *ctx, struct err *e);

// Reads a text, which must be UTF-8. Errors: ERR_INPUT (ERR_LIMIT) with that field; the message
// begins with the line, which is also in e->line.
[[nodiscard]] bool ics_read(struct str text, const char *field, struct zones *zones, ics_fn *fn,
                            void *ctx, struct err *e);
