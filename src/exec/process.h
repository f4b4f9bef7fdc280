// process.h - what process a run is: its program and arguments, its surroundings, its limits.
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "exec/environment.h"
#include "exec/exec.h"
#include "exec/keep_message.h"
#include "job/folder.h"

struct process_place {
    const char *jobs_dir; // absolute
    const char *self;     // path of the belfry binary
    const char *python;
    const struct environment *environment;
    size_t head_max; // bytes of each stream kept in an end
    bool has_logs;   // output goes into files as well
};

// A run's process. entry is ENTRY_NONE for a command; folder the path of its job folder, empty for
// a command. Texts are in arena, or borrowed. ret_program is what messages call it. ERR_INPUT when
// its options cannot be carried out here (a user who is gone, a newer belfry's options).
[[nodiscard]] bool process_make(const struct process_place *place,
                                const struct exec_request *request, enum folder_entry entry,
                                struct str folder, struct arena *arena, struct keep_start *ret,
                                const char **ret_program, struct err *e);
