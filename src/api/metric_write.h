// metric_write.h - writes metrics as Prometheus reads them: text format 0.0.4, or OpenMetrics 1.0.
//
//     metric_begin(&w, "belfry_jobs", METRIC_GAUGE, "Jobs by state.");
//     metric_int(&w, LABELS({"state", STR_LIT("paused")}), 3);
//
// The samples of a metric follow its beginning. Names are ours and not checked; values of labels
// may be anything.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/histogram.h"
#include "base/str.h"

enum metric_type {
    METRIC_GAUGE,
    METRIC_COUNTER,
    METRIC_HISTOGRAM
};

struct metric_label {
    const char *name; // NULL ends the list
    struct str value;
};

#define LABELS(...) ((const struct metric_label[]){__VA_ARGS__ __VA_OPT__(, ){0}})

struct metric_write {
    struct buf *out; // borrowed
    bool is_open;    // OpenMetrics
    const char *name;
};

void metric_begin(struct metric_write *w, const char *name, enum metric_type type,
                  const char *help);

// A sample: a whole number; microseconds, as seconds; a moment, as seconds since 1970.
void metric_int(struct metric_write *w, const struct metric_label *labels, int64_t n);
void metric_seconds(struct metric_write *w, const struct metric_label *labels, int64_t us);
void metric_moment(struct metric_write *w, const struct metric_label *labels, wall at);

// The samples of a histogram of times.
void metric_histogram(struct metric_write *w, const struct metric_label *labels,
                      const struct histogram *h, const struct histogram_bounds *bounds);

// Behind everything: OpenMetrics wants to know that nothing is missing.
void metric_finish(struct metric_write *w);
