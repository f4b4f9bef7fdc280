// lock.h - one process a database: a lock file beside it that names its holder.
//
// An flock on <database>.lock, held while the descriptor is open and given back by the kernel
// however the process ends. The file holds the pid as text, for the one who is refused. It stays
// there when it is not locked: removing it would let two processes lock two files of the same name.
#pragma once

#include <stdbool.h>

#include "base/err.h"

// Follows links and makes the path absolute, so that everybody who means one file locks one file.
// The file itself need not exist, its directory must. Result on the heap, NULL with *e (ERR_STORE).
[[nodiscard]] char *lock_resolve(const char *path, struct err *e);

// The descriptor that holds the lock (close it to let go); -1 with ERR_BUSY when another process
// has it, ERR_STORE when the lock file cannot be written. path as from lock_resolve. Waits up to
// three seconds for what a killed process left behind.
[[nodiscard]] int lock_take(const char *path, struct err *e);
