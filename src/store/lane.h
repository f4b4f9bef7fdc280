// lane.h - a thread that takes all requests that wait, carries them out, and hands the answers back
// to the loop.
//
// What is asked in one turn of the loop starts together, at the end of that turn; what is asked
// while a batch is under way makes the next batch. So n callers share one transaction without
// anybody waiting for a timer. A request of many rows starts at once, with what was asked before
// it: it is worth a transaction, and its caller may have work to do meanwhile. What is more than a
// batch may have waits for the next one, and is waited for by nobody before it.
#pragma once

#include <stddef.h>

#include "base/err.h"
#include "base/list.h"
#include "base/loop.h"
#include "store/request.h"

struct lane;

struct lane_work {
    void (*batch)(struct list *requests,
                  void *ctx); // on the lane's thread: fills in answers, keeps the order
    void (*poked)(void *ctx); // the same, when poked and no batch waits; may be NULL
    void *ctx;
    size_t rows_max; // of a batch (request_weight), unless one request has more; 0: all that wait
};

// Starts the thread, all signals blocked in it. loop is borrowed. NULL with ERR_SYSTEM.
[[nodiscard]] struct lane *lane_new(struct loop *loop, const struct lane_work *work, struct err *e);

// Takes over r; it is answered (request_answer) on the loop's thread, in the order asked.
void lane_ask(struct lane *lane, struct request *r);

// Has `poked` called once, soon. From any thread.
void lane_poke(struct lane *lane);

// Requests not answered yet.
size_t lane_waiting(const struct lane *lane);

// Waits until everything is carried out and answered, including what the answers ask for.
void lane_drain(struct lane *lane);

// Ends the thread; nothing may wait. Accepts NULL.
void lane_free(struct lane *lane);
