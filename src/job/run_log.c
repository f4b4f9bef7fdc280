// run_log.c - finds and reads the files in which runs keep what they have written.
// SPDX-License-Identifier: Apache-2.0
#include "job/run_log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "job/run.h"
#include "time/civil.h"

#define WINDOW_BYTES 65536
#define HEADER_MAX 128
#define TAIL_SCAN_BYTES (INT64_C(64) << 20) // so far back lines are looked for

void run_log_path(int64_t run_id, int attempt, const char *suffix, char ret_path[RUN_LOG_PATH_MAX])
{
    struct civil day = civil_at(run_id_time(run_id).us / 1000000);

    (void)snprintf(ret_path, RUN_LOG_PATH_MAX, "%04d%02d%02d/%" PRId64 ".%d.%s", (int)day.year,
                   day.month, day.day, run_id, attempt, suffix);
}

static bool header_read(struct run_log *log)
{
    char text[HEADER_MAX + 1];
    ssize_t n = pread(log->fd, text, HEADER_MAX, 0);
    const char *end;

    text[n > 0 ? n : 0] = '\0';
    end = strchr(text, '\n');
    if (!end || sscanf(text, "belfry-log 1 head=%" SCNd64 " tail=%" SCNd64 "\n", &log->head_max,
                       &log->tail_max) != 2)
        return false;
    log->offset = end + 1 - text;
    return log->head_max >= 0 && log->tail_max >= 0;
}

bool run_log_open(const char *runs_dir, int64_t run_id, int attempt, struct run_log *ret,
                  struct err *e)
{
    char name[RUN_LOG_PATH_MAX], path[PATH_MAX];

    run_log_path(run_id, attempt, "log", name);
    if (snprintf(path, sizeof path, "%s/%s", runs_dir, name) >= (int)sizeof path)
        return fail(e, ERR_NOT_FOUND, NULL, "the path of the run's output is too long");
    *ret = (struct run_log){.fd = file_open(AT_FDCWD, path, O_RDONLY, e)};
    if (ret->fd < 0)
        return false;
    ret->window = mem_alloc(WINDOW_BYTES);
    if (header_read(ret))
        return true;
    run_log_close(ret);
    return fail(e, ERR_SYSTEM, NULL, "%s is no log of a run", path);
}

void run_log_close(struct run_log *log)
{
    file_close(&log->fd);
    free(log->window);
    log->window = NULL;
}

static int64_t log_size(const struct run_log *log)
{
    struct stat st;

    return fstat(log->fd, &st) == 0 ? st.st_size : 0;
}

// Reads the window at offset.
static bool window_fill(struct run_log *log, int64_t offset)
{
    ssize_t n = pread(log->fd, log->window, WINDOW_BYTES, offset);

    log->window_at = offset;
    log->window_len = n > 0 ? (size_t)n : 0;
    return n > 0;
}

// What is in the window from offset on.
static struct str window_from(const struct run_log *log, int64_t offset)
{
    if (offset < log->window_at || offset >= log->window_at + (int64_t)log->window_len)
        return (struct str){0};
    return str_cut((struct str){log->window, log->window_len}, (size_t)(offset - log->window_at),
                   log->window_len);
}

// Whether what stood at offset may have become part of the hole.
static bool is_in_hole(const struct run_log *log, int64_t offset)
{
    return offset >= log->head_max && offset < log_size(log) - log->tail_max;
}

// The line at offset, without its newline; p is NULL when it is not whole (yet).
static struct str line_at(struct run_log *log, int64_t offset)
{
    struct str s = window_from(log, offset);
    ptrdiff_t end = s.len > 0 ? str_find(s, '\n') : -1;

    if (end < 0 && window_fill(log, offset)) {
        s = window_from(log, offset);
        end = str_find(s, '\n');
    }
    return end < 0 ? (struct str){0} : str_cut(s, 0, (size_t)end);
}

// The first line at or behind offset that tells a time; -1 when there is none.
static int64_t time_find(struct run_log *log, int64_t offset)
{
    struct str s;
    const char *found;

    for (int64_t at = offset - 1; window_fill(log, at); at += (int64_t)log->window_len - 1) {
        s = window_from(log, at);
        found = memmem(s.p, s.len, "\n@", 2);
        if (found)
            return at + (found - s.p) + 1;
        if (log->window_len < 2)
            break;
    }
    return -1;
}

// Passes over the hole. False when nothing is behind it yet.
static bool hole_pass(struct run_log *log, struct run_log_item *ret)
{
    int64_t from = log->offset;
    int64_t behind = time_find(log, log_size(log) - log->tail_max);

    if (behind < 0)
        return false;
    log->offset = behind;
    *ret = (struct run_log_item){.missing = behind - from, .at = log->at, .next = behind};
    return true;
}

static int digits(const char *p, int count)
{
    int n = 0;

    for (int i = 0; i < count; i++)
        n = n * 10 + (p[i] - '0');
    return n;
}

// "2026-11-26T11:28:52.123456Z", as log_write.c writes it.
static bool time_read(struct str s, wall *ret)
{
    struct civil c;

    if (s.len != 27)
        return false;
    c = (struct civil){
        .year = digits(s.p, 4),
        .month = (int8_t)digits(s.p + 5, 2),
        .day = (int8_t)digits(s.p + 8, 2),
        .hour = (int8_t)digits(s.p + 11, 2),
        .minute = (int8_t)digits(s.p + 14, 2),
        .second = (int8_t)digits(s.p + 17, 2),
    };
    if (!civil_is_valid(&c))
        return false;
    ret->us = civil_seconds(&c) * 1000000 + digits(s.p + 20, 6);
    return true;
}

// What a line says; false for one that says nothing to a reader.
static bool line_read(struct run_log *log, struct str line, struct run_log_item *ret)
{
    if (line.len > 0 && line.p[0] == '@') {
        (void)time_read(str_cut(line, 1, line.len), &log->at);
        return false;
    }
    if (line.len < 2 || line.p[1] != ' ')
        return false;
    *ret = (struct run_log_item){
        .stream = (line.p[0] | 0x20) == 'o' ? RUN_LOG_OUT : RUN_LOG_ERR,
        .at = log->at,
        .text = str_cut(line, 2, line.len),
        .is_whole = (line.p[0] & 0x20) != 0,
        .next = log->offset,
    };
    return true;
}

bool run_log_next(struct run_log *log, struct run_log_item *ret)
{
    for (;;) {
        struct str line = line_at(log, log->offset);

        if (is_in_hole(log, log->offset))
            return hole_pass(log, ret);
        if (!line.p)
            return false;
        log->offset += (int64_t)line.len + 1;
        if (line_read(log, line, ret))
            return true;
    }
}

void run_log_seek(struct run_log *log, int64_t offset)
{
    int64_t size = log_size(log), from = offset - 2 * RUN_LOG_TIME_BYTES - RUN_LOG_PIECE_MAX;
    struct run_log_item item;
    int64_t behind;

    if (!header_read(log) || offset <= log->offset)
        return;
    if (from > log->offset && from < size && (behind = time_find(log, from)) >= 0 &&
        behind <= offset)
        log->offset = behind;
    while (log->offset < offset && run_log_next(log, &item))
        ;
}

// The place of the n-th last line of these streams that begins in window, counting *lines down; -1
// when it lies further ahead.
static int64_t window_count(const struct run_log *log, size_t upto, unsigned streams,
                            int64_t *lines)
{
    for (size_t i = upto; i-- > 1;) {
        char c = log->window[i];
        bool is_out = (c | 0x20) == 'o', is_err = (c | 0x20) == 'e';

        if (log->window[i - 1] != '\n' ||
            !((is_out && streams & RUN_LOG_OUT) || (is_err && streams & RUN_LOG_ERR)))
            continue;
        if ((c & 0x20) && --*lines < 0) // where a line ends, the one before has been counted whole
            return log->window_at + (int64_t)i;
    }
    return -1;
}

void run_log_seek_tail(struct run_log *log, int64_t lines, unsigned streams)
{
    int64_t size = log_size(log), at = size, least = size - TAIL_SCAN_BYTES, found = -1;
    struct str line;

    if (least < 0)
        least = 0;
    while (found < 0 && at > least) {
        int64_t from = at > WINDOW_BYTES ? at - WINDOW_BYTES + 1 : 0;

        if (!window_fill(log, from))
            break;
        found = window_count(log, (size_t)(at - from), streams, &lines);
        at = from == 0 ? 0 : from + 1;
    }
    if (found < 0) {
        run_log_seek(log, least);
        return;
    }
    // found ends the last line that is not wanted
    line = line_at(log, found);
    run_log_seek(log, found + (int64_t)line.len + 1);
}

void run_log_remove(const char *runs_dir, int64_t run_id, int attempts)
{
    static const char *const suffixes[] = {"log", "end"};
    char name[RUN_LOG_PATH_MAX];
    autoclose int dir = open(runs_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    char *slash;

    for (int a = 1; dir >= 0 && a <= attempts; a++)
        for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
            run_log_path(run_id, a, suffixes[i], name);
            (void)unlinkat(dir, name, 0);
        }
    if (dir < 0 || attempts < 1)
        return;
    slash = strchr(name, '/');
    *slash = '\0';
    (void)unlinkat(dir, name, AT_REMOVEDIR); // goes when it is empty
}
