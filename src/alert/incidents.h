// incidents.h - what is wrong at the moment: opened once, told by rule, closed once.
//
// For each job, kind and target there is at most one open incident. While it lasts, further
// occurrences only count. A rule is told when the count passes its `after`; repetitions fall on
// whole multiples of `repeat` since the opening, so that a restart neither loses nor doubles them.
// Who acknowledges an incident is told nothing more of it until the moment he names, or its end.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alert/journal.h"
#include "alert/note.h"
#include "base/map.h"

#define INCIDENTS_SLOTS 64 // of nodes

// The rules of a job; false when it has none (or is gone).
typedef bool incidents_rules(int64_t job_id, struct notify *ret, void *ctx);

struct incidents {
    struct loop *loop; // borrowed, as are the next two
    struct journal *journal;
    struct str host;
    incidents_rules *rules;
    void *ctx;
    struct map by_id;      // open ones
    struct map by_job;     // struct list of them, by the job's number
    struct heap reminders; // by when the next one is due
    struct loop_alarm alarm;
    struct list parcels; // every parcel that was made here
    size_t count, open[8];
    int64_t dropped;
    int node_slot; // of this node among others: a part of our numbers; -1: we are alone
    int64_t last_id;
};

// Something went wrong.
struct occurrence {
    int64_t job_id;
    struct str job;
    struct str target; // of a certificate
    enum incident_kind kind;
    int level;      // of a certificate: enum notice, how bad it is
    int64_t count;  // so often by now; 0: once more
    int64_t run_id; // 0: none
    wall slot;
    struct str message;
    const struct sched_event *event; // may be NULL
};

void incidents_init(struct incidents *i, struct loop *loop, struct journal *journal);
// Frees open ones, those that wait in the journal, and all parcels; the journal is at rest.
void incidents_done(struct incidents *i);

// One that the store has kept open.
void incidents_load(struct incidents *i, const struct incident *row);

void incidents_raise(struct incidents *i, const struct occurrence *o, const struct notify *rules);

// Ends an open one: told as notice (0: nobody is told).
void incidents_close(struct incidents *i, struct watch *watch, enum notice notice,
                     struct str message, const struct sched_event *event);

// Something that is told once and lasts no time, such as a certificate that has changed.
void incidents_mention(struct incidents *i, const struct occurrence *o, enum notice notice,
                       const struct notify *rules);

// The open one, or NULL. Of a job all in turn: NULL begins, and NULL ends.
struct watch *incidents_find(const struct incidents *i, int64_t job_id, enum incident_kind kind,
                             struct str target);
struct watch *incidents_next(const struct incidents *i, int64_t job_id, const struct watch *after);
struct watch *incidents_by_id(const struct incidents *i, int64_t id);

void incidents_ack(struct incidents *i, struct watch *watch, wall until, struct str note);

// Another node has it now: it is forgotten here, with what of it is not stored yet.
void incidents_forget(struct incidents *i, struct watch *watch);

// The incident's row is stored: one that is over is freed.
void incidents_stored(struct incidents *i, struct watch *watch);

// A delivery as the store has kept it.
struct parcel *incidents_parcel(struct incidents *i, const struct delivery *row);

// A number that was never given before, by no node.
int64_t incidents_id(struct incidents *i);

// The slot of the node that has given a number.
static inline int incidents_id_slot(int64_t id)
{
    return (int)(id % INCIDENTS_SLOTS);
}
