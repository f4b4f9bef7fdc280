// heap.h - an intrusive priority queue: the smallest key leaves first, equal keys leave in the
// order they came.
//
// A 4-ary heap. The array holds copies of key and sequence number beside the pointer, so that
// sifting a million items touches the items themselves only to note their new place.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Embedded in the owner's struct; {0} is "in no heap". Read key freely; change it only with
// heap_update.
struct heap_node {
    int64_t key;
    uint64_t seq; // order of arrival among equal keys
    size_t index; // place in the heap plus 1; 0: in no heap
};

struct heap_slot {
    int64_t key;
    uint64_t seq;
    struct heap_node *node;
};

// {0} is an empty heap. The nodes belong to their owners; heap_done frees only the array.
struct heap {
    struct heap_slot *v;
    size_t len;
    size_t cap;
    uint64_t seq;
};

void heap_done(struct heap *h);

// node must be in no heap.
void heap_push(struct heap *h, struct heap_node *node, int64_t key);

// The node with the smallest key, or NULL when the heap is empty. heap_pop also takes it out.
struct heap_node *heap_peek(const struct heap *h);
struct heap_node *heap_pop(struct heap *h);

// Calls fn for each node whose key is at most key, in no particular order, but for no more than
// most of them. Costs what it finds, not what the heap holds. fn must not change the heap.
typedef void heap_fn(struct heap_node *node, void *ctx);
void heap_upto(const struct heap *h, int64_t key, size_t most, heap_fn *fn, void *ctx);

// Gives a node of this heap another key; it queues behind those that have that key already. The
// same key changes nothing.
void heap_update(struct heap *h, struct heap_node *node, int64_t key);

// Takes a node of this heap out.
void heap_remove(struct heap *h, struct heap_node *node);

static inline bool heap_has(const struct heap_node *node)
{
    return node->index != 0;
}

// The struct that embeds the node: heap_item(node, struct job, due).
#define heap_item(node, type, member) ((type *)((char *)(node)-offsetof(type, member)))
