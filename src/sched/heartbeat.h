// heartbeat.h - jobs that run elsewhere and ping: what a ping does to the ledger.
//
// A ping is a row like that of any run (origin ping). The first one that comes near a slot of the
// job (not earlier than half a period or the grace before it) takes the slot's row; those that
// come besides have rows of their own moment. A slot rings when its grace is over (due.c), and its
// row then says that no ping came (REASON_NO_PING) - unless a ping has that row. So what was pinged
// and what was not is the ledger's to say, across restarts.
//
// A start begins a run, and what comes next ends it. Which start an end belongs to is told by the
// run's own id (rid) where the job gives one. A run whose end does not come within the job's
// timeout, or its grace when it has none, is RUN_TIMED_OUT; the runs that are in progress are taken
// over by the next belfry.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/loop.h"
#include "base/map.h"
#include "sched/chain.h"
#include "sched/due.h"
#include "sched/events.h"
#include "store/store.h"

#define HEARTBEAT_BODY_MAX (100 * 1024) // bytes of a ping that are kept
#define HEARTBEAT_RID_MAX 64
#define HEARTBEAT_OPEN_MAX 16 // runs of a job that have begun and not ended
#define HEARTBEAT_BURST 20    // pings of a job at once,
#define HEARTBEAT_RATE 2      // and a second from then on

enum ping_kind {
    PING_SUCCESS,
    PING_START,
    PING_FAIL,
    PING_LOG,
    PING_EXIT, // its exit code decides
};

struct ping {
    enum ping_kind kind;
    int exit_code;   // PING_EXIT: 0-255
    struct str rid;  // the run's id at home; may be empty
    struct str body; // what it wrote; may be empty
};

struct heartbeats {
    struct loop *loop;
    struct store *store;
    struct due *due;
    struct events *events;
    struct run_ids *ids;
    struct core *core;  // for what follows their runs; NULL: nothing does
    struct map by_key;  // key to struct heart
    struct list open;   // runs that have begun and not ended
    struct list asking; // pings that are with the store
    struct loop_timer timer;
};

// All are borrowed; ids gives out the numbers of the runs.
void heartbeats_init(struct heartbeats *h, struct loop *loop, struct store *store, struct due *due,
                     struct events *events, struct run_ids *ids);

// Before the table of jobs ends. Answers that are still to come are ignored.
void heartbeats_done(struct heartbeats *h);

// A job has this definition now; nothing happens unless it is a heartbeat.
void heartbeats_learn(struct heartbeats *h, const struct job *job);

// A run of a heartbeat that an earlier belfry left running, or a node that is gone: it goes on, if
// it is not known already. False when it is none.
bool heartbeats_adopt(struct heartbeats *h, const struct run *run);

// The job that has the key; 0: none.
int64_t heartbeats_job(const struct heartbeats *h, struct str key);

// Answer to a ping: NULL when it is durable. ERR_NOT_FOUND: no job has the key; ERR_RATE: too many
// pings, or runs in progress; ERR_MOVED: another node has the job; ERR_STORE.
typedef void heartbeat_done(const struct err *err, void *ctx);
void heartbeats_ping(struct heartbeats *h, struct str key, const struct ping *ping,
                     heartbeat_done *done, void *ctx);
