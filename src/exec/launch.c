// launch.c - posix_spawn on worker threads.
// SPDX-License-Identifier: Apache-2.0
#include "exec/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/pool.h"

#define LAUNCH_THREADS 2
#define LAUNCH_FD_LEAST \
    16 // descriptors to be handed on stand at least here, clear of the child's own 0-5

struct launcher {
    struct loop *loop;
    struct pool *pool; // NULL until the first launch
    uint64_t files_max;
};

struct launch {
    struct launch_spec spec;
    uint64_t files_max;
    struct launch_result result;
    const struct clock *clock;
    launch_done *done;
    void *ctx;
};

// The child's ends of the pipes.
struct ends {
    int out;
    int err;
};

static void launch_work(void *ctx);
static void launch_report(bool has_run, void *ctx);

struct launcher *launcher_new(struct loop *loop)
{
    struct launcher *launcher = mem_alloc(sizeof *launcher);

    launcher->loop = loop;
    return launcher;
}

void launcher_limit_files(struct launcher *launcher, uint64_t files_max)
{
    launcher->files_max = files_max;
}

void launcher_free(struct launcher *launcher)
{
    if (!launcher)
        return;
    pool_free(launcher->pool);
    free(launcher);
}

bool launch_start(struct launcher *launcher, const struct launch_spec *spec, launch_done *done,
                  void *ctx, struct err *e)
{
    struct launch *l;

    if (!launcher->pool) {
        launcher->pool = pool_new(launcher->loop, LAUNCH_THREADS, e);
        if (!launcher->pool)
            return false;
    }
    l = mem_alloc(sizeof *l);
    *l = (struct launch){.spec = *spec,
                         .files_max = launcher->files_max,
                         .clock = loop_clock(launcher->loop),
                         .done = done,
                         .ctx = ctx};
    l->result = (struct launch_result){.errnum = ECANCELED, .pidfd = -1, .out = -1, .err = -1};
    if (pool_run(launcher->pool, launch_work, launch_report, l))
        return true;
    free(l);
    return fail(e, ERR_LIMIT, NULL, "too many processes are being started at once");
}

int launch_fd(int fd)
{
    int high;

    if (fd < 0 || fd >= LAUNCH_FD_LEAST)
        return fd;
    high = fcntl(fd, F_DUPFD_CLOEXEC, LAUNCH_FD_LEAST);
    close(fd);
    return high;
}

static void launch_report(bool has_run, void *ctx)
{
    struct launch *l = ctx;

    (void)has_run;
    l->done(&l->result, l->ctx);
    free(l);
}

// Two pipes; the read ends, non-blocking, go to *r.
static bool pipes_open(struct launch_result *r, struct ends *ret_ends)
{
    int out[2], err[2];

    if (pipe2(out, O_CLOEXEC) < 0)
        return false;
    if (pipe2(err, O_CLOEXEC) < 0) {
        close(out[0]);
        close(out[1]);
        return false;
    }
    r->out = out[0];
    r->err = err[0];
    *ret_ends = (struct ends){launch_fd(out[1]), launch_fd(err[1])};
    return file_set_nonblocking(r->out) && file_set_nonblocking(r->err) && ret_ends->out >= 0 &&
           ret_ends->err >= 0;
}

static int actions_fill(posix_spawn_file_actions_t *actions, const struct launch_spec *spec,
                        const struct ends *ends)
{
    int failed = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
    int next = 3;

    failed |= posix_spawn_file_actions_adddup2(actions, ends->out, 1);
    failed |= posix_spawn_file_actions_adddup2(actions, ends->err, 2);
    for (int i = 0; i < LAUNCH_EXTRA_MAX && spec->extra[i] > 0; i++)
        failed |= posix_spawn_file_actions_adddup2(actions, spec->extra[i], next++);
    failed |= posix_spawn_file_actions_addclosefrom_np(actions, next);
    if (spec->folder)
        failed |= posix_spawn_file_actions_addchdir_np(actions, spec->folder);
    return failed;
}

static int attributes_fill(posix_spawnattr_t *attributes)
{
    sigset_t none, all;

    sigemptyset(&none);
    sigfillset(&all);
    return posix_spawnattr_setsigmask(attributes, &none) |
           posix_spawnattr_setsigdefault(attributes, &all) |
           posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
                                                    POSIX_SPAWN_SETSIGDEF);
}

static int spawn(const struct launch_spec *spec, const struct ends *ends, pid_t *ret_pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int errnum = ENOMEM;

    if (posix_spawn_file_actions_init(&actions) != 0)
        return errnum;
    if (posix_spawnattr_init(&attributes) == 0) {
        if (actions_fill(&actions, spec, ends) == 0 && attributes_fill(&attributes) == 0)
            errnum =
                posix_spawnp(ret_pid, spec->program, &actions, &attributes, spec->argv, spec->envp);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return errnum;
}

// posix_spawn sets no limits, so this happens while the child's loader is still at work.
static void files_limit(pid_t pid, uint64_t files_max)
{
    struct rlimit limit;

    if (files_max == 0 || prlimit(pid, RLIMIT_NOFILE, NULL, &limit) != 0 ||
        limit.rlim_cur <= files_max)
        return;
    limit.rlim_cur = files_max;
    (void)prlimit(pid, RLIMIT_NOFILE, &limit, NULL);
}

static void result_close(struct launch_result *r)
{
    file_close(&r->pidfd);
    file_close(&r->out);
    file_close(&r->err);
}

// A child without a pidfd would be a child that nobody watches.
static int pidfd_take(struct launch_result *r)
{
    int errnum;

    r->pidfd = pidfd_open(r->pid, 0);
    if (r->pidfd >= 0)
        return 0;
    errnum = errno;
    kill(-r->pid, SIGKILL);
    while (waitpid(r->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return errnum;
}

static void launch_work(void *ctx)
{
    struct launch *l = ctx;
    struct launch_result *r = &l->result;
    struct ends ends = {-1, -1};

    r->errnum = 0;
    if (!pipes_open(r, &ends)) {
        r->errnum = errno;
        r->is_limit = true;
    }
    r->started_at = clock_wall(l->clock);
    r->started = clock_mono(l->clock);
    if (r->errnum == 0)
        r->errnum = spawn(&l->spec, &ends, &r->pid);
    if (r->errnum == 0)
        files_limit(r->pid, l->files_max);
    file_close(&ends.out);
    file_close(&ends.err);
    if (r->errnum == 0 && (r->errnum = pidfd_take(r)) != 0)
        r->is_limit = true;
    if (r->errnum != 0)
        result_close(r);
}
