// exec.c - the real executor: which attempts there are, and how many processes at once.
// SPDX-License-Identifier: Apache-2.0
#include "exec/exec.h"

#include <assert.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/pool.h"
#include "exec/attempt.h"
#include "exec/certificate_past.h"
#include "exec/compile.h"
#include "exec/keepers.h"
#include "exec/launch.h"
#include "exec/module.h"
#include "net/http_call.h"

#define CHILDREN_DEFAULT 256
#define OUTPUT_DEFAULT 4096
#define MODULE_OUTPUT 65536 // of which there are no files

_Static_assert(EXEC_CHILDREN_MAX + COMPILE_AT_ONCE <= POOL_QUEUE_MAX,
               "whatever may be started at once fits into the launcher's queue");

static const struct exec_ops real_ops;

static void parts_make(struct executor *x)
{
    struct compiler_options compiler = {
        .loop = x->loop, .program = x->options.compiler, .envp = x->environment.v};
    struct modules_options modules = {
        .loop = x->loop,
        .self = x->options.self,
        .envp = x->environment.v,
        .hosts_max = x->options.children_max,
        .head_max = MODULE_OUTPUT,
        .tail_max = MODULE_OUTPUT,
    };

    x->launcher = compiler.launcher = modules.launcher = launcher_new(x->loop);
    launcher_limit_files(x->launcher, x->options.files_max);
    x->compiler = compiler_new(&compiler);
    x->past = certificate_past_new();
    x->modules = modules_new(&modules);
}

bool exec_new(struct loop *loop, const struct exec_options *options, struct exec **ret,
              struct err *e)
{
    struct executor *x = mem_alloc(sizeof *x);
    struct keepers_options keepers = {
        .loop = loop,
        .runs_dir = options->runs_dir,
        .self = options->self,
        .files_max = options->files_max,
        .cgroup = options->cgroup,
        .is_exclusive = options->is_exclusive,
    };

    assert(options->children_max <= EXEC_CHILDREN_MAX);
    x->keepers = keepers_open(&keepers, e);
    if (!x->keepers) {
        free(x);
        return false;
    }
    x->base.ops = &real_ops;
    x->loop = loop;
    x->options = *options;
    if (x->options.children_max <= 0)
        x->options.children_max = CHILDREN_DEFAULT;
    if (x->options.output_max == 0)
        x->options.output_max = OUTPUT_DEFAULT;
    x->jobs_dir = file_absolute(options->jobs_dir);
    environment_init(&x->environment);
    parts_make(x);
    map_init(&x->attempts);
    lookups_init(&x->lookups, x->options.jobs_dir);
    list_init(&x->waiting);
    list_init(&x->ended);
    *ret = &x->base;
    return true;
}

static void real_start(struct exec *exec, const struct exec_request *request, exec_done *done,
                       void *ctx)
{
    struct executor *x = (struct executor *)exec;
    struct attempt *a = attempt_new(x, request, done, ctx);

    (void)map_put_u64(&x->attempts, (uint64_t)request->run_id, a);
    if (x->is_stopping)
        attempt_stop(a, KEEP_CAUSE_SHUTDOWN, COMMAND_KILL_US);
    else
        attempt_route(a);
}

static void real_cancel(struct exec *exec, int64_t run_id, int64_t grace_us)
{
    struct executor *x = (struct executor *)exec;
    struct attempt *a = map_get_u64(&x->attempts, (uint64_t)run_id);

    if (a)
        attempt_stop(a, KEEP_CAUSE_CANCEL, grace_us);
}

static size_t real_running(const struct exec *exec)
{
    return ((const struct executor *)exec)->attempts.len;
}

// Tells the scheduler that a process goes on without it.
static void attempt_let_go(struct attempt *a)
{
    keepers_forget(a->x->keepers, a->process);
    a->process = NULL;
    a->end.state = RUN_RUNNING;
    attempt_end_later(a);
}

static void stop_rest(void *ctx)
{
    struct executor *x = ctx;
    struct attempt *a;

    for (size_t at = 0; (a = map_next(&x->attempts, &at));) {
        if (x->lets_go && a->stage == STAGE_PROCESS)
            attempt_let_go(a);
        else
            attempt_stop(a, KEEP_CAUSE_SHUTDOWN, COMMAND_KILL_US);
    }
    if (x->lets_go)
        keepers_leave(x->keepers);
}

static void real_let_go(struct exec *exec)
{
    ((struct executor *)exec)->lets_go = true;
}

static bool real_adopt(struct exec *exec, const struct exec_request *request, exec_done *done,
                       void *ctx)
{
    struct executor *x = (struct executor *)exec;
    struct attempt *a = attempt_new(x, request, done, ctx);
    struct err e;

    a->process =
        keepers_adopt(x->keepers, request->run_id, request->attempt, attempt_process_ended, a);
    if (!a->process) {
        attempt_free(a);
        return false;
    }
    if (request->kind == JOB_FOLDER) {
        a->folder = arena_path(a->arena, str_of(x->jobs_dir), a->request.target);
        (void)folder_find(x->jobs_dir, a->request.target, &a->entry, &e);
    }
    a->program = "main";
    a->stage = STAGE_PROCESS;
    x->processes++;
    (void)map_put_u64(&x->attempts, (uint64_t)request->run_id, a);
    return true;
}

static void real_adopt_end(struct exec *exec)
{
    keepers_adopt_end(((struct executor *)exec)->keepers);
}

static size_t real_kept(const struct exec *exec, int64_t **ret_run_ids)
{
    return keepers_found(((const struct executor *)exec)->keepers, ret_run_ids);
}

static void real_settled(struct exec *exec, int64_t run_id)
{
    keepers_settled(((struct executor *)exec)->keepers, run_id);
}

static struct str real_progress(const struct exec *exec, int64_t run_id)
{
    const struct executor *x = (const struct executor *)exec;
    const struct attempt *a = map_get_u64(&x->attempts, (uint64_t)run_id);

    return a && a->stage == STAGE_PROCESS ? keepers_progress(a->process) : (struct str){0};
}

static void real_stop(struct exec *exec, int64_t grace_us)
{
    struct executor *x = (struct executor *)exec;
    struct attempt *a;

    x->is_stopping = true;
    for (size_t at = 0; (a = map_next(&x->attempts, &at));)
        if (!attempt_has_begun(a))
            attempt_stop(a, KEEP_CAUSE_SHUTDOWN, COMMAND_KILL_US);
    loop_timer_set(x->loop, &x->stop_timer, mono_after_us(loop_now(x->loop), grace_us), stop_rest,
                   x);
}

// The launcher goes first: it reports what it is starting, and only then can module hosts and
// compilers be forgotten.
static void real_free(struct exec *exec)
{
    struct executor *x = (struct executor *)exec;
    struct attempt *a;

    x->is_stopping = true;
    loop_timer_stop(x->loop, &x->stop_timer);
    loop_defer_cancel(x->loop, attempts_report, x);
    for (size_t at = 0; (a = map_next(&x->attempts, &at));)
        a->done = NULL;
    keepers_leave(x->keepers);
    keepers_free(x->keepers);
    modules_close(x->modules);
    compiler_close(x->compiler);
    launcher_free(x->launcher);
    for (size_t at = 0; (a = map_next(&x->attempts, &at));)
        attempt_free(a);
    http_calls_free(x->calls);
    modules_free(x->modules);
    compiler_free(x->compiler);
    certificate_past_free(x->past);
    map_done(&x->attempts);
    lookups_done(&x->lookups);
    environment_done(&x->environment);
    free(x->jobs_dir);
    free(x);
}

static void real_expect(struct exec *exec, enum job_kind kind, struct str target)
{
    struct executor *x = (struct executor *)exec;

    if (kind == JOB_COMMAND)
        keepers_expect(x->keepers);
    if (kind == JOB_FOLDER)
        lookup_expect(&x->lookups, target, loop_now(x->loop));
}

static const struct exec_ops real_ops = {
    .start = real_start,
    .cancel = real_cancel,
    .running = real_running,
    .stop = real_stop,
    .free = real_free,
    .expect = real_expect,
    .adopt = real_adopt,
    .adopt_end = real_adopt_end,
    .kept = real_kept,
    .settled = real_settled,
    .let_go = real_let_go,
    .progress = real_progress,
};
