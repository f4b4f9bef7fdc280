// keepers.c - processes that others look after.
// SPDX-License-Identifier: Apache-2.0
#include "exec/keepers.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/list.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/map.h"
#include "base/mem.h"
#include "exec/keep_files.h"
#include "exec/keep_link.h"
#include "exec/keeper.h"
#include "exec/leftover.h"
#include "exec/wire.h"

#define ATTACH_US 5000000 // a keeper that says nothing for so long is taken for stuck
#define PROGRESS_MAX 70000
#define ROOM_FOR_END 2048

struct keepers {
    struct keepers_options options;
    int dir;
    int lock; // of the directory; -1
    char path[PATH_MAX];
    struct list peers;
    struct peer *current; // gets what is started; NULL: none yet
    struct map found;     // struct keep_run of an earlier belfry, not adopted yet, by run id
    struct map unsettled; // those that have ended
    struct list ended;    // found ends that were adopted: reported at the end of the turn
    bool is_leaving;
};

struct peer {
    struct list place; // in peers
    struct keepers *ks;
    struct keep_link *link;
    struct map runs; // struct keep_run by run id
    int64_t pid;
    int64_t version;
    bool is_synced;
    int pidfd; // when it is our child; else -1
};

struct keep_run {
    struct list place; // in ended
    struct peer *peer; // NULL: it has ended, or its keeper has
    int64_t run_id;
    int attempt;
    keep_done *done; // NULL: nobody asks
    void *ctx;
    struct keep_live live;
    struct buf progress;
    struct buf end; // fields of KEEP_END, found before it was adopted
};

static void message_take(uint8_t type, struct str fields, void *ctx);
static void peer_gone(void *ctx);
static void files_attach(struct keepers *ks);
static void ended_report(void *ctx);

static struct keep_run *run_new(struct peer *peer, int64_t run_id, int attempt)
{
    struct keep_run *run = mem_alloc(sizeof *run);

    run->peer = peer;
    run->run_id = run_id;
    run->attempt = attempt;
    run->live.run_id = run_id;
    buf_init(&run->progress, PROGRESS_MAX);
    buf_init(&run->end, WIRE_FRAME_MAX);
    return run;
}

static void run_free(struct keep_run *run)
{
    list_remove(&run->place);
    buf_done(&run->progress);
    buf_done(&run->end);
    free(run);
}

struct keepers *keepers_open(const struct keepers_options *options, struct err *e)
{
    struct keepers *ks = mem_alloc(sizeof *ks);

    ks->options = *options;
    ks->lock = -1;
    if (ks->options.idle_us == 0)
        ks->options.idle_us = KEEPER_IDLE_US;
    list_init(&ks->peers);
    list_init(&ks->ended);
    map_init(&ks->found);
    map_init(&ks->unsettled);
    ks->dir = keep_dir_open(options->runs_dir, ks->path, e);
    if (ks->dir >= 0 && options->is_exclusive)
        ks->lock = keep_dir_lock(ks->dir, ks->path, e);
    if (ks->dir < 0 || (options->is_exclusive && ks->lock < 0)) {
        keepers_free(ks);
        return NULL;
    }
    files_attach(ks);
    return ks;
}

size_t keepers_found(const struct keepers *ks, int64_t **ret_run_ids)
{
    int64_t *ids = mem_array(ks->found.len + 1, sizeof *ids);
    const struct keep_run *run;
    size_t count = 0;

    for (size_t at = 0; (run = map_next(&ks->found, &at));)
        ids[count++] = run->run_id;
    *ret_run_ids = ids;
    return count;
}

// ---- peers ----

static struct peer *peer_new(struct keepers *ks, int fd, int64_t pid, int pidfd)
{
    struct peer *p = mem_alloc(sizeof *p);

    p->ks = ks;
    p->pid = pid;
    p->pidfd = pidfd;
    p->link = keep_link_new(ks->options.loop, fd, message_take, peer_gone, p);
    map_init(&p->runs);
    list_push(&ks->peers, &p->place);
    return p;
}

static void peer_free(struct peer *p)
{
    if (p->ks->current == p)
        p->ks->current = NULL;
    list_remove(&p->place);
    keep_link_free(p->link);
    file_close(&p->pidfd);
    map_done(&p->runs);
    free(p);
}

static void lost_report(struct keepers *ks, struct keep_run *run)
{
    struct keep_end end = {
        .run_id = run->run_id,
        .attempt = run->attempt,
        .is_lost = true,
        .command = {.step = "",
                    .words = "",
                    .exit_code = -1,
                    .started_at = run->live.started_at,
                    .finished_at = clock_wall(loop_clock(ks->options.loop))},
    };

    run->peer = NULL;
    if (run->done)
        run->done(&end, run->ctx);
    run_free(run);
}

// Kills what the runs of a keeper that is gone have left. Its own children have gone with it.
static void leftovers(struct peer *p)
{
    struct keep_live *lives = mem_array(p->runs.len + 1, sizeof *lives);
    struct keep_run *run;
    size_t count = 0;

    for (size_t at = 0; (run = map_next(&p->runs, &at));)
        lives[count++] = run->live;
    if (count > 0)
        (void)leftovers_kill(lives, count);
    free(lives);
}

// What has ended and is to be settled there need not be settled any more.
static void ends_leave(struct peer *p)
{
    struct keepers *ks = p->ks;
    struct keep_run *run;

    for (size_t at = 0; (run = map_next(&ks->unsettled, &at));)
        run->peer = run->peer == p ? NULL : run->peer;
    for (size_t at = 0; (run = map_next(&ks->found, &at));)
        run->peer = run->peer == p ? NULL : run->peer;
    for (struct list *link = ks->ended.next; link != &ks->ended; link = link->next) {
        run = list_item(link, struct keep_run, place);
        run->peer = run->peer == p ? NULL : run->peer;
    }
}

static void peer_gone(void *ctx)
{
    struct peer *p = ctx;
    struct keepers *ks = p->ks;
    struct keep_run *run;
    siginfo_t info;

    if (p->runs.len > 0)
        log_error("a keeper is gone; its runs are lost", log_int("pid", p->pid),
                  log_int("runs", (int64_t)p->runs.len));
    if (p->pidfd >= 0) { // gone or of no use: it is waited for, so it must end
        (void)pidfd_send_signal(p->pidfd, SIGKILL, NULL, 0);
        while (waitid(P_PIDFD, (id_t)p->pidfd, &info, WEXITED) < 0 && errno == EINTR)
            ;
    } else if (p->pid > 0 && p->runs.len > 0) {
        (void)kill((pid_t)p->pid, SIGKILL);
    }
    leftovers(p);
    for (size_t at = 0; (run = map_next(&p->runs, &at));) {
        (void)map_remove_u64(&p->runs, (uint64_t)run->run_id);
        if (map_get_u64(&ks->found, (uint64_t)run->run_id) == run)
            (void)map_remove_u64(&ks->found, (uint64_t)run->run_id);
        lost_report(ks, run);
    }
    ends_leave(p);
    peer_free(p);
}

// The keeper's socket is there before the keeper: a belfry that comes when this one has been killed
// finds it however long the keeper takes to begin. It has our number until that of the keeper is
// known.
static bool keeper_spawn(struct keepers *ks, int socket_fd, struct spawn_result *ret)
{
    char files[32], idle[32];
    char *const argv[] = {(char *)(uintptr_t) "belfry", (char *)(uintptr_t) "keep", files, idle,
                          NULL};
    autoclose int dir = launch_fd(dup(ks->dir));
    autoclose int peer = launch_fd(socket_fd);
    autoclose int listener = launch_fd(keep_socket_listen(ks->dir, getpid()));
    autoclose int cgroup = ks->options.cgroup > 0 ? launch_fd(dup(ks->options.cgroup)) : -1;
    autoclose int out = launch_fd(open("/dev/null", O_WRONLY | O_CLOEXEC));
    autoclose int err =
        launch_fd(openat(ks->dir, "keeper.log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    struct spawn_request request = {
        .program = ks->options.self,
        .argv = argv,
        .envp = environ,
        .in = -1,
        .out = out,
        .err = err,
        .extra = {dir, peer, listener, cgroup},
    };

    (void)snprintf(files, sizeof files, "%" PRIu64, ks->options.files_max);
    (void)snprintf(idle, sizeof idle, "%" PRId64, ks->options.idle_us);
    *ret = (struct spawn_result){.errnum = errno, .step = "open files"};
    if (dir < 0 || peer < 0 || listener < 0 || out < 0 || err < 0 ||
        (ks->options.cgroup > 0 && cgroup < 0))
        return false;
    spawn(&request, ret);
    if (ret->errnum == 0)
        keep_socket_rename(ks->dir, getpid(), ret->pid);
    else
        keep_socket_remove(ks->dir, getpid());
    return ret->errnum == 0;
}

// A keeper of our own. It may be written to at once: it reads when it is there.
static bool keeper_start(struct keepers *ks, struct err *e)
{
    struct spawn_result child;
    int ends[2];

    if (ks->current)
        return true;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return fail_errno(e, ERR_SYSTEM, errno, "the keeper of processes could not be started");
    if (!keeper_spawn(ks, ends[1], &child)) {
        close(ends[0]);
        return fail_errno(e, ERR_SYSTEM, child.errnum,
                          "the keeper of processes could not be started%s%s",
                          child.step[0] ? ": " : "", child.step);
    }
    ks->current = peer_new(ks, ends[0], child.pid, child.pidfd);
    return true;
}

void keepers_expect(struct keepers *ks)
{
    struct err e;

    if (!ks->is_leaving)
        (void)keeper_start(ks, &e); // who starts a run is told why there is none
}

// ---- runs ----

struct keep_run *keepers_start(struct keepers *ks, const struct keep_start *start, keep_done *done,
                               void *ctx, struct err *e)
{
    struct keep_run *run;

    if (!keeper_start(ks, e))
        return NULL;
    run = run_new(ks->current, start->run_id, start->attempt);
    run->done = done;
    run->ctx = ctx;
    (void)map_put_u64(&ks->current->runs, (uint64_t)start->run_id, run);
    keep_start_write(keep_link_out(ks->current->link), start);
    return run;
}

static void stop_ask(struct keep_run *run, enum keep_cause cause, int64_t grace_us)
{
    const struct keep_stop stop = {run->run_id, run->attempt, cause, grace_us};

    if (run->peer)
        keep_stop_write(keep_link_out(run->peer->link), &stop);
}

void keepers_stop(struct keepers *ks, struct keep_run *run, enum keep_cause cause, int64_t grace_us)
{
    (void)ks;
    stop_ask(run, cause, grace_us);
}

void keepers_forget(struct keepers *ks, struct keep_run *run)
{
    (void)ks;
    if (run->peer)
        (void)map_remove_u64(&run->peer->runs, (uint64_t)run->run_id);
    run_free(run);
}

bool keepers_started(const struct keep_run *run, mono *ret_started, wall *ret_started_at)
{
    if (run->live.pid == 0)
        return false;
    *ret_started = run->live.started;
    *ret_started_at = run->live.started_at;
    return true;
}

struct str keepers_progress(const struct keep_run *run)
{
    return buf_str(&run->progress);
}

// A moment by the keeper's calendar, that of the machine, by ours; 0 stays.
static wall by_ours(const struct keepers *ks, wall at)
{
    int64_t ahead_us = clock_ahead_us(loop_clock(ks->options.loop));

    return at.us > 0 ? wall_after_us(at, ahead_us) : at;
}

static void end_report(struct keepers *ks, struct keep_run *run, struct str fields)
{
    struct arena *arena = arena_new(ROOM_FOR_END);
    struct keep_end end;

    if (!keep_end_read(fields, arena, &end))
        end = (struct keep_end){.run_id = run->run_id, .attempt = run->attempt, .is_lost = true};
    end.command.started_at = by_ours(ks, end.command.started_at);
    end.command.finished_at = by_ours(ks, end.command.finished_at);
    if (run->done)
        run->done(&end, run->ctx);
    arena_free(arena);
}

// ---- what keepers say ----

static void hello_take(struct peer *p, struct str fields)
{
    int64_t pid;

    if (!keep_hello_read(fields, &p->version, &pid))
        return;
    p->pid = pid;
    if (p->version == KEEP_VERSION && !p->ks->current)
        p->ks->current = p;
}

static void live_take(struct peer *p, struct str fields)
{
    struct keep_live live;
    struct keep_run *run;

    if (!keep_live_read(fields, &live))
        return;
    run = map_get_u64(&p->runs, (uint64_t)live.run_id);
    if (!run && !p->is_synced) {
        run = run_new(p, live.run_id, live.attempt);
        (void)map_put_u64(&p->runs, (uint64_t)live.run_id, run);
        (void)map_put_u64(&p->ks->found, (uint64_t)live.run_id, run);
    }
    if (!run)
        return;
    run->live = live;
    run->live.started_at = by_ours(p->ks, live.started_at);
}

static void progress_take(struct peer *p, struct str fields)
{
    struct keep_progress progress;
    struct keep_run *run;

    if (!keep_progress_read(fields, &progress))
        return;
    run = map_get_u64(&p->runs, (uint64_t)progress.run_id);
    if (!run)
        return;
    buf_clear(&run->progress);
    buf_add(&run->progress, progress.json);
}

static void end_take(struct peer *p, struct str fields)
{
    struct keepers *ks = p->ks;
    struct keep_live which; // begins as every message does
    struct keep_run *run;

    if (!keep_live_read(fields, &which))
        return;
    run = map_remove_u64(&p->runs, (uint64_t)which.run_id);
    if (!run || run->attempt != which.attempt)
        return;
    if (map_get_u64(&ks->found, (uint64_t)run->run_id) == run) { // it may yet be adopted
        buf_add(&run->end, fields);
        return;
    }
    if (!run->done) {
        keep_settled_write(keep_link_out(p->link), run->run_id, run->attempt);
        run_free(run);
        return;
    }
    (void)map_put_u64(&ks->unsettled, (uint64_t)run->run_id, run);
    end_report(ks, run, fields);
}

static void message_take(uint8_t type, struct str fields, void *ctx)
{
    struct peer *p = ctx;

    switch (type) {
    case KEEP_HELLO:
        hello_take(p, fields);
        break;
    case KEEP_LIVE:
        live_take(p, fields);
        break;
    case KEEP_SYNC:
        p->is_synced = true;
        break;
    case KEEP_PROGRESS:
        progress_take(p, fields);
        break;
    case KEEP_END:
        end_take(p, fields);
        break;
    default:
        break; // of a later version
    }
}

// ---- what an earlier belfry has left ----

static void file_attach(int64_t pid, struct str message, void *ctx)
{
    struct keepers *ks = ctx;
    int64_t until;
    struct peer *p;
    bool ok = true;
    int fd;

    (void)message;
    if (pid == 0)
        return;
    fd = keep_socket_connect(ks->dir, pid);
    if (fd < 0) {
        if (errno == ECONNREFUSED || errno == ENOENT)
            keep_socket_remove(ks->dir, pid);
        return;
    }
    p = peer_new(ks, fd, pid, -1);
    until = clock_mono(loop_clock(ks->options.loop)).us + ATTACH_US;
    while (ok && !p->is_synced) {
        int64_t left = until - clock_mono(loop_clock(ks->options.loop)).us;

        ok = left > 0 && keep_link_read(p->link, (int)(left / 1000) + 1);
    }
    if (ok)
        return;
    if (clock_mono(loop_clock(ks->options.loop)).us >= until) {
        log_error("a keeper does not answer; it is ended, and its runs are lost",
                  log_int("pid", pid));
        (void)kill((pid_t)pid, SIGKILL);
    }
    peer_gone(p); // it was just leaving
}

static void file_found(int64_t pid, struct str message, void *ctx)
{
    struct keepers *ks = ctx;
    struct str fields;
    struct keep_live which;
    struct keep_run *run;
    uint8_t type;

    if (pid != 0 ||
        wire_take(&(struct str){message.p, message.len}, &type, &fields) != WIRE_MESSAGE ||
        !keep_live_read(fields, &which) || map_get_u64(&ks->found, (uint64_t)which.run_id))
        return;
    run = run_new(NULL, which.run_id, which.attempt);
    buf_add(&run->end, fields);
    (void)map_put_u64(&ks->found, (uint64_t)run->run_id, run);
}

// First the keepers, then the files: what ends in between is told by its keeper.
static void files_attach(struct keepers *ks)
{
    keep_files_look(ks->dir, file_attach, ks);
    keep_files_look(ks->dir, file_found, ks);
}

struct keep_run *keepers_adopt(struct keepers *ks, int64_t run_id, int attempt, keep_done *done,
                               void *ctx)
{
    struct keep_run *run = map_get_u64(&ks->found, (uint64_t)run_id);

    if (!run || run->attempt != attempt)
        return NULL;
    (void)map_remove_u64(&ks->found, (uint64_t)run_id);
    run->done = done;
    run->ctx = ctx;
    if (run->end.len == 0)
        return run;
    if (list_is_empty(&ks->ended))
        loop_defer(ks->options.loop, ended_report, ks);
    list_push(&ks->ended, &run->place);
    return run;
}

static void ended_report(void *ctx)
{
    struct keepers *ks = ctx;
    struct list *link;

    while ((link = list_pop(&ks->ended))) {
        struct keep_run *run = list_item(link, struct keep_run, place);

        (void)map_put_u64(&ks->unsettled, (uint64_t)run->run_id, run);
        end_report(ks, run, buf_str(&run->end));
    }
}

// Nobody will ask for this end again.
static void end_settle(struct keepers *ks, struct keep_run *run)
{
    if (run->peer)
        keep_settled_write(keep_link_out(run->peer->link), run->run_id, run->attempt);
    else
        keep_end_remove(ks->dir, run->run_id, run->attempt);
    run_free(run);
}

void keepers_adopt_end(struct keepers *ks)
{
    struct keep_run *run;

    for (size_t at = 0; (run = map_next(&ks->found, &at));) {
        (void)map_remove_u64(&ks->found, (uint64_t)run->run_id);
        if (run->end.len == 0) {
            log_warn("a process of a run that is not in the database is ended",
                     log_int("run", run->run_id));
            stop_ask(run, KEEP_CAUSE_CANCEL, COMMAND_KILL_US);
            continue;
        }
        end_settle(ks, run);
    }
}

void keepers_settled(struct keepers *ks, int64_t run_id)
{
    struct keep_run *run = map_remove_u64(&ks->unsettled, (uint64_t)run_id);

    if (run)
        end_settle(ks, run);
}

void keepers_leave(struct keepers *ks)
{
    struct list *place = ks->peers.next;

    ks->is_leaving = true;
    for (; place != &ks->peers; place = place->next) {
        struct peer *p = list_item(place, struct peer, place);

        keep_word_write(keep_link_out(p->link), KEEP_QUIT);
        keep_link_flush(p->link);
    }
}

static void runs_forget(struct map *runs)
{
    struct keep_run *run;

    for (size_t at = 0; (run = map_next(runs, &at));)
        run_free(run);
    map_done(runs);
}

void keepers_free(struct keepers *ks)
{
    struct keep_run *run;

    if (!ks)
        return;
    loop_defer_cancel(ks->options.loop, ended_report, ks);
    for (size_t at = 0; (run = map_next(&ks->found, &at));)
        if (run->end.len == 0) // freed with its peer
            (void)map_remove_u64(&ks->found, (uint64_t)run->run_id);
    runs_forget(&ks->found);
    runs_forget(&ks->unsettled);
    while (!list_is_empty(&ks->ended))
        run_free(list_item(ks->ended.next, struct keep_run, place));
    while (!list_is_empty(&ks->peers)) {
        struct peer *p = list_item(ks->peers.next, struct peer, place);

        for (size_t at = 0; (run = map_next(&p->runs, &at));)
            run_free(run);
        keep_link_flush(p->link); // what is settled
        peer_free(p);
    }
    file_close(&ks->lock);
    file_close(&ks->dir);
    free(ks);
}
