// log_write.h - writes the file of job/run_log.h while a run goes on.
//
// What is written to the file is written once, at its end, in one call a read of a pipe; the middle
// is given back to the file system as the end moves on. A line that is not whole is held until its
// newline comes, it is long, or log_write_flush says that it has waited enough.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/str.h"
#include "job/run_log.h"

struct log_write;

// dir is that of the runs, borrowed. max_bytes is kept, half of it the beginning and half the end.
// The file is made when there is something to write.
[[nodiscard]] struct log_write *log_write_new(int dir, int64_t run_id, int attempt,
                                              int64_t max_bytes);
void log_write_free(struct log_write *w); // writes what is held; accepts NULL

void log_write_add(struct log_write *w, enum run_log_stream stream, struct str bytes, wall now);

// Writes lines that are not whole. log_write_holds says whether there are any.
void log_write_flush(struct log_write *w, wall now);
bool log_write_holds(const struct log_write *w);

// Why not all that should be kept is kept: an errno, of the first failure; 0: it is.
int log_write_errnum(const struct log_write *w);
