// dispatch.h - from due to done: claim slots, start runs, record how they ended.
//
// One claim is with the store at a time. While it is being written, slots that fall due gather for
// the next one, so a busy second costs a handful of transactions; and when a claim fails, nothing
// later can have moved the watermark past the slots that were in it. A run is started only after
// its claim is durable. When more is due by then, the next claim is asked for first: the store
// writes it while the runs of this one start.
//
// Ends of runs go to the store in one request at a time, which takes all that have come meanwhile.
// While slots are due they wait, for SAVE_US at most: otherwise the ends of the first runs of a
// burst would be written before the last ones are claimed. A job without further slots ends when
// the store has the ends of all its runs.
//
// While the store fails nothing starts: slots stay due, the claim is tried again every second, and
// what has become late by then is judged by each job's misfire rule. Ends of runs are kept in
// memory until the store has them. When nothing is due, an empty claim is what finds out that the
// store works again. A stop tries a few times more and then leaves: what could not be recorded is
// lost after the next start.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/loop.h"
#include "base/vec.h"
#include "exec/exec.h"
#include "sched/due.h"
#include "sched/pauses.h"
#include "sched/events.h"
#include "sched/tally.h"
#include "store/store.h"

struct live; // a run that is claimed and whose end is not yet durable

// Rows of one claim.
struct claim_rows {
    VEC(struct run);
};

struct dispatch {
    struct loop *loop;
    struct store *store;
    struct exec *exec;
    struct due *due;
    const struct freezes *freezes; // NULL: none
    const struct pauses *pauses;   // NULL: none
    struct events *events;         // NULL: nobody is told
    struct tally tally;
    struct loop_alarm ahead;    // rings shortly before alarm: what will be due can be prepared
    struct loop_alarm alarm;    // rings when the next slot is due
    struct loop_timer retry;    // after a failure of the store
    size_t claim_max;           // rows of one claim
    struct claim_rows claim;    // the rows that are with the store, while is_claiming
    struct claim_rows answered; // those of the claim before, while their runs are started
    bool is_claiming;
    struct list lives;   // every struct live whose run has not ended
    struct list ended;   // then those whose end is not with the store yet,
    struct list saving;  // those whose end is with it,
    struct list unsaved; // and those whose end it refused
    size_t live_count;   // in all four lists
    VEC_OF(struct run_end) ends;
    mono ended_at; // since when ended waits
    bool will_save;
    bool is_saving;
    size_t manual_count; // runs by hand whose claim is with the store
    struct run_ids ids;
    bool is_stopping; // claims no more
    int stop_tries;   // retries since then
    bool is_failing;  // the store did not accept the last write
    bool is_told;     // the log says so
    mono told_at;
    struct err failure;
    int64_t claimed, finished, skipped, missed;
    void (*on_idle)(void *ctx); // called when a stop has nothing left to wait for
    void *idle_ctx;
};

// Sets up; all are borrowed.
void dispatch_init(struct dispatch *d, struct loop *loop, struct store *store, struct exec *exec,
                   struct due *due, const struct freezes *freezes);
void dispatch_done(struct dispatch *d);

// Something in due has changed: claims what is due and sets the alarm for the rest.
void dispatch_look(struct dispatch *d);

// The clock was set by so much: what a skip on its way to the store ends at moves with it.
void dispatch_step(struct dispatch *d, int64_t step_us);

// A write of somebody else has failed: if it was the store's fault, nothing is claimed until the
// store works.
void dispatch_trouble(struct dispatch *d, const struct err *err);

// Does what an entry at rest needs: a slot that waited for a free place, or, after a single date,
// the end of the job.
void dispatch_rest(struct dispatch *d, struct entry *entry);

// Ends the jobs whose date is over and that have no run in progress: after a start, or after a
// failure of the store.
void dispatch_sweep(struct dispatch *d);

// Answer to dispatch_run: err is NULL when the run is claimed and starting.
typedef void dispatch_run_done(const struct err *err, int64_t run_id, void *ctx);

// Starts a run of the job now, beside its schedule. ERR_CONCURRENCY when max_instances are running
// already; ERR_FROZEN when a freeze holds the job, unless it is forced.
void dispatch_run(struct dispatch *d, struct entry *entry, bool is_forced, dispatch_run_done *done,
                  void *ctx);

// A run that an earlier belfry left running, found at the load: it is lost. Its job, if it is still
// there, is in due already.
void dispatch_lose(struct dispatch *d, const struct run *run);

// Claims no more; calls on_idle (perhaps at once) when every run has ended and every end is
// durable.
void dispatch_stop(struct dispatch *d, void (*on_idle)(void *ctx), void *ctx);
