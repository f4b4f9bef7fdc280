// live.h - runs that are alive: from the claim until the store has their end.
//
// An attempt is begun only after its row is durable. Ends of attempts go to the store in one
// request at a time, which takes all that have come meanwhile. While slots are due they wait, for
// SAVE_US at most: otherwise the ends of the first runs of a burst would be written before the last
// ones are claimed. What the store refuses is kept and offered again.
//
// A run counts as in progress (entry->running) from the moment it is claimed to start, to its end,
// the waits between its attempts and those for a pool, a rate or the limit of all included; a run
// that waits for another of its job counts as queued. What it takes in the room of all it gives
// back when its attempt ends.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/heap.h"
#include "base/list.h"
#include "base/slab.h"
#include "base/vec.h"
#include "sched/chain.h"
#include "sched/core.h"

enum live_phase {
    LIVE_WAITS,  // for a moment, for room: it is in the queue
    LIVE_READY,  // it may start, and the store is to be asked (is_held: it has been)
    LIVE_STARTS, // the store has been asked for its next attempt
    LIVE_RUNS,   // an attempt is in progress
    LIVE_ENDED,  // the attempt has ended, and the store does not know yet
};

enum live_count {
    COUNT_NONE,
    COUNT_QUEUED,
    COUNT_RUNNING,
};

struct live {
    struct list link;    // in the list of its phase
    struct live *next;   // of its job's runs
    struct live *before; // likewise; NULL: it is the first
    struct lives *lives;
    struct entry *entry; // its job; NULL when that is gone
    struct heap_node at; // in the queue: when to look at it again
    struct place place;  // in the room of all: in a line, or what its attempt has taken
    int64_t job_id;
    int64_t run_id;
    wall scheduled_at;
    wall queued_at;
    wall try_at;         // when its next attempt may begin; 0: at once
    struct run_ask *ask; // a copy in one block; NULL: nothing but what the job says
    struct run_end *end; // once an attempt has ended
    struct chain *chain; // what begins with its end, once it has one; NULL: nothing
    wall started_at;     // of the attempt before: 0, -1, 0 when there was none
    int exit_code;
    int signal;
    int attempt;            // in progress, or the last one
    struct tally_run of;    // what is counted of it
    enum run_reason reason; // why it waits
    enum run_reason cancel; // why it is being ended; REASON_NONE: it is not
    enum live_phase phase;
    enum live_count count;
    struct group *group; // it is counted in there, not in its job; NULL: none
    struct list turn;    // in the group, until it begins
    bool waits_for_job;  // it is looked at when there may be room
    bool is_called;      // it is looked at because its turn in the room of all has come
    bool is_held;        // its attempt has its row, and may not begin at this moment
};

struct lives {
    struct core *core;
    struct slab all;     // struct live
    struct slab plain;   // struct run_end, those without texts
    struct list running; // LIVE_RUNS
    struct list ended;   // LIVE_ENDED: those that are not with the store yet,
    struct list saving;  // those that are,
    struct list refused; // and those that it has refused
    struct list held;    // those that may not begin at this moment
    size_t busy;         // in all four
    VEC_OF(struct run_end) ends;
    mono ended_at; // since when ended waits
    bool will_save;
    bool is_saving;
};

void lives_init(struct lives *lives, struct core *core);
void lives_done(struct lives *lives); // after the queue

// A run that has a row. It is in no list, counted nowhere, and waits. entry may be NULL.
[[nodiscard]] struct live *live_new(struct lives *lives, const struct run *run,
                                    struct entry *entry);
void live_free(struct live *live); // it must not be with the executor

// Whether it is to be looked at when there may be room in its job.
void live_sleep(struct live *live, bool is_asleep);

// What a row that is alive counts as in its job. One that waits in the room of all (room.h) has its
// place among the runs of its job.
enum live_count live_count_of(const struct run *run);

// Adds n runs of a kind to what the job has.
void entry_count(struct entry *entry, enum live_count as, int32_t n);

// Counts the run as something else in its job, or its group.
void live_count(struct live *live, enum live_count as);

// When the time for it in all is over; WALL_NEVER: there is no limit.
wall live_deadline(const struct live *live);

// The moment it stands for: its slot, or the one it was asked for.
wall live_slot(const struct live *live);

// Begins the attempt whose row is durable. Its job must be there. While our lease is in doubt
// (store_may_start) it is held, until lives_begin.
void live_begin(struct live *live);
void lives_begin(struct lives *lives);

// Our lease is in doubt: attempts that another node may begin anew, once it is over, are ended at
// once (on_lost rerun).
void lives_doubt(struct lives *lives);

// Our lease is over, and others decide what becomes of our runs: all are ended.
void lives_end(struct lives *lives);

// Takes over the attempt that an earlier belfry has begun, if the executor knows of it: then it
// goes on, or has ended meanwhile. False when it is lost.
[[nodiscard]] bool live_adopt(struct live *live);

// Ends it, or only its attempt (end->try_at): counts it no more, and saves the end. Texts are
// copied.
void live_end(struct live *live, const struct run_end *end);

// An end as the scheduler decides it, without a process that told one: of a run that waits, or that
// is lost. To be filled in further.
struct run_end live_verdict(const struct live *live, enum run_state state, enum run_reason reason,
                            const char *message);

// Ends the attempt in progress: TERM, and KILL after grace_us (0: at once). It will be cancelled
// for that reason.
void live_cancel(struct live *live, enum run_reason reason, int64_t grace_us);

// The run of that number among those of a job that are alive; NULL when there is none.
struct live *lives_of(const struct entry *entry, int64_t run_id);

// The run of that number that is in progress; NULL when there is none.
struct live *lives_find(const struct lives *lives, int64_t run_id);

// The entry is about to go: its runs stay.
void lives_leave(struct entry *entry);

// Ends that wait are saved at the end of the turn; those that were refused are offered again, or
// given up.
void lives_save_soon(struct lives *lives);
void lives_offer(struct lives *lives);
void lives_give_up(struct lives *lives);
