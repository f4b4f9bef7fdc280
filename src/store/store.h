// store.h - where jobs and runs are kept: the contract that every store fulfils.
//
// A store is what passes test/contract. Three exist: SQLite (sqlite_store.h), PostgreSQL
// (pg_store.h) and a reference model in memory (memory_store.h), which the scheduler's tests and
// simulations run on.
//
// Writes are requests: each call copies what it is given and returns at once; the store carries out
// all waiting requests, in the order given, in one transaction, and calls `done` on the loop's
// thread once that transaction is durable - never before the call has returned. Requests answer in
// the order given. A request that is refused (ERR_EXISTS, ERR_CONFLICT, ERR_NOT_FOUND) leaves no
// trace and does not disturb its neighbours in the transaction. When the transaction itself fails
// (full disk, I/O error) each of its requests is answered with ERR_STORE, and nothing of it has
// happened. A store is held by one process, another gets ERR_BUSY from open, naming the holder; or
// by several (nodes.h).
//
// What must stay true: (1) one row for each (job, scheduled_at); (2) a final run never changes; (3)
// an end counts only for a run that is alive and in that attempt; (4) the watermark moves only with
// a claim, in the same transaction: every slot due at or before it, under the definitions then in
// force, has a row or is counted in one, so it moves back only when the clock was set back; (5) a
// run changes its state only as job/run_move.def allows.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "job/job.h"
#include "job/run.h"
#include "store/inventory.h"
#include "store/incident.h"
#include "store/nodes.h"

struct store;
struct store_meter;

// The rows that have begun with one end, as they stand now; none when the end did not count, and
// none of a job that is gone.
struct run_born {
    const struct run *runs;
    size_t count;
};

// Calendars and freezes lie beside the jobs: a name, a JSON text, a version. Numbers are stored:
// never change one, never reuse one.
enum store_calendar_kind {
    STORE_CALENDAR = 0, // trigger/almanac_read.h
    STORE_FREEZE = 1,   // job/freeze.h
    STORE_PAUSE = 2,    // sched/pauses.h
    STORE_POOL = 3,     // sched/pools.h
    STORE_RATES = 4,    // sched/rates.h: the one named "default"
    STORE_CHANNEL = 10, // alert/channel.h
    STORE_NOTIFY = 11,  // job/notify.h: the one named "default", for jobs that say nothing
};

struct store_calendar {
    enum store_calendar_kind kind;
    struct str name; // no two of a kind have the same
    struct str body; // JSON
    int version;     // 1 when created, +1 for each change
    wall created_at, updated_at;
};

// A run whose row has been removed, and how many attempts it had.
struct store_gone {
    int64_t run_id;
    int attempts;
};

// Answer to a write. err is NULL when it was done.
struct store_answer {
    const struct err *err;
    int64_t job_id;                // put_job, set_job_state: the store's number of the job
    int version;                   // the same: the version now
    int64_t change_seq;            // the same
    int64_t run_id;                // claim, refused with ERR_EXISTS: the run that has the key
    int64_t pruned;                // prune: rows that were removed
    int64_t left;                  // and how many are left, but for those that are alive
    const struct store_gone *gone; // prune, delete_run: which have been removed
    size_t gone_count;
    const bool *won; // claim, start: won[i] says whether runs[i] was inserted, starts[i] made
    size_t won_count;
    const struct run_born *born; // finish: of each end
    size_t born_count;
};
typedef void store_done(const struct store_answer *answer, void *ctx);

// What put_job expects to find under the row's name. A name whose job is JOB_ENDED counts as free:
// the ended job becomes a tombstone and the new one gets a number of its own. n > 0 is exactly that
// version: otherwise ERR_CONFLICT (ERR_NOT_FOUND when there is none).
#define STORE_CREATE 0 // nothing: otherwise ERR_EXISTS
#define STORE_ANY (-1) // anything or nothing

// A page of history, newest first: by id, or by slot when it is one job's (its runs are claimed
// slot by slot, so this is the same order but for catching up). The next page begins behind the
// last run of this one.
struct store_run_query {
    int64_t job_id;    // 0: of all jobs
    struct str ended;  // not empty, with job_id 0: of the job of this name that is JOB_ENDED
    int64_t before_id; // the last run of the page before; 0: from the newest
    int limit;         // 1 to 1000
};

// Runs by their slots, which lie in [from, to]: the newest first, or the oldest.
struct store_find {
    int64_t job_id; // 0: of all jobs
    wall from, to;
    wall going_at; // not 0: only those that were in progress at that moment, among the latest
                   // STORE_GOING_MAX rows
    bool is_oldest_first;
    int limit; // 1 to 1000
    // Instead, by id, the smallest first, those behind after_id: of the job, whose run_ask.slot
    // lies in [from, to]; or of any, that are in progress now, or planned; or whose
    // run_ask.cause_id is that.
    bool is_by_asked_slot;
    bool is_running;
    bool is_queued;   // with is_running: those too that wait for their moment or for a place
    int64_t cause_id; // 0: however it was caused
    int64_t after_id;
};
#define STORE_GOING_MAX 10000

// Old rows of one job to be removed: those behind the newest `keep`, and those of slots before a
// moment.
struct store_prune {
    int64_t job_id;   // 0: of the first job behind after_id that has ended or is deleted
    int64_t after_id; // (of which only the history is left)
    int64_t keep;     // at least 1
    wall before;      // INT64_MIN: however old
    int limit;        // rows removed at most, 1 to 1000
};

// A run as read back, with the name its job had. what is behind job_name only from read_run.
struct store_run {
    struct run run;
    struct str job_name;
    struct run_stream out, err;
    struct str result;
    struct str progress;
    struct run_usage usage;
    const struct run_end *attempts; // those before the last one, which the run itself tells
    size_t attempt_count;
};
typedef void store_runs_done(const struct err *err, const struct store_run *runs, size_t count,
                             void *ctx);

// What a scheduler may have to know of a job's past.
enum store_last {
    STORE_LAST_NONE,
    STORE_LAST_SLOT, // the latest slot that has a row; a run by hand stands for no slot
    STORE_LAST_END,  // the latest end of a run, by hand or not, skipped or lost, among the hundred
                     // runs with the latest slots
};

// A time during which a process held the store.
struct store_uptime {
    wall from, to; // to: its end, or the last sign of life that the store has of it
    bool is_clean; // it has said that it ends
};

#define STORE_UPTIMES_MAX 1000

struct store_load {
    // Each job that is not deleted or ended, by id. What it returns is looked up, and on_last is
    // called with it before on_met, if there is such a run.
    enum store_last (*on_job)(const struct job_row *row, void *ctx);
    void (*on_last)(int64_t job_id, wall at, void *ctx);
    // After the last job, the latest slot behind the watermark that has a row, of each job that has
    // one; a run by hand stands for no slot. NULL: nobody asks. (A look for each of a million jobs
    // costs a second; but slots before the watermark all have rows.)
    void (*on_slot)(int64_t job_id, wall slot, void *ctx);
    // Each calendar and freeze, by kind and name, before the first job. NULL: nobody asks.
    void (*on_calendar)(const struct store_calendar *row, void *ctx);
    // What each job with several parents has met, after the last job; of a job, that it has begun
    // comes first. NULL: nobody asks.
    void (*on_met)(const struct run_met *met, void *ctx);
    // Each run that is queued, waiting or orphaned, by id, after the last job, whatever became of
    // its job. NULL: nobody asks.
    void (*on_run)(const struct run *run, void *ctx);
    // Each time during which a process held the store, the oldest first, at most STORE_UPTIMES_MAX
    // of them; the last one is ours and ends with WALL_NEVER. NULL: nobody asks.
    void (*on_uptime)(const struct store_uptime *period, void *ctx);
    void *ctx;
    // Filled in first: as of the load, borrowed until it returns. NULL: we are alone.
    const struct store_members *members;
    wall watermark;      // filled in: see (4); 0 in a new store
    int64_t orphaned;    // filled in: runs that were running, of which the one who asks must decide
    int64_t last_run_id; // filled in first: greatest run id, so that ids never go back
};

// What a job's latest runs say, as far as the hundred with the latest slots tell; those that were
// skipped or cancelled say nothing. 0 where there is no such run.
struct store_past {
    int64_t job_id;
    int64_t run_id; // the latest that ended
    wall slot, started_at, ended_at;
    enum run_state state;
    int exit_code;
    int failures;      // that ended badly since one ended well
    wall succeeded_at; // when one ended well last
};
typedef void store_pasts_done(const struct err *err, const struct store_past *pasts, size_t count,
                              void *ctx);

#define STORE_PASTS_MAX 1000 // jobs in one question
#define STORE_PAST_RUNS 100

typedef void store_nodes_done(const struct err *err, const struct store_node *nodes, size_t count,
                              void *ctx);

struct store_stats {
    int64_t writes, transactions; // since open
    int64_t waiting;              // requests not yet answered
    struct err last_failure;      // ERR_NONE while the last transaction succeeded
    wall last_failure_at;
    int64_t bytes, log_bytes;        // on the disk: of the database, and of its write-ahead log
    const struct store_meter *meter; // how long requests took; borrowed
};

struct store_ops {
    bool (*load)(struct store *store, struct store_load *load, struct err *e);
    void (*put_job)(struct store *store, const struct job_row *row, int expect_version,
                    store_done *done, void *ctx);
    void (*set_job_state)(struct store *store, int64_t job_id, enum job_state state, bool moves,
                          store_done *done, void *ctx);
    void (*put_calendar)(struct store *store, const struct store_calendar *row, int expect_version,
                         store_done *done, void *ctx);
    void (*delete_calendar)(struct store *store, enum store_calendar_kind kind, struct str name,
                            store_done *done, void *ctx);
    void (*claim)(struct store *store, const struct run *runs, size_t count, wall watermark,
                  store_done *done, void *ctx);
    // May be NULL: then nothing is planned.
    void (*launch)(struct store *store, int64_t upto_run_id, const int64_t *dropped, size_t count,
                   store_done *done, void *ctx);
    void (*start)(struct store *store, const struct run_start *starts, size_t count,
                  store_done *done, void *ctx);
    void (*finish)(struct store *store, const struct run_end *ends, size_t count, store_done *done,
                   void *ctx);
    void (*prune)(struct store *store, const struct store_prune *prune, store_done *done,
                  void *ctx);
    void (*delete_run)(struct store *store, int64_t run_id, store_done *done, void *ctx);
    void (*read_runs)(struct store *store, const struct store_run_query *query,
                      store_runs_done *done, void *ctx);
    void (*read_run)(struct store *store, int64_t run_id, store_runs_done *done, void *ctx);
    void (*read_pruned)(struct store *store, int64_t job_id, store_runs_done *done, void *ctx);
    void (*read_key)(struct store *store, int64_t job_id, struct str key, store_runs_done *done,
                     void *ctx);
    void (*find_runs)(struct store *store, const struct store_find *find, store_runs_done *done,
                      void *ctx);
    bool (*load_sightings)(struct store *store,
                           void (*on_sighting)(const struct store_sighting *row, void *ctx),
                           void *ctx, struct err *e);
    void (*see)(struct store *store, const struct store_seen *seen, store_done *done, void *ctx);
    void (*read_certificates)(struct store *store, const struct store_certificate_query *query,
                              store_certificates_done *done, void *ctx);
    void (*read_sightings)(struct store *store, struct str sha256, int limit,
                           store_sightings_done *done, void *ctx);
    void (*alert)(struct store *store, const struct alert_write *write, store_done *done,
                  void *ctx);
    void (*read_alerts)(struct store *store, const struct alert_query *query,
                        store_alerts_done *done, void *ctx);
    void (*read_pasts)(struct store *store, const int64_t *job_ids, size_t count,
                       store_pasts_done *done, void *ctx);
    // NULL, all of them, where one belfry is alone (nodes.h).
    void (*watch)(struct store *store, const struct store_watch *watch);
    void (*own)(struct store *store, int64_t epoch);
    bool (*may_start)(struct store *store);
    void (*release)(struct store *store);
    void (*drain)(struct store *store, struct str node, bool is_on, store_done *done, void *ctx);
    void (*tell)(struct store *store, int64_t running, int64_t waiting, int64_t late_us);
    void (*read_nodes)(struct store *store, store_nodes_done *done, void *ctx);
    void (*stats)(struct store *store, struct store_stats *ret);
    void (*close)(struct store *store);
};

struct store {
    const struct store_ops *ops;
};

// Reads everything a scheduler needs to start. Synchronous: call it once, before the loop runs.
// Runs that an earlier process left running are RUN_ORPHANED since this store was opened.
[[nodiscard]] static inline bool store_load(struct store *s, struct store_load *load, struct err *e)
{
    return s->ops->load(s, load, e);
}

// Creates or replaces the job of row->name. row's id, version and change_seq are ignored: the
// answer tells them. A job that is replaced keeps its id and its created_at.
static inline void store_put_job(struct store *s, const struct job_row *row, int expect_version,
                                 store_done *done, void *ctx)
{
    s->ops->put_job(s, row, expect_version, done, ctx);
}

// Pauses, resumes, ends or deletes (tombstone) a job; bumps its version. ERR_NOT_FOUND when it is
// deleted already. moves: as job_row.moves.
static inline void store_set_job_state(struct store *s, int64_t job_id, enum job_state state,
                                       bool moves, store_done *done, void *ctx)
{
    s->ops->set_job_state(s, job_id, state, moves, done, ctx);
}

// Creates or replaces the calendar or freeze of row's kind and name, as store_put_job does with a
// job: row's version is ignored, created_at is kept when it is replaced. The answer tells the
// version.
static inline void store_put_calendar(struct store *s, const struct store_calendar *row,
                                      int expect_version, store_done *done, void *ctx)
{
    s->ops->put_calendar(s, row, expect_version, done, ctx);
}

// Removes one for good; ERR_NOT_FOUND when there is none.
static inline void store_delete_calendar(struct store *s, enum store_calendar_kind kind,
                                         struct str name, store_done *done, void *ctx)
{
    s->ops->delete_calendar(s, kind, name, done, ctx);
}

// Inserts rows of the ledger and moves the watermark, in one transaction. Rows may be alive
// (RUN_RUNNING, RUN_QUEUED) or final at birth (RUN_SKIPPED). won[i] is false where (job, slot) had
// a row already or the job is deleted: not an error. count may be 0 (the watermark alone moves);
// a watermark of 0 leaves it where it is.
// Ids must be new: one that exists refuses the whole claim (ERR_CONFLICT). So does a key that a run
// of the same job has (ERR_EXISTS, and answer.run_id is that run).
static inline void store_claim(struct store *s, const struct run *runs, size_t count,
                               wall watermark, store_done *done, void *ctx)
{
    s->ops->claim(s, runs, count, watermark, done, ctx);
}

// Runs can be claimed before their moment, so that a thousand of them begin when it comes and not
// when their rows are written: they are RUN_RUNNING with try_at, that moment, and are planned. They
// begin by store_launch, which is one small write for all of them. Until their moment they are read
// back as queued. A planned run that had not been launched when its process ended was never
// claimed: its row is gone when the store is opened again (and the watermark before its slot, as
// before any that has no row). So is one whose job is deleted before. After a launch it is a run
// like any other.
static inline bool store_can_plan(const struct store *s)
{
    return s->ops->launch != NULL;
}

// Every planned run of an id up to upto_run_id may begin, but for those that are dropped: their
// rows go, and their slots are free again.
static inline void store_launch(struct store *s, int64_t upto_run_id, const int64_t *dropped,
                                size_t count, store_done *done, void *ctx)
{
    s->ops->launch(s, upto_run_id, dropped, count, done, ctx);
}

// Begins attempts of runs that wait (queued, waiting), or takes over those that are orphaned.
// won[i] is false where the run is in no such state, or its attempt is another than the one before
// (adoption: than this one).
static inline void store_start(struct store *s, const struct run_start *starts, size_t count,
                               store_done *done, void *ctx)
{
    s->ops->start(s, starts, count, done, ctx);
}

// Records ends: of runs, of attempts that are followed by another (try_at), of waits that are given
// up. An end whose run is final already, in another attempt, or in a state that cannot end so is
// ignored, and nothing begins with it. The caller keeps nothing alive.
static inline void store_finish(struct store *s, const struct run_end *ends, size_t count,
                                store_done *done, void *ctx)
{
    s->ops->finish(s, ends, count, done, ctx);
}

// Removes a final run with all that belongs to it. ERR_NOT_FOUND when there is none, ERR_CONFLICT
// while it is alive.
static inline void store_delete_run(struct store *s, int64_t run_id, store_done *done, void *ctx)
{
    s->ops->delete_run(s, run_id, done, ctx);
}

// Removes old final rows of a job with all that belongs to them, the oldest first. The newest that
// succeeded stays, and so does the newest that failed, and what an alive run was made from. The
// answer tells the job (0: there is none), and pruned == limit that there may be more. The last
// row of a deleted job takes its tombstone with it, but for the newest job's.
static inline void store_prune_runs(struct store *s, const struct store_prune *prune,
                                    store_done *done, void *ctx)
{
    s->ops->prune(s, prune, done, ctx);
}

// Up to which slot rows of a job have been removed: 0 when none have. Like read_runs; the moment is
// scheduled_at of the one run that is told.
static inline void store_read_pruned(struct store *s, int64_t job_id, store_runs_done *done,
                                     void *ctx)
{
    s->ops->read_pruned(s, job_id, done, ctx);
}

// Reads do not wait behind writes. done may get count 0; texts live until it returns. read_run
// gives 0 or 1 run.
static inline void store_read_runs(struct store *s, const struct store_run_query *query,
                                   store_runs_done *done, void *ctx)
{
    s->ops->read_runs(s, query, done, ctx);
}

static inline void store_read_run(struct store *s, int64_t run_id, store_runs_done *done, void *ctx)
{
    s->ops->read_run(s, run_id, done, ctx);
}

// The run of a job that has that key (struct run_ask), as in a page: 0 or 1.
static inline void store_read_key(struct store *s, int64_t job_id, struct str key,
                                  store_runs_done *done, void *ctx)
{
    s->ops->read_key(s, job_id, key, done, ctx);
}

// As read_runs, by slots. A job that is deleted has its runs still.
static inline void store_find_runs(struct store *s, const struct store_find *find,
                                   store_runs_done *done, void *ctx)
{
    s->ops->find_runs(s, find, done, ctx);
}

// Tells each current sighting of a server's own certificate. Synchronous, as store_load.
[[nodiscard]] static inline bool
store_load_sightings(struct store *s,
                     void (*on_sighting)(const struct store_sighting *row, void *ctx), void *ctx,
                     struct err *e)
{
    return s->ops->load_sightings(s, on_sighting, ctx, e);
}

// Records what a check was sent (inventory.h).
static inline void store_see(struct store *s, const struct store_seen *seen, store_done *done,
                             void *ctx)
{
    s->ops->see(s, seen, done, ctx);
}

static inline void store_read_certificates(struct store *s,
                                           const struct store_certificate_query *query,
                                           store_certificates_done *done, void *ctx)
{
    s->ops->read_certificates(s, query, done, ctx);
}

// Where a certificate was seen, at most limit (1 to 1000) places: current ones first, then those
// that were seen last.
static inline void store_read_sightings(struct store *s, struct str sha256, int limit,
                                        store_sightings_done *done, void *ctx)
{
    s->ops->read_sightings(s, sha256, limit, done, ctx);
}

// Makes or replaces incidents and deliveries, all or none of them.
static inline void store_alert(struct store *s, const struct alert_write *write, store_done *done,
                               void *ctx)
{
    s->ops->alert(s, write, done, ctx);
}

static inline void store_read_alerts(struct store *s, const struct alert_query *query,
                                     store_alerts_done *done, void *ctx)
{
    s->ops->read_alerts(s, query, done, ctx);
}

// The pasts of at most STORE_PASTS_MAX jobs, in the order asked; jobs that are not there have
// none.
static inline void store_read_pasts(struct store *s, const int64_t *job_ids, size_t count,
                                    store_pasts_done *done, void *ctx)
{
    s->ops->read_pasts(s, job_ids, count, done, ctx);
}

// ---- several nodes (nodes.h); of a store that is ours alone these do nothing ----

// From now on news are told.
static inline void store_watch(struct store *s, const struct store_watch *watch)
{
    if (s->ops->watch)
        s->ops->watch(s, watch);
}

// We act under that epoch from now on: what we own in it, and nothing else, is claimed and started.
static inline void store_own(struct store *s, int64_t epoch)
{
    if (s->ops->own)
        s->ops->own(s, epoch);
}

// Whether an attempt may begin at this moment, as far as we know without asking: our lease was
// renewed not long ago. Cheap: ask before each.
static inline bool store_may_start(struct store *s)
{
    return !s->ops->may_start || s->ops->may_start(s);
}

// Jobs that were pinned to us rest now, and may belong elsewhere: a new epoch begins before long
// (several calls make one, some seconds apart).
static inline void store_release(struct store *s)
{
    if (s->ops->release)
        s->ops->release(s);
}

// Drains a node, or ends that. ERR_NOT_FOUND when there is none of that name.
static inline void store_drain(struct store *s, struct str node, bool is_on, store_done *done,
                               void *ctx)
{
    s->ops->drain(s, node, is_on, done, ctx);
}

static inline bool store_has_nodes(const struct store *s)
{
    return s->ops->read_nodes != NULL;
}

// What the others are told of us with the next renewal.
static inline void store_tell(struct store *s, int64_t running, int64_t waiting, int64_t late_us)
{
    if (s->ops->tell)
        s->ops->tell(s, running, waiting, late_us);
}

// The nodes as they stand now, by name.
static inline void store_read_nodes(struct store *s, store_nodes_done *done, void *ctx)
{
    s->ops->read_nodes(s, done, ctx);
}

static inline void store_stats(struct store *s, struct store_stats *ret)
{
    s->ops->stats(s, ret);
}

// Carries out what is waiting, calls every outstanding `done` (which may make further requests:
// they are carried out too), and ends the store. Not from within a `done`. Accepts NULL.
static inline void store_close(struct store *s)
{
    if (s)
        s->ops->close(s);
}
