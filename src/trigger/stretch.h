// stretch.h - how long a moment that a calendar's masks match is followed by moments that they
// match as well.
//
// calendar_next finds the end of a stretch of local times outside of the masks; this is its
// counterpart for a stretch inside of them.
#pragma once

#include <stdint.h>

#include "trigger/calendar.h"

// A local second behind `at`, which matches: all from `at` up to it match. As far as one look
// reaches, at most to the month's end: whether it goes on from there, the next look tells.
int64_t stretch_end(const struct calendar *c, int64_t at);
