// words.h - how a run ended, as one sentence for a person.
#pragma once

#include "base/arena.h"
#include "exec/cgroup.h"
#include "exec/command.h"
#include "exec/keep_message.h"

struct start_failure {
    int errnum;
    bool is_limit;       // as in struct launch_result
    const char *step;    // what failed before exec; "" when it was exec itself
    const char *program; // as it is called in the sentence
    const char *folder;  // the job folder; NULL or "" for none
    const char *workdir; // the working directory; NULL: the server's
    bool is_entry;       // the program is the folder's own main; otherwise python3, belfry, ...
};

// Why a process could not be started, and what helps: "could not start main: Permission denied
// (chmod +x jobs/x/main)".
struct str words_start(const struct start_failure *failure, struct arena *arena);

// "exit status 3", "killed by SIGSEGV (Segmentation fault)", the host's own words if there are any,
// "" for success.
struct str words_end(const struct command_end *end, struct arena *arena);

// What its control group knows of an end: "killed: out of memory, limit 64 MiB", "exit status 1; it
// had more than 10 processes"; empty when nothing.
struct str words_group(const struct cgroup_facts *facts, const struct cgroup_limits *limits,
                       const struct command_end *end, struct arena *arena);

// message, and behind it the last line of what was written to stderr: "exit status 1: ValueError:
// bad".
struct str words_add_last_line(struct str message, struct run_stream err, struct arena *arena);

// Why belfry has ended a run, which may not have begun.
struct str words_cause(enum keep_cause cause, bool has_begun, int64_t timeout_us,
                       struct arena *arena);
