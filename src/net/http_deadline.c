// http_deadline.c - one queue a kind of deadline, one timer for all.
// SPDX-License-Identifier: Apache-2.0
#include "net/http_deadline.h"

static void deadlines_run(void *ctx);

void http_deadlines_init(struct http_deadlines *all, struct loop *loop, http_deadline_fn *fn,
                         void *ctx)
{
    *all = (struct http_deadlines){.loop = loop, .fn = fn, .ctx = ctx};
    for (int kind = 0; kind < HTTP_DEADLINE_KINDS; kind++)
        list_init(&all->queues[kind]);
}

void http_deadlines_done(struct http_deadlines *all)
{
    loop_timer_stop(all->loop, &all->timer);
}

static void timer_arm(struct http_deadlines *all, mono at)
{
    if (loop_timer_is_armed(&all->timer) && all->armed_at.us <= at.us)
        return;
    all->armed_at = at;
    loop_timer_set(all->loop, &all->timer, at, deadlines_run, all);
}

void http_deadline_set(struct http_deadlines *all, struct http_deadline *d,
                       enum http_deadline_kind kind)
{
    list_remove(&d->link);
    d->kind = kind;
    d->at = mono_after_us(loop_now(all->loop), all->us[kind]);
    list_push(&all->queues[kind], &d->link);
    timer_arm(all, d->at);
}

void http_deadline_keep(struct http_deadlines *all, struct http_deadline *d,
                        enum http_deadline_kind kind)
{
    if (!list_has(&d->link) || d->kind != kind)
        http_deadline_set(all, d, kind);
}

void http_deadline_clear(struct http_deadline *d)
{
    list_remove(&d->link);
}

struct http_deadline *http_deadline_oldest(const struct http_deadlines *all,
                                           enum http_deadline_kind kind)
{
    const struct list *head = &all->queues[kind];

    return list_is_empty(head) ? NULL : list_item(head->next, struct http_deadline, link);
}

static void deadlines_run(void *ctx)
{
    struct http_deadlines *all = ctx;
    mono now = loop_now(all->loop);

    for (int kind = 0; kind < HTTP_DEADLINE_KINDS; kind++) {
        struct http_deadline *d;

        while ((d = http_deadline_oldest(all, kind)) && d->at.us <= now.us) {
            http_deadline_clear(d);
            all->fn(d, all->ctx);
        }
    }
    for (int kind = 0; kind < HTTP_DEADLINE_KINDS; kind++) {
        const struct http_deadline *d = http_deadline_oldest(all, kind);

        if (d)
            timer_arm(all, d->at);
    }
}
