// events.h - what has happened, for whoever wants to follow: a ring of the latest events in memory.
//
// An event tells what is durable: it is added when the store has answered. Events are numbered
// without gaps. The first number of a process is the time of its start in microseconds, so numbers
// rise across restarts and are exact in JSON. A reader keeps the number of the last event it has
// seen and asks for the next one: there is no queue a reader, and a slow one holds nobody up. When
// what it wants has been overwritten, events_has says so, and it looks at the present state
// instead.
//
//     struct events_listener l = {.on_events = read_on, .ctx = x};    // zero-initialised
//     events_listen(events, &l);
//     ... in read_on:  while ((event = events_next(events, x->seen))) x->seen = event->seq, ...
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/str.h"
#include "job/job.h"
#include "job/run.h"

enum event_type {
#define X(name, text, sentence) name,
#include "sched/event.def"
#undef X
    EVENT_TYPES
};

#define EVENT_TEXT_MAX 159 // bytes of a sentence
#define EVENTS_KEPT 10000

// Members that a type does not speak of are 0 or empty.
struct sched_event {
    int64_t seq;
    wall at;
    enum event_type type;
    int64_t job_id; // the store's number of the job
    int job_version;
    int64_t run_id; // of run.* and of what tells about a run
    int attempt;
    wall scheduled_at; // the slot
    enum run_origin origin;
    enum run_state state;
    enum run_reason reason;
    int exit_code;                 // run.finished; -1 when it did not exit by itself
    int64_t missed;                // run.missed: how many slots
    int64_t length_us;             // run.finished, job.slow: how long it took; job.late: how late;
                                   // scheduler.clock: by how much it was set
    char job[JOB_NAME_MAX + 1];    // the job's name
    char text[EVENT_TEXT_MAX + 1]; // one sentence for a person
};

struct events_listener {
    struct list link;
    void (*on_events)(void *ctx); // there is something new; at the end of the turn, once a turn
    void *ctx;
};

struct events {
    struct loop *loop;        // borrowed
    struct sched_event *ring; // EVENTS_KEPT; event n lies at n % EVENTS_KEPT
    int64_t first, last;      // the numbers that are kept; first > last: none
    struct list listeners;
    bool will_tell;
};

void events_init(struct events *e, struct loop *loop);
void events_done(struct events *e); // listeners are forgotten

// A new event of a type, which is to be filled in before the loop's turn ends; seq and at are set.
// It lives until EVENTS_KEPT more have come.
struct sched_event *events_add(struct events *e, enum event_type type);

// The same with what a job, a row of the ledger, or an end of a run say. name: of the run's job.
// e may be NULL: then nobody is told (and nothing returned).
struct sched_event *events_add_job(struct events *e, enum event_type type, const struct job *job);
struct sched_event *events_add_run(struct events *e, enum event_type type, const struct run *run,
                                   struct str name);
struct sched_event *events_add_end(struct events *e, const struct run_end *end, int64_t job_id,
                                   struct str name, wall scheduled_at);

// Sets the sentence of an event; what is too long is cut between two characters.
void event_say(struct sched_event *event, struct str text);

// The first event that is kept with a number above seq; NULL when there is none yet. Borrowed until
// the next is added.
const struct sched_event *events_next(const struct events *e, int64_t seq);

// Whether nothing behind seq has been overwritten, so that events_next tells all that came after
// it. Numbers of another process, and such as were never given, are not.
bool events_has(const struct events *e, int64_t seq);

// The number of the latest event; of the process's start while there is none.
int64_t events_last(const struct events *e);

void events_listen(struct events *e, struct events_listener *listener);
void events_unlisten(struct events_listener *listener); // also from within on_events; twice is fine

const char *event_name(enum event_type type);     // "run.started"
const char *event_sentence(enum event_type type); // what it means
