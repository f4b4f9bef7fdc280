// pool.h - a few threads for work that may block (getaddrinfo, file sync), with the answer back on
// the loop.
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/loop.h"

struct pool;

#define POOL_THREADS_MAX 16
#define POOL_QUEUE_MAX 4096 // accepted and not yet started

typedef void pool_work_fn(void *ctx);               // on a worker
typedef void pool_done_fn(bool has_run, void *ctx); // on the loop's thread

// Starts the threads, all signals blocked in them. loop is borrowed and must outlive the pool. NULL
// with *e.
[[nodiscard]] struct pool *pool_new(struct loop *loop, int threads, struct err *e);

// Waits for the work that is running, then calls done for everything that was accepted and has not
// been answered yet; has_run is false for work that never started. done may not call pool_run then.
// Accepts NULL. On the loop's thread, but not from within done.
void pool_free(struct pool *pool);

// Runs work(ctx) on a worker and then done(has_run, ctx) on the loop's thread: exactly one call of
// done for each accepted task. False when POOL_QUEUE_MAX tasks wait already. On the loop's thread.
// What cannot be stopped (a name look-up) runs to its end: an owner that loses interest marks its
// ctx and frees it in done.
[[nodiscard]] bool pool_run(struct pool *pool, pool_work_fn *work, pool_done_fn *done, void *ctx);
