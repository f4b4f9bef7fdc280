// words_time.h - the time of day of a calendar in plain English.
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "trigger/calendar.h"

// "at 02:30 and 14:30", "every 5 minutes from 09:00 to 17:55", "at minute 15 of every hour". Where
// every day is meant, a span may cross midnight ("from 22:00 to 02:55"). True when it was said as
// a list of times, which still needs a word about days.
bool words_time(const struct calendar *c, bool is_every_day, struct buf *out);
