// world.h - a scheduler's world made of a seed: jobs, people, crashes, clocks and disks that
// misbehave.
//
// The real scheduler core runs on a simulated clock, the reference store and an executor that only
// pretends. A seed decides everything, so a failing one replays exactly. What happens is written
// into a log; nothing is judged here.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/rand.h"
#include "base/vec.h"
#include "exec/exec.h"
#include "log.h"
#include "sched/sched.h"
#include "store/memory_store.h"

// The process can be killed at each of these.
enum sim_moment {
    MOMENT_NONE,
    MOMENT_ANY,
    MOMENT_CLAIM_ASKED,
    MOMENT_CLAIM_DURABLE,
    MOMENT_CLAIM_ANSWERED, // before anything is started
    MOMENT_STARTED,
    MOMENT_ENDED,
    MOMENT_FINISH_ASKED,
    MOMENT_FINISH_DURABLE,
    MOMENT_PUT_ASKED,
    MOMENT_PUT_DURABLE,
    MOMENT_PUT_ANSWERED, // before the answer has gone out
    MOMENT_COUNT,
};

// Faults that can be planted between the scheduler and its world: the checker must see each.
enum sim_fault {
    FAULT_NONE,
    FAULT_CLAIM_DROPPED,  // a claim is said to be won and is not in the store
    FAULT_TWICE,          // an attempt is started twice
    FAULT_SLOT_FORGOTTEN, // a slot gets no row
    FAULT_TOO_EARLY,      // a start before the claim is durable
    FAULT_END_LOST,       // an end is not recorded
    FAULT_PAUSE_IGNORED,  // a paused job runs after a restart
    FAULT_ATTEMPT,        // a wrong number of the attempt
    FAULT_OVERLAP,        // more runs at once than allowed
    FAULT_WATERMARK,      // the watermark passes slots without a row
    FAULT_WRITE_LOST,     // an acknowledged definition is not in the store
    FAULT_COALESCE,       // each missed slot is run although one run should stand for them
    FAULT_LOST_RERUN,     // what was lost is started again although nobody allowed it
    FAULT_LIMIT,          // more attempts at once than the limit of all allows
    FAULT_POOL,           // more than a pool has places for
    FAULT_PRIORITY,       // a run of lower priority goes first
    FAULT_WAIT_FORGOTTEN, // a run that waits for room is forgotten after a restart
    FAULT_LAUNCH_EARLY,   // planned runs start before their launch is durable
    FAULT_LAUNCH_LOST,    // they are said to be launched and are not in the store
    FAULT_COUNT,
};

struct sim_options {
    uint64_t seed;
    int rounds;           // between two of them something may go wrong
    int64_t round_max_us; // their greatest length
    bool is_long;         // jobs for a year: rarer slots
    enum sim_fault fault;
};

// What came of a seed, beside its log.
struct sim_result {
    struct sim_log log;
    int64_t simulated_us;
    size_t starts;
    int crashed[MOMENT_COUNT];
};

// Runs the seed; end the result with sim_log_done.
void world_run(const struct sim_options *options, struct sim_result *ret_result);
