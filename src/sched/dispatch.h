// dispatch.h - from due to done: what is claimed, starts, waits, ends, put together.
//
// The parts, from the bottom up: core (whom they work for, how the store fares), rest (a job
// without runs), live (runs in progress, and their ends), queue (runs that wait), claim (slots that
// are due), hand (runs that were asked for). This is what the rest of the scheduler talks to.
//
// While the store fails nothing starts: slots stay due, the claim is tried again every second, and
// what has become late by then is judged by each job's misfire rule. Ends of runs are kept in
// memory until the store has them. When nothing is due, an empty claim is what finds out that the
// store works again. A stop tries a few times more and then leaves: what could not be recorded is
// lost after the next start.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sched/hand.h"
#include "sched/rates.h"

struct dispatch {
    struct core core;
    struct tally tally;
    struct room room;
    struct rates rates;
    struct lives lives;
    struct queue queue;
    struct claims claims;
    struct hand hand;
    VEC_OF(struct run_start) adopted; // until the load is over
    int stop_tries;                   // retries since the stop
    void (*on_idle)(void *ctx);       // called when a stop has nothing left to wait for
    void *idle_ctx;
};

// Sets up; all are borrowed. events may be NULL.
void dispatch_init(struct dispatch *d, const struct core *core);
void dispatch_done(struct dispatch *d);

// A run that was alive when the store was loaded: queued or waiting, it goes on; orphaned, it is
// adopted if the executor knows of it, otherwise it is lost, or its next attempt follows (on_lost).
// Its job, if it is still there, is in due already. Nothing starts before dispatch_resume.
void dispatch_load(struct dispatch *d, const struct run *run);
void dispatch_resume(struct dispatch *d);

// Something in due has changed: claims what is due and sets the alarm for the rest.
void dispatch_look(struct dispatch *d);

// The clock was set by so much: what a skip on its way to the store ends at moves with it.
void dispatch_step(struct dispatch *d, int64_t step_us);

// A write of somebody else has failed: if it was the store's fault, nothing is claimed until the
// store works.
void dispatch_trouble(struct dispatch *d, const struct err *err);

// Something about a job has changed: a slot of it that waited for room has its turn, runs of it
// that waited as well, or it ends.
void dispatch_changed(struct dispatch *d, struct entry *entry);

// The job is gone from the store, and the entry is about to be removed: what waits ends, what runs
// goes on.
void dispatch_leave(struct dispatch *d, struct entry *entry);

// The job has moved to another node: what waits of it is forgotten here.
void dispatch_lose(struct dispatch *d, struct entry *entry);

// A run that waits, or was left behind by a node that is gone, of a job that is ours: it goes on
// here, as dispatch_load says, unless it is known. dispatch_take_end looks at all of them.
void dispatch_take(struct dispatch *d, const struct run *run);
void dispatch_take_end(struct dispatch *d);

// Our lease has ended: nothing starts any more, and what runs is ended.
void dispatch_end(struct dispatch *d);

// Pools have changed: there may be room.
void dispatch_room(struct dispatch *d);

// Freezes, pauses, calendars or zones have changed.
void dispatch_thaw(struct dispatch *d);

// Cancels a run of a job that is alive: at once if it waits, by TERM and KILL if it runs. False
// when there is none of that number.
bool dispatch_cancel(struct dispatch *d, struct entry *entry, int64_t run_id);

// Cancels all that is alive of a group; entry is its job, NULL when that is gone. How many runs.
size_t dispatch_cancel_group(struct dispatch *d, struct entry *entry, struct group *group);

// Claims no more; calls on_idle (perhaps at once) when every attempt in progress has ended and
// every end is durable. Runs that wait are left to the next start.
void dispatch_stop(struct dispatch *d, void (*on_idle)(void *ctx), void *ctx);
