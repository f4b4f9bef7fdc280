// attempt.h - an attempt of a run in the real executor: for exec.c, which starts and stops them,
// and attempt.c, in which they go their way.
#pragma once

#include "base/arena.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/map.h"
#include "exec/environment.h"
#include "exec/exec.h"
#include "exec/keep_message.h"
#include "exec/lookup.h"
#include "job/folder.h"

enum stage {
    STAGE_NEW,
    STAGE_COMPILE, // waits for main.so to be made
    STAGE_WAITING, // for a place among the processes
    STAGE_PROCESS,
    STAGE_MODULE,
    STAGE_CERTIFICATE,
    STAGE_HTTP,
    STAGE_ENDED, // on the list of what the end of the turn reports
};

struct executor {
    struct exec base;
    struct loop *loop;
    struct exec_options options;
    char *jobs_dir; // absolute
    struct environment environment;
    struct launcher *launcher;
    struct compiler *compiler;
    struct modules *modules;
    struct certificate_past *past;
    struct keepers *keepers;
    struct http_calls *calls; // NULL until the first HTTP job
    struct map attempts;      // by run id
    struct lookups lookups;
    struct list waiting;
    size_t waiting_count;
    int processes; // at work
    struct list ended;
    struct loop_timer stop_timer;
    bool is_stopping;
    bool lets_go; // processes go on when belfry stops
};

struct attempt {
    struct executor *x;
    struct arena *arena; // owns it and all texts
    struct exec_request request;
    exec_done *done;
    void *ctx;
    enum stage stage;
    enum keep_cause cause;
    struct list link; // in waiting or ended
    struct loop_timer timeout;
    enum folder_entry entry;
    struct str folder;        // absolute path, a NUL follows; empty for what has none
    const char *program;      // what is started, for messages
    const char *workdir;      // likewise; NULL: the server's
    struct keep_run *process; // which of these four is there follows from stage
    struct compile_wait *compile;
    struct module_run *module;
    struct certificate_check *certificate;
    struct http_job *http;
    mono started; // of a certificate check
    struct run_end end;
};

// A new one, which nothing has begun with. request is copied.
[[nodiscard]] struct attempt *attempt_new(struct executor *x, const struct exec_request *request,
                                          exec_done *done, void *ctx);

// Forgets it without a report.
void attempt_free(struct attempt *a);

// Begins it, in the way of its kind of job.
void attempt_route(struct attempt *a);

// Ends it, for this cause unless another came first; KILL follows TERM grace_us later.
void attempt_stop(struct attempt *a, enum keep_cause cause, int64_t grace_us);

// Puts it on the list of what the end of this turn reports.
void attempt_end_later(struct attempt *a);

// Reports that list. ctx is the executor.
void attempts_report(void *ctx);

// False for what an orderly stop need not wait for. A process that is just being started counts as
// begun.
bool attempt_has_begun(const struct attempt *a);

// The end of an attempt's process: a keep_done, whose ctx is the attempt.
void attempt_process_ended(const struct keep_end *end, void *ctx);
