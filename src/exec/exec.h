// exec.h - how a run is carried out: start it, learn how it ended, stop it.
//
// The scheduler knows this contract only; exec_new makes the real executor (processes, modules,
// certificate checks) and the tests make simulated ones.
#pragma once

#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "job/job.h"
#include "job/run.h"

struct loop;
struct tls_prober;

// One attempt. Everything is copied by exec_start.
struct exec_request {
    int64_t run_id;
    struct str job_name;
    enum job_kind kind;
    struct str target; // as in struct job
    struct str args;   // as in struct job
    wall scheduled_at;
    int attempt;
    int64_t timeout_us; // 0: no limit
};

// Called exactly once for each start, on the loop's thread, never before exec_start has returned.
// end's texts live until it returns.
typedef void exec_done(const struct run_end *end, void *ctx);

struct exec;
struct exec_ops {
    void (*start)(struct exec *exec, const struct exec_request *request, exec_done *done,
                  void *ctx);
    void (*cancel)(struct exec *exec, int64_t run_id);
    size_t (*running)(const struct exec *exec);
    void (*stop)(struct exec *exec, int64_t grace_us);
    void (*free)(struct exec *exec);
    void (*expect)(struct exec *exec, enum job_kind kind, struct str target); // may be NULL
};

struct exec {
    const struct exec_ops *ops;
};

// Starts an attempt. What cannot be started ends at once as RUN_FAILED, with the reason in its
// message.
static inline void exec_start(struct exec *x, const struct exec_request *request, exec_done *done,
                              void *ctx)
{
    x->ops->start(x, request, done, ctx);
}

// Says that a run of this kind and target will be started in a moment: a hint, for preparing it
// while its claim is being written. Nothing need come of it.
static inline void exec_expect(struct exec *x, enum job_kind kind, struct str target)
{
    if (x->ops->expect)
        x->ops->expect(x, kind, target);
}

// Ends a run as RUN_CANCELLED: TERM to its process group, KILL five seconds later. Unknown ids are
// ignored.
static inline void exec_cancel(struct exec *x, int64_t run_id)
{
    x->ops->cancel(x, run_id);
}

// Attempts started and not yet reported.
static inline size_t exec_running(const struct exec *x)
{
    return x->ops->running(x);
}

// Orderly stop: running attempts may go on for grace_us, then get TERM, and KILL five seconds after
// that; what is ended so is reported as RUN_CANCELLED with REASON_SHUTDOWN. Every attempt is still
// reported through its done.
static inline void exec_stop(struct exec *x, int64_t grace_us)
{
    x->ops->stop(x, grace_us);
}

// Kills what is left without reports. Accepts NULL.
static inline void exec_free(struct exec *x)
{
    if (x)
        x->ops->free(x);
}

// The most processes at once: so many starts, and as many of module hosts, fit into the launcher's
// queue (POOL_QUEUE_MAX). Beyond it, starts would fail instead of wait.
#define EXEC_CHILDREN_MAX 2000

struct exec_options {
    const char *jobs_dir;      // where job folders live
    const char *self;          // path of the belfry binary, for `belfry run-module`
    const char *python;        // "python3"
    const char *compiler;      // "cc"
    struct tls_prober *prober; // for JOB_CERTIFICATE; borrowed; may be NULL, then such runs fail
    size_t output_head_max;    // bytes kept of each stream's start, default 64 KiB
    size_t output_tail_max;    // and of its end, default 64 KiB
    uint64_t files_max; // open files of a job's process (soft limit), where belfry has raised its
                        // own; 0: as belfry
    int children_max; // processes at once; at most EXEC_CHILDREN_MAX; further starts wait; default
                      // 256
};

// The real executor. options is copied; its strings are borrowed.
[[nodiscard]] bool exec_new(struct loop *loop, const struct exec_options *options,
                            struct exec **ret, struct err *e);
