// http_head.c - a head's parts, from where the parser marked them.
// SPDX-License-Identifier: Apache-2.0
#include "net/http_head.h"

static bool target_read(struct str target, struct http_head *h, struct http_refusal *refusal);
static enum http_method method_of(struct str text);

static struct str marked(const char *bytes, struct http_mark mark)
{
    return (struct str){bytes + mark.from, mark.bytes};
}

bool http_head_read(const struct http_marks *marks, const char *bytes, struct http_pair *headers,
                    struct http_head *ret_head, struct http_refusal *refusal)
{
    struct http_head h = {
        .method_text = str_of(marks->method),
        .minor = marks->minor,
        .is_chunked = marks->is_chunked,
        .body_bytes = marks->body_bytes,
        .headers = headers,
        .header_count = marks->header_count,
    };

    h.method = method_of(h.method_text);
    for (size_t i = 0; i < marks->header_count; i++)
        headers[i] = (struct http_pair){marked(bytes, marks->headers[i].name),
                                        str_trim(marked(bytes, marks->headers[i].value))};
    if (!target_read(marked(bytes, marks->target), &h, refusal))
        return false;
    *ret_head = h;
    return true;
}

// RFC 9112 section 3.2: origin form, absolute form, asterisk form. The authority form belongs to
// CONNECT.
static bool target_read(struct str target, struct http_head *h, struct http_refusal *refusal)
{
    size_t scheme = str_starts(target, STR_LIT("http://"))    ? 7
                    : str_starts(target, STR_LIT("https://")) ? 8
                                                              : 0;

    if (str_find(target, '#') >= 0)
        return http_refuse(refusal, 400, "The request target holds a fragment");
    if (str_eq(target, STR_LIT("*")) && h->method == HTTP_OPTIONS) {
        h->path = target;
        return true;
    }
    if (scheme > 0) {
        size_t end = scheme;

        while (end < target.len && target.p[end] != '/' && target.p[end] != '?')
            end++;
        h->authority = str_cut(target, scheme, end);
        target = str_cut(target, end, target.len);
        if (h->authority.len == 0)
            return http_refuse(refusal, 400, "The request target names no host");
        if (target.len == 0)
            target = STR_LIT("/");
    }
    ptrdiff_t mark = str_find(target, '?');
    h->path = mark < 0 ? target : str_cut(target, 0, (size_t)mark);
    h->query = mark < 0 ? (struct str){"", 0} : str_cut(target, (size_t)mark + 1, target.len);
    if (h->path.len == 0 || h->path.p[0] != '/')
        return http_refuse(refusal, 400, "The request target does not begin with '/'");
    return true;
}

static enum http_method method_of(struct str text)
{
    static const char *const names[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

    for (int i = 0; i < HTTP_OTHER; i++)
        if (str_eq(text, str_of(names[i])))
            return (enum http_method)i;
    return HTTP_OTHER;
}
