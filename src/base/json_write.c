// json_write.c - JSON out, one token at a time.
// SPDX-License-Identifier: Apache-2.0
#include "base/json_write.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t depth_bit(const struct json_write *w)
{
    return UINT64_C(1) << (w->depth - 1);
}

// Before each item of a container: the comma, if one is due.
static void item_start(struct json_write *w)
{
    if (w->has_items & depth_bit(w))
        buf_add_byte(w->out, ',');
    w->has_items |= depth_bit(w);
}

// Before each value.
static void value_start(struct json_write *w)
{
    if (w->depth == 0) {
        assert(!w->has_value); // one document, one value
        w->has_value = true;
    } else if (w->is_object & depth_bit(w)) {
        assert(w->has_key); // in an object a key comes first
        w->has_key = false;
    } else {
        item_start(w);
    }
}

static void container_start(struct json_write *w, bool is_object)
{
    value_start(w);
    assert(w->depth < JSON_WRITE_DEPTH_MAX);
    w->depth++;
    w->has_items &= ~depth_bit(w);
    w->is_object &= ~depth_bit(w);
    w->is_object |= is_object ? depth_bit(w) : 0;
    buf_add_byte(w->out, is_object ? '{' : '[');
}

static void container_end(struct json_write *w, bool is_object)
{
    assert(w->depth > 0);
    assert(!w->has_key);
    assert(((w->is_object & depth_bit(w)) != 0) == is_object);
    w->depth--;
    buf_add_byte(w->out, is_object ? '}' : ']');
}

void json_write_init(struct json_write *w, struct buf *out)
{
    *w = (struct json_write){.out = out};
}

bool json_write_is_done(const struct json_write *w)
{
    return w->depth == 0 && w->has_value;
}

void json_write_object(struct json_write *w)
{
    container_start(w, true);
}

void json_write_object_end(struct json_write *w)
{
    container_end(w, true);
}

void json_write_array(struct json_write *w)
{
    container_start(w, false);
}

void json_write_array_end(struct json_write *w)
{
    container_end(w, false);
}

static bool is_plain(char c)
{
    unsigned char u = (unsigned char)c;

    return u >= 0x20 && u < 0x80 && u != '"' && u != '\\';
}

// Length of the start of s that needs no escape: printable ASCII but quote and backslash. Eight
// bytes at a time: each test sets the high bit of the bytes it finds (a false find after a true one
// does no harm; the last loop decides).
static size_t plain_length(struct str s)
{
    const uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;
    size_t i = 0;

    for (; i + 8 <= s.len; i += 8) {
        uint64_t x;

        memcpy(&x, s.p + i, 8);
        uint64_t quote = x ^ ones * '"', slash = x ^ ones * '\\';
        uint64_t found = x | (x - ones * 0x20) | (quote - ones) | (slash - ones);
        if (found & highs)
            break;
    }
    while (i < s.len && is_plain(s.p[i]))
        i++;
    return i;
}

static const char *short_escape(char c)
{
    switch (c) {
    case '"':
        return "\\\"";
    case '\\':
        return "\\\\";
    case '\b':
        return "\\b";
    case '\f':
        return "\\f";
    case '\n':
        return "\\n";
    case '\r':
        return "\\r";
    case '\t':
        return "\\t";
    default:
        return NULL;
    }
}

// Writes the character at the start of s; returns how many bytes it took.
static size_t char_escape(struct buf *out, struct str s)
{
    size_t n = str_utf8_char(s);
    const char *escape = short_escape(s.p[0]);

    if (escape)
        buf_add_text(out, escape);
    else if (n == 0)
        buf_add(out, STR_LIT("\xef\xbf\xbd")); // U+FFFD
    else if (n == 1 && (unsigned char)s.p[0] < 0x20)
        buf_printf(out, "\\u%04x", (unsigned)s.p[0]);
    else
        buf_add(out, str_cut(s, 0, n));
    return n > 0 ? n : 1;
}

static void text_add(struct buf *out, struct str s)
{
    size_t plain = plain_length(s);

    if (!buf_reserve(out, plain + 2))
        return;
    out->p[out->len++] = '"';
    if (plain > 0)
        memcpy(out->p + out->len, s.p, plain);
    out->len += plain;
    while (plain < s.len) {
        s = str_cut(s, plain, s.len);
        s = str_cut(s, char_escape(out, s), s.len);
        plain = plain_length(s);
        buf_add(out, str_cut(s, 0, plain));
    }
    buf_add_byte(out, '"');
}

void json_write_key_str(struct json_write *w, struct str key)
{
    assert(w->depth > 0);
    assert(w->is_object & depth_bit(w));
    assert(!w->has_key);
    item_start(w);
    text_add(w->out, key);
    buf_add_byte(w->out, ':');
    w->has_key = true;
}

void json_write_key(struct json_write *w, const char *key)
{
    json_write_key_str(w, str_of(key));
}

void json_write_str(struct json_write *w, struct str s)
{
    value_start(w);
    text_add(w->out, s);
}

void json_write_text(struct json_write *w, const char *text)
{
    if (text)
        json_write_str(w, str_of(text));
    else
        json_write_null(w);
}

static void number_add(struct json_write *w, bool is_negative, uint64_t n)
{
    char digits[24];
    size_t at = sizeof digits;

    value_start(w);
    do
        digits[--at] = (char)('0' + n % 10);
    while ((n /= 10) > 0);
    if (is_negative)
        digits[--at] = '-';
    buf_add(w->out, (struct str){digits + at, sizeof digits - at});
}

void json_write_int(struct json_write *w, int64_t n)
{
    number_add(w, n < 0, n < 0 ? -(uint64_t)n : (uint64_t)n);
}

void json_write_uint(struct json_write *w, uint64_t n)
{
    number_add(w, false, n);
}

// "1.50000000000000e+16" -> "1.5e+16"
static void exponent_tidy(char *text)
{
    char *e = strchr(text, 'e');
    char *end = e;

    while (end[-1] == '0')
        end--;
    if (end[-1] == '.')
        end--;
    memmove(end, e, strlen(e) + 1);
}

// The shortest digits that read back as x; with an exponent from 1e16 up and below 1e-4, as Python
// has it.
void json_write_double(struct json_write *w, double x)
{
    char text[40];
    double size = fabs(x);

    if (!isfinite(x)) {
        json_write_null(w);
        return;
    }
    // Fifteen digits always survive, but of the numbers too small to have them all.
    for (int digits = size < DBL_MIN ? 1 : 15; digits <= 17; digits++) {
        if (size >= 1e16)
            snprintf(text, sizeof text, "%.*e", digits - 1, x);
        else if (size >= 1e15 && size == floor(size))
            snprintf(text, sizeof text, "%.0f", x);
        else
            snprintf(text, sizeof text, "%.*g", digits, x);
        if (strtod(text, NULL) == x)
            break;
    }
    if (size >= 1e16)
        exponent_tidy(text);
    json_write_raw(w, str_of(text));
    if (!strpbrk(text, ".e"))
        buf_add(w->out, STR_LIT(".0"));
}

void json_write_bool(struct json_write *w, bool value)
{
    json_write_raw(w, value ? STR_LIT("true") : STR_LIT("false"));
}

void json_write_null(struct json_write *w)
{
    json_write_raw(w, STR_LIT("null"));
}

void json_write_raw(struct json_write *w, struct str json)
{
    value_start(w);
    buf_add(w->out, json);
}
