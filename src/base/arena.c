// arena.c - a chain of blocks; allocation moves a pointer.
// SPDX-License-Identifier: Apache-2.0
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

#define BLOCK_MAX (1 << 20) // blocks double up to this; larger ones hold one large allocation

struct block {
    struct block *next;
    size_t used;
    size_t size;
    _Alignas(max_align_t) char bytes[];
};

struct arena {
    struct block *last; // the one allocations come from
    size_t total;       // bytes of all blocks
    struct block first; // kept by arena_reset; its bytes lie behind
};

static struct block *block_new(size_t size)
{
    struct block *b = mem_alloc(sizeof *b + size);

    b->size = size;
    return b;
}

static void blocks_free(struct block *b)
{
    while (b) {
        struct block *next = b->next;

        free(b);
        b = next;
    }
}

struct arena *arena_new(size_t first_bytes)
{
    size_t size = first_bytes < 256 ? 256 : first_bytes;
    struct arena *a = mem_alloc(sizeof *a + size);

    a->first.size = a->total = size;
    a->last = &a->first;
    return a;
}

void arena_free(struct arena *a)
{
    if (!a)
        return;
    blocks_free(a->first.next);
    free(a);
}

void arena_reset(struct arena *a)
{
    blocks_free(a->first.next);
    memset(a->first.bytes, 0, a->first.used);
    a->first.used = 0;
    a->first.next = NULL;
    a->last = &a->first;
    a->total = a->first.size;
}

void *arena_alloc(struct arena *a, size_t n)
{
    size_t align = _Alignof(max_align_t);

    if (n > SIZE_MAX / 2)
        abort();
    n = (n + align - 1) / align * align;
    if (n > a->last->size - a->last->used) {
        size_t size = a->last->size < BLOCK_MAX / 2 ? a->last->size * 2 : BLOCK_MAX;

        a->last->next = block_new(size < n ? n : size);
        a->last = a->last->next;
        a->total += a->last->size;
    }
    void *p = a->last->bytes + a->last->used;
    a->last->used += n;
    return p;
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
    size_t n;

    if (__builtin_mul_overflow(count, size, &n))
        abort();
    return arena_alloc(a, n);
}

struct str arena_copy(struct arena *a, struct str s)
{
    char *p = arena_alloc(a, s.len + 1);

    if (s.len > 0)
        memcpy(p, s.p, s.len);
    return (struct str){p, s.len};
}

struct str arena_path(struct arena *a, struct str folder, struct str name)
{
    char *p = arena_alloc(a, folder.len + name.len + 2);

    (void)mempcpy(mempcpy(mempcpy(p, folder.p, folder.len), "/", 1), name.p, name.len);
    return (struct str){p, folder.len + 1 + name.len};
}

struct str arena_printf(struct arena *a, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0)
        return (struct str){"", 0};
    char *p = arena_alloc(a, (size_t)n + 1);
    va_start(args, format);
    vsnprintf(p, (size_t)n + 1, format, args);
    va_end(args);
    return (struct str){p, (size_t)n};
}

size_t arena_size(const struct arena *a)
{
    return a->total;
}
