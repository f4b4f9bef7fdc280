// why_question.h - the moments of which somebody asks, as a person types a time.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "time/zone.h"

// Moments from..to, both included. A local time that the clocks show twice has two such spans.
struct why_span {
    wall from, to;
};

struct why_question {
    struct why_span spans[2];
    size_t span_count;
    bool is_gap;         // the local time asked for does not exist: spans[0] is where the clocks
    int64_t gap_local_s; // jump to; civil.h's seconds of what was asked
};

// Reads a time: RFC 3339, or without offset in the zone; a time of day alone is that of today;
// "yesterday 02:00", "tomorrow 02:00"; a day alone ("2026-11-22", "today") is the whole of it.
// Without seconds the whole minute is meant, without fraction the second. Empty or "now": this
// minute. ERR_INPUT, field "at".
[[nodiscard]] bool why_question_read(struct str at, const struct zone *zone, wall now,
                                     struct why_question *ret_question, struct err *e);
