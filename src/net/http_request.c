// http_request.c - reading what a request carries: escapes, query, headers, its id.
// SPDX-License-Identifier: Apache-2.0
#include "net/http_request.h"

#include <string.h>

static struct http_pair query_read(struct arena *arena, struct str piece);
static size_t decode_into(char *out, struct str raw, bool is_query, bool *ret_is_clean);

bool http_request_path(struct http_request *r, struct str *ret_path)
{
    return http_decode(r->arena, r->path, ret_path);
}

bool http_decode(struct arena *arena, struct str raw, struct str *ret_text)
{
    struct str text = raw;
    bool is_clean = true;

    if (str_find(raw, '%') >= 0) {
        char *out = arena_alloc(arena, raw.len + 1);

        text = (struct str){out, decode_into(out, raw, false, &is_clean)};
    }
    if (!is_clean || str_find(text, '\0') >= 0 || !str_is_utf8(text))
        return false;
    *ret_text = text;
    return true;
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
        return (c | 0x20) - 'a' + 10;
    return -1;
}

// Writes at most raw.len bytes. An escape that is none stays as it is and *ret_is_clean becomes
// false.
static size_t decode_into(char *out, struct str raw, bool is_query, bool *ret_is_clean)
{
    size_t n = 0;

    for (size_t i = 0; i < raw.len; i++) {
        char c = raw.p[i];

        if (c == '%') {
            int high = i + 2 < raw.len ? digit_of(raw.p[i + 1]) : -1;
            int low = i + 2 < raw.len ? digit_of(raw.p[i + 2]) : -1;

            if (high >= 0 && low >= 0) {
                c = (char)(high * 16 + low);
                i += 2;
            } else {
                *ret_is_clean = false;
            }
        } else if (c == '+' && is_query) {
            c = ' ';
        }
        out[n++] = c;
    }
    return n;
}

static struct str query_decode(struct arena *arena, struct str raw)
{
    bool is_clean;

    if (str_find(raw, '%') < 0 && str_find(raw, '+') < 0)
        return raw;
    char *out = arena_alloc(arena, raw.len + 1);
    return (struct str){out, decode_into(out, raw, true, &is_clean)};
}

static struct http_pair query_read(struct arena *arena, struct str piece)
{
    ptrdiff_t equals = str_find(piece, '=');
    struct str name = equals < 0 ? piece : str_cut(piece, 0, (size_t)equals);
    struct str value =
        equals < 0 ? (struct str){"", 0} : str_cut(piece, (size_t)equals + 1, piece.len);

    return (struct http_pair){query_decode(arena, name), query_decode(arena, value)};
}

size_t http_request_queries(struct http_request *r, const struct http_pair **ret_pairs)
{
    if (!r->queries) {
        struct str rest = r->query;
        struct str piece;
        size_t piece_count = 1;

        for (size_t i = 0; i < r->query.len; i++)
            piece_count += r->query.p[i] == '&';
        struct http_pair *pairs = arena_array(r->arena, piece_count, sizeof *pairs);
        while (r->query_count < HTTP_QUERY_MAX && str_next(&rest, '&', &piece))
            if (piece.len > 0)
                pairs[r->query_count++] = query_read(r->arena, piece);
        r->queries = pairs;
    }
    *ret_pairs = r->queries;
    return r->query_count;
}

bool http_request_query(struct http_request *r, const char *name, struct str *ret_value)
{
    const struct http_pair *pairs;
    size_t count = http_request_queries(r, &pairs);

    while (count-- > 0) {
        if (str_eq(pairs[count].name, str_of(name))) {
            *ret_value = pairs[count].value;
            return true;
        }
    }
    return false;
}

bool http_request_header(const struct http_request *r, const char *name, struct str *ret_value)
{
    struct str wanted = str_of(name);

    for (size_t i = 0; i < r->header_count; i++) {
        if (str_eq_nocase(r->headers[i].name, wanted)) {
            *ret_value = r->headers[i].value;
            return true;
        }
    }
    return false;
}

size_t http_request_headers(const struct http_request *r, const struct http_pair **ret_pairs)
{
    *ret_pairs = r->headers;
    return r->header_count;
}

struct str http_request_id(struct http_request *r)
{
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    // 48 bits of milliseconds, then 40 of the server's and 40 of the count: unique, and in order of
    // arrival.
    uint64_t parts[3] = {(uint64_t)(r->received_at.us / 1000) & 0xffffffffffff,
                         r->id_random & 0xffffffffff, r->number & 0xffffffffff};
    static const int part_digits[3] = {10, 8, 8};
    char *p = r->id;

    if (r->id[0])
        return (struct str){r->id, 26};
    for (int part = 0; part < 3; part++)
        for (int i = part_digits[part] - 1; i >= 0; i--)
            *p++ = digits[(parts[part] >> (5 * i)) & 31];
    return (struct str){r->id, 26};
}
