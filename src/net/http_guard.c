// http_guard.c - framing, Host and Origin, judged before a handler is called.
// SPDX-License-Identifier: Apache-2.0
#include "net/http_guard.h"

#include <string.h>

// Values of headers that count only once.
struct seen {
    int host_count;
    int length_count;
    int coding_count;
    int expect_count;
    int origin_count;
    struct str coding;
    struct str expect;
};

static void header_note(const struct http_pair *p, struct http_framing *f, struct seen *seen);
static void connection_note(struct str value, struct http_framing *f);
static bool body_read(const struct http_head *h, const struct seen *seen, struct http_framing *f,
                      struct http_refusal *refusal);
static bool is_listed(const struct http_names *names, struct str name);

bool http_framing_read(const struct http_head *h, struct http_framing *ret_framing,
                       struct http_refusal *refusal)
{
    struct http_framing f = {.is_keep_alive = h->minor == 1};
    struct seen seen = {0};

    for (size_t i = 0; i < h->header_count; i++)
        header_note(&h->headers[i], &f, &seen);
    if (seen.host_count > 1)
        return http_refuse(refusal, 400, "The request has %d Host headers", seen.host_count);
    if (seen.host_count == 0 && h->minor == 1)
        return http_refuse(refusal, 400, "The request has no Host header");
    if (seen.origin_count > 1)
        return http_refuse(refusal, 400, "The request has %d Origin headers", seen.origin_count);
    if (!body_read(h, &seen, &f, refusal))
        return false;
    if (seen.expect_count > 0) {
        if (seen.expect_count > 1 || !str_eq_nocase(seen.expect, STR_LIT("100-continue")))
            return http_refuse(refusal, 417, "The only expectation met here is 100-continue");
        f.is_expecting = h->minor == 1 && (f.is_chunked || f.body_bytes > 0);
    }
    *ret_framing = f;
    return true;
}

static bool is_named(const struct http_pair *p, const char *name, size_t len)
{
    return p->name.len == len && str_eq_nocase(p->name, (struct str){name, len});
}

static void header_note(const struct http_pair *p, struct http_framing *f, struct seen *seen)
{
    switch (p->name.len) {
    case 4:
        if (is_named(p, "host", 4)) {
            f->host = p->value;
            seen->host_count++;
        }
        break;
    case 6:
        if (is_named(p, "expect", 6)) {
            seen->expect = p->value;
            seen->expect_count++;
        } else if (is_named(p, "origin", 6)) {
            f->origin = p->value.len > 0 ? p->value : STR_LIT("null");
            seen->origin_count++;
        }
        break;
    case 10:
        if (is_named(p, "connection", 10))
            connection_note(p->value, f);
        break;
    case 14:
        if (is_named(p, "content-length", 14)) {
            seen->length_count++;
        } else if (is_named(p, "sec-fetch-site", 14)) {
            f->fetch_site = p->value;
        }
        break;
    case 17:
        if (is_named(p, "transfer-encoding", 17)) {
            seen->coding = p->value;
            seen->coding_count++;
        }
        break;
    default:
        break;
    }
}

// "close" wins whatever else is said.
static void connection_note(struct str value, struct http_framing *f)
{
    struct str rest = value;
    struct str word;

    while (str_next(&rest, ',', &word)) {
        word = str_trim(word);
        if (str_eq_nocase(word, STR_LIT("close"))) {
            f->is_keep_alive = false;
            return;
        }
        if (str_eq_nocase(word, STR_LIT("keep-alive")))
            f->is_keep_alive = true;
    }
}

// llhttp has refused what is no number, a second Content-Length, and one beside Transfer-Encoding.
static bool body_read(const struct http_head *h, const struct seen *seen, struct http_framing *f,
                      struct http_refusal *refusal)
{
    if (seen->coding_count > 0 && h->minor == 0)
        return http_refuse(refusal, 400, "HTTP/1.0 knows no Transfer-Encoding");
    if (seen->coding_count > 1)
        return http_refuse(refusal, 400, "The request has %d Transfer-Encoding headers",
                           seen->coding_count);
    if (seen->coding_count == 1 && !str_eq_nocase(seen->coding, STR_LIT("chunked")))
        return http_refuse(refusal, 501, "The only transfer coding understood here is \"chunked\"");
    if (h->is_chunked != (seen->coding_count == 1) || (h->is_chunked && seen->length_count > 0) ||
        seen->length_count > 1 || (seen->length_count == 0 && h->body_bytes > 0))
        return http_refuse(refusal, 400, "The length of the request's body is in doubt");
    f->is_chunked = h->is_chunked;
    f->body_bytes = h->body_bytes;
    return true;
}

// What RFC 3986 allows in a registered name or an IPv4 literal, and a little more.
static bool is_name_byte(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
           (c && strchr("!#$%&'*+-.^_`|~", c));
}

bool http_host_split(struct str host, struct str *ret_name, struct str *ret_port)
{
    size_t end = 0;

    if (host.len > 0 && host.p[0] == '[') {
        ptrdiff_t close = str_find(host, ']');

        if (close < 3)
            return false;
        for (ptrdiff_t i = 1; i < close; i++)
            if (!strchr("0123456789abcdefABCDEF:.", host.p[i]) || !host.p[i])
                return false;
        end = (size_t)close + 1;
    } else {
        while (end < host.len && is_name_byte(host.p[end]))
            end++;
    }
    struct str port = str_cut(host, end, host.len);
    if (end == 0 || end > 255 || (port.len > 0 && port.p[0] != ':') || port.len > 6)
        return false;
    if (port.len > 0)
        port = str_cut(port, 1, port.len);
    for (size_t i = 0; i < port.len; i++)
        if (port.p[i] < '0' || port.p[i] > '9')
            return false;
    *ret_name = str_cut(host, 0, end);
    *ret_port = port;
    return true;
}

bool http_host_is_ok(const struct http_names *names, struct str host)
{
    struct str name;
    struct str port;

    if (!http_host_split(host, &name, &port))
        return false;
    return str_eq_nocase(name, STR_LIT("localhost")) || str_eq(name, STR_LIT("127.0.0.1")) ||
           str_eq(name, STR_LIT("[::1]")) ||
           (names->own.len > 0 && str_eq_nocase(name, names->own)) || is_listed(names, name) ||
           is_listed(names, STR_LIT("*"));
}

static bool is_listed(const struct http_names *names, struct str name)
{
    for (size_t i = 0; i < names->name_count; i++)
        if (str_eq_nocase(names->names[i], name))
            return true;
    return false;
}

bool http_origin_is_ok(const struct http_names *names, struct str host, struct str origin)
{
    size_t scheme = str_starts(origin, STR_LIT("http://"))    ? 7
                    : str_starts(origin, STR_LIT("https://")) ? 8
                                                              : 0;
    struct str name;
    struct str port;

    if (scheme == 0)
        return false;
    struct str place = str_cut(origin, scheme, origin.len);
    if (!http_host_split(place, &name, &port))
        return false;
    return str_eq_nocase(place, host) || is_listed(names, name);
}

bool http_guard_check(const struct http_names *names, const struct http_head *h,
                      const struct http_framing *framing, struct http_refusal *refusal)
{
    struct str host = framing->host;
    struct str name;
    struct str port;

    if (h->authority.len > 0 && !http_host_split(h->authority, &name, &port))
        return http_refuse(refusal, 400, "The host in the request target is malformed");
    if (h->authority.len > 0 && host.p && !str_eq_nocase(h->authority, host))
        return http_refuse(refusal, 400, "The request target and the Host header disagree");
    if (!host.p)
        host = h->authority;
    // An HTTP/1.0 client may know no Host; browsers, whom this guards against, always send it.
    if (host.p && !http_host_split(host, &name, &port))
        return http_refuse(refusal, 400, "The Host header is malformed");
    if (host.p && !http_host_is_ok(names, host))
        return http_refuse(refusal, 403,
                           "This server does not answer to the host name \"%.*s\": use "
                           "localhost, or allow the name in the server's settings",
                           name.len < 100 ? (int)name.len : 100, name.p);
    if (h->method == HTTP_GET || h->method == HTTP_HEAD || h->method == HTTP_OPTIONS)
        return true;
    if (framing->origin.p && !http_origin_is_ok(names, host, framing->origin))
        return http_refuse(
            refusal, 403, "Pages of another origin may not write here: Origin is \"%.*s\"",
            framing->origin.len < 100 ? (int)framing->origin.len : 100, framing->origin.p);
    if (str_eq_nocase(framing->fetch_site, STR_LIT("cross-site")))
        return http_refuse(refusal, 403,
                           "Pages of another site may not write here: Sec-Fetch-Site is "
                           "\"cross-site\"");
    return true;
}
