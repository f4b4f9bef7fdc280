// pg_node.c - who we are among the belfry on a PostgreSQL schema.
// SPDX-License-Identifier: Apache-2.0
//
// PostgreSQL notices at once that a process of the same machine was killed, and after some seconds
// that a machine is gone (the keepalives of pg.c). Until then the dead one has the lock on its
// name.
#include "store/pg_node.h"

#include <inttypes.h>
#include <poll.h>

#include "store/pg_epoch.h"
#include "store/pg_migrate.h"
#include "store/store.h"
#include "store/takeover.h"

#define WAIT_TRIES 30 // together three seconds
#define WAIT_MS 100

static bool fail_held(struct pg *pg, struct str name, struct err *e)
{
    struct query *q = pg_get(pg, PG_NAME_HOLDER);
    int64_t session = 0;
    struct str from = STR_LIT("somewhere");

    query_text(q, 1, name);
    if (query_step(q) == QUERY_ROW) {
        session = column_int(q, 0);
        from = column_text(q, 1);
    }
    fail(e, ERR_BUSY, NULL,
         "\"%s\" is in use by another belfry of the same name (node %.*s, from %.*s, session "
         "%" PRId64 ")",
         pg->name, STR(name), STR(from), session);
    return fail_hint(e, "stop that one first; or give this one a name of its own, or a database or "
                        "a schema");
}

// Whether the node of that name is dead by its lease, though its session lives on.
static bool is_lapsed(struct pg *pg, struct str name)
{
    struct query *q = pg_get(pg, PG_NODE_LAPSED);
    int64_t count = 0;

    query_text(q, 1, name);
    return query_number_if(q, &count) && count > 0;
}

// Ends the session that has the lock, if it was ours or its node is dead.
static void holder_end(struct pg *pg, struct str name, int64_t own_session, bool is_dead)
{
    struct query *q = pg_get(pg, PG_NAME_HOLDER);
    int64_t session = 0;

    query_text(q, 1, name);
    if (!query_number_if(q, &session) || !session || (session != own_session && !is_dead))
        return;
    q = pg_get(pg, PG_END_SESSION);
    query_int(q, 1, session);
    (void)query_run(q);
}

bool pg_node_lock(struct pg *pg, struct str name, int64_t own_session, int64_t *ret_session,
                  struct err *e)
{
    int64_t is_ours = 0;
    bool is_dead = is_lapsed(pg, name);

    for (int i = 0; i < WAIT_TRIES && !is_ours; i++) {
        struct query *q = pg_get(pg, PG_NAME_LOCK);

        if (i > 0)
            (void)poll(NULL, 0, WAIT_MS);
        query_text(q, 1, name);
        if (!query_number(q, &is_ours))
            return pg_fail(pg, e);
        if (!is_ours)
            holder_end(pg, name, own_session, is_dead);
    }
    if (!is_ours)
        return fail_held(pg, name, e);
    return query_number(pg_get(pg, PG_SESSION), ret_session) || pg_fail(pg, e);
}

// ---- joining ----

// The row of our name before, if there is one: its runs that are kept are ours.
static bool before_take(struct pg *pg, struct pg_node *node, int64_t before)
{
    struct query *q = pg_get(pg, PG_NODE_RUNNING);
    struct pg_array kept;
    bool ok;

    query_int(q, 1, before);
    if (!query_number(q, &node->orphaned))
        return false;
    pg_array_init(&kept, PG_INT8);
    for (size_t i = 0; i < node->kept_count; i++)
        pg_array_int(&kept, node->kept[i]);
    q = pg_get(pg, PG_KEEP);
    query_int(q, 1, node->id);
    query_int(q, 2, before);
    pg_bind(q, 3, PG_INT8_ARRAY, pg_array_str(&kept));
    ok = query_run(q);
    pg_array_done(&kept);
    return ok;
}

static bool row_insert(struct pg *pg, struct pg_node *node, int64_t state)
{
    struct query *q = pg_get(pg, PG_NODE_INSERT);
    enum query_step step;

    query_text(q, 1, node->name);
    query_text(q, 2, node->address);
    query_text(q, 3, node->version);
    query_text(q, 4, node->tags);
    query_int(q, 5, state);
    query_int(q, 6, node->lease_us);
    query_int(q, 7, pg_migrate_version());
    step = query_step(q);
    if (step == QUERY_ROW) {
        node->id = column_int(q, 0);
        node->slot = (int)column_int(q, 1);
    }
    query_reset(q);
    if (step == QUERY_DONE) {
        fail(&pg->trouble, ERR_LIMIT, NULL, "\"%s\" has 64 nodes already", pg->name);
        (void)fail_hint(&pg->trouble, "stop one of them first: belfry node tells which are there");
    }
    return step == QUERY_ROW;
}

struct joining {
    struct pg_node *node;
    wall now;
};

// A node that was drained is so still when it comes back.
static bool row_change(struct pg *pg, void *ctx)
{
    const struct joining *joining = ctx;
    struct pg_node *node = joining->node;
    struct query *q = pg_get(pg, PG_NODE_BEFORE);
    int64_t before = 0, state = NODE_ACTIVE;
    enum query_step step;

    query_text(q, 1, node->name);
    step = query_step(q);
    if (step == QUERY_ROW) {
        before = column_int(q, 0);
        state = column_int(q, 1) == NODE_DRAINING ? NODE_DRAINING : NODE_ACTIVE;
    }
    query_reset(q);
    if (step == QUERY_FAILED || !query_number(db_get(&pg->base, SQL_RUN_LAST), &node->last_run_id))
        return false;
    return pg_migrate_admits(pg) && row_insert(pg, node, state) && before_take(pg, node, before) &&
           takeover_begin(&pg->base, node->id, node->version, joining->now);
}

bool pg_node_join(struct pg *pg, struct pg_node *node, wall now, struct err *e)
{
    struct joining joining = {node, now};

    node->renewed = clock_mono(clock_real());
    return pg_epoch_change(pg, 0, row_change, &joining) || pg_fail(pg, e);
}

bool pg_node_has_kept(const struct pg_node *node, int64_t run_id)
{
    bool has_kept = false;

    for (size_t i = 0; i < node->kept_count && !has_kept; i++)
        has_kept = node->kept[i] == run_id;
    return has_kept;
}

// ---- leaving ----

static bool row_leave(struct pg *pg, void *ctx)
{
    const struct pg_node *node = ctx;
    struct query *q = pg_get(pg, PG_NODE_RUNNING);
    int64_t running;

    query_int(q, 1, node->id);
    if (!query_number(q, &running))
        return false;
    q = pg_get(pg, running ? PG_NODE_AWAY : PG_NODE_LEAVE);
    query_int(q, 1, node->id);
    if (running)
        query_int(q, 2, node->lease_us);
    pg_send(q);
    return true;
}

void pg_node_leave(struct pg *pg, const struct pg_node *node, wall now)
{
    int64_t change;

    if (query_number(pg_get(pg, PG_CHANGE), &change))
        takeover_leave(&pg->base, node->id, change, now);
    (void)pg_epoch_change(pg, node->id, row_leave, (void *)(uintptr_t)node);
}

bool pg_node_exclude(struct pg *pg, struct err *e)
{
    struct query *q = pg_get(pg, PG_NODES_LIVING);
    enum query_step step;

    if (!query_run(pg_get(pg, PG_EPOCH_EXCLUDE)))
        return pg_fail(pg, e);
    step = query_step(q);
    if (step == QUERY_FAILED)
        return pg_fail(pg, e);
    if (step == QUERY_ROW) {
        fail(e, ERR_BUSY, NULL, "\"%s\" is in use by another belfry (node %.*s)", pg->name,
             STR(column_text(q, 0)));
        (void)fail_hint(e, "stop that one first; one that was killed counts as there until its "
                           "lease ends, some seconds later");
    }
    query_reset(q);
    return step == QUERY_DONE;
}
