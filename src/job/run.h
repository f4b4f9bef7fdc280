// run.h - one row of the ledger: a slot of a job and what became of it.
//
// The row (job, scheduled_at) is unique: making it is the claim, finishing it is the history. A row
// may also speak for `missed` earlier slots, from missed_from on, that were folded into it
// (coalesced into a run, or skipped together).
#pragma once

#include <stdint.h>

#include "base/clock.h"
#include "base/str.h"

// Numbers are stored: never change one, never reuse one. Below RUN_SUCCEEDED a run is alive, from
// there on final.
enum run_state {
#define X(name, number, text, sentence) name = number,
#include "job/run_state.def"
#undef X
};

enum run_origin {
    RUN_SCHEDULED = 0, // the trigger
    RUN_CATCHUP = 1,   // the trigger, noticed late
    RUN_MANUAL = 2,    // a person or program asked for it
};

// Why a run was skipped or is not what the schedule said.
enum run_reason {
    REASON_NONE = 0,
    REASON_MISFIRE = 1,  // noticed later than its grace
    REASON_OVERLAP = 2,  // max_instances runs of the job were still going
    REASON_RESTART = 3,  // belfry ended while it ran
    REASON_SHUTDOWN = 4, // ended by an orderly stop
    REASON_LIMIT = 5,    // the instance's limit of waiting runs
    REASON_FREEZE = 6,   // a freeze held the job; the message has its reason
};

struct run {
    int64_t id;        // made by run_id (below)
    int64_t job_id;    // the store's number of the job
    wall scheduled_at; // the slot
    enum run_origin origin;
    enum run_state state;
    enum run_reason reason;
    int job_version;
    int attempt;        // 1, 2, ...; 0 when it never started
    int64_t missed;     // earlier slots this row stands for as well
    wall missed_from;   // the first of them; 0 when missed is 0
    wall queued_at;     // when it was claimed
    wall started_at;    // 0 until it starts
    wall finished_at;   // 0 until it ends
    int exit_code;      // of the process; -1 when it did not exit by itself
    int signal;         // that ended it; 0 for none
    struct str message; // one sentence for a person; may be empty
};

// What a run wrote to one stream: the first and the last bytes, and how many there were in all.
struct run_stream {
    struct str head;
    struct str tail; // empty while everything fits into head; together never overlapping
    int64_t total;   // bytes written by the run
};

// How a run ended; what the executor reports and the store keeps.
struct run_end {
    int64_t run_id;
    int attempt;
    enum run_state state; // final
    enum run_reason reason;
    wall started_at; // 0 when it could not be started
    wall finished_at;
    int exit_code;
    int signal;
    struct str message;
    struct run_stream out, err;
    struct str result; // JSON, or empty
};

const char *run_state_name(enum run_state state);    // "succeeded"
const char *run_reason_name(enum run_reason reason); // "misfire"; "" for none
const char *run_origin_name(enum run_origin origin); // "schedule", "catchup", "manual"

static inline bool run_state_is_final(enum run_state state)
{
    return state >= 10;
}

// Ids of runs: 41 bits of milliseconds since 2025-01-01, 6 bits of node slot, 6 bits of sequence.
// Below 2^53, so exact in JSON; they sort by time. The counter may run ahead of the clock but never
// back.
struct run_ids {
    int64_t last;
    int node_slot; // 0-63
};

int64_t run_id_next(struct run_ids *ids, wall now);
