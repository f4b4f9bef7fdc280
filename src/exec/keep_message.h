// keep_message.h - what belfry and its keeper tell each other, as structs.
//
//     belfry to keeper                          keeper to belfry
//     KEEP_START   start this                   KEEP_HELLO    who I am
//     KEEP_STOP    end this                     KEEP_LIVE     this runs (on attach, and when it
//     began) KEEP_SETTLED its end is recorded          KEEP_SYNC     that was all that runs
//     KEEP_QUIT    leave if nothing runs        KEEP_PROGRESS what a run says of itself
//                                               KEEP_END      this has ended
//
// Numbers of types and tags never change. KEEP_VERSION goes up when a keeper of the version before
// would do something else than what a new belfry means; such a keeper is attached for what it has,
// and gets nothing new to start.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/str.h"
#include "exec/cgroup.h"
#include "exec/command.h"
#include "exec/spawn.h"

#define KEEP_VERSION 2
#define KEEP_WORDS_MAX 65536 // arguments, and variables, of a process
#define KEEP_GROUPS_MAX 64

enum keep_type {
    KEEP_HELLO = 1,
    KEEP_START = 2,
    KEEP_STOP = 3,
    KEEP_SETTLED = 4,
    KEEP_QUIT = 5,
    KEEP_LIVE = 6,
    KEEP_SYNC = 7,
    KEEP_PROGRESS = 8,
    KEEP_END = 9,
};

// Why a process was ended by belfry or its keeper.
enum keep_cause {
    KEEP_CAUSE_NONE = 0,
    KEEP_CAUSE_TIMEOUT = 1,
    KEEP_CAUSE_CANCEL = 2,
    KEEP_CAUSE_SHUTDOWN = 3,
};

// One process to start. Texts are NUL-terminated where libc takes them; arrays end with NULL.
struct keep_start {
    int64_t run_id;
    int attempt;
    const char *program;
    char **argv, **envp;
    const char *folder; // NULL: the keeper's own
    struct str input;   // of its standard input
    bool has_result;    // descriptor 3
    int64_t timeout_us; // 0: none
    int64_t grace_us;   // from TERM to KILL when the timeout has ended it
    int64_t log_max;    // bytes of output kept in its log file; 0: no file
    int64_t head_max;   // bytes of each stream kept in its end
    bool has_private_tmp;
    struct spawn_setting setting;
    struct cgroup_limits limits;   // of its control group, where there is one
    gid_t groups[KEEP_GROUPS_MAX]; // setting.groups
};

struct keep_stop {
    int64_t run_id;
    int attempt;
    enum keep_cause cause;
    int64_t grace_us;
};

struct keep_live {
    int64_t run_id;
    int attempt;
    int64_t pid;
    wall started_at;
    mono started;
};

struct keep_end {
    int64_t run_id;
    int attempt;
    enum keep_cause cause;
    bool is_lost; // not told by a keeper: it is gone
    struct command_end command;
    struct str result;   // JSON
    struct str progress; // JSON: the last that it said of itself
    struct str warning;  // a sentence; may be empty
};

struct keep_progress {
    int64_t run_id;
    struct str json;
};

void keep_hello_write(struct buf *b, int64_t version, int64_t pid);
void keep_start_write(struct buf *b, const struct keep_start *start);
void keep_stop_write(struct buf *b, const struct keep_stop *stop);
void keep_settled_write(struct buf *b, int64_t run_id, int attempt);
void keep_live_write(struct buf *b, const struct keep_live *live);
void keep_progress_write(struct buf *b, const struct keep_progress *progress);
void keep_end_write(struct buf *b, const struct keep_end *end);
void keep_word_write(struct buf *b, enum keep_type type); // KEEP_SYNC, KEEP_QUIT

// Each reads the fields of its message. False when they make no sense. What they hold lies in
// fields, but for keep_start's, which is copied into arena.
[[nodiscard]] bool keep_hello_read(struct str fields, int64_t *ret_version, int64_t *ret_pid);
[[nodiscard]] bool keep_start_read(struct str fields, struct arena *arena, struct keep_start *ret);
[[nodiscard]] bool keep_stop_read(struct str fields, struct keep_stop *ret);
[[nodiscard]] bool keep_settled_read(struct str fields, int64_t *ret_run_id, int *ret_attempt);
[[nodiscard]] bool keep_live_read(struct str fields, struct keep_live *ret);
[[nodiscard]] bool keep_progress_read(struct str fields, struct keep_progress *ret);
// step and words of the command end are copied into arena.
[[nodiscard]] bool keep_end_read(struct str fields, struct arena *arena, struct keep_end *ret);
