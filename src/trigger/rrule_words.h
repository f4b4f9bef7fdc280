// rrule_words.h - recurrence sets in plain English.
#pragma once

#include "base/buf.h"
#include "trigger/rrule.h"

// "every 2nd week on Monday and Friday at 09:00, from 2026-01-05, 10 times, except 2026-04-06
// 09:00". The zone is not named. No full stop.
void rrule_words(const struct rrule *r, struct buf *out);
