// map.c - open addressing, linear probing, tombstones.
// SPDX-License-Identifier: Apache-2.0
#include "base/map.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/rand.h"

#define HASH_EMPTY 0
#define HASH_DEAD 1
#define HASH_LIVE (UINT32_C(1) << 31) // set in the hash of every live entry

// A slot without its value.
static struct map_slot text_key(const struct map *m, struct str key)
{
    assert(key.len <= UINT32_MAX);
    return (struct map_slot){.hash = (uint32_t)hash_str(&m->key, key) | HASH_LIVE,
                             .len = (uint32_t)key.len,
                             .text = key.len > 0 ? key.p : NULL};
}

static struct map_slot number_key(const struct map *m, uint64_t key)
{
    uint64_t hash = hash_mix(hash_mix(key ^ m->key.k0) ^ m->key.k1);

    return (struct map_slot){.hash = (uint32_t)hash | HASH_LIVE, .number = key};
}

// Of a number, len is 0 and the number stands where a text would.
static bool key_eq(const struct map_slot *a, const struct map_slot *b)
{
    return a->hash == b->hash && a->len == b->len &&
           (a->number == b->number || (a->len > 0 && memcmp(a->text, b->text, a->len) == 0));
}

static struct map_slot *slot_find(const struct map *m, const struct map_slot *key)
{
    if (m->cap == 0)
        return NULL;
    for (size_t i = key->hash & (m->cap - 1);; i = (i + 1) & (m->cap - 1)) {
        struct map_slot *slot = &m->v[i];

        if (slot->hash == HASH_EMPTY)
            return NULL;
        if (key_eq(slot, key))
            return slot;
    }
}

static struct map_slot *slot_free(const struct map *m, uint32_t hash)
{
    size_t i = hash & (m->cap - 1);

    while (m->v[i].hash >= HASH_LIVE)
        i = (i + 1) & (m->cap - 1);
    return &m->v[i];
}

// A table at most half full with so many entries, without tombstones.
static void map_rebuild(struct map *m, size_t len)
{
    struct map old = *m;

    m->cap = 8;
    while (m->cap < 2 * len)
        m->cap *= 2;
    assert(m->cap <= HASH_LIVE);
    m->v = mem_array(m->cap, sizeof *m->v);
    m->dead = 0;
    for (size_t i = 0; i < old.cap; i++)
        if (old.v[i].hash >= HASH_LIVE)
            *slot_free(m, old.v[i].hash) = old.v[i];
    free(old.v);
}

static void *slot_put(struct map *m, struct map_slot key, void *value)
{
    assert(value);
    struct map_slot *slot = slot_find(m, &key);

    key.value = value;
    if (slot) {
        void *former = slot->value;

        *slot = key;
        return former;
    }
    if ((m->len + m->dead + 1) * 4 > m->cap * 3)
        map_rebuild(m, m->len + 1);
    slot = slot_free(m, key.hash);
    m->dead -= slot->hash == HASH_DEAD;
    *slot = key;
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

void map_reserve(struct map *m, size_t len)
{
    if (len * 4 > m->cap * 3)
        map_rebuild(m, len);
}

void *map_put(struct map *m, struct str key, void *value)
{
    return slot_put(m, text_key(m, key), value);
}

void map_expect(const struct map *m, struct str key)
{
    if (m->cap > 0)
        __builtin_prefetch(&m->v[text_key(m, key).hash & (m->cap - 1)], 1);
}

void *map_get(const struct map *m, struct str key)
{
    const struct map_slot wanted = text_key(m, key), *slot = slot_find(m, &wanted);

    return slot ? slot->value : NULL;
}

void *map_remove(struct map *m, struct str key)
{
    const struct map_slot wanted = text_key(m, key);

    return slot_remove(m, slot_find(m, &wanted));
}

void *map_put_u64(struct map *m, uint64_t key, void *value)
{
    return slot_put(m, number_key(m, key), value);
}

void *map_get_u64(const struct map *m, uint64_t key)
{
    const struct map_slot wanted = number_key(m, key), *slot = slot_find(m, &wanted);

    return slot ? slot->value : NULL;
}

void *map_remove_u64(struct map *m, uint64_t key)
{
    const struct map_slot wanted = number_key(m, key);

    return slot_remove(m, slot_find(m, &wanted));
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
