// environment.h - what a job's process finds in its environment.
//
// A job gets belfry's own environment as it was at the start (a job folder that used to run inside
// a Python service read its settings there), without belfry's own settings (BELFRY_...) and what a
// service manager told belfry alone (NOTIFY_SOCKET, LISTEN_..., WATCHDOG_...), plus the identity of
// the run:
//
//     BELFRY_JOB_ID        the job's name
//     BELFRY_RUN_ID        the run's number, decimal
//     BELFRY_SCHEDULED_AT  its slot, RFC 3339 in UTC: 2026-11-22T04:49:33Z, with 6 digits of
//     fraction when not zero BELFRY_ATTEMPT       1, 2, ...
// of one that follows another (job/depends.h), what is known of that:
//
//     BELFRY_PARENT_RUN_ID, BELFRY_PARENT_JOB, BELFRY_PARENT_STATE
//     BELFRY_PARENT_SLOT    its slot, as above
//     BELFRY_PARENT_RESULT  its result, JSON; null when it had none, or a long one
//
// and of every one:
//
//     BELFRY_RESULT_FD     3: where it may say how far it is and what came of it (progress.h)
#pragma once

#include <jansson.h>

#include "base/arena.h"
#include "exec/exec.h"

#define ENVIRONMENT_IDENTITY 4 // strings of the identity

// Strings "NAME=value", and a NULL behind the last.
struct environment {
    char **v;
    size_t count;
};

// Takes over the environment of this process, borrowing its strings.
void environment_init(struct environment *env);
void environment_done(struct environment *env);

// The strings of a run's identity.
void environment_identity(const struct exec_request *request, struct arena *arena,
                          char *ret[ENVIRONMENT_IDENTITY]);

// What a run's environment is made of besides.
struct environment_wish {
    const char *const *pass; // patterns (str_glob) of the names it gets of belfry's; NULL: all
    const json_t *set;       // an object of texts: they beat belfry's; NULL: none
    const char *python_path; // put in front of PYTHONPATH; NULL: nothing
    const char *user, *home, *shell; // USER and LOGNAME, HOME, SHELL; NULL: as belfry's
    bool has_result;                 // BELFRY_RESULT_FD=3
};

// A whole environment for a run.
[[nodiscard]] char **environment_make(const struct environment *env,
                                      const struct exec_request *request,
                                      const struct environment_wish *wish, struct arena *arena);
