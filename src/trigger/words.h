// words.h - schedules in plain English, always with names for weekdays and months.
#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "trigger/calendar.h"

// "at 02:30 on weekdays", "every 5 minutes from 09:00 to 17:59 on Mondays in January": what the
// masks mean, whatever language they came from. No full stop.
void words_calendar(const struct calendar *c, struct buf *out);

// The weekday rule alone: "weekdays", "Mondays to Thursdays", "Mondays and the last Friday".
void words_weekdays(const struct calendar *c, struct buf *out);

// "5 minutes", "90 seconds", "1 day, 2 hours and 0.5 seconds". us > 0.
void words_length(int64_t us, struct buf *out);

// "every 5 minutes", "every day", "every 90 minutes". every_us > 0.
void words_interval(int64_t every_us, struct buf *out);
