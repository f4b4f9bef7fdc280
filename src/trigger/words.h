// words.h - schedules in plain English, always with names for weekdays and months.
#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "trigger/calendar.h"

// "at 02:30 on weekdays", "every 5 minutes from 09:00 to 17:59 on Mondays in January": what the
// masks mean, whatever language they came from. No full stop.
void words_calendar(const struct calendar *c, struct buf *out);

// "every 5 minutes", "every day", "every 1 day and 2 hours". every_us > 0.
void words_interval(int64_t every_us, struct buf *out);

// The parts of sentences that others put together: the times of day of a calendar ("at 09:00 and
// 17:00", "every 20 minutes from 09:00 to 16:59"), bits with their neighbours drawn together ("1,
// 3 to 5 and 9"; mask is not 0), and names.
void words_times(const struct calendar *c, struct buf *out);
void words_list(uint64_t mask, void (*say)(int value, struct buf *out), struct buf *out);
const char *words_month(int month);     // 1-12: "January"
const char *words_weekday(int weekday); // 0-6: "Monday"
