// loop.h - the event loop: descriptors, timers, alarms, posts from other threads, signals, clock
// steps.
//
// One thread owns a loop; several loops may live in several threads. Everything here is called on
// the loop's thread, except loop_post, loop_stop and loop_last_turn, which any thread may call.
// Callbacks may call everything here, including removing or re-arming themselves or each other;
// only loop_turn, loop_run and loop_free are not for callbacks.
//
// A turn: wait; read the clocks once; report a step of the wall clock; descriptors (at most
// LOOP_BATCH); posts; timers that are due; alarms that are due; deferred calls. Each timer and
// alarm fires at most once a turn.
//
// Due is decided by reading struct clock, never by the fact that something woke us. So a test with
// a simulated clock drives the loop with sim_clock_advance and loop_turn(loop, 0), and a machine
// whose timerfd does not notice a clock step is at most a second late.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/heap.h"
#include "base/list.h"

struct loop;

typedef void loop_fn(void *ctx);

// clock is borrowed. NULL with *e when the kernel has no descriptors left.
[[nodiscard]] struct loop *loop_new(const struct clock *clock, struct err *e);

// Timers and alarms that are still armed become unarmed, posts that wait are forgotten, descriptors
// stay open. Every thread that posts must have been joined before. Accepts NULL.
void loop_free(struct loop *loop);

// Turns until loop_stop (which any thread may call, also before loop_run: then it returns at once,
// and the stop is used up).
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

// One turn; waits at most max_wait_ms (0: not at all, -1: up to a second). Returns how many
// callbacks ran, so that a test may write: while (loop_turn(loop, 0) > 0);
size_t loop_turn(struct loop *loop, int max_wait_ms);

const struct clock *loop_clock(const struct loop *loop);
mono loop_now(const struct loop *loop);       // the stopwatch as read at the start of this turn
mono loop_last_turn(const struct loop *loop); // the same, for other threads: an old value means
                                              // that the loop hangs

// ---- descriptors ----
// A handle belongs to the loop from loop_add to loop_remove. The loop never closes the descriptor:
// first remove, then close. events are epoll's (EPOLLIN, EPOLLOUT, EPOLLET...); errors and hang-ups
// are always reported. fd may be another epoll's descriptor, a pidfd, an inotify.
typedef void loop_fd_fn(int fd, uint32_t events, void *ctx);
struct loop_fd;

// NULL with errno when the kernel refuses (EPERM: a regular file, EEXIST: is here already, ENOSPC,
// EBADF).
[[nodiscard]] struct loop_fd *loop_add(struct loop *loop, int fd, uint32_t events, loop_fd_fn *fn,
                                       void *ctx);
void loop_modify(struct loop *loop, struct loop_fd *handle, uint32_t events);
void loop_remove(struct loop *loop,
                 struct loop_fd *handle); // no more calls, not even for events at hand; accepts
                                          // NULL

// ---- timers: after so much time ----
// Embedded in the owner's struct, zero-initialised; stop it before the owner is freed.
struct loop_timer {
    struct heap_node node;
    struct list due;
    loop_fn *fn;
    void *ctx;
};

// Calls fn once when the stopwatch has reached at (never before; up to a millisecond later). Sets
// it anew if it is armed. A time that has passed fires in the next turn.
void loop_timer_set(struct loop *loop, struct loop_timer *timer, mono at, loop_fn *fn, void *ctx);
void loop_timer_stop(struct loop *loop, struct loop_timer *timer);
bool loop_timer_is_armed(const struct loop_timer *timer);

// ---- alarms: at a time of day ----
// As a timer, but by the wall clock: fires when it has reached at, be it because time passes or
// because the clock is set forward; never early, also not when the clock is set back meanwhile.
struct loop_alarm {
    struct heap_node node;
    struct list due;
    loop_fn *fn;
    void *ctx;
};

void loop_alarm_set(struct loop *loop, struct loop_alarm *alarm, wall at, loop_fn *fn, void *ctx);
void loop_alarm_stop(struct loop *loop, struct loop_alarm *alarm);
bool loop_alarm_is_armed(const struct loop_alarm *alarm);

// Microseconds (>= 0) until the next timer or alarm by the loop's clock; INT64_MAX when none is
// armed. A simulation advances its clock by this much.
int64_t loop_next_us(const struct loop *loop);

// ---- clock steps ----
// Called when the wall clock has moved by more than half a second against the stopwatch; step_us is
// how far (negative: back). Before the alarms of that turn. Suspend is no step: both clocks run on.
// There is no taking back.
typedef void loop_step_fn(int64_t step_us, void *ctx);
void loop_on_step(struct loop *loop, loop_step_fn *fn, void *ctx);

// ---- posts: from any thread ----
// Embedded in the message, zero-initialised, owned by the caller until fn is called, from when on
// it may be freed or posted again. Posts run in the order they came. What was written before
// loop_post is seen by fn.
struct loop_post {
    struct loop_post *next;
    atomic_bool is_waiting;
    loop_fn *fn;
    void *ctx;
};

// Calls fn on the loop's thread. A post that is waiting already is not queued again (fn and ctx
// must be the same as before): it serves as a wake-up that may be rung any number of times.
void loop_post(struct loop *loop, struct loop_post *post, loop_fn *fn, void *ctx);

// Forgets a post, if it is waiting; on the loop's thread only, and nobody may be posting it at that
// moment.
void loop_post_cancel(struct loop *loop, struct loop_post *post);

// ---- the end of this turn ----
// Calls fn once when everything else of this turn is done: for gathering work into one batch. What
// is deferred by a deferred call runs in the next turn, which does not wait. Every call queues: the
// owner keeps a flag if once is meant.
void loop_defer(struct loop *loop, loop_fn *fn, void *ctx);
void loop_defer_cancel(struct loop *loop, loop_fn *fn,
                       void *ctx); // forgets all that have this fn and ctx

// ---- signals ----
// Blocks signo in the calling thread and delivers it through a signalfd. Call it before any thread
// is made: threads inherit the mask, and one that does not block signo would get it instead.
// Children must reset their mask. One function a signal; one loop in the process takes a given
// signal. loop_free leaves the signals blocked.
typedef void loop_signal_fn(int signo, void *ctx);
[[nodiscard]] bool loop_signal(struct loop *loop, int signo, loop_signal_fn *fn, void *ctx,
                               struct err *e);

#define LOOP_BATCH 256
