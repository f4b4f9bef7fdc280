// str.c - looks into borrowed text.
// SPDX-License-Identifier: Apache-2.0
#include "base/str.h"

#include "base/mem.h"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool str_eq(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

bool str_eq_nocase(struct str a, struct str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.p[i]) != lower(b.p[i]))
            return false;
    return true;
}

bool str_starts(struct str s, struct str prefix)
{
    return s.len >= prefix.len && str_eq(str_cut(s, 0, prefix.len), prefix);
}

bool str_ends(struct str s, struct str suffix)
{
    return s.len >= suffix.len && str_eq(str_cut(s, s.len - suffix.len, s.len), suffix);
}

int str_cmp(struct str a, struct str b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int order = n > 0 ? memcmp(a.p, b.p, n) : 0;

    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

struct str str_trim(struct str s)
{
    size_t from = 0, to = s.len;

    while (from < to && is_blank(s.p[from]))
        from++;
    while (to > from && is_blank(s.p[to - 1]))
        to--;
    return str_cut(s, from, to);
}

ptrdiff_t str_find(struct str s, char c)
{
    const char *found = s.len > 0 ? memchr(s.p, c, s.len) : NULL;

    return found ? found - s.p : -1;
}

// A * that was met is given one byte more each time what follows it does not fit. Only the last one
// has to be: an earlier one could do no better.
bool str_glob(struct str pattern, struct str s)
{
    size_t p = 0, at = 0, star = SIZE_MAX, taken = 0;

    while (at < s.len) {
        if (p < pattern.len && pattern.p[p] == '*') {
            star = p++;
            taken = at;
        } else if (p < pattern.len && (pattern.p[p] == '?' || pattern.p[p] == s.p[at])) {
            p++;
            at++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            at = ++taken;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.p[p] == '*')
        p++;
    return p == pattern.len;
}

bool str_next(struct str *rest, char sep, struct str *ret_part)
{
    if (!rest->p)
        return false;
    ptrdiff_t at = str_find(*rest, sep);

    if (at < 0) {
        *ret_part = *rest;
        *rest = (struct str){NULL, 0};
        return true;
    }
    *ret_part = str_cut(*rest, 0, (size_t)at);
    *rest = str_cut(*rest, (size_t)at + 1, rest->len);
    return true;
}

bool str_to_int(struct str s, int64_t *ret_n)
{
    bool negative = s.len > 0 && s.p[0] == '-';
    int64_t n = 0;

    if (s.len == (size_t)negative)
        return false;
    for (size_t i = negative; i < s.len; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        int digit = s.p[i] - '0';
        if (__builtin_mul_overflow(n, 10, &n) || __builtin_sub_overflow(n, digit, &n))
            return false;
    }
    if (!negative && __builtin_sub_overflow(0, n, &n))
        return false;
    *ret_n = n;
    return true;
}

size_t str_utf8_char(struct str s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    size_t n;
    uint32_t c, least;

    if (p[0] < 0x80)
        return 1;
    if ((p[0] & 0xe0) == 0xc0)
        n = 2, c = p[0] & 0x1f, least = 0x80;
    else if ((p[0] & 0xf0) == 0xe0)
        n = 3, c = p[0] & 0x0f, least = 0x800;
    else if ((p[0] & 0xf8) == 0xf0)
        n = 4, c = p[0] & 0x07, least = 0x10000;
    else
        return 0;
    if (s.len < n)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3f);
    }
    return c < least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) ? 0 : n;
}

bool str_is_utf8(struct str s)
{
    while (s.len > 0) {
        size_t n = str_utf8_char(s);

        if (n == 0)
            return false;
        s = str_cut(s, n, s.len);
    }
    return true;
}

char *str_own(struct str s)
{
    return mem_copy(s.p, s.len);
}
