// deeds.c - attempts as processes with keepers: they outlive the belfry that began them, and the
// next one on that host may adopt them.
// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/loop.h"
#include "base/mem.h"
#include "base/vec.h"
#include "exec/exec.h"

struct doer;

struct deed {
    int64_t run_id;
    char job[40];
    int attempt;
    size_t host;
    wall scheduled_at, started_at;
    int64_t ends_us; // by the stopwatch
    enum run_state state;
    enum run_reason reason;
    struct doer *by; // who looks after it; NULL: its keeper alone
    exec_done *done;
    void *ctx;
    struct loop_timer timer;
};

// Of all hosts.
struct deeds {
    VEC_OF(struct deed *) all; // whose ends are not recorded yet
    const struct clock *clock;
    // Says how long it takes (ends_us) and how it ends (state).
    void (*began)(struct deed *deed, void *ctx);
    void *ctx;
};

// The executor of one life of a belfry.
struct doer {
    struct exec base; // first
    struct deeds *deeds;
    size_t host;
    struct loop *loop;
    bool lets_go;
    struct loop_timer stop;
};

static const struct exec_ops doer_ops;

static struct exec *doer_new(struct loop *loop, struct deeds *deeds, size_t host)
{
    struct doer *x = mem_alloc(sizeof *x);

    x->base.ops = &doer_ops;
    x->loop = loop;
    x->deeds = deeds;
    x->host = host;
    return &x->base;
}

static bool deed_is_alive(const struct deeds *deeds, const struct deed *deed)
{
    return clock_mono(deeds->clock).us < deed->ends_us;
}

static struct deed *deed_find(const struct deeds *deeds, size_t host, int64_t run_id)
{
    for (size_t i = 0; i < deeds->all.len; i++)
        if (deeds->all.v[i]->run_id == run_id && deeds->all.v[i]->host == host)
            return deeds->all.v[i];
    return NULL;
}

static void deed_forget(struct deeds *deeds, struct deed *gone)
{
    size_t len = 0;

    if (gone->by)
        loop_timer_stop(gone->by->loop, &gone->timer);
    for (size_t i = 0; i < deeds->all.len; i++)
        if (deeds->all.v[i] != gone)
            deeds->all.v[len++] = deeds->all.v[i];
    deeds->all.len = len;
    free(gone);
}

// The host is switched off: nothing of it is left.
static void deeds_wipe(struct deeds *deeds, size_t host)
{
    for (size_t i = deeds->all.len; i-- > 0;)
        if (deeds->all.v[i]->host == host)
            deed_forget(deeds, deeds->all.v[i]);
}

static void deed_tell(struct deed *deed, enum run_state as)
{
    struct run_end end = {
        .run_id = deed->run_id,
        .attempt = deed->attempt,
        .state = as,
        .reason = deed->reason,
        .started_at = deed->started_at,
        .finished_at = clock_wall(loop_clock(deed->by->loop)),
        .exit_code = as == RUN_SUCCEEDED ? 0 : 1,
        .message = STR_LIT("pretended"),
    };
    exec_done *done = deed->done;

    deed->done = NULL;
    done(&end, deed->ctx);
}

static void deed_end(void *ctx)
{
    deed_tell(ctx, ((struct deed *)ctx)->state);
}

static void deed_watch(struct deed *deed, struct doer *by, exec_done *done, void *ctx)
{
    deed->by = by;
    deed->done = done;
    deed->ctx = ctx;
    loop_timer_set(by->loop, &deed->timer, (mono){deed->ends_us}, deed_end, deed);
}

static void deed_cancel(struct deed *deed, enum run_reason reason)
{
    mono now = clock_mono(deed->by->deeds->clock);

    if (!deed->done)
        return;
    if (deed->ends_us > now.us) {
        deed->ends_us = now.us;
        deed->state = RUN_CANCELLED;
        deed->reason = reason;
    }
    loop_timer_set(deed->by->loop, &deed->timer, now, deed_end, deed);
}

static void doer_start(struct exec *exec, const struct exec_request *request, exec_done *done,
                       void *ctx)
{
    struct doer *x = (struct doer *)exec;
    struct deed *deed = deed_find(x->deeds, x->host, request->run_id);

    if (deed)
        deed_forget(x->deeds, deed); // the attempt before
    deed = mem_alloc(sizeof *deed);
    deed->run_id = request->run_id;
    deed->attempt = request->attempt;
    deed->host = x->host;
    deed->scheduled_at = request->scheduled_at;
    deed->started_at = clock_wall(loop_clock(x->loop));
    snprintf(deed->job, sizeof deed->job, "%.*s", STR(request->job_name));
    vec_push(&x->deeds->all, deed);
    deed->by = x;
    x->deeds->began(deed, x->deeds->ctx);
    deed_watch(deed, x, done, ctx);
}

static bool doer_adopt(struct exec *exec, const struct exec_request *request, exec_done *done,
                       void *ctx)
{
    struct doer *x = (struct doer *)exec;
    struct deed *deed = deed_find(x->deeds, x->host, request->run_id);

    if (!deed || deed->by || deed->attempt != request->attempt)
        return false;
    deed_watch(deed, x, done, ctx);
    return true;
}

static void doer_adopt_end(struct exec *exec)
{
    struct doer *x = (struct doer *)exec;

    for (size_t i = x->deeds->all.len; i-- > 0;)
        if (x->deeds->all.v[i]->host == x->host && !x->deeds->all.v[i]->by)
            deed_forget(x->deeds, x->deeds->all.v[i]);
}

static size_t doer_kept(const struct exec *exec, int64_t **ret_run_ids)
{
    const struct doer *x = (const struct doer *)exec;
    int64_t *ids = mem_array(x->deeds->all.len + 1, sizeof *ids);
    size_t count = 0;

    for (size_t i = 0; i < x->deeds->all.len; i++)
        if (x->deeds->all.v[i]->host == x->host && !x->deeds->all.v[i]->by)
            ids[count++] = x->deeds->all.v[i]->run_id;
    *ret_run_ids = ids;
    return count;
}

static void doer_settled(struct exec *exec, int64_t run_id)
{
    struct doer *x = (struct doer *)exec;
    struct deed *deed = deed_find(x->deeds, x->host, run_id);

    if (deed && !deed->done)
        deed_forget(x->deeds, deed);
}

static void doer_cancel(struct exec *exec, int64_t run_id, int64_t grace_us)
{
    struct doer *x = (struct doer *)exec;
    struct deed *deed = deed_find(x->deeds, x->host, run_id);

    (void)grace_us; // a pretended process ends at once
    if (deed && deed->by)
        deed_cancel(deed, REASON_NONE);
}

static size_t doer_running(const struct exec *exec)
{
    const struct doer *x = (const struct doer *)exec;
    size_t count = 0;

    for (size_t i = 0; i < x->deeds->all.len; i++)
        count += x->deeds->all.v[i]->by == x && x->deeds->all.v[i]->done;
    return count;
}

static void stop_all(void *ctx)
{
    struct doer *x = ctx;

    for (size_t i = 0; i < x->deeds->all.len; i++) {
        struct deed *deed = x->deeds->all.v[i];

        if (deed->by != x || !deed->done)
            continue;
        if (!x->lets_go) {
            deed_cancel(deed, REASON_SHUTDOWN);
            continue;
        }
        loop_timer_stop(x->loop, &deed->timer);
        deed_tell(deed, RUN_RUNNING);
    }
}

static void doer_stop(struct exec *exec, int64_t grace_us)
{
    struct doer *x = (struct doer *)exec;

    loop_timer_set(x->loop, &x->stop, mono_after_us(loop_now(x->loop), grace_us), stop_all, x);
}

static void doer_let_go(struct exec *exec)
{
    ((struct doer *)exec)->lets_go = true;
}

static void doer_free(struct exec *exec)
{
    struct doer *x = (struct doer *)exec;

    for (size_t i = 0; i < x->deeds->all.len; i++) {
        struct deed *deed = x->deeds->all.v[i];

        if (deed->by != x)
            continue;
        loop_timer_stop(x->loop, &deed->timer);
        deed->by = NULL;
        deed->done = NULL;
    }
    loop_timer_stop(x->loop, &x->stop);
    free(x);
}

static const struct exec_ops doer_ops = {
    .start = doer_start,
    .cancel = doer_cancel,
    .running = doer_running,
    .stop = doer_stop,
    .free = doer_free,
    .adopt = doer_adopt,
    .adopt_end = doer_adopt_end,
    .kept = doer_kept,
    .settled = doer_settled,
    .let_go = doer_let_go,
};
