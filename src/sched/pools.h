// pools.h - pools as they stand: named slots and rates that jobs share, in step with the store.
//
// They lie in the store as calendars do, a row each (STORE_POOL). A change goes to the store first
// and is in force when the store has answered. A pool that a job names is not removed. What cannot
// be read (a newer belfry wrote it) is kept, listed with the reason, and lets nothing through.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/vec.h"
#include "job/throttle.h"
#include "sched/room.h"
#include "store/store.h"

// As told to the world.
struct pool {
    struct store_calendar row; // texts owned
    char *description;         // owned; NULL: none
    char *fault;               // why it cannot be used, owned; NULL: it can
    int64_t slots;             // ROOM_NO_LIMIT: it has only a rate
    struct throttle throttle;  // count 0: none
};

struct pools {
    struct store *store;       // borrowed
    struct room *room;         // borrowed; kept in step
    VEC_OF(struct pool *) all; // owned; by name
    // A name of a job that uses a pool, from *at on, which moves behind it; NULL at the end.
    const char *(*user)(struct str pool, size_t *at, void *ctx);
    void (*changed)(void *ctx);                        // there may be room
    void (*trouble)(const struct err *err, void *ctx); // a write of ours has failed
    void *ctx;
};

void pools_init(struct pools *p, struct store *store, struct room *room);
void pools_done(struct pools *p);

// A row that the store has told.
void pools_load(struct pools *p, const struct store_calendar *row);

// All rows that there are, of every kind, as others have left them: those that are another version
// than ours are in force from now on, what is not there is gone.
void pools_sync(struct pools *p, const struct store_calendar *rows, size_t count);

const struct pool *pools_find(const struct pools *p, struct str name); // NULL: there is none

// Answer to a write: err is NULL when it is done and durable; pool is as it now stands (NULL after
// a removal).
typedef void pools_done_fn(const struct err *err, const struct pool *pool, void *ctx);

// Creates or replaces one: {"slots": 4 or null, "rate": "10/m", "description": ".."}, with slots, a
// rate, or both; expect as store_put_calendar's. ERR_INPUT for a definition that is no good.
void pools_put(struct pools *p, struct str name, const json_t *definition, int expect, wall now,
               pools_done_fn *done, void *ctx);

// Removes one. ERR_NOT_FOUND; ERR_IN_USE with the names of those who use it.
void pools_delete(struct pools *p, struct str name, pools_done_fn *done, void *ctx);
