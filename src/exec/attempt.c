// attempt.c - the way of an attempt: waits for a place, compiles, runs, is ended, is reported.
// SPDX-License-Identifier: Apache-2.0
//
// An attempt goes through stages: it may wait for a place among the processes, be waiting for the
// compiler, and then is a process (which a keeper looks after), a module run (a call in a warm
// host), a certificate check or an HTTP request. Whatever ends it, it is reported from one place,
// attempt_report, and never from within exec_start: what fails at once is put on a list that the
// end of the turn reports.
//
// Why it ends is decided by whoever ends it first: `cause` is set only while the attempt still
// runs, and a process that has exited by itself before the TERM went out keeps its own end.
#include "exec/attempt.h"

#include <errno.h>
#include <sys/stat.h>

#include "exec/certificate.h"
#include "exec/compile.h"
#include "exec/http_job.h"
#include "exec/keepers.h"
#include "exec/module.h"
#include "exec/module_file.h"
#include "exec/process.h"
#include "exec/words.h"

#define WAITING_MAX 100000 // starts that wait for a place
#define ROOM_FOR_TEXTS 768 // of most attempts

static void attempt_fail(struct attempt *a, struct str message);
static void attempt_report(struct attempt *a);
static void module_route(struct attempt *a, const struct stat *st);
static void compile_route(struct attempt *a);
static void certificate_route(struct attempt *a);
static void http_route(struct attempt *a);
static void process_queue(struct attempt *a);
static void processes_fill(struct executor *x);

struct attempt *attempt_new(struct executor *x, const struct exec_request *request, exec_done *done,
                            void *ctx)
{
    struct arena *arena = arena_new(sizeof(struct attempt) + ROOM_FOR_TEXTS);
    struct attempt *a = arena_alloc(arena, sizeof *a);

    a->x = x;
    a->arena = arena;
    a->request = *request;
    a->request.job_name = arena_copy(a->arena, request->job_name);
    a->request.target = arena_copy(a->arena, request->target);
    a->request.args = arena_copy(a->arena, request->args);
    a->request.options = arena_copy(a->arena, request->options);
    a->request.cause = arena_copy(a->arena, request->cause);
    a->done = done;
    a->ctx = ctx;
    a->end = (struct run_end){.run_id = request->run_id,
                              .attempt = request->attempt,
                              .state = RUN_FAILED,
                              .exit_code = -1};
    return a;
}

static void folder_start(struct attempt *a)
{
    struct executor *x = a->x;
    struct stat st;
    struct err e;

    if (!lookup_take(&x->lookups, a->request.target, loop_now(x->loop), &a->entry, &st, &e)) {
        attempt_fail(a, arena_copy(a->arena, str_of(e.message)));
        return;
    }
    a->folder = arena_path(a->arena, str_of(x->jobs_dir), a->request.target);
    if (a->request.options.len + a->request.cause.len > 0 && a->entry == ENTRY_MODULE) {
        process_queue(a); // what its process is given is its own
        return;
    }
    switch (a->entry) {
    case ENTRY_MODULE:
        module_route(a, &st);
        break;
    case ENTRY_SOURCE:
        compile_route(a);
        break;
    default:
        process_queue(a);
    }
}

void attempt_route(struct attempt *a)
{
    switch (a->request.kind) {
    case JOB_FOLDER:
        folder_start(a);
        break;
    case JOB_CERTIFICATE:
        certificate_route(a);
        break;
    case JOB_COMMAND:
        process_queue(a);
        break;
    case JOB_HTTP:
        http_route(a);
        break;
    default:
        attempt_fail(a, arena_printf(a->arena, "no executor for jobs of kind %d", a->request.kind));
    }
}

void attempt_end_later(struct attempt *a)
{
    struct executor *x = a->x;

    a->stage = STAGE_ENDED;
    if (list_is_empty(&x->ended))
        loop_defer(x->loop, attempts_report, x);
    list_push(&x->ended, &a->link);
}

static void attempt_fail(struct attempt *a, struct str message)
{
    a->end.state = RUN_FAILED;
    a->end.message = message;
    a->end.finished_at = clock_wall(loop_clock(a->x->loop));
    attempt_end_later(a);
}

void attempts_report(void *ctx)
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
    a->end.state = a->cause == KEEP_CAUSE_TIMEOUT ? RUN_TIMED_OUT : RUN_CANCELLED;
    a->end.message =
        words_cause(a->cause, a->end.started_at.us != 0, a->request.timeout_us, a->arena);
    if (a->cause == KEEP_CAUSE_SHUTDOWN)
        a->end.reason = REASON_SHUTDOWN;
}

// Ends what has not begun, or can be ended at once; what runs as a process is told to end and
// reports later. True when the end is here already.
static bool attempt_cut(struct attempt *a, enum keep_cause cause, int64_t grace_us)
{
    switch (a->stage) {
    case STAGE_PROCESS: // its end tells whether this came in time
        keepers_stop(a->x->keepers, a->process, cause, grace_us);
        return false;
    case STAGE_MODULE:
        if (module_stop(a->x->modules, a->module))
            a->cause = cause;
        return false;
    case STAGE_WAITING:
        list_remove(&a->link);
        a->x->waiting_count--;
        return true;
    case STAGE_COMPILE:
        compile_forget(a->compile);
        return true;
    case STAGE_CERTIFICATE:
        certificate_cancel(a->certificate);
        a->certificate = NULL;
        return true;
    case STAGE_HTTP:
        http_job_cancel(a->http);
        a->http = NULL;
        return true;
    default:
        return true;
    }
}

void attempt_stop(struct attempt *a, enum keep_cause cause, int64_t grace_us)
{
    if (a->cause != KEEP_CAUSE_NONE || a->stage == STAGE_ENDED || !attempt_cut(a, cause, grace_us))
        return;
    a->cause = cause;
    a->end.finished_at = clock_wall(loop_clock(a->x->loop));
    attempt_end_later(a);
}

static void attempt_report(struct attempt *a)
{
    struct executor *x = a->x;

    if (a->cause != KEEP_CAUSE_NONE)
        cause_tell(a);
    (void)map_remove_u64(&x->attempts, (uint64_t)a->request.run_id);
    loop_timer_stop(x->loop, &a->timeout);
    if (a->done)
        a->done(&a->end, a->ctx);
    attempt_free(a);
}

void attempt_free(struct attempt *a)
{
    loop_timer_stop(a->x->loop, &a->timeout);
    certificate_cancel(a->certificate);
    http_job_cancel(a->http);
    arena_free(a->arena);
}

// ---- time limit ----

static bool attempt_started(const struct attempt *a, mono *ret_started)
{
    switch (a->stage) {
    case STAGE_MODULE:
        return module_started(a->module, ret_started);
    case STAGE_CERTIFICATE:
    case STAGE_HTTP:
        *ret_started = a->started;
        return true;
    default:
        return false;
    }
}

bool attempt_has_begun(const struct attempt *a)
{
    mono started;

    return a->stage == STAGE_PROCESS || a->stage == STAGE_ENDED || attempt_started(a, &started);
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
        attempt_stop(a, KEEP_CAUSE_TIMEOUT, a->request.kill_grace_us);
}

static void timeout_arm(struct attempt *a)
{
    struct loop *loop = a->x->loop;

    if (a->request.timeout_us > 0)
        loop_timer_set(loop, &a->timeout, mono_after_us(loop_now(loop), a->request.timeout_us),
                       timeout_ring, a);
}

// ---- processes ----

static struct str failure_words(struct attempt *a, const struct command_end *end)
{
    struct start_failure failure = {
        .errnum = end->errnum,
        .is_limit = end->is_limit,
        .step = end->step,
        .program = a->program,
        .folder = a->folder.p,
        .workdir = a->workdir,
        .is_entry = a->entry == ENTRY_PROGRAM,
    };

    return words_start(&failure, a->arena);
}

static void end_take(struct attempt *a, const struct command_end *end)
{
    a->end.finished_at = end->finished_at;
    if (end->errnum != 0) {
        a->end.message = failure_words(a, end);
        return;
    }
    a->end.started_at = end->started_at;
    a->end.exit_code = end->exit_code;
    a->end.signal = end->signal;
    a->end.out = end->out;
    a->end.err = end->err;
    a->end.usage = end->usage;
    a->end.state = end->exit_code == 0 ? RUN_SUCCEEDED : RUN_FAILED;
    a->end.message = words_end(end, a->arena);
    if (a->entry == ENTRY_PYTHON && end->exit_code > 0)
        a->end.message = words_add_last_line(a->end.message, end->err, a->arena);
}

void attempt_process_ended(const struct keep_end *end, void *ctx)
{
    struct attempt *a = ctx;
    struct executor *x = a->x;

    x->processes--;
    a->process = NULL;
    if (!a->done)
        return; // real_free is at it
    end_take(a, &end->command);
    a->cause = end->cause;
    if (a->end.state == RUN_SUCCEEDED || a->entry != ENTRY_PYTHON)
        a->end.result = end->result;
    a->end.progress = end->progress;
    if (a->end.message.len == 0)
        a->end.message = end->warning;
    if (end->is_lost) {
        a->end.state = RUN_LOST;
        a->end.reason = REASON_RESTART;
        a->end.message = STR_LIT("the keeper of its process was killed; its outcome is not known");
    }
    attempt_report(a);
    processes_fill(x);
}

static void process_begin(struct attempt *a)
{
    struct executor *x = a->x;
    struct process_place place = {
        .jobs_dir = x->jobs_dir,
        .self = x->options.self,
        .python = x->options.python,
        .environment = &x->environment,
        .head_max = x->options.output_max,
        .has_logs = true,
    };
    struct keep_start start;
    struct err e;

    if (process_make(&place, &a->request, a->entry, a->folder, a->arena, &start, &a->program, &e))
        a->process = keepers_start(x->keepers, &start, attempt_process_ended, a, &e);
    a->workdir = start.folder;
    if (!a->process) {
        attempt_fail(a, arena_copy(a->arena, str_of(e.message)));
        return;
    }
    a->stage = STAGE_PROCESS;
    x->processes++;
}

static void process_queue(struct attempt *a)
{
    struct executor *x = a->x;

    if (x->processes < x->options.children_max && x->waiting_count == 0) {
        process_begin(a);
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

static void processes_fill(struct executor *x)
{
    struct list *link;

    while (x->processes < x->options.children_max && (link = list_pop(&x->waiting))) {
        x->waiting_count--;
        process_begin(list_item(link, struct attempt, link));
    }
}

// ---- modules ----

static void module_ended(const struct command_end *end, void *ctx)
{
    struct attempt *a = ctx;

    a->module = NULL;
    end_take(a, end);
    attempt_report(a);
}

static void module_route(struct attempt *a, const struct stat *st)
{
    struct module_request request;
    struct err e;

    if (!module_request_make(&a->request, a->folder, a->arena, &request, &e)) {
        attempt_fail(a, arena_copy(a->arena, str_of(e.message)));
        return;
    }
    request.key = module_key(st);
    if (!modules_takes(a->x->modules, &request)) {
        process_queue(a);
        return;
    }
    a->stage = STAGE_MODULE;
    a->module = module_start(a->x->modules, &request, module_ended, a);
    timeout_arm(a);
}

static void compiled(const struct compile_end *end, void *ctx)
{
    struct attempt *a = ctx;
    const char *path = arena_path(a->arena, a->folder, STR_LIT("main.so")).p;
    struct stat st;

    a->compile = NULL;
    if (end->is_ok && stat(path, &st) == 0) {
        module_route(a, &st);
        return;
    }
    a->end.err = end->err;
    a->end.message = end->is_ok ? arena_printf(a->arena, "%s: %s", path, err_words(errno))
                                : arena_copy(a->arena, str_of(end->message));
    a->end.finished_at = clock_wall(loop_clock(a->x->loop));
    attempt_report(a);
}

static void compile_route(struct attempt *a)
{
    a->stage = STAGE_COMPILE;
    a->compile = compile_start(a->x->compiler, a->folder.p, compiled, a);
}

// ---- runs without a process: certificate checks and HTTP requests ----

static void light_begin(struct attempt *a, enum stage stage, bool is_begun, const struct err *e)
{
    struct loop *loop = a->x->loop;

    if (!is_begun) {
        attempt_fail(a, arena_copy(a->arena, str_of(e->message)));
        return;
    }
    a->stage = stage;
    a->started = loop_now(loop);
    a->end.started_at = clock_wall(loop_clock(loop));
    timeout_arm(a);
}

static void light_end(struct attempt *a, enum run_state state, struct str message,
                      struct str result)
{
    a->end.state = state;
    a->end.message = message;
    a->end.result = result;
    a->end.finished_at = clock_wall(loop_clock(a->x->loop));
    attempt_report(a);
}

static void certificate_ended(const struct certificate_end *end, void *ctx)
{
    struct attempt *a = ctx;

    a->certificate = NULL;
    a->end.seen = end->seen;
    light_end(a, end->state, end->message, end->result);
}

static void certificate_route(struct attempt *a)
{
    const struct certificate_tools tools = {a->x->loop, a->x->options.prober, a->x->past};
    const struct exec_request *r = &a->request;
    const struct certificate_request request = {r->job_name, r->target, r->args};
    struct err e;

    a->certificate = certificate_start(&tools, &request, certificate_ended, a, &e);
    light_begin(a, STAGE_CERTIFICATE, a->certificate != NULL, &e);
}

static void http_ended(const struct http_job_end *end, void *ctx)
{
    struct attempt *a = ctx;

    a->http = NULL;
    a->end.out = (struct run_stream){.head = end->out, .total = end->out_total};
    a->end.http_status = end->status;
    a->end.retry_after_us = end->retry_after_us;
    light_end(a, end->is_good ? RUN_SUCCEEDED : RUN_FAILED, end->message, end->result);
}

static void http_route(struct attempt *a)
{
    struct err e;

    if (!a->x->calls)
        a->x->calls = http_calls_new(a->x->loop);
    a->http = http_job_start(a->x->calls, &a->request, http_ended, a, &e);
    light_begin(a, STAGE_HTTP, a->http != NULL, &e);
}
