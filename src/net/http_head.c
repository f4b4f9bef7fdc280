// http_head.c - the head of a request, read strictly.
//
// A head is searched for before it is read: http_scan_head walks from line feed to line feed and
// remembers where it was, so a client that drips bytes costs one look at each. Only a whole head is
// taken apart, and then every byte of it is judged by one table: a name is made of token bytes, a
// value of blanks and visible bytes, nothing else.
//
// Bytes of 0x80 and above are let through in values (RFC 9110 calls them opaque) but not in the
// target, where they must be percent-encoded and where programs disagree about them most.
// SPDX-License-Identifier: Apache-2.0
#include "net/http_head.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    TOKEN = 1,  // may stand in a method or a header's name
    VALUE = 2,  // may stand in a header's value
    TARGET = 4, // may stand in a request target
    EMPTY_LINES_MAX = 2
};

static bool request_line_read(struct str line, struct http_head *h, struct http_refusal *refusal);
static bool target_read(struct str target, struct http_head *h, struct http_refusal *refusal);
static bool version_read(struct str version, int *ret_minor, struct http_refusal *refusal);
static enum http_method method_of(struct str text);

#define T TOKEN | VALUE | TARGET
#define V VALUE | TARGET
// RFC 9110 section 5.6.2: tchar. RFC 3986 would have quotes, angle brackets and braces
// percent-encoded, but people type ?q=next<1h, and no two programs read them differently. A
// fragment ('#') is never sent.
static const unsigned char byte_class[256] = {['\t'] = VALUE,
                                              [' '] = VALUE,
                                              ['!'] = T,
                                              ['"'] = V,
                                              ['#'] = TOKEN | VALUE,
                                              ['$' ... '\''] = T,
                                              ['('] = V,
                                              [')'] = V,
                                              ['*'] = T,
                                              ['+'] = T,
                                              [','] = V,
                                              ['-'] = T,
                                              ['.'] = T,
                                              ['/'] = V,
                                              ['0' ... '9'] = T,
                                              [':' ... '@'] = V,
                                              ['A' ... 'Z'] = T,
                                              ['[' ... ']'] = V,
                                              ['^' ... 'z'] = T,
                                              ['{'] = V,
                                              ['|'] = T,
                                              ['}'] = V,
                                              ['~'] = T,
                                              [0x80 ... 0xff] = VALUE};
#undef T
#undef V

bool http_is_token_byte(unsigned char c)
{
    return byte_class[c] & TOKEN;
}

bool http_refuse(struct http_refusal *ret, int status, const char *format, ...)
{
    va_list args;

    ret->status = status;
    va_start(args, format);
    vsnprintf(ret->detail, sizeof ret->detail, format, args);
    va_end(args);
    return false;
}

// The first byte of s that lacks the class, or s.len.
static size_t span(struct str s, int class)
{
    size_t i = 0;

    while (i < s.len && byte_class[(unsigned char)s.p[i]] & class)
        i++;
    return i;
}

enum http_scan_result http_scan_head(struct http_scan *scan, struct str bytes, size_t target_max,
                                     size_t head_max, struct http_refusal *refusal)
{
    size_t end = bytes.len < head_max ? bytes.len : head_max;

    if (end > 0 && bytes.p[0] == 0x16)
        http_refuse(refusal, 400, "This port speaks plain HTTP, and the client began with TLS");
    else if (end > 0 && bytes.p[0] != '\r' && !http_is_token_byte((unsigned char)bytes.p[0]))
        http_refuse(refusal, 400, "The request does not begin with a method");
    else
        refusal->status = 0;
    while (!refusal->status) {
        const char *lf = memchr(bytes.p + scan->at, '\n', end - scan->at);

        if (!lf)
            break;
        size_t line_end = (size_t)(lf - bytes.p);
        if (line_end == scan->line || bytes.p[line_end - 1] != '\r') {
            http_refuse(refusal, 400, "A line of the request's head does not end in CR LF");
            break;
        }
        bool is_empty = line_end == scan->line + 1;
        scan->at = scan->line = line_end + 1;
        scan->count += !is_empty;
        if (is_empty && scan->count > 0)
            return HTTP_SCAN_WHOLE;
        // RFC 9112 section 2.2: an empty line or two before the request line are left over from the
        // last body.
        if (is_empty && scan->at > 2 * EMPTY_LINES_MAX)
            http_refuse(refusal, 400, "The request begins with empty lines");
    }
    if (refusal->status)
        return HTTP_SCAN_REFUSED;
    scan->at = end;
    if (scan->count == 0 && end - scan->line > target_max + HTTP_METHOD_MAX + 16)
        http_refuse(refusal, 414, "The request target is longer than %zu bytes", target_max);
    else if (end == head_max)
        http_refuse(refusal, 431, "The head of the request is larger than %zu bytes", head_max);
    return refusal->status ? HTTP_SCAN_REFUSED : HTTP_SCAN_MORE;
}

bool http_head_read(struct str bytes, struct http_pair *headers, struct http_head *ret_head,
                    struct http_refusal *refusal)
{
    struct http_head h = {.headers = headers};
    struct str rest = bytes;
    struct str line;

    while (str_starts(rest, STR_LIT("\r\n")))
        rest = str_cut(rest, 2, rest.len);
    // The scan has seen to it that each LF stands behind a CR.
    for (bool is_first = true; str_next(&rest, '\n', &line); is_first = false) {
        line.len -= line.len > 0;
        if (line.len == 0)
            break;
        if (is_first) {
            if (!request_line_read(line, &h, refusal))
                return false;
            continue;
        }
        if (h.header_count == HTTP_HEADER_MAX)
            return http_refuse(refusal, 431, "The request has more than %d headers",
                               HTTP_HEADER_MAX);
        if (!http_header_read(line, &headers[h.header_count++], refusal))
            return false;
    }
    *ret_head = h;
    return true;
}

bool http_header_read(struct str line, struct http_pair *ret_header, struct http_refusal *refusal)
{
    size_t name_len = span(line, TOKEN);

    if (line.len > 0 && (line.p[0] == ' ' || line.p[0] == '\t'))
        return http_refuse(refusal, 400, "A header is folded over two lines");
    if (name_len == 0 || name_len == line.len || line.p[name_len] != ':')
        return http_refuse(refusal, 400,
                           "A header's name is empty, holds a byte it must not, or has no colon "
                           "directly behind it");
    struct str name = str_cut(line, 0, name_len);
    struct str value = str_cut(line, name_len + 1, line.len);
    size_t good = span(value, VALUE);
    if (good < value.len)
        return http_refuse(refusal, 400, "The header %.*s holds the control character 0x%02X",
                           name.len < 64 ? (int)name.len : 64, name.p,
                           (unsigned char)value.p[good]);
    *ret_header = (struct http_pair){name, str_trim(value)};
    return true;
}

static bool request_line_read(struct str line, struct http_head *h, struct http_refusal *refusal)
{
    size_t method_len = span(line, TOKEN);

    if (method_len == 0 || method_len == line.len || line.p[method_len] != ' ')
        return http_refuse(refusal, 400,
                           "The request line is not \"METHOD target HTTP/1.1\" with one blank "
                           "between its parts");
    if (method_len > HTTP_METHOD_MAX)
        return http_refuse(refusal, 501, "The method is longer than %d bytes", HTTP_METHOD_MAX);
    h->method_text = str_cut(line, 0, method_len);
    h->method = method_of(h->method_text);
    struct str rest = str_cut(line, method_len + 1, line.len);
    size_t target_len = span(rest, TARGET);
    if (target_len < rest.len && rest.p[target_len] != ' ')
        return http_refuse(refusal, 400,
                           "The request target holds the byte 0x%02X, which must be "
                           "percent-encoded",
                           (unsigned char)rest.p[target_len]);
    if (target_len == 0 || target_len == rest.len)
        return http_refuse(refusal, 400,
                           "The request line is not \"METHOD target HTTP/1.1\" with one blank "
                           "between its parts");
    return version_read(str_cut(rest, target_len + 1, rest.len), &h->minor, refusal) &&
           target_read(str_cut(rest, 0, target_len), h, refusal);
}

static bool version_read(struct str version, int *ret_minor, struct http_refusal *refusal)
{
    if (str_eq(version, STR_LIT("HTTP/1.1")) || str_eq(version, STR_LIT("HTTP/1.0"))) {
        *ret_minor = version.p[7] - '0';
        return true;
    }
    bool is_version = version.len == 8 && memcmp(version.p, "HTTP/", 5) == 0 &&
                      version.p[5] >= '0' && version.p[5] <= '9' && version.p[6] == '.' &&
                      version.p[7] >= '0' && version.p[7] <= '9';
    if (is_version)
        return http_refuse(refusal, 505, "This server speaks HTTP/1.1 and HTTP/1.0, not %.*s",
                           STR(version));
    return http_refuse(refusal, 400, "The request line does not end in \"HTTP/1.1\"");
}

// RFC 9112 section 3.2: origin form, absolute form, asterisk form. The authority form belongs to
// CONNECT.
static bool target_read(struct str target, struct http_head *h, struct http_refusal *refusal)
{
    size_t scheme = str_starts(target, STR_LIT("http://"))    ? 7
                    : str_starts(target, STR_LIT("https://")) ? 8
                                                              : 0;

    h->target_bytes = target.len;
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
