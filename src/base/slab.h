// slab.h - many things of one size that come and go: each is taken from a block of many.
//
// malloc joins neighbours that are free and parts them again, which touches both; for what is made
// and ended a hundred thousand times a second that is much of the work. Here what is given back
// lies ready for the next one. Memory is as much as there has been at once since nothing at all was
// taken; then it is one block at most.
//
// Under AddressSanitizer each thing is an allocation of its own, so that it is watched.
#pragma once

#include <stddef.h>

struct slab_block;
struct slab_item;

struct slab {
    size_t size;              // of one thing, rounded up
    size_t taken;             // things that are in use
    struct slab_item *ready;  // given back, the latest first
    struct slab_block *block; // the newest, whose things are not all taken yet
    size_t next;              // of them
};

void slab_init(struct slab *s, size_t size);
void slab_done(struct slab *s); // nothing is taken any more

// Zeroed memory for one thing.
[[nodiscard]] void *slab_take(struct slab *s);
void slab_give(struct slab *s, void *thing); // accepts NULL
