// rrule_read.h - recurrence sets from the text of RFC 5545.
//
//     DTSTART;TZID=Europe/Berlin:20260101T090000
//     RRULE:FREQ=WEEKLY;BYDAY=MO,FR
//     EXDATE:20260406T090000
//
// Times without Z or TZID, in UNTIL too, are in DTSTART's zone. The RFC's grammar is kept to,
// with names in any case; a date that says neither VALUE=DATE nor a time is a date; UNTIL may be
// of any form, a date being its midnight.
#pragma once

#include <stdbool.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "time/zone.h"
#include "trigger/rrule.h"

#define RRULE_TEXT_MAX 16384 // bytes of a text
#define RRULE_RULES_MAX 4    // RRULE and EXRULE lines of a text

struct rrule_context {
    struct zones *zones;     // must outlive the set
    const struct zone *zone; // of local times when DTSTART names none
    wall start;              // DTSTART of rules without one, to the second
    enum dst_policy dst;     // DST_DEFAULT: rrule.h's
    const char *field;       // names the text in errors
};

// Compiles property lines, or the bare value of one RRULE. Errors: ERR_INPUT with the column in
// the text; ERR_SCHEDULE for a rule that never fires. End the set with rrule_free.
[[nodiscard]] bool rrule_read(struct str text, const struct rrule_context *context,
                              struct rrule **ret_rrule, struct err *e);

// The zone that a text's DTSTART names, TZID or UTC for a Z, and where; p NULL when it names none,
// or when it is not on one line. Points into the text, or to a constant.
struct str rrule_read_zone(struct str text, size_t *ret_at);
