// oncalendar.h - systemd's calendar events: "Mon..Fri *-*-* 09:00:00 Europe/Berlin", and "daily".
//
// [weekdays] [date] [time] [zone], at least one of the first three. A part of a date or time is
// `*` or a list of values, ranges a..b and steps a/n, a..b/n; `~` before the day counts from the
// month's end; seconds have fractions down to a microsecond. What is accepted and what is refused
// is what systemd 252 accepts and refuses, with the exceptions that test/differential/oncalendar.py
// names.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"
#include "trigger/calendar.h"
#include "trigger/fraction.h"

struct oncalendar {
    struct calendar calendar;    // its seconds: those that hold a slot
    struct fractions *fractions; // NULL when every slot is a whole second; else end it with free()
};

// Compiles a text. Errors: ERR_INPUT, field "expr", with the column of the item at fault. Whether
// its zone exists is not looked at.
[[nodiscard]] bool oncalendar_parse(struct str expr, struct oncalendar *ret_parsed, struct err *e);

// The zone that a text names at its end, and where; p NULL when it names none. "UTC" comes out so
// whatever its letters in the text, and also for "@seconds", which is a moment.
struct str oncalendar_zone(struct str expr, size_t *ret_at);
