// forecast.h - the coming slots of the jobs, and the load that they will be.
//
// Work is bounded: at most FORECAST_SLOTS_MAX slots are looked at, whatever the window. When there
// are more, is_cut says so, and the figures are a lower bound.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/vec.h"
#include "sched/due.h"
#include "sched/hold.h"

#define FORECAST_SLOTS_MAX 50000
#define FORECAST_BUCKETS_MAX 1000

// A slot that is to come. job and its learned durations are borrowed until the loop's next turn.
struct forecast_slot {
    wall at;
    const struct entry *entry;
};

struct forecast {
    VEC_OF(struct forecast_slot) slots; // by time, then by name of the job
    int64_t frozen;                     // slots left out because their job is held then
    bool is_cut;
};

// The slots in [from, to] of a job, or of all (NULL), that do not follow events and are not held;
// of what follows events only the slot that is planned. Each slot behind the one that is planned
// counts, though calendars and definitions may change. End it with forecast_done.
void forecast_fill(struct forecast *f, const struct due *due, const struct holds *holds,
                   const struct entry *only, wall from, wall to);
void forecast_done(struct forecast *f);

struct forecast_bucket {
    int64_t fires;
    int64_t peak;    // the most runs at one moment, were each to take its usual time
    int64_t busy_us; // the time of all of them
};

// Sorts the load of the slots into count buckets of bucket_us from a moment on. A run is expected
// to take the median of the job's last runs, or assume_us when that is not known. *ret_unknown:
// how many slots are of such jobs.
void forecast_load(const struct forecast *f, wall from, int64_t bucket_us, int64_t assume_us,
                   struct forecast_bucket *ret_buckets, size_t count, int64_t *ret_unknown);

// How long a run of the job is expected to take; -1: not known.
int64_t forecast_usual_us(const struct entry *entry);

// Adds one for each minute of an hour in which a trigger has a slot. steps: slots that may be asked
// for; returns what is left of them.
#define FORECAST_MINUTES 60
int forecast_minutes(const struct trigger *t, wall from, uint32_t counts[FORECAST_MINUTES],
                     int steps);
