// memory_data.h - what a store would have on its disk, in plain memory: the half of memory_store
// that outlives it.
//
// A test crashes a store, opens another on the same data, and sees what a restart would see.
#pragma once

#include <stdint.h>

#include "store/request.h"
#include "store/store.h"

struct memory_data;
struct memory_inventory;

[[nodiscard]] struct memory_data *memory_data_new(void);
void memory_data_free(struct memory_data *data); // accepts NULL; no store may be open on it

// Whoever wants to know what becomes durable: a row of the ledger, or a job, as it now stands.
// Called in the middle of a transaction, before anybody is answered. on_epoch: a new one begins, so
// that what the members were before counts no more.
struct memory_watch {
    void (*on_run)(const struct run *run, void *ctx);
    void (*on_job)(const struct job_row *row, void *ctx);
    void (*on_epoch)(const struct store_members *members, void *ctx);
    void *ctx;
};
void memory_data_watch(struct memory_data *data, const struct memory_watch *watch); // copied

// Forgets final runs but the last few of each job, so that a long simulation stays small.
void memory_data_trim(struct memory_data *data);

// A store begins on it: what was running is RUN_ORPHANED. How many runs that were. One store at a
// time.
int64_t memory_data_take(struct memory_data *data, wall now);

// A store begins on it as a node among others (memory_epoch.h). clock: the store's own, by which
// all nodes live (borrowed; of the first one that comes).
void memory_data_share(struct memory_data *data, const struct clock *clock);

// From that moment on the node (0: whoever is alone) has it.
void memory_data_begin(struct memory_data *data, int64_t node, wall now);

// The store ends as it should (rest) before it leaves; one that only leaves has crashed.
void memory_data_rest(struct memory_data *data, int64_t node, wall now);
void memory_data_leave(struct memory_data *data);

// Carries a write out, or answers a read, and fills in the answer. A page's texts are borrowed from
// the data: answer it before the next write.
void memory_data_write(struct memory_data *data, struct request *r);
void memory_data_read(const struct memory_data *data, struct request *r);

// As store_load of a node, but for `orphaned` and `members`.
void memory_data_load(const struct memory_data *data, int64_t node, struct store_load *load);

// The certificates in it, borrowed.
const struct memory_inventory *memory_data_inventory(const struct memory_data *data);
