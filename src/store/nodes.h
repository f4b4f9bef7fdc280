// nodes.h - several belfry on one store: who is there, who owns which job, what the others change.
// The part of store.h that is about them.
//
// Each belfry is a node with a number of its own (its incarnation, never used again) and a lease,
// which it renews once a second by the store's clock. Everything that it writes counts only while
// that lease holds: so whoever was frozen, cut off or taken for dead can change nothing any more.
//
// Who owns a job follows from what every node reads alike: the members, what is pinned, and the
// jobs (sched/placement.h). Whatever changes that answer begins a new epoch: a node comes, leaves,
// dies or is drained; a job is changed so that it may move (job_row.moves). Claims, starts and
// pruning count only under the epoch that their node has acknowledged (store_own); after that they
// are refused with ERR_MOVED, without a trace. A new epoch waits for the transactions of the one
// before. So no two nodes ever act for the same job, and what a node reads when it has learnt of an
// epoch is all that was done for its jobs before.
//
// A job some of whose attempts are in progress is pinned to the node on which they are: it stays
// there until a later epoch finds it at rest. So a node has no attempts of jobs that are not its
// own, but where pins contradict each other (placement.h).
//
// Due is what is due by the store's clock (base/clock.h: shared_clock), whatever those of the nodes
// say.
//
// A store for one belfry alone (SQLite) has no members: who is alone owns everything.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "job/job.h"
#include "job/run.h"

struct store_calendar;

// Numbers are stored: never change one, never reuse one.
enum store_node_state {
    NODE_ACTIVE = 0,
    NODE_DRAINING = 1, // what runs there may end; nothing new starts, and it gets no more jobs
    NODE_AWAY = 2,     // it was stopped while runs of it go on without it (exec/keeper.h): it is
                       // expected back before its lease ends, and owns no more than what is pinned
};

#define STORE_NODE_SLOTS 64

struct store_node {
    int64_t id; // of this incarnation
    int slot;   // goes into ids of runs; below STORE_NODE_SLOTS
    struct str name;
    struct str address; // base URL under which the other nodes reach it; empty: nobody does
    struct str version;
    struct str tags; // job/tags.h
    enum store_node_state state;
    wall started_at, seen_at, lease_until;
    int64_t running, waiting; // runs, as it has told last (store_tell)
    int64_t late_us;          // largest lateness of a start within the last minute, likewise
};

struct store_pin {
    int64_t job_id;
    int64_t node;
};

// As of one epoch. Nodes by id, pins by job.
struct store_members {
    int64_t epoch;
    int64_t self;     // which of the nodes we are
    wall low;         // every slot at or before it has a row, of every job, under all changes up to
    int64_t low_seen; // this one (job.change_seq); of a job changed later, up to effective_from
    const struct store_node *nodes;
    size_t node_count;
    const struct store_pin *pins;
    size_t pin_count;
};

struct store_slot {
    int64_t job_id;
    wall slot;
};

// What has happened to the store since the news before (or the load). Jobs, calendars and runs are
// as they stood at one moment. Borrowed until the call returns.
struct store_news {
    const struct store_members *members;    // NULL: the epoch is what it was
    const struct job_row *jobs;             // those that were changed, by change_seq, in whatever
    size_t job_count;                       // state; our own changes may be among them
    bool has_calendars;                     // some have changed:
    const struct store_calendar *calendars; // these are all that there are, by kind and name
    size_t calendar_count;
    // With members only: every run that is queued, waiting or orphaned, by id; what jobs with
    // several parents have met (struct store_load); the latest slot behind low that has a row, of
    // each job that has one (what is planned has none).
    const struct run *runs;
    size_t run_count;
    const struct run_met *met;
    size_t met_count;
    const struct store_slot *slots;
    size_t slot_count;
};

// All are called on the loop's thread, none before the load has returned.
struct store_watch {
    void (*news)(const struct store_news *news, void *ctx);
    // Our lease has ended, and others have what was ours. Nothing that we write counts any more:
    // end what runs, and begin anew.
    void (*lost)(const struct err *why, void *ctx);
    void *ctx;
};
