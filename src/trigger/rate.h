// rate.h - how often a trigger fires on average: "288 times a day", "about 5 times a year", "once".
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "trigger/trigger.h"

#define RATE_ENDLESS (-1)

// Slots in a span of time, on average while the trigger lasts.
struct rate {
    double per_day; // 0: never again, or nobody knows (trigger_is_relative)
    int64_t total;  // slots from now on, when the last one is near enough to be counted; else
                    // RATE_ENDLESS
    bool is_exact;  // per_day is no estimate
};

// By arithmetic where there is a pattern (pattern.h), else by counting a sample of the years from
// now on; some milliseconds at most.
void rate_find(const struct trigger *t, wall now, struct rate *ret_rate);

// "once a day", "108 times a week", "about 5 times a year", "once in 4 years", "3 times". Says
// nothing for relative triggers.
void rate_words(const struct rate *rate, struct buf *out);
