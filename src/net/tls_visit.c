// tls_visit.c - takes one connection through its phases; whatever happens, it ends within its
// limits.
//
//     connect -> (proxy) -> (STARTTLS) -> handshake -> (close) -> finish -> (inquiry) -> end
//
// One timer serves all phases but the first, which is the dial's: it is set to the end of the phase
// or of the whole check, whichever is first. What a dialogue reads is first peeked at, so that what
// follows its last byte stays where whoever is next will find it.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_visit.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/loop.h"
#include "base/mem.h"
#include "net/dial.h"
#include "net/proxy.h"
#include "net/tls_crl.h"
#include "net/tls_identity.h"
#include "net/tls_inquiry.h"
#include "net/tls_options.h"
#include "net/tls_session.h"
#include "net/tls_trust.h"
#include "net/tls_wire.h"

enum {
    PEEK_BYTES = 4096,
    AUTH_MAX = 2 * PROXY_WORD_MAX + 16,
};

// The talk before TLS.
struct talk {
    struct dialogue dialogue;
    size_t sent;                      // bytes of dialogue.out
    bool is_over;                     // but for what is still to be sent
    char where[TLS_TARGET_TEXT + 16]; // "the proxy 192.0.2.1:1080"
    char name[TLS_HOST_MAX + 1];
    char user[PROXY_WORD_MAX + 1], password[PROXY_WORD_MAX + 1];
};

struct tls_visit {
    struct tls_visit_options options;
    const struct tls_options *how; // the target's, or nothing special
    struct tls_result *result;
    tls_visit_done *done;
    void *ctx;
    struct loop_timer timer;
    mono phase_at; // when the phase began
    struct dial *dial;
    int fd; // -1: none
    struct loop_fd *watch;
    struct talk *talk; // NULL: none under way
    struct tls_identity identity;
    struct tls_session *session;
    struct tls_inquiry *inquiry;
};

static void connected(const struct dial_end *end, void *ctx);
static void connect_failed(struct tls_visit *v, const struct dial_end *end);
static void proxy_begin(struct tls_visit *v);
static void starttls_begin(struct tls_visit *v);
static void talk_begin(struct tls_visit *v);
static void talk_ready(int fd, uint32_t events, void *ctx);
static bool talk_send(struct tls_visit *v);
static void talk_read(struct tls_visit *v);
static void talk_over(struct tls_visit *v);
static void talk_failed(struct tls_visit *v);
static void talk_broken(struct tls_visit *v, int errnum);
static void handshake_begin(struct tls_visit *v);
static void handshake_ready(int fd, uint32_t events, void *ctx);
static void listen_ready(int fd, uint32_t events, void *ctx);
static void deadline_passed(void *ctx);
static void visit_finish(struct tls_visit *v);
static void connection_close(struct tls_visit *v);
static void inquired(void *ctx);
static void visit_end(struct tls_visit *v);

static mono now_of(const struct tls_visit *v)
{
    return clock_mono(loop_clock(v->options.net->loop));
}

static double ms_since(const struct tls_visit *v, mono start)
{
    return (double)(now_of(v).us - start.us) / 1000;
}

struct tls_visit *tls_visit_start(const struct tls_visit_options *options, tls_visit_done *done,
                                  void *ctx)
{
    static const struct tls_options nothing;
    struct tls_visit *v = mem_alloc(sizeof *v);
    struct tls_result *r = options->result;
    struct dial_options dial = {
        .addresses = options->addresses,
        .count = options->count,
        .attempt_ms = r->target.connect_ms,
        .until = options->until,
    };

    *v = (struct tls_visit){.options = *options, .result = r, .done = done, .ctx = ctx, .fd = -1};
    v->how = r->target.options ? r->target.options : &nothing;
    v->phase_at = now_of(v);
    r->phase = TLS_PHASE_CONNECT;
    v->dial = dial_start(options->net->loop, &dial, connected, v);
    return v;
}

static void phase_end(struct tls_visit *v)
{
    v->result->phase_ms[v->result->phase] = ms_since(v, v->phase_at);
}

// Ends a phase and begins the next one, with its limit.
static void phase_begin(struct tls_visit *v, enum tls_phase phase, int limit_ms)
{
    mono end;

    phase_end(v);
    v->result->phase = phase;
    v->phase_at = now_of(v);
    end = mono_after_us(v->phase_at, limit_ms * INT64_C(1000));
    if (end.us > v->options.until.us)
        end = v->options.until;
    loop_timer_set(v->options.net->loop, &v->timer, end, deadline_passed, v);
}

static bool watch_set(struct tls_visit *v, uint32_t events, loop_fd_fn *fn)
{
    struct loop *loop = v->options.net->loop;

    loop_remove(loop, v->watch);
    v->watch = loop_add(loop, v->fd, events, fn, v);
    return v->watch ||
           fail_errno(&v->result->error, ERR_SYSTEM, errno, "cannot watch the connection");
}

// ---- connect ----

static void address_note(struct tls_visit *v, size_t index)
{
    char text[DNS_TEXT];

    dns_address_text(&v->options.addresses[index], text);
    v->result->address = arena_copy(v->result->arena, str_of(text));
}

static void connected(const struct dial_end *end, void *ctx)
{
    struct tls_visit *v = ctx;

    v->dial = NULL;
    address_note(v, end->index);
    if (end->fd < 0) {
        connect_failed(v, end);
        return;
    }
    v->fd = end->fd;
    if (v->how->proxy)
        proxy_begin(v);
    else
        starttls_begin(v);
}

// Whom we tried to connect to: "mail.example.org:25", "the proxy 192.0.2.1:1080".
static void where_set(const struct tls_visit *v, bool is_proxy, char *out, size_t size)
{
    struct tls_place place = tls_target_place(&v->result->target);
    char text[TLS_TARGET_TEXT];

    if (is_proxy)
        place = (struct tls_place){v->how->proxy_host.host, v->how->proxy_host.port};
    snprintf(out, size, "%s%s", is_proxy ? "the proxy " : "", tls_place_text(&place, text));
}

static void connect_failed(struct tls_visit *v, const struct dial_end *end)
{
    struct tls_result *r = v->result;
    struct err *e = &r->error;
    int address = (int)r->address.len;
    char where[TLS_TARGET_TEXT + 16];

    where_set(v, v->how->proxy != PROXY_NONE, where, sizeof where);
    if (end->errnum == ECONNREFUSED) {
        r->code = "connect_refused";
        fail(e, ERR_UNREACHABLE, "host", "%s refuses connections (at %.*s)", where, address,
             r->address.p);
        fail_hint(e, "nothing listens on that port, or a firewall refuses: is the service up?");
    } else if (end->errnum == ETIMEDOUT) {
        r->code = "connect_timeout";
        fail(e, ERR_TIMEOUT, "host", "%s did not answer within %g s (at %.*s)", where,
             end->took_ms / 1000, address, r->address.p);
        fail_hint(e, "the host may be down, or a firewall drops the packets");
    } else {
        r->code = "connect_unreachable";
        fail(e, ERR_UNREACHABLE, "host", "%s cannot be reached (at %.*s): %s", where, address,
             r->address.p, err_words(end->errnum));
        fail_hint(e, "check the network and the routes of this machine");
    }
    if (v->how->proxy)
        r->code = e->code == ERR_TIMEOUT ? "proxy_timeout" : "proxy_failed";
    visit_finish(v);
}

// ---- talk before TLS ----

static void talk_new(struct tls_visit *v, bool is_proxy)
{
    v->talk = mem_alloc(sizeof *v->talk);
    where_set(v, is_proxy, v->talk->where, sizeof v->talk->where);
}

static void talk_free(struct tls_visit *v)
{
    if (!v->talk)
        return;
    dialogue_done(&v->talk->dialogue);
    explicit_bzero(v->talk, sizeof *v->talk);
    free(v->talk);
    v->talk = NULL;
}

static bool auth_load(struct tls_visit *v)
{
    struct talk *t = v->talk;
    struct buf text;
    struct err why, *e = &v->result->error;
    bool ok;

    buf_init(&text, AUTH_MAX);
    ok = buf_reserve(&text, AUTH_MAX) && file_read_all(AT_FDCWD, v->how->proxy_auth, &text, &why);
    if (!ok)
        fail(e, ERR_TLS, NULL, "the proxy's user and password: %s", why.message);
    else
        ok = proxy_auth_read(buf_str(&text), t->user, t->password, e);
    if (!ok)
        e->code = ERR_TLS;
    if (text.p)
        explicit_bzero(text.p, text.cap);
    buf_done(&text);
    return ok;
}

static void proxy_begin(struct tls_visit *v)
{
    struct tls_result *r = v->result;
    struct tls_place place = tls_target_place(&r->target);

    phase_begin(v, TLS_PHASE_PROXY, r->target.proxy_ms);
    talk_new(v, true);
    if (v->how->proxy_auth && !auth_load(v)) {
        r->code = "file_unreadable";
        visit_finish(v);
        return;
    }
    snprintf(v->talk->name, sizeof v->talk->name, "%s", place.host);
    dialogue_init(&v->talk->dialogue, proxy_kind(v->how->proxy), v->talk->where, v->talk->name);
    v->talk->dialogue.port = place.port;
    if (v->how->proxy_auth) {
        v->talk->dialogue.user = v->talk->user;
        v->talk->dialogue.password = v->talk->password;
    }
    talk_begin(v);
}

// How we call ourselves where we have no name: the address of our end (RFC 5321, 4.1.3).
static void self_set(const struct tls_visit *v, char *out, size_t size)
{
    struct dns_address own = {.len = sizeof own.addr};
    char ip[INET6_ADDRSTRLEN] = "127.0.0.1";
    bool is_v6;

    (void)getsockname(v->fd, (struct sockaddr *)&own.addr, &own.len);
    is_v6 = own.addr.ss_family == AF_INET6;
    if (is_v6)
        inet_ntop(AF_INET6, &((struct sockaddr_in6 *)&own.addr)->sin6_addr, ip, sizeof ip);
    else if (own.addr.ss_family == AF_INET)
        inet_ntop(AF_INET, &((struct sockaddr_in *)&own.addr)->sin_addr, ip, sizeof ip);
    snprintf(out, size, "[%s%s]", is_v6 ? "IPv6:" : "", ip);
}

static void starttls_begin(struct tls_visit *v)
{
    struct tls_result *r = v->result;
    enum starttls protocol = tls_target_starttls(&r->target);
    bool is_xmpp = protocol == STARTTLS_XMPP || protocol == STARTTLS_XMPP_SERVER, is_ip;
    struct talk *t;

    if (!protocol) {
        handshake_begin(v);
        return;
    }
    phase_begin(v, TLS_PHASE_STARTTLS, r->target.starttls_ms);
    talk_new(v, false);
    t = v->talk;
    if (v->how->starttls_name[0])
        snprintf(t->name, sizeof t->name, "%s", v->how->starttls_name);
    else if (is_xmpp)
        snprintf(t->name, sizeof t->name, "%s", tls_target_name(&r->target, &is_ip));
    else
        self_set(v, t->name, sizeof t->name);
    dialogue_init(&t->dialogue, starttls_kind(protocol), t->where, t->name);
    talk_begin(v);
}

static void talk_begin(struct tls_visit *v)
{
    dialogue_open(&v->talk->dialogue);
    if (!watch_set(v, EPOLLIN, talk_ready)) {
        visit_finish(v);
        return;
    }
    (void)talk_send(v);
}

// Sends what is to be said; false when it has to wait, or the visit is over.
static bool talk_send(struct tls_visit *v)
{
    struct talk *t = v->talk;
    struct buf *out = &t->dialogue.out;

    while (t->sent < out->len) {
        ssize_t n = send(v->fd, out->p + t->sent, out->len - t->sent, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN) {
            loop_modify(v->options.net->loop, v->watch, EPOLLOUT);
            return false;
        }
        if (n < 0) {
            talk_broken(v, errno);
            return false;
        }
        t->sent += (size_t)n;
    }
    buf_clear(out);
    t->sent = 0;
    loop_modify(v->options.net->loop, v->watch, EPOLLIN);
    return true;
}

static void talk_ready(int fd, uint32_t events, void *ctx)
{
    struct tls_visit *v = ctx;
    bool has_more = v->talk->dialogue.out.len > 0;

    (void)fd;
    (void)events;
    if (has_more && !talk_send(v))
        return;
    if (v->talk->is_over)
        talk_over(v);
    else
        talk_read(v);
}

static void talk_read(struct tls_visit *v)
{
    struct talk *t = v->talk;
    char bytes[PEEK_BYTES];
    ssize_t n = recv(v->fd, bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT);
    enum dialogue_step step;
    size_t used;

    if (n <= 0) {
        if (n == 0 || (errno != EAGAIN && errno != EINTR))
            talk_broken(v, n == 0 ? 0 : errno);
        return;
    }
    step = dialogue_take(&t->dialogue, (struct str){bytes, (size_t)n}, &used);
    (void)recv(v->fd, bytes, used, MSG_DONTWAIT); // takes what was looked at
    if (step == DIALOGUE_FAIL) {
        talk_failed(v);
        return;
    }
    t->is_over = step == DIALOGUE_OVER;
    if (talk_send(v) && t->is_over)
        talk_over(v);
}

// Nobody may speak between the server's go-ahead and our first TLS record. (What comes a moment
// later is found by the handshake.)
static void talk_over(struct tls_visit *v)
{
    bool is_proxy = v->result->phase == TLS_PHASE_PROXY;
    char bytes[PEEK_BYTES];
    ssize_t n;

    if (is_proxy) {
        talk_free(v);
        starttls_begin(v);
        return;
    }
    n = recv(v->fd, bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT);
    if (n > 0) {
        tls_session_injected((struct str){bytes, (size_t)n}, v->result);
        visit_finish(v);
        return;
    }
    talk_free(v);
    handshake_begin(v);
}

static void talk_failed(struct tls_visit *v)
{
    struct dialogue *d = &v->talk->dialogue;

    v->result->code = v->result->phase == TLS_PHASE_PROXY ? "proxy_failed" : d->code;
    v->result->error = d->error;
    visit_finish(v);
}

static void talk_broken(struct tls_visit *v, int errnum)
{
    struct tls_result *r = v->result;
    const char *where = v->talk->where;

    if (errnum != 0) {
        r->code = "connection_reset";
        fail(&r->error, ERR_TLS, "host", "%s broke the connection before TLS began: %s", where,
             err_words(errnum));
    } else {
        r->code = "connection_closed";
        fail(&r->error, ERR_TLS, "host", "%s closed the connection before TLS began", where);
    }
    fail_hint(&r->error, "does it speak %s on that port, and let this machine in?",
              v->talk->dialogue.kind->name);
    if (r->phase == TLS_PHASE_PROXY)
        r->code = "proxy_failed";
    visit_finish(v);
}

// ---- TLS ----

static bool identity_load(struct tls_visit *v)
{
    const struct tls_identity_files files = {v->how->cert, v->how->key, v->how->key_password};

    return !v->how->cert || tls_identity_load(&files, &v->identity, &v->result->error);
}

static bool session_make(struct tls_visit *v)
{
    struct tls_net *net = v->options.net;
    struct tls_result *r = v->result;
    struct tls_session_options session = {
        .fd = v->fd,
        .target = &r->target,
        .identity = v->how->cert ? &v->identity : NULL,
        .now = r->checked_at,
        .is_custom = v->how->ca || !tls_trust_is_system(net->trust),
    };

    r->code = "file_unreadable";
    if (!tls_trust_context(net->trust, v->how->ca, v->phase_at, &session.context, &r->error) ||
        !identity_load(v))
        return false;
    r->code = "internal";
    if (!net->method)
        net->method = tls_wire_method();
    session.method = net->method;
    v->session = tls_session_new(&session);
    return v->session || fail(&r->error, ERR_TLS, NULL, "OpenSSL cannot start a connection");
}

static void handshake_begin(struct tls_visit *v)
{
    phase_begin(v, TLS_PHASE_HANDSHAKE, v->result->target.handshake_ms);
    if (!session_make(v) || !watch_set(v, EPOLLIN, handshake_ready))
        visit_finish(v);
    else
        handshake_ready(v->fd, 0, v);
}

static void step_wait(struct tls_visit *v, enum tls_step step)
{
    loop_modify(v->options.net->loop, v->watch, step == TLS_STEP_READ ? EPOLLIN : EPOLLOUT);
}

static void handshake_ready(int fd, uint32_t events, void *ctx)
{
    struct tls_visit *v = ctx;
    enum tls_step step = tls_session_step(v->session);

    (void)events;
    if (step != TLS_STEP_OVER) {
        step_wait(v, step);
        return;
    }
    if (!tls_session_has_more(v->session)) {
        visit_finish(v);
        return;
    }
    phase_begin(v, TLS_PHASE_CLOSE, v->result->target.close_ms);
    if (watch_set(v, EPOLLIN, listen_ready))
        listen_ready(fd, 0, v);
    else
        visit_finish(v);
}

static void listen_ready(int fd, uint32_t events, void *ctx)
{
    struct tls_visit *v = ctx;
    enum tls_step step = tls_session_listen(v->session);

    (void)fd;
    (void)events;
    if (step == TLS_STEP_OVER)
        visit_finish(v);
    else
        step_wait(v, step);
}

// ---- the end ----

static void talk_timeout(struct tls_visit *v, double seconds)
{
    struct tls_result *r = v->result;
    const struct dialogue *d = &v->talk->dialogue;

    r->code = r->phase == TLS_PHASE_PROXY ? "proxy_timeout" : "starttls_timeout";
    fail(&r->error, ERR_TIMEOUT, "host",
         d->in_bytes > 0 ? "%s did not come to the end of %s within %.3g s"
                         : "%s accepted the connection but said nothing of %s within %.3g s",
         v->talk->where, d->kind->name, seconds);
    if (r->phase == TLS_PHASE_STARTTLS && d->in_bytes == 0)
        fail_hint(&r->error, "TLS may begin at once on that port: ask without starttls");
}

static void deadline_passed(void *ctx)
{
    struct tls_visit *v = ctx;
    struct tls_result *r = v->result;
    double seconds = ms_since(v, v->phase_at) / 1000;
    char where[TLS_TARGET_TEXT];

    if (v->talk) {
        talk_timeout(v, seconds);
    } else if (r->phase == TLS_PHASE_HANDSHAKE) {
        r->code = "handshake_timeout";
        fail(&r->error, ERR_TIMEOUT, "host",
             "%s accepted the connection but did not finish the handshake within %.3g s",
             tls_target_text(&r->target, where), seconds);
        fail_hint(&r->error, "the service may be overloaded, or it may not speak TLS on this port");
    }
    visit_finish(v); // a server that keeps quiet after the handshake has no objection
}

static void visit_free(struct tls_visit *v)
{
    struct loop *loop = v->options.net->loop;

    dial_stop(v->dial);
    talk_free(v);
    tls_inquiry_stop(v->inquiry);
    tls_session_free(v->session);
    tls_identity_done(&v->identity);
    loop_timer_stop(loop, &v->timer);
    connection_close(v);
    free(v);
}

void tls_visit_stop(struct tls_visit *visit)
{
    if (visit)
        visit_free(visit);
}

static void connection_close(struct tls_visit *v)
{
    loop_remove(v->options.net->loop, v->watch);
    v->watch = NULL;
    file_close(&v->fd);
}

static void lists_judge(struct tls_visit *v)
{
    struct tls_result *r = v->result;
    STACK_OF(X509_CRL) * lists;

    if (!tls_trust_lists(v->options.net->trust, v->how->crl, now_of(v), &lists, &r->error)) {
        r->error.code = ERR_TLS;
        r->code = "file_unreadable";
        return;
    }
    tls_crl_judge(tls_session_evidence(v->session), tls_session_context(v->session), lists,
                  TLS_SOURCE_FILE, &r->findings, &r->crl);
}

static void inquiry_begin(struct tls_visit *v)
{
    struct tls_net *net = v->options.net;
    const struct tls_inquiry_options options = {
        .loop = net->loop,
        .dns = net->dns,
        .access = net->access,
        .evidence = tls_session_evidence(v->session),
        .context = tls_session_context(v->session),
        .result = v->result,
        .until = v->options.until,
    };

    loop_timer_stop(net->loop, &v->timer);
    v->phase_at = now_of(v);
    v->inquiry = tls_inquiry_start(&options, inquired, v);
}

static void inquired(void *ctx)
{
    struct tls_visit *v = ctx;

    v->inquiry = NULL;
    v->result->phase_ms[TLS_PHASE_REVOCATION] = ms_since(v, v->phase_at);
    visit_end(v);
}

static void visit_finish(struct tls_visit *v)
{
    struct tls_result *r = v->result;

    phase_end(v);
    if (v->session) {
        tls_session_close(v->session);
        tls_session_report(v->session, r);
    }
    connection_close(v);
    if (r->leaf && v->how->crl)
        lists_judge(v);
    if (v->session && tls_inquiry_is_due(tls_session_evidence(v->session), r))
        inquiry_begin(v);
    else
        visit_end(v);
}

static void visit_end(struct tls_visit *v)
{
    struct tls_result *r = v->result;
    tls_visit_done *done = v->done;
    void *ctx = v->ctx;

    tls_result_conclude(r);
    if (r->leaf && r->anchor == TLS_ANCHOR_NONE &&
        !tls_trust_has_roots(v->options.net->trust, v->how->ca))
        fail_hint(&r->error, "this machine has no trusted root certificates: install the package "
                             "ca-certificates");
    visit_free(v);
    done(r, ctx);
}
