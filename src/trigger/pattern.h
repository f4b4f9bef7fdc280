// pattern.h - what a conversion builds on: a trigger in one of a few general forms, whatever
// language it was written in.
//
// A pattern is exact from `now` on. Where a form needs other assumptions - that no change of the
// clocks touches it, for one - the questions below answer them.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "time/zone.h"
#include "trigger/calendar.h"
#include "trigger/trigger.h"

enum pattern_form {
    PATTERN_CALENDAR, // local times by masks
    PATTERN_ELAPSED,  // at equal distances in elapsed time
    PATTERN_STEPS,    // local times at equal steps on the calendar
    PATTERN_MOMENT,   // once
};

// Slots are those of the form within [start, end], at most max_runs of them.
struct pattern {
    const struct trigger *trigger;
    enum pattern_form form;
    const struct zone *zone;  // of local times
    struct calendar calendar; // PATTERN_CALENDAR, its dst rule included
    wall anchor;              // PATTERN_ELAPSED, PATTERN_MOMENT: the first slot
    int64_t every_us;         // PATTERN_ELAPSED
    int64_t anchor_s;         // PATTERN_STEPS: the first local time
    int32_t months, days;     // PATTERN_STEPS: either is 0
    bool cuts_months; // PATTERN_STEPS: a day that a month lacks is its last day, else skipped
    wall now;         // slots before it do not matter
    wall start, end;  // TRIGGER_BEGINNING, WALL_NEVER when not given
    int64_t max_runs; // 0: no limit
};

// Errors: ERR_INPUT with why the trigger has no such form; `to` is the name of the language that it
// is wanted for.
[[nodiscard]] bool pattern_make(const struct trigger *t, wall now, const char *to,
                                struct pattern *ret_pattern, struct err *e);

// The same slots in another form, if they have it. Errors: ERR_INPUT with what does not fit; `to`
// is the name of the language asked for. A pattern that is of this form already stays.
[[nodiscard]] bool pattern_to_calendar(struct pattern *p, const char *to, struct err *e);
[[nodiscard]] bool pattern_to_elapsed(struct pattern *p, const char *to, struct err *e);
[[nodiscard]] bool pattern_to_steps(struct pattern *p, const char *to, struct err *e);

// The first local time, in civil.h's seconds, of a calendar whose slots matter; CALENDAR_NEVER when
// there is none.
int64_t pattern_first_local(const struct pattern *p);

// Does a calendar have a single time of day?
bool pattern_is_one_time(const struct pattern *p);

// Does no change of the clocks touch a local time of this pattern, so that every rule for them
// means the same?
bool pattern_is_untouched(const struct pattern *p);
