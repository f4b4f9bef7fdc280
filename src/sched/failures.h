// failures.h - jobs that fail again and again pause themselves: pause_after_failures.
//
// Beside the scheduler, like any other who follows its events and asks for pauses. Failed and timed
// out runs count, by hand or not, each once, when its last attempt is over; a success and a
// resumption begin anew; what was cancelled, lost or skipped says nothing. After a start the ledger
// tells how many there were, among the latest FAILURES_LOOK rows of a job.
#pragma once

#include "base/map.h"
#include "sched/sched.h"

#define FAILURES_LOOK 200

struct failures {
    struct sched *sched;
    struct map counts; // by the job's number: struct failure_count
    struct events_listener listener;
    int64_t seen; // the last event that was read
};

// Begins; the scheduler has been started and outlasts it.
void failures_init(struct failures *f, struct sched *sched);

// Jobs may have come to us, or left: what the ledger tells of those that have come counts.
void failures_epoch(struct failures *f);

// Ends; answers of the store that are still to come need it: end the store first.
void failures_done(struct failures *f);
