// words_fraction.h - schedules with slots between two seconds in plain English.
#pragma once

#include "base/buf.h"
#include "trigger/fraction.h"

// "every 0.25 seconds on Mondays", "every 5 minutes, at seconds 0.5 and 30 of the minute":
// words.h's sentence of the minutes, then where in them. No full stop.
void words_fractions(const struct fractions *f, struct buf *out);
