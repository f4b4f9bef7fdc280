// chain.h - what begins when a run ends: runs of the jobs that follow its job.
//
// It is worked out once, when the end is known, and goes to the store in the same request: the end
// and what begins with it are durable together or not at all. A follower's row is born queued, and
// the queue decides as for any run that waits (room, overlap, freeze); what is held at that moment
// is born skipped. What a follower with several parents has met is kept by the store as well.
//
// The row stands for no slot of the follower's own schedule. It keeps what is told to its process
// of the run before (run_ask.cause), so that it needs nobody later:
//
//     {"run_id": 42, "job": "extract", "state": "succeeded", "slot": "2026-11-22T04:49:33Z",
//      "started_at": ..., "finished_at": ..., "exit_code": 0, "result": {...}}
//
// A result of more than CHAIN_RESULT_MAX bytes is null there, and "result_bytes" says how long it
// is.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "sched/core.h"

#define CHAIN_RESULT_MAX 16384

struct chain; // with all that belongs to it

// Who has ended.
struct chain_parent {
    const struct entry *entry;
    int64_t run_id;
    wall slot; // that the run stood for
};

// NULL when nothing begins with the end. A parent that has been met counts from now on.
[[nodiscard]] struct chain *chain_make(struct core *core, const struct chain_parent *parent,
                                       const struct run_end *end);
void chain_free(struct chain *chain); // accepts NULL

const struct run_chain *chain_told(const struct chain *chain); // NULL of NULL
size_t chain_size(const struct chain *chain);                  // bytes, about

// What the store knows of it, at a start.
void chain_load(struct due *due, const struct run_met *met);

// Whether the jobs that a definition follows are there and none of them follows it in turn, perhaps
// by way of others. coming: definitions that are on their way to the store, by name (struct job);
// they count beside those in force. ERR_INPUT names depends_on, and the circle.
[[nodiscard]] bool chain_check(const struct due *due, const struct map *coming,
                               const struct job *job, struct err *e);
