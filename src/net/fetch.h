// fetch.h - one small HTTP request to somebody else's server, without blocking.
//
// For what certificates point at: OCSP responders and revocation lists, which are served over plain
// HTTP because they are signed. No TLS, no redirects, no cookies, one connection a request. Where
// it may connect to is the caller's list of hosts: certificates are written by strangers.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

struct access;
struct dns;
struct fetch;
struct loop;

struct fetch_options {
    struct loop *loop; // borrowed, like dns
    struct dns *dns;
    const struct access *access; // whom to connect to; NULL: anybody. Borrowed
    struct str url;  // http://HOST[:PORT][/PATH][?QUERY]; borrowed until fetch_start returns,
    struct str body; // like these; not empty: POST, else GET
    const char *content_type; // of the body
    size_t max_bytes;         // of the answer's body
    int timeout_ms;           // for everything
};

struct fetch_end {
    struct err error; // ERR_NONE: the answer is whole
    int status;
    struct str body;
};

// done is called exactly once from the loop, never from within fetch_start, unless it is stopped
// first; *end is valid until it returns. NULL with ERR_INPUT when the URL is none that can be
// fetched.
typedef void fetch_done(const struct fetch_end *end, void *ctx);
[[nodiscard]] struct fetch *fetch_start(const struct fetch_options *options, fetch_done *done,
                                        void *ctx, struct err *e);
void fetch_stop(struct fetch *fetch); // no done; NULL is fine

// Takes a URL apart: "host", port and "/path?query". False with ERR_INPUT.
struct fetch_url {
    char host[254];
    int port;
    struct str path; // borrowed from the URL; may be empty
};
[[nodiscard]] bool fetch_url_parse(struct str url, struct fetch_url *ret_url, struct err *e);
