// module.h - runs of C modules: a pool of warm hosts that grows with need and shrinks when idle.
//
// No host is kept before the first run. A run goes to the host with the fewest runs; what waits
// behind a call that takes longer than MODULE_SLOW_US is taken back and given to another host, a
// new one if need be, up to hosts_max. A host idle for MODULE_IDLE_US is let go (the last one after
// MODULE_LAST_US, so that jobs of every minute find a warm one).
//
// A module that has ended its host (a crash, exit) is kept away from the warm hosts for
// MODULE_SHUN_US: modules_takes says no, and its runs get a process of their own, as programs do.
// So it costs nobody else, and no more than a program.
#pragma once

#include "base/arena.h"
#include "exec/command.h"
#include "exec/environment.h"
#include "exec/module_ring.h"

#define MODULE_SLOW_US 2000
#define MODULE_IDLE_US 30000000
#define MODULE_LAST_US 90000000
#define MODULE_SHUN_US 60000000

struct modules;
struct module_run;

struct modules_options {
    struct loop *loop;
    struct launcher *launcher;
    const char *self;  // belfry's own path; borrowed
    char *const *envp; // of the hosts; borrowed
    int hosts_max;
    size_t head_max, tail_max; // bytes kept of each stream
};

struct module_request {
    const char *path;
    const char *folder;
    struct ring_key key; // of path
    char *identity[ENVIRONMENT_IDENTITY];
    char *const *argv;
    int argc;
};

// The request of a run of the module in a folder; texts are in arena. ERR_INPUT for its arguments.
[[nodiscard]] bool module_request_make(const struct exec_request *run, struct str folder,
                                       struct arena *arena, struct module_request *ret,
                                       struct err *e);

// options is copied.
[[nodiscard]] struct modules *modules_new(const struct modules_options *options);

// The end: modules_close, then launcher_free, then modules_free, which kills all hosts and forgets
// all runs (it accepts NULL). After modules_close no host is started.
void modules_close(struct modules *m);
void modules_free(struct modules *m);

// Whether a run may go to a warm host: it fits into a slot, and its module has not ended a host
// lately.
bool modules_takes(const struct modules *m, const struct module_request *request);

// Starts a run that modules_takes. Everything is copied. done is called exactly once, after this
// call has returned, unless modules_free comes first. started_at is 0 in its end when the module
// was never called.
[[nodiscard]] struct module_run *module_start(struct modules *m,
                                              const struct module_request *request,
                                              command_done *done, void *ctx);

// Ends a run: one that waits is reported as it is (started_at 0), one at work has its host ended
// (TERM, KILL after COMMAND_KILL_US). False when it has ended by itself already.
bool module_stop(struct modules *m, struct module_run *run);

// When its call began; false before that and after its end.
bool module_started(const struct module_run *run, mono *ret_started);

// Host processes there are, for tests and statistics.
size_t modules_hosts(const struct modules *m);
