// claim.h - from due to claimed: slots that are due become rows of the ledger, in batches.
//
// One claim is with the store at a time. While it is being written, slots that fall due gather for
// the next one, so a busy second costs a handful of transactions; and when a claim fails, nothing
// later can have moved the watermark past the slots that were in it. A run is started only after
// its claim is durable. When more is due by then, the next claim is asked for first: the store
// writes it while the runs of this one start.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/loop.h"
#include "base/vec.h"
#include "sched/queue.h"

// Rows of one claim.
struct claim_rows {
    VEC(struct run);
};

struct claims {
    struct core *core;
    struct lives *lives;
    struct queue *queue;
    struct loop_alarm ahead;    // rings shortly before alarm: what will be due can be prepared
    struct loop_alarm alarm;    // rings when the next slot is due
    size_t most;                // rows of one claim
    struct claim_rows rows;     // those that are with the store, while core->is_claiming
    struct claim_rows answered; // those of the claim before, while their runs are started
};

void claims_init(struct claims *claims, struct core *core, struct lives *lives,
                 struct queue *queue);
void claims_done(struct claims *claims);

// Claims what is due and sets the alarm for the rest.
void claims_look(struct claims *claims);
void claims_stop(struct claims *claims);

// Moves the watermark alone: when nothing is due, it finds out whether the store works.
void claims_mark(struct claims *claims);

// The clock was set by so much: what a skip on its way to the store ends at moves with it.
void claims_step(struct claims *claims, int64_t step_us);

// A row that was won and is alive: its run starts, or waits. It is counted in its job already.
void claim_begin(struct claims *claims, const struct run *run);
