// leftover.h - processes that a keeper has left behind when it was killed.
#pragma once

#include <stddef.h>

#include "exec/keep_message.h"

// Kills the processes of these runs: those in the session that each run's first process began, that
// are no older than it. A number that has meanwhile been given to another session's first process
// names nobody, since that one is younger by what its own start tells. Returns how many were
// killed.
size_t leftovers_kill(const struct keep_live *runs, size_t count);
