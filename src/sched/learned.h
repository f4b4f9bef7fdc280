// learned.h - what a job has taught: how long its last runs took, and when it last went well.
//
// Durations are kept as 16 bits each, exact to half a percent, and only so many as there have been:
// a job that has never run costs nothing, one that has run a hundred times 240 bytes.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

#define LEARNED_MAX 100 // the last so many runs count

struct learned {
    wall good_at;      // end of the last run that succeeded; 0: none is known
    bool is_asked;     // the store has told what it knows
    bool is_waiting;   // it is to be asked
    bool is_overdue;   // that has been told
    uint32_t new_rows; // of its history, since retention has looked
    uint8_t len, cap;  // of durations
    uint8_t next;      // where the next one goes
    uint16_t durations[];
};

// What follows works on *l, which may be NULL: it is made, and moved as it grows. free() it.

// A run that succeeded has taken so long.
void learned_add(struct learned **l, int64_t us);

// An empty one where there is none.
struct learned *learned_get(struct learned **l);

// The duration that so many percent of the runs did not exceed, in microseconds; -1 when fewer than
// `least` are known. l may be NULL.
int64_t learned_percent(const struct learned *l, int percent, int least);

// Of exact durations: the same rank (nearest-rank method, as for the 16 bits). values is sorted.
int64_t learned_rank(const int64_t *values, size_t count, int percent);
