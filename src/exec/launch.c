// launch.c - processes started on worker threads.
// SPDX-License-Identifier: Apache-2.0
#include "exec/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
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
    int result;
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
    l->result = (struct launch_result){
        .errnum = ECANCELED, .step = "", .pidfd = -1, .out = -1, .err = -1, .result = -1};
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

// A pipe whose read end, non-blocking, goes to *ret_read; the child's end is out of the way.
static bool pipe_open(int *ret_read, int *ret_child)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return false;
    *ret_read = ends[0];
    *ret_child = launch_fd(ends[1]);
    return *ret_child >= 0 && file_set_nonblocking(*ret_read);
}

static bool pipes_open(const struct launch_spec *spec, struct launch_result *r, struct ends *ends)
{
    return pipe_open(&r->out, &ends->out) && pipe_open(&r->err, &ends->err) &&
           (!spec->has_result || pipe_open(&r->result, &ends->result));
}

static void child_spawn(struct launch *l, const struct ends *ends)
{
    struct launch_result *r = &l->result;
    struct spawn_result child;
    struct spawn_request request = {
        .program = l->spec.program,
        .argv = l->spec.argv,
        .envp = l->spec.envp,
        .folder = l->spec.folder,
        .in = l->spec.in > 0 ? l->spec.in : -1,
        .out = ends->out,
        .err = ends->err,
        .setting = l->spec.setting,
    };

    for (int i = 0; i < LAUNCH_EXTRA_MAX; i++)
        request.extra[i] = l->spec.extra[i];
    if (l->spec.has_result)
        request.extra[0] = ends->result;
    spawn(&request, &child);
    r->errnum = child.errnum;
    r->step = child.step;
    r->pid = child.pid;
    r->pidfd = child.pidfd;
}

// After the start, while the child's loader is still at work: its own limits are not set so late.
static void files_limit(pid_t pid, uint64_t files_max, const struct spawn_setting *setting)
{
    struct rlimit limit;

    for (int i = 0; setting && i < setting->limit_count; i++)
        if (setting->limits[i].resource == RLIMIT_NOFILE)
            return;
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
    file_close(&r->result);
}

static void launch_work(void *ctx)
{
    struct launch *l = ctx;
    struct launch_result *r = &l->result;
    struct ends ends = {-1, -1, -1};

    r->errnum = 0;
    if (!pipes_open(&l->spec, r, &ends)) {
        r->errnum = errno;
        r->is_limit = true;
    }
    r->started_at = clock_wall(l->clock);
    r->started = clock_mono(l->clock);
    if (r->errnum == 0)
        child_spawn(l, &ends);
    if (r->errnum == 0)
        files_limit(r->pid, l->files_max, l->spec.setting);
    file_close(&ends.out);
    file_close(&ends.err);
    file_close(&ends.result);
    if (r->errnum != 0)
        result_close(r);
}
