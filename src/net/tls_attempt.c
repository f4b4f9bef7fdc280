// tls_attempt.c - takes one check through its phases; whatever happens, it ends within its limits.
//
//     begin -> (lookup) -> connect to the first address, the next.. -> handshake -> finish
//
// One timer serves all phases: it is set to the end of the phase or of the whole check, whichever
// is first.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_attempt.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/loop.h"
#include "base/mem.h"
#include "net/dns.h"
#include "net/tls_session.h"
#include "net/tls_trust.h"
#include "net/tls_wire.h"

struct tls_attempt {
    struct tls_net *net;
    tls_attempt_done *done;
    void *ctx;
    struct tls_result *result;
    struct loop_timer timer;
    mono started_at;
    mono phase_at; // when the phase, or the address's turn, began
    struct dns_query *query;
    struct dns_address *addresses;
    size_t address_count;
    size_t address_index;
    int fd; // -1: none
    struct loop_fd *watch;
    struct tls_session *session;
};

static void attempt_begin(void *ctx);
static void addresses_found(const struct dns_answer *answer, void *ctx);
static void address_try(struct tls_attempt *a);
static bool address_connect(struct tls_attempt *a);
static void address_failed(struct tls_attempt *a, int errnum);
static void connect_ready(int fd, uint32_t events, void *ctx);
static void handshake_begin(struct tls_attempt *a);
static void handshake_ready(int fd, uint32_t events, void *ctx);
static void deadline_set(struct tls_attempt *a, int phase_ms);
static void deadline_passed(void *ctx);
static void socket_close(struct tls_attempt *a);
static void attempt_finish(struct tls_attempt *a);
static void attempt_free(struct tls_attempt *a);

static int limit_or(int ms, int otherwise)
{
    return ms > 0 ? ms : otherwise;
}

struct tls_attempt *tls_attempt_start(struct tls_net *net, const struct tls_target *target,
                                      tls_attempt_done *done, void *ctx)
{
    struct tls_attempt *a = mem_alloc(sizeof *a);
    struct arena *arena = arena_new(4096);
    struct tls_target *t;

    *a = (struct tls_attempt){.net = net, .done = done, .ctx = ctx, .fd = -1};
    a->result = arena_alloc(arena, sizeof *a->result);
    a->result->arena = arena;
    a->result->code = "internal";
    a->result->checked_at = clock_wall(net->clock);
    a->result->target = *target;
    t = &a->result->target;
    t->port = limit_or(t->port, TLS_PORT_DEFAULT);
    t->dns_ms = limit_or(t->dns_ms, TLS_DNS_MS);
    t->connect_ms = limit_or(t->connect_ms, TLS_CONNECT_MS);
    t->handshake_ms = limit_or(t->handshake_ms, TLS_HANDSHAKE_MS);
    t->total_ms = limit_or(t->total_ms, TLS_TOTAL_MS);
    loop_defer(net->loop, attempt_begin, a);
    return a;
}

void tls_attempt_stop(struct tls_attempt *attempt)
{
    arena_free(attempt->result->arena);
    attempt_free(attempt);
}

static mono now_of(const struct tls_attempt *a)
{
    return clock_mono(loop_clock(a->net->loop));
}

static double ms_since(const struct tls_attempt *a, mono start)
{
    return (double)(now_of(a).us - start.us) / 1000;
}

static void phase_begin(struct tls_attempt *a, enum tls_phase phase)
{
    a->result->phase = phase;
    a->phase_at = now_of(a);
}

static void attempt_begin(void *ctx)
{
    struct tls_attempt *a = ctx;
    struct tls_result *r = a->result;
    struct dns_answer literal = {.count = 1};

    a->started_at = now_of(a);
    phase_begin(a, TLS_PHASE_DNS);
    if (dns_literal(r->target.host, r->target.port, &literal.addresses[0])) {
        addresses_found(&literal, a);
        return;
    }
    deadline_set(a, r->target.total_ms);
    if (!dns_start(a->net->dns, r->target.host, r->target.port, r->target.dns_ms, &a->query,
                   &r->error, addresses_found, a))
        attempt_finish(a);
}

static void addresses_found(const struct dns_answer *answer, void *ctx)
{
    struct tls_attempt *a = ctx;
    struct tls_result *r = a->result;
    size_t bytes = answer->count * sizeof *answer->addresses;

    a->query = NULL;
    r->dns_ms = answer->took_ms;
    if (answer->error.code != ERR_NONE) {
        r->error = answer->error;
        r->code = answer->error.code == ERR_TIMEOUT ? "dns_timeout"
                  : answer->is_not_found            ? "dns_not_found"
                                                    : "dns_failed";
        attempt_finish(a);
        return;
    }
    a->address_count = answer->count;
    a->addresses = arena_alloc(r->arena, bytes);
    memcpy(a->addresses, answer->addresses, bytes);
    address_try(a);
}

// Goes through the addresses until one connects or has to be waited for.
static void address_try(struct tls_attempt *a)
{
    a->result->phase = TLS_PHASE_CONNECT;
    for (; a->address_index < a->address_count; a->address_index++)
        if (address_connect(a))
            return;
    attempt_finish(a);
}

// True when the connection is under way; false, with the failure noted, when the next address is to
// be tried.
static bool address_connect(struct tls_attempt *a)
{
    const struct dns_address *address = &a->addresses[a->address_index];
    int on = 1;
    char text[DNS_TEXT];

    phase_begin(a, TLS_PHASE_CONNECT);
    a->result->address = arena_copy(a->result->arena, str_of(dns_address_text(address, text)));
    a->fd = socket(address->addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (a->fd < 0) {
        address_failed(a, errno);
        return false;
    }
    (void)setsockopt(a->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(a->fd, (const struct sockaddr *)&address->addr, address->len) != 0 &&
        errno != EINPROGRESS) {
        address_failed(a, errno);
        return false;
    }
    a->watch = loop_add(a->net->loop, a->fd, EPOLLOUT, connect_ready, a);
    if (!a->watch) {
        address_failed(a, errno);
        return false;
    }
    deadline_set(a, a->result->target.connect_ms);
    return true;
}

// Of several failures the one that says most is kept: "no route" (often just IPv6) says least.
static void address_failed(struct tls_attempt *a, int errnum)
{
    struct tls_result *r = a->result;
    int address = (int)r->address.len;
    char where[TLS_TARGET_TEXT];
    struct err *e = &r->error;

    socket_close(a);
    r->connect_ms += ms_since(a, a->phase_at);
    if (e->code != ERR_NONE && strcmp(r->code, "connect_unreachable") != 0)
        return;
    tls_target_text(&r->target, where);
    if (errnum == ECONNREFUSED) {
        r->code = "connect_refused";
        fail(e, ERR_UNREACHABLE, "host", "%s refuses connections (at %.*s)", where, address,
             r->address.p);
        fail_hint(e, "nothing listens on that port, or a firewall refuses: is the service up?");
    } else if (errnum == ETIMEDOUT) {
        r->code = "connect_timeout";
        fail(e, ERR_TIMEOUT, "host", "%s did not answer within %g s (at %.*s)", where,
             ms_since(a, a->phase_at) / 1000, address, r->address.p);
        fail_hint(e, "the host may be down, or a firewall drops the packets");
    } else {
        r->code = "connect_unreachable";
        fail(e, ERR_UNREACHABLE, "host", "%s cannot be reached (at %.*s): %s", where, address,
             r->address.p, err_words(errnum));
        fail_hint(e, "check the network and the routes of this machine");
    }
}

static void connect_ready(int fd, uint32_t events, void *ctx)
{
    struct tls_attempt *a = ctx;
    int errnum = 0;
    socklen_t n = sizeof errnum;

    (void)events;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &errnum, &n) != 0)
        errnum = errno;
    if (errnum != 0) {
        address_failed(a, errnum);
        a->address_index++;
        address_try(a);
        return;
    }
    a->result->connect_ms += ms_since(a, a->phase_at);
    a->result->error = (struct err){0}; // an earlier address may have failed
    handshake_begin(a);
}

static void handshake_begin(struct tls_attempt *a)
{
    struct tls_net *net = a->net;
    struct tls_result *r = a->result;
    SSL_CTX *context;

    phase_begin(a, TLS_PHASE_HANDSHAKE);
    r->code = "internal";
    if (!tls_trust_context(net->trust, a->phase_at, &context, &r->error)) {
        attempt_finish(a);
        return;
    }
    if (!net->method)
        net->method = tls_wire_method();
    a->session = tls_session_new(context, net->method, a->fd, &r->target, r->checked_at);
    if (!a->session) {
        fail(&r->error, ERR_TLS, NULL, "OpenSSL cannot start a connection");
        attempt_finish(a);
        return;
    }
    loop_remove(net->loop, a->watch);
    a->watch = loop_add(net->loop, a->fd, EPOLLIN, handshake_ready, a);
    if (!a->watch) {
        fail_errno(&r->error, ERR_SYSTEM, errno, "cannot watch the connection");
        attempt_finish(a);
        return;
    }
    deadline_set(a, r->target.handshake_ms);
    handshake_ready(a->fd, 0, a);
}

static void handshake_ready(int fd, uint32_t events, void *ctx)
{
    struct tls_attempt *a = ctx;
    enum tls_step step = tls_session_step(a->session);

    (void)fd;
    (void)events;
    if (step == TLS_STEP_OVER) {
        a->result->handshake_ms = ms_since(a, a->phase_at);
        attempt_finish(a);
        return;
    }
    loop_modify(a->net->loop, a->watch, step == TLS_STEP_READ ? EPOLLIN : EPOLLOUT);
}

static void deadline_set(struct tls_attempt *a, int phase_ms)
{
    int64_t phase = a->phase_at.us + phase_ms * INT64_C(1000);
    int64_t total = a->started_at.us + a->result->target.total_ms * INT64_C(1000);

    loop_timer_set(a->net->loop, &a->timer, (mono){phase < total ? phase : total}, deadline_passed,
                   a);
}

static void timeout_report(struct tls_attempt *a)
{
    struct tls_result *r = a->result;
    double seconds = ms_since(a, a->phase_at) / 1000;
    char where[TLS_TARGET_TEXT];

    tls_target_text(&r->target, where);
    if (r->phase == TLS_PHASE_DNS) {
        r->code = "dns_timeout";
        fail(&r->error, ERR_TIMEOUT, "host", "looking up %s took longer than %.3g s",
             r->target.host, seconds);
        fail_hint(&r->error, "the name servers in /etc/resolv.conf may be slow or unreachable");
        return;
    }
    r->code = "handshake_timeout";
    r->handshake_ms = seconds * 1000;
    fail(&r->error, ERR_TIMEOUT, "host",
         "%s accepted the connection but did not finish the handshake within %.3g s", where,
         seconds);
    fail_hint(&r->error, "the service may be overloaded, or it may not speak TLS on this port");
}

static void deadline_passed(void *ctx)
{
    struct tls_attempt *a = ctx;
    bool is_total = ms_since(a, a->started_at) >= a->result->target.total_ms;

    if (a->result->phase != TLS_PHASE_CONNECT) {
        timeout_report(a);
        attempt_finish(a);
        return;
    }
    address_failed(a, ETIMEDOUT);
    a->address_index++;
    if (is_total)
        attempt_finish(a);
    else
        address_try(a);
}

static void socket_close(struct tls_attempt *a)
{
    loop_timer_stop(a->net->loop, &a->timer);
    loop_remove(a->net->loop, a->watch);
    a->watch = NULL;
    if (a->fd >= 0)
        close(a->fd);
    a->fd = -1;
}

static void attempt_finish(struct tls_attempt *a)
{
    struct tls_result *r = a->result;
    tls_attempt_done *done = a->done;
    void *ctx = a->ctx;

    r->total_ms = ms_since(a, a->started_at);
    if (a->session)
        tls_session_report(a->session, r);
    if (r->has_certificate && r->problem_count > 0 && !tls_trust_has_roots(a->net->trust))
        fail_hint(&r->error, "this machine has no trusted root certificates: install the package "
                             "ca-certificates");
    attempt_free(a);
    done(r, ctx);
}

static void attempt_free(struct tls_attempt *a)
{
    loop_defer_cancel(a->net->loop, attempt_begin, a);
    if (a->query)
        dns_cancel(a->query);
    tls_session_free(a->session);
    socket_close(a);
    free(a);
}
