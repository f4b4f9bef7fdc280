// retention.h - keeps the history small: removes old rows in the background.
//
// Each job keeps its newest `keep` rows, none older than keep_age, and all of them together about
// keep_total. A job that has had many runs since it was last looked at is looked at soon; all jobs,
// those that are gone too, are looked through one after the other once an hour. Each step is a
// transaction of at most RETENTION_ROWS rows, and none begins shortly before a slot is due. Among
// several nodes each sees to its own jobs, and one to those that are gone.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "base/vec.h"
#include "sched/due.h"
#include "sched/events.h"
#include "sched/members.h"
#include "sched/outputs.h"
#include "store/store.h"

#define RETENTION_ROWS 200

struct retention_options {
    int64_t keep_age_us;     // 0: however old
    int64_t keep_total;      // 0: however many
    struct outputs *outputs; // borrowed: files that go with the rows; NULL: there are none
};

struct retention_ask;

struct retention {
    struct loop *loop;
    struct store *store;
    struct due *due;
    struct events *events;
    const struct members *members; // who is there; NULL: we are alone
    struct retention_options options;
    struct events_listener listener;
    int64_t seen; // the last event that was read
    struct loop_timer timer;
    VEC_OF(int64_t) urgent; // jobs with many new rows
    VEC_OF(int64_t) round;  // jobs of this round that are still to come
    int64_t gone_id;        // the last job that is gone of this round; -1: they have been seen
    double others;          // which part of all jobs is not ours, as of the last round
    int64_t round_rows;     // rows that this round has counted
    int64_t rows;           // that the round before has counted
    int64_t removed;        // since the start
    int put_off;            // so many times a step has waited for slots
    struct retention_ask *asking; // the one request that is with the store; NULL: none
};

// All are borrowed. The first round begins a minute later.
void retention_init(struct retention *r, struct loop *loop, struct store *store, struct due *due,
                    struct events *events, const struct retention_options *options);

// Before the events end. An answer that is still to come is ignored.
void retention_done(struct retention *r);

// Rows that a job may keep, so that all of them together are about keep_total.
int64_t retention_keep(const struct retention *r, int64_t keep);
