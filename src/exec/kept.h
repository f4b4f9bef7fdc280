// kept.h - one run in the keeper: its process, its log file, what it says of itself, its limits of
// time.
#pragma once

#include "exec/keep_message.h"
#include "exec/launch.h"

#define KEPT_HOLD_US 200000     // so long a line without its end is waited for
#define KEPT_PROGRESS_US 100000 // between two tellings of progress

struct kept;

struct kept_events {
    void (*on_start)(struct kept *k, void *ctx); // its process is there
    void (*on_progress)(struct kept *k, struct str json, void *ctx);
    // The kept run is gone when this returns; end's texts live until then.
    void (*on_end)(struct kept *k, const struct keep_end *end, void *ctx);
};

struct kept_place {
    struct loop *loop;
    struct launcher *launcher;
    int dir;              // of the runs
    const char *path;     // its name, absolute
    int cgroup;           // directory of the control groups of runs; -1: there are none
    unsigned controllers; // that these have
};

// Starts a run. start and its texts lie in arena, which the kept run takes over. place and events
// are borrowed. Exactly one on_end follows, after this call has returned.
[[nodiscard]] struct kept *kept_start(const struct kept_place *place,
                                      const struct kept_events *events, void *ctx,
                                      const struct keep_start *start, struct arena *arena);

// Ends it. The first cause that finds it running counts.
void kept_stop(struct kept *k, enum keep_cause cause, int64_t grace_us);

int64_t kept_run_id(const struct kept *k);
void kept_live(const struct kept *k, struct keep_live *ret); // pid 0 before its process is there

// Kills it without a word. After launcher_free only, as command_free. Accepts NULL.
void kept_free(struct kept *k);
