// heap.c - a 4-ary min-heap of (key, arrival).
// SPDX-License-Identifier: Apache-2.0
#include "base/heap.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"

static bool slot_before(const struct heap_slot *a, const struct heap_slot *b)
{
    return a->key != b->key ? a->key < b->key : a->seq < b->seq;
}

static void slot_put(struct heap *h, size_t i, struct heap_slot slot)
{
    h->v[i] = slot;
    slot.node->index = i + 1;
}

static void sift_up(struct heap *h, size_t i, struct heap_slot slot)
{
    while (i > 0) {
        size_t parent = (i - 1) / 4;

        if (!slot_before(&slot, &h->v[parent]))
            break;
        slot_put(h, i, h->v[parent]);
        i = parent;
    }
    slot_put(h, i, slot);
}

static size_t least_child(const struct heap *h, size_t first)
{
    size_t end = first + 4 < h->len ? first + 4 : h->len;
    size_t least = first;

    for (size_t i = first + 1; i < end; i++)
        if (slot_before(&h->v[i], &h->v[least]))
            least = i;
    return least;
}

static void sift_down(struct heap *h, size_t i, struct heap_slot slot)
{
    while (4 * i + 1 < h->len) {
        size_t child = least_child(h, 4 * i + 1);

        if (!slot_before(&h->v[child], &slot))
            break;
        slot_put(h, i, h->v[child]);
        i = child;
    }
    slot_put(h, i, slot);
}

// Puts slot at place i, whose former tenant is gone, and lets it find its level.
static void settle(struct heap *h, size_t i, struct heap_slot slot)
{
    if (i > 0 && slot_before(&slot, &h->v[(i - 1) / 4]))
        sift_up(h, i, slot);
    else
        sift_down(h, i, slot);
}

static bool owns(const struct heap *h, const struct heap_node *node)
{
    return node->index > 0 && node->index <= h->len && h->v[node->index - 1].node == node;
}

void heap_done(struct heap *h)
{
    for (size_t i = 0; i < h->len; i++)
        h->v[i].node->index = 0;
    free(h->v);
    *h = (struct heap){0};
}

void heap_push(struct heap *h, struct heap_node *node, int64_t key)
{
    assert(!heap_has(node));
    if (h->len == h->cap) {
        h->cap = h->cap < 16 ? 16 : h->cap * 2;
        h->v = mem_resize(h->v, h->cap * sizeof *h->v);
    }
    node->key = key;
    node->seq = h->seq++;
    h->len++;
    sift_up(h, h->len - 1, (struct heap_slot){key, node->seq, node});
}

struct heap_node *heap_peek(const struct heap *h)
{
    return h->len > 0 ? h->v[0].node : NULL;
}

struct heap_node *heap_pop(struct heap *h)
{
    struct heap_node *node = heap_peek(h);

    if (node)
        heap_remove(h, node);
    return node;
}

void heap_update(struct heap *h, struct heap_node *node, int64_t key)
{
    assert(owns(h, node));
    if (node->key == key)
        return;
    node->key = key;
    node->seq = h->seq++;
    settle(h, node->index - 1, (struct heap_slot){key, node->seq, node});
}

void heap_remove(struct heap *h, struct heap_node *node)
{
    assert(owns(h, node));
    size_t i = node->index - 1;
    struct heap_slot last = h->v[--h->len];

    node->index = 0;
    if (i < h->len)
        settle(h, i, last);
}

// The heap below place i, as far as its keys are at most key.
static void upto_walk(const struct heap *h, size_t i, int64_t key, size_t *left, heap_fn *fn,
                      void *ctx)
{
    if (i >= h->len || h->v[i].key > key || *left == 0)
        return;
    (*left)--;
    fn(h->v[i].node, ctx);
    for (size_t child = 4 * i + 1; child <= 4 * i + 4; child++)
        upto_walk(h, child, key, left, fn, ctx);
}

void heap_upto(const struct heap *h, int64_t key, size_t most, heap_fn *fn, void *ctx)
{
    upto_walk(h, 0, key, &most, fn, ctx);
}
