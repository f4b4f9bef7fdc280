// pattern_bounds.h - which slots of a pattern matter.
#pragma once

#include <stdbool.h>

#include "base/clock.h"
#include "base/err.h"
#include "trigger/pattern.h"

// From when on its slots matter.
wall pattern_from(const struct pattern *p);

// The least slot after a moment and until the end; WALL_NEVER when there is none.
wall pattern_next(const struct pattern *p, wall after);

// Says that there is none to come; false.
bool pattern_no_runs(const char *to, struct err *e);
