// queue.h - runs that have a row and wait: for a moment (a start that was asked for later, the next
// attempt), or for another run of their job to end.
//
// Whatever wakes a run, it is looked at as a whole: is its job there and not held, its time not
// over, its moment come, is there room? Then its next attempt is asked of the store (store_start),
// and begun once that is durable. One such request is with the store at a time.
//
// A run between two attempts keeps its place in its job. In a freeze nothing starts: a run that has
// not begun is skipped, the next attempt of one that has is put off to the end of it. While its job
// is paused, a run by schedule waits.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/heap.h"
#include "base/list.h"
#include "base/vec.h"
#include "sched/live.h"

struct queue {
    struct core *core;
    struct lives *lives;
    struct list waiting;  // LIVE_WAITS
    struct list ready;    // LIVE_READY
    struct list starting; // LIVE_STARTS
    struct heap moments;  // those that are to be looked at again at a moment
    struct loop_alarm alarm;
    struct loop_timer rate_timer; // when a rate lets somebody through
    VEC_OF(struct run_start) starts;
    int64_t epoch; // of what is with the store: core.epoch when it was asked
    bool is_starting, will_start, will_turn;
    bool is_looking; // at everything: who is not looked at yet may go before what is due
};

void queue_init(struct queue *q, struct core *core, struct lives *lives);
void queue_done(struct queue *q);

// A run that has a row (live_new), or whose attempt has ended and is to be followed by another:
// starts or waits. One that waits for its job (REASON_OVERLAP) is counted as queued already.
void queue_add(struct queue *q, struct live *live);

// There may be room among the job's runs, or its pause is over.
void queue_room(struct queue *q, struct entry *entry);

// There may be room beside the job: whoever can start is called, at the end of the turn.
void queue_turn(struct queue *q);

// The job's needs may be others: those of its runs that wait for them are looked at anew.
void queue_changed(struct queue *q, struct entry *entry);
// There may be room in a group.
void queue_groups(struct queue *q);

// Ends a run that waits: it is cancelled for that reason.
void queue_cancel(struct queue *q, struct live *live, enum run_reason reason);

// The job's runs make room for a new one, as its overlap rule says: those that wait for it are
// skipped, the oldest in progress are ended. keep is the new one.
void queue_replace(struct queue *q, struct entry *entry, const struct live *keep, bool is_at_once);

// The job is gone: whatever waits of it ends.
void queue_drop(struct queue *q, struct entry *entry);

// The job has moved to another node: what waits of it is forgotten here. It has no attempts in
// progress.
void queue_lose(struct queue *q, struct entry *entry);

// The wall clock was set: a wait between attempts takes as long as it would have.
void queue_step(struct queue *q, int64_t step_us);

// Everything that waits is looked at anew: freezes have changed. Claim what is due afterwards.
void queue_look(struct queue *q);

// The store is to be asked again for what it refused.
void queue_retry(struct queue *q);

size_t queue_count(const struct queue *q); // of runs that wait

void queue_stop(struct queue *q); // nothing starts any more
