// map.c - open addressing, linear probing, tombstones.
// SPDX-License-Identifier: Apache-2.0
#include "base/map.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/rand.h"

#define HASH_EMPTY 0
#define HASH_DEAD 1
#define HASH_LIVE (UINT64_C(1) << 63) // set in the hash of every live entry

static bool key_eq(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || a.p == b.p || memcmp(a.p, b.p, a.len) == 0);
}

static uint64_t text_hash(const struct map *m, struct str key)
{
    return hash_str(&m->key, key) | HASH_LIVE;
}

static uint64_t number_hash(const struct map *m, uint64_t key)
{
    return hash_mix(hash_mix(key ^ m->key.k0) ^ m->key.k1) | HASH_LIVE;
}

static struct map_slot *slot_find(const struct map *m, uint64_t hash, struct str key)
{
    if (m->cap == 0)
        return NULL;
    for (size_t i = hash & (m->cap - 1);; i = (i + 1) & (m->cap - 1)) {
        struct map_slot *slot = &m->v[i];

        if (slot->hash == HASH_EMPTY)
            return NULL;
        if (slot->hash == hash && key_eq(slot->key, key))
            return slot;
    }
}

static struct map_slot *slot_free(const struct map *m, uint64_t hash)
{
    size_t i = hash & (m->cap - 1);

    while (m->v[i].hash >= HASH_LIVE)
        i = (i + 1) & (m->cap - 1);
    return &m->v[i];
}

// A table at most half full with one entry more, without tombstones.
static void map_rebuild(struct map *m)
{
    struct map old = *m;

    m->cap = 8;
    while (m->cap < 2 * (m->len + 1))
        m->cap *= 2;
    m->v = mem_array(m->cap, sizeof *m->v);
    m->dead = 0;
    for (size_t i = 0; i < old.cap; i++)
        if (old.v[i].hash >= HASH_LIVE)
            *slot_free(m, old.v[i].hash) = old.v[i];
    free(old.v);
}

static void *slot_put(struct map *m, uint64_t hash, struct str key, void *value)
{
    assert(value);
    struct map_slot *slot = slot_find(m, hash, key);

    if (slot) {
        void *former = slot->value;

        *slot = (struct map_slot){hash, key, value};
        return former;
    }
    if ((m->len + m->dead + 1) * 4 > m->cap * 3)
        map_rebuild(m);
    slot = slot_free(m, hash);
    m->dead -= slot->hash == HASH_DEAD;
    *slot = (struct map_slot){hash, key, value};
    m->len++;
    return NULL;
}

static void *slot_remove(struct map *m, struct map_slot *slot)
{
    if (!slot)
        return NULL;
    void *former = slot->value;
    size_t next = ((size_t)(slot - m->v) + 1) & (m->cap - 1);
    bool is_last = m->v[next].hash == HASH_EMPTY; // no chain runs through this slot

    *slot = (struct map_slot){.hash = is_last ? HASH_EMPTY : HASH_DEAD};
    m->dead += !is_last;
    m->len--;
    return former;
}

void map_init(struct map *m)
{
    *m = (struct map){0};
    rand_bytes(&m->key, sizeof m->key);
}

void map_done(struct map *m)
{
    free(m->v);
    *m = (struct map){.key = m->key};
}

void *map_put(struct map *m, struct str key, void *value)
{
    return slot_put(m, text_hash(m, key), key, value);
}

void *map_get(const struct map *m, struct str key)
{
    const struct map_slot *slot = slot_find(m, text_hash(m, key), key);

    return slot ? slot->value : NULL;
}

void *map_remove(struct map *m, struct str key)
{
    return slot_remove(m, slot_find(m, text_hash(m, key), key));
}

void *map_put_u64(struct map *m, uint64_t key, void *value)
{
    return slot_put(m, number_hash(m, key), (struct str){NULL, key}, value);
}

void *map_get_u64(const struct map *m, uint64_t key)
{
    const struct map_slot *slot = slot_find(m, number_hash(m, key), (struct str){NULL, key});

    return slot ? slot->value : NULL;
}

void *map_remove_u64(struct map *m, uint64_t key)
{
    return slot_remove(m, slot_find(m, number_hash(m, key), (struct str){NULL, key}));
}

void *map_next(const struct map *m, size_t *at)
{
    while (*at < m->cap) {
        const struct map_slot *slot = &m->v[(*at)++];

        if (slot->hash >= HASH_LIVE)
            return slot->value;
    }
    return NULL;
}
