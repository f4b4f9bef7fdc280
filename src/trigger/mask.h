// mask.h - sets of small numbers as bits: their runs and their steps, as people would list them.
#pragma once

#include <stdbool.h>
#include <stdint.h>

static inline int mask_count(uint64_t mask)
{
    return __builtin_popcountll(mask);
}

// The least and the greatest number of a set that is not empty.
static inline int mask_first(uint64_t mask)
{
    return __builtin_ctzll(mask);
}

static inline int mask_last(uint64_t mask)
{
    return 63 - __builtin_clzll(mask);
}

static inline bool mask_is_single(uint64_t mask)
{
    return mask != 0 && (mask & (mask - 1)) == 0;
}

// The numbers from first to last.
uint64_t mask_range(int first, int last);

// The end of the run of neighbours that begins at a number of the set.
int mask_run_end(uint64_t mask, int from);

int mask_run_count(uint64_t mask);

// n when the set has at least two numbers and they lie n apart, each from the next; else 0.
int mask_step(uint64_t mask);
