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
    size_t count;
    struct loop_timer stop;
};

struct act {
    struct list link;
    struct loop_timer timer;
    struct pretender *by;
    struct run_end end;
    exec_done *done;
    void *ctx;
};

static const struct exec_ops pretender_ops;

struct exec *pretend_new(struct loop *loop, const struct pretend_ops *ops, void *ctx)
{
    struct pretender *x = mem_alloc(sizeof *x);

    x->base.ops = &pretender_ops;
    x->loop = loop;
    x->ops = *ops;
    x->ctx = ctx;
    list_init(&x->running);
    return &x->base;
}

static void act_free(struct act *act)
{
    loop_timer_stop(act->by->loop, &act->timer);
    list_remove(&act->link);
    act->by->count--;
    free(act);
}

static void act_end(void *ctx)
{
    struct act *act = ctx;
    struct pretender *x = act->by;
    struct run_end end = act->end;
    exec_done *done = act->done;
    void *done_ctx = act->ctx;

    end.finished_at = clock_wall(loop_clock(x->loop));
    act_free(act);
    if (x->ops.on_end)
        x->ops.on_end(&end, x->ctx);
    done(&end, done_ctx);
}

static void pretend_start(struct exec *exec, const struct exec_request *request, exec_done *done,
                          void *ctx)
{
    struct pretender *x = (struct pretender *)exec;
    struct act *act = mem_alloc(sizeof *act);
    struct pretence pretence = {.state = RUN_SUCCEEDED};

    x->ops.on_start(request, &pretence, x->ctx);
    act->by = x;
    act->done = done;
    act->ctx = ctx;
    act->end = (struct run_end){
        .run_id = request->run_id,
        .attempt = request->attempt,
        .state = pretence.state,
        .exit_code = pretence.exit_code,
        .started_at = clock_wall(loop_clock(x->loop)),
        .message = STR_LIT("pretended"),
    };
    list_push(&x->running, &act->link);
    x->count++;
    loop_timer_set(x->loop, &act->timer, mono_after_us(loop_now(x->loop), pretence.takes_us),
                   act_end, act);
}

static void act_cancel(struct act *act, enum run_reason reason)
{
    act->end.state = RUN_CANCELLED;
    act->end.reason = reason;
    act->end.exit_code = -1;
    act->end.signal = 15;
    loop_timer_set(act->by->loop, &act->timer, loop_now(act->by->loop), act_end, act);
}

static void pretend_cancel(struct exec *exec, int64_t run_id, int64_t grace_us)
{
    struct pretender *x = (struct pretender *)exec;
    (void)grace_us; // a pretended run ends at once

    for (struct list *at = x->running.next; at != &x->running; at = at->next) {
        struct act *act = list_item(at, struct act, link);

        if (act->end.run_id == run_id)
            act_cancel(act, REASON_NONE);
    }
}

static size_t pretend_running(const struct exec *exec)
{
    return ((const struct pretender *)exec)->count;
}

static void stop_all(void *ctx)
{
    struct pretender *x = ctx;

    for (struct list *at = x->running.next; at != &x->running; at = at->next)
        act_cancel(list_item(at, struct act, link), REASON_SHUTDOWN);
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
