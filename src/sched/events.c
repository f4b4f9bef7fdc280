// events.c - the ring of the latest events.
// SPDX-License-Identifier: Apache-2.0
#include "sched/events.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static const char *const names[] = {
#define X(name, text, sentence) [name] = text,
#include "sched/event.def"
#undef X
};

static const char *const sentences[] = {
#define X(name, text, sentence) [name] = sentence,
#include "sched/event.def"
#undef X
};

static void tell(void *ctx);

void events_init(struct events *e, struct loop *loop)
{
    *e = (struct events){.loop = loop, .ring = mem_array(EVENTS_KEPT, sizeof *e->ring)};
    e->last = clock_wall(loop_clock(loop)).us;
    e->first = e->last + 1;
    list_init(&e->listeners);
}

void events_done(struct events *e)
{
    while (list_pop(&e->listeners)) {
    }
    loop_defer_cancel(e->loop, tell, e);
    free(e->ring);
    e->ring = NULL;
}

struct sched_event *events_add(struct events *e, enum event_type type)
{
    struct sched_event *event = &e->ring[++e->last % EVENTS_KEPT];

    if (e->last - e->first >= EVENTS_KEPT)
        e->first++;
    // The texts are as long as their first NUL.
    memset(event, 0, offsetof(struct sched_event, job));
    event->job[0] = event->text[0] = '\0';
    event->seq = e->last;
    event->at = clock_wall(loop_clock(e->loop));
    event->type = type;
    if (!e->will_tell && !list_is_empty(&e->listeners)) {
        e->will_tell = true;
        loop_defer(e->loop, tell, e);
    }
    return event;
}

static void text_set(char *to, size_t max, struct str text)
{
    size_t len = text.len < max ? text.len : max;

    while (len < text.len && len > 0 && ((unsigned char)text.p[len] & 0xc0) == 0x80)
        len--; // not into a character
    if (len > 0)
        memcpy(to, text.p, len);
    to[len] = '\0';
}

void event_say(struct sched_event *event, struct str text)
{
    text_set(event->text, EVENT_TEXT_MAX, text);
}

struct sched_event *events_add_job(struct events *e, enum event_type type, const struct job *job)
{
    struct sched_event *event;

    if (!e)
        return NULL;
    event = events_add(e, type);
    event->job_id = job->id;
    event->job_version = job->version;
    text_set(event->job, JOB_NAME_MAX, job->name);
    return event;
}

struct sched_event *events_add_run(struct events *e, enum event_type type, const struct run *run,
                                   struct str name)
{
    struct sched_event *event;

    if (!e)
        return NULL;
    event = events_add(e, type);
    event->job_id = run->job_id;
    event->job_version = run->job_version;
    event->run_id = run->id;
    event->attempt = run->attempt;
    event->scheduled_at = run->scheduled_at;
    event->origin = run->origin;
    event->state = run->state;
    event->reason = run->reason;
    event->missed = run->missed;
    text_set(event->job, JOB_NAME_MAX, name);
    event_say(event, run->message);
    return event;
}

struct sched_event *events_add_end(struct events *e, const struct run_end *end, int64_t job_id,
                                   struct str name, wall scheduled_at)
{
    struct sched_event *event;

    if (!e)
        return NULL;
    event = events_add(e, EVENT_RUN_FINISHED);
    event->job_id = job_id;
    event->run_id = end->run_id;
    event->attempt = end->attempt;
    event->scheduled_at = scheduled_at;
    event->state = end->state;
    event->reason = end->reason;
    event->exit_code = end->exit_code;
    if (end->started_at.us != 0 && end->finished_at.us > end->started_at.us)
        event->length_us = end->finished_at.us - end->started_at.us;
    text_set(event->job, JOB_NAME_MAX, name);
    event_say(event, end->message);
    return event;
}

const struct sched_event *events_next(const struct events *e, int64_t seq)
{
    int64_t next = seq < e->first ? e->first : seq + 1;

    return next <= e->last ? &e->ring[next % EVENTS_KEPT] : NULL;
}

bool events_has(const struct events *e, int64_t seq)
{
    return seq >= e->first - 1 && seq <= e->last;
}

int64_t events_last(const struct events *e)
{
    return e->last;
}

void events_listen(struct events *e, struct events_listener *listener)
{
    list_push(&e->listeners, &listener->link);
}

void events_unlisten(struct events_listener *listener)
{
    list_remove(&listener->link);
}

// Each listener may leave, and take others along: so each is moved behind the last before it is
// called, and nobody is called twice.
static void tell(void *ctx)
{
    struct events *e = ctx;
    struct list waiting, *link;

    e->will_tell = false;
    list_init(&waiting);
    list_move(&e->listeners, &waiting);
    while ((link = list_pop(&waiting))) {
        struct events_listener *listener = list_item(link, struct events_listener, link);

        list_push(&e->listeners, link);
        listener->on_events(listener->ctx);
    }
}

const char *event_name(enum event_type type)
{
    return names[type];
}

const char *event_sentence(enum event_type type)
{
    return sentences[type];
}
