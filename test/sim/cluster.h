// cluster.h - a world of several nodes on one store, made of a seed, and its judge.
//
// Each node has its own scheduler, loop and executor; all live on one simulated time and one
// memory_data (store/memory_epoch.h). The judge sees what becomes durable, what begins and ends,
// and what is done to the nodes; it knows nothing of what the schedulers think.
#pragma once

#include "base/buf.h"
#include "base/map.h"
#include "base/rand.h"
#include "base/vec.h"
#include "sched/sched.h"
#include "store/memory_rows.h"
#include "store/memory_store.h"

#include "deeds.c"

#define CLUSTER_S 1000000LL
#define CLUSTER_NODES 4
#define LEASE_US (5 * CLUSTER_S)
#define POOL_SLOTS 2

// Faults that can be planted between the schedulers and their store: the judge must see each.
enum cluster_fault {
    CLUSTER_NO_FAULT,
    CLUSTER_EPOCH_UNCHECKED,   // claims and starts count whatever epoch their node knows
    CLUSTER_UNPINNED,          // nobody is told where attempts are in progress
    CLUSTER_LOW_OF_LIVING,     // the dead node's watermark is left out
    CLUSTER_EDITS_UNSEEN,      // what it had not seen of edits is left out (R3)
    CLUSTER_TRUST_FOREVER,     // a node believes in its lease without end
    CLUSTER_ORPHANS_FORGOTTEN, // what the dead left is not told
    CLUSTER_EDITS_UNTOLD,      // what others edit is not told
    CLUSTER_FAULTS
};

// Shows the store's calendar, as far as the node knows it.
struct node_clock {
    struct clock base;
    const struct sim_clock *sim;
    int64_t offset_us; // from the stopwatch to the calendar
    int64_t doubt_us;  // half the round trip of the sample it was set from
};

struct cnode {
    struct cluster *world;
    size_t host;
    char name[32];
    struct node_clock clock;
    struct loop *loop;
    struct store *store;
    struct store_ops ops; // the watcher's
    const struct store_ops *real;
    struct store_watch watch; // the scheduler's
    struct exec *exec;
    struct sched *sched;
    int64_t self;
    bool is_up, is_dead, is_lost, is_cut, is_slow, is_stopped;
    bool freezes;            // as soon as this turn of its loop is over
    int freeze_after;        // so many claims pass before; below 0: it does not
    int die_after;           // so many moments pass, then it is killed; below 0: it is not
    int64_t frozen_until_us; // 0: it is not
    int64_t back_at_us;      // when it is started again, while it is not up
    int64_t calm_at_us;      // when what ails it is over
    int64_t shaken_us;       // when something was done to it last
    wall claimed;            // its last watermark
};

struct crow {
    int64_t id, job_id, cause_id, missed;
    wall slot, missed_from;
    enum run_origin origin;
    enum run_reason reason; // as it was born
    enum run_state state;
    int version, attempt, begun;
    int64_t durable_us, changed_us;
};

// A definition of a job as it became durable.
struct cdef {
    struct job *job;
    int64_t durable_us;
};

struct cjob {
    int64_t id;
    VEC_OF(struct cdef) defs;
    VEC_OF(struct crow *) rows;
    int64_t epoch, node; // which node has acted for it last, and under which epoch
};

struct stretch_us {
    int64_t from_us, to_us;
};

// An edit that was answered well, until everybody must know of it.
struct cedit {
    char name[40];
    int version;
    int64_t at_us;
};

struct cluster {
    enum cluster_fault fault;
    struct rand_seq prng;
    struct sim_clock clock; // the store's, and everybody's stopwatch
    struct memory_data *data;
    struct zones *zones;
    struct deeds deeds;
    struct cnode nodes[CLUSTER_NODES];
    size_t hosts; // of them there may be nodes
    int64_t epoch;
    struct map rows, jobs;
    VEC_OF(struct crow *) all_rows;
    VEC_OF(struct cjob *) all_jobs;
    VEC_OF(struct stretch_us) shaken; // during and from which on things may be late
    VEC_OF(struct cedit) edits;
    int64_t nobody_since_us; // 0: somebody is able to work
    size_t asked, starts, deaths, thaws, losses, epochs, moved;
    struct buf log;
    char finding[300]; // the first thing that is wrong; empty: nothing
};

struct cluster_sums {
    size_t starts, deaths, thaws, losses, epochs, moved;
    int64_t simulated_us;
};

// Runs the seed; true when all is well, otherwise story (an open buffer) tells what was wrong.
bool cluster_world(uint64_t seed, enum cluster_fault fault, struct cluster_sums *sums,
                   struct buf *story);
