// memory_store.h - the reference model of a store: plain memory, for tests and simulations.
//
// What would be on the disk is a struct memory_data of its own, so that a test can crash a store,
// open another on the same data and see what a restart would see. A write passes three moments:
// asked, durable, answered; by default each is one turn of the loop after the other, and a crash
// may come in between.
#pragma once

#include <stdint.h>

#include "base/loop.h"
#include "store/memory_data.h"
#include "store/memory_epoch.h"
#include "store/store.h"

// A store on data (borrowed, one store at a time) whose clock is the loop's. Never fails. End it
// with store_close, or with memory_store_crash.
[[nodiscard]] struct store *memory_store_open(struct loop *loop, struct memory_data *data);

// The same on data of its own, which goes with it.
[[nodiscard]] struct store *memory_store_new(struct loop *loop);

// A store on data that is a node among others (nodes.h), each with a loop of its own or all with
// one, on one thread. clock is the store's own, by which all of them live (borrowed, of the first
// that joins). ERR_BUSY while a node of that name lives.
[[nodiscard]] bool memory_store_join(struct loop *loop, struct memory_data *data,
                                     const struct clock *clock,
                                     const struct memory_node_options *options, struct store **ret,
                                     struct err *e);

// From now on a transaction becomes durable commit_us after the first request waits, and is
// answered answer_us later, by the stopwatch; 0 (as at first) means in the next turn of the loop.
void memory_store_delay(struct store *store, int64_t commit_us, int64_t answer_us);

// Of a node: its beats take another way, and other times. As memory_store_delay, which sets them
// too.
void memory_store_delay_beats(struct store *store, int64_t commit_us, int64_t answer_us);

// The next count transactions fail: each of their requests is answered with ERR_STORE.
void memory_store_fail(struct store *store, int count);

// Nothing that a node asks for arrives any more, nor do its beats: its writes fail with ERR_STORE
// and so do its reads, until is_cut is false.
void memory_store_cut(struct store *store, bool is_cut);

// A node does not hear at once of what others change; the next beat tells it.
void memory_store_deafen(struct store *store, bool is_deaf);

// What a node has sent arrives now, and is answered when its loop turns again: so it is with one
// that is frozen.
void memory_store_land(struct store *store);

// Ends the store as kill -9 would: what is not durable yet never happens, no `done` is called any
// more.
void memory_store_crash(struct store *store);
