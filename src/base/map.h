// map.h - a hash map from text, or from a 64-bit number, to a pointer.
//
// Open addressing with linear probing; the hash is keyed with random bits per map, so that
// strangers who choose the keys (job ids, header names) cannot make them collide. A removed entry
// leaves a tombstone, which makes removing during a walk safe; tombstones go when the table is
// rebuilt.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/str.h"

// A slot is kept small: a scheduler with a million jobs has two million of them.
struct map_slot {
    uint32_t hash; // 0: empty, 1: tombstone
    uint32_t len;  // of a text key
    union {
        const char *text;
        uint64_t number;
    };
    void *value;
};

// One map has text keys or number keys, never both. The map owns its table only: values, and the
// bytes of text keys, are borrowed and must outlive their entry (commonly the key lies in the
// value).
struct map {
    struct map_slot *v;
    size_t cap;  // 0 or a power of two
    size_t len;  // live entries
    size_t dead; // tombstones
    struct hash_key key;
};

void map_init(struct map *m);
void map_done(struct map *m);

// Makes room for so many entries at once: the table is not rebuilt until there are more.
void map_reserve(struct map *m, size_t len);

// Adds or replaces; value is not NULL. Returns the value that was replaced, or NULL. Replacing also
// replaces the borrowed key.
void *map_put(struct map *m, struct str key, void *value);

// Has the place of a key fetched, for whoever puts or gets it soon. In a large table it lies in no
// cache: who has many keys asks for several places before it needs the first.
void map_expect(const struct map *m, struct str key);

// The value, or NULL when absent. map_remove also takes the entry out.
void *map_get(const struct map *m, struct str key);
void *map_remove(struct map *m, struct str key);

// The same for a map with numbers as keys.
void *map_put_u64(struct map *m, uint64_t key, void *value);
void *map_get_u64(const struct map *m, uint64_t key);
void *map_remove_u64(struct map *m, uint64_t key);

// A walk over all entries in no meaningful order: for (size_t at = 0; (value = map_next(&m, &at));)
// ... NULL at the end. During a walk entries may be removed (any of them) and replaced, but not
// added.
void *map_next(const struct map *m, size_t *at);
