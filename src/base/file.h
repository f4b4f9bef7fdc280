// file.h - descriptors that close themselves, and whole files read and written with care.
//
// Every descriptor made here is close-on-exec; every call is repeated when a signal interrupts it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

// autoclose int fd = file_open(...);   closed (when >= 0) at the end of the block, unless handed
// on: return take(fd);                     gives the descriptor away and leaves -1 behind.
#define autoclose __attribute__((cleanup(file_close)))
#define take(fd) file_take(&(fd))

void file_close(int *fd); // keeps errno; *fd becomes -1
int file_take(int *fd);

// openat with O_CLOEXEC. Returns the descriptor, or -1 with *e: ERR_NOT_FOUND when it is not there,
// else ERR_SYSTEM. dirfd may be AT_FDCWD. A new file gets mode 0644.
[[nodiscard]] int file_open(int dirfd, const char *path, int flags, struct err *e);

// Appends all of a regular file to *into; what exceeds the buffer's maximum is ERR_LIMIT (and
// nothing is appended). Devices and pipes are refused (opening one never blocks).
[[nodiscard]] bool file_read_all(int dirfd, const char *path, struct buf *into, struct err *e);

// Replaces (or creates) a file in one step: readers see the old or the new contents, also after a
// crash. Written to a hidden neighbour ".NAME.XXXXXXXX", synced, renamed over, directory synced.
// mode is that of the new file.
[[nodiscard]] bool file_write_atomic(int dirfd, const char *path, struct str text, mode_t mode,
                                     struct err *e);

// All of s to fd, or false with errno. On a non-blocking descriptor it fails with EAGAIN when full.
[[nodiscard]] bool file_write(int fd, struct str s);

// One read: bytes read, 0 at the end, -1 with errno (EAGAIN included). Never EINTR.
[[nodiscard]] ssize_t file_read(int fd, void *p, size_t n);

// Appends what fd yields up to its end; false with errno (EFBIG: more than the buffer may hold;
// EAGAIN: a non-blocking fd has no more for now, what came so far is in the buffer).
[[nodiscard]] bool file_read_to_end(int fd, struct buf *into);

// A pipe, both ends close-on-exec; flags as pipe2 (O_NONBLOCK).
[[nodiscard]] bool file_pipe(int flags, int *ret_read_fd, int *ret_write_fd, struct err *e);

[[nodiscard]] bool file_set_nonblocking(int fd); // false with errno

// Removes a file or a directory with everything in it, as far as it can, at most 64 deep. Follows
// no symbolic link, whoever may be changing the tree meanwhile.
void file_remove_tree(int dirfd, const char *name);

// The path seen from the root, from where this process is now; nothing is resolved. End it with
// free().
[[nodiscard]] char *file_absolute(const char *path);
