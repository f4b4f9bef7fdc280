// jobs.h - the jobs of a simulated world, one of each kind of schedule.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/str.h"

// What the calendar `rests` is.
extern const char sim_calendar[];

// Nights on which clocks change somewhere, and one on which the year does.
struct sim_night {
    const char *zone;
    int64_t at_s; // an hour or two before
};
extern const struct sim_night sim_nights[];
extern const size_t sim_night_count;

// Schedules by the clock come first, then those that follow events.
size_t sim_job_count(bool is_long);
size_t sim_clock_job_count(bool is_long);

// The trigger of job i as JSON text, owned by the caller: %Z% is the zone, @n@ the time n minutes
// after begin.
char *sim_job_trigger(bool is_long, size_t i, wall begin, const char *zone);
