// sched.h - the scheduler: which job is due, claim it, start it, record how it ended.
//
// It owns every job in memory and is the only door for writes. Given a loop, a clock, a store and
// an executor at construction, it never asks the system for anything else, so a simulated year runs
// in seconds.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "exec/exec.h"
#include "job/job.h"
#include "sched/due.h"
#include "sched/events.h"
#include "sched/hand.h"
#include "sched/heartbeat.h"
#include "sched/hold.h"
#include "sched/tally.h"
#include "sched/pauses.h"
#include "sched/pools.h"
#include "sched/waits.h"
#include "sched/windows.h"
#include "store/store.h"
#include "trigger/trigger.h"

struct forecast;
struct learned;
struct sched;
struct why_facts;

struct sched_options {
    struct loop *loop;
    struct store *store;             // borrowed
    struct exec *exec;               // borrowed
    struct zones *zones;             // borrowed
    struct str timezone;             // default zone of triggers
    int64_t late_after_us;           // a start is late after so long (watch.h); 0: the usual
    int64_t keep_age_us, keep_total; // of the history (retention.h); 0: however old, many
    const char *runs_dir; // where output of runs lies, which goes with their rows; NULL: nowhere
    // Rows that lie beside the calendars and are none of ours; NULL: nobody wants them. Each at the
    // start; and all of that sort, as they stand then, when another node has changed some.
    void (*on_row)(const struct store_calendar *row, void *ctx);
    void (*on_rows)(const struct store_calendar *rows, size_t count, void *ctx);
    void *row_ctx;
    // Among other nodes (store/nodes.h); NULL: nobody wants to know. A new epoch has begun: jobs
    // may have come to us, or left (sched_is_ours). Our lease has ended: all that runs here has
    // been told to end, nothing starts any more, and belfry is to begin anew.
    void (*on_epoch)(void *ctx);
    void (*on_lost)(const struct err *why, void *ctx);
    void *epoch_ctx, *lost_ctx;
    const struct job_presets *presets; // borrowed; NULL: the built-in ones
    size_t plan_least; // slots of one moment that are claimed ahead of it; 0: as many as are worth
                       // it
    size_t claim_max;  // slots claimed in one transaction; 0: as many as are good for most
    int64_t max_running; // attempts in progress at once, of all jobs; 0: no limit
};

// A new scheduler; sched_start loads the store and arms the timers. End it with sched_free after
// sched_stop.
[[nodiscard]] struct sched *sched_new(const struct sched_options *options);
[[nodiscard]] bool sched_start(struct sched *s, struct err *e);
void sched_free(struct sched *s); // accepts NULL

// Stops claiming at once and lets running work end: on_stopped is called when nothing runs any more
// and every end is durable. The rule: running attempts may finish for grace_us, then they are ended
// (exec_stop).
void sched_stop(struct sched *s, int64_t grace_us, void (*on_stopped)(void *ctx), void *ctx);

// Answer to a write: err is NULL when it is done and durable; job is the job as it now stands (NULL
// after a removal).
typedef void sched_done(const struct err *err, const struct job *job, void *ctx);

// Creates (expect STORE_CREATE), replaces (STORE_ANY, or the version that must still stand) a job.
// Takes over *job, also on failure. A trigger that has changed is planned from now; one that has
// not keeps its place; a delay after the last run counts from that run's end as before. ERR_INPUT
// when jobs would follow each other round, or one that is not there (sched_check).
void sched_put(struct sched *s, struct job *job, int expect_version, sched_done *done, void *ctx);

// Whether the jobs that a definition follows are there and none of them follows it (chain.h).
[[nodiscard]] bool sched_check(const struct sched *s, const struct job *job, struct err *e);

// Removes a job for good; its history stays. ERR_NOT_FOUND when there is none of that name,
// ERR_IN_USE while others follow it.
// Quarantined jobs too.
void sched_delete(struct sched *s, struct str name, sched_done *done, void *ctx);

// Rows of runs have been removed from the store: their output goes as well.
void sched_runs_gone(struct sched *s, const struct store_gone *gone, size_t count);

// Pauses or resumes a job, without a word (asks.h has words). Slots that fall into the pause are
// skipped, each is told in the ledger; resuming makes up for none of them. A date that passed in a
// pause is late, and its misfire rule decides: it has no other slot. A delay whose end fell into it
// counts anew from the resumption.
void sched_pause(struct sched *s, struct str name, bool paused, sched_done *done, void *ctx);

// Pauses of tags and of everything: to be looked at, and the door for changes of them.
struct pauses *sched_pauses(struct sched *s);

// What holds a job now: its own pause, everything's, a tag's; NULL: nothing.
const struct pause *sched_paused(const struct sched *s, const struct job *job);

// Wants a run beside the schedule. Answered when it is claimed: err is NULL and run_id its id, or
// what is in the way (ERR_NOT_FOUND; ERR_MOVED: another node has the job; ERR_CONCURRENCY: the
// overlap rule leaves it out; ERR_FROZEN: a freeze holds it, and it is not forced; ERR_EXISTS:
// run_id has the key). Paused jobs may be run so.
typedef hand_done sched_run_done;
void sched_run_now(struct sched *s, struct str name, const struct hand_ask *ask,
                   sched_run_done *done, void *ctx);

// Cancels a run of the job that is alive: at once if it waits; if it runs it gets TERM, and KILL
// after the job's kill_grace. False when no such run is alive.
bool sched_cancel(struct sched *s, int64_t job_id, int64_t run_id);

// Calendars and freezes: to be looked at, and the door for changes of them. A change is planned
// from at once: jobs that use a calendar are compiled again, slots in a freeze are skipped.
struct windows *sched_windows(struct sched *s);

// Pools: to be looked at, and the door for changes of them.
struct pools *sched_pools(struct sched *s);

// What runs wait for beside their job, and who is there (waits.h).
struct waits sched_waits(const struct sched *s);

// What is counted and remembered of runs.
struct tally *sched_tally(struct sched *s);

// What has happened, for whoever follows (events.h).
struct events *sched_events(struct sched *s);

// What a run in progress has last said of itself: JSON; see exec_progress.
struct str sched_progress(const struct sched *s, int64_t run_id);

// What the job has taught (learned.h); NULL: nothing yet. sched_learn asks the store for what the
// runs of before taught.
const struct learned *sched_learned(const struct sched *s, const struct job *job);
void sched_learn(struct sched *s, const struct job *job);

// What may hold a job (hold.h). job NULL: any.
struct holds sched_holds(const struct sched *s, const struct job *job);

// The coming slots of a job, or of all (NULL), in [from, to] (forecast.h): borrowed until the
// loop's next turn. End it with forecast_done.
void sched_forecast(const struct sched *s, const struct job *only, wall from, wall to,
                    struct forecast *ret);

// A ping of a job that runs elsewhere (heartbeat.h).
void sched_ping(struct sched *s, struct str key, const struct ping *ping, heartbeat_done *done,
                void *ctx);

// The job that has that key; NULL: none.
const struct job *sched_ping_job(const struct sched *s, struct str key);

// ---- several nodes on one store (store/nodes.h) ----

// Who is there, as of the epoch under which we act; NULL: we are alone. Borrowed until the loop's
// next turn, as are nodes.
const struct store_members *sched_members(const struct sched *s);
const struct store_node *sched_self(const struct sched *s); // NULL: we are alone

// Which node acts for a job (placement.h). NULL: we are alone, or nobody does yet: it has just been
// made, or no node is active.
const struct store_node *sched_owner(const struct sched *s, const struct job *job);

// Adds to counts[i] how many jobs the i-th of the members' nodes has; some 10 ms for a million
// jobs.
void sched_owned(const struct sched *s, int64_t *counts);

// Whether we do; of a job that is gone, whether we have the duties. Of others' jobs only the
// definition is known here: runs in progress, and slots that follow events, are their owner's to
// tell.
bool sched_is_ours(const struct sched *s, const struct job *job);

// Whether what is no living job's is ours to see to: one node does (placement.h), or who is alone.
bool sched_has_duties(const struct sched *s);

// The store it was given.
struct store *sched_store(const struct sched *s);

// What the scheduler knows for an explanation of a job (why.h); the rows are left empty. Borrowed
// until the loop's next turn.
void sched_why_facts(const struct sched *s, const struct job *job, struct why_facts *ret);

// The job of that name, borrowed until the loop's next turn; NULL when there is none (a job whose
// single date is over is gone from here; any other that has no further slot stays).
const struct job *sched_find(const struct sched *s, struct str name);

// When it fires next: the next slot that is not yet claimed and not unwanted, behind the end of a
// pause; WALL_NEVER when paused for as long as it takes, quarantined or over, and while its trigger
// waits for an event (plan.h).
wall sched_next_at(const struct sched *s, const struct job *job);
int sched_running(const struct sched *s, const struct job *job); // its runs in progress

struct sched_item {
    const struct job *job;      // borrowed until the loop's next turn
    wall next_at;               // as sched_next_at
    int running;                // as sched_running
    const struct pause *paused; // as sched_paused
};

// All jobs ordered by next slot, then name; those without one last. An array of sched_count items
// on the heap, to be freed by the caller.
[[nodiscard]] struct sched_item *sched_list(const struct sched *s);
size_t sched_count(const struct sched *s);

// How many jobs something pauses now. (Costs as many looks as are paused themselves, or as there
// are jobs while a tag or everything is.)
size_t sched_paused_count(const struct sched *s);

// How many jobs have which tag.
const struct tagged *sched_tagged(const struct sched *s);

// A walk over all jobs in no order, without a copy: *at begins at 0; NULL at the end. Nothing may
// be added or removed meanwhile.
const struct job *sched_next_job(const struct sched *s, size_t *at, wall *ret_next_at);

// The job of that number; NULL when there is none.
const struct job *sched_find_id(const struct sched *s, int64_t job_id);

// Looks whether the time zone data has changed, and if so plans every job anew. Done by itself once
// a minute.
void sched_zones_look(struct sched *s);

// Adds to counts[m] how many enabled jobs have a slot in the minute that begins m minutes after a
// moment; the job called `but` is left out. False when there are too many to look at all of them:
// it takes some 10 ms at most.
#define SCHED_LOAD_MINUTES 60
bool sched_load(const struct sched *s, wall from, struct str but,
                uint32_t counts[SCHED_LOAD_MINUTES]);

// What policies of jobs are that say nothing of them.
const struct job_presets *sched_presets(const struct sched *s);

// The context for trigger_parse: zones, default zone, now.
struct trigger_context sched_trigger_context(const struct sched *s);

struct sched_stats {
    int64_t claimed, finished, skipped, missed; // runs since start; missed counts folded slots
    int64_t late_max_us;                        // largest lateness of a start since start
    int64_t removed;                            // rows of old history since start
    int64_t output_files, output_bytes;         // on the disk, when they were last looked through
    size_t running, waiting;                    // runs in progress; runs that have a row and wait
    wall looked_at; // the last moment at which nothing that was due was left unclaimed
    const struct due_counts *counts; // of jobs; borrowed, as is the tally
    const struct tally *tally;
    struct err failure; // why nothing can be claimed now; ERR_NONE when healthy
};
void sched_stats(const struct sched *s, struct sched_stats *ret);
