// fields.h - APScheduler's cron fields: year='2026', day='last fri', hour='*/2'.
//
// Weekdays are 0-6 from Monday, or mon-sun. All fields must match. Fields less significant than
// the last given one take their least value (week and day_of_week: all), the others match
// everything.
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "trigger/calendar.h"

enum field {
    FIELD_YEAR,
    FIELD_MONTH,
    FIELD_DAY,
    FIELD_WEEK,
    FIELD_DAY_OF_WEEK,
    FIELD_HOUR,
    FIELD_MINUTE,
    FIELD_SECOND,
    FIELD_COUNT,
};

extern const char *const field_names[FIELD_COUNT];

// Compiles fields; a text with p NULL is not given. When texts is not NULL, each given field in
// its normal form (as APScheduler's str() shows it) is added to it, with a NUL behind each.
// Errors: ERR_INPUT with the field's name.
[[nodiscard]] bool fields_parse(const struct str *given, struct calendar *ret_calendar,
                                struct buf *texts, struct err *e);
