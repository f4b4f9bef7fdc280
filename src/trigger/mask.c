// mask.c - runs and steps of bits.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/mask.h"

uint64_t mask_range(int first, int last)
{
    return (~UINT64_C(0) >> (63 - last)) & ~UINT64_C(0) << first;
}

int mask_run_end(uint64_t mask, int from)
{
    int to = from;

    while (to < 63 && mask >> (to + 1) & 1)
        to++;
    return to;
}

int mask_run_count(uint64_t mask)
{
    return mask_count(mask & ~(mask << 1));
}

int mask_step(uint64_t mask)
{
    if (mask_count(mask) < 2)
        return 0;

    int first = mask_first(mask), last = mask_last(mask), count = 0;
    int step = mask_first(mask & (mask - 1)) - first;
    for (int value = first; value <= last && mask >> value & 1; value += step)
        count++;
    return count == mask_count(mask) ? step : 0;
}
