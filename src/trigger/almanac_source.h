// almanac_source.h - what an almanac is made of: dates, weekdays, crontab text, recurrence rules,
// calendar files.
//
// Each function adds the marks of one text to an almanac that nobody asks yet; almanac_settle ends
// that. why (NULL: none) is copied. Errors have the field that is given, and the column in the
// text.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "time/zone.h"
#include "trigger/almanac.h"

#define ALMANAC_SPANS_MAX 100000
#define ALMANAC_SOURCES_MAX 64  // of each kind that is asked anew each time
#define ALMANAC_SPREAD_MAX 1000 // recurrences that are worked out beforehand
#define ALMANAC_LENGTH_MAX_US (INT64_C(366) * 86400 * 1000000)

// A day, or a stretch of days or between two moments (dates.h).
[[nodiscard]] bool almanac_add_dates(struct almanac *a, struct str text, const char *field,
                                     const char *why, struct err *e);

// From one end of a stretch to the other; to.p NULL: for ever. Fields "from" and "to".
[[nodiscard]] bool almanac_add_between(struct almanac *a, struct str from, struct str to,
                                       const char *why, struct err *e);

// Whole weekdays: bit 0 is Monday.
void almanac_add_weekdays(struct almanac *a, uint8_t weekdays, const char *why);

// Crontab text. With a length each match begins a mark of that length; with 0 the minutes that
// match are marked themselves.
[[nodiscard]] bool almanac_add_cron(struct almanac *a, struct str text, int64_t length_us,
                                    const char *field, const char *why, struct err *e);

// A recurrence set (rrule_read.h) with its DTSTART, each of whose times begins a mark. length_us 0:
// whole days, one each, which only a DTSTART that is a date allows. Sets of few times become spans.
[[nodiscard]] bool almanac_add_rrule(struct almanac *a, struct zones *zones, struct str text,
                                     int64_t length_us, const char *field, const char *why,
                                     struct err *e);

// A calendar file (ics.h); an event's summary is its why.
[[nodiscard]] bool almanac_add_ics(struct almanac *a, struct zones *zones, struct str text,
                                   const char *field, struct err *e);

// A length of time for the above: 1 second to 366 days, whole seconds.
[[nodiscard]] bool almanac_length(struct str text, const char *field, int64_t *ret_us,
                                  struct err *e);

// The last step. Refuses more than ALMANAC_SPANS_MAX spans.
[[nodiscard]] bool almanac_settle(struct almanac *a, struct err *e);
