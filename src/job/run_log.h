// run_log.h - what a run has written, as it lies in a file: where that is, and how it is read.
//
// One file holds both streams of an attempt, line by line, so that their order is kept:
//
//     belfry-log 1 head=5242880 tail=5242880
//     @2026-11-26T11:28:52.123456Z          from here on, lines came at this time
//     o to standard output
//     e to standard error
//     O a piece without a newline behind it: the next o or O goes on with it
//
// o, O, e, E and a blank stand before each line, so nothing that a job writes can be taken for
// anything else, and its bytes come back exactly. A line longer than RUN_LOG_PIECE_MAX is several
// pieces. At least every RUN_LOG_TIME_BYTES a time is told anew, so that a reader may begin
// anywhere.
//
// The file only grows. What lies between the first line that begins at head or later and the last
// tail bytes of the file is a hole that takes no room on the disk; offsets into the file stay what
// they are while it moves. A reader that finds itself there, which it learns from the file's size
// after it has read, passes on to the first time behind it.
//
// It lies beside the database in DB.runs/YYYYMMDD/RUN.ATTEMPT.log, by the day in which the run's
// number was made (UTC).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"

#define RUN_LOG_PATH_MAX 96
#define RUN_LOG_PIECE_MAX 16384
#define RUN_LOG_TIME_BYTES 4096
#define RUN_LOG_TAIL_MAX 100000 // lines

// The path of a file of a run's attempt in its runs directory: suffix is "log", "end", ... The path
// ends day_len bytes into it as that of its directory.
void run_log_path(int64_t run_id, int attempt, const char *suffix, char ret_path[RUN_LOG_PATH_MAX]);

// Which streams: bits.
enum run_log_stream {
    RUN_LOG_OUT = 1,
    RUN_LOG_ERR = 2,
    RUN_LOG_BOTH = 3,
};

// One line or piece; or a gap, which has only missing and the offsets.
struct run_log_item {
    enum run_log_stream stream;
    wall at;
    struct str text; // without its newline; lives until the next read
    bool is_whole;   // a newline followed
    int64_t missing; // > 0: so many bytes of the file are left out here
    int64_t next;    // offset behind it
};

struct run_log {
    int fd;
    int64_t head_max, tail_max;
    int64_t offset; // of the next line
    wall at;
    char *window; // bytes of the file from window_at on
    int64_t window_at;
    size_t window_len;
};

// Opens the log of an attempt. ERR_NOT_FOUND when it has written nothing (yet), or is forgotten.
// End it with run_log_close.
[[nodiscard]] bool run_log_open(const char *runs_dir, int64_t run_id, int attempt,
                                struct run_log *ret, struct err *e);
void run_log_close(struct run_log *log);

// The next line of any stream. False when there is no more for now: later there may be.
bool run_log_next(struct run_log *log, struct run_log_item *ret);

// Goes to the first line at or behind an offset that a run_log_item has told; 0 is the beginning.
// Any other number leads to the next line.
void run_log_seek(struct run_log *log, int64_t offset);

// Goes to the last lines of these streams.
void run_log_seek_tail(struct run_log *log, int64_t lines, unsigned streams);

// Removes all files of a run, of its attempts 1 to attempts. What is not there is no failure.
void run_log_remove(const char *runs_dir, int64_t run_id, int attempts);
