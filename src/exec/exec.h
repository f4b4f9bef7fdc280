// exec.h - how a run is carried out: start it, learn how it ended, stop it.
//
// The scheduler knows this contract only; exec_new makes the real executor (processes, modules,
// certificate checks) and the tests make simulated ones.
#pragma once

#include <stddef.h>
#include <stdbool.h>
#include <stddef.h>
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
    struct str target;  // as in struct job
    struct str args;    // as in struct job
    struct str options; // as in struct job
    struct str cause;   // as in struct run_ask; empty: it follows no other run
    wall scheduled_at;
    int attempt;
    int64_t timeout_us;    // 0: no limit
    int64_t kill_grace_us; // from TERM to KILL, when its time is over
};

// Called exactly once for each start, on the loop's thread, never before exec_start has returned.
// end's texts live until it returns. An end whose state is RUN_RUNNING is none: belfry leaves, and
// the run goes on without it (exec_let_go).
typedef void exec_done(const struct run_end *end, void *ctx);

struct exec;
struct exec_ops {
    void (*start)(struct exec *exec, const struct exec_request *request, exec_done *done,
                  void *ctx);
    void (*cancel)(struct exec *exec, int64_t run_id, int64_t grace_us);
    size_t (*running)(const struct exec *exec);
    void (*stop)(struct exec *exec, int64_t grace_us);
    void (*free)(struct exec *exec);
    // These may be NULL.
    void (*expect)(struct exec *exec, enum job_kind kind, struct str target);
    bool (*adopt)(struct exec *exec, const struct exec_request *request, exec_done *done,
                  void *ctx);
    void (*adopt_end)(struct exec *exec);
    size_t (*kept)(const struct exec *exec, int64_t **ret_run_ids);
    void (*settled)(struct exec *exec, int64_t run_id);
    void (*let_go)(struct exec *exec);
    struct str (*progress)(const struct exec *exec, int64_t run_id);
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

// Takes over an attempt that an earlier belfry has started and that may still run: from then on as
// exec_start, with the end that it may already have. False when nobody knows it: then it is lost.
static inline bool exec_adopt(struct exec *x, const struct exec_request *request, exec_done *done,
                              void *ctx)
{
    return x->ops->adopt && x->ops->adopt(x, request, done, ctx);
}

// Which runs may be adopted: an array on the heap, in no order.
static inline size_t exec_kept(const struct exec *x, int64_t **ret_run_ids)
{
    *ret_run_ids = NULL;
    return x->ops->kept ? x->ops->kept(x, ret_run_ids) : 0;
}

// All that should be adopted has been: what else was left is ended and forgotten.
static inline void exec_adopt_end(struct exec *x)
{
    if (x->ops->adopt_end)
        x->ops->adopt_end(x);
}

// The end of a run, or of its attempt, is recorded for good. Until then it is kept for a belfry
// that comes after a crash.
static inline void exec_settled(struct exec *x, int64_t run_id)
{
    if (x->ops->settled)
        x->ops->settled(x, run_id);
}

// From now on exec_stop lets processes of jobs go on when their grace is over, instead of ending
// them. Runs without a process of their own end as ever.
static inline void exec_let_go(struct exec *x)
{
    if (x->ops->let_go)
        x->ops->let_go(x);
}

// What a run in progress has last said of itself: JSON, borrowed until the next turn; empty when
// nothing.
static inline struct str exec_progress(const struct exec *x, int64_t run_id)
{
    return x->ops->progress ? x->ops->progress(x, run_id) : (struct str){0};
}

// Ends a run as RUN_CANCELLED: TERM to its process group, KILL grace_us later (0: at once). A
// second call can only shorten the grace. Unknown ids are ignored.
static inline void exec_cancel(struct exec *x, int64_t run_id, int64_t grace_us)
{
    x->ops->cancel(x, run_id, grace_us);
}

// Attempts started and not yet reported.
static inline size_t exec_running(const struct exec *x)
{
    return x->ops->running(x);
}

// Orderly stop: running attempts may go on for grace_us, then get TERM, and KILL after their grace;
// what is ended so is reported as RUN_CANCELLED with REASON_SHUTDOWN. Every attempt is still
// reported through its done.
static inline void exec_stop(struct exec *x, int64_t grace_us)
{
    x->ops->stop(x, grace_us);
}

// Ends what is left without reports, but for processes that a keeper looks after. Accepts NULL.
static inline void exec_free(struct exec *x)
{
    if (x)
        x->ops->free(x);
}

// The most processes at once: so many starts fit into a launcher's queue (POOL_QUEUE_MAX), the
// keeper's as belfry's own for module hosts. Beyond it, starts would fail instead of wait.
#define EXEC_CHILDREN_MAX 2000

struct exec_options {
    const char *jobs_dir; // where job folders live
    const char *runs_dir; // where output of runs is kept; made when it is not there
    bool is_exclusive;  // refuse runs_dir while another belfry has it: ERR_BUSY. For where no lock
                        // of a database sees to that
    const char *self;   // path of the belfry binary, for `belfry run-module`
    const char *python; // "python3"
    const char *compiler;      // "cc"
    struct tls_prober *prober; // for JOB_CERTIFICATE; borrowed; may be NULL, then such runs fail
    size_t output_max;         // bytes of each stream's start, and of its end, that are told with
                               // the end of a process; default 4 KiB. Files hold more of it.
    uint64_t files_max; // open files of a job's process (soft limit), where belfry has raised its
                        // own; 0: as belfry
    int cgroup; // directory in which each run's process gets a control group (cgroup.h), borrowed;
                // 0: there are none
    int children_max; // processes at once; at most EXEC_CHILDREN_MAX; further starts wait; default
                      // 256
};

// The real executor. options is copied; its strings are borrowed.
[[nodiscard]] bool exec_new(struct loop *loop, const struct exec_options *options,
                            struct exec **ret, struct err *e);
