// slab.c - things of one size from blocks of many.
// SPDX-License-Identifier: Apache-2.0
#include "base/slab.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define BLOCK_BYTES 32768

#ifdef __SANITIZE_ADDRESS__
#define IS_WATCHED 1
#else
#define IS_WATCHED 0
#endif

struct slab_block {
    struct slab_block *before;
    _Alignas(max_align_t) char bytes[];
};

struct slab_item {
    struct slab_item *next;
};

void slab_init(struct slab *s, size_t size)
{
    const size_t align = _Alignof(max_align_t);

    *s = (struct slab){.size = (size + align - 1) / align * align};
    assert(size > 0 && s->size <= BLOCK_BYTES);
}

static void blocks_free(struct slab *s)
{
    while (s->block) {
        struct slab_block *before = s->block->before;

        free(s->block);
        s->block = before;
    }
    s->ready = NULL;
}

void slab_done(struct slab *s)
{
    assert(s->taken == 0);
    blocks_free(s);
}

static void *item_new(struct slab *s)
{
    if (!s->block || s->next == BLOCK_BYTES / s->size) {
        struct slab_block *block = mem_alloc(sizeof *block + BLOCK_BYTES);

        block->before = s->block;
        s->block = block;
        s->next = 0;
    }
    return s->block->bytes + s->next++ * s->size;
}

void *slab_take(struct slab *s)
{
    struct slab_item *item = s->ready;

    s->taken++;
    if (IS_WATCHED)
        return mem_alloc(s->size);
    if (!item)
        return item_new(s);
    s->ready = item->next;
    return memset(item, 0, s->size);
}

void slab_give(struct slab *s, void *thing)
{
    struct slab_item *item = thing;

    if (!thing)
        return;
    assert(s->taken > 0);
    s->taken--;
    if (IS_WATCHED) {
        free(thing);
        return;
    }
    item->next = s->ready;
    s->ready = item;
    if (s->taken == 0 && s->block->before)
        blocks_free(s);
}
