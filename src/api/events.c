// events.c - what happens, told as it happens: the scheduler's ring of events as server-sent
// events.
//
// A follower is only a place in the ring. It sends as long as its client takes, and goes on when
// there is room; one that is so slow that the ring has come round is told `reset`, looks at the
// present state and goes on from there. So a client costs its connection and what may wait in it,
// whatever happens and however slow it is.
// SPDX-License-Identifier: Apache-2.0
#include "api/handlers.h"

#include <stdlib.h>

#include "api/call.h"
#include "api/models.h"
#include "api/sse.h"
#include "base/mem.h"
#include "job/job.h"
#include "sched/events.h"
#include "time/iso8601.h"

enum {
    EVENT_MAX_BYTES = 8192
};

// What the name of an event's type begins with, and what it is called as a topic.
static const struct {
    const char *topic, *prefix;
} topics[] = {{"jobs", "job."}, {"runs", "run."}, {"scheduler", "scheduler."}};

#define TOPIC_COUNT (sizeof topics / sizeof *topics)

struct follower {
    struct sse sse;
    struct events *events; // the scheduler's
    const struct zone *utc;
    struct events_listener listener;
    int64_t seen;
    unsigned wanted;            // bits of topics
    char job[JOB_NAME_MAX + 1]; // only this one's; empty: all
};

static void follow(void *ctx);
static void follower_gone(void *ctx);

static bool topics_read(struct call *call, struct str list, unsigned *ret_wanted)
{
    struct str name;
    unsigned wanted = 0;

    while (list.len > 0 && str_next(&list, ',', &name)) {
        size_t i = 0;

        while (i < TOPIC_COUNT && !str_eq(str_trim(name), str_of(topics[i].topic)))
            i++;
        if (i == TOPIC_COUNT)
            return model_complain(call->issues, "value_error", STR_LIT("\"query\",\"topics\""),
                                  NULL, "", "Topics are jobs, runs and scheduler, with commas");
        wanted |= 1u << i;
    }
    *ret_wanted = wanted ? wanted : (1u << TOPIC_COUNT) - 1;
    return true;
}

// Where to begin: behind what the client has seen, else with what comes.
static int64_t place_of(const struct call *call, const struct events *events)
{
    const struct events_query *query = call->query;
    int64_t id;

    if (sse_last_id(call, &id))
        return id;
    return query->after > 0 ? query->after : events_last(events);
}

void events_stream(struct call *call)
{
    const struct events_query *query = call->query;
    struct events *events = sched_events(call->api->o.sched);
    struct follower *f;
    unsigned wanted = 0;

    if (!topics_read(call, query->topics, &wanted)) {
        call_reply_issues(call);
        return;
    }
    f = mem_alloc(sizeof *f);
    *f = (struct follower){.events = events,
                           .utc = zones_utc(call->api->o.zones),
                           .listener = {.on_events = follow, .ctx = f},
                           .seen = place_of(call, events),
                           .wanted = wanted};
    if (query->job_id.len > 0)
        memcpy(f->job, query->job_id.p, query->job_id.len); // the model has looked at its length
    if (!sse_open(&f->sse, call, follow, follower_gone, f)) {
        free(f);
        return;
    }
    events_listen(events, &f->listener);
    follow(f);
}

static void follower_gone(void *ctx)
{
    struct follower *f = ctx;

    events_unlisten(&f->listener);
    free(f);
}

// ---- one event ----

static bool is_wanted(const struct follower *f, const struct sched_event *event)
{
    struct str name = str_of(event_name(event->type));

    if (f->job[0] && strcmp(f->job, event->job) != 0)
        return false;
    for (size_t i = 0; i < TOPIC_COUNT; i++)
        if (f->wanted & (1u << i) && str_starts(name, str_of(topics[i].prefix)))
            return true;
    return false;
}

static void int_write(struct json_write *w, const char *key, int64_t n)
{
    if (n == 0)
        return;
    json_write_key(w, key);
    json_write_int(w, n);
}

static void text_write(struct json_write *w, const char *key, const char *text)
{
    if (!text[0])
        return;
    json_write_key(w, key);
    json_write_text(w, text);
}

static void time_write(const struct follower *f, struct json_write *w, const char *key, wall at)
{
    struct buf text;

    if (at.us == 0)
        return;
    buf_init(&text, 64);
    iso8601_write(at, f->utc, &text);
    json_write_key(w, key);
    json_write_str(w, buf_str(&text));
    buf_done(&text);
}

static void run_write(const struct follower *f, const struct sched_event *event,
                      struct json_write *w)
{
    if (event->run_id == 0)
        return;
    int_write(w, "run_id", event->run_id);
    int_write(w, "attempt", event->attempt);
    time_write(f, w, "scheduled_at", event->scheduled_at);
    if (event->state != 0)
        text_write(w, "state", run_state_name(event->state));
    text_write(w, "reason", run_reason_name(event->reason));
    if (event->type == EVENT_RUN_FINISHED && event->exit_code >= 0) {
        json_write_key(w, "exit_code");
        json_write_int(w, event->exit_code);
    }
    int_write(w, "missed", event->missed);
}

static void event_write(const struct follower *f, const struct sched_event *event, struct buf *out)
{
    struct json_write w;

    json_write_init(&w, out);
    json_write_object(&w);
    int_write(&w, "seq", event->seq);
    text_write(&w, "type", event_name(event->type));
    time_write(f, &w, "at", event->at);
    text_write(&w, "job_id", event->job);
    int_write(&w, "version", event->job_version);
    run_write(f, event, &w);
    int_write(&w, "duration_ms", event->length_us / 1000);
    text_write(&w, "message", event->text);
    json_write_object_end(&w);
}

// ---- following ----

// Tells that events are missing, and goes on with the latest.
static bool reset_send(struct follower *f)
{
    int64_t last = events_last(f->events);

    if (!sse_send(&f->sse, last, "reset",
                  STR_LIT("{\"type\":\"reset\",\"message\":\"events are missing: look at the "
                          "present state\"}")))
        return false;
    f->seen = last;
    return true;
}

static void follow(void *ctx)
{
    struct follower *f = ctx;
    const struct sched_event *event;
    struct buf data;
    bool has_room = events_has(f->events, f->seen) || reset_send(f);

    buf_init(&data, EVENT_MAX_BYTES);
    while (has_room && (event = events_next(f->events, f->seen))) {
        if (is_wanted(f, event)) {
            buf_clear(&data);
            event_write(f, event, &data);
            has_room = sse_send(&f->sse, event->seq, event_name(event->type), buf_str(&data));
        }
        if (has_room)
            f->seen = event->seq;
    }
    buf_done(&data);
}
