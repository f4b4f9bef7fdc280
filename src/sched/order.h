// order.h - the jobs in the order in which they are listed: by the moment that is shown of them,
// then by name.
//
// It is kept for whoever lists jobs, and only since somebody has: until then nothing is in it, and
// a change of a job costs a look at its mark. After that a job that changes leaves its place and
// lies in a pile, at a price that does not depend on how many jobs there are; it finds its next
// place when somebody lists again.
//
// What holds a job by the clock shows it at a moment that is not its slot, or is not always. Such
// jobs are odd: they are kept beside the order, to be looked at one by one.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/str.h"
#include "base/vec.h"

struct entry;
struct order_block;

enum order_place {
    ORDER_NOWHERE, // never placed yet
    ORDER_MOVED,   // in the pile of those that have to be placed
    ORDER_ODD,
    ORDER_PLACED
};

// Where an entry is; {0} at first. For order.c; others read where.
struct order_mark {
    uint32_t where : 2; // enum order_place
    uint32_t at : 30;   // in that pile; when placed, the number of its block
};

struct order {
    bool is_kept;                 // somebody has listed jobs
    VEC_OF(struct entry *) moved; // borrowed, as all of them
    VEC_OF(struct entry *) odd;
    VEC_OF(struct order_block *) blocks; // in order: of moments first, then of those never shown
    VEC_OF(struct order_block *) numbers;
    VEC_OF(uint32_t) free_numbers;
    size_t sweep; // the block that is looked at next: has it shrunk?
};

void order_done(struct order *o);

// What is shown of the entry may be something else from now on. To be called before its slot or
// its name changes.
void order_note(struct order *o, struct entry *entry);

// The entry goes.
void order_leave(struct order *o, struct entry *entry);

// ---- for whoever lists ----

// Places an entry that is in none or in the pile: at its slot, or, when it has none that is shown,
// among those that come last. Costs a few looks at others.
void order_place(struct order *o, struct entry *entry, bool is_never);
void order_place_odd(struct order *o, struct entry *entry);

// A place between two entries.
struct order_at {
    size_t block, item;
};

// The place behind a moment and name; order_next gives the entries from there on, NULL at the end.
// Nothing may change meanwhile.
struct order_at order_seek(const struct order *o, wall after, struct str name);
struct entry *order_next(const struct order *o, struct order_at *at);
