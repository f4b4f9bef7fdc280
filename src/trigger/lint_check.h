// lint_check.h - what the checks behind lint.h have in common.
#pragma once

#include "trigger/field_source.h"
#include "trigger/lint.h"
#include "trigger/pattern.h"
#include "trigger/rate.h"

// One trigger under inspection.
struct lint {
    const struct trigger *t;
    const struct lint_options *o;
    wall next; // slot
    struct rate rate;
    bool has_pattern;       // the trigger has a general form:
    struct pattern pattern; // pattern.h
    bool is_part;           // it is one of the triggers of an "and" or "or"
    struct lint_finding *v;
    size_t count;
    bool is_full; // the last one found no room
};

// Adds a finding; source is where it was written, NULL for the whole.
void lint_add(struct lint *l, enum lint_code code, const struct field_source *source,
              const char *format, ...) __attribute__((format(printf, 4, 5)));

// The hint of the finding that was added last.
void lint_hint(struct lint *l, const char *format, ...) __attribute__((format(printf, 2, 3)));

typedef void lint_check_fn(struct lint *l);

// In lint_calendar.c: those of texts of the cron family, and those of all that have a calendar.
lint_check_fn lint_uneven_step, lint_day_or_weekday, lint_numeric_weekday;
lint_check_fn lint_missing_days, lint_burst;

// In lint_clock.c: changes of the clocks.
lint_check_fn lint_dst, lint_drift;
