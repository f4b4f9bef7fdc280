// histogram.h - how often something took how long: counts between ready-made bounds.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_BOUNDS_MAX 15

// Upper bounds in microseconds, rising, included in their bucket.
struct histogram_bounds {
    size_t count; // at most HISTOGRAM_BOUNDS_MAX
    int64_t us[HISTOGRAM_BOUNDS_MAX];
};

// {0} is an empty one. Adding allocates nothing.
struct histogram {
    int64_t counts[HISTOGRAM_BOUNDS_MAX + 1]; // [i]: at most bound i, above the one before; the
                                              // one behind the last bound: above all of them
    int64_t total;
    int64_t sum_us;
};

// Counts one time; what is below 0 counts as 0.
void histogram_add(struct histogram *h, const struct histogram_bounds *bounds, int64_t us);
