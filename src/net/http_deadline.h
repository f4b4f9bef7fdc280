// http_deadline.h - deadlines of many connections, cheap enough to be moved at every request.
//
// All deadlines of one kind last equally long, so a queue in order of setting is a queue in order
// of falling due: setting one is taking a link out and putting it at the end. One loop timer
// watches the heads of the queues. It is armed for the earliest and left alone when that one moves
// back; it then finds nothing due and arms itself anew.
#pragma once

#include "base/clock.h"
#include "base/list.h"
#include "base/loop.h"

enum http_deadline_kind {
    HTTP_DEADLINE_HEAD,
    HTTP_DEADLINE_BODY,
    HTTP_DEADLINE_IDLE,
    HTTP_DEADLINE_WRITE,
    HTTP_DEADLINE_LINGER,
    HTTP_DEADLINE_KINDS
};

// Embedded in its owner; zero-initialised.
struct http_deadline {
    struct list link;
    enum http_deadline_kind kind; // meaningful while it is set
    mono at;
};

typedef void http_deadline_fn(struct http_deadline *d, void *ctx);

struct http_deadlines {
    struct loop *loop;
    int64_t us[HTTP_DEADLINE_KINDS];
    struct list queues[HTTP_DEADLINE_KINDS];
    struct loop_timer timer;
    mono armed_at;
    http_deadline_fn *fn;
    void *ctx;
};

// fn is called for each deadline that falls due, after it was cleared; it may set and clear any.
// The caller fills us[].
void http_deadlines_init(struct http_deadlines *all, struct loop *loop, http_deadline_fn *fn,
                         void *ctx);
void http_deadlines_done(struct http_deadlines *all);

// Begins the time of kind anew from now, whatever was set before.
void http_deadline_set(struct http_deadlines *all, struct http_deadline *d,
                       enum http_deadline_kind kind);

// The same, but a deadline of this kind that is running goes on.
void http_deadline_keep(struct http_deadlines *all, struct http_deadline *d,
                        enum http_deadline_kind kind);

void http_deadline_clear(struct http_deadline *d);

// The deadline of kind that was set longest ago, or NULL.
struct http_deadline *http_deadline_oldest(const struct http_deadlines *all,
                                           enum http_deadline_kind kind);
