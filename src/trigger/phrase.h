// phrase.h - lists as people say them: "1, 3 to 5 and 9", "every 2nd day from 1 to 31".
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

// Puts ", " or " and " (" or ") before each of several things but the first.
struct phrase_join {
    struct buf *out;
    int left; // things still to come
    bool is_or;
    bool is_begun;
};

void phrase_next(struct phrase_join *j);

// Says one value of a list.
typedef void phrase_fn(int value, struct buf *out);

void phrase_number(int value, struct buf *out);

// "1, 3 to 5 and 9". The set is not empty.
void phrase_list(uint64_t mask, phrase_fn *say, struct buf *out);

// As phrase_list, but for weekdays or months, whose end is their beginning: of `count` values from
// first, "Fridays to Mondays" when that is one run.
void phrase_cycle(uint64_t mask, int first, int count, phrase_fn *say, struct buf *out);

// A set of at least so many values of equal distance, but not neighbours, is said as steps.
#define PHRASE_STEPS_MIN 5
bool phrase_is_steps(uint64_t mask);

// "day 5", "days 1, 3 to 5 and 9", "every 2nd day from 1 to 31".
void phrase_units(uint64_t mask, const char *unit, struct buf *out);

// "2nd", "3rd", "11th", "21st"
void phrase_ordinal(int64_t n, struct buf *out);
