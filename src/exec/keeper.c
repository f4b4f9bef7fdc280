// keeper.c - looks after processes for belfry, and without it.
// SPDX-License-Identifier: Apache-2.0
//
// What must stay true: an end is told to exactly one belfry that lives to record it, or lies in a
// file. So an end that was sent is kept until belfry says that it is recorded (KEEP_SETTLED); when
// the connection ends first, it goes into a file. A belfry that comes later gets what still runs by
// message and finds what has ended in files: it connects first and looks then, so nothing is in
// between.
#include "exec/keeper.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/list.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/map.h"
#include "base/mem.h"
#include "exec/cgroup.h"
#include "exec/keep_files.h"
#include "exec/keep_link.h"
#include "exec/kept.h"
#include "exec/wire.h"

#define PROGRESS_WAITING_MAX \
    (1u << 20) // while so much waits for belfry to read, progress is dropped
#define START_ROOM 4096

struct keeper_options {
    int dir;            // of the runs; taken over
    int socket;         // to the belfry that has started it; taken over
    uint64_t files_max; // soft limit of open files for jobs; 0: the keeper's own
    int listener;       // on which it waits for the next belfry; taken over
    int cgroup;         // directory of control groups; taken over; -1: there are none
    int64_t idle_us;
};

struct keeper {
    struct loop *loop;
    struct launcher *launcher;
    struct kept_place place;
    char path[PATH_MAX];
    struct map runs;        // struct kept by run id
    struct keep_link *link; // to belfry; NULL: it is gone
    int listener;
    struct loop_fd *listening;
    struct list unsettled; // ends that were told and are not recorded yet
    struct loop_timer idle;
    int64_t idle_us;
};

// A told end.
struct told {
    struct list link;
    int64_t run_id;
    int attempt;
    struct buf message;
};

static void idle_check(struct keeper *k);
static void belfry_attach(struct keeper *k, int fd);

// ---- ends ----

static void told_free(struct told *t)
{
    list_remove(&t->link);
    buf_done(&t->message);
    free(t);
}

static void told_save(struct keeper *k, struct told *t)
{
    struct err e;

    if (!keep_end_save(k->place.dir, t->run_id, t->attempt, buf_str(&t->message))) {
        (void)fail_errno(&e, ERR_SYSTEM, errno, "the end of run %lld cannot be kept in a file",
                         (long long)t->run_id);
        log_error("an end may be lost", log_err(&e));
    }
    told_free(t);
}

static void run_ended(struct kept *kept, const struct keep_end *end, void *ctx)
{
    struct keeper *k = ctx;
    struct told *t = mem_alloc(sizeof *t);

    (void)kept;
    (void)map_remove_u64(&k->runs, (uint64_t)end->run_id);
    if (k->runs.len == 0 && k->place.cgroup >= 0)
        cgroup_sweep(k->place.cgroup); // whose daemons have ended meanwhile
    t->run_id = end->run_id;
    t->attempt = end->attempt;
    buf_init(&t->message, WIRE_FRAME_MAX);
    keep_end_write(&t->message, end);
    if (k->link) {
        list_push(&k->unsettled, &t->link);
        buf_add(keep_link_out(k->link), buf_str(&t->message));
    } else {
        told_save(k, t);
    }
    idle_check(k);
}

static void live_tell(struct keeper *k, const struct kept *kept)
{
    struct keep_live live;

    kept_live(kept, &live);
    if (k->link)
        keep_live_write(keep_link_out(k->link), &live);
}

static void run_started(struct kept *kept, void *ctx)
{
    live_tell(ctx, kept);
}

static void run_progressed(struct kept *kept, struct str json, void *ctx)
{
    struct keeper *k = ctx;
    const struct keep_progress progress = {kept_run_id(kept), json};

    if (k->link && keep_link_waiting(k->link) < PROGRESS_WAITING_MAX)
        keep_progress_write(keep_link_out(k->link), &progress);
}

static const struct kept_events run_events = {
    .on_start = run_started,
    .on_progress = run_progressed,
    .on_end = run_ended,
};

// ---- what belfry asks for ----

static void start_take(struct keeper *k, struct str fields)
{
    struct arena *arena = arena_new(START_ROOM);
    struct keep_start start;

    if (!keep_start_read(fields, arena, &start) || map_get_u64(&k->runs, (uint64_t)start.run_id)) {
        log_error("belfry asked for a run that makes no sense");
        arena_free(arena);
        return;
    }
    (void)map_put_u64(&k->runs, (uint64_t)start.run_id,
                      kept_start(&k->place, &run_events, k, &start, arena));
}

static void stop_take(struct keeper *k, struct str fields)
{
    struct keep_stop stop;
    struct kept *kept;

    if (keep_stop_read(fields, &stop) && (kept = map_get_u64(&k->runs, (uint64_t)stop.run_id)))
        kept_stop(kept, stop.cause, stop.grace_us);
}

static void settled_take(struct keeper *k, struct str fields)
{
    struct list *link = k->unsettled.next;
    int64_t run_id;
    int attempt;

    if (!keep_settled_read(fields, &run_id, &attempt))
        return;
    for (; link != &k->unsettled; link = link->next) { // they settle about in the order they ended
        struct told *t = list_item(link, struct told, link);

        if (t->run_id == run_id && t->attempt == attempt) {
            told_free(t);
            return;
        }
    }
}

static void quit(void *ctx)
{
    struct keeper *k = ctx;

    loop_stop(k->loop);
}

static void message_take(uint8_t type, struct str fields, void *ctx)
{
    struct keeper *k = ctx;

    switch (type) {
    case KEEP_START:
        start_take(k, fields);
        break;
    case KEEP_STOP:
        stop_take(k, fields);
        break;
    case KEEP_SETTLED:
        settled_take(k, fields);
        break;
    case KEEP_QUIT:
        k->idle_us = 0;
        break;
    default:
        break; // of a later version
    }
}

// ---- coming and going ----

static void belfry_gone(void *ctx)
{
    struct keeper *k = ctx;

    keep_link_free(k->link);
    k->link = NULL;
    while (!list_is_empty(&k->unsettled))
        told_save(k, list_item(k->unsettled.next, struct told, link));
    idle_check(k);
}

static void idle_check(struct keeper *k)
{
    if (k->link || k->runs.len > 0)
        loop_timer_stop(k->loop, &k->idle);
    else if (!loop_timer_is_armed(&k->idle))
        loop_timer_set(k->loop, &k->idle, mono_after_us(loop_now(k->loop), k->idle_us), quit, k);
}

static void belfry_attach(struct keeper *k, int fd)
{
    const struct kept *kept;

    while (k->link && keep_link_read(k->link, 0)) // what the one before has still asked for
        ;
    if (k->link)
        belfry_gone(k);
    k->link = keep_link_new(k->loop, fd, message_take, belfry_gone, k);
    keep_hello_write(keep_link_out(k->link), KEEP_VERSION, getpid());
    for (size_t at = 0; (kept = map_next(&k->runs, &at));)
        live_tell(k, kept);
    keep_word_write(keep_link_out(k->link), KEEP_SYNC);
    idle_check(k);
}

static void knock(int fd, uint32_t events, void *ctx)
{
    struct keeper *k = ctx;
    struct ucred who = {0};
    socklen_t size = sizeof who;
    int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

    (void)events;
    if (peer < 0)
        return;
    if (getsockopt(peer, SOL_SOCKET, SO_PEERCRED, &who, &size) < 0 ||
        (who.uid != geteuid() && who.uid != 0)) {
        close(peer);
        return;
    }
    k->idle_us = k->idle_us == 0 ? KEEPER_IDLE_US : k->idle_us;
    belfry_attach(k, peer);
}

// A service manager that ends the whole control group means the jobs too: they have their own TERM,
// and the keeper leaves behind the last of them.
static void signalled(int signo, void *ctx)
{
    struct keeper *k = ctx;

    (void)signo;
    k->idle_us = 0;
    loop_timer_stop(k->loop, &k->idle);
    idle_check(k);
}

static bool keeper_open(struct keeper *k, const struct keeper_options *options, struct err *e)
{
    char link[64];
    ssize_t n;

    list_init(&k->unsettled);
    map_init(&k->runs);
    k->idle_us = options->idle_us;
    k->loop = loop_new(clock_real(), e);
    if (!k->loop || !loop_signal(k->loop, SIGTERM, signalled, k, e) ||
        !loop_signal(k->loop, SIGINT, signalled, k, e) ||
        !loop_signal(k->loop, SIGHUP, signalled, k, e))
        return false;
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", options->dir);
    n = readlink(link, k->path, sizeof k->path - 1);
    if (n <= 0)
        return fail_errno(e, ERR_SYSTEM, errno, "no runs directory");
    k->launcher = launcher_new(k->loop);
    launcher_limit_files(k->launcher, options->files_max);
    k->place = (struct kept_place){k->loop, k->launcher, options->dir, k->path, options->cgroup, 0};
    if (options->cgroup >= 0) {
        k->place.controllers = cgroup_controllers(options->cgroup);
        cgroup_sweep(options->cgroup); // of a keeper that was killed
    }
    k->listener = options->listener;
    k->listening = loop_add(k->loop, k->listener, EPOLLIN, knock, k);
    return true;
}

static void keeper_close(struct keeper *k)
{
    struct kept *kept;

    keep_socket_remove(k->place.dir, getpid());
    loop_timer_stop(k->loop, &k->idle);
    loop_remove(k->loop, k->listening);
    file_close(&k->listener);
    keep_link_free(k->link);
    launcher_free(k->launcher);
    for (size_t at = 0; (kept = map_next(&k->runs, &at));)
        kept_free(kept);
    while (!list_is_empty(&k->unsettled))
        told_free(list_item(k->unsettled.next, struct told, link));
    map_done(&k->runs);
    file_close(&k->place.cgroup);
    loop_free(k->loop);
}

static int keeper_run(const struct keeper_options *options)
{
    struct keeper *k = mem_alloc(sizeof *k);
    struct err e = {0};

    k->listener = -1;
    if (!keeper_open(k, options, &e)) {
        log_error("the keeper cannot work", log_err(&e));
        return 1;
    }
    belfry_attach(k, options->socket);
    loop_run(k->loop);
    keeper_close(k);
    free(k);
    return 0;
}

static bool is_directory(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool is_socket(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

static bool is_started_by_belfry(void)
{
    return is_directory(KEEPER_DIR_FD) && is_socket(KEEPER_SOCKET_FD) &&
           is_socket(KEEPER_LISTENER_FD);
}

int keeper_command(int argc, char **argv)
{
    struct keeper_options options = {.dir = KEEPER_DIR_FD, .socket = KEEPER_SOCKET_FD};
    int64_t files = 0;

    if (argc != 3 || !str_to_int(str_of(argv[1]), &files) ||
        !str_to_int(str_of(argv[2]), &options.idle_us) || files < 0 || options.idle_us < 0 ||
        !is_started_by_belfry()) {
        (void)fprintf(stderr, "belfry keep: this is started by belfry serve, to look after the "
                              "processes of jobs\n");
        return 2;
    }
    options.files_max = (uint64_t)files;
    // Both must not reach the jobs, and must lie clear of what they are given.
    options.dir = launch_fd(KEEPER_DIR_FD);
    options.socket = launch_fd(KEEPER_SOCKET_FD);
    options.listener = launch_fd(KEEPER_LISTENER_FD);
    options.cgroup = is_directory(KEEPER_CGROUP_FD) ? launch_fd(KEEPER_CGROUP_FD) : -1;
    return keeper_run(&options);
}
