// histogram.c - how often something took how long.
// SPDX-License-Identifier: Apache-2.0
#include "base/histogram.h"

void histogram_add(struct histogram *h, const struct histogram_bounds *bounds, int64_t us)
{
    size_t i = 0;

    if (us < 0)
        us = 0;
    while (i < bounds->count && us > bounds->us[i])
        i++;
    h->counts[i]++;
    h->total++;
    h->sum_us += us;
}
