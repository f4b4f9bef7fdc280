// members.h - the nodes that share the store, as of the epoch under which we act: our own copy.
//
// What hangs on them is worked out when an epoch begins (placement.h) and lies in each job's seat.
#pragma once

#include "base/err.h"
#include "sched/due.h"
#include "store/nodes.h"

struct arena;

struct members {
    struct arena *arena;     // owns what follows; NULL: we are alone
    struct store_members of; // to be looked at only
    const struct store_node *self;
    bool has_duties; // we see to what is nobody's: the history of jobs that are gone, and the like.
                     // Who is alone has them
};

void members_init(struct members *m);
void members_done(struct members *m);

// Copies them.
void members_take(struct members *m, const struct store_members *from);

static inline bool members_are_several(const struct members *m)
{
    return m->arena != NULL;
}

// The seat of a job that has just come: where it belongs until the next epoch. If others may move
// with it, nobody acts for it before that.
void members_seat(const struct members *m, const struct due *due, struct entry *entry);

// Whether we act for a job. Otherwise ERR_MOVED, which says who does.
[[nodiscard]] bool members_check(const struct members *m, const struct entry *entry, struct err *e);

// Its owner; NULL: we are alone, or nobody has it.
const struct store_node *members_owner(const struct members *m, const struct entry *entry);
