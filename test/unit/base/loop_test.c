// loop_test.c - descriptors, timers, alarms, posts, signals and clock steps, in simulated time.
// SPDX-License-Identifier: Apache-2.0
#include "base/loop.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "base/file.h"
#include "unit.h"

#define SECOND INT64_C(1000000)

static struct sim_clock sim;
static struct loop *loop;
static char trace[4096]; // what was called, in order

static void note(const char *what)
{
    size_t used = strlen(trace);

    snprintf(trace + used, sizeof trace - used, "%s ", what);
}

static void note_fn(void *ctx)
{
    note(ctx);
}

// Compares and forgets.
#define assert_trace(expected)                \
    do {                                      \
        assert_string_equal(trace, expected); \
        trace[0] = '\0';                      \
    } while (0)

static int setup(void **state)
{
    struct err e;

    (void)state;
    trace[0] = '\0';
    sim_clock_init(&sim, (wall){1000 * SECOND});
    loop = loop_new(&sim.base, &e);
    return loop ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    loop_free(loop);
    return 0;
}

static void advance(int64_t us)
{
    sim_clock_advance(&sim, us);
    (void)loop_turn(loop, 0);
}

static mono at_mono(int64_t us)
{
    return (mono){us};
}

static wall at_wall(int64_t us)
{
    return (wall){1000 * SECOND + us};
}

// ---- timers ----

static void test_timers(void **state)
{
    struct loop_timer t[4] = {0};

    (void)state;
    loop_timer_set(loop, &t[0], at_mono(300), note_fn, "a");
    loop_timer_set(loop, &t[1], at_mono(100), note_fn, "b");
    loop_timer_set(loop, &t[2], at_mono(100), note_fn, "c");
    loop_timer_set(loop, &t[3], at_mono(-5), note_fn, "past");
    assert_true(loop_timer_is_armed(&t[3]));
    assert_int_equal(loop_turn(loop, 0), 1);
    assert_false(loop_timer_is_armed(&t[3]));
    assert_trace("past ");
    advance(99);
    assert_trace("");
    advance(1);
    assert_trace("b c ");
    assert_int_equal(loop_now(loop).us, 100);
    advance(1000);
    assert_trace("a ");
    assert_int_equal(loop_turn(loop, 0), 0);
    loop_timer_set(loop, &t[0], at_mono(2000), note_fn, "a");
    loop_timer_set(loop, &t[0], at_mono(3000), note_fn, "moved");
    loop_timer_set(loop, &t[1], at_mono(2000), note_fn, "stopped");
    loop_timer_stop(loop, &t[1]);
    loop_timer_stop(loop, &t[1]);
    assert_false(loop_timer_is_armed(&t[1]));
    advance(1500);
    assert_trace("");
    advance(1500);
    assert_trace("moved ");
}

static struct loop_timer first, second;

static void stop_second(void *ctx)
{
    (void)ctx;
    note("stop");
    assert_true(loop_timer_is_armed(&second));
    loop_timer_stop(loop, &second);
}

static void move_second(void *ctx)
{
    (void)ctx;
    loop_timer_set(loop, &second, at_mono(50), note_fn, "later");
}

// Both are due in one turn, and the first takes the second away, or puts it off.
static void test_timer_stops_another(void **state)
{
    (void)state;
    loop_timer_set(loop, &first, at_mono(10), stop_second, NULL);
    loop_timer_set(loop, &second, at_mono(10), note_fn, "never");
    advance(20);
    assert_trace("stop ");
    loop_timer_set(loop, &first, at_mono(30), move_second, NULL);
    loop_timer_set(loop, &second, at_mono(30), note_fn, "never");
    advance(20);
    assert_trace("");
    advance(20);
    assert_trace("later ");
}

static void again_at_once(void *ctx)
{
    note(ctx);
    loop_timer_set(loop, &first, at_mono(0), again_at_once, ctx);
}

// A timer that is always late does not shut out the others, nor the rest of the turn.
static void test_timer_again(void **state)
{
    (void)state;
    advance(100);
    loop_timer_set(loop, &first, at_mono(0), again_at_once, "x");
    loop_timer_set(loop, &second, at_mono(50), note_fn, "y");
    (void)loop_turn(loop, 0);
    assert_trace("x y ");
    (void)loop_turn(loop, 0);
    assert_trace("x ");
    loop_timer_stop(loop, &first);
}

static void test_next(void **state)
{
    struct loop_timer t = {0};
    struct loop_alarm a = {0};

    (void)state;
    assert_true(loop_next_us(loop) == INT64_MAX);
    loop_alarm_set(loop, &a, WALL_NEVER, note_fn, "never");
    assert_true(loop_next_us(loop) > INT64_C(1) << 60);
    loop_timer_set(loop, &t, at_mono(500), note_fn, "t");
    assert_int_equal(loop_next_us(loop), 500);
    loop_alarm_set(loop, &a, at_wall(200), note_fn, "a");
    assert_int_equal(loop_next_us(loop), 200);
    sim_clock_step(&sim, -100);
    assert_int_equal(loop_next_us(loop), 300);
    sim_clock_advance(&sim, 1000);
    assert_int_equal(loop_next_us(loop), 0);
    loop_timer_stop(loop, &t);
    loop_alarm_stop(loop, &a);
    assert_true(loop_next_us(loop) == INT64_MAX);
}

// ---- alarms and steps ----

static void note_step(int64_t step_us, void *ctx)
{
    char text[64];

    snprintf(text, sizeof text, "%s%+lld", (const char *)ctx, (long long)step_us);
    note(text);
}

static void test_alarms(void **state)
{
    struct loop_alarm a[3] = {0};

    (void)state;
    loop_on_step(loop, note_step, "step");
    loop_alarm_set(loop, &a[0], at_wall(3600 * SECOND), note_fn, "hour");
    loop_alarm_set(loop, &a[1], at_wall(10), note_fn, "soon");
    loop_alarm_set(loop, &a[2], at_wall(-10), note_fn, "past");
    (void)loop_turn(loop, 0);
    assert_trace("past ");
    advance(9);
    assert_trace("");
    advance(1);
    assert_trace("soon ");
    assert_true(loop_alarm_is_armed(&a[0]));
    // Set forward: the step is told first, then the alarm rings.
    sim_clock_step(&sim, 3600 * SECOND);
    (void)loop_turn(loop, 0);
    assert_trace("step+3600000000 hour ");
    assert_false(loop_alarm_is_armed(&a[0]));
}

static void test_alarm_waits_after_step_back(void **state)
{
    struct loop_alarm a = {0};

    (void)state;
    loop_on_step(loop, note_step, "step");
    loop_alarm_set(loop, &a, at_wall(10 * SECOND), note_fn, "ring");
    sim_clock_step(&sim, -60 * SECOND);
    advance(10 * SECOND);
    assert_trace("step-60000000 ");
    advance(60 * SECOND - 1);
    assert_trace("");
    advance(1);
    assert_trace("ring ");
    loop_alarm_set(loop, &a, at_wall(11 * SECOND), note_fn, "ring");
    loop_alarm_stop(loop, &a);
    assert_false(loop_alarm_is_armed(&a));
    advance(60 * SECOND);
    assert_trace("");
}

static void test_steps(void **state)
{
    (void)state;
    loop_on_step(loop, note_step, "a");
    loop_on_step(loop, note_step, "b");
    advance(8 * 3600 * SECOND); // suspended: both clocks ran on
    assert_trace("");
    sim_clock_step(&sim, SECOND / 2);
    advance(0);
    assert_trace("");
    advance(2 * SECOND); // the mark is renewed
    sim_clock_step(&sim, SECOND / 2 + 1);
    advance(0);
    assert_trace("a+500001 b+500001 ");
    advance(0);
    assert_trace("");
    sim_clock_step(&sim, -SECOND);
    advance(3 * SECOND);
    assert_trace("a-1000000 b-1000000 ");
    // Small steps within a second add up, slow drift does not.
    for (int i = 0; i < 3; i++) {
        sim_clock_step(&sim, 200000);
        advance(10);
    }
    assert_trace("a+600000 b+600000 ");
    for (int i = 0; i < 100; i++) {
        sim_clock_step(&sim, 20000);
        advance(SECOND);
    }
    assert_trace("");
}

// ---- descriptors ----

struct end {
    int fd; // the loop's end; the test writes to the other
    int other;
    struct loop_fd *handle;
    struct end *victim;
    const char *name;
};

static void end_read(int fd, uint32_t events, void *ctx)
{
    const struct end *end = ctx;
    uint64_t count;

    assert_int_equal(fd, end->fd);
    note(end->name);
    if (events & EPOLLHUP)
        note("hup");
    if (events & EPOLLIN)
        (void)!file_read(fd, &count, sizeof count);
}

static void end_open(struct end *end, const char *name, loop_fd_fn *fn)
{
    struct err e;

    assert_true(file_pipe(O_NONBLOCK, &end->fd, &end->other, &e));
    end->name = name;
    end->handle = loop_add(loop, end->fd, EPOLLIN, fn, end);
    assert_non_null(end->handle);
}

static void end_ring(const struct end *end)
{
    assert_true(file_write(end->other, STR_LIT("x")));
}

static void end_close(struct end *end)
{
    loop_remove(loop, end->handle);
    file_close(&end->fd);
    file_close(&end->other);
}

static void test_fds(void **state)
{
    struct end a = {0};

    (void)state;
    end_open(&a, "a", end_read);
    assert_int_equal(loop_turn(loop, 0), 0);
    end_ring(&a);
    assert_int_equal(loop_turn(loop, 0), 1);
    assert_trace("a ");
    assert_int_equal(loop_turn(loop, 0), 0);
    loop_modify(loop, a.handle, 0);
    end_ring(&a);
    assert_int_equal(loop_turn(loop, 0), 0);
    loop_modify(loop, a.handle, EPOLLIN);
    assert_int_equal(loop_turn(loop, 0), 1);
    assert_trace("a ");
    file_close(&a.other);
    (void)loop_turn(loop, 0);
    assert_trace("a hup ");
    assert_int_equal(fcntl(a.fd, F_GETFD), FD_CLOEXEC); // the loop closes nothing
    end_close(&a);
    loop_remove(loop, NULL);
    assert_int_equal(loop_turn(loop, 0), 0);
}

static void test_fd_refused(void **state)
{
    char path[] = "/tmp/belfry-loop-XXXXXX";
    autoclose int file = mkstemp(path);
    autoclose int event = eventfd(0, EFD_CLOEXEC);

    (void)state;
    (void)unlink(path);
    assert_null(loop_add(loop, file, EPOLLIN, end_read, NULL));
    assert_int_equal(errno, EPERM);
    assert_null(loop_add(loop, -1, EPOLLIN, end_read, NULL));
    assert_int_equal(errno, EBADF);
    struct loop_fd *handle = loop_add(loop, event, EPOLLIN, end_read, NULL);
    assert_non_null(handle);
    assert_null(loop_add(loop, event, EPOLLIN, end_read, NULL));
    assert_int_equal(errno, EEXIST);
    loop_remove(loop, handle);
}

static void end_kill(int fd, uint32_t events, void *ctx)
{
    struct end *end = ctx;

    end_read(fd, events, ctx);
    loop_remove(loop, end->victim->handle);
    end->victim->handle = NULL;
}

// Whichever of the two comes first removes the other, whose event of the same batch is not
// delivered.
static void test_fd_removes_another(void **state)
{
    struct end a = {0}, b = {0};

    (void)state;
    end_open(&a, "a", end_kill);
    end_open(&b, "b", end_kill);
    a.victim = &b;
    b.victim = &a;
    end_ring(&a);
    end_ring(&b);
    assert_int_equal(loop_turn(loop, 0), 1);
    assert_true(strcmp(trace, "a ") == 0 || strcmp(trace, "b ") == 0);
    assert_int_equal(loop_turn(loop, 0), 0);
    end_close(&a);
    end_close(&b);
}

static struct end heir;

static void end_replace(int fd, uint32_t events, void *ctx)
{
    end_kill(fd, events, ctx);
    end_open(&heir, "heir", end_read);
}

// The handle of the removed one is used again at once: the old event must not reach the new owner.
static void test_fd_handle_used_again(void **state)
{
    struct end a = {0}, b = {0};

    (void)state;
    end_open(&a, "a", end_replace);
    end_open(&b, "b", end_replace);
    a.victim = &b;
    b.victim = &a;
    end_ring(&a);
    end_ring(&b);
    assert_int_equal(loop_turn(loop, 0), 1);
    assert_int_equal(loop_turn(loop, 0), 0);
    trace[0] = '\0';
    end_ring(&heir);
    assert_int_equal(loop_turn(loop, 0), 1);
    assert_trace("heir ");
    end_close(&a);
    end_close(&b);
    end_close(&heir);
}

static void end_silence(int fd, uint32_t events, void *ctx)
{
    const struct end *end = ctx;

    end_read(fd, events, ctx);
    loop_modify(loop, end->victim->handle, 0);
}

// An event at hand is not delivered either when its owner just said that it does not want it.
static void test_fd_silences_another(void **state)
{
    struct end a = {0}, b = {0};

    (void)state;
    end_open(&a, "a", end_silence);
    end_open(&b, "b", end_silence);
    a.victim = &b;
    b.victim = &a;
    end_ring(&a);
    end_ring(&b);
    assert_int_equal(loop_turn(loop, 0), 1);
    end_close(&a);
    end_close(&b);
}

static void end_remove_self(int fd, uint32_t events, void *ctx)
{
    struct end *end = ctx;

    end_read(fd, events, ctx);
    loop_remove(loop, end->handle);
    end->handle = NULL;
}

static void test_fd_removes_itself(void **state)
{
    struct end a = {0};

    (void)state;
    end_open(&a, "a", end_remove_self);
    end_ring(&a);
    end_ring(&a);
    assert_int_equal(loop_turn(loop, 0), 1);
    assert_int_equal(loop_turn(loop, 0), 0);
    end_close(&a);
}

// More descriptors than a batch holds: each is served within a few turns, once.
static void test_fd_batches(void **state)
{
    enum {
        MANY = LOOP_BATCH + 50
    };
    static struct end ends[MANY];
    size_t calls = 0;

    (void)state;
    for (int i = 0; i < MANY; i++) {
        ends[i].fd = ends[i].other = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
        ends[i].name = "";
        assert_true(ends[i].fd >= 0);
        ends[i].handle = loop_add(loop, ends[i].fd, EPOLLIN, end_read, &ends[i]);
        assert_non_null(ends[i].handle);
    }
    size_t turn = loop_turn(loop, 0);
    assert_in_range(turn, 1, LOOP_BATCH);
    for (calls = turn; (turn = loop_turn(loop, 0)) > 0;)
        calls += turn;
    assert_int_equal(calls, MANY);
    for (int i = 0; i < MANY; i++) {
        loop_remove(loop, ends[i].handle);
        file_close(&ends[i].fd);
    }
}

static void inner_ready(int fd, uint32_t events, void *ctx)
{
    struct epoll_event event;
    uint64_t count;

    (void)events;
    assert_int_equal(epoll_wait(fd, &event, 1, 0), 1);
    (void)!file_read(*(const int *)ctx, &count, sizeof count);
    note("inner");
}

// A library with an epoll of its own hangs in ours by its descriptor.
static void test_nested_epoll(void **state)
{
    autoclose int inner = epoll_create1(EPOLL_CLOEXEC);
    autoclose int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event wish = {.events = EPOLLIN};
    uint64_t one = 1;

    (void)state;
    assert_int_equal(epoll_ctl(inner, EPOLL_CTL_ADD, event, &wish), 0);
    struct loop_fd *handle = loop_add(loop, inner, EPOLLIN, inner_ready, &event);
    assert_non_null(handle);
    assert_int_equal(loop_turn(loop, 0), 0);
    assert_int_equal(write(event, &one, sizeof one), sizeof one);
    assert_int_equal(loop_turn(loop, -1), 1);
    assert_trace("inner ");
    assert_int_equal(loop_turn(loop, 0), 0);
    loop_remove(loop, handle);
}

// ---- posts ----

static struct loop_post post_a, post_b, post_c;

static void post_again(void *ctx)
{
    note(ctx);
    loop_post(loop, &post_a, note_fn, "again");
}

static void test_posts(void **state)
{
    (void)state;
    loop_post(loop, &post_a, note_fn, "a");
    loop_post(loop, &post_b, note_fn, "b");
    loop_post(loop, &post_a, note_fn, "a"); // waits already
    loop_post(loop, &post_c, note_fn, "c");
    (void)loop_turn(loop, -1);
    assert_trace("a b c ");
    (void)loop_turn(loop, 0);
    assert_trace("");
    loop_post(loop, &post_a, post_again, "first"); // may post itself, for the next turn
    (void)loop_turn(loop, -1);
    assert_trace("first ");
    (void)loop_turn(loop, -1);
    assert_trace("again ");
}

static void cancel_b(void *ctx)
{
    note(ctx);
    loop_post_cancel(loop, &post_b);
}

static void test_post_cancel(void **state)
{
    (void)state;
    loop_post(loop, &post_a, note_fn, "a");
    loop_post(loop, &post_b, note_fn, "b");
    loop_post(loop, &post_c, note_fn, "c");
    loop_post_cancel(loop, &post_b);
    loop_post_cancel(loop, &post_b);
    loop_post(loop, &post_b, note_fn, "b"); // at the end now
    (void)loop_turn(loop, 0);
    assert_trace("a c b ");
    loop_post(loop, &post_a, cancel_b, "a");
    loop_post(loop, &post_b, note_fn, "b");
    (void)loop_turn(loop, 0);
    assert_trace("a ");
    loop_post(loop, &post_b, note_fn, "b"); // may be used again
    (void)loop_turn(loop, 0);
    assert_trace("b ");
}

enum {
    POSTERS = 4,
    POSTS = 2000
};

struct poster {
    pthread_t thread;
    struct loop_post posts[POSTS];
    int seen; // how many arrived, written by the loop's thread only
    struct numbered {
        struct poster *poster;
        int n;
    } numbers[POSTS];
};

static void poster_arrived(void *ctx)
{
    const struct numbered *number = ctx;

    assert_int_equal(number->n, number->poster->seen); // in the order of its thread
    number->poster->seen++;
}

static void *poster_main(void *ctx)
{
    struct poster *poster = ctx;

    for (int i = 0; i < POSTS; i++) {
        poster->numbers[i] = (struct numbered){poster, i};
        loop_post(loop, &poster->posts[i], poster_arrived, &poster->numbers[i]);
    }
    return NULL;
}

static bool posters_are_heard(const struct poster *posters)
{
    int seen = 0;

    for (int i = 0; i < POSTERS; i++)
        seen += posters[i].seen;
    return seen == POSTERS * POSTS;
}

static void test_posts_from_threads(void **state)
{
    static struct poster posters[POSTERS];

    (void)state;
    for (int i = 0; i < POSTERS; i++)
        assert_int_equal(pthread_create(&posters[i].thread, NULL, poster_main, &posters[i]), 0);
    for (int turns = 0; !posters_are_heard(posters) && turns < 100000; turns++)
        (void)loop_turn(loop, -1);
    for (int i = 0; i < POSTERS; i++) {
        pthread_join(posters[i].thread, NULL);
        assert_int_equal(posters[i].seen, POSTS);
    }
}

// A wake-up rung from several threads: what was written before a ring is seen after it.
struct bell {
    struct loop_post post;
    _Atomic int rung;
    int heard;
};

static void bell_heard(void *ctx)
{
    struct bell *bell = ctx;

    bell->heard = atomic_load_explicit(&bell->rung, memory_order_relaxed);
}

static void *bell_main(void *ctx)
{
    struct bell *bell = ctx;

    for (int i = 0; i < POSTS; i++) {
        atomic_fetch_add_explicit(&bell->rung, 1, memory_order_relaxed);
        loop_post(loop, &bell->post, bell_heard, bell);
    }
    return NULL;
}

static void test_bell(void **state)
{
    static struct bell bell;
    pthread_t threads[2];

    (void)state;
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, bell_main, &bell), 0);
    for (int turns = 0; bell.heard < 2 * POSTS && turns < 100000; turns++)
        (void)loop_turn(loop, -1);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(bell.heard, 2 * POSTS);
}

// ---- deferred ----

static void defer_more(void *ctx)
{
    note(ctx);
    loop_defer(loop, note_fn, "more");
    loop_defer_cancel(loop, note_fn, "cancelled");
}

static void test_defer(void **state)
{
    struct loop_timer t = {0};

    (void)state;
    loop_timer_set(loop, &t, at_mono(0), note_fn, "timer");
    loop_defer(loop, defer_more, "a");
    loop_defer(loop, note_fn, "b");
    loop_defer(loop, note_fn, "cancelled");
    loop_defer(loop, note_fn, "b");
    assert_int_equal(loop_turn(loop, -1), 4);
    assert_trace("timer a b b ");
    assert_int_equal(loop_turn(loop, -1), 1); // does not wait
    assert_trace("more ");
    loop_defer(loop, note_fn, "c");
    loop_defer_cancel(loop, note_fn, "c");
    assert_int_equal(loop_turn(loop, 0), 0);
    assert_trace("");
}

// One turn: descriptors, posts, timers, alarms, deferred; the step before all.
static void test_order(void **state)
{
    struct loop_timer t = {0};
    struct loop_alarm a = {0};
    struct end end = {0};

    (void)state;
    end_open(&end, "fd", end_read);
    end_ring(&end);
    loop_on_step(loop, note_step, "step");
    loop_defer(loop, note_fn, "deferred");
    loop_alarm_set(loop, &a, at_wall(5), note_fn, "alarm");
    loop_timer_set(loop, &t, at_mono(5), note_fn, "timer");
    loop_post(loop, &post_a, note_fn, "post");
    sim_clock_step(&sim, SECOND);
    advance(10);
    assert_trace("step+1000000 fd post timer alarm deferred ");
    end_close(&end);
}

// ---- signals ----

static void note_signal(int signo, void *ctx)
{
    note(signo == SIGUSR1 ? "usr1" : signo == SIGUSR2 ? "usr2" : "?");
    note(ctx);
}

static void test_signals(void **state)
{
    sigset_t before;
    struct err e;

    (void)state;
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    assert_true(loop_signal(loop, SIGUSR1, note_signal, "x", &e));
    assert_true(loop_signal(loop, SIGUSR2, note_signal, "y", &e));
    assert_int_equal(kill(getpid(), SIGUSR2), 0);
    assert_int_equal(loop_turn(loop, -1), 1);
    assert_trace("usr2 y ");
    assert_true(loop_signal(loop, SIGUSR1, note_signal, "z", &e)); // another reader
    assert_int_equal(kill(getpid(), SIGUSR1), 0);
    (void)loop_turn(loop, -1);
    assert_trace("usr1 z ");
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

// ---- running ----

static void stop_from_inside(void *ctx)
{
    (void)ctx;
    note("stopping");
    loop_stop(loop);
}

static void *stop_from_outside(void *ctx)
{
    loop_stop(ctx);
    return NULL;
}

static void test_run(void **state)
{
    struct loop_timer t = {0};
    pthread_t thread;

    (void)state;
    loop_timer_set(loop, &t, at_mono(0), stop_from_inside, NULL);
    loop_run(loop);
    assert_trace("stopping ");
    loop_stop(loop);
    loop_defer(loop, note_fn, "not yet");
    loop_run(loop); // was stopped before
    assert_trace("");
    assert_int_equal(pthread_create(&thread, NULL, stop_from_outside, loop), 0);
    loop_run(loop);
    pthread_join(thread, NULL);
    sim_clock_advance(&sim, 77);
    (void)loop_turn(loop, 0);
    assert_int_equal(loop_last_turn(loop).us, 77);
    assert_ptr_equal(loop_clock(loop), &sim.base);
}

static void turn_inside(void *ctx)
{
    (void)ctx;
    (void)loop_turn(loop, 0);
}

static void turn_in_turn(void *ctx)
{
    (void)ctx;
    loop_defer(loop, turn_inside, NULL);
    (void)loop_turn(loop, 0);
}

static void remove_twice(void *ctx)
{
    struct end a = {0};

    (void)ctx;
    end_open(&a, "a", end_read);
    loop_remove(loop, a.handle);
    loop_remove(loop, a.handle);
}

static void test_misuse(void **state)
{
    (void)state;
    assert_true(unit_dies(turn_in_turn, NULL));
    assert_true(unit_dies(remove_twice, NULL));
}

// ---- two loops in two threads ----

struct player {
    struct loop *loop;
    struct player *other;
    struct loop_post post;
    int hits;
};

static void player_hit(void *ctx)
{
    struct player *player = ctx;

    player->hits++;
    if (player->hits == 1000)
        loop_stop(player->loop);
    if (player->hits <= 1000)
        loop_post(player->other->loop, &player->other->post, player_hit, player->other);
}

static void *player_main(void *ctx)
{
    loop_run(((const struct player *)ctx)->loop);
    return NULL;
}

static void test_two_loops(void **state)
{
    struct sim_clock other_sim;
    struct player a = {.loop = loop}, b = {0};
    pthread_t thread;
    struct err e;

    (void)state;
    sim_clock_init(&other_sim, (wall){0});
    b.loop = loop_new(&other_sim.base, &e);
    assert_non_null(b.loop);
    a.other = &b;
    b.other = &a;
    assert_int_equal(pthread_create(&thread, NULL, player_main, &b), 0);
    loop_post(loop, &a.post, player_hit, &a);
    loop_run(loop);
    pthread_join(thread, NULL);
    assert_int_equal(a.hits, 1000);
    assert_int_equal(b.hits, 1000);
    loop_free(b.loop);
}

// The loop goes while all is armed: owners may still ask and stop.
static void test_free_while_armed(void **state)
{
    struct loop_timer t = {0};
    struct loop_alarm a = {0};
    struct sim_clock clock;
    struct err e;

    (void)state;
    sim_clock_init(&clock, (wall){0});
    struct loop *other = loop_new(&clock.base, &e);
    assert_non_null(other);
    loop_timer_set(other, &t, at_mono(5), note_fn, "t");
    loop_alarm_set(other, &a, (wall){5}, note_fn, "a");
    loop_defer(other, note_fn, "d");
    loop_free(other);
    assert_false(loop_timer_is_armed(&t));
    assert_false(loop_alarm_is_armed(&a));
    loop_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_timers),
        TEST(test_timer_stops_another),
        TEST(test_timer_again),
        TEST(test_next),
        TEST(test_alarms),
        TEST(test_alarm_waits_after_step_back),
        TEST(test_steps),
        TEST(test_fds),
        TEST(test_fd_refused),
        TEST(test_fd_removes_another),
        TEST(test_fd_handle_used_again),
        TEST(test_fd_silences_another),
        TEST(test_fd_removes_itself),
        TEST(test_fd_batches),
        TEST(test_nested_epoll),
        TEST(test_posts),
        TEST(test_post_cancel),
        TEST(test_posts_from_threads),
        TEST(test_bell),
        TEST(test_defer),
        TEST(test_order),
        TEST(test_signals),
        TEST(test_run),
        TEST(test_misuse),
        TEST(test_two_loops),
        TEST(test_free_while_armed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
