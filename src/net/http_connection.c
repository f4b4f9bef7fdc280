// http_connection.c - the places of a connection and the steps between them.
// SPDX-License-Identifier: Apache-2.0
#include "net/http_connection.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/loop.h"
#include "base/mem.h"
#include "base/rand.h"

enum {
    RUN_STEPS_MAX = 128,         // then others have their turn
    READ_BYTES = 64 << 10,       // of a long body at a time
    LINGER_MAX_BYTES = 16 << 20, // thrown away before we hang up
    REFUSAL_MAX_BYTES = 2048
};

static void connection_event(int fd, uint32_t events, void *ctx);
static void connection_expired(struct http_deadline *d, void *ctx);
static void connection_run(struct http_connection *c);
static bool head_step(struct http_connection *c);
static bool request_begin(struct http_connection *c);
static bool body_step(struct http_connection *c);
static bool stream_step(struct http_connection *c);
static bool closing_step(struct http_connection *c);
static bool linger_step(struct http_connection *c);
static void connection_refuse(struct http_connection *c, const struct http_refusal *refusal);
static void request_forget(struct http_connection *c);

// ---- the hub ----

void http_hub_init(struct http_hub *hub, struct loop *loop, const struct http_limits *limits,
                   http_handler *fn, void *ctx)
{
    *hub = (struct http_hub){
        .loop = loop, .limits = *limits, .fn = fn, .ctx = ctx, .id_random = rand_u64()};
    http_deadlines_init(&hub->deadlines, loop, connection_expired, hub);
    list_init(&hub->all);
    list_init(&hub->ready);
    http_works_init(&hub->works, limits->head_max_bytes + HTTP_BODY_ROOM_BYTES,
                    limits->body_max_bytes);
}

static void ready_run(void *ctx)
{
    struct http_hub *hub = ctx;
    struct list now;
    struct list *link;

    // What becomes ready meanwhile waits for the next turn.
    hub->is_deferred = false;
    list_init(&now);
    list_move(&hub->ready, &now);
    while ((link = list_pop(&now)))
        connection_run(list_item(link, struct http_connection, in_ready));
}

static void connection_make_ready(struct http_connection *c)
{
    struct http_hub *hub = c->hub;

    if (!list_has(&c->in_ready))
        list_push(&hub->ready, &c->in_ready);
    if (!hub->is_deferred) {
        hub->is_deferred = true;
        loop_defer(hub->loop, ready_run, hub);
    }
}

static void connection_free(struct http_connection *c)
{
    list_remove(&c->in_all);
    if (c->work)
        request_forget(c);
    http_work_give(&c->hub->works, c->work);
    free(c);
}

void http_hub_done(struct http_hub *hub)
{
    struct list *link;

    while ((link = list_pop(&hub->all))) {
        struct http_connection *c = list_item(link, struct http_connection, in_all);

        c->is_running = true; // so that closing does not free it
        http_connection_close(c);
        connection_free(c);
    }
    loop_defer_cancel(hub->loop, ready_run, hub);
    http_deadlines_done(&hub->deadlines);
    http_works_done(&hub->works);
}

static bool connection_is_idle(const struct http_connection *c)
{
    return c->place == HTTP_AT_HEAD && !c->work;
}

// Takes the stream out of its owner's hands; when is_whole, its body is ended in order.
static void stream_drop(struct http_connection *c, bool is_whole)
{
    struct http_stream *stream = c->stream;

    if (is_whole && stream->is_chunked)
        http_output_raw(&c->work->output, STR_LIT("0\r\n\r\n"));
    http_connection_stream_end(c);
    stream->on_gone(stream->ctx);
    free(stream);
}

void http_hub_stop(struct http_hub *hub)
{
    struct list *next;

    hub->is_stopping = true;
    for (struct list *link = hub->all.next; link != &hub->all; link = next) {
        struct http_connection *c = list_item(link, struct http_connection, in_all);

        next = link->next;
        if (connection_is_idle(c))
            http_connection_close(c);
        else if (c->stream)
            stream_drop(c, true);
    }
}

// ---- opening and closing ----

struct http_connection *http_connection_open(struct http_hub *hub, int fd, const char *peer)
{
    struct http_connection *c = mem_alloc(sizeof *c);

    *c = (struct http_connection){.hub = hub, .fd = fd, .can_write = true};
    for (size_t i = 0; i < sizeof c->peer - 1 && peer[i]; i++)
        c->peer[i] = peer[i];
    c->handle =
        loop_add(hub->loop, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, connection_event, c);
    if (!c->handle) {
        close(fd);
        free(c);
        return NULL;
    }
    list_push(&hub->all, &c->in_all);
    hub->open_count++;
    http_deadline_set(&hub->deadlines, &c->deadline, HTTP_DEADLINE_IDLE);
    return c;
}

void http_connection_close(struct http_connection *c)
{
    struct http_hub *hub = c->hub;

    if (c->fd < 0)
        return;
    loop_remove(hub->loop, c->handle);
    close(c->fd);
    c->fd = -1;
    http_deadline_clear(&c->deadline);
    list_remove(&c->in_ready);
    hub->open_count--;
    if (hub->on_closed)
        hub->on_closed(c, hub->on_closed_ctx);
    if (c->place == HTTP_WITH_HANDLER)
        return;
    if (c->stream)
        stream_drop(c, false);
    c->place = HTTP_CLOSED;
    if (!c->is_running)
        connection_free(c);
}

void http_connection_turn_away(struct http_connection *c, const char *detail)
{
    struct http_refusal refusal;

    http_refuse(&refusal, 503, "%s", detail);
    connection_refuse(c, &refusal);
    connection_run(c);
}

static void connection_expired(struct http_deadline *d, void *ctx)
{
    struct http_connection *c = list_item(d, struct http_connection, deadline);
    struct http_hub *hub = ctx;
    struct http_refusal refusal;

    if (d->kind != HTTP_DEADLINE_HEAD && d->kind != HTTP_DEADLINE_BODY) {
        http_connection_close(c);
        return;
    }
    http_refuse(&refusal, 408, "The %s of the request took longer than %.3g seconds",
                d->kind == HTTP_DEADLINE_HEAD ? "head" : "body",
                (double)hub->deadlines.us[d->kind] / 1e6);
    connection_refuse(c, &refusal);
    connection_run(c);
}

// ---- running ----

static void connection_event(int fd, uint32_t events, void *ctx)
{
    struct http_connection *c = ctx;

    (void)fd;
    // Who listens to a stream has no reason to shut his side but that he goes.
    if ((events & (EPOLLERR | EPOLLHUP) && c->place == HTTP_WITH_HANDLER) ||
        (events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP) && c->place == HTTP_STREAMING)) {
        http_connection_close(c);
        return;
    }
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLERR | EPOLLHUP))
        c->can_read = true;
    if (events & (EPOLLRDHUP | EPOLLERR | EPOLLHUP))
        c->is_half_shut = true;
    if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
        c->can_write = true;
    connection_run(c);
}

// True when there is nothing left to send. Otherwise the connection waits, or is closed because the
// client is gone.
static bool output_send(struct http_connection *c)
{
    struct http_output *o = &c->work->output;
    bool has_sent;

    if (http_output_is_empty(o))
        return true;
    if (!c->can_write)
        return false;
    switch (http_output_flush(o, c->fd, &has_sent)) {
    case HTTP_FLUSH_DONE:
        if (c->deadline.kind == HTTP_DEADLINE_WRITE)
            http_deadline_clear(&c->deadline);
        return true;
    case HTTP_FLUSH_BLOCKED:
        c->can_write = false;
        if (has_sent)
            http_deadline_set(&c->hub->deadlines, &c->deadline, HTTP_DEADLINE_WRITE);
        else
            http_deadline_keep(&c->hub->deadlines, &c->deadline, HTTP_DEADLINE_WRITE);
        return false;
    case HTTP_FLUSH_BROKEN:
        break;
    }
    http_connection_close(c);
    return false;
}

// True when the connection has moved and may move again.
static bool connection_step(struct http_connection *c)
{
    switch (c->place) {
    case HTTP_AT_HEAD:
        return head_step(c);
    case HTTP_IN_BODY:
        return body_step(c);
    case HTTP_STREAMING:
        return stream_step(c);
    case HTTP_CLOSING:
        return closing_step(c);
    case HTTP_LINGERING:
        return linger_step(c);
    default:
        return false;
    }
}

static void connection_run(struct http_connection *c)
{
    int steps = 0;

    // A handler that answers another connection's request does not come back here; one that answers
    // its own does.
    if (c->is_running || c->fd < 0)
        return;
    c->is_running = true;
    list_remove(&c->in_ready);
    while (steps < RUN_STEPS_MAX && connection_step(c))
        steps++;
    if (c->place == HTTP_WITH_HANDLER && c->fd >= 0)
        (void)output_send(c); // replies to earlier requests of the pipeline
    c->is_running = false;
    if (c->place == HTTP_CLOSED)
        connection_free(c);
    else if (steps == RUN_STEPS_MAX)
        connection_make_ready(c);
}

enum read_result {
    READ_SOME,
    READ_NONE,  // wait for more
    READ_CLOSED // the client has ended or broken the connection; it is closed
};

// Reads at most room bytes (more than 0) to where.
static enum read_result connection_read(struct http_connection *c, char *where, size_t room,
                                        size_t *ret_n)
{
    ssize_t n;

    if (!c->can_read)
        return READ_NONE;
    do
        n = recv(c->fd, where, room, MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n < 0 && errno == EAGAIN) {
        c->can_read = false;
        return READ_NONE;
    }
    if (n <= 0) {
        http_connection_close(c);
        return READ_CLOSED;
    }
    // Less than asked for: the socket is empty, and epoll will tell of more. Only the end makes no
    // new edge.
    if ((size_t)n < room && !c->is_half_shut)
        c->can_read = false;
    *ret_n = (size_t)n;
    return READ_SOME;
}

// Reads behind what is in input.
static enum read_result input_read(struct http_connection *c)
{
    struct http_work *w = c->work;
    size_t n;
    enum read_result result = connection_read(c, w->input + w->to, w->input_size - w->to, &n);

    if (result == READ_SOME)
        w->to += n;
    return result;
}

static void input_compact(struct http_work *w)
{
    if (w->from == 0)
        return;
    memmove(w->input, w->input + w->from, w->to - w->from);
    w->to -= w->from;
    w->from = 0;
}

// ---- the head ----

static bool head_wait(struct http_connection *c)
{
    struct http_hub *hub = c->hub;

    if (c->work && c->work->to > c->work->from) {
        http_deadline_keep(&hub->deadlines, &c->deadline, HTTP_DEADLINE_HEAD);
        return false;
    }
    http_work_give(&hub->works, c->work);
    c->work = NULL;
    if (hub->is_stopping)
        http_connection_close(c);
    else
        http_deadline_keep(&hub->deadlines, &c->deadline, HTTP_DEADLINE_IDLE);
    return false;
}

static bool head_step(struct http_connection *c)
{
    struct http_hub *hub = c->hub;
    struct http_work *w = c->work;
    struct http_refusal refusal;

    if (w && !http_output_has_room(&w->output) && !output_send(c))
        return false;
    if (w && w->to > w->from) {
        switch (http_parser_head(w->parser, http_work_input(w), hub->limits.target_max_bytes,
                                 hub->limits.head_max_bytes, &refusal)) {
        case HTTP_PARSER_WHOLE:
            return request_begin(c);
        case HTTP_PARSER_REFUSED:
            connection_refuse(c, &refusal);
            return true;
        case HTTP_PARSER_MORE:
            break;
        }
    }
    // No whole request is left: what was gathered leaves now, in one piece.
    if (w && !output_send(c))
        return false;
    if (!c->can_read)
        return head_wait(c);
    if (!w)
        w = c->work = http_work_take(&hub->works);
    input_compact(w);
    switch (input_read(c)) {
    case READ_SOME:
        return true;
    case READ_NONE:
        return head_wait(c);
    case READ_CLOSED:
        break;
    }
    return false;
}

// ---- the request ----

static bool query_is_short(struct str query)
{
    size_t count = query.len > 0;

    for (size_t i = 0; i < query.len; i++)
        count += query.p[i] == '&';
    return count <= HTTP_QUERY_MAX;
}

static bool request_judge(struct http_connection *c, struct http_refusal *refusal)
{
    struct http_hub *hub = c->hub;
    struct http_work *w = c->work;

    if (!http_head_read(http_parser_marks(w->parser), w->input + w->from, w->headers, &w->head,
                        refusal) ||
        !http_framing_read(&w->head, &w->framing, refusal) ||
        !http_guard_check(&hub->names, &w->head, &w->framing, refusal))
        return false;
    if (w->framing.body_bytes > hub->limits.body_max_bytes)
        return http_refuse(refusal, 413, "The body of the request is larger than %zu bytes",
                           hub->limits.body_max_bytes);
    if (!query_is_short(w->head.query))
        return http_refuse(refusal, 400, "The query has more than %d parameters", HTTP_QUERY_MAX);
    return true;
}

// The request is whole: the handler's turn. True when it has answered already.
static bool request_hand_over(struct http_connection *c)
{
    struct http_hub *hub = c->hub;
    struct http_work *w = c->work;

    http_deadline_clear(&c->deadline);
    c->place = HTTP_WITH_HANDLER;
    hub->request_count++;
    w->request.number = ++hub->request_number;
    w->request.received_at = clock_wall(loop_clock(hub->loop));
    hub->fn(&w->request, hub->ctx);
    return c->place != HTTP_WITH_HANDLER;
}

static bool request_begin(struct http_connection *c)
{
    struct http_work *w = c->work;
    size_t head_bytes = http_parser_marks(w->parser)->head_bytes;
    struct http_refusal refusal;

    http_deadline_clear(&c->deadline);
    // From here to the reply the head stays where it is, and behind it there must be room to read a
    // body.
    if (w->input_size - w->from - head_bytes < HTTP_BODY_ROOM_BYTES)
        input_compact(w);
    if (!request_judge(c, &refusal)) {
        connection_refuse(c, &refusal);
        return true;
    }
    w->from += head_bytes;
    w->body_from = w->from;
    w->request = (struct http_request){
        .method = w->head.method,
        .method_text = w->head.method_text,
        .path = w->head.path,
        .query = w->head.query,
        .peer = str_of(c->peer),
        .arena = w->arena,
        .connection = c,
        .headers = w->headers,
        .header_count = w->head.header_count,
        .id_random = c->hub->id_random,
    };
    if (!w->framing.is_chunked && w->framing.body_bytes == 0)
        return request_hand_over(c);
    c->place = HTTP_IN_BODY;
    if (w->framing.is_expecting && w->from == w->to)
        http_output_raw(&w->output, STR_LIT("HTTP/1.1 100 Continue\r\n\r\n"));
    return true;
}

// Counts n more bytes of a body that is kept outside of input; false when a limit is in the way.
static bool body_admit(struct http_connection *c, size_t n, struct http_refusal *refusal)
{
    struct http_hub *hub = c->hub;

    if (n > hub->limits.body_max_bytes - c->work->body.len)
        return http_refuse(refusal, 413, "The body of the request is larger than %zu bytes",
                           hub->limits.body_max_bytes);
    if (n > hub->limits.bodies_max_bytes - hub->bodies_bytes)
        return http_refuse(refusal, 503, "Too many large requests at once: try again later");
    return true;
}

static bool body_add(struct http_connection *c, struct str data, struct http_refusal *refusal)
{
    if (!body_admit(c, data.len, refusal))
        return false;
    buf_add(&c->work->body, data);
    c->hub->bodies_bytes += data.len;
    return true;
}

enum body_result {
    BODY_MORE,
    BODY_WHOLE,
    BODY_REFUSED
};

static enum body_result chunks_take(struct http_connection *c, struct http_refusal *refusal)
{
    struct http_work *w = c->work;
    struct str rest = http_work_input(w);
    struct str data;
    enum http_parser_result result = HTTP_PARSER_MORE;

    while (rest.len > 0 && result == HTTP_PARSER_MORE) {
        result = http_parser_chunk(w->parser, &rest, &data, refusal);
        if (result == HTTP_PARSER_REFUSED || !body_add(c, data, refusal))
            return BODY_REFUSED;
    }
    w->from = w->to - rest.len;
    if (result == HTTP_PARSER_MORE) {
        w->from = w->to = w->body_from; // all used: read over it
        return BODY_MORE;
    }
    w->request.body = buf_str(&w->body);
    return BODY_WHOLE;
}

static bool body_fits_input(const struct http_work *w)
{
    return w->framing.body_bytes <= w->input_size - w->body_from;
}

static enum body_result sized_take(struct http_connection *c, struct http_refusal *refusal)
{
    struct http_work *w = c->work;
    size_t length = (size_t)w->framing.body_bytes;

    if (body_fits_input(w)) {
        if (w->to - w->from < length)
            return BODY_MORE;
        w->request.body = str_cut(http_work_input(w), 0, length);
        w->from += length;
        return BODY_WHOLE;
    }
    if (!body_add(c, http_work_input(w), refusal))
        return BODY_REFUSED;
    w->from = w->to;
    if (w->body.len < length)
        return BODY_MORE;
    w->request.body = buf_str(&w->body);
    return BODY_WHOLE;
}

// Reads some of a long body straight to where it is kept.
static enum read_result body_read(struct http_connection *c, struct http_refusal *refusal)
{
    struct buf *body = &c->work->body;
    size_t left = (size_t)c->work->framing.body_bytes - body->len;
    size_t room = left < READ_BYTES ? left : READ_BYTES;
    size_t n;

    refusal->status = 0;
    if (!c->can_read || !body_admit(c, room, refusal) || !buf_reserve(body, room))
        return READ_NONE;
    enum read_result result = connection_read(c, body->p + body->len, room, &n);
    if (result == READ_SOME) {
        body->len += n;
        c->hub->bodies_bytes += n;
    }
    return result;
}

static bool body_step(struct http_connection *c)
{
    struct http_work *w = c->work;
    struct http_refusal refusal = {0};
    bool is_long = !w->framing.is_chunked && !body_fits_input(w);

    switch (w->framing.is_chunked ? chunks_take(c, &refusal) : sized_take(c, &refusal)) {
    case BODY_WHOLE:
        return request_hand_over(c);
    case BODY_REFUSED:
        connection_refuse(c, &refusal);
        return true;
    case BODY_MORE:
        break;
    }
    if (!output_send(c))
        return false;
    switch (is_long ? body_read(c, &refusal) : input_read(c)) {
    case READ_SOME:
        return true;
    case READ_CLOSED:
        return false;
    case READ_NONE:
        break;
    }
    if (refusal.status) {
        connection_refuse(c, &refusal);
        return true;
    }
    http_deadline_keep(&c->hub->deadlines, &c->deadline, HTTP_DEADLINE_BODY);
    return false;
}

static void request_forget(struct http_connection *c)
{
    c->hub->bodies_bytes -= c->work->body.len;
    http_work_reset(c->work);
}

// ---- replies ----

static void reply_add(struct http_connection *c, const struct http_reply_head *head,
                      struct str body, char *owned)
{
    struct http_hub *hub = c->hub;

    http_date_update(&hub->date, clock_wall(loop_clock(hub->loop)));
    http_output_add(&c->work->output, head, &hub->date, body, owned);
    request_forget(c);
    c->place = head->is_keep_alive ? HTTP_AT_HEAD : HTTP_CLOSING;
}

void http_connection_reply(struct http_request *r, int status, const char *content_type,
                           struct str body, char *owned)
{
    struct http_connection *c = r->connection;
    struct http_work *w = c->work;

    assert(c->place == HTTP_WITH_HANDLER);
    c->hub->request_count--;
    if (c->fd < 0) {
        free(owned);
        c->place = HTTP_CLOSED;
        if (!c->is_running)
            connection_free(c);
        return;
    }
    struct http_reply_head head = {
        .status = status,
        .minor = w->head.minor,
        .content_type = content_type,
        .headers = buf_str(&w->reply_headers),
        .body_bytes = body.len,
        .is_head = w->head.method == HTTP_HEAD,
        .is_keep_alive = w->framing.is_keep_alive && !c->hub->is_stopping,
    };
    reply_add(c, &head, body, owned);
    if (!c->is_running)
        connection_make_ready(c);
}

void http_connection_stream(struct http_request *r, int status, const char *content_type,
                            struct http_stream *stream)
{
    struct http_connection *c = r->connection;
    struct http_work *w = c->work;

    assert(c->place == HTTP_WITH_HANDLER && c->fd >= 0);
    c->hub->request_count--;
    struct http_reply_head head = {
        .status = status,
        .minor = w->head.minor,
        .content_type = content_type,
        .headers = buf_str(&w->reply_headers),
        .is_open = true,
    };

    stream->is_chunked = head.minor > 0;
    reply_add(c, &head, STR_LIT(""), NULL);
    c->stream = stream;
    c->place = HTTP_STREAMING;
    c->hub->stream_count++;
    http_connection_touch(c);
}

size_t http_connection_waiting(const struct http_connection *c)
{
    return c->work->output.small.len - c->work->output.sent;
}

void http_connection_touch(struct http_connection *c)
{
    if (!c->is_running)
        connection_make_ready(c);
}

void http_connection_stream_end(struct http_connection *c)
{
    c->stream = NULL;
    c->hub->stream_count--;
    if (c->fd < 0)
        return;
    c->place = HTTP_CLOSING;
    connection_run(c);
}

static bool stream_step(struct http_connection *c)
{
    struct http_stream *stream = c->stream;

    if (!output_send(c) || !stream->wants_room || !stream->on_room)
        return false;
    stream->wants_room = false;
    stream->on_room(stream->ctx);
    return true;
}

// Answers instead of the handler. Nobody can say where the next request would begin, so this is the
// last reply.
static void connection_refuse(struct http_connection *c, const struct http_refusal *refusal)
{
    struct buf body;

    if (!c->work)
        c->work = http_work_take(&c->hub->works);
    http_deadline_clear(&c->deadline);
    buf_init(&body, REFUSAL_MAX_BYTES);
    http_detail_write(&body, refusal->detail);
    struct http_reply_head head = {
        .status = refusal->status,
        .minor = 1,
        .content_type = "application/json",
        .headers = refusal->status == 503 ? STR_LIT("retry-after: 1\r\n") : STR_LIT(""),
        .body_bytes = body.len,
        .is_head = c->work->head.method_text.len > 0 && c->work->head.method == HTTP_HEAD,
    };
    reply_add(c, &head, buf_str(&body), body.p);
}

// ---- the end ----

static bool closing_step(struct http_connection *c)
{
    struct http_hub *hub = c->hub;

    if (!output_send(c))
        return false;
    http_work_give(&hub->works, c->work);
    c->work = NULL;
    c->place = HTTP_LINGERING;
    (void)shutdown(c->fd, SHUT_WR);
    http_deadline_set(&hub->deadlines, &c->deadline, HTTP_DEADLINE_LINGER);
    return true;
}

static bool linger_step(struct http_connection *c)
{
    char scratch[16 << 10];
    size_t n;

    if (connection_read(c, scratch, sizeof scratch, &n) != READ_SOME)
        return false;
    c->lingered_bytes += n;
    if (c->lingered_bytes <= LINGER_MAX_BYTES)
        return true;
    http_connection_close(c);
    return false;
}
