// keep_link.c - framed messages over a socket.
// SPDX-License-Identifier: Apache-2.0
#include "exec/keep_link.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/file.h"
#include "base/mem.h"
#include "exec/wire.h"

#define READ_BYTES 65536
#define OUT_MAX (1u << 30) // what waits is bounded by what runs, and each of that is small

struct keep_link {
    struct loop *loop;
    struct loop_fd *handle;
    int fd;
    struct buf in, out;
    size_t sent; // of out
    bool will_flush;
    bool is_blocked; // waits for room
    bool is_gone;
    bool *is_freed; // of the call that is delivering messages; NULL when none is
    keep_link_message *message;
    keep_link_gone *gone;
    void *ctx;
};

static void link_ready(int fd, uint32_t events, void *ctx);
static void link_flush(void *ctx);

struct keep_link *keep_link_new(struct loop *loop, int fd, keep_link_message *message,
                                keep_link_gone *gone, void *ctx)
{
    struct keep_link *l = mem_alloc(sizeof *l);

    *l = (struct keep_link){.loop = loop, .fd = fd, .message = message, .gone = gone, .ctx = ctx};
    buf_init(&l->in, WIRE_FRAME_MAX + 2 * READ_BYTES);
    buf_init(&l->out, OUT_MAX);
    (void)file_set_nonblocking(fd);
    l->handle = loop_add(loop, fd, EPOLLIN, link_ready, l);
    return l;
}

void keep_link_free(struct keep_link *l)
{
    if (!l)
        return;
    if (l->is_freed)
        *l->is_freed = true;
    loop_remove(l->loop, l->handle);
    loop_defer_cancel(l->loop, link_flush, l);
    file_close(&l->fd);
    buf_done(&l->in);
    buf_done(&l->out);
    free(l);
}

struct buf *keep_link_out(struct keep_link *l)
{
    if (!l->will_flush && !l->is_blocked)
        loop_defer(l->loop, link_flush, l);
    l->will_flush = true;
    return &l->out;
}

size_t keep_link_waiting(const struct keep_link *l)
{
    return l->out.len - l->sent;
}

static void link_watch(struct keep_link *l, bool is_blocked)
{
    if (l->handle && l->is_blocked != is_blocked)
        loop_modify(l->loop, l->handle, is_blocked ? EPOLLIN | EPOLLOUT : EPOLLIN);
    l->is_blocked = is_blocked;
}

// What cannot be sent because the other side is gone is dropped: reading tells of that end.
void keep_link_flush(struct keep_link *l)
{
    ssize_t n = 0;

    l->will_flush = false;
    while (l->sent < l->out.len) {
        n = send(l->fd, l->out.p + l->sent, l->out.len - l->sent, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR)
            break;
        l->sent += n > 0 ? (size_t)n : 0;
    }
    if (l->sent < l->out.len && errno == EAGAIN) {
        link_watch(l, true);
        return;
    }
    buf_clear(&l->out);
    l->sent = 0;
    link_watch(l, false);
}

static void link_flush(void *ctx)
{
    keep_link_flush(ctx);
}

static void in_drop(struct keep_link *l, size_t n)
{
    memmove(l->in.p, l->in.p + n, l->in.len - n);
    l->in.len -= n;
}

// Delivers the whole messages that have come. False when the link is freed or broken.
static bool messages_deliver(struct keep_link *l, bool *ret_is_freed)
{
    struct str rest = buf_str(&l->in), fields;
    enum wire_read read = WIRE_MORE;
    uint8_t type;

    l->is_freed = ret_is_freed;
    while (!*ret_is_freed && (read = wire_take(&rest, &type, &fields)) == WIRE_MESSAGE)
        l->message(type, fields, l->ctx);
    if (*ret_is_freed)
        return false;
    l->is_freed = NULL;
    in_drop(l, l->in.len - rest.len);
    return read != WIRE_BROKEN;
}

static bool link_read(struct keep_link *l, bool *ret_is_freed)
{
    ssize_t n;

    *ret_is_freed = false;
    if (!buf_reserve(&l->in, READ_BYTES))
        return false;
    n = file_read(l->fd, l->in.p + l->in.len, READ_BYTES);
    if (n < 0 && errno == EAGAIN)
        return true;
    if (n <= 0)
        return false;
    l->in.len += (size_t)n;
    return messages_deliver(l, ret_is_freed);
}

static void link_ready(int fd, uint32_t events, void *ctx)
{
    struct keep_link *l = ctx;
    bool is_freed;

    (void)fd;
    if (events & EPOLLOUT)
        keep_link_flush(l);
    if (!(events & ~(uint32_t)EPOLLOUT) || link_read(l, &is_freed) || is_freed)
        return;
    loop_remove(l->loop, l->handle);
    l->handle = NULL;
    l->gone(l->ctx);
}

bool keep_link_read(struct keep_link *l, int wait_ms)
{
    struct pollfd wait = {.fd = l->fd, .events = POLLIN};
    bool is_freed;

    return poll(&wait, 1, wait_ms) > 0 && link_read(l, &is_freed);
}
