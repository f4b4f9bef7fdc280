// lane_store.h - a store of two lanes, one for writes and one for reads: what is the same for every
// database.
//
// A store has it as its first member, fills in lanes and the few operations that are its own, and
// takes the others from here: each makes a request and asks a lane.
#pragma once

#include <pthread.h>
#include <stddef.h>

#include "base/clock.h"
#include "store/lane.h"
#include "store/meter.h"
#include "store/store.h"

struct lane_store {
    struct store base; // first
    struct store_ops ops;
    const struct clock *clock;
    struct lane *writes, *reads; // owned by the store that has this
    int64_t epoch, seen_seq;     // of the requests that are made now (request.h)
    struct store_meter meter;    // the loop's
    pthread_mutex_t lock;        // guards stats
    struct store_stats stats;
};

// own: load, load_sightings, stats and close, and lane_store_launch where runs can be planned; the
// others are set here. clock is borrowed.
void lane_store_init(struct lane_store *s, const struct store_ops *own, const struct clock *clock);
void lane_store_done(struct lane_store *s);

// Of stores that several belfry share (nodes.h).
void lane_store_drain_node(struct store *s, struct str node, bool is_on, store_done *done,
                           void *ctx);
void lane_store_read_nodes(struct store *s, store_nodes_done *done, void *ctx);

void lane_store_launch(struct store *s, int64_t upto_run_id, const int64_t *dropped, size_t count,
                       store_done *done, void *ctx);

// What a writer tells of a transaction, on its thread; failure NULL: well. No requests: it is not a
// transaction, but the state of the database. ctx is the store.
void lane_store_committed(size_t requests, const struct err *failure, wall now, void *ctx);

// All but the sizes.
void lane_store_stats(struct lane_store *s, struct store_stats *ret);

// Until nothing waits, whatever the answers ask for.
void lane_store_drain(struct lane_store *s);
