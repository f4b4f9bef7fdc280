// pg_writer.h - carries out writes on the one connection that may write: many requests, one
// transaction, two round trips.
//
// The first takes all statements of a batch, each of which decides on the server whether it may do
// what it says; so no answer is waited for in between. The second is COMMIT, with the number of the
// batch, which is kept in our row of the table node. When the connection breaks before COMMIT is
// answered, nobody knows whether it has happened: the row tells, once there is a connection again,
// and nothing is answered before.
//
// A batch shares the lock of the epoch (pg_epoch.h), or has it alone when it begins one. Who has
// lost its row was taken for dead, and writes no more; what it reports of runs that others have now
// is kept apart (late_result).
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/vec.h"
#include "store/pg.h"
#include "store/pg_node.h"
#include "store/pg_tidy.h"
#include "store/pg_value.h"
#include "store/request.h"

// Rows of one transaction, unless one request has more: 64 claims wait for the ends of 200 runs
// that were asked for before them, but not for those behind them.
#define PG_WRITER_ROWS 256
#define PG_COLUMNS_MAX 44

// What was sent for a request, to know its result by.
struct pg_sent {
    struct request *r; // NULL: nobody waits for the result
    enum pg_name name;
    size_t from, upto; // PG_FINISH, PG_RETRY: of its ends; PG_PUT_JOBS: of the chunk
};

struct pg_writer {
    struct pg *pg;              // owned by the store
    const struct pg_node *node; // who we are: the node of every run that is claimed; borrowed
    int64_t last_run_id;        // no run has an id beyond it that could become one of ours
    int64_t batch;              // the number of the last one that is durable
    void (*on_commit)(size_t requests, const struct err *failure, wall now,
                      void *ctx); // NULL failure: well
    void *ctx;
    atomic_bool *is_ending;      // then nothing is waited for
    struct pg_tidy *tidy;        // is told what there is to put in order; NULL: nobody does
    void (*on_epoch)(void *ctx); // one has begun, or our row is gone; may be NULL

    wall seen_at; // the last sign of life in the table uptime

    // Of the transaction under way.
    int64_t epoch;       // in force
    wall next_watermark; // 0: it stays where it is
    int64_t next_seen;
    bool is_alone;  // we have the lock of the epoch alone
    bool is_edited; // others have something to look at,
    bool has_jobs;  // jobs among it
    VEC_OF(const struct run_end *) late;
    VEC_OF(struct request *) chunk;
    VEC_OF(struct pg_sent) sent;
    struct pg_array columns[PG_COLUMNS_MAX];
};

void pg_writer_init(struct pg_writer *w);
void pg_writer_done(struct pg_writer *w);

// Carries out the requests in one transaction and fills in their answers; they stay in the list.
// ctx is the writer.
void pg_writer_batch(struct list *requests, void *ctx);

// A sign of life, and a look whether the connection is still there. ctx is the writer.
void pg_writer_beat(void *ctx);

// Whether our row is still there. False when it is gone, or that cannot be asked: the connection's
// trouble says which.
[[nodiscard]] bool pg_writer_owns(struct pg_writer *w);
