// http_server.c - the listening sockets, and who may connect.
//
// Two limits keep strangers from using up the descriptors: one for all connections, one for each
// address (an IPv6 /64 counts as one). Who comes when all places are taken gets the place of the
// connection that has been idle longest, if that has been so for a while; otherwise, and when its
// address has its share, it is told so with 503.
// SPDX-License-Identifier: Apache-2.0
#include "net/http_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "base/loop.h"
#include "base/map.h"
#include "base/mem.h"
#include "net/http_connection.h"
#include "net/unix_socket.h"

enum {
    ACCEPT_BATCH = 64,
    BACKLOG = 1024,
    PAUSE_MS = 100,               // without accepting, when descriptors have run out
    EVICT_IDLE_MS = 5000,         // an idle connection may lose its place after this
    DESCRIPTORS_FOR_OTHERS = 128, // store, logs, children
    TURNED_AWAY_SPARE = 16        // places beyond the limit, for saying that there is none
};

struct http_server {
    struct http_hub hub;
    char *address; // as in the options
    int port;
    char *socket_path; // NULL: no Unix socket
    bool is_local_only;
    struct listener {
        int fd; // -1: not listening
        struct loop_fd *handle;
    } tcp, local;
    struct loop_timer pause;
    size_t connection_max;
    size_t address_max;
    struct map addresses; // address key -> number of connections
    char own[64];         // for hub.names.own
    struct str *names;
    size_t name_count;
};

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static void names_copy(struct http_server *s, const char *const *names);
static bool tcp_listen(struct http_server *s, struct err *e);
static bool address_read(const char *text, int port, union address *ret_address,
                         socklen_t *ret_len);
static bool listen_fail(const struct http_server *s, int errnum, struct err *e);
static void server_accept(int fd, uint32_t events, void *ctx);
static void connection_closed(struct http_connection *c, void *ctx);

// ---- beginning ----

static int64_t ms_or(int64_t ms, int64_t otherwise)
{
    return 1000 * (ms > 0 ? ms : otherwise);
}

static size_t size_or(size_t n, size_t otherwise)
{
    return n > 0 ? n : otherwise;
}

static size_t connection_max_default(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= 4096 + DESCRIPTORS_FOR_OTHERS)
        return 4096;
    if (limit.rlim_cur <= 2 * DESCRIPTORS_FOR_OTHERS)
        return limit.rlim_cur / 2;
    return limit.rlim_cur - DESCRIPTORS_FOR_OTHERS;
}

struct http_server *http_server_new(struct loop *loop, const struct http_server_options *options,
                                    http_handler *fn, void *ctx)
{
    struct http_server *s = mem_alloc(sizeof *s);
    struct http_limits limits = {
        .head_max_bytes = size_or(options->head_max_bytes, 16 << 10),
        .target_max_bytes = size_or(options->target_max_bytes, 8000),
        .body_max_bytes = size_or(options->body_max_bytes, 1 << 20),
        .bodies_max_bytes = size_or(options->bodies_max_bytes, 64 << 20),
        .stream_max = size_or(options->stream_max, 500),
    };

    http_hub_init(&s->hub, loop, &limits, fn, ctx);
    s->hub.deadlines.us[HTTP_DEADLINE_HEAD] = ms_or(options->head_ms, 10000);
    s->hub.deadlines.us[HTTP_DEADLINE_BODY] = ms_or(options->body_ms, 30000);
    s->hub.deadlines.us[HTTP_DEADLINE_IDLE] = ms_or(options->idle_ms, 75000);
    s->hub.deadlines.us[HTTP_DEADLINE_WRITE] = ms_or(options->write_ms, 30000);
    s->hub.deadlines.us[HTTP_DEADLINE_LINGER] = ms_or(0, 2000);
    s->hub.on_closed = connection_closed;
    s->hub.on_closed_ctx = s;
    s->tcp.fd = s->local.fd = -1;
    s->socket_path = options->socket_path ? str_own(str_of(options->socket_path)) : NULL;
    s->is_local_only = options->is_local_only;
    s->address = str_own(str_of(options->address ? options->address : "127.0.0.1"));
    s->port = options->port;
    s->connection_max = size_or(options->connection_max, connection_max_default());
    s->address_max = size_or(options->address_max, (s->connection_max + 1) / 2);
    map_init(&s->addresses);
    names_copy(s, options->host_names);
    return s;
}

static void names_copy(struct http_server *s, const char *const *names)
{
    bool is_v6 = strchr(s->address, ':') != NULL;

    snprintf(s->own, sizeof s->own, is_v6 ? "[%s]" : "%s", s->address);
    while (names && names[s->name_count])
        s->name_count++;
    s->names = mem_array(s->name_count, sizeof *s->names);
    for (size_t i = 0; i < s->name_count; i++)
        s->names[i] = (struct str){str_own(str_of(names[i])), strlen(names[i])};
    s->hub.names = (struct http_names){str_of(s->own), s->names, s->name_count};
}

// Readies fd for connections; errno tells why not.
static bool socket_listen(int fd, const union address *address, socklen_t len)
{
    int on = 1;

    // Connections inherit TCP_NODELAY: a reply leaves when it is written.
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return bind(fd, &address->any, len) == 0 && listen(fd, BACKLOG) == 0;
}

static int port_of(const union address *address)
{
    return ntohs(address->any.sa_family == AF_INET ? address->v4.sin_port : address->v6.sin6_port);
}

static bool local_listen(struct http_server *s, struct err *e)
{
    if (!unix_socket_listen(s->socket_path, BACKLOG, &s->local.fd, e))
        return false;
    s->local.handle = loop_add(s->hub.loop, s->local.fd, EPOLLIN, server_accept, s);
    return s->local.handle ||
           fail_errno(e, ERR_SYSTEM, errno, "cannot listen on unix:%s", s->socket_path);
}

bool http_server_listen(struct http_server *s, struct err *e)
{
    return (s->is_local_only || tcp_listen(s, e)) && (!s->socket_path || local_listen(s, e));
}

static bool tcp_listen(struct http_server *s, struct err *e)
{
    union address address;
    socklen_t len;

    if (s->port < 0 || s->port > 65535)
        return fail(e, ERR_INPUT, "port", "port %d is not 0-65535", s->port);
    if (!address_read(s->address, s->port, &address, &len))
        return fail(e, ERR_INPUT, "address", "\"%s\" is not an IPv4 or IPv6 address to listen on",
                    s->address);
    int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return listen_fail(s, errno, e);
    if (socket_listen(fd, &address, len) && getsockname(fd, &address.any, &len) == 0)
        s->tcp.handle = loop_add(s->hub.loop, fd, EPOLLIN, server_accept, s);
    if (!s->tcp.handle) {
        int errnum = errno;

        close(fd);
        return listen_fail(s, errnum, e);
    }
    s->tcp.fd = fd;
    s->port = port_of(&address);
    return true;
}

static bool address_read(const char *text, int port, union address *ret_address, socklen_t *ret_len)
{
    union address a = {0};

    if (inet_pton(AF_INET, text, &a.v4.sin_addr) == 1) {
        a.v4.sin_family = AF_INET;
        a.v4.sin_port = htons((uint16_t)port);
        *ret_len = sizeof a.v4;
    } else if (inet_pton(AF_INET6, text, &a.v6.sin6_addr) == 1) {
        a.v6.sin6_family = AF_INET6;
        a.v6.sin6_port = htons((uint16_t)port);
        *ret_len = sizeof a.v6;
    } else {
        return false;
    }
    *ret_address = a;
    return true;
}

static bool listen_fail(const struct http_server *s, int errnum, struct err *e)
{
    (void)fail_errno(e, ERR_SYSTEM, errnum, "cannot listen on %s port %d", s->own, s->port);
    if (errnum == EADDRINUSE)
        return fail_hint(
            e,
            "another program listens there: stop it (ss -ltnp 'sport = :%d' names it) or choose "
            "another port",
            s->port);
    if (errnum == EACCES || errnum == EPERM)
        return fail_hint(e, "ports below 1024 need a privilege: choose another port, or grant "
                            "CAP_NET_BIND_SERVICE");
    if (errnum == EADDRNOTAVAIL)
        return fail_hint(e, "this machine does not have the address %s: ip addr lists those it has",
                         s->address);
    return false;
}

bool http_server_start(struct loop *loop, const struct http_server_options *options,
                       http_handler *fn, void *ctx, struct http_server **ret_server, struct err *e)
{
    struct http_server *s = http_server_new(loop, options, fn, ctx);

    if (!http_server_listen(s, e)) {
        http_server_free(s);
        return false;
    }
    *ret_server = s;
    return true;
}

int http_server_port(const struct http_server *s)
{
    return s->tcp.fd < 0 ? 0 : s->port;
}

// ---- accepting ----

static uint64_t address_key(const union address *a)
{
    uint64_t key = 0;

    if (a->any.sa_family == AF_INET)
        key = a->v4.sin_addr.s_addr;
    else if (a->any.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&a->v6.sin6_addr))
        memcpy(&key, a->v6.sin6_addr.s6_addr + 12, 4);
    else if (a->any.sa_family == AF_INET6)
        memcpy(&key, a->v6.sin6_addr.s6_addr, 8);
    return key + 1; // 0 stands for a socket that was adopted
}

static void peer_print(const union address *a, char *out, size_t size)
{
    out[0] = '\0';
    if (a->any.sa_family == AF_INET)
        (void)inet_ntop(AF_INET, &a->v4.sin_addr, out, (socklen_t)size);
    else if (a->any.sa_family == AF_INET6)
        (void)inet_ntop(AF_INET6, &a->v6.sin6_addr, out, (socklen_t)size);
}

// Adds n to the count of an address and returns the count.
static size_t address_count(struct http_server *s, uint64_t key, int n)
{
    size_t count = (size_t)map_get_u64(&s->addresses, key) + (size_t)n;

    if (count > 0)
        map_put_u64(&s->addresses, key, (void *)count);
    else
        map_remove_u64(&s->addresses, key);
    return count;
}

static bool idle_evict(struct http_server *s)
{
    struct http_deadlines *all = &s->hub.deadlines;
    struct http_deadline *d = http_deadline_oldest(all, HTTP_DEADLINE_IDLE);

    if (!d ||
        d->at.us - all->us[HTTP_DEADLINE_IDLE] + 1000 * EVICT_IDLE_MS > loop_now(s->hub.loop).us)
        return false;
    http_connection_close(list_item(d, struct http_connection, deadline));
    return true;
}

static void connection_take(struct http_server *s, int fd, const union address *peer)
{
    char text[48];
    bool is_full = s->hub.open_count >= s->connection_max && !idle_evict(s);

    if (s->hub.open_count >= s->connection_max + TURNED_AWAY_SPARE) {
        close(fd);
        return;
    }
    peer_print(peer, text, sizeof text);
    struct http_connection *c = http_connection_open(&s->hub, fd, text);
    if (!c)
        return;
    c->address_key = address_key(peer);
    if (address_count(s, c->address_key, 1) > s->address_max)
        http_connection_turn_away(c, "Too many connections from this address: close some");
    else if (is_full)
        http_connection_turn_away(c, "Too many connections: try again later");
}

static void connection_closed(struct http_connection *c, void *ctx)
{
    if (c->address_key != 0)
        (void)address_count(ctx, c->address_key, -1);
}

static void listeners_watch(struct http_server *s, uint32_t events)
{
    if (s->tcp.handle)
        loop_modify(s->hub.loop, s->tcp.handle, events);
    if (s->local.handle)
        loop_modify(s->hub.loop, s->local.handle, events);
}

static void accept_resume(void *ctx)
{
    struct http_server *s = ctx;

    listeners_watch(s, EPOLLIN);
}

// Without descriptors the socket would stay readable and the loop spin.
static void accept_pause(struct http_server *s)
{
    listeners_watch(s, 0);
    loop_timer_set(s->hub.loop, &s->pause, mono_after_us(loop_now(s->hub.loop), 1000 * PAUSE_MS),
                   accept_resume, s);
    (void)idle_evict(s);
}

static void server_accept(int fd, uint32_t events, void *ctx)
{
    struct http_server *s = ctx;

    (void)events;
    for (int i = 0; i < ACCEPT_BATCH; i++) {
        union address peer = {0};
        socklen_t len = sizeof peer;
        int client = accept4(fd, &peer.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (client >= 0) {
            connection_take(s, client, &peer);
            continue;
        }
        if (errno == EAGAIN)
            return;
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            accept_pause(s);
            return;
        }
        // Everything else is the fate of that one connection (accept(2)).
    }
}

void http_server_adopt(struct http_server *s, int fd)
{
    (void)http_connection_open(&s->hub, fd, "");
}

// ---- ending ----

static void listener_close(struct http_server *s, struct listener *l)
{
    loop_remove(s->hub.loop, l->handle);
    l->handle = NULL;
    file_close(&l->fd);
}

void http_server_stop_listening(struct http_server *s)
{
    loop_timer_stop(s->hub.loop, &s->pause);
    if (s->local.handle)
        (void)unlink(s->socket_path);
    listener_close(s, &s->tcp);
    listener_close(s, &s->local);
    http_hub_stop(&s->hub);
}

size_t http_server_connection_count(const struct http_server *s)
{
    return s->hub.open_count;
}

size_t http_server_request_count(const struct http_server *s)
{
    return s->hub.request_count;
}

void http_server_free(struct http_server *s)
{
    if (!s)
        return;
    http_server_stop_listening(s);
    http_hub_done(&s->hub);
    map_done(&s->addresses);
    for (size_t i = 0; i < s->name_count; i++)
        free((char *)s->names[i].p);
    free(s->names);
    free(s->address);
    free(s->socket_path);
    free(s);
}
