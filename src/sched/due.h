// due.h - every job in memory and which of them rings next.
//
// The store is the truth and this table a copy of it, so it may be rebuilt at any moment.
//
// An entry is in the due heap while it has a slot to wait for. Two kinds of entry have a slot that
// may lie in the past although nothing is late: one that rings later than its slot (at slot +
// jitter, or when a freeze has more to tell) and one that waits for its own earlier run to end.
// They are in the held heap as well, or instead, so that due_watermark never passes their slot.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/heap.h"
#include "base/map.h"
#include "base/radix.h"
#include "base/str.h"
#include "job/job.h"
#include "sched/followers.h"
#include "sched/learned.h"
#include "sched/order.h"
#include "sched/tagged.h"

struct live;

#define SEAT_NOBODY (-1)

// Where a job belongs when several nodes share the store (placement.h). Who is alone has all of
// them.
struct seat {
    int16_t node; // its owner, of the members' nodes; SEAT_NOBODY: we are alone, or none is active
    bool is_ours; // we act for it: it rings here
    bool is_leaving; // it may not start on its node, only elsewhere: what is due waits for that
    bool is_nowhere; // no node is there on which it may run
    bool is_guest;   // only the attempts in progress keep it on its node
};

// A job and its place in time. Owned by the table; due_remove frees it with its job.
struct entry {
    struct job *job;       // owned
    struct heap_node due;  // key: when it rings
    struct heap_node held; // key: the slot it stands for
    wall slot;             // the first slot that has no row yet; WALL_NEVER: none to come
    wall claimed;          // the latest slot that has a row; 0: none
    wall spread_from;      // since when missed slots are made up for bit by bit (policy.h); 0: not
    wall event;            // what the slot of a relative trigger follows (plan.h); 0: nothing yet
    wall planned; // its slot, while that has a row and has not come yet (ahead.h); 0: it has none
    struct learned *learned; // owned; NULL: nothing yet
    struct live *lives;      // its runs that are alive, the latest first (live.h); NULL: none
    int32_t running;         // runs claimed to start and not yet ended
    int32_t queued;          // runs that wait for one of those to end
    int32_t sleeping;        // runs that are looked at when there may be room
    int32_t unsaved;         // ends of runs that the store does not have yet
    int32_t writes;          // new definitions on their way to the store
    bool is_relative;        // has a trigger whose slots follow events
    bool is_waiting;         // for room among its own runs (COALESCE_ALL)
    bool is_ending;          // JOB_ENDED is on its way to the store
    bool is_gained;          // has just come to us (cluster.c)
    bool is_linked;          // follows others, or names pools: its job says so, but lies far away
    bool is_choosy;          // names nodes; likewise
    struct seat seat;
    struct order_mark listed;
};

// How many jobs there are, kept up so that nobody has to walk through them.
enum due_status {
    DUE_SCHEDULED,
    DUE_PAUSED,
    DUE_QUARANTINED,
    DUE_STATUSES
};
#define DUE_KINDS 8 // room for numbers of enum job_kind

struct due_counts {
    size_t n[DUE_KINDS][DUE_STATUSES];
};

struct due {
    struct due_counts counts;
    struct map by_name;
    struct radix by_id;
    struct radix paused; // those in JOB_PAUSED, by id
    // When the last of the new definitions was asked for that are on their way to the store: wall,
    // of its asker, by id of the job.
    struct radix changing;
    struct tagged tagged;
    struct followers followers;
    struct order order; // for lists of jobs
    struct heap ringing;
    struct heap held;
    wall planned;     // the watermark stays before it: a slot whose row may go again
    wall gaining;     // likewise, while jobs that have come to us are not all planned yet
    wall marked;      // as due_mark said last
    bool is_set_back; // the clock was, since then
    bool is_filling;  // by_name is empty until due_fill_end
    struct {
        const struct trigger *trigger; // an entry's; NULL: none
        wall after, next;
    } asked; // what a trigger was asked last: many jobs share one (due_slot_after)
};

void due_init(struct due *d);
void due_done(struct due *d); // frees every entry and its job

// Adds a job that has an id and a name nobody else has; takes it over. The entry is not planned
// yet.
struct entry *due_add(struct due *d, struct job *job);

// Between due_fill_begin and due_fill_end many are added, and none is found by its name: then the
// table of names is made at once. due_fill_end may be called again.
void due_fill_begin(struct due *d);
void due_fill_end(struct due *d);

// The first slot of an entry's trigger after a moment. As trigger_next, but quick when those that
// share a trigger ask the same, one after the other.
wall due_slot_after(struct due *d, const struct entry *entry, wall after);
void due_remove(struct due *d, struct entry *entry);

// Gives the entry another definition (same id); frees the old one. An event means nothing to a
// trigger of another kind.
void due_replace(struct due *d, struct entry *entry, struct job *job);

struct entry *due_find(const struct due *d, struct str name); // NULL when there is none
struct entry *due_find_id(const struct due *d, int64_t job_id);
size_t due_count(const struct due *d);

// Plans the entry for a slot: it rings at slot + jitter. WALL_NEVER takes it out of the heaps. As
// long as it is planned it does not ring: whoever ends that calls due_plan again. One that is not
// ours (seat) has its slot, and does not ring.
void due_plan(struct due *d, struct entry *entry, wall slot);

// The same, but it rings no earlier than a moment (0: as due_plan). WALL_NEVER: not before it is
// planned again.
void due_plan_late(struct due *d, struct entry *entry, wall slot, wall not_before);

// Whether a new definition is on its way to the store that was asked for before the slot of the
// entry.
bool due_is_changing(const struct due *d, const struct entry *entry);

// Lets the entry keep its slot without ringing, until due_plan.
void due_hold(struct due *d, struct entry *entry);

// When the first entry rings; WALL_NEVER when none does.
wall due_next(const struct due *d);

// Calls fn for the entries that ring at or before a moment, in no particular order, but for no more
// than most of them.
typedef void due_fn(const struct entry *entry, void *ctx);
void due_soon(const struct due *d, wall until, size_t most, due_fn *fn, void *ctx);

// Takes out the first entry that rings at or before now; NULL when there is none. It keeps its slot
// but is in no heap: plan it again in the same turn.
struct entry *due_pop(struct due *d, wall now);

// The first entry that rings at or before a moment, NULL when there is none; it may be set aside
// for a while, to see what is behind it, and set back in the same turn, as it was.
struct entry *due_first(const struct due *d, wall until);
void due_set_aside(struct due *d, struct entry *entry);
void due_set_back(struct due *d, struct entry *entry);

// The latest moment such that every slot at or before it has been popped. At most now.
wall due_watermark(const struct due *d, wall now);

// The same for the store: it goes back only when the clock was set back. (The store must know soon:
// otherwise a crash before the clock is where it was would lose slots of definitions that are new.)
wall due_mark(struct due *d, wall now);

// All entries on the heap, ordered by what `shown` says of each, then name; free() the array.
typedef wall due_shown_fn(const struct entry *entry, void *ctx);
[[nodiscard]] struct entry **due_list(const struct due *d, due_shown_fn *shown, void *ctx);
