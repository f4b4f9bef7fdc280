// launch.h - starts processes from worker threads, so that the loop never waits for an exec.
//
// spawn.h makes the child, which gets /dev/null or what was given as stdin, two fresh pipes as
// stdout and stderr, one more as descriptor 3 when a result is wanted, and nothing else but the
// descriptors that were asked for.
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "exec/spawn.h"

#define LAUNCH_EXTRA_MAX SPAWN_EXTRA_MAX

// Everything is borrowed until done is called.
struct launch_spec {
    const char *program; // a path, or a name to be looked for in PATH
    char *const *argv;
    char *const *envp;
    const char *folder;          // working directory; NULL: belfry's own
    int extra[LAUNCH_EXTRA_MAX]; // descriptors that the child gets as 3, 4, 5; the first one below
                                 // 1 ends the list
    int in;                      // the child's stdin, from launch_fd; below 1: /dev/null
    bool has_result;             // a pipe as 3; extra is empty then
    const struct spawn_setting *setting; // NULL: nothing
};

// What came of it. When errnum is 0, pid, pidfd and the read ends (non-blocking) are the
// receiver's.
struct launch_result {
    int errnum;
    bool is_limit;    // errnum is about belfry's own limits (descriptors, processes), not about the
                      // program
    const char *step; // what failed before exec; "" when it was exec itself
    pid_t pid;
    int pidfd;
    int out;
    int err;
    int result; // -1 when none was wanted
    wall started_at;
    mono started;
};

typedef void launch_done(const struct launch_result *result, void *ctx);

struct launcher;

// Threads start with the first launch. loop is borrowed.
[[nodiscard]] struct launcher *launcher_new(struct loop *loop);

// Open files a child may have (its soft limit), when belfry's own limit is not for it; 0, as at
// first: the same.
void launcher_limit_files(struct launcher *launcher, uint64_t files_max);

// Waits for launches under way; each one not reported yet is reported (ECANCELED when it never
// began). Accepts NULL.
void launcher_free(struct launcher *launcher);

// Starts a process and calls done exactly once on the loop's thread, after this call has returned.
// False with *e, and no call of done, when there are no threads for it or too many launches wait
// already.
[[nodiscard]] bool launch_start(struct launcher *launcher, const struct launch_spec *spec,
                                launch_done *done, void *ctx, struct err *e);

// A descriptor that may stand in launch_spec.extra: fd, or a copy of it (fd is closed then) out of
// the way of 0-5. -1 with errno when there is none left.
int launch_fd(int fd);
