// http_request.h - one whole request, as its handler sees it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/str.h"

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

struct http_pair {
    struct str name;
    struct str value;
};

struct http_connection;

// One request, from the call of the handler until its reply. Read only. Every str lives as long as
// the request.
struct http_request {
    enum http_method method;
    struct str method_text; // as sent: "GET"
    struct str path;        // as sent, escapes and all, without query; begins with '/', or is "*"
    struct str query;       // as sent, without the '?'; empty when absent
    struct str body;        // whole, with any chunking removed
    struct str peer;        // the client's address without port, "::1"; "" for a socket pair
    struct arena *arena;    // memory that lives until the reply is sent
    uint64_t number;        // unique in this process, counting up from 1
    wall received_at;       // when it was whole

    // Not for handlers: use the functions below.
    struct http_connection *connection;
    const struct http_pair *headers;
    size_t header_count;
    const struct http_pair *queries; // NULL until first asked for
    size_t query_count;
    uint64_t id_random; // the server's own part of the id
    char id[27];        // empty until first asked for
};

// Called once for each whole request that passed the guard. Exactly one http_reply* must follow, in
// this call or later.
typedef void http_handler(struct http_request *r, void *ctx);

// The whole path with its percent escapes decoded ("%2F" becomes a slash: split r->path first where
// that matters). False for an incomplete or wrong escape, %00, or bytes that are not UTF-8.
[[nodiscard]] bool http_request_path(struct http_request *r, struct str *ret_path);

// The same for a piece of a path, such as one segment; allocates in arena only when there is
// something to decode.
[[nodiscard]] bool http_decode(struct arena *arena, struct str raw, struct str *ret_text);

// The last query parameter called name (as FastAPI takes it); false when there is none. '+' and %XX
// are decoded ('+' is a blank), wrong escapes stay as they are, as FastAPI reads them. "?x" and
// "?x=" both give an empty value.
[[nodiscard]] bool http_request_query(struct http_request *r, const char *name,
                                      struct str *ret_value);

// All query parameters, decoded, in the order sent, repeated names included; empty pieces
// ("a=1&&b=2") are skipped. Parsed once; the guard has seen to it that they are at most
// HTTP_QUERY_MAX. Returns their count.
size_t http_request_queries(struct http_request *r, const struct http_pair **ret_pairs);

enum {
    HTTP_QUERY_MAX = 256
};

// The first header called name, in any case, blanks trimmed; false when there is none.
[[nodiscard]] bool http_request_header(const struct http_request *r, const char *name,
                                       struct str *ret_value);

// All headers as sent, repeated names included. Returns their count.
size_t http_request_headers(const struct http_request *r, const struct http_pair **ret_pairs);

// A ULID made for this request (26 characters), the same at each call; for logs, error bodies and
// x-request-id.
struct str http_request_id(struct http_request *r);
