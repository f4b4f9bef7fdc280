// convert_parts.h - what the writers of calendars have in common: the day rules taken apart, and
// the choice of what the fields of the time may begin with.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"
#include "trigger/field_text.h"
#include "trigger/pattern.h"

// The day rule and the weekday rule of a calendar, as far as they limit anything.
struct day_rules {
    uint32_t days, last, nearest, last_nearest;
    uint64_t day_nth; // numbered weekdays, as in calendar.nth
    uint8_t weekdays;
    uint64_t weekday_nth;
    bool has_day, has_weekday; // the rule limits days
    bool is_either;
};

void day_rules_of(const struct calendar *c, struct day_rules *ret_rules);

// Does the day rule name days by their place in the month?
bool day_rules_have_month_days(const struct day_rules *d);

// Moves numbered weekdays from the day rule, where APScheduler has them, to the weekday rule.
// Errors as the writers'; `to` is the language.
[[nodiscard]] bool day_rules_number_weekdays(struct day_rules *d, const char *to, struct err *e);

enum time_unit {
    TIME_SECOND,
    TIME_MINUTE,
    TIME_HOUR,
    TIME_UNITS,
};

// Hours, minutes and seconds, and what each may begin with so that changes of the clocks mean the
// same as in the pattern.
struct time_fields {
    uint64_t masks[TIME_UNITS];
    enum field_star stars[TIME_UNITS];
    const struct field_style *styles; // of each unit
};

[[nodiscard]] bool time_fields_of(const struct pattern *p, const char *to,
                                  const struct field_style *styles, struct time_fields *ret_fields,
                                  struct err *e);
void time_field_write(const struct time_fields *t, enum time_unit unit, struct buf *out);

// Sets a member to a moment, with its offset in a zone.
void convert_moment(json_t *spec, const char *key, wall at, const struct zone *zone);

// Lets common say what a calendar or steps do when clocks change, and in which zone they are, as
// far as that is not what the trigger says anyway.
void convert_clock(const struct pattern *p, json_t *common);
