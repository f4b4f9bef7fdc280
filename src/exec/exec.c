// exec.c - the real executor: which way a run is carried out, how many at once, how long, and how
// it is told.
// SPDX-License-Identifier: Apache-2.0
//
// An attempt goes through stages: it may wait for a place among the processes, be waiting for the
// compiler, and then is a command (a process of its own), a module run (a call in a warm host) or a
// certificate check. Whatever ends it, it is reported from one place, attempt_report, and never
// from within exec_start: what fails at once is put on a list that the end of the turn reports.
//
// Why it ends is decided by whoever ends it first: `cause` is set only while the attempt still
// runs, and a process that has exited by itself before the TERM went out keeps its own end.
#include "exec/exec.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/map.h"
#include "base/mem.h"
#include "exec/args.h"
#include "exec/command.h"
#include "exec/environment.h"
#include "exec/launch.h"
#include "job/folder.h"

#define CHILDREN_DEFAULT 256
#define WAITING_MAX 100000 // starts that wait for a place
#define OUTPUT_DEFAULT 65536

enum stage {
    STAGE_NEW,
    STAGE_WAITING, // for a place among the commands
    STAGE_COMMAND,
    STAGE_ENDED, // on the list of what the end of the turn reports
};

enum cause {
    CAUSE_NONE,
    CAUSE_TIMEOUT,
    CAUSE_CANCEL,
    CAUSE_SHUTDOWN
};

struct executor {
    struct exec base;
    struct loop *loop;
    struct exec_options options;
    char *jobs_dir; // absolute
    struct environment environment;
    struct launcher *launcher;
    struct map attempts; // by run id
    struct list waiting;
    size_t waiting_count;
    int commands; // at work
    struct list ended;
    struct loop_timer stop_timer;
    bool is_stopping;
};

struct attempt {
    struct executor *x;
    struct arena *arena; // owns all texts
    struct exec_request request;
    exec_done *done;
    void *ctx;
    enum stage stage;
    enum cause cause;
    struct list link; // in waiting or ended
    struct loop_timer timeout;
    enum folder_entry entry;
    struct str folder;   // absolute path; a NUL follows
    const char *program; // what is started, for messages
    struct command *command;
    struct run_end end;
};

static const struct exec_ops real_ops;

static void attempt_route(struct attempt *a);
static void attempt_fail(struct attempt *a, struct str message);
static void attempt_stop(struct attempt *a, enum cause cause);
static void attempt_report(struct attempt *a);
static void attempt_free(struct attempt *a);
static void command_queue(struct attempt *a);
static void commands_fill(struct executor *x);
static void ended_report(void *ctx);

static char *path_absolute(const char *path)
{
    char cwd[PATH_MAX], *full;
    size_t size;

    if (path[0] == '/' || !getcwd(cwd, sizeof cwd))
        return str_own(str_of(path));
    size = strlen(cwd) + strlen(path) + 2;
    full = mem_alloc(size);
    (void)snprintf(full, size, "%s/%s", cwd, path);
    return full;
}

bool exec_new(struct loop *loop, const struct exec_options *options, struct exec **ret,
              struct err *e)
{
    struct executor *x = mem_alloc(sizeof *x);

    (void)e;
    x->base.ops = &real_ops;
    x->loop = loop;
    x->options = *options;
    if (x->options.children_max <= 0)
        x->options.children_max = CHILDREN_DEFAULT;
    if (x->options.output_head_max == 0)
        x->options.output_head_max = OUTPUT_DEFAULT;
    if (x->options.output_tail_max == 0)
        x->options.output_tail_max = OUTPUT_DEFAULT;
    x->jobs_dir = path_absolute(options->jobs_dir);
    environment_init(&x->environment);
    x->launcher = launcher_new(loop);
    map_init(&x->attempts);
    list_init(&x->waiting);
    list_init(&x->ended);
    *ret = &x->base;
    return true;
}

static struct attempt *attempt_new(struct executor *x, const struct exec_request *request,
                                   exec_done *done, void *ctx)
{
    struct attempt *a = mem_alloc(sizeof *a);

    a->x = x;
    a->arena = arena_new(1024);
    a->request = *request;
    a->request.job_name = arena_copy(a->arena, request->job_name);
    a->request.target = arena_copy(a->arena, request->target);
    a->request.args = arena_copy(a->arena, request->args);
    a->done = done;
    a->ctx = ctx;
    a->end = (struct run_end){.run_id = request->run_id,
                              .attempt = request->attempt,
                              .state = RUN_FAILED,
                              .exit_code = -1};
    return a;
}

static void real_start(struct exec *exec, const struct exec_request *request, exec_done *done,
                       void *ctx)
{
    struct executor *x = (struct executor *)exec;
    struct attempt *a = attempt_new(x, request, done, ctx);

    (void)map_put_u64(&x->attempts, (uint64_t)request->run_id, a);
    if (x->is_stopping)
        attempt_stop(a, CAUSE_SHUTDOWN);
    else
        attempt_route(a);
}

static void real_cancel(struct exec *exec, int64_t run_id)
{
    struct executor *x = (struct executor *)exec;
    struct attempt *a = map_get_u64(&x->attempts, (uint64_t)run_id);

    if (a)
        attempt_stop(a, CAUSE_CANCEL);
}

static size_t real_running(const struct exec *exec)
{
    return ((const struct executor *)exec)->attempts.len;
}

static void stop_rest(void *ctx)
{
    struct executor *x = ctx;
    struct attempt *a;

    for (size_t at = 0; (a = map_next(&x->attempts, &at));)
        attempt_stop(a, CAUSE_SHUTDOWN);
}

static void real_stop(struct exec *exec, int64_t grace_us)
{
    struct executor *x = (struct executor *)exec;
    struct attempt *a;

    x->is_stopping = true;
    for (size_t at = 0; (a = map_next(&x->attempts, &at));)
        if (a->stage == STAGE_WAITING)
            attempt_stop(a, CAUSE_SHUTDOWN);
    loop_timer_set(x->loop, &x->stop_timer, mono_after_us(loop_now(x->loop), grace_us), stop_rest,
                   x);
}

// The launcher goes first: it reports what it is starting, and only then can the commands be
// forgotten.
static void real_free(struct exec *exec)
{
    struct executor *x = (struct executor *)exec;
    struct attempt *a;

    x->is_stopping = true;
    loop_timer_stop(x->loop, &x->stop_timer);
    loop_defer_cancel(x->loop, ended_report, x);
    for (size_t at = 0; (a = map_next(&x->attempts, &at));)
        a->done = NULL;
    launcher_free(x->launcher);
    for (size_t at = 0; (a = map_next(&x->attempts, &at));)
        attempt_free(a);
    map_done(&x->attempts);
    environment_done(&x->environment);
    free(x->jobs_dir);
    free(x);
}

static const struct exec_ops real_ops = {
    .start = real_start,
    .cancel = real_cancel,
    .running = real_running,
    .stop = real_stop,
    .free = real_free,
};

// ---- the way of an attempt ----

static void folder_start(struct attempt *a)
{
    struct executor *x = a->x;
    struct err e;

    if (!folder_find(x->options.jobs_dir, a->request.target, &a->entry, &e)) {
        attempt_fail(a, arena_copy(a->arena, str_of(e.message)));
        return;
    }
    a->folder = arena_printf(a->arena, "%s/%.*s", x->jobs_dir, STR(a->request.target));
    switch (a->entry) {
    case ENTRY_PROGRAM:
        command_queue(a);
        break;
    default:
        attempt_fail(a,
                     arena_printf(a->arena, "%s cannot be run yet", folder_entry_file(a->entry)));
    }
}

static void attempt_route(struct attempt *a)
{
    switch (a->request.kind) {
    case JOB_FOLDER:
        folder_start(a);
        break;
    default:
        attempt_fail(a, arena_printf(a->arena, "no executor for jobs of kind %d", a->request.kind));
    }
}

static void attempt_end_later(struct attempt *a)
{
    struct executor *x = a->x;

    a->stage = STAGE_ENDED;
    if (list_is_empty(&x->ended))
        loop_defer(x->loop, ended_report, x);
    list_push(&x->ended, &a->link);
}

static void attempt_fail(struct attempt *a, struct str message)
{
    a->end.state = RUN_FAILED;
    a->end.message = message;
    a->end.finished_at = clock_wall(loop_clock(a->x->loop));
    attempt_end_later(a);
}

static void ended_report(void *ctx)
{
    struct executor *x = ctx;
    struct list batch;
    struct list *link;

    list_init(&batch);
    list_move(&x->ended, &batch);
    while ((link = list_pop(&batch)))
        attempt_report(list_item(link, struct attempt, link));
}

// State, reason and words of an attempt that belfry has ended.
static void cause_tell(struct attempt *a)
{
    bool has_begun = a->end.started_at.us != 0;

    a->end.state = a->cause == CAUSE_TIMEOUT ? RUN_TIMED_OUT : RUN_CANCELLED;
    if (a->cause == CAUSE_TIMEOUT)
        a->end.message = arena_printf(a->arena, "took longer than its limit of %g s",
                                      (double)a->request.timeout_us / 1e6);
    else if (a->cause == CAUSE_CANCEL)
        a->end.message =
            has_begun ? STR_LIT("cancelled") : STR_LIT("cancelled before it could start");
    else
        a->end.message = has_begun ? STR_LIT("ended because belfry was stopped")
                                   : STR_LIT("belfry was stopped before it could start");
    if (a->cause == CAUSE_SHUTDOWN)
        a->end.reason = REASON_SHUTDOWN;
}

static void attempt_stop(struct attempt *a, enum cause cause)
{
    if (a->cause != CAUSE_NONE || a->stage == STAGE_ENDED)
        return;
    if (a->stage == STAGE_COMMAND) {
        if (command_stop(a->command))
            a->cause = cause;
        return;
    }
    if (a->stage == STAGE_WAITING) {
        list_remove(&a->link);
        a->x->waiting_count--;
    }
    a->cause = cause;
    a->end.finished_at = clock_wall(loop_clock(a->x->loop));
    attempt_end_later(a);
}

static void attempt_report(struct attempt *a)
{
    struct executor *x = a->x;

    if (a->cause != CAUSE_NONE)
        cause_tell(a);
    (void)map_remove_u64(&x->attempts, (uint64_t)a->request.run_id);
    loop_timer_stop(x->loop, &a->timeout);
    if (a->done)
        a->done(&a->end, a->ctx);
    attempt_free(a);
}

static void attempt_free(struct attempt *a)
{
    loop_timer_stop(a->x->loop, &a->timeout);
    if (a->command)
        command_free(a->command);
    arena_free(a->arena);
    free(a);
}

// ---- time limit ----

static bool attempt_started(const struct attempt *a, mono *ret_started)
{
    return a->stage == STAGE_COMMAND && command_started(a->command, ret_started);
}

// The limit counts from the start of the process, which lies later than the start of the attempt:
// so it may ring early.
static void timeout_ring(void *ctx)
{
    struct attempt *a = ctx;
    struct loop *loop = a->x->loop;
    mono started = loop_now(loop);
    int64_t left_us;

    (void)attempt_started(a, &started);
    left_us = started.us + a->request.timeout_us - loop_now(loop).us;
    if (left_us > 0)
        loop_timer_set(loop, &a->timeout, mono_after_us(loop_now(loop), left_us), timeout_ring, a);
    else
        attempt_stop(a, CAUSE_TIMEOUT);
}

static void timeout_arm(struct attempt *a)
{
    struct loop *loop = a->x->loop;

    if (a->request.timeout_us > 0)
        loop_timer_set(loop, &a->timeout, mono_after_us(loop_now(loop), a->request.timeout_us),
                       timeout_ring, a);
}

// ---- commands ----

// Why a process could not be started, and what helps.
static struct str start_words(struct attempt *a, int errnum, bool is_limit)
{
    const char *hint = "";

    if (is_limit)
        hint = " (a limit on open files or processes)";
    else if (access(a->folder.p, X_OK) < 0)
        return arena_printf(a->arena, "could not enter the job folder %s: %s", a->folder.p,
                            err_words(errno));
    else if (a->entry != ENTRY_PROGRAM)
        hint = errnum == ENOENT ? " (is it installed and in PATH?)" : "";
    else if (errnum == EACCES)
        hint = arena_printf(a->arena, " (chmod +x %s/%.*s/main)", a->x->options.jobs_dir,
                            STR(a->request.target))
                   .p;
    else if (errnum == ENOENT)
        hint = " (the interpreter that its first line names is missing)";
    else if (errnum == ENOEXEC)
        hint = " (a script needs a first line such as #!/bin/sh)";
    return arena_printf(a->arena, "could not start %s: %s%s", a->program, err_words(errnum), hint);
}

static struct str end_words(struct attempt *a, const struct command_end *end)
{
    const char *name = end->signal ? sigabbrev_np(end->signal) : NULL;
    const char *words = end->signal ? sigdescr_np(end->signal) : NULL;

    if (*end->words)
        return arena_copy(a->arena, str_of(end->words));
    if (end->signal && name && words)
        return arena_printf(a->arena, "killed by SIG%s (%s)", name, words);
    if (end->signal)
        return arena_printf(a->arena, "killed by signal %d", end->signal);
    return end->exit_code == 0 ? (struct str){0}
                               : arena_printf(a->arena, "exit status %d", end->exit_code);
}

static void end_take(struct attempt *a, const struct command_end *end)
{
    a->end.finished_at = end->finished_at;
    if (end->errnum != 0) {
        a->end.message = start_words(a, end->errnum, end->is_limit);
        return;
    }
    a->end.started_at = end->started_at;
    a->end.exit_code = end->exit_code;
    a->end.signal = end->signal;
    a->end.out = end->out;
    a->end.err = end->err;
    a->end.state = end->exit_code == 0 ? RUN_SUCCEEDED : RUN_FAILED;
    a->end.message = end_words(a, end);
}

static void command_ended(const struct command_end *end, void *ctx)
{
    struct attempt *a = ctx;
    struct executor *x = a->x;

    x->commands--;
    a->command = NULL;
    if (!a->done)
        return; // real_free is at it
    end_take(a, end);
    attempt_report(a);
    commands_fill(x);
}

static bool command_spec(struct attempt *a, struct launch_spec *ret, struct err *e)
{
    struct args args;
    const char *path = arena_printf(a->arena, "%s/main", a->folder.p).p;

    if (!args_read(a->request.args, path, a->arena, &args, e))
        return false;
    a->program = "main";
    *ret = (struct launch_spec){
        .program = path,
        .argv = args.v,
        .envp = environment_make(&a->x->environment, &a->request, NULL, a->arena),
        .folder = a->folder.p,
    };
    return true;
}

static void command_begin(struct attempt *a)
{
    struct executor *x = a->x;
    struct command_options options = {
        .loop = x->loop,
        .launcher = x->launcher,
        .head_max = x->options.output_head_max,
        .tail_max = x->options.output_tail_max,
    };
    struct err e;

    if (command_spec(a, &options.spec, &e))
        a->command = command_start(&options, command_ended, a, &e);
    if (!a->command) {
        attempt_fail(a, arena_copy(a->arena, str_of(e.message)));
        return;
    }
    a->stage = STAGE_COMMAND;
    x->commands++;
    timeout_arm(a);
}

static void command_queue(struct attempt *a)
{
    struct executor *x = a->x;

    if (x->commands < x->options.children_max && x->waiting_count == 0) {
        command_begin(a);
        return;
    }
    if (x->waiting_count == WAITING_MAX) {
        attempt_fail(a, arena_printf(a->arena, "%d runs wait for a place already", WAITING_MAX));
        a->end.reason = REASON_LIMIT;
        return;
    }
    a->stage = STAGE_WAITING;
    x->waiting_count++;
    list_push(&x->waiting, &a->link);
}

static void commands_fill(struct executor *x)
{
    struct list *link;

    while (x->commands < x->options.children_max && (link = list_pop(&x->waiting))) {
        x->waiting_count--;
        command_begin(list_item(link, struct attempt, link));
    }
}
