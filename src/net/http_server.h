// http_server.h - an HTTP/1.1 server on the loop: whole requests in, one reply each, now or later.
//
// The server reads a request to its end, lets the guard judge it (http_head.h, http_guard.h) and
// only then calls the handler; what the guard refuses never reaches it and is answered with JSON
// {"detail": "..."}. One request of a connection is with the handler at a time; pipelined ones wait
// their turn, so replies keep their order. Everything here belongs to the loop's thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "net/http_reply.h"   // for handlers: whoever serves also answers
#include "net/http_request.h" // and reads

struct loop;

// Zero in any number means its default.
struct http_server_options {
    const char *address;     // to listen on, IPv4 or IPv6 literal; NULL: "127.0.0.1"
    int port;                // 0: any free one, see http_server_port
    const char *socket_path; // a Unix socket to listen on as well; NULL: none
    bool is_local_only;      // on the Unix socket alone

    int64_t head_ms;  // from a request's first byte to the end of its head: 10,000, then 408
    int64_t body_ms;  // from there to the end of its body: 30,000, then 408
    int64_t idle_ms;  // silence between requests: 75,000, then the connection is closed
    int64_t write_ms; // a reply of which the client takes not one byte: 30,000, then the connection
                      // is dropped

    size_t head_max_bytes;   // request line and headers together: 16,384, then 431; an idle
                             // connection holds none
    size_t target_max_bytes; // the request target: 8,000, then 414
    size_t body_max_bytes;   // 1 MiB; 413, before it is read where Content-Length tells
    size_t bodies_max_bytes; // all bodies being received, together: 64 MiB, then 503
    size_t connection_max;   // all: what the limit of open files leaves, at most 4,096; then 503
    size_t stream_max;       // replies that go on (http_stream.h): 500; then 503
    size_t address_max;      // from one address: half of connection_max; then 503

    // Names this server may be called by besides localhost, 127.0.0.1, [::1] and its own address,
    // without port, any case; ends with NULL; NULL: none. "*" allows every Host. An Origin whose
    // host is listed may write.
    const char *const *host_names;
};

struct http_server;

// A server that listens nowhere yet. The options are copied.
[[nodiscard]] struct http_server *http_server_new(struct loop *loop,
                                                  const struct http_server_options *options,
                                                  http_handler *fn, void *ctx);

// Listens. On failure *e names address, port and what to do (port in use, no permission, no such
// address).
[[nodiscard]] bool http_server_listen(struct http_server *s, struct err *e);

// http_server_new and http_server_listen in one.
[[nodiscard]] bool http_server_start(struct loop *loop, const struct http_server_options *options,
                                     http_handler *fn, void *ctx, struct http_server **ret_server,
                                     struct err *e);

// The port listened on; 0 before http_server_listen.
int http_server_port(const struct http_server *s);

// Serves a connected stream socket that somebody else accepted; takes fd over.
void http_server_adopt(struct http_server *s, int fd);

// Accepts no more connections, closes idle ones, and each other one after the reply it waits for.
void http_server_stop_listening(struct http_server *s);

// Open connections, and requests that are with the handler: both 0 when a stop has drained.
size_t http_server_connection_count(const struct http_server *s);
size_t http_server_request_count(const struct http_server *s);

// Closes everything. Requests still with the handler must not be answered afterwards. Accepts NULL.
void http_server_free(struct http_server *s);
