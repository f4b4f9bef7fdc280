// keep_files.h - what lies in the runs directory besides output: sockets of keepers, and ends that
// nobody has recorded yet.
//
// DB.runs/keeper.PID is the socket of a keeper; DB.runs/RUN.ATTEMPT.end holds the KEEP_END message
// of a run that ended while no belfry was there. It appears whole, by rename.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "exec/keep_message.h"

// Makes the directory when it is not there (mode 0700) and opens it; -1 with *e. ret_path, of
// PATH_MAX bytes, is its absolute name.
[[nodiscard]] int keep_dir_open(const char *runs_dir, char *ret_path, struct err *e);

// The directory is one belfry's at a time: a descriptor that holds it until it is closed (what runs
// on does not have it); -1 with *e, ERR_BUSY when another has it. path is for the message.
[[nodiscard]] int keep_dir_lock(int dir, const char *path, struct err *e);

// Listens on, or connects to, keeper.PID in the directory; -1 with errno.
[[nodiscard]] int keep_socket_listen(int dir, int64_t pid);
[[nodiscard]] int keep_socket_connect(int dir, int64_t pid);
void keep_socket_remove(int dir, int64_t pid);
void keep_socket_rename(int dir, int64_t pid, int64_t to);

// The end of a run; false with errno. message is one whole frame.
[[nodiscard]] bool keep_end_save(int dir, int64_t run_id, int attempt, struct str message);
void keep_end_remove(int dir, int64_t run_id, int attempt);

// Calls fn for each socket (pid > 0) and each end (message is its frame) that lies there. What is
// neither is passed over.
typedef void keep_file_fn(int64_t pid, struct str message, void *ctx);
void keep_files_look(int dir, keep_file_fn *fn, void *ctx);
