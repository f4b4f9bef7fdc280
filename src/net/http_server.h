// http_server.h - an HTTP/1.1 server on the loop: whole requests in, one reply each, now or later.
//
// The server reads a request to its end, lets the guard judge it (http_guard.h: framing, Host, Origin, limits) and only
// then calls the handler; what the guard refuses never reaches it and is answered with JSON {"detail": "..."}. One
// request of a connection is with the handler at a time; pipelined ones wait their turn, so replies keep their order.
// Everything here belongs to the loop's thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

struct loop;

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_OPTIONS,
    HTTP_OTHER, // any other token; see method_text
};

// One request, from the call of the handler until its reply. Read only. Every str lives as long as the request.
struct http_request {
    enum http_method method;
    struct str method_text; // as sent: "GET"
    struct str path;        // as sent, percent signs and all, without the query; starts with '/', or is "*"
    struct str query;       // as sent, without the '?'; empty when absent
    struct str body;        // whole, with any chunking removed
    struct str peer;        // the client's address without its port: "127.0.0.1", "::1"; "" for a socket pair
    struct arena *arena;    // memory that lives until the reply is sent
    uint64_t number;        // unique in this process, counting up from 1
};

struct http_pair {
    struct str name;
    struct str value;
};

// Called once for each whole request that passed the guard. Exactly one http_reply* must follow, in this call or later.
typedef void http_handler(struct http_request *r, void *ctx);

// --- reading a request --------------------------------------------------------------------------------------------

// The whole path with its percent escapes decoded ("%2F" becomes a slash: split r->path first where that matters).
// False for an incomplete or wrong escape, %00, or bytes that are not UTF-8.
[[nodiscard]] bool http_request_path(struct http_request *r, struct str *ret_path);

// The same for a piece of a path, such as one segment; allocates in arena only when there is something to decode.
[[nodiscard]] bool http_decode(struct arena *arena, struct str raw, struct str *ret_text);

// The first query parameter called name; false when there is none. '+' and %XX are decoded ('+' is a blank), wrong
// escapes stay as they are, as FastAPI reads them. "?x" and "?x=" both give an empty value.
[[nodiscard]] bool http_request_query(struct http_request *r, const char *name, struct str *ret_value);

// All query parameters, decoded, in the order sent, repeated names included. Parsed once; at most 256 (the guard
// refuses more). Returns their count.
size_t http_request_queries(struct http_request *r, const struct http_pair **ret_pairs);

// The first header called name, in any case, blanks trimmed; false when there is none.
[[nodiscard]] bool http_request_header(const struct http_request *r, const char *name, struct str *ret_value);

// All headers as sent, repeated names included. Returns their count.
size_t http_request_headers(const struct http_request *r, const struct http_pair **ret_pairs);

// A ULID made for this request (26 characters), the same at each call; for logs, error bodies and x-request-id.
struct str http_request_id(struct http_request *r);

// True once the connection is known to be broken: the reply will reach nobody. It must be given nevertheless, and the
// request stays valid until then. A client that has only shut its sending side still gets its reply.
bool http_request_is_gone(const struct http_request *r);

// --- answering ----------------------------------------------------------------------------------------------------

// Adds a header to the coming reply; name in lower case. Both are copied; control characters in value become blanks.
// The server itself writes date, server, content-length, content-type (from the reply call) and connection.
void http_reply_header(struct http_request *r, const char *name, struct str value);

// Ends the request: sends status, the headers so far and body. content_type may be NULL (no such header). The memory
// of *body is taken over and *body is left empty; body may be NULL. r and its arena are gone afterwards. HEAD gets the
// length of body but not its bytes; 204 and 304 get neither.
void http_reply(struct http_request *r, int status, const char *content_type, struct buf *body);

// The same for bytes that outlive the server, such as embedded files: they are sent from where they are.
void http_reply_static(struct http_request *r, int status, const char *content_type, struct str body);

// The same for a small body, which is copied.
void http_reply_text(struct http_request *r, int status, const char *content_type, struct str body);

// {"detail": detail} as application/json, as the guard itself answers.
void http_reply_detail(struct http_request *r, int status, const char *detail);

// --- the server ---------------------------------------------------------------------------------------------------

// Zero in any number means its default.
struct http_server_options {
    const char *address; // to listen on, IPv4 or IPv6 literal; NULL: "127.0.0.1"
    int port;            // 0: any free one, see http_server_port

    int64_t head_ms;  // from a request's first byte to the end of its head: 10,000, then 408
    int64_t body_ms;  // from there to the end of its body: 30,000, then 408
    int64_t idle_ms;  // silence between requests: 75,000, then the connection is closed
    int64_t write_ms; // a reply of which the client takes not one byte: 30,000, then the connection is dropped

    size_t head_max_bytes;       // request line and headers together: 16,384, then 431; an idle connection holds none
    size_t target_max_bytes;     // the request target: 8,000, then 414
    size_t body_max_bytes;       // 1 MiB; 413, before it is read where Content-Length tells
    size_t bodies_max_bytes;     // all bodies being received, together: 64 MiB, then 503
    size_t connection_max;       // all: what the limit of open files leaves, at most 4,096; then 503
    size_t address_max;          // from one address: half of connection_max; then 503

    // Names this server may be called by besides localhost, 127.0.0.1, [::1] and its own address, without port, any
    // case; ends with NULL; NULL: none. "*" allows every Host. An Origin whose host is listed may write.
    const char *const *host_names;
};

struct http_server;

// A server that listens nowhere yet. The options are copied.
[[nodiscard]] struct http_server *http_server_new(struct loop *loop, const struct http_server_options *options,
                                                  http_handler *fn, void *ctx);

// Listens. On failure *e names address, port and what to do (port in use, no permission, no such address).
[[nodiscard]] bool http_server_listen(struct http_server *s, struct err *e);

// http_server_new and http_server_listen in one.
[[nodiscard]] bool http_server_start(struct loop *loop, const struct http_server_options *options, http_handler *fn,
                                     void *ctx, struct http_server **ret_server, struct err *e);

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
