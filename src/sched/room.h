// room.h - room for attempts beside that of their own job: the limit of all, pools, rates.
//
// A gate lets attempts through: it has slots (the limit of all, a pool), of which an attempt takes
// some until it ends, or a rate (a pool's, a job's), or both. What an attempt needs is a line: a
// set of gates, the same for all jobs that need the same. It takes what it needs of all its gates
// at once or nothing, so no two can wait for each other.
//
// Runs that have to wait stand in their line, by priority, then slot. Of a line only its first run
// counts, and it stands at one gate: the first that refused it. When a gate has room again, the
// lines that stand there are asked in the order of their first runs; one that another gate refuses
// goes to stand there. So a place that is given back costs the logarithm of what waits, not a look
// at all of it; a line that stands first and needs more than there is holds up those behind it,
// which otherwise could pass it by for ever.
//
// A run that needs more slots than a pool has takes all of it. A pool without slots lets nothing
// through; so does one that is not there. Rates count by the stopwatch, so a clock that is set does
// not hurt them.
//
// Everything is O(log waiting); nothing here asks for the time, or tells anybody.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/map.h"
#include "job/job.h"
#include "job/run.h"

#define ROOM_NO_LIMIT (-1)

// What lets attempts through. To be looked at only.
struct gate {
    struct str name; // of the pool, owned; empty: the limit of all, or the rate of one job
    int64_t job_id;  // the rate of one job: whose
    int64_t slots;   // ROOM_NO_LIMIT: any number
    int64_t used, waiting;
    struct throttle throttle; // count 0: none
    int64_t due_us;           // GCRA: when the next start would be due, by the stopwatch
    bool is_pool;
    bool is_known;          // the pool is there
    size_t refs;            // lines
    struct heap lines;      // those that stand here
    struct heap_node rings; // when its rate lets the next one through
    struct list changed;    // there may be room
};

// Those who need the same. Opaque.
struct line;

// A run in its line, or with what it has taken; {0}: neither. Embedded in the owner's struct.
struct place {
    struct heap_node at; // while it waits
    struct line *line;
    bool is_held; // it has taken what it needs
};

struct room {
    struct gate all;
    struct map pools;    // by name
    struct map rates;    // by job
    struct map lines;    // by what they need
    struct heap ringing; // gates
    struct list changed; // gates
    uint64_t passes;     // starts that a rate has let through
};

void room_init(struct room *r);
void room_done(struct room *r); // after the places

// At most so many attempts at once in all; ROOM_NO_LIMIT.
void room_limit(struct room *r, int64_t slots);

// A pool is there from now on, or has other slots and another rate (count 0: none), or is gone. A
// rate that is another one begins anew.
void room_pool_put(struct room *r, struct str name, int64_t slots, const struct throttle *throttle);
void room_pool_remove(struct room *r, struct str name);
struct gate *room_pool(const struct room *r, struct str name); // NULL: nobody names it

// The job is gone: its rate is not remembered.
void room_forget(struct room *r, int64_t job_id);

// Whether runs of the job need anything here.
static inline bool room_counts(const struct room *r, const struct job *job)
{
    return job->spec->needs || r->all.slots != ROOM_NO_LIMIT;
}

// The order in which runs start: smaller is sooner.
int64_t room_order(const struct job *job, wall slot);

// Takes what a run of the job needs. Otherwise false, with the reason for which it has to wait:
// REASON_LIMIT, REASON_POOL, REASON_RATE; those that wait and come before it in order go first,
// unless it has been called (room_next). place must be {0} or wait no more.
[[nodiscard]] bool room_take(struct room *r, const struct job *job, int64_t order, bool is_called,
                             mono now, struct place *place, enum run_reason *ret_reason);

// The same for an attempt that is going already: whether there is room or not.
void room_force(struct room *r, const struct job *job, mono now, struct place *place);

// It waits in its line until it is called, or leaves.
void room_wait(struct room *r, const struct job *job, int64_t order, mono now, struct place *place);

// It waits no more, or gives back what it has taken; nothing when it does neither.
void room_leave(struct room *r, struct place *place);

// Whether there may be somebody to be called.
static inline bool room_has_news(const struct room *r)
{
    return !list_is_empty(&r->changed);
}

// The next that can take what it needs: it does not wait any more. NULL: nobody can. Whoever is
// called takes it, or leaves it to the next.
struct place *room_next(struct room *r, mono now);

// When room_tick is to be called: a rate lets somebody through then. WALL_NEVER's number: never.
int64_t room_rings_us(const struct room *r);
void room_tick(struct room *r, mono now);

// The gate at which a run stands that waits, or rather that at which the first of its line stands;
// NULL: it does not wait. And for which reason.
const struct gate *room_gate(const struct place *place);
enum run_reason room_reason(const struct room *r, const struct place *place);

// Whether a run that has taken its places has some of that gate.
bool room_holds(const struct place *place, const struct gate *gate);

// The gate of a job's own rate, made if need be. The job has one.
struct gate *room_rate(struct room *r, const struct job *job);

// What of a rate is to be kept over a restart: how long until it has forgotten its starts; 0: it
// has, or there is none.
int64_t gate_debt_us(const struct gate *gate, mono now);
void gate_set_debt(struct gate *gate, int64_t us, mono now);
