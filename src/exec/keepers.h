// keepers.h - belfry's side of its keepers (keeper.h): starts processes through them, learns how
// they ended, finds again what an earlier belfry of the same database has left.
//
// There is one keeper at a time that gets new processes; it is started when it is first needed.
// Others come from an earlier belfry, and are asked for what they have. When a keeper is killed its
// runs are lost: the kernel kills their first processes, and what is left of their sessions is
// killed from here.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "exec/keep_message.h"

struct loop;
struct keepers;
struct keep_run;

// The run is gone when this returns; end's texts live until then.
typedef void keep_done(const struct keep_end *end, void *ctx);

struct keepers_options {
    struct loop *loop;
    const char *runs_dir; // beside the database
    const char *self;     // path of the belfry binary; borrowed
    int cgroup;           // directory of control groups of runs, borrowed; 0: there are none
    uint64_t files_max;   // soft limit of open files for jobs; 0: belfry's own
    bool is_exclusive;    // refuse a directory that another belfry has
    int64_t idle_us;      // how long a keeper that has nothing to do stays; 0: the usual
};

// Opens the directory (making it when need be) and attaches the keepers that live there; waits for
// them a few seconds at most. NULL with *e.
[[nodiscard]] struct keepers *keepers_open(const struct keepers_options *options, struct err *e);

// Runs that were found and not adopted yet: an array on the heap, in no order.
size_t keepers_found(const struct keepers *ks, int64_t **ret_run_ids);

// Says that a process will be started soon.
void keepers_expect(struct keepers *ks);

// Starts a process; everything is copied. done is called exactly once, on the loop, after this call
// has returned, unless keepers_free comes first. NULL with *e when there is no keeper.
[[nodiscard]] struct keep_run *keepers_start(struct keepers *ks, const struct keep_start *start,
                                             keep_done *done, void *ctx, struct err *e);

// Ends it: TERM to its process group, KILL grace_us later.
void keepers_stop(struct keepers *ks, struct keep_run *run, enum keep_cause cause,
                  int64_t grace_us);

// Nobody asks for its end any more: it goes on, for the next belfry to find.
void keepers_forget(struct keepers *ks, struct keep_run *run);

// When its process was started; false before that is known.
bool keepers_started(const struct keep_run *run, mono *ret_started, wall *ret_started_at);

// What it has last said of itself, JSON; empty when nothing.
struct str keepers_progress(const struct keep_run *run);

// An attempt that an earlier belfry has started: NULL when no keeper knows it. Otherwise as
// keepers_start; it may have ended already.
[[nodiscard]] struct keep_run *keepers_adopt(struct keepers *ks, int64_t run_id, int attempt,
                                             keep_done *done, void *ctx);

// Ends what was found and not adopted, and forgets ends that nobody asked for.
void keepers_adopt_end(struct keepers *ks);

// The end of a run is recorded for good: no keeper need remember it.
void keepers_settled(struct keepers *ks, int64_t run_id);

// belfry leaves: what runs goes on. Keepers leave with the last of it.
void keepers_leave(struct keepers *ks);

// Forgets all without a word; what runs goes on. Accepts NULL.
void keepers_free(struct keepers *ks);
