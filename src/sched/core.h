// core.h - what the parts of the dispatcher share: whom they work for, and how the store fares.
//
// The parts stand on each other: rest, live, queue, claim, hand, dispatch. What a lower one has to
// tell goes up through hooks.
//
// While the store fails nothing starts; a second after each failure hooks->retry is called, until a
// write has been accepted. Where several nodes share the store (nodes.h), a write that is refused
// because jobs have moved is no failure: nothing is asked until we act under the new epoch.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"
#include "exec/exec.h"
#include "job/freeze.h"
#include "sched/due.h"
#include "sched/events.h"
#include "sched/groups.h"
#include "sched/room.h"
#include "sched/tally.h"
#include "store/store.h"

struct live;
struct pauses;

struct core_hooks {
    void (*retry)(void *ctx);                       // time to try what the store refused
    void (*ended)(struct entry *entry, void *ctx);  // an attempt has ended: there may be room
    void (*answered)(void *ctx);                    // the store has written something, or refused
    void (*waits)(struct live *live, void *ctx);    // it is durable that another attempt follows
    void (*born)(const struct run *run, void *ctx); // a row that has begun with an end is durable
};

struct core {
    struct loop *loop;
    struct store *store;
    struct exec *exec;
    struct due *due;
    const struct freezes *freezes; // NULL: none
    const struct pauses *pauses;   // NULL: none
    struct events *events;         // NULL: nobody is told
    struct tally *tally;
    struct room *room;
    const struct core_hooks *hooks;
    void *ctx;
    struct run_ids ids;
    int64_t epoch; // under which we act; 0: we are alone
    struct groups groups;
    bool is_stopping;              // nothing is claimed or started any more
    bool is_claiming;              // a claim is with the store
    bool is_launching;             // planned runs are about to begin
    size_t claim_rows;             // that the claim with the store may have, or the last one
    bool is_behind;                // so much has been due in a row that claims have grown
    struct loop_timer retry_timer; // after a failure of the store
    size_t refused;                // ends that the store has refused
    bool is_failing;               // the store did not accept the last write
    bool is_told;                  // the log says so
    bool wants_release;            // jobs rest here that may belong to another node
    mono told_at;
    struct err failure;
    int64_t claimed, finished, skipped, missed;
};

// Sets up; all are borrowed. events, tally and the hooks are set by the caller.
void core_init(struct core *c, struct loop *loop, struct store *store, struct exec *exec,
               struct due *due, const struct freezes *freezes);
void core_done(struct core *c);

static inline wall core_now(const struct core *c)
{
    return clock_wall(loop_clock(c->loop));
}

static inline mono core_mono(const struct core *c)
{
    return clock_mono(loop_clock(c->loop));
}

// A write has failed, or one was accepted. Nothing is healthy while ends are refused.
void core_failing(struct core *c, const struct err *err);
void core_healthy(struct core *c);

// A write that was asked for under an epoch was refused: it has failed, or jobs have moved.
void core_refused(struct core *c, const struct err *err, int64_t epoch);

// We act under that epoch from now on.
void core_own(struct core *c, int64_t epoch);

// Whether nothing may be asked of the store until the next try.
bool core_is_held(const struct core *c);
