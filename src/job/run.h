// run.h - one row of the ledger: a slot of a job and what became of it.
//
// The row (job, scheduled_at) is unique: making it is the claim, finishing it is the history. A row
// may also speak for `missed` earlier slots, from missed_from on, that were folded into it
// (coalesced into a run, or skipped together).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/str.h"
#include "job/run_certificate.h"

// Numbers are stored: never change one, never reuse one. Below RUN_SUCCEEDED a run is alive, from
// there on final.
enum run_state {
    RUN_NONE = 0, // there is no row yet
#define X(name, number, text, sentence) name = number,
#include "job/run_state.def"
#undef X
};

enum run_origin {
#define X(name, number, text, sentence) name = number,
#include "job/run_origin.def"
#undef X
};

enum run_reason {
#define X(name, number, text, sentence) name = number,
#include "job/run_reason.def"
#undef X
};

// Who changes the state of a run: see run_move.def.
enum run_actor {
    RUN_BY_CLAIM,
    RUN_BY_START,
    RUN_BY_ADOPTION,
    RUN_BY_END,
    RUN_BY_TAKEOVER,
};

#define RUN_KEY_MAX 255 // bytes of an idempotency key

// What was asked for with a run, beyond what its job says. Rows of the plain schedule have none.
struct run_ask {
    struct str args;  // JSON list of texts instead of the job's; empty: the job's
    struct str key;   // no two runs of a job have the same; empty: none
    uint64_t digest;  // of the request that came with the key
    wall slot;        // the moment it stands for, when that is not scheduled_at; 0: it is
    wall start_at;    // not before this moment; 0: at once
    int64_t cause_id; // RUN_RETRY: the run that is repeated; RUN_DEPENDENCY: that which has ended;
                      // RUN_BACKFILL: the first run of its backfill
    struct str cause; // RUN_DEPENDENCY: a JSON object that tells of that run (sched/chain.h)
    int parallel;     // RUN_BACKFILL: so many runs of the backfill at once
    int overlap;      // instead of the job's (enum job_overlap); -1: the job's
    bool is_forced;   // though a freeze holds the job
};

struct run {
    int64_t id;        // made by run_id (below)
    int64_t job_id;    // the store's number of the job
    wall scheduled_at; // the slot
    enum run_origin origin;
    enum run_state state;
    enum run_reason reason;
    int job_version;
    int attempt;               // 1, 2, ...; 0 when it never started
    int64_t missed;            // earlier slots this row stands for as well
    wall missed_from;          // the first of them; 0 when missed is 0
    wall queued_at;            // when it was claimed
    wall started_at;           // 0 until it starts
    wall finished_at;          // 0 until it ends
    int exit_code;             // of the process; -1 when it did not exit by itself
    int signal;                // that ended it; 0 for none
    struct str message;        // one sentence for a person; may be empty
    wall try_at;               // RUN_WAITING: when the next attempt begins; RUN_RUNNING: it was
                               // planned for that moment (store_launch)
    const struct run_ask *ask; // borrowed; NULL: nothing but what the job says
};

// What a run wrote to one stream: the first and the last bytes, and how many there were in all.
struct run_stream {
    struct str head;
    struct str tail; // empty while everything fits into head; together never overlapping
    int64_t total;   // bytes written by the run
};

// What the processes of a run have used, as far as it waited for them; all 0 when nobody knows.
struct run_usage {
    int64_t user_us, system_us; // of processors
    int64_t max_rss_bytes;      // largest memory of one process
};

// A job with several parents (job/depends.h) knows this of one of them: it has ended as wanted
// since the child's run after_id began. A parent without a name says that this run has begun.
struct run_met {
    int64_t job_id; // the child
    struct str parent;
    int64_t after_id; // 0: none has begun so
};

// What begins with the end of a run: rows of jobs that follow it, RUN_QUEUED or RUN_SKIPPED. Where
// the moment of one is taken, it gets the next one that is free.
struct run_chain {
    const struct run *births;
    size_t birth_count;
    const struct run_met *met;
    size_t met_count;
};

// How an attempt ended, or a wait for one; what the executor reports and the store keeps.
struct run_end {
    int64_t run_id;
    int attempt;          // the run's last one; 0 when it never started
    enum run_state state; // final
    enum run_reason reason;
    wall started_at; // 0 when it could not be started
    wall finished_at;
    int exit_code;
    int signal;
    struct str message;
    struct run_stream out, err;
    struct str result;   // JSON, or empty
    struct str progress; // JSON: the last that it said of itself; or empty
    struct run_usage usage;
    int http_status;        // of the last response; 0: there was none. Not kept
    int64_t retry_after_us; // that the server asks to wait. Not kept
    wall try_at; // 0: so ends the run; otherwise only its attempt, and the next one begins then
    const struct run_chain *chain; // borrowed; NULL: nothing begins with it
    struct run_certificates seen;  // by a check; lives until the executor's done returns
};

// An attempt begins: the next one of a run that waits, or (is_adopted) it goes on under this
// belfry.
struct run_start {
    int64_t run_id;
    int attempt;
    wall started_at;
    bool is_adopted;
};

// Bytes of its texts and of what is kept of its output.
size_t run_end_size(const struct run_end *end);

// A copy with its texts behind it in the same block; end it with free().
[[nodiscard]] struct run_end *run_end_copy(const struct run_end *end);

const char *run_state_name(enum run_state state);        // "succeeded"
const char *run_reason_name(enum run_reason reason);     // "misfire"; "" for none
const char *run_reason_sentence(enum run_reason reason); // "Noticed too late to be made up for."
const char *run_origin_name(enum run_origin origin);     // "schedule", "catchup", "manual", ...

// The states from which `by` may bring a run to a state, as a set of bits (1 << state).
uint32_t run_move_from(enum run_actor by, enum run_state to);

// The states to which `by` may bring a run that is in a state.
uint32_t run_move_to(enum run_actor by, enum run_state from);

// The state of the run after an end.
static inline enum run_state run_end_state(const struct run_end *end)
{
    return end->try_at.us != 0 ? RUN_WAITING : end->state;
}

static inline bool run_state_is_final(enum run_state state)
{
    return state >= 10;
}

// When it began: of attempts before the last one, only the birth of its row is known.
static inline wall run_began_at(const struct run *run)
{
    return run->attempt > 1 ? run->queued_at : run->started_at;
}

// Whether it was in progress at a moment; between its attempts it is, too.
static inline bool run_was_going(const struct run *run, wall at)
{
    return run->started_at.us != 0 && run_began_at(run).us <= at.us &&
           (!run_state_is_final(run->state) || run->finished_at.us > at.us);
}

// Whether it was claimed ahead of its moment, and has not ended.
static inline bool run_is_planned(const struct run *run)
{
    return run->state == RUN_RUNNING && run->try_at.us != 0;
}

// As whoever reads a planned run at a moment sees it: it waits for its own, then it runs.
void run_as_seen(struct run *run, wall now);

// Ids of runs: 41 bits of milliseconds since 2025-01-01, 6 bits of node slot, 6 bits of sequence.
// Below 2^53, so exact in JSON; they sort by time. The counter may run ahead of the clock but never
// back.
struct run_ids {
    int64_t last;
    int node_slot; // 0-63
};

int64_t run_id_next(struct run_ids *ids, wall now);

int run_id_slot(int64_t id); // of the node that made it

// When an id was made, as far as it says.
wall run_id_time(int64_t id);
