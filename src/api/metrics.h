// metrics.h - what /metrics tells, and of whom: between metrics.c, which walks metric.def, and the
// files that write the samples.
#pragma once

#include <stddef.h>

#include "api/call.h"
#include "api/metric_write.h"
#include "base/process.h"
#include "sched/sched.h"
#include "store/store.h"

// A job whose own metrics are told.
struct metrics_job {
    const struct job *job;
    const struct tally_job *past; // NULL: it has not run
    wall next_at;
};

// One scrape: everything is looked at once, so that the numbers belong together.
struct metrics {
    struct metric_write w;
    struct api *api;
    struct sched_stats sched;
    struct store_stats store;
    struct process_stats process;
    struct metrics_job *jobs;
    size_t job_count;
    size_t jobs_dropped;
};

// Fills in jobs: all of them when they are at most so many, else those whose last run failed.
// Freed by the caller.
void metrics_jobs_gather(struct metrics *m, size_t jobs_max);

typedef void metric_fn(struct metrics *m);

#define X(name, type, writer, help) void metric_##writer(struct metrics *m);
#include "api/metric.def"
#undef X
#define X(exporter, name, type, writer, help) void metric_##writer(struct metrics *m);
#include "api/metric_alias.def"
#undef X
