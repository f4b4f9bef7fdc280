// ahead.h - runs that have their rows before their moment: a thousand of them begin when it comes,
// not when a thousand rows are written.
//
// Shortly before a moment at which many jobs are due, the slots that will surely run then are
// claimed (claim.c): their rows are planned (store_launch). When the moment is there, they are
// looked at once more, and one small write launches all that may begin: it is durable before the
// first one starts, so a crash finds each of them either launched, and then it is lost or adopted
// like any run, or not, and then it was never claimed.
//
// What has become of a job since, wins: a run whose job was changed, paused or removed, that would
// meet another one of it, or that is late, is dropped. Its row goes, its slot is free again, and is
// decided upon as any slot that is due. A freeze, a pause of many, a calendar or a step of the
// clock drop all of them; so does a new epoch, whose beginning removes their rows. Until then the
// watermark stays before the first planned slot.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/vec.h"
#include "job/run.h"
#include "sched/live.h"

struct planned {
    struct run run; // try_at is its moment
    wall next;      // the job's slot behind it
    bool is_dropped;
};

struct ahead {
    struct core *core;
    void (*begin)(const struct planned *p, void *ctx); // it is launched; its job counts it already
    void (*drop)(const struct planned *p, void *ctx);  // its row is gone
    void *ctx;
    VEC_OF(struct planned) runs; // by their moment, and by id
    size_t first;                // those before it are done with
    size_t asked;                // from there on: with the store
    VEC_OF(int64_t) dropped;
    struct loop_alarm alarm;
    int64_t doubts;       // how often all of them were dropped
    int64_t doubts_asked; // when those were asked
    int64_t epoch;        // likewise, core.epoch
};

// The two functions and ctx are set by the caller.
void ahead_init(struct ahead *a, struct core *core);
void ahead_done(struct ahead *a);

// A planned run whose row is durable, of a moment not before those that are planned already. What
// was in doubt when the row was asked for is not known here: doubts is what it was then.
void ahead_add(struct ahead *a, const struct run *run, wall next, int64_t doubts);

// Launches those whose moment has come.
void ahead_look(struct ahead *a);

// What was decided may not be so any more: all of them are dropped.
void ahead_doubt(struct ahead *a);

size_t ahead_count(const struct ahead *a);

// Whether the last of them is of that moment.
bool ahead_has(const struct ahead *a, wall moment);
