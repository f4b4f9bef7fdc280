// module_child.c - runs into the ring, results and output out of it.
// SPDX-License-Identifier: Apache-2.0
#include "exec/module_child.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

#define WAKE_EVERY 64   // runs of a burst after which the host is rung
#define REFUSALS_MAX 10 // hosts that may send a run on because its module has changed

static bool memory_open(struct module_child *child, struct err *e);
static void late_wake(void *ctx);
static void child_launched(const struct launch_result *result, void *ctx);
static void done_ready(int fd, uint32_t events, void *ctx);
static void out_ready(int fd, uint32_t events, void *ctx);
static void err_ready(int fd, uint32_t events, void *ctx);
static void exit_seen(int fd, uint32_t events, void *ctx);

struct module_child *module_child_new(struct loop *loop, struct launcher *launcher,
                                      const struct launch_spec *spec,
                                      const struct module_events *events, void *ctx, struct err *e)
{
    struct module_child *child = mem_alloc(sizeof *child);
    struct launch_spec own = *spec;

    child->loop = loop;
    child->events = events;
    child->ctx = ctx;
    child->idle_since = loop_now(loop);
    child->process = (struct launch_result){.pidfd = -1, .out = -1, .err = -1};
    if (memory_open(child, e)) {
        own.extra[0] = child->memory_fd;
        own.extra[1] = child->wake_fd;
        own.extra[2] = child->done_fd;
        child->is_launching = launch_start(launcher, &own, child_launched, child, e);
    }
    if (child->is_launching)
        return child;
    module_child_free(child);
    return NULL;
}

// Sealed, so that a module cannot make the memory smaller under belfry's feet.
static bool memory_open(struct module_child *child, struct err *e)
{
    int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

    child->memory_fd = launch_fd(memfd_create("belfry-ring", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    child->wake_fd = launch_fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    child->done_fd = launch_fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (child->memory_fd < 0 || child->wake_fd < 0 || child->done_fd < 0 ||
        ftruncate(child->memory_fd, sizeof *child->ring) < 0 ||
        fcntl(child->memory_fd, F_ADD_SEALS, seals) < 0)
        return fail_errno(e, ERR_SYSTEM, errno, "could not start a module host");
    child->ring =
        mmap(NULL, sizeof *child->ring, PROT_READ | PROT_WRITE, MAP_SHARED, child->memory_fd, 0);
    if (child->ring != MAP_FAILED)
        return true;
    child->ring = NULL;
    return fail_errno(e, ERR_SYSTEM, errno, "could not start a module host");
}

static void group_signal(struct module_child *child, int signo)
{
    if (child->process.pidfd >= 0)
        kill(-child->process.pid, signo);
}

static void watches_close(struct module_child *child)
{
    loop_timer_stop(child->loop, &child->kill_timer);
    loop_remove(child->loop, child->exit_handle);
    loop_remove(child->loop, child->out_handle);
    loop_remove(child->loop, child->err_handle);
    loop_remove(child->loop, child->done_handle);
    child->exit_handle = child->out_handle = child->err_handle = child->done_handle = NULL;
}

void module_child_free(struct module_child *child)
{
    if (!child)
        return;
    assert(!child->is_launching);
    list_remove(&child->link);
    loop_defer_cancel(child->loop, late_wake, child);
    watches_close(child);
    if (child->process.pidfd >= 0) {
        if (!child->has_exited || child->is_stopped)
            group_signal(child, SIGKILL);
        while (waitid(P_PIDFD, (id_t)child->process.pidfd, &(siginfo_t){0}, WEXITED) < 0 &&
               errno == EINTR)
            ;
    }
    file_close(&child->process.pidfd);
    file_close(&child->process.out);
    file_close(&child->process.err);
    file_close(&child->memory_fd);
    file_close(&child->wake_fd);
    file_close(&child->done_fd);
    if (child->ring)
        (void)munmap(child->ring, sizeof *child->ring);
    free(child);
}

static void child_launched(const struct launch_result *result, void *ctx)
{
    struct module_child *child = ctx;

    child->is_launching = false;
    child->process = *result;
    if (result->errnum != 0) {
        (void)snprintf(child->words, sizeof child->words, "could not start a module host: %s",
                       err_words(result->errnum));
        child->is_closing = true;
        child->events->gone(child, child->ctx);
        return;
    }
    file_close(&child->memory_fd);
    child->exit_handle = loop_add(child->loop, child->process.pidfd, EPOLLIN, exit_seen, child);
    child->out_handle = loop_add(child->loop, child->process.out, EPOLLIN, out_ready, child);
    child->err_handle = loop_add(child->loop, child->process.err, EPOLLIN, err_ready, child);
    child->done_handle = loop_add(child->loop, child->done_fd, EPOLLIN, done_ready, child);
    if (!child->exit_handle || !child->out_handle || !child->err_handle || !child->done_handle) {
        (void)snprintf(child->words, sizeof child->words, "could not watch a module host: %s",
                       err_words(errno));
        child->is_closing = true;
        child->events->gone(child, child->ctx);
    } else if (child->is_stopped) {
        child->is_stopped = false;
        module_child_stop(child);
    }
}

// ---- the ring ----

static struct ring_slot *first_slot(const struct module_child *child)
{
    return &child->ring->slots[child->first];
}

static void host_wake(struct module_child *child)
{
    uint64_t one = 1;

    if (atomic_load(&child->ring->host_sleeps) && atomic_exchange(&child->ring->host_sleeps, 0))
        (void)!write(child->wake_fd, &one, sizeof one);
}

static void late_wake(void *ctx)
{
    struct module_child *child = ctx;

    child->unrung = 0;
    host_wake(child);
}

// A burst of runs does not ring for each of them: the host would be asleep again before the next
// one is here, and waking it costs more than most runs do.
static void host_wake_soon(struct module_child *child)
{
    if (child->unrung++ == 0)
        loop_defer(child->loop, late_wake, child);
    else if (child->unrung % WAKE_EVERY == 0)
        host_wake(child);
}

bool module_child_push(struct module_child *child, struct module_run *run)
{
    uint32_t at = (child->first + child->count) % RING_SLOTS;
    struct ring_slot *slot = &child->ring->slots[at];

    if (child->count == RING_SLOTS)
        return false;
    slot->request = run->request;
    memcpy(slot->data, run->data, run->request.size);
    run->child = child;
    run->slot = at;
    child->runs[at] = run;
    child->count++;
    atomic_store(&slot->state, RING_QUEUED);
    host_wake_soon(child);
    return true;
}

void module_child_take(struct module_child *child, uint32_t most, struct list *list)
{
    for (; most > 0 && child->count > 0; most--) {
        uint32_t at = (child->first + child->count - 1) % RING_SLOTS;
        struct module_run *run = child->runs[at];
        uint32_t queued = RING_QUEUED;

        if (!atomic_compare_exchange_strong(&child->ring->slots[at].state, &queued, RING_FREE))
            return;
        child->count--;
        run->child = NULL;
        list_push(list->next, &run->link); // before the first
    }
}

// The first run leaves the ring; its slot is free for others.
static struct module_run *first_pop(struct module_child *child)
{
    struct module_run *run = child->runs[child->first];

    atomic_store(&first_slot(child)->state, RING_FREE);
    child->first = (child->first + 1) % RING_SLOTS;
    child->count--;
    child->finished++;
    run->child = NULL;
    if (child->count == 0)
        child->idle_since = loop_now(child->loop);
    return run;
}

struct module_run *module_child_pop(struct module_child *child)
{
    return child->count > 0 ? first_pop(child) : NULL;
}

static int64_t clamp(int64_t n, int64_t least, int64_t most)
{
    return n < least ? least : n > most ? most : n;
}

// What the host says of its first run. Nothing of it is believed beyond what can do no harm.
static void first_read(struct module_child *child, struct module_run *run)
{
    const struct ring_slot *slot = first_slot(child);
    int64_t now = clock_wall(loop_clock(child->loop)).us;
    int64_t ahead_us = clock_ahead_us(loop_clock(child->loop)); // the host goes by the system's

    run->end.finished_at.us = clamp(slot->finished_at, 1, now - ahead_us) + ahead_us;
    run->end.started_at.us =
        clamp(slot->started_at, 1, run->end.finished_at.us - ahead_us) + ahead_us;
    run->end.exit_code = slot->exit_code & 255;
    if (slot->outcome == RING_RETURNED)
        return;
    run->end.exit_code = -1;
    run->end.started_at.us = 0;
    run->end.finished_at.us = now;
    if (slot->outcome == RING_UNUSABLE)
        (void)snprintf(run->words, sizeof run->words, "%.*s", (int)sizeof run->words - 1,
                       slot->data);
    else
        (void)snprintf(run->words, sizeof run->words, "%s", MODULE_OVERWRITTEN);
}

static void run_report(struct module_child *child, struct module_run *run)
{
    run->end.words = run->words;
    run->end.out = output_stream(&run->out);
    run->end.err = output_stream(&run->err);
    child->events->finished(child, run, child->ctx);
}

static void first_end(struct module_child *child)
{
    struct module_run *run = child->runs[child->first];
    bool is_stale = first_slot(child)->outcome == RING_STALE && run->refusals++ < REFUSALS_MAX;

    bool is_waited_for = atomic_load(&first_slot(child)->state) == RING_DRAIN;

    if (is_waited_for) {
        output_drain(&run->out, child->process.out);
        output_drain(&run->err, child->process.err);
    }
    if (!is_stale)
        first_read(child, run);
    (void)first_pop(child);
    if (is_waited_for)
        host_wake(child);
    if (is_stale)
        child->events->refused(child, run, child->ctx);
    else
        run_report(child, run);
}

void module_child_collect(struct module_child *child)
{
    uint64_t before = child->finished;
    uint32_t state = RING_FREE;

    if (child->is_launching)
        return; // the host may be at work before its pipes are here: it waits until they are read
    if (atomic_load(&child->ring->is_retiring))
        child->is_closing = true;
    while (child->count > 0 &&
           ((state = atomic_load(&first_slot(child)->state)) == RING_DONE || state == RING_DRAIN))
        first_end(child);
    if (child->count > 0 && (state == RING_FREE || state > RING_DONE) && !child->has_exited)
        module_child_stop(child); // somebody has scribbled over the ring
    if (child->is_closing && child->count == 0 && !child->has_exited)
        module_child_quit(child);
    if (child->finished != before)
        child->events->progress(child, child->ctx);
}

bool module_child_is_running(const struct module_child *child, mono *ret_started)
{
    uint32_t state = child->count ? atomic_load(&first_slot(child)->state) : RING_FREE;
    int64_t now = clock_mono(loop_clock(child->loop)).us;

    if (state != RING_RUNNING && state != RING_ATTENDED)
        return false;
    ret_started->us = clamp(atomic_load(&first_slot(child)->started), 0, now);
    return true;
}

// ---- output ----

// The run that owns what now lies in the pipes; the host stays with it until belfry lets go. NULL:
// none is at work.
static struct module_run *first_attend(struct module_child *child)
{
    uint32_t state;

    do {
        module_child_collect(child);
        state = RING_RUNNING;
        if (child->count == 0)
            return NULL;
        if (atomic_compare_exchange_strong(&first_slot(child)->state, &state, RING_ATTENDED) ||
            state == RING_ATTENDED)
            return child->runs[child->first];
    } while (state == RING_DONE || state == RING_DRAIN);
    return NULL;
}

// Bytes that no run has written: a process or thread that an earlier run left behind. The host is
// of no more use.
static void stray_found(struct module_child *child)
{
    struct list rest;
    struct list *link;

    list_init(&rest);
    module_child_take(child, RING_SLOTS, &rest);
    child->is_closing = true;
    while ((link = list_pop(&rest)))
        child->events->refused(child, list_item(link, struct module_run, link), child->ctx);
    if (child->count == 0)
        module_child_stop(child);
}

static void stream_ready(struct module_child *child, int fd, bool is_at_end, bool is_out)
{
    struct module_run *run = first_attend(child);
    struct loop_fd **handle = is_out ? &child->out_handle : &child->err_handle;
    uint64_t finished = child->finished;
    int64_t n = 1;

    if (run)
        n = output_read(is_out ? &run->out : &run->err, fd, INT64_MAX);
    else if (output_waiting(fd) == 0)
        n = !is_at_end; // else drained in the meantime
    else if (!first_attend(child) && child->finished == finished)
        stray_found(child);
    if (n == 0) {
        loop_remove(child->loop, *handle);
        *handle = NULL;
    }
}

static void out_ready(int fd, uint32_t events, void *ctx)
{
    stream_ready(ctx, fd, events & EPOLLHUP, true);
}

static void err_ready(int fd, uint32_t events, void *ctx)
{
    stream_ready(ctx, fd, events & EPOLLHUP, false);
}

static void done_ready(int fd, uint32_t events, void *ctx)
{
    uint64_t count;

    (void)events;
    (void)!read(fd, &count, sizeof count);
    module_child_collect(ctx);
}

// ---- the end ----

static void group_kill(void *ctx)
{
    group_signal(ctx, SIGKILL);
}

void module_child_stop(struct module_child *child)
{
    if (child->is_stopped)
        return;
    child->is_closing = child->is_stopped = true;
    if (child->is_launching)
        return; // child_launched comes back to it
    group_signal(child, SIGTERM);
    loop_timer_set(child->loop, &child->kill_timer,
                   mono_after_us(loop_now(child->loop), COMMAND_KILL_US), group_kill, child);
}

void module_child_quit(struct module_child *child)
{
    child->is_closing = true;
    atomic_store(&child->ring->is_quitting, 1);
    host_wake(child);
    if (!loop_timer_is_armed(&child->kill_timer))
        loop_timer_set(child->loop, &child->kill_timer,
                       mono_after_us(loop_now(child->loop), COMMAND_KILL_US), group_kill, child);
}

static void status_take(struct module_run *run, const siginfo_t *info)
{
    run->words[0] = '\0';
    run->end.exit_code = info->si_code == CLD_EXITED ? info->si_status : -1;
    run->end.signal = info->si_code == CLD_EXITED ? 0 : info->si_status;
    if (run->end.exit_code > 0)
        (void)snprintf(run->words, sizeof run->words, "exit status %d (the module called exit)",
                       run->end.exit_code);
}

// The slot holds no end of this run, or that of an older one: the end is now, and the stopwatch
// tells the start.
static void cut_times(const struct module_child *child, mono started, struct command_end *end)
{
    const struct clock *clock = loop_clock(child->loop);
    wall now = clock_wall(clock);
    int64_t took_us = clock_mono(clock).us - started.us;

    end->finished_at = now;
    end->started_at.us = clamp(now.us - took_us, 1, now.us);
}

// The run in whose midst the process ended.
static void first_cut(struct module_child *child, const siginfo_t *info)
{
    struct module_run *run = child->runs[child->first];
    mono started;
    bool is_honest;

    if (!module_child_is_running(child, &started))
        return;
    output_drain(&run->out, child->process.out);
    output_drain(&run->err, child->process.err);
    is_honest = first_slot(child)->outcome == RING_RETURNED;
    first_read(child, run);
    cut_times(child, started, &run->end);
    if (is_honest || info->si_code != CLD_EXITED)
        status_take(run, info);
    child->has_crashed = !child->is_stopped;
    child->crashed = run->request.key;
    (void)first_pop(child);
    run_report(child, run);
}

// A host that ended before it did anything: its last words, for whoever waits for it.
static void words_take(struct module_child *child, const siginfo_t *info)
{
    struct output said;
    struct str text;

    output_init(&said, sizeof child->words / 2, 0);
    output_drain(&said, child->process.err);
    text = str_trim(output_stream(&said).head);
    (void)snprintf(child->words, sizeof child->words, "the module host ended at once (%s %d)%s%.*s",
                   info->si_code == CLD_EXITED ? "exit status" : "signal", info->si_status,
                   text.len ? ": " : "", STR(text));
    output_done(&said);
}

static void exit_seen(int fd, uint32_t events, void *ctx)
{
    struct module_child *child = ctx;
    siginfo_t info = {0};

    (void)events;
    if (waitid(P_PIDFD, (id_t)fd, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0)
        return;
    watches_close(child);
    child->has_exited = true;
    module_child_collect(child);
    first_cut(child, &info);
    if (child->finished == 0 && !child->is_closing)
        words_take(child, &info);
    child->is_closing = true;
    child->events->gone(child, child->ctx);
}
