// memory_members.h - the nodes of the reference model, as rows: who is there (nodes.h).
#pragma once

#include "base/arena.h"
#include "base/vec.h"
#include "store/nodes.h"
#include "store/request.h"

struct memory_node {
    struct store_node is; // texts owned
    int64_t lease_us;
    bool has_process; // it has neither ended nor been killed
    wall watermark;   // of its own jobs
    int64_t seen_seq; // changes of jobs that it reckons with
};

// Whoever is to hear at once of what others change.
struct memory_ear {
    int64_t node;
    void (*fn)(void *ctx);
    void *ctx;
};

// Zero is empty.
struct memory_members {
    VEC_OF(struct memory_node *) nodes; // by id
    VEC_OF(struct store_pin) pins;      // as of the epoch, by job
    VEC_OF(struct memory_ear) ears;
    const struct clock *clock; // the store's; borrowed
    int64_t last_id, epoch, low_seen;
    wall low, epoch_at;
    int64_t calendar_changes;
    bool is_release_wanted;
};

void memory_members_done(struct memory_members *m);

// NULL when it is not there any more.
struct memory_node *memory_node_find(const struct memory_members *m, int64_t id);
struct memory_node *memory_node_named(const struct memory_members *m, struct str name);

// Whether it is there and its lease holds, by the store's clock.
bool memory_node_counts(const struct memory_members *m, int64_t id);

// Texts are copied. The lowest slot that is free; a lease from now on.
struct memory_node *memory_node_add(struct memory_members *m, const struct store_node *is,
                                    int64_t lease_us);
void memory_node_remove(struct memory_members *m, struct memory_node *node);

// As of now, in arena.
void memory_members_read(const struct memory_members *m, int64_t self, struct arena *arena,
                         struct store_members *ret);

// Answers a REQUEST_READ_NODES.
void memory_members_list(const struct memory_members *m, struct request *r);
