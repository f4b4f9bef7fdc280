// watch.h - looks at what happens with what the jobs have taught, and tells what is unusual.
//
// It follows the ring of events like any other reader and adds events of its own:
//   job.late     a run of the schedule started later than late_after, and than a tenth of its grace
//   job.slow     a run is going for longer than twice the time that 95 % of the job's last hundred
//                successful runs took (WATCH_SLOW_LEAST_US at least); told once a run
//   job.overdue  a repeating job has not succeeded for longer than its period and its grace; told
//                once until it succeeds. Looked at whenever a slot ends in anything but success,
//                and while a run goes on
// What the runs of before taught is asked of the store when it is needed, job by job: a start costs
// nothing for it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "base/radix.h"
#include "base/slab.h"
#include "base/vec.h"
#include "sched/due.h"
#include "sched/events.h"
#include "sched/pauses.h"
#include "store/store.h"

#define WATCH_SLOW_LEAST_US INT64_C(10000000)
#define WATCH_LATE_US INT64_C(60000000) // late_after when it is not set

struct watch_ask;

struct watch {
    struct loop *loop;
    struct store *store;
    struct due *due;
    struct events *events;
    const struct pauses *pauses; // NULL: none
    int64_t late_after_us;
    struct events_listener listener;
    int64_t seen;       // the last event that was read
    struct radix going; // runs in progress, by id: struct going,
    struct slab runs;   // which lie here
    struct loop_timer timer;
    VEC_OF(int64_t) asks;     // jobs of which the store is to be asked
    struct watch_ask *asking; // the one question that is with it; NULL: none
};

// All are borrowed. late_after_us 0: WATCH_LATE_US.
void watch_init(struct watch *w, struct loop *loop, struct store *store, struct due *due,
                struct events *events, int64_t late_after_us);

// Before the events end. An answer of the store that is still to come is ignored.
void watch_done(struct watch *w);

// Asks the store what the job's runs have taught, unless that is known; later, in turn.
void watch_learn(struct watch *w, struct entry *entry);
