// log_write.c - lines with their times into a file whose middle is forgotten.
// SPDX-License-Identifier: Apache-2.0
#include "exec/log_write.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "time/civil.h"

#define OUT_MAX (1u << 20) // more than one read of a pipe comes to
#define BLOCK 4096         // of file systems, for holes
#define HOLE_LEAST 65536   // so much is given back at once

struct log_write {
    int dir;
    int64_t run_id;
    int attempt;
    int fd;       // -1 until there is something to write
    int64_t size; // of the file
    int64_t head_max, tail_max;
    int64_t hole_at;    // where the hole begins or will begin; -1 while the head is not full
    int64_t hole_end;   // so far it reaches
    struct buf out;     // lines to be written
    struct buf held[2]; // lines that are not whole, of each stream
    wall told;          // the last time that was written
    int64_t since_time; // bytes after it
    int errnum;
    bool is_full; // the file system knows no holes, and head and tail are there
};

struct log_write *log_write_new(int dir, int64_t run_id, int attempt, int64_t max_bytes)
{
    struct log_write *w = mem_alloc(sizeof *w);

    *w = (struct log_write){
        .dir = dir,
        .run_id = run_id,
        .attempt = attempt,
        .fd = -1,
        .head_max = max_bytes / 2,
        .tail_max = max_bytes - max_bytes / 2,
        .hole_at = -1,
    };
    buf_init(&w->out, OUT_MAX);
    buf_init(&w->held[0], RUN_LOG_PIECE_MAX);
    buf_init(&w->held[1], RUN_LOG_PIECE_MAX);
    return w;
}

// ---- the file ----

static bool file_make(struct log_write *w)
{
    char path[RUN_LOG_PATH_MAX], *slash;
    char head[128];

    run_log_path(w->run_id, w->attempt, "log", path);
    w->fd = openat(w->dir, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    // An empty directory may be removed just when it was made.
    for (int tries = 0; w->fd < 0 && errno == ENOENT && tries < 3; tries++) {
        slash = strchr(path, '/');
        *slash = '\0';
        if (mkdirat(w->dir, path, 0700) < 0 && errno != EEXIST)
            return false;
        *slash = '/';
        w->fd = openat(w->dir, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    }
    if (w->fd < 0)
        return false;
    (void)snprintf(head, sizeof head, "belfry-log 1 head=%" PRId64 " tail=%" PRId64 "\n",
                   w->head_max, w->tail_max);
    w->size = (int64_t)strlen(head);
    return file_write(w->fd, str_of(head));
}

static void failed(struct log_write *w, int errnum)
{
    if (w->errnum == 0)
        w->errnum = errnum;
}

// Gives the middle back. What the reader may still look at, the last tail_max bytes, stays.
static void hole_move(struct log_write *w)
{
    int64_t from = (w->hole_at + BLOCK - 1) / BLOCK * BLOCK;
    int64_t to = (w->size - w->tail_max) / BLOCK * BLOCK;

    if (from < w->hole_end)
        from = w->hole_end;
    if (w->hole_at < 0 || to - from < HOLE_LEAST)
        return;
    if (fallocate(w->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from, to - from) == 0) {
        w->hole_end = to;
        return;
    }
    w->is_full = true;
    failed(w, errno);
}

// All or nothing: a line that is cut would not be one.
static void out_write(struct log_write *w)
{
    struct str out = buf_str(&w->out);

    if (out.len == 0)
        return;
    if (w->is_full || (w->fd < 0 && !file_make(w))) {
        failed(w, errno);
    } else if (file_write(w->fd, out)) {
        w->size += (int64_t)out.len;
        hole_move(w);
    } else {
        failed(w, errno);
        (void)ftruncate(w->fd, w->size);
        (void)lseek(w->fd, w->size, SEEK_SET);
    }
    buf_clear(&w->out);
}

// ---- lines ----

static void time_put(struct log_write *w, wall now)
{
    struct civil c;

    if (now.us == w->told.us && w->since_time < RUN_LOG_TIME_BYTES)
        return;
    c = civil_at(now.us / 1000000);
    buf_add_byte(&w->out, '@');
    buf_add_number(&w->out, (uint64_t)c.year, 4);
    buf_add_byte(&w->out, '-');
    buf_add_number(&w->out, (uint64_t)c.month, 2);
    buf_add_byte(&w->out, '-');
    buf_add_number(&w->out, (uint64_t)c.day, 2);
    buf_add_byte(&w->out, 'T');
    buf_add_number(&w->out, (uint64_t)c.hour, 2);
    buf_add_byte(&w->out, ':');
    buf_add_number(&w->out, (uint64_t)c.minute, 2);
    buf_add_byte(&w->out, ':');
    buf_add_number(&w->out, (uint64_t)c.second, 2);
    buf_add_byte(&w->out, '.');
    buf_add_number(&w->out, (uint64_t)(now.us % 1000000), 6);
    buf_add(&w->out, STR_LIT("Z\n"));
    w->told = now;
    w->since_time = 0;
}

static void line_put(struct log_write *w, int stream, bool is_whole, struct str text, wall now)
{
    struct buf *held = &w->held[stream];
    char mark = stream == 0 ? 'o' : 'e';
    size_t before;

    time_put(w, now);
    if (w->hole_at < 0 && w->size + (int64_t)w->out.len >= w->head_max)
        w->hole_at = w->size + (int64_t)w->out.len;
    before = w->out.len;
    buf_add_byte(&w->out, is_whole ? mark : (char)(mark & ~0x20));
    buf_add_byte(&w->out, ' ');
    buf_add(&w->out, buf_str(held));
    if (text.len > 0)
        buf_add(&w->out, text);
    buf_add_byte(&w->out, '\n');
    w->since_time += (int64_t)(w->out.len - before);
    buf_clear(held);
}

void log_write_add(struct log_write *w, enum run_log_stream stream, struct str bytes, wall now)
{
    int i = stream == RUN_LOG_OUT ? 0 : 1;

    while (bytes.len > 0) {
        size_t room = RUN_LOG_PIECE_MAX - w->held[i].len;
        size_t most = bytes.len < room ? bytes.len : room;
        const char *newline = memchr(bytes.p, '\n', most);
        size_t take = newline ? (size_t)(newline - bytes.p) : most;

        if (newline || take == room)
            line_put(w, i, newline != NULL, str_cut(bytes, 0, take), now);
        else
            buf_add(&w->held[i], bytes);
        bytes = str_cut(bytes, take + (newline != NULL), bytes.len);
    }
    out_write(w);
}

bool log_write_holds(const struct log_write *w)
{
    return w->held[0].len > 0 || w->held[1].len > 0;
}

void log_write_flush(struct log_write *w, wall now)
{
    for (int i = 0; i < 2; i++)
        if (w->held[i].len > 0)
            line_put(w, i, false, (struct str){0}, now);
    out_write(w);
}

int log_write_errnum(const struct log_write *w)
{
    return w->errnum;
}

void log_write_free(struct log_write *w)
{
    if (!w)
        return;
    log_write_flush(w, w->told);
    file_close(&w->fd);
    buf_done(&w->out);
    buf_done(&w->held[0]);
    buf_done(&w->held[1]);
    free(w);
}
