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
// Called in the middle of a transaction, before anybody is answered.
struct memory_watch {
    void (*on_run)(const struct run *run, void *ctx);
    void (*on_job)(const struct job_row *row, void *ctx);
    void *ctx;
};
void memory_data_watch(struct memory_data *data, const struct memory_watch *watch); // copied

// Forgets final runs but the last few of each job, so that a long simulation stays small.
void memory_data_trim(struct memory_data *data);

// A store begins on it: what was running is RUN_ORPHANED. How many runs that were. One store at a
// time.
int64_t memory_data_take(struct memory_data *data, wall now);

// The store ends as it should (rest) before it leaves; one that only leaves has crashed.
void memory_data_rest(struct memory_data *data, wall now);
void memory_data_leave(struct memory_data *data);

// Carries a write out, or answers a read, and fills in the answer. A page's texts are borrowed from
// the data: answer it before the next write.
void memory_data_write(struct memory_data *data, struct request *r);
void memory_data_read(const struct memory_data *data, struct request *r);

// As store_load, but for `orphaned`.
void memory_data_load(const struct memory_data *data, struct store_load *load);

// The certificates in it, borrowed.
const struct memory_inventory *memory_data_inventory(const struct memory_data *data);
