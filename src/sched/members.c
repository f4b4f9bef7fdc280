// members.c - the nodes that share the store.
// SPDX-License-Identifier: Apache-2.0
#include "sched/members.h"

#include <string.h>

#include "base/arena.h"
#include "sched/placement.h"

void members_init(struct members *m)
{
    *m = (struct members){.has_duties = true};
}

void members_done(struct members *m)
{
    if (m->arena)
        arena_free(m->arena);
}

static const struct store_node *nodes_copy(struct arena *arena, const struct store_members *from)
{
    struct store_node *nodes = arena_array(arena, from->node_count, sizeof *nodes);

    for (size_t i = 0; i < from->node_count; i++) {
        nodes[i] = from->nodes[i];
        nodes[i].name = arena_copy(arena, nodes[i].name);
        nodes[i].address = arena_copy(arena, nodes[i].address);
        nodes[i].version = arena_copy(arena, nodes[i].version);
        nodes[i].tags = arena_copy(arena, nodes[i].tags);
    }
    return nodes;
}

void members_take(struct members *m, const struct store_members *from)
{
    struct arena *arena = arena_new(4096);
    struct store_pin *pins = arena_array(arena, from->pin_count, sizeof *pins);
    int duties = placement_duties(from);

    if (from->pin_count > 0)
        memcpy(pins, from->pins, from->pin_count * sizeof *pins);
    members_done(m);
    *m = (struct members){.arena = arena, .of = *from};
    m->of.nodes = nodes_copy(arena, from);
    m->of.pins = pins;
    for (size_t i = 0; i < from->node_count; i++)
        if (m->of.nodes[i].id == from->self)
            m->self = &m->of.nodes[i];
    m->has_duties = duties != SEAT_NOBODY && m->of.nodes[duties].id == from->self;
}

void members_seat(const struct members *m, const struct due *due, struct entry *entry)
{
    if (!members_are_several(m))
        return;
    if (placement_moves(due, entry->job))
        entry->seat = (struct seat){.node = SEAT_NOBODY};
    else
        placement_single(&m->of, entry->job, &entry->seat);
}

const struct store_node *members_owner(const struct members *m, const struct entry *entry)
{
    return members_are_several(m) && entry->seat.node != SEAT_NOBODY
               ? &m->of.nodes[entry->seat.node]
               : NULL;
}

bool members_check(const struct members *m, const struct entry *entry, struct err *e)
{
    const struct store_node *owner = members_owner(m, entry);

    if (entry->seat.is_ours)
        return true;
    if (!owner)
        return fail(e, ERR_MOVED, "job_id",
                    "no node has the job \"%.*s\" at this moment; ask again",
                    STR(entry->job->name));
    (void)fail(e, ERR_MOVED, "job_id", "the job \"%.*s\" belongs to the node %.*s",
               STR(entry->job->name), STR(owner->name));
    return fail_hint(e, "ask that node, or again");
}
