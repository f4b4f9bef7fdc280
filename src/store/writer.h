// writer.h - carries out writes on the one connection that may write: many requests, one
// transaction, one sync.
//
// A refusal is seen before anything of its request is written, so no savepoints are needed. The one
// exception (a claim with an id that exists) rolls the transaction back and does it again without
// that claim.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/vec.h"
#include "store/request.h"
#include "store/sql.h"

struct writer {
    struct sql *sql;    // owned by the store
    int64_t node_id;    // our incarnation: the node of every run that is claimed
    int64_t change_seq; // of the latest change that is durable
    wall watermark;     // durable
    void (*on_commit)(size_t requests, const struct err *failure, wall now,
                      void *ctx); // NULL failure: well
    void (*on_wal)(void *ctx);    // the log has grown so much that somebody should carry it over
    void *ctx;

    wall seen_at; // the last sign of life in the table uptime

    // Of the transaction under way.
    int64_t next_change_seq;
    wall next_watermark;
    VEC_OF(struct request *) chunk;
    // Of the log: pages now, and when on_wal was called last.
    int wal_pages, wal_told, wal_tried;
    // Bit n is set when job n is known to be there and not deleted, which saves each claim a look.
    VEC_OF(uint64_t) living;
};

// The connection and the numbers are filled in by the caller, the rest is zero.
void writer_init(struct writer *w);
void writer_done(struct writer *w);

// Carries out the requests and fills in their answers; they stay in the list. ctx is the writer.
void writer_batch(struct list *requests, void *ctx);
