// output.c - keeps the head and the tail of a stream.
// SPDX-License-Identifier: Apache-2.0
#include "exec/output.h"

#include <errno.h>
#include <sys/ioctl.h>

#include "base/file.h"

#define READ_BYTES 65536 // what a pipe holds

void output_init(struct output *o, size_t head_max, size_t tail_max)
{
    *o = (struct output){.tail_max = tail_max};
    buf_init(&o->head, head_max);
    buf_init(&o->tail, 2 * tail_max);
}

void output_done(struct output *o)
{
    buf_done(&o->head);
    buf_done(&o->tail);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

void output_add(struct output *o, struct str bytes)
{
    size_t to_head = least(bytes.len, o->head.max - o->head.len);
    struct str rest = str_cut(bytes, to_head, bytes.len);

    o->total += (int64_t)bytes.len;
    if (o->sink)
        o->sink(bytes, o->sink_ctx);
    if (to_head > 0)
        buf_add(&o->head, str_cut(bytes, 0, to_head));
    if (rest.len == 0 || o->tail_max == 0)
        return;
    if (rest.len >= o->tail_max) {
        buf_clear(&o->tail);
        rest = str_cut(rest, rest.len - o->tail_max, rest.len);
    } else if (o->tail.len + rest.len > o->tail.max) {
        memmove(o->tail.p, o->tail.p + o->tail.len - o->tail_max, o->tail_max);
        o->tail.len = o->tail_max;
    }
    buf_add(&o->tail, rest);
}

int64_t output_read(struct output *o, int fd, int64_t most)
{
    char bytes[READ_BYTES];
    ssize_t n = file_read(fd, bytes, least(sizeof bytes, (size_t)most));

    if (n < 0)
        return errno == EAGAIN ? -1 : 0;
    output_add(o, (struct str){bytes, (size_t)n});
    return n;
}

struct run_stream output_stream(const struct output *o)
{
    struct str tail = buf_str(&o->tail);

    if (tail.len > o->tail_max)
        tail = str_cut(tail, tail.len - o->tail_max, tail.len);
    return (struct run_stream){.head = buf_str(&o->head), .tail = tail, .total = o->total};
}

int64_t output_waiting(int fd)
{
    int n = 0;

    return ioctl(fd, FIONREAD, &n) == 0 ? n : 0;
}

bool output_drain(struct output *o, int fd)
{
    int64_t left = output_waiting(fd);
    int64_t n = 1;

    for (; left > 0 && n > 0; left -= n)
        n = output_read(o, fd, left);
    return n != 0 && (output_waiting(fd) > 0 || output_read(o, fd, INT64_MAX) != 0);
}
