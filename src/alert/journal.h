// journal.h - what has changed of incidents and deliveries, on its way to the store.
//
// What changes in one turn goes together; one request is with the store at a time, and what changes
// meanwhile makes the next. When the store refuses, everything is kept and tried again, so alerts
// outlive a full disk.
#pragma once

#include <stdbool.h>

#include "base/heap.h"
#include "base/list.h"
#include "base/loop.h"
#include "store/store.h"

// The part of an incident or a delivery that the journal knows. Zero at first.
struct journal_item {
    struct list link;
    bool is_saving;
    bool is_changed; // since it went to the store
};

// An incident in memory: all that are open, and those whose end is not stored yet.
struct watch {
    struct incident row; // texts owned
    struct journal_item item;
    struct heap_node remind; // key: when it is told again
    bool is_forgotten;       // another node has it: it is freed when nobody holds it
    struct list of_job;
};

// A delivery in memory: all that wait, and those whose end is not stored yet.
struct parcel {
    struct delivery row; // texts owned
    struct list all;     // every parcel is in its owner's list
    struct journal_item item;
    struct heap_node due; // key: when it is tried; in its outlet's heap while it waits there
    bool is_known;        // the store has it: only now it may be sent
};

typedef void journal_done(const struct err *err, void *ctx);

struct journal {
    struct loop *loop;   // borrowed
    struct store *store; // borrowed
    struct list watches, parcels;
    struct list waiters, saving_waiters;
    struct loop_timer retry;
    bool will_save, is_saving, is_failing;
    int64_t saves; // that the store has answered
    wall forget;   // next time: incidents that ended before go
    // What was written is there; what is over may be freed by it.
    void (*on_watch)(struct watch *watch, void *ctx);
    void (*on_parcel)(struct parcel *parcel, void *ctx);
    void *ctx;
    size_t watch_count, parcel_count; // of the request that is with the store
    struct watch **saved_watches;
    struct parcel **saved_parcels;
};

void journal_init(struct journal *j, struct loop *loop, struct store *store);
void journal_end(struct journal *j); // forgets everything; items are the owner's

// A row has changed: it is written at the end of the turn.
void journal_watch(struct journal *j, struct watch *watch);
void journal_parcel(struct journal *j, struct parcel *parcel);

// done is called when what has changed up to now is durable, or could not be written at the first
// try.
void journal_wait(struct journal *j, journal_done *done, void *ctx);
