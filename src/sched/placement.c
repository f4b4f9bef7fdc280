// placement.c - which node owns which job.
// SPDX-License-Identifier: Apache-2.0
#include "sched/placement.h"

#include <assert.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/vec.h"
#include "job/tags.h"

#define PINNED_BITS 65536

// A job of a group. Groups are trees: the one at the root speaks for its group.
struct linked {
    size_t up;    // itself: it is a root
    int64_t key;  // of a root: the smallest job id,
    uint64_t may; // the nodes that every job allows,
    int pin;      // and the first node to which one is pinned; SEAT_NOBODY: none
};

struct making {
    const struct store_members *members;
    const struct due *due;
    uint64_t hashes[PLACEMENT_NODES_MAX]; // of the nodes' names
    uint64_t active;                      // a bit a node
    VEC_OF(struct linked) linked;
    uint64_t pinned[PINNED_BITS / 64]; // a bit for what may have a pin, by a hash of the job
    struct map by_id;                  // the place of a job in linked, from 1
    struct map pools;                  // the place of the first job that names one, from 1
};

// ---- nodes ----

static uint64_t pinned_bit(int64_t job_id)
{
    return hash_mix((uint64_t)job_id) % PINNED_BITS;
}

static void making_init(struct making *m, const struct store_members *members)
{
    static const struct hash_key key = {0}; // the same everywhere

    assert(members->node_count <= PLACEMENT_NODES_MAX);
    *m = (struct making){.members = members};
    for (size_t i = 0; i < members->node_count; i++) {
        m->hashes[i] = hash_str(&key, members->nodes[i].name);
        m->active |= (uint64_t)(members->nodes[i].state == NODE_ACTIVE) << i;
    }
    for (size_t i = 0; i < members->pin_count; i++) {
        uint64_t bit = pinned_bit(members->pins[i].job_id);

        m->pinned[bit / 64] |= UINT64_C(1) << bit % 64;
    }
}

static bool is_named(const struct store_node *node, struct str words)
{
    struct str word;

    while (words.len > 0 && str_next(&words, ' ', &word))
        if (str_eq(node->name, word) || tags_have(node->tags, word))
            return true;
    return false;
}

// The nodes that a job allows.
static uint64_t allowed(const struct store_members *members, const struct job *job)
{
    uint64_t set = 0;

    if (job->spec->nodes.len == 0)
        return UINT64_MAX;
    for (size_t i = 0; i < members->node_count; i++)
        set |= (uint64_t)is_named(&members->nodes[i], job->spec->nodes) << i;
    return set;
}

// The node of a set with the highest hash.
static int highest(const struct making *m, uint64_t set, int64_t key)
{
    uint64_t mixed = hash_mix((uint64_t)key), most = 0;
    int best = SEAT_NOBODY;

    if (set != 0 && (set & (set - 1)) == 0)
        return __builtin_ctzll(set);
    for (uint64_t left = set; left != 0; left &= left - 1) {
        int node = __builtin_ctzll(left);
        uint64_t hash = hash_mix(mixed ^ m->hashes[node]);

        if (best == SEAT_NOBODY || hash > most) {
            best = node;
            most = hash;
        }
    }
    return best;
}

// ---- pins ----

static int node_of_id(const struct store_members *members, int64_t id)
{
    for (size_t i = 0; i < members->node_count; i++)
        if (members->nodes[i].id == id)
            return (int)i;
    return SEAT_NOBODY;
}

static int pin_order(const void *key, const void *pin)
{
    int64_t id = *(const int64_t *)key, other = ((const struct store_pin *)pin)->job_id;

    return id < other ? -1 : id > other;
}

static int lower(int a, int b)
{
    return a == SEAT_NOBODY || (b != SEAT_NOBODY && b < a) ? b : a;
}

// The first node on which attempts of the job are in progress.
static int pin_of(const struct making *m, int64_t job_id)
{
    const struct store_members *members = m->members;
    uint64_t bit = pinned_bit(job_id);
    const struct store_pin *end = members->pins + members->pin_count, *pin;
    int first = SEAT_NOBODY;

    if (!(m->pinned[bit / 64] >> bit % 64 & 1))
        return SEAT_NOBODY;
    pin = bsearch(&job_id, members->pins, members->pin_count, sizeof *pin, pin_order);
    while (pin && pin > members->pins && pin[-1].job_id == job_id)
        pin--;
    for (; pin && pin < end && pin->job_id == job_id; pin++)
        first = lower(first, node_of_id(members, pin->node));
    return first;
}

// ---- groups ----

static size_t linked_add(struct making *m, struct entry *entry)
{
    const struct job *job = entry->job;
    uintptr_t at = (uintptr_t)map_get_u64(&m->by_id, (uint64_t)job->id);
    size_t place = m->linked.len;

    if (at > 0)
        return at - 1;
    const struct linked linked = {place, job->id, allowed(m->members, job), pin_of(m, job->id)};

    vec_push(&m->linked, linked);
    (void)map_put_u64(&m->by_id, (uint64_t)job->id, (void *)(uintptr_t)(place + 1));
    return place;
}

static size_t root_of(struct making *m, size_t at)
{
    struct linked *v = m->linked.v;

    while (v[at].up != at) {
        v[at].up = v[v[at].up].up;
        at = v[at].up;
    }
    return at;
}

static void join(struct making *m, size_t a, size_t b)
{
    struct linked *x = &m->linked.v[root_of(m, a)], *y = &m->linked.v[root_of(m, b)];

    if (x == y)
        return;
    y->up = x->up;
    x->key = x->key < y->key ? x->key : y->key;
    x->may &= y->may;
    x->pin = lower(x->pin, y->pin);
}

static void parents_join(struct making *m, size_t at, const struct depends *depends)
{
    for (size_t i = 0; i < depends->count; i++) {
        struct entry *parent = due_find(m->due, depends->v[i].job);

        if (parent)
            join(m, at, linked_add(m, parent));
    }
}

static void pools_join(struct making *m, size_t at, const struct needs *needs)
{
    for (size_t i = 0; i < needs->count; i++) {
        uintptr_t first = (uintptr_t)map_get(&m->pools, needs->pools[i].pool);

        if (first > 0)
            join(m, at, first - 1);
        else
            (void)map_put(&m->pools, needs->pools[i].pool, (void *)(uintptr_t)(at + 1));
    }
}

static bool has_pools(const struct job *job)
{
    return job->spec->needs && job->spec->needs->count > 0;
}

static void groups_make(struct making *m)
{
    struct entry *entry;

    for (size_t at = 0; (entry = radix_next(&m->due->by_id, &at));) {
        if (!entry->is_linked)
            continue;
        size_t place = linked_add(m, entry);

        if (entry->job->depends)
            parents_join(m, place, entry->job->depends);
        if (has_pools(entry->job))
            pools_join(m, place, entry->job->spec->needs);
    }
}

// ---- seats ----

// What decides where a job goes.
struct grounds {
    int64_t key;
    uint64_t may; // nodes that it, or its group, allows
    int pin;      // its own; SEAT_NOBODY: none
    int group_pin;
};

static void seat_make(const struct making *m, const struct grounds *g, struct seat *ret_seat)
{
    uint64_t eligible = g->may & m->active;
    int wanted = highest(m, eligible != 0 ? eligible : m->active, g->key);
    int node = g->pin != SEAT_NOBODY ? g->pin : g->group_pin != SEAT_NOBODY ? g->group_pin : wanted;
    bool is_eligible = node != SEAT_NOBODY && (eligible >> node & 1);

    *ret_seat = (struct seat){
        .node = (int16_t)node,
        .is_ours = node != SEAT_NOBODY && m->members->nodes[node].id == m->members->self,
        .is_leaving =
            node != SEAT_NOBODY && !is_eligible && (eligible != 0 || !(m->active >> node & 1)),
        .is_nowhere = eligible == 0 && m->active != 0,
        .is_guest = g->pin != SEAT_NOBODY && node != wanted,
    };
}

static void seat_of(struct making *m, const struct entry *entry, struct seat *ret_seat)
{
    const struct job *job = entry->job;
    uintptr_t at = m->by_id.len > 0 ? (uintptr_t)map_get_u64(&m->by_id, (uint64_t)job->id) : 0;
    struct grounds g;

    if (at > 0) {
        const struct linked *root = &m->linked.v[root_of(m, at - 1)];

        g = (struct grounds){root->key, root->may, pin_of(m, job->id), root->pin};
    } else {
        g = (struct grounds){job->id, entry->is_choosy ? allowed(m->members, job) : UINT64_MAX,
                             pin_of(m, job->id), SEAT_NOBODY};
    }
    seat_make(m, &g, ret_seat);
}

void placement_make(const struct store_members *members, const struct due *due, placement_fn *fn,
                    void *ctx)
{
    struct entry *entry;
    struct making m;
    struct seat seat;

    making_init(&m, members);
    m.due = due;
    map_init(&m.by_id);
    map_init(&m.pools);
    groups_make(&m);
    for (size_t at = 0; (entry = radix_next(&due->by_id, &at));) {
        seat_of(&m, entry, &seat);
        fn(entry, &seat, ctx);
    }
    map_done(&m.by_id);
    map_done(&m.pools);
    vec_done(&m.linked);
}

void placement_single(const struct store_members *members, const struct job *job,
                      struct seat *ret_seat)
{
    struct making m;

    making_init(&m, members);
    seat_make(&m, &(struct grounds){job->id, allowed(members, job), SEAT_NOBODY, SEAT_NOBODY},
              ret_seat);
}

bool placement_moves(const struct due *due, const struct job *job)
{
    size_t count;

    (void)followers_of(&due->followers, job->name, &count);
    return job->spec->nodes.len > 0 || job->depends || has_pools(job) || count > 0;
}

int placement_duties(const struct store_members *members)
{
    for (size_t i = 0; i < members->node_count; i++)
        if (members->nodes[i].state == NODE_ACTIVE)
            return (int)i;
    return SEAT_NOBODY;
}
