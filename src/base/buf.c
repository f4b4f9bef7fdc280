// buf.c - growing bytes with a ceiling.
// SPDX-License-Identifier: Apache-2.0
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

void buf_init(struct buf *b, size_t max_bytes)
{
    *b = (struct buf){.max = max_bytes};
}

void buf_done(struct buf *b)
{
    free(b->p);
    *b = (struct buf){.max = b->max};
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    b->is_full = false;
}

bool buf_grow(struct buf *b, size_t n)
{
    if (n > b->max - b->len) {
        b->is_full = true;
        return false;
    }
    // One byte more than max may be allocated, for the NUL of buf_text.
    if (b->len + n + 1 > b->cap) {
        size_t cap = b->cap < 64 ? 64 : b->cap * 2;

        if (cap > b->max)
            cap = b->max + 1;
        if (cap < b->len + n + 1)
            cap = b->len + n + 1;
        b->p = mem_resize(b->p, cap);
        b->cap = cap;
    }
    return true;
}

void buf_add(struct buf *b, struct str s)
{
    if (s.len == 0 || !buf_reserve(b, s.len))
        return;
    memcpy(b->p + b->len, s.p, s.len);
    b->len += s.len;
}

void buf_add_text(struct buf *b, const char *text)
{
    buf_add(b, str_of(text));
}

void buf_add_number(struct buf *b, uint64_t n, int width)
{
    char digits[32];
    size_t at = sizeof digits;

    do {
        digits[--at] = (char)('0' + n % 10);
        n /= 10;
        width--;
    } while ((n > 0 || width > 0) && at > 0);
    buf_add(b, (struct str){digits + at, sizeof digits - at});
}

void buf_printf(struct buf *b, const char *format, ...)
{
    size_t room = b->cap - b->len; // holds the text and its NUL, with luck
    va_list args;

    va_start(args, format);
    int n = vsnprintf(b->p ? b->p + b->len : NULL, room, format, args);
    va_end(args);
    if (n < 0 || !buf_reserve(b, (size_t)n))
        return;
    if ((size_t)n >= room) {
        va_start(args, format);
        vsnprintf(b->p + b->len, (size_t)n + 1, format, args);
        va_end(args);
    }
    b->len += (size_t)n;
}

const char *buf_text(struct buf *b)
{
    if (!b->p) {
        b->p = mem_alloc(1);
        b->cap = 1;
    }
    b->p[b->len] = '\0';
    return b->p;
}
