// loop.c - epoll, two heaps of times, a stack of posts.
// SPDX-License-Identifier: Apache-2.0
//
// Descriptors: epoll's data is not a pointer but (index, generation) of the handle. A handle that
// was removed, or removed and given to another descriptor, has another generation; events of the
// same batch that still name the old one fall through. No graveyard, no order to think of.
//
// Times: timers sleep in a heap by stopwatch, alarms in a heap by wall clock. What is due moves to
// a list first and is called from there, so that each fires at most once a turn even if it re-arms
// itself in the past.
//
// Waking: epoll_wait never sleeps longer than until the next timer, the next alarm, or a second.
// The timerfd on CLOCK_REALTIME makes alarms exact to the microsecond and, with
// TFD_TIMER_CANCEL_ON_SET, wakes us the moment somebody sets the clock. It only wakes: under
// libfaketime and in some containers it never rings, and then the second does.
//
// Posts: a stack that any thread pushes with compare-and-swap and the loop takes whole; who pushes
// onto the empty stack rings the eventfd, so a burst costs one write.
#include "base/loop.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/vec.h"

#define TICK_US 1000000 // the longest wait, and the age at which the mark of both clocks is renewed
#define STEP_LEAST_US 500000 // a smaller difference is no step
#define LOOK_FUZZ_US 10000   // two readings further apart than this cannot be compared
#define ALARM_FAR_US \
    (INT64_C(1) << 53) // where the timerfd stands when no alarm is armed: the year 2255

struct loop_fd {
    int fd;
    uint32_t events;
    uint32_t index;
    uint32_t generation;
    loop_fd_fn *fn; // NULL: the handle is free
    void *ctx;
};

struct deferred {
    loop_fn *fn;
    void *ctx;
};

struct watcher {
    loop_step_fn *fn;
    void *ctx;
};

struct signal_watch {
    loop_signal_fn *fn;
    void *ctx;
};

struct loop {
    const struct clock *clock;
    int epoll;
    int eventfd;
    int timerfd;
    int signalfd; // -1 until the first loop_signal
    bool is_turning;
    atomic_bool is_stopping;
    _Atomic int64_t last_turn_us;
    mono now; // both as read at the start of this turn
    wall wall_now;
    mono mark; // what wall_mark is compared with
    wall wall_mark;
    VEC_OF(struct loop_fd *) fds; // by index; never shrinks
    VEC_OF(uint32_t) free_fds;
    struct heap timers;
    struct heap alarms;
    struct list due_timers;
    struct list due_alarms;
    int64_t timerfd_at;                 // what the timerfd is set to; 0: not set
    _Atomic(struct loop_post *) posted; // newest first
    struct loop_post *ready;            // taken from posted, oldest first
    VEC_OF(struct deferred) deferred;
    VEC_OF(struct deferred) deferring; // being called
    VEC_OF(struct watcher) watchers;
    sigset_t signals;
    struct signal_watch signal_watches[_NSIG];
};

static bool loop_open(struct loop *loop, struct err *e);
static void clocks_read(struct loop *loop);
static size_t steps_report(struct loop *loop);
static size_t fds_run(struct loop *loop, const struct epoll_event *events, int count);
static size_t posts_run(struct loop *loop);
static size_t timers_run(struct loop *loop);
static size_t alarms_run(struct loop *loop);
static size_t deferred_run(struct loop *loop);
static int wait_ms(struct loop *loop, int max_wait_ms);
static int wait_for_events(struct loop *loop, struct epoll_event *events, int max_wait_ms);
static void wake_ring(struct loop *loop);
static void wake_read(int fd, uint32_t events, void *ctx);
static void timer_read(int fd, uint32_t events, void *ctx);
static void signal_read(int fd, uint32_t events, void *ctx);

struct loop *loop_new(const struct clock *clock, struct err *e)
{
    struct loop *loop = mem_alloc(sizeof *loop);

    loop->clock = clock;
    loop->epoll = loop->eventfd = loop->timerfd = loop->signalfd = -1;
    list_init(&loop->due_timers);
    list_init(&loop->due_alarms);
    sigemptyset(&loop->signals);
    clocks_read(loop);
    loop->mark = loop->now;
    loop->wall_mark = loop->wall_now;
    if (!loop_open(loop, e)) {
        loop_free(loop);
        return NULL;
    }
    return loop;
}

static bool loop_open(struct loop *loop, struct err *e)
{
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    loop->eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    loop->timerfd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (loop->epoll < 0 || loop->eventfd < 0 || loop->timerfd < 0)
        return fail_errno(e, ERR_SYSTEM, errno, "cannot make an event loop");
    if (!loop_add(loop, loop->eventfd, EPOLLIN, wake_read, loop) ||
        !loop_add(loop, loop->timerfd, EPOLLIN, timer_read, loop))
        return fail_errno(e, ERR_SYSTEM, errno, "cannot make an event loop");
    return true;
}

static void due_forget(struct list *due)
{
    while (list_pop(due))
        ;
}

void loop_free(struct loop *loop)
{
    if (!loop)
        return;
    assert(!loop->is_turning);
    heap_done(&loop->timers);
    heap_done(&loop->alarms);
    due_forget(&loop->due_timers);
    due_forget(&loop->due_alarms);
    for (size_t i = 0; i < loop->fds.len; i++)
        free(loop->fds.v[i]);
    vec_done(&loop->fds);
    vec_done(&loop->free_fds);
    vec_done(&loop->deferred);
    vec_done(&loop->deferring);
    vec_done(&loop->watchers);
    file_close(&loop->signalfd);
    file_close(&loop->timerfd);
    file_close(&loop->eventfd);
    file_close(&loop->epoll);
    free(loop);
}

void loop_run(struct loop *loop)
{
    while (!atomic_exchange(&loop->is_stopping, false))
        (void)loop_turn(loop, -1);
}

void loop_stop(struct loop *loop)
{
    atomic_store(&loop->is_stopping, true);
    wake_ring(loop);
}

size_t loop_turn(struct loop *loop, int max_wait_ms)
{
    struct epoll_event events[LOOP_BATCH];
    size_t calls = 0;

    assert(!loop->is_turning);
    loop->is_turning = true;
    int count = wait_for_events(loop, events, max_wait_ms);
    clocks_read(loop);
    calls += steps_report(loop);
    calls += fds_run(loop, events, count);
    calls += posts_run(loop);
    calls += timers_run(loop);
    calls += alarms_run(loop);
    calls += deferred_run(loop);
    loop->is_turning = false;
    return calls;
}

const struct clock *loop_clock(const struct loop *loop)
{
    return loop->clock;
}

mono loop_now(const struct loop *loop)
{
    return loop->now;
}

mono loop_last_turn(const struct loop *loop)
{
    return (mono){atomic_load_explicit(&loop->last_turn_us, memory_order_relaxed)};
}

// ---- descriptors ----

static uint64_t handle_name(const struct loop_fd *handle)
{
    return (uint64_t)handle->generation << 32 | handle->index;
}

static struct loop_fd *handle_take(struct loop *loop)
{
    if (loop->free_fds.len > 0)
        return loop->fds.v[loop->free_fds.v[--loop->free_fds.len]];
    struct loop_fd *handle = mem_alloc(sizeof *handle);

    handle->index = (uint32_t)loop->fds.len;
    vec_push(&loop->fds, handle);
    return handle;
}

static void handle_give_back(struct loop *loop, struct loop_fd *handle)
{
    handle->fn = NULL;
    handle->generation++;
    vec_push(&loop->free_fds, handle->index);
}

struct loop_fd *loop_add(struct loop *loop, int fd, uint32_t events, loop_fd_fn *fn, void *ctx)
{
    assert(fn);
    struct loop_fd *handle = handle_take(loop);
    struct epoll_event event = {.events = events, .data.u64 = handle_name(handle)};

    handle->fd = fd;
    handle->events = events;
    handle->fn = fn;
    handle->ctx = ctx;
    if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
        int errnum = errno;

        handle_give_back(loop, handle);
        errno = errnum;
        return NULL;
    }
    return handle;
}

void loop_modify(struct loop *loop, struct loop_fd *handle, uint32_t events)
{
    assert(handle->fn);
    struct epoll_event event = {.events = events, .data.u64 = handle_name(handle)};

    handle->events = events;
    int rc = epoll_ctl(loop->epoll, EPOLL_CTL_MOD, handle->fd, &event);
    assert(rc == 0); // else the descriptor was closed before loop_remove
}

void loop_remove(struct loop *loop, struct loop_fd *handle)
{
    if (!handle)
        return;
    assert(handle->fn);
    // A descriptor that was closed first (EBADF, ENOENT) has left epoll by itself, unless a copy of
    // it is open.
    (void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, handle->fd, NULL);
    handle_give_back(loop, handle);
}

static size_t fds_run(struct loop *loop, const struct epoll_event *events, int count)
{
    size_t calls = 0;

    for (int i = 0; i < count; i++) {
        struct loop_fd *handle = loop->fds.v[(uint32_t)events[i].data.u64];
        uint32_t what = events[i].events & (handle->events | EPOLLERR | EPOLLHUP);

        if (!handle->fn || handle_name(handle) != events[i].data.u64 || what == 0)
            continue;
        handle->fn(handle->fd, what, handle->ctx);
        calls++;
    }
    return calls;
}

// ---- waiting ----

int64_t loop_next_us(const struct loop *loop)
{
    const struct heap_node *timer = heap_peek(&loop->timers);
    const struct heap_node *alarm = heap_peek(&loop->alarms);
    int64_t next = INT64_MAX, us;

    if (timer && !__builtin_sub_overflow(timer->key, clock_mono(loop->clock).us, &us))
        next = us;
    if (alarm && !__builtin_sub_overflow(alarm->key, clock_wall(loop->clock).us, &us) && us < next)
        next = us;
    return next < 0 ? 0 : next;
}

static bool has_work_at_hand(const struct loop *loop)
{
    return loop->deferred.len > 0 || loop->ready ||
           atomic_load_explicit(&loop->posted, memory_order_relaxed) ||
           atomic_load_explicit(&loop->is_stopping, memory_order_relaxed);
}

static int wait_ms(struct loop *loop, int max_wait_ms)
{
    if (max_wait_ms == 0 || has_work_at_hand(loop))
        return 0;
    int64_t us = loop_next_us(loop);

    if (us > TICK_US)
        us = TICK_US;
    int ms = (int)((us + 999) / 1000);
    return max_wait_ms > 0 && max_wait_ms < ms ? max_wait_ms : ms;
}

// Sets the timerfd to the next alarm. False when the clock was set since we last looked: then there
// is no waiting.
static bool timerfd_set(struct loop *loop)
{
    const struct heap_node *alarm = heap_peek(&loop->alarms);
    int64_t at = alarm && alarm->key < ALARM_FAR_US ? alarm->key : ALARM_FAR_US;

    at = at < 1 ? 1 : at; // 0 would disarm it
    if (at == loop->timerfd_at || loop->clock != clock_real())
        return true;
    loop->timerfd_at = at;
    int flags = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;
    struct itimerspec spec = {.it_value = {at / 1000000, at % 1000000 * 1000}};
    if (timerfd_settime(loop->timerfd, flags, &spec, NULL) == 0)
        return true;
    if (errno == ECANCELED)
        return false;
    (void)timerfd_settime(loop->timerfd, TFD_TIMER_ABSTIME, &spec,
                          NULL); // a kernel without cancel-on-set
    return true;
}

static int wait_for_events(struct loop *loop, struct epoll_event *events, int max_wait_ms)
{
    int ms = timerfd_set(loop) ? wait_ms(loop, max_wait_ms) : 0;
    int count = epoll_wait(loop->epoll, events, LOOP_BATCH, ms);

    assert(count >= 0 || errno == EINTR);
    return count < 0 ? 0 : count;
}

static void timer_read(int fd, uint32_t events, void *ctx)
{
    struct loop *loop = ctx;
    uint64_t count;

    (void)events;
    // Cancelled because the clock was set: it must be armed anew, and this turn looks at the clocks
    // anyway. Rung: it is not armed anew for the same alarm, for if the clock we read is not the
    // kernel's, it would ring at once for ever.
    if (read(fd, &count, sizeof count) < 0 && errno == ECANCELED)
        loop->timerfd_at = 0;
}

// ---- clocks ----

// Reads both clocks close together: a reading that was torn apart (we were not running in between)
// is repeated.
static void clocks_read(struct loop *loop)
{
    for (int tries = 0; tries < 10; tries++) {
        mono before = clock_mono(loop->clock);

        loop->wall_now = clock_wall(loop->clock);
        loop->now = clock_mono(loop->clock);
        if (loop->now.us - before.us <= LOOK_FUZZ_US)
            break;
    }
    atomic_store_explicit(&loop->last_turn_us, loop->now.us, memory_order_relaxed);
}

static size_t steps_report(struct loop *loop)
{
    int64_t passed = loop->now.us - loop->mark.us;
    int64_t step = loop->wall_now.us - loop->wall_mark.us - passed;
    bool is_step = step > STEP_LEAST_US || step < -STEP_LEAST_US;

    // The mark is not renewed in each turn: many small steps within a second add up.
    if (!is_step && passed < TICK_US)
        return 0;
    loop->mark = loop->now;
    loop->wall_mark = loop->wall_now;
    if (!is_step)
        return 0;
    for (size_t i = 0; i < loop->watchers.len; i++)
        loop->watchers.v[i].fn(step, loop->watchers.v[i].ctx);
    return loop->watchers.len;
}

void loop_on_step(struct loop *loop, loop_step_fn *fn, void *ctx)
{
    vec_push(&loop->watchers, ((struct watcher){fn, ctx}));
}

// ---- timers and alarms ----

static void time_set(struct heap *heap, struct heap_node *node, struct list *due, int64_t at)
{
    list_remove(due);
    if (heap_has(node))
        heap_update(heap, node, at);
    else
        heap_push(heap, node, at);
}

static void time_stop(struct heap *heap, struct heap_node *node, struct list *due)
{
    list_remove(due);
    if (heap_has(node))
        heap_remove(heap, node);
}

void loop_timer_set(struct loop *loop, struct loop_timer *timer, mono at, loop_fn *fn, void *ctx)
{
    time_set(&loop->timers, &timer->node, &timer->due, at.us);
    timer->fn = fn;
    timer->ctx = ctx;
}

void loop_timer_stop(struct loop *loop, struct loop_timer *timer)
{
    time_stop(&loop->timers, &timer->node, &timer->due);
}

bool loop_timer_is_armed(const struct loop_timer *timer)
{
    return heap_has(&timer->node) || list_has(&timer->due);
}

static size_t timers_run(struct loop *loop)
{
    struct heap_node *node;
    struct list *link;
    size_t calls = 0;

    while ((node = heap_peek(&loop->timers)) && node->key <= loop->now.us) {
        heap_remove(&loop->timers, node);
        list_push(&loop->due_timers, &heap_item(node, struct loop_timer, node)->due);
    }
    for (; (link = list_pop(&loop->due_timers)); calls++) {
        struct loop_timer *timer = list_item(link, struct loop_timer, due);

        timer->fn(timer->ctx);
    }
    return calls;
}

void loop_alarm_set(struct loop *loop, struct loop_alarm *alarm, wall at, loop_fn *fn, void *ctx)
{
    time_set(&loop->alarms, &alarm->node, &alarm->due, at.us);
    alarm->fn = fn;
    alarm->ctx = ctx;
}

void loop_alarm_stop(struct loop *loop, struct loop_alarm *alarm)
{
    time_stop(&loop->alarms, &alarm->node, &alarm->due);
}

bool loop_alarm_is_armed(const struct loop_alarm *alarm)
{
    return heap_has(&alarm->node) || list_has(&alarm->due);
}

static size_t alarms_run(struct loop *loop)
{
    struct heap_node *node;
    struct list *link;
    size_t calls = 0;

    while ((node = heap_peek(&loop->alarms)) && node->key <= loop->wall_now.us) {
        heap_remove(&loop->alarms, node);
        list_push(&loop->due_alarms, &heap_item(node, struct loop_alarm, node)->due);
    }
    for (; (link = list_pop(&loop->due_alarms)); calls++) {
        struct loop_alarm *alarm = list_item(link, struct loop_alarm, due);

        alarm->fn(alarm->ctx);
    }
    return calls;
}

// ---- posts ----

static void wake_ring(struct loop *loop)
{
    uint64_t one = 1;

    while (write(loop->eventfd, &one, sizeof one) < 0 && errno == EINTR)
        ; // EAGAIN: the counter is full, so the loop is woken already
}

static void wake_read(int fd, uint32_t events, void *ctx)
{
    uint64_t count;

    (void)events;
    (void)ctx;
    (void)!read(fd, &count, sizeof count);
}

void loop_post(struct loop *loop, struct loop_post *post, loop_fn *fn, void *ctx)
{
    if (atomic_exchange(&post->is_waiting, true))
        return;
    post->fn = fn;
    post->ctx = ctx;
    struct loop_post *top = atomic_load_explicit(&loop->posted, memory_order_relaxed);
    do
        post->next = top;
    while (!atomic_compare_exchange_weak(&loop->posted, &top, post));
    if (!top)
        wake_ring(loop);
}

// Moves what was posted behind what is ready, oldest first.
static void posts_take(struct loop *loop)
{
    struct loop_post *post = atomic_exchange(&loop->posted, NULL);
    struct loop_post *oldest = NULL;
    struct loop_post **end = &loop->ready;

    while (post) {
        struct loop_post *next = post->next;

        post->next = oldest;
        oldest = post;
        post = next;
    }
    while (*end)
        end = &(*end)->next;
    *end = oldest;
}

// Calls what was posted up to now; what is posted meanwhile waits for the next turn.
static size_t posts_run(struct loop *loop)
{
    struct loop_post *post;
    size_t calls = 0;

    posts_take(loop);
    for (; (post = loop->ready); calls++) {
        loop_fn *fn = post->fn;
        void *ctx = post->ctx;

        loop->ready = post->next;
        // From here on it is the poster's again. An exchange, to see what those wrote who rang
        // without queueing.
        atomic_exchange(&post->is_waiting, false);
        fn(ctx);
    }
    return calls;
}

void loop_post_cancel(struct loop *loop, struct loop_post *post)
{
    posts_take(loop);
    for (struct loop_post **at = &loop->ready; *at; at = &(*at)->next) {
        if (*at == post) {
            *at = post->next;
            atomic_store(&post->is_waiting, false);
            return;
        }
    }
}

// ---- the end of this turn ----

void loop_defer(struct loop *loop, loop_fn *fn, void *ctx)
{
    vec_push(&loop->deferred, ((struct deferred){fn, ctx}));
}

static void deferred_forget(struct deferred *v, size_t len, loop_fn *fn, const void *ctx)
{
    for (size_t i = 0; i < len; i++)
        if (v[i].fn == fn && v[i].ctx == ctx)
            v[i].fn = NULL;
}

void loop_defer_cancel(struct loop *loop, loop_fn *fn, void *ctx)
{
    deferred_forget(loop->deferred.v, loop->deferred.len, fn, ctx);
    deferred_forget(loop->deferring.v, loop->deferring.len, fn, ctx);
}

static size_t deferred_run(struct loop *loop)
{
    __typeof__(loop->deferred.v) spare = loop->deferring.v;
    size_t spare_cap = loop->deferring.cap, calls = 0;

    // Both arrays change places, so that neither is ever allocated again.
    loop->deferring.v = loop->deferred.v;
    loop->deferring.len = loop->deferred.len;
    loop->deferring.cap = loop->deferred.cap;
    loop->deferred.v = spare;
    loop->deferred.cap = spare_cap;
    loop->deferred.len = 0;
    for (size_t i = 0; i < loop->deferring.len; i++) {
        struct deferred call = loop->deferring.v[i];

        if (!call.fn)
            continue;
        call.fn(call.ctx);
        calls++;
    }
    vec_clear(&loop->deferring);
    return calls;
}

// ---- signals ----

bool loop_signal(struct loop *loop, int signo, loop_signal_fn *fn, void *ctx, struct err *e)
{
    assert(signo > 0 && signo < _NSIG);
    sigset_t one;

    sigemptyset(&one);
    sigaddset(&one, signo);
    sigaddset(&loop->signals, signo);
    loop->signal_watches[signo] = (struct signal_watch){fn, ctx};
    int errnum = pthread_sigmask(SIG_BLOCK, &one, NULL);
    if (errnum != 0)
        return fail_errno(e, ERR_SYSTEM, errnum, "cannot block signal %d", signo);
    int fd = signalfd(loop->signalfd, &loop->signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        return fail_errno(e, ERR_SYSTEM, errno, "cannot watch signal %d", signo);
    if (loop->signalfd >= 0)
        return true;
    loop->signalfd = fd;
    if (!loop_add(loop, fd, EPOLLIN, signal_read, loop))
        return fail_errno(e, ERR_SYSTEM, errno, "cannot watch signal %d", signo);
    return true;
}

static void signal_read(int fd, uint32_t events, void *ctx)
{
    struct loop *loop = ctx;
    struct signalfd_siginfo info;

    (void)events;
    while (read(fd, &info, sizeof info) == (ssize_t)sizeof info) {
        const struct signal_watch *watch = &loop->signal_watches[info.ssi_signo];

        if (watch->fn)
            watch->fn((int)info.ssi_signo, watch->ctx);
    }
}
