// order.c - a sorted array in blocks, each of which some entries share.
// SPDX-License-Identifier: Apache-2.0
//
// A place costs the eight bytes of a pointer, and what its block has free. An entry knows its block
// by number, so leaving takes no search; what it is sorted by is its slot, which lies in the entry
// and does not change while it is placed. Of entries whose slot is not shown there are blocks of
// their own, behind the others. What the first of a block is sorted by stands in the block as well,
// so that finding one touches few entries. Blocks that have shrunk are joined, a pair with each
// entry placed.
#include "sched/order.h"

#include <assert.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sched/due.h"

#define BLOCK_MAX 60
#define JOIN_MAX 45 // entries of two blocks that become one

struct order_block {
    uint32_t number;
    uint16_t count; // never 0
    bool is_never;
    wall slot;     // of the first entry, as shown
    uint64_t head; // of its name
    struct entry *v[BLOCK_MAX];
};

void order_done(struct order *o)
{
    for (size_t i = 0; i < o->blocks.len; i++)
        free(o->blocks.v[i]);
    vec_done(&o->blocks);
    vec_done(&o->numbers);
    vec_done(&o->free_numbers);
    vec_done(&o->moved);
    vec_done(&o->odd);
}

// ---- what an entry is sorted by ----

// The first letters of a name, as a number of the same order.
static uint64_t name_head(struct str name)
{
    uint64_t head = 0;

    memcpy(&head, name.p, name.len < sizeof head ? name.len : sizeof head);
    return be64toh(head);
}

static wall shown(const struct order_block *b, size_t i)
{
    return b->is_never ? WALL_NEVER : b->v[i]->slot;
}

// Whether an entry of a block comes behind a moment and name.
static bool is_behind(const struct order_block *b, size_t i, wall at, struct str name)
{
    wall slot = shown(b, i);

    return slot.us != at.us ? slot.us > at.us : str_cmp(b->v[i]->job->name, name) > 0;
}

// Whether all of a block do.
static bool block_is_behind(const struct order_block *b, wall at, struct str name, uint64_t head)
{
    if (b->slot.us != at.us)
        return b->slot.us > at.us;
    return b->head != head ? b->head > head : str_cmp(b->v[0]->job->name, name) > 0;
}

static void first_has_changed(struct order_block *b)
{
    b->slot = shown(b, 0);
    b->head = name_head(b->v[0]->job->name);
}

// ---- blocks ----

static void places_open(struct order_block *b, size_t at, size_t count)
{
    memmove(b->v + at + count, b->v + at, (b->count - at) * sizeof *b->v);
    b->count = (uint16_t)(b->count + count);
}

static void places_take(struct order_block *to, size_t at, struct entry *const *entries,
                        size_t count)
{
    places_open(to, at, count);
    for (size_t i = 0; i < count; i++) {
        to->v[at + i] = entries[i];
        entries[i]->listed = (struct order_mark){ORDER_PLACED, to->number & 0x3fffffff};
    }
    if (at == 0)
        first_has_changed(to);
}

static struct order_block *block_new(struct order *o, size_t at, bool is_never)
{
    struct order_block *b = mem_alloc(sizeof *b);

    if (o->free_numbers.len == 0) {
        vec_push(&o->free_numbers, (uint32_t)o->numbers.len);
        vec_push(&o->numbers, NULL);
    }
    b->number = o->free_numbers.v[--o->free_numbers.len];
    b->is_never = is_never;
    o->numbers.v[b->number] = b;
    vec_reserve(&o->blocks, o->blocks.len + 1);
    memmove(o->blocks.v + at + 1, o->blocks.v + at, (o->blocks.len++ - at) * sizeof *o->blocks.v);
    o->blocks.v[at] = b;
    return b;
}

static void block_free(struct order *o, size_t at)
{
    struct order_block *b = o->blocks.v[at];

    o->numbers.v[b->number] = NULL;
    vec_push(&o->free_numbers, b->number);
    memmove(o->blocks.v + at, o->blocks.v + at + 1, (--o->blocks.len - at) * sizeof *o->blocks.v);
    free(b);
}

static void block_split(struct order *o, size_t at)
{
    struct order_block *b = o->blocks.v[at], *next = block_new(o, at + 1, b->is_never);
    uint16_t half = b->count / 2;

    places_take(next, 0, b->v + half, b->count - half);
    b->count = half;
}

// One pair of neighbours, a different one each time.
static void blocks_sweep(struct order *o)
{
    size_t at = o->sweep + 1 < o->blocks.len ? o->sweep : 0;
    struct order_block *a, *b;

    o->sweep = at + 1;
    if (at + 1 >= o->blocks.len)
        return;
    a = o->blocks.v[at];
    b = o->blocks.v[at + 1];
    if (a->is_never != b->is_never || a->count + b->count > JOIN_MAX)
        return;
    places_take(a, a->count, b->v, b->count);
    block_free(o, at + 1);
}

static void block_leave(struct order *o, const struct entry *entry)
{
    struct order_block *b = o->numbers.v[entry->listed.at];
    size_t i = 0, at = 0;

    while (b->v[i] != entry)
        i++;
    memmove(b->v + i, b->v + i + 1, (--b->count - i) * sizeof *b->v);
    if (b->count > 0) {
        if (i == 0)
            first_has_changed(b);
        return;
    }
    while (o->blocks.v[at] != b)
        at++;
    block_free(o, at);
}

// ---- entries ----

// Takes an entry out of a pile, which the last one fills up.
#define pile_leave(pile, entry)                               \
    do {                                                      \
        size_t pile_at = (entry)->listed.at;                  \
        (pile)->v[pile_at] = (pile)->v[--(pile)->len];        \
        (pile)->v[pile_at]->listed.at = pile_at & 0x3fffffff; \
    } while (0)

static void place_leave(struct order *o, struct entry *entry)
{
    if (entry->listed.where == ORDER_PLACED)
        block_leave(o, entry);
    else if (entry->listed.where == ORDER_ODD)
        pile_leave(&o->odd, entry);
    else if (entry->listed.where == ORDER_MOVED)
        pile_leave(&o->moved, entry);
}

void order_note(struct order *o, struct entry *entry)
{
    if (!o->is_kept || entry->listed.where == ORDER_MOVED)
        return;
    place_leave(o, entry);
    entry->listed = (struct order_mark){ORDER_MOVED, o->moved.len & 0x3fffffff};
    vec_push(&o->moved, entry);
}

void order_leave(struct order *o, struct entry *entry)
{
    place_leave(o, entry);
    entry->listed = (struct order_mark){0};
}

void order_place_odd(struct order *o, struct entry *entry)
{
    place_leave(o, entry);
    entry->listed = (struct order_mark){ORDER_ODD, o->odd.len & 0x3fffffff};
    vec_push(&o->odd, entry);
}

// ---- places ----

struct order_at order_seek(const struct order *o, wall after, struct str name)
{
    size_t low = 0, high = o->blocks.len; // the first block that begins behind
    uint64_t head = name_head(name);

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (block_is_behind(o->blocks.v[middle], after, name, head))
            high = middle;
        else
            low = middle + 1;
    }
    if (low == 0)
        return (struct order_at){0};
    const struct order_block *b = o->blocks.v[low - 1];
    size_t item = 1, end = b->count; // the first that comes behind

    while (item < end) {
        size_t middle = item + (end - item) / 2;

        if (is_behind(b, middle, after, name))
            end = middle;
        else
            item = middle + 1;
    }
    return (struct order_at){low - 1, item};
}

// A place in a block of that sort, with room.
static struct order_at place_open(struct order *o, struct order_at at, bool is_never)
{
    bool is_end = at.block < o->blocks.len && at.item == o->blocks.v[at.block]->count;

    if (is_end && o->blocks.v[at.block]->is_never != is_never)
        at = (struct order_at){at.block + 1, 0};
    if (at.block == o->blocks.len || o->blocks.v[at.block]->is_never != is_never)
        (void)block_new(o, at.block, is_never);
    if (o->blocks.v[at.block]->count < BLOCK_MAX)
        return at;
    block_split(o, at.block);
    size_t count = o->blocks.v[at.block]->count;

    return at.item <= count ? at : (struct order_at){at.block + 1, at.item - count};
}

void order_place(struct order *o, struct entry *entry, bool is_never)
{
    struct order_at at;

    assert(is_never || entry->slot.us != WALL_NEVER.us);
    place_leave(o, entry);
    at = order_seek(o, is_never ? WALL_NEVER : entry->slot, entry->job->name);
    at = place_open(o, at, is_never);
    places_take(o->blocks.v[at.block], at.item, &entry, 1);
    blocks_sweep(o);
}

struct entry *order_next(const struct order *o, struct order_at *at)
{
    while (at->block < o->blocks.len && at->item == o->blocks.v[at->block]->count)
        *at = (struct order_at){at->block + 1, 0};
    return at->block < o->blocks.len ? o->blocks.v[at->block]->v[at->item++] : NULL;
}
