// radix.c - a tree of nodes with 64 places.
// SPDX-License-Identifier: Apache-2.0
#include "base/radix.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/mem.h"

#define BITS 6
#define PLACES 64
#define HEIGHT_MAX 11 // levels for 64 bits

struct radix_node {
    void *v[PLACES]; // nodes; on the last level values
    size_t count;    // that are there
};

static size_t place_of(uint64_t number, unsigned level)
{
    return number >> level * BITS & (PLACES - 1);
}

static bool is_beyond(const struct radix *r, uint64_t number)
{
    return r->height < HEIGHT_MAX && number >> r->height * BITS != 0;
}

static void node_free(struct radix_node *node, unsigned level)
{
    for (size_t i = 0; level > 0 && i < PLACES; i++)
        if (node->v[i])
            node_free(node->v[i], level - 1);
    free(node);
}

void radix_done(struct radix *r)
{
    if (r->top)
        node_free(r->top, r->height - 1);
    *r = (struct radix){0};
}

static void grow(struct radix *r)
{
    struct radix_node *top = mem_alloc(sizeof *top);

    if (r->top) {
        top->v[0] = r->top;
        top->count = 1;
    }
    r->top = top;
    r->height++;
}

// The node with the number's place, made if need be.
static struct radix_node *node_make(struct radix *r, uint64_t number)
{
    struct radix_node *node;

    while (!r->top || is_beyond(r, number))
        grow(r);
    node = r->top;
    for (unsigned level = r->height - 1; level > 0; level--) {
        void **place = &node->v[place_of(number, level)];

        if (!*place) {
            *place = mem_alloc(sizeof *node);
            node->count++;
        }
        node = *place;
    }
    return node;
}

void *radix_put(struct radix *r, uint64_t number, void *value)
{
    struct radix_node *node = node_make(r, number);
    void **place = &node->v[place_of(number, 0)], *former = *place;

    assert(value);
    *place = value;
    node->count += !former;
    r->len += !former;
    return former;
}

// The node with the number's place; NULL when there is none.
static struct radix_node *node_find(const struct radix *r, uint64_t number)
{
    struct radix_node *node = is_beyond(r, number) ? NULL : r->top;

    for (unsigned level = r->height; node && level-- > 1;)
        node = node->v[place_of(number, level)];
    return node;
}

void *radix_get(const struct radix *r, uint64_t number)
{
    const struct radix_node *node = node_find(r, number);

    return node ? node->v[place_of(number, 0)] : NULL;
}

// The number was the last one of its node: it goes, and so does each above it that is empty then.
static void nodes_drop(struct radix_node *node, unsigned level, uint64_t number)
{
    void **place = &node->v[place_of(number, level)];
    struct radix_node *below = *place;

    if (level > 1)
        nodes_drop(below, level - 1, number);
    if (below->count > 0)
        return;
    free(below);
    *place = NULL;
    node->count--;
}

void *radix_remove(struct radix *r, uint64_t number)
{
    struct radix_node *node = node_find(r, number);
    void **place = node ? &node->v[place_of(number, 0)] : NULL, *value = place ? *place : NULL;

    if (!value)
        return NULL;
    *place = NULL;
    node->count--;
    if (node->count == 0 && node != r->top)
        nodes_drop(r->top, r->height - 1, number);
    if (--r->len == 0)
        radix_done(r);
    return value;
}

static void *node_next(const struct radix_node *node, unsigned level, size_t *at)
{
    const unsigned shift = level * BITS;

    for (size_t i = place_of(*at, level); i < PLACES; i++) {
        struct radix_node *below = level > 0 ? node->v[i] : NULL;
        void *value = below ? node_next(below, level - 1, at) : node->v[i];

        if (!below)
            *at = ((*at >> shift) + 1) << shift;
        if (value)
            return value;
    }
    return NULL;
}

void *radix_next(const struct radix *r, size_t *at)
{
    return r->top && !is_beyond(r, *at) ? node_next(r->top, r->height - 1, at) : NULL;
}
