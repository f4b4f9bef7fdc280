// buf.h - growing bytes that are born with their maximum.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

// Grows by doubling up to max bytes. What does not fit is dropped whole and is_full stays true, so
// that a writer may add many pieces and look once at the end. Owned by whoever initialised it; end
// it with buf_done.
struct buf {
    char *p;
    size_t len; // bytes in use
    size_t cap; // bytes allocated
    size_t max; // len never exceeds this
    bool is_full;
};

void buf_init(struct buf *b, size_t max_bytes);
void buf_done(struct buf *b);  // frees; b may be used again after buf_init
void buf_clear(struct buf *b); // empties, keeps the memory

// Room for n more bytes at b->p + b->len; false (and is_full) when that would exceed max. buf_grow
// is its slow half.
[[nodiscard]] bool buf_grow(struct buf *b, size_t n);

static inline bool buf_reserve(struct buf *b, size_t n)
{
    return (n < b->cap - b->len && n <= b->max - b->len) || buf_grow(b, n);
}

static inline void buf_add_byte(struct buf *b, char c)
{
    if (buf_reserve(b, 1))
        b->p[b->len++] = c;
}

void buf_add(struct buf *b, struct str s);
void buf_add_text(struct buf *b, const char *text);
// n in decimal, with zeros in front up to width digits: what printf's %0*d does, many times faster.
void buf_add_number(struct buf *b, uint64_t n, int width);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

// The contents, borrowed until the next change.
static inline struct str buf_str(const struct buf *b)
{
    return (struct str){b->p, b->len};
}

// The contents with a NUL behind them (not counted in len), borrowed until the next change.
const char *buf_text(struct buf *b);
