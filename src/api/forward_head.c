// forward_head.c - which headers go along with a request that is handed on, and come back with its
// reply.
// SPDX-License-Identifier: Apache-2.0
#include "api/forward_head.h"

#include <ctype.h>

#include "net/http_reply.h"

#define HEADERS_MAX 120

// Headers that are about this connection, this server, or us.
static bool is_left_out(struct str name, const char *const *names)
{
    for (; *names; names++)
        if (str_eq_nocase(name, str_of(*names)))
            return true;
    return str_starts(name, STR_LIT("proxy-"));
}

static const char *const not_sent[] = {
    "host",    "content-length",    "connection",       "keep-alive", "te",
    "trailer", "transfer-encoding", "upgrade",          "expect",     "origin",
    "referer", "belfry-for",        "belfry-forwarded", NULL};

const char **forward_head_request(struct http_request *r, const char *self, const char *node)
{
    const struct http_pair *pairs;
    size_t count = http_request_headers(r, &pairs), n = 0;
    const char **headers = arena_array(r->arena, HEADERS_MAX + 5, sizeof *headers);
    struct str text;

    for (size_t i = 0; i < count && n < HEADERS_MAX; i++)
        if (!is_left_out(pairs[i].name, not_sent))
            headers[n++] = arena_printf(r->arena, "%.*s%s%.*s", STR(pairs[i].name),
                                        pairs[i].value.len > 0 ? ": " : ";", STR(pairs[i].value))
                               .p;
    // libcurl would add these.
    if (!http_request_header(r, "accept", &text))
        headers[n++] = "accept:";
    if (!http_request_header(r, "content-type", &text))
        headers[n++] = "content-type:";
    headers[n++] = arena_printf(r->arena, "belfry-forwarded: %s", self).p;
    headers[n++] = arena_printf(r->arena, "belfry-for: %s", node).p;
    headers[n] = NULL;
    return headers;
}

static const char *const not_returned[] = {
    "content-length", "content-type", "connection", "keep-alive", "transfer-encoding",
    "date",           "server",       "trailer",    "upgrade",    NULL};

bool forward_head_next(struct str *rest, struct str *ret_name, struct str *ret_value)
{
    struct str line;
    ptrdiff_t colon;

    while (rest->len > 0 && str_next(rest, '\n', &line)) {
        colon = str_find(line, ':');
        if (colon <= 0 || str_starts(line, STR_LIT("HTTP/")))
            continue;
        *ret_name = str_cut(line, 0, (size_t)colon);
        *ret_value = str_trim(str_cut(line, (size_t)colon + 1, line.len));
        return true;
    }
    return false;
}

static const char *lower(struct arena *arena, struct str s)
{
    char *text = arena_array(arena, s.len + 1, 1);

    for (size_t i = 0; i < s.len; i++)
        text[i] = (char)tolower((unsigned char)s.p[i]);
    return text;
}

const char *forward_head_reply(struct http_request *r, struct str head, const char *node)
{
    const char *type = NULL;
    struct str name, value;

    while (forward_head_next(&head, &name, &value)) {
        if (str_eq_nocase(name, STR_LIT("content-type")))
            type = arena_printf(r->arena, "%.*s", STR(value)).p;
        else if (!is_left_out(name, not_returned))
            http_reply_header(r, lower(r->arena, name), value);
    }
    http_reply_header(r, "belfry-node", str_of(node));
    return type;
}

bool forward_head_has(struct str head, const char *wanted)
{
    struct str name, value;

    while (forward_head_next(&head, &name, &value))
        if (str_eq_nocase(name, str_of(wanted)))
            return true;
    return false;
}
