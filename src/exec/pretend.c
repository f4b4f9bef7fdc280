// pretend.c - runs that are nothing but a timer.
// SPDX-License-Identifier: Apache-2.0
#include "exec/pretend.h"

#include <stdlib.h>

#include "base/list.h"
#include "base/mem.h"

struct pretender {
    struct exec base; // first
    struct loop *loop;
    struct pretend_ops ops;
    void *ctx;
    struct list running; // struct act, in the order of their starts
    struct list waiting; // those that have no place yet
    size_t count;        // of both
    size_t busy;         // places taken
    struct loop_timer stop;
};

struct act {
    struct list link;
    struct loop_timer timer;
    struct pretender *by;
    struct str job_name; // owned
    bool has_place;
    wall scheduled_at;
    struct run_end end;
    exec_done *done;
    void *ctx;
};

static const struct exec_ops pretender_ops;
static void places_fill(struct pretender *x);

struct exec *pretend_new(struct loop *loop, const struct pretend_ops *ops, void *ctx)
{
    struct pretender *x = mem_alloc(sizeof *x);

    x->base.ops = &pretender_ops;
    x->loop = loop;
    x->ops = *ops;
    x->ctx = ctx;
    list_init(&x->running);
    list_init(&x->waiting);
    return &x->base;
}

static void act_free(struct act *act)
{
    loop_timer_stop(act->by->loop, &act->timer);
    list_remove(&act->link);
    act->by->count--;
    act->by->busy -= act->has_place;
    free((char *)act->job_name.p);
    free(act);
}

static void act_end(void *ctx)
{
    struct act *act = ctx;
    struct pretender *x = act->by;
    struct run_end end = act->end;
    exec_done *done = act->done;
    void *done_ctx = act->ctx;

    bool has_begun = act->has_place;

    end.finished_at = clock_wall(loop_clock(x->loop));
    act_free(act);
    if (x->ops.on_end && has_begun)
        x->ops.on_end(&end, x->ctx);
    done(&end, done_ctx);
    places_fill(x);
}

static void act_begin(struct act *act)
{
    struct pretender *x = act->by;
    struct pretence pretence = {.state = RUN_SUCCEEDED};
    const struct exec_request request = {
        .run_id = act->end.run_id,
        .job_name = act->job_name,
        .scheduled_at = act->scheduled_at,
        .attempt = act->end.attempt,
    };

    x->ops.on_start(&request, &pretence, x->ctx);
    act->has_place = true;
    x->busy++;
    act->end.state = pretence.state;
    act->end.exit_code = pretence.exit_code;
    act->end.started_at = clock_wall(loop_clock(x->loop));
    list_remove(&act->link);
    list_push(&x->running, &act->link);
    loop_timer_set(x->loop, &act->timer, mono_after_us(loop_now(x->loop), pretence.takes_us),
                   act_end, act);
}

static void places_fill(struct pretender *x)
{
    while (!list_is_empty(&x->waiting) && (x->ops.places == 0 || x->busy < x->ops.places))
        act_begin(list_item(x->waiting.next, struct act, link));
}

static void pretend_start(struct exec *exec, const struct exec_request *request, exec_done *done,
                          void *ctx)
{
    struct pretender *x = (struct pretender *)exec;
    struct act *act = mem_alloc(sizeof *act);

    act->by = x;
    act->done = done;
    act->ctx = ctx;
    act->job_name = (struct str){str_own(request->job_name), request->job_name.len};
    act->scheduled_at = request->scheduled_at;
    act->end = (struct run_end){
        .run_id = request->run_id,
        .attempt = request->attempt,
        .message = STR_LIT("pretended"),
    };
    list_push(&x->waiting, &act->link);
    x->count++;
    places_fill(x);
}

static void act_cancel(struct act *act, enum run_reason reason)
{
    act->end.state = RUN_CANCELLED;
    act->end.reason = reason;
    act->end.exit_code = -1;
    act->end.signal = 15;
    loop_timer_set(act->by->loop, &act->timer, loop_now(act->by->loop), act_end, act);
}

static void cancel_in(struct list *acts, int64_t run_id, enum run_reason reason)
{
    for (struct list *at = acts->next; at != acts; at = at->next) {
        struct act *act = list_item(at, struct act, link);

        if (run_id == 0 || act->end.run_id == run_id)
            act_cancel(act, reason);
    }
}

static void pretend_cancel(struct exec *exec, int64_t run_id, int64_t grace_us)
{
    struct pretender *x = (struct pretender *)exec;

    (void)grace_us; // a pretended run ends at once
    cancel_in(&x->running, run_id, REASON_NONE);
    cancel_in(&x->waiting, run_id, REASON_NONE);
}

static size_t pretend_running(const struct exec *exec)
{
    return ((const struct pretender *)exec)->count;
}

static void stop_all(void *ctx)
{
    struct pretender *x = ctx;

    cancel_in(&x->running, 0, REASON_SHUTDOWN);
    cancel_in(&x->waiting, 0, REASON_SHUTDOWN);
}

static void pretend_stop(struct exec *exec, int64_t grace_us)
{
    struct pretender *x = (struct pretender *)exec;

    loop_timer_set(x->loop, &x->stop, mono_after_us(loop_now(x->loop), grace_us), stop_all, x);
}

static void pretend_free(struct exec *exec)
{
    struct pretender *x = (struct pretender *)exec;

    while (!list_is_empty(&x->running))
        act_free(list_item(x->running.next, struct act, link));
    while (!list_is_empty(&x->waiting))
        act_free(list_item(x->waiting.next, struct act, link));
    loop_timer_stop(x->loop, &x->stop);
    free(x);
}

static const struct exec_ops pretender_ops = {
    .start = pretend_start,
    .cancel = pretend_cancel,
    .running = pretend_running,
    .stop = pretend_stop,
    .free = pretend_free,
};
