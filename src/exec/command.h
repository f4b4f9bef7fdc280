// command.h - one child process with its output: started, watched, ended, reported.
//
// The end of a command, the rule: once its process has exited, what then lies in the pipes is read.
// When both pipes are at their end, that is all. Otherwise some process it has left behind still
// holds them, and is listened to for COMMAND_LINGER_US more; then the pipes are closed and whatever
// it still writes is lost (a daemon that wants to live on must redirect its output).
//
// Ending a command: TERM to its process group, KILL after a grace. A command that is being
// ended and whose first process has exited stays open until nobody holds its pipes or the KILL is
// due; then the rest of its group is killed, and of its control group (spec.setting->cgroup).
#pragma once

#include <stdint.h>

#include "base/clock.h"
#include "base/loop.h"
#include "exec/launch.h"
#include "exec/output.h"
#include "job/run.h"

#define COMMAND_KILL_US 5000000 // the usual grace
#define COMMAND_LINGER_US 100000

struct command;

struct command_end {
    int errnum;    // why it could not be started; 0: it was
    bool is_limit; // as in struct launch_result
    const char *step;
    wall started_at;
    wall finished_at;
    int exit_code;              // -1 when it did not exit by itself
    int signal;                 // that ended it; 0 for none
    const char *words;          // what a module host says about it; "" when the numbers say it all
    struct run_stream out, err; // live until the callback returns
    struct run_usage usage;
};

// The command is gone when this returns.
typedef void command_done(const struct command_end *end, void *ctx);

struct command_options {
    struct loop *loop;
    struct launcher *launcher;
    struct launch_spec spec;      // borrowed until done
    size_t head_max, tail_max;    // bytes kept of each stream
    output_sink *on_out, *on_err; // get what is written besides; NULL: nobody
    output_sink *on_result;       // gets what comes on descriptor 3, when spec.has_result
    void (*on_start)(void *ctx);  // its process is there; NULL: nobody asks
    void *sink_ctx;               // of the four
};

// Starts a command; done is called exactly once, on the loop's thread, after this call has
// returned, unless command_free comes first. NULL with *e when it cannot even be tried.
[[nodiscard]] struct command *command_start(const struct command_options *options,
                                            command_done *done, void *ctx, struct err *e);

// Ends it: TERM now, KILL grace_us later (0: KILL now). False when it has exited by itself already,
// so that its own end counts. A second call can only shorten the grace.
bool command_stop(struct command *c, int64_t grace_us);

// When its process was started, in *ret_started; false before that.
bool command_started(const struct command *c, mono *ret_started);

// The number of its process and when it was started; 0 before that.
pid_t command_pid(const struct command *c);
wall command_started_at(const struct command *c);

// Kills it without a report; c must not be in use any more. Only when the launcher is gone or has
// reported (a process that is just being started cannot be forgotten): free the launcher first,
// then the commands. Accepts NULL.
void command_free(struct command *c);
