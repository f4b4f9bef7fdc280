// http_guard.h - what a request must keep to before a handler sees it: framing, Host, Origin.
//
// Framing (RFC 9112 section 6): exactly one Host with HTTP/1.1; at most one Content-Length, digits
// only; only "Transfer-Encoding: chunked", never beside Content-Length, never with HTTP/1.0. A
// doubt is a refusal, and after a refusal the connection is closed, because nobody can say where
// the next request would begin.
//
// Host and Origin: a server on loopback is open to every web page that the user's browser shows. A
// page may send it forms (stopped by Origin and Sec-Fetch-Site) or give its own name the address
// 127.0.0.1 and then read replies too (DNS rebinding, stopped by Host). So the server answers only
// to names that it was given.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "net/http_head.h"

// What a head says about the bytes behind it and about the connection.
struct http_framing {
    struct str host;       // the Host header's value; empty when absent
    struct str origin;     // empty when absent
    struct str fetch_site; // Sec-Fetch-Site; empty when absent
    uint64_t body_bytes;   // Content-Length; 0 when absent
    bool is_chunked;
    bool is_keep_alive;
    bool is_expecting; // "Expect: 100-continue": the client waits for leave to send its body
};

// False with *refusal: 400; 417 for another Expect; 501 for a transfer coding that is not
// "chunked".
[[nodiscard]] bool http_framing_read(const struct http_head *h, struct http_framing *ret_framing,
                                     struct http_refusal *refusal);

// The names a server answers to: localhost, 127.0.0.1 and [::1] always.
struct http_names {
    struct str own; // the address listened on, "192.0.2.7" or "[2001:db8::1]"; may be empty
    const struct str *names; // lower case, without port; "*" stands for all
    size_t name_count;
};

// True when host ("name", "name:port", "[v6]:port"; in any case) is well formed and one of the
// names.
bool http_host_is_ok(const struct http_names *names, struct str host);

// True when a write from a page of this origin may pass: the origin is where the request goes
// ("http://" or "https://" before exactly this host), or its host is one of names->names. "null"
// and "" are no origin.
bool http_origin_is_ok(const struct http_names *names, struct str host, struct str origin);

// The judgement on Host, Origin and Sec-Fetch-Site: 400 for a malformed or doubtful Host, 403 for a
// foreign one.
[[nodiscard]] bool http_guard_check(const struct http_names *names, const struct http_head *h,
                                    const struct http_framing *framing,
                                    struct http_refusal *refusal);

// Splits "name:port"; the name keeps its brackets when it is an IPv6 literal. False when malformed.
[[nodiscard]] bool http_host_split(struct str host, struct str *ret_name, struct str *ret_port);
