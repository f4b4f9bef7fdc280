// fetch.c - looks a host up, connects, sends a request, reads the answer.
//
//     begin -> (lookup) -> dial -> send -> receive -> finish
//
// One timer for everything.
// SPDX-License-Identifier: Apache-2.0
#include "net/fetch.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/loop.h"
#include "base/mem.h"
#include "net/access.h"
#include "net/dial.h"
#include "net/dns.h"
#include "net/http_answer.h"
#include "net/tls_target.h"

enum {
    PORT_DEFAULT = 80,
    REQUEST_MAX_BYTES = 64 << 10,
    PIECE_BYTES = 16 << 10,
    TURN_PIECES = 8, // read in one turn of the loop
};

struct fetch {
    struct loop *loop;
    struct dns *dns;
    const struct access *access;
    fetch_done *done;
    void *ctx;
    struct fetch_url url; // without its path
    struct buf request;
    size_t sent;
    struct http_answer *answer;
    struct loop_timer timer;
    mono until;
    int timeout_ms;
    struct dns_query *query;
    struct dns_address addresses[DNS_ADDRESSES_MAX];
    struct dial *dial;
    int fd; // -1: none
    struct loop_fd *watch;
    struct err error;
};

static void request_write(struct fetch *f, const struct fetch_options *o, struct str path);
static void fetch_begin(void *ctx);
static void addresses_found(const struct dns_answer *answer, void *ctx);
static void dialled(const struct dial_end *end, void *ctx);
static void socket_ready(int fd, uint32_t events, void *ctx);
static void deadline_passed(void *ctx);
static void fetch_finish(struct fetch *f);

// ---- the URL ----

static bool is_plain(struct str path)
{
    for (size_t i = 0; i < path.len; i++)
        if (path.p[i] <= ' ' || path.p[i] >= 0x7f)
            return false;
    return path.len == 0 || path.p[0] == '/' || path.p[0] == '?';
}

bool fetch_url_parse(struct str url, struct fetch_url *ret_url, struct err *e)
{
    static const char scheme[] = "http://";
    size_t from = sizeof scheme - 1, slash = from, end;
    struct tls_target target;
    ptrdiff_t hash = str_find(url, '#');

    end = hash < 0 ? url.len : (size_t)hash;
    if (end < from || !str_eq_nocase(str_cut(url, 0, from), STR_LIT(scheme)))
        return fail(e, ERR_INPUT, NULL, "\"%.*s\" does not begin with http://", STR(url));
    while (slash < end && url.p[slash] != '/' && url.p[slash] != '?')
        slash++;
    if (!is_plain(str_cut(url, slash, end)) ||
        !tls_target_parse(str_cut(url, from, slash), &target, e))
        return fail(e, ERR_INPUT, NULL, "\"%.*s\" is not a URL that can be fetched", STR(url));
    static_assert(sizeof ret_url->host == sizeof target.host);
    memcpy(ret_url->host, target.host, sizeof target.host);
    ret_url->port = target.port ? target.port : PORT_DEFAULT;
    ret_url->path = str_cut(url, slash, end);
    return true;
}

// ---- start and end ----

struct fetch *fetch_start(const struct fetch_options *options, fetch_done *done, void *ctx,
                          struct err *e)
{
    struct fetch_url url;
    struct fetch *f;

    if (!fetch_url_parse(options->url, &url, e))
        return NULL;
    f = mem_alloc(sizeof *f);
    f->loop = options->loop;
    f->dns = options->dns;
    f->access = options->access;
    f->done = done;
    f->ctx = ctx;
    f->url = url;
    f->fd = -1;
    f->timeout_ms = options->timeout_ms;
    f->answer = http_answer_new(options->max_bytes);
    request_write(f, options, url.path);
    f->url.path = (struct str){0};
    if (f->request.is_full) {
        fail(e, ERR_LIMIT, NULL, "the request is longer than %d bytes", REQUEST_MAX_BYTES);
        fetch_stop(f);
        return NULL;
    }
    loop_defer(f->loop, fetch_begin, f);
    return f;
}

void fetch_stop(struct fetch *f)
{
    if (!f)
        return;
    loop_defer_cancel(f->loop, fetch_begin, f);
    loop_timer_stop(f->loop, &f->timer);
    if (f->query)
        dns_cancel(f->query);
    dial_stop(f->dial);
    loop_remove(f->loop, f->watch);
    if (f->fd >= 0)
        close(f->fd);
    http_answer_free(f->answer);
    buf_done(&f->request);
    free(f);
}

static void fetch_finish(struct fetch *f)
{
    struct fetch_end end = {.error = f->error};

    if (f->error.code == ERR_NONE) {
        end.status = http_answer_status(f->answer);
        end.body = http_answer_body(f->answer);
    }
    f->done(&end, f->ctx);
    fetch_stop(f);
}

static void fetch_fail(struct fetch *f, enum err_code code, const char *what)
{
    fail(&f->error, code, NULL, "%s:%d %s", f->url.host, f->url.port, what);
    fetch_finish(f);
}

static void deadline_passed(void *ctx)
{
    struct fetch *f = ctx;
    char what[64];

    snprintf(what, sizeof what, "did not answer within %g s", f->timeout_ms / 1000.0);
    fetch_fail(f, ERR_TIMEOUT, what);
}

// HTTP/1.1 because some servers answer nothing older; the connection is used once all the same.
static void request_write(struct fetch *f, const struct fetch_options *o, struct str path)
{
    bool is_post = o->body.len > 0, is_v6 = strchr(f->url.host, ':');
    const char *slash = path.len == 0 || path.p[0] != '/' ? "/" : "";
    struct buf *out = &f->request;

    buf_init(out, REQUEST_MAX_BYTES);
    buf_printf(out, "%s %s%.*s HTTP/1.1\r\nHost: %s%s%s", is_post ? "POST" : "GET", slash,
               STR(path), is_v6 ? "[" : "", f->url.host, is_v6 ? "]" : "");
    if (f->url.port != PORT_DEFAULT)
        buf_printf(out, ":%d", f->url.port);
    buf_add_text(out, "\r\nUser-Agent: belfry\r\nAccept: */*\r\nConnection: close\r\n");
    if (is_post)
        buf_printf(out, "Content-Type: %s\r\nContent-Length: %zu\r\n", o->content_type,
                   o->body.len);
    buf_add_text(out, "\r\n");
    buf_add(out, o->body);
}

// ---- lookup and connection ----

static void fetch_begin(void *ctx)
{
    struct fetch *f = ctx;
    struct dns_answer literal = {.count = 1};
    struct err *e = &f->error;

    f->until = mono_after_us(clock_mono(loop_clock(f->loop)), f->timeout_ms * INT64_C(1000));
    loop_timer_set(f->loop, &f->timer, f->until, deadline_passed, f);
    if (access_of_name(f->access, f->url.host) == ACCESS_DENIED)
        fetch_fail(f, ERR_DENIED, "is not among the hosts that may be connected to");
    else if (dns_literal(f->url.host, f->url.port, &literal.addresses[0]))
        addresses_found(&literal, f);
    else if (!dns_start(f->dns, f->url.host, f->url.port, f->timeout_ms, &f->query, e,
                        addresses_found, f))
        fetch_finish(f);
}

// Keeps the addresses that may be connected to.
static size_t addresses_admit(struct fetch *f, const struct dns_answer *answer)
{
    enum access_verdict verdict = access_of_name(f->access, f->url.host);
    size_t count = 0;

    for (size_t i = 0; i < answer->count; i++)
        if (access_of_address(f->access, verdict, &answer->addresses[i]))
            f->addresses[count++] = answer->addresses[i];
    return count;
}

static void addresses_found(const struct dns_answer *answer, void *ctx)
{
    struct fetch *f = ctx;
    struct dial_options options = {
        .addresses = f->addresses,
        .attempt_ms = f->timeout_ms,
        .until = f->until,
    };

    f->query = NULL;
    f->error = answer->error;
    if (f->error.code == ERR_NONE)
        options.count = addresses_admit(f, answer);
    if (options.count > 0)
        f->dial = dial_start(f->loop, &options, dialled, f);
    else if (f->error.code != ERR_NONE)
        fetch_finish(f);
    else
        fetch_fail(f, ERR_DENIED, "has no address that may be connected to");
}

static void dialled(const struct dial_end *end, void *ctx)
{
    struct fetch *f = ctx;

    f->dial = NULL;
    f->fd = end->fd;
    if (f->fd < 0) {
        fetch_fail(f, ERR_UNREACHABLE, err_words(end->errnum));
        return;
    }
    f->watch = loop_add(f->loop, f->fd, EPOLLOUT, socket_ready, f);
    if (!f->watch)
        fetch_fail(f, ERR_SYSTEM, err_words(errno));
}

// ---- request and answer ----

// False when the fetch is over.
static bool request_send(struct fetch *f)
{
    ssize_t n;

    do
        n = send(f->fd, f->request.p + f->sent, f->request.len - f->sent, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n < 0 && errno != EAGAIN) {
        fetch_fail(f, ERR_UNREACHABLE, err_words(errno));
        return false;
    }
    f->sent += n > 0 ? (size_t)n : 0;
    if (f->sent == f->request.len)
        loop_modify(f->loop, f->watch, EPOLLIN);
    return true;
}

// False when the fetch is over, or nothing more is there for now.
static bool answer_receive(struct fetch *f)
{
    char piece[PIECE_BYTES];
    ssize_t n = recv(f->fd, piece, sizeof piece, 0);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (n < 0) {
        fetch_fail(f, ERR_UNREACHABLE, err_words(errno));
        return false;
    }
    if (!http_answer_take(f->answer, (struct str){piece, (size_t)n}, &f->error) ||
        http_answer_is_whole(f->answer)) {
        fetch_finish(f);
        return false;
    }
    return true;
}

static void socket_ready(int fd, uint32_t events, void *ctx)
{
    struct fetch *f = ctx;

    (void)fd;
    (void)events;
    if (f->sent < f->request.len) {
        (void)request_send(f);
        return;
    }
    for (int i = 0; i < TURN_PIECES; i++)
        if (!answer_receive(f))
            return;
}
