// claim.h - from due to claimed: slots that are due become rows of the ledger, in batches.
//
// One claim is with the store at a time. While it is being written, slots that fall due gather for
// the next one, so a busy second costs a handful of transactions; and when a claim fails, nothing
// later can have moved the watermark past the slots that were in it. A run is started only after
// its claim is durable. When more is due by then, the next claim is asked for first: the store
// writes it while the runs of this one start. Where many slots are due at one moment, they are
// claimed shortly before it (ahead.h).
//
// What needs room beside its job (room.h) takes it before it is claimed, those that come first in
// order first; what finds none is born queued. So nothing is begun for which there is no room, and
// a claim that fails gives back what it took.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/loop.h"
#include "base/vec.h"
#include "sched/ahead.h"
#include "sched/policy.h"
#include "sched/queue.h"

// Rows of one claim, and what each has taken in the room of all: as many, or none at all.
struct claim_rows {
    VEC(struct run);
    VEC_OF(struct place) places;
};

// A row that is to take something.
struct claim_want {
    struct entry *entry;
    int64_t order;
    size_t row;
};

struct claims {
    struct core *core;
    struct lives *lives;
    struct queue *queue;
    struct ahead planned;         // runs that have their rows and wait for their moment
    struct loop_alarm ahead;      // rings shortly before alarm: what will be due can be prepared
    struct loop_alarm alarm;      // rings when the next slot is due
    size_t most;                  // rows of one claim
    size_t in_a_row;              // rows of claims that left something due, one after the other
    size_t plan_least;            // slots of one moment that are worth planning
    wall planning;                // the moment that the claim with the store plans; 0: it does not
    wall plan_over;               // of which nothing more can be planned
    int64_t planning_doubts;      // as ahead.doubts when it was asked
    int64_t epoch;                // as core.epoch when it was asked
    VEC_OF(wall) nexts;           // of the rows that it plans: the slots behind them
    VEC_OF(struct entry *) aside; // while slots are gathered: those that are not planned
    struct claim_rows rows;       // those that are with the store, while core->is_claiming
    struct claim_rows answered;   // those of the claim before, while their runs are started
    VEC_OF(struct claim_want) wants; // while rows are gathered
    struct policy_memo memo;         // likewise
};

void claims_init(struct claims *claims, struct core *core, struct lives *lives,
                 struct queue *queue);
void claims_done(struct claims *claims);

// Claims what is due and sets the alarm for the rest.
void claims_look(struct claims *claims);
void claims_stop(struct claims *claims);

// Whether a look would change nothing before the next slot is due: it is waited for, or looked at
// when the store has answered.
bool claims_are_set(const struct claims *claims);

// Moves the watermark alone: when nothing is due, it finds out whether the store works.
void claims_mark(struct claims *claims);

// The clock was set by so much: what a skip on its way to the store ends at moves with it.
void claims_step(struct claims *claims, int64_t step_us);

// A row that has begun with an end, alive or not, is durable.
void claim_born(struct claims *claims, const struct run *run);

// A row that was won and is alive: its run starts, or waits. It is counted in its job already, and
// takes over what was taken for it (NULL: nothing).
void claim_begin(struct claims *claims, const struct run *run, struct place *taken);

// Makes a run that was to start one that waits, for that reason.
void claim_queue(struct run *run, enum run_reason reason);

// Something has changed that bears on many jobs: what is planned is decided upon again.
void claims_doubt(struct claims *claims);
