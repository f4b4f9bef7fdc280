// core.c - what the parts of the dispatcher share: whom they work for, and how the store fares.
// SPDX-License-Identifier: Apache-2.0
#include "sched/core.h"

#include "base/log.h"

#define RETRY_US 1000000 // between two tries while the store fails
#define TELL_US 60000000 // between two lines of the log about it

void core_init(struct core *c, struct loop *loop, struct store *store, struct exec *exec,
               struct due *due, const struct freezes *freezes)
{
    *c = (struct core){
        .loop = loop,
        .store = store,
        .exec = exec,
        .due = due,
        .freezes = freezes,
    };
}

void core_done(struct core *c)
{
    loop_timer_stop(c->loop, &c->retry_timer);
}

static void retry(void *ctx)
{
    struct core *c = ctx;

    c->hooks->retry(c->ctx);
}

void core_failing(struct core *c, const struct err *err)
{
    mono now = loop_now(c->loop);

    if (!c->is_failing && (c->told_at.us == 0 || now.us - c->told_at.us >= TELL_US)) {
        log_error("the store does not accept writes; nothing is started until it does",
                  log_err(err));
        c->is_told = true;
        c->told_at = now;
    }
    if (!c->is_failing && c->events)
        event_say(events_add(c->events, EVENT_SCHED_FAILING), str_of(err->message));
    c->is_failing = true;
    c->failure = *err;
    if (!loop_timer_is_armed(&c->retry_timer))
        loop_timer_set(c->loop, &c->retry_timer, mono_after_us(now, RETRY_US), retry, c);
}

// Whatever has been asked since the last epoch began is refused as well: it waits for the next one,
// which is about to come.
void core_refused(struct core *c, const struct err *err, int64_t epoch)
{
    if (err->code != ERR_MOVED)
        core_failing(c, err);
    else if (epoch == c->epoch && !loop_timer_is_armed(&c->retry_timer))
        loop_timer_set(c->loop, &c->retry_timer, mono_after_us(loop_now(c->loop), RETRY_US), retry,
                       c);
}

void core_own(struct core *c, int64_t epoch)
{
    c->epoch = epoch;
    if (!c->is_failing)
        loop_timer_stop(c->loop, &c->retry_timer);
}

// The store has accepted a write. It is not well yet while it refuses another.
void core_healthy(struct core *c)
{
    if (!c->is_failing || c->refused > 0)
        return;
    if (c->is_told)
        log_info("the store accepts writes again");
    if (c->events)
        (void)events_add(c->events, EVENT_SCHED_HEALTHY);
    loop_timer_stop(c->loop, &c->retry_timer);
    c->is_failing = c->is_told = false;
    c->failure = (struct err){0};
}

bool core_is_held(const struct core *c)
{
    return loop_timer_is_armed(&c->retry_timer);
}
