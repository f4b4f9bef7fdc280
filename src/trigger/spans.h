// spans.h - spans of time in order, none over another: which of them holds a moment, and until when
// does that answer stand?
//
// Spans are half open, [from, to), in microseconds; whether these are moments or local times is
// the owner's business. First they are added in any order, then settled once, then asked.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/vec.h"

#define SPANS_NEVER INT64_MAX

struct span {
    int64_t from, to;
    const char *why; // borrowed; NULL: nobody said
};

struct spans {
    VEC(struct span);
};

void spans_done(struct spans *s);

// from < to.
void spans_add(struct spans *s, int64_t from, int64_t to, const char *why);

// Puts them in order. Where two overlap, the one that begins first keeps what it has.
void spans_settle(struct spans *s);

// The span that holds a moment, NULL when none does. *ret_until: up to there (not including) the
// answer is the same; SPANS_NEVER behind the last.
const struct span *spans_at(const struct spans *s, int64_t at, int64_t *ret_until);
