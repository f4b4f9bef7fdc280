// waits.h - what a run waits for beside its job, and who has it, in words.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "sched/queue.h"

// Where it is looked up. All borrowed, until the loop's next turn.
struct waits {
    const struct due *due;
    const struct room *room;
    const struct lives *lives;
    const struct queue *queue;
};

// A run that has places of a gate.
struct waits_holder {
    int64_t run_id;
    struct str job_name; // empty: the job is gone
    wall since;          // 0: it is about to start
};

// Those that have places of a gate: the first `most` of them go into ret; returns how many there
// are in all.
size_t waits_holders(const struct waits *w, const struct gate *gate, size_t most,
                     struct waits_holder *ret);

// For which reason a run waits in the room of all; REASON_NONE: it does not.
enum run_reason waits_reason(const struct waits *w, int64_t job_id, int64_t run_id);

// The same in words, without a full stop: "all 2 places of the pool db are taken, by backup and
// sync". Nothing when it does not wait.
void waits_words(const struct waits *w, int64_t job_id, int64_t run_id, struct buf *out);
