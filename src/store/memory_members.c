// memory_members.c - a small array of nodes.
// SPDX-License-Identifier: Apache-2.0
#include "store/memory_members.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"

static void node_free(struct memory_node *node)
{
    free((char *)node->is.name.p);
    free((char *)node->is.address.p);
    free((char *)node->is.version.p);
    free((char *)node->is.tags.p);
    free(node);
}

void memory_members_done(struct memory_members *m)
{
    for (size_t i = 0; i < m->nodes.len; i++)
        node_free(m->nodes.v[i]);
    vec_done(&m->nodes);
    vec_done(&m->pins);
    vec_done(&m->ears);
}

struct memory_node *memory_node_find(const struct memory_members *m, int64_t id)
{
    for (size_t i = 0; i < m->nodes.len; i++)
        if (m->nodes.v[i]->is.id == id)
            return m->nodes.v[i];
    return NULL;
}

struct memory_node *memory_node_named(const struct memory_members *m, struct str name)
{
    for (size_t i = 0; i < m->nodes.len; i++)
        if (str_eq(m->nodes.v[i]->is.name, name))
            return m->nodes.v[i];
    return NULL;
}

bool memory_node_counts(const struct memory_members *m, int64_t id)
{
    const struct memory_node *node = memory_node_find(m, id);

    return node && node->is.lease_until.us > clock_wall(m->clock).us;
}

static int slot_free(const struct memory_members *m)
{
    uint64_t taken = 0;

    assert(m->nodes.len < STORE_NODE_SLOTS);
    for (size_t i = 0; i < m->nodes.len; i++)
        taken |= UINT64_C(1) << m->nodes.v[i]->is.slot;
    return __builtin_ctzll(~taken);
}

static struct str own(struct str s)
{
    return (struct str){str_own(s), s.len};
}

struct memory_node *memory_node_add(struct memory_members *m, const struct store_node *is,
                                    int64_t lease_us)
{
    struct memory_node *node = mem_alloc(sizeof *node);
    wall now = clock_wall(m->clock);

    *node = (struct memory_node){.is = *is, .lease_us = lease_us, .has_process = true};
    node->is.id = ++m->last_id;
    node->is.slot = slot_free(m);
    node->is.name = own(is->name);
    node->is.address = own(is->address);
    node->is.version = own(is->version);
    node->is.tags = own(is->tags);
    node->is.started_at = node->is.seen_at = now;
    node->is.lease_until = wall_after_us(now, lease_us);
    vec_push(&m->nodes, node);
    return node;
}

void memory_node_remove(struct memory_members *m, struct memory_node *node)
{
    size_t len = 0;

    for (size_t i = 0; i < m->nodes.len; i++)
        if (m->nodes.v[i] != node)
            m->nodes.v[len++] = m->nodes.v[i];
    m->nodes.len = len;
    node_free(node);
}

static void node_copy(const struct memory_node *node, struct arena *arena, struct store_node *ret)
{
    *ret = node->is;
    ret->name = arena_copy(arena, node->is.name);
    ret->address = arena_copy(arena, node->is.address);
    ret->version = arena_copy(arena, node->is.version);
    ret->tags = arena_copy(arena, node->is.tags);
}

void memory_members_read(const struct memory_members *m, int64_t self, struct arena *arena,
                         struct store_members *ret)
{
    struct store_node *nodes = arena_array(arena, m->nodes.len, sizeof *nodes);
    struct store_pin *pins = arena_array(arena, m->pins.len, sizeof *pins);

    for (size_t i = 0; i < m->nodes.len; i++)
        node_copy(m->nodes.v[i], arena, &nodes[i]);
    for (size_t i = 0; i < m->pins.len; i++)
        pins[i] = m->pins.v[i];
    *ret = (struct store_members){
        .epoch = m->epoch,
        .self = self,
        .low = m->low,
        .low_seen = m->low_seen,
        .nodes = nodes,
        .node_count = m->nodes.len,
        .pins = pins,
        .pin_count = m->pins.len,
    };
}

static int name_order(const void *a, const void *b)
{
    return str_cmp(((const struct store_node *)a)->name, ((const struct store_node *)b)->name);
}

void memory_members_list(const struct memory_members *m, struct request *r)
{
    struct store_node *nodes = arena_array(r->arena, m->nodes.len, sizeof *nodes);

    for (size_t i = 0; i < m->nodes.len; i++)
        node_copy(m->nodes.v[i], r->arena, &nodes[i]);
    if (m->nodes.len > 0)
        qsort(nodes, m->nodes.len, sizeof *nodes, name_order);
    r->nodes = nodes;
    r->page_count = m->nodes.len;
}
