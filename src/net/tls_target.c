// tls_target.c - reads HOST[:PORT] as people write it, and says what to write instead where it
// cannot.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_target.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include <idn2.h>

#include "net/tls_options.h"

static bool text_check(struct str text, struct err *e);
static bool bracket_split(struct str text, struct str *ret_host, struct str *ret_port,
                          struct err *e);
static bool colon_split(struct str text, struct str *ret_host, struct str *ret_port, struct err *e);
static bool port_parse(struct str text, struct str port, int *ret_port, struct err *e);
static bool host_set(struct str text, struct str host, struct tls_target *target, struct err *e);
static bool name_check(struct str text, struct str name, struct err *e);
static bool is_literal(struct str s, int family);

bool tls_target_parse(struct str text, struct tls_target *ret_target, struct err *e)
{
    struct tls_target target = {0};
    struct str host = {0}, port = {0};
    bool has_brackets = text.len > 0 && text.p[0] == '[';

    if (!text_check(text, e))
        return false;
    if (has_brackets ? !bracket_split(text, &host, &port, e) : !colon_split(text, &host, &port, e))
        return false;
    if (!port_parse(text, port, &target.port, e))
        return false;
    if (!host_set(text, host, &target, e))
        return false;
    *ret_target = target;
    return true;
}

const struct tls_policy *tls_target_policy(const struct tls_target *target)
{
    static const struct tls_policy presets;

    return target->options ? &target->options->policy : &presets;
}

enum starttls tls_target_starttls(const struct tls_target *target)
{
    const struct tls_options *o = target->options;

    if (!o)
        return STARTTLS_NONE;
    return o->is_starttls_auto ? starttls_of_port(target->port) : o->starttls;
}

int tls_target_port(const struct tls_target *target)
{
    enum starttls protocol = tls_target_starttls(target);

    if (target->port)
        return target->port;
    return protocol ? starttls_port(protocol) : TLS_PORT_DEFAULT;
}

const char *tls_target_name(const struct tls_target *target, bool *ret_is_ip)
{
    const struct tls_target *named =
        target->options && target->options->name.host[0] ? &target->options->name : target;

    *ret_is_ip = named->is_ip;
    return named->host;
}

struct tls_place tls_target_place(const struct tls_target *target)
{
    const struct tls_options *o = target->options;
    int port = tls_target_port(target);

    if (!o || !o->connect_to.host[0])
        return (struct tls_place){target->host, port};
    return (struct tls_place){o->connect_to.host, o->connect_to.port ? o->connect_to.port : port};
}

const char *tls_target_text(const struct tls_target *target, char out[TLS_TARGET_TEXT])
{
    return tls_place_text(&(struct tls_place){target->host, tls_target_port(target)}, out);
}

const char *tls_place_text(const struct tls_place *place, char out[TLS_TARGET_TEXT])
{
    bool is_v6 = strchr(place->host, ':') != NULL;

    snprintf(out, TLS_TARGET_TEXT, is_v6 ? "[%s]:%d" : "%s:%d", place->host, place->port);
    return out;
}

static int column_of(struct str text, const char *p)
{
    return (int)(p - text.p) + 1;
}

static bool url_refuse(struct str text, const char *after, struct err *e)
{
    struct str rest = {after, (size_t)(text.p + text.len - after)};
    size_t n = 0;

    while (n < rest.len && !strchr("/?#", rest.p[n]))
        n++;
    fail_at(e, ERR_INPUT, "host", 1, "\"%.*s\" is a URL, not HOST or HOST:PORT", STR(text));
    if (n > 0 && n <= TLS_HOST_MAX)
        fail_hint(e, "write %.*s", (int)n, rest.p);
    return false;
}

// What no part of a target may hold, so that the steps after this see plain text.
static bool text_check(struct str text, struct err *e)
{
    if (text.len == 0)
        return fail(e, ERR_INPUT, "host", "a host is missing: write HOST or HOST:PORT");
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.p[i];

        if (c == ' ')
            return fail_at(e, ERR_INPUT, "host", (int)i + 1, "a host cannot contain blanks");
        if (c < 0x20 || c == 0x7f)
            return fail_at(e, ERR_INPUT, "host", (int)i + 1,
                           "a host cannot contain control characters (byte 0x%02x)", c);
    }
    if (!str_is_utf8(text))
        return fail(e, ERR_INPUT, "host", "the host is not UTF-8 text");
    if (text.len > TLS_HOST_MAX + 64)
        return fail(e, ERR_INPUT, "host", "the host is longer than %d bytes", TLS_HOST_MAX);

    const char *scheme = memmem(text.p, text.len, "://", 3);
    if (scheme)
        return url_refuse(text, scheme + 3, e);

    ptrdiff_t at = str_find(text, '@');
    if (at >= 0) {
        fail_at(e, ERR_INPUT, "host", (int)at + 1, "a host cannot contain user names (\"@\")");
        return fail_hint(e, "write only what stands after the @");
    }
    ptrdiff_t slash = str_find(text, '/');
    if (slash >= 0) {
        fail_at(e, ERR_INPUT, "host", (int)slash + 1, "a host cannot contain a path (\"/\")");
        return fail_hint(e, "write %.*s", (int)slash, text.p);
    }
    return true;
}

// "[::1]" and "[::1]:8443". A port that is not given is left as it came: p NULL.
static bool bracket_split(struct str text, struct str *ret_host, struct str *ret_port,
                          struct err *e)
{
    ptrdiff_t end = str_find(text, ']');
    struct str rest;

    if (end < 0)
        return fail_at(e, ERR_INPUT, "host", 1, "the bracket \"[\" is not closed");
    *ret_host = str_cut(text, 1, (size_t)end);
    if (!is_literal(*ret_host, AF_INET6))
        return fail_at(e, ERR_INPUT, "host", 2, "\"%.*s\" is not an IPv6 address", STR(*ret_host));
    rest = str_cut(text, (size_t)end + 1, text.len);
    if (rest.len == 0)
        return true;
    if (rest.p[0] != ':')
        return fail_at(e, ERR_INPUT, "host", column_of(text, rest.p),
                       "only :PORT may follow the bracket");
    *ret_port = str_cut(rest, 1, rest.len);
    return true;
}

// "host", "host:port", "192.0.2.1:443", and a bare "::1", which cannot carry a port.
static bool colon_split(struct str text, struct str *ret_host, struct str *ret_port, struct err *e)
{
    ptrdiff_t colon = str_find(text, ':');

    if (colon < 0 || is_literal(text, AF_INET6)) {
        *ret_host = text;
        return true;
    }
    *ret_host = str_cut(text, 0, (size_t)colon);
    *ret_port = str_cut(text, (size_t)colon + 1, text.len);
    ptrdiff_t second = str_find(*ret_port, ':');
    if (second < 0)
        return true;
    fail_at(e, ERR_INPUT, "host", (int)(colon + second) + 2, "\"%.*s\" has more than one colon",
            STR(text));
    return fail_hint(e, "write an IPv6 address with a port as [ADDRESS]:PORT");
}

static bool port_parse(struct str text, struct str port, int *ret_port, struct err *e)
{
    int64_t n;

    *ret_port = 0;
    if (!port.p)
        return true;
    if (port.len == 0)
        return fail_at(e, ERR_INPUT, "host", (int)text.len, "the port after \":\" is missing");
    if (!str_to_int(port, &n) || n < 1 || n > 65535)
        return fail_at(e, ERR_INPUT, "host", column_of(text, port.p),
                       "port \"%.*s\" is not a number from 1 to 65535", STR(port));
    *ret_port = (int)n;
    return true;
}

static bool is_literal(struct str s, int family)
{
    char copy[INET6_ADDRSTRLEN];
    struct in6_addr address;

    if (s.len == 0 || s.len >= sizeof copy || memchr(s.p, 0, s.len))
        return false;
    memcpy(copy, s.p, s.len);
    copy[s.len] = 0;
    return inet_pton(family, copy, &address) == 1;
}

// The xn-- form of an international name.
static bool name_convert(struct str name, char ret[TLS_HOST_MAX + 1], struct err *e)
{
    char *given = str_own(name), *ascii = NULL;
    int why = idn2_to_ascii_8z(given, &ascii, IDN2_NONTRANSITIONAL);
    bool ok = why == IDN2_OK && strlen(ascii) <= TLS_HOST_MAX;

    if (ok)
        memcpy(ret, ascii, strlen(ascii) + 1);
    idn2_free(ascii);
    free(given);
    return ok || fail(e, ERR_INPUT, "host", "\"%.*s\" is not a host name: %s", STR(name),
                      why == IDN2_OK ? "it is too long" : idn2_strerror(why));
}

static bool is_ascii(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.p[i] >= 0x80)
            return false;
    return true;
}

static bool host_set(struct str text, struct str host, struct tls_target *target, struct err *e)
{
    char ascii[TLS_HOST_MAX + 1];

    if (!is_ascii(host)) {
        if (!name_convert(host, ascii, e))
            return false;
        text = host = str_of(ascii);
    }
    target->is_ip = is_literal(host, AF_INET) || is_literal(host, AF_INET6);
    if (host.len > 1 && host.p[host.len - 1] == '.')
        host.len--;
    if (!target->is_ip && !name_check(text, host, e)) {
        if (text.p == ascii)
            e->column = 0; // of what nobody wrote
        return false;
    }
    memcpy(target->host, host.p, host.len);
    target->host[host.len] = 0;
    return true;
}

// "127.1" and "0x7f.1" are addresses to the resolver, though nobody means them: a last label that
// is a number is refused.
static bool number_refuse(struct str text, struct str label, struct err *e)
{
    bool is_hex = label.len > 1 && label.p[0] == '0' && (label.p[1] | 0x20) == 'x';
    bool is_number = true;

    for (size_t i = 0; i < label.len; i++)
        is_number = is_number && label.p[i] >= '0' && label.p[i] <= '9';
    if (is_number || is_hex)
        return fail_at(e, ERR_INPUT, "host", 1, "\"%.*s\" is neither a name nor a whole IP address",
                       STR(text));
    return true;
}

static bool name_check(struct str text, struct str name, struct err *e)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    struct str rest = name, label = {0};

    if (name.len == 0)
        return fail_at(e, ERR_INPUT, "host", 1, "the host before \":\" is missing");
    if (name.len > TLS_HOST_MAX)
        return fail(e, ERR_INPUT, "host", "the host is longer than %d bytes", TLS_HOST_MAX);
    while (str_next(&rest, '.', &label)) {
        int column = column_of(text, label.p);

        if (label.len == 0)
            return fail_at(e, ERR_INPUT, "host", column, "the host has an empty part between dots");
        if (label.len > 63)
            return fail_at(e, ERR_INPUT, "host", column,
                           "a part of the host between dots is longer than 63 bytes");
        for (size_t i = 0; i < label.len; i++)
            if (!strchr(allowed, label.p[i]))
                return fail_at(e, ERR_INPUT, "host", column + (int)i,
                               "a host cannot contain \"%c\"", label.p[i]);
    }
    return number_refuse(text, label, e);
}
