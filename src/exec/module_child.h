// module_child.h - belfry's side of one module host: its process, its ring, its pipes.
//
// A child holds a row of runs: the first may be at work, the others wait behind it. What becomes of
// them is told through events, always from the loop, never from within a call made here.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/loop.h"
#include "exec/command.h"
#include "exec/launch.h"
#include "exec/module_ring.h"
#include "exec/output.h"

#define MODULE_OVERWRITTEN \
    "a module has overwritten the memory of the process that it shared with others"

// One run on its way. Owned by the pool (module.c).
struct module_run {
    struct list link;           // in one of the pool's lists
    struct module_child *child; // NULL: in no ring
    uint32_t slot;
    int refusals;
    struct ring_request request;
    struct output out, err;
    struct command_end end;
    char words[512];
    command_done *done;
    void *ctx;
    char data[]; // request.size bytes, as in a slot
};

struct module_child;

struct module_events {
    void (*finished)(struct module_child *child, struct module_run *run, void *ctx); // run->end is
                                                                                     // filled
    void (*refused)(struct module_child *child, struct module_run *run, void *ctx);  // not run:
                                                                                     // STALE
    void (*progress)(struct module_child *child, void *ctx); // something was finished: there is
                                                             // room now
    void (*gone)(struct module_child *child, void *ctx); // the process has ended, or never started:
                                                         // free it now
};

struct module_child {
    struct list link; // the pool's
    struct loop *loop;
    const struct module_events *events;
    void *ctx;
    struct ring *ring;
    int memory_fd, wake_fd, done_fd;
    struct launch_result process;
    struct loop_fd *exit_handle, *out_handle, *err_handle, *done_handle;
    struct loop_timer kill_timer;
    struct module_run *runs[RING_SLOTS];
    uint32_t first;    // slot of the oldest run
    uint32_t count;    // runs in the ring
    uint32_t unrung;   // runs put into the ring in this turn; the host is rung for them at its end
    uint64_t finished; // runs that have ended here
    mono idle_since;   // when count became 0
    bool is_launching;
    bool is_closing; // takes no more runs: it retires, or is being ended
    bool is_stopped; // by us, with TERM
    bool has_exited;
    bool has_crashed;        // ended by itself in the middle of a run
    struct ring_key crashed; // that run's module
    char words[300];         // why it ended before it did anything
};

// Starts a host. spec is borrowed until it is running (exit of the pool); its extra is set here.
// NULL with *e.
[[nodiscard]] struct module_child *module_child_new(struct loop *loop, struct launcher *launcher,
                                                    const struct launch_spec *spec,
                                                    const struct module_events *events, void *ctx,
                                                    struct err *e);

// Kills it; its runs are forgotten. Not while it is launching. Accepts NULL.
void module_child_free(struct module_child *child);

// Puts a run behind the others; false when the ring is full.
[[nodiscard]] bool module_child_push(struct module_child *child, struct module_run *run);

// Takes back up to most runs that have not begun, the newest first, and puts them in front of list,
// in their order.
void module_child_take(struct module_child *child, uint32_t most, struct list *list);

// Takes the oldest run out of the ring of a host that has ended, whatever its slot says. NULL when
// there is none.
struct module_run *module_child_pop(struct module_child *child);

// Reports what is finished.
void module_child_collect(struct module_child *child);

// Whether its first run is at work, and since when.
bool module_child_is_running(const struct module_child *child, mono *ret_started);

// Ends it: TERM to its group, KILL five seconds later.
void module_child_stop(struct module_child *child);

// Lets it go when it has nothing to do.
void module_child_quit(struct module_child *child);
