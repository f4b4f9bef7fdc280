// pattern_own.h - the kinds that bring a compiled form of their own into pattern.h's.
#pragma once

#include "trigger/pattern.h"

// Fills form and what belongs to it; zone, bounds and now are there. Errors as pattern_make's.
typedef bool pattern_of_fn(struct pattern *p, const char *to, struct err *e);

pattern_of_fn pattern_of_rrule, pattern_of_repeat;
