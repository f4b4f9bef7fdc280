// memory_epoch.c - nodes come and go, and a new epoch begins.
//
// An epoch is what all members agree on: which nodes there are, which jobs are pinned, and up to
// where all slots have their rows (low). Each node has a watermark of its own. It is set back to
// low with each epoch: what a node gains must be planned from there, and by the next one as well if
// it dies before it could.
// SPDX-License-Identifier: Apache-2.0
#include "store/memory_epoch.h"

#include <stdlib.h>

#include "store/memory_rows.h"

#define LEASE_US INT64_C(5000000)
#define RELEASE_US INT64_C(2000000) // between two epochs that only release

static void low_take(struct memory_members *m);
static void epoch_begin(struct memory_data *data);
static int64_t node_bury(struct memory_data *data, struct memory_node *node);

// ---- coming and going ----

static void kept_take(struct memory_data *data, int64_t from, const struct memory_node *to,
                      const struct memory_node_options *options)
{
    for (size_t i = 0; i < options->kept_count; i++) {
        struct memory_run *run = memory_run_find(data, options->kept[i]);

        if (run && run->node == from && run->r.run.state == RUN_RUNNING &&
            !run_is_planned(&run->r.run))
            run->node = to->is.id;
    }
}

bool memory_epoch_join(struct memory_data *data, const struct memory_node_options *options,
                       int64_t *ret_id, int64_t *ret_orphaned, struct err *e)
{
    struct memory_members *m = &data->members;
    struct memory_node *before = memory_node_named(m, options->name), *node;
    struct store_node is = {.name = options->name,
                            .address = options->address,
                            .version = options->version,
                            .tags = options->tags};

    if (before && before->has_process && memory_node_counts(m, before->is.id))
        return fail(e, ERR_BUSY, "node", "a node \"%.*s\" is there already", STR(options->name));
    if (m->nodes.len == STORE_NODE_SLOTS)
        return fail(e, ERR_BUSY, "node", "there are %d nodes already", STORE_NODE_SLOTS);
    low_take(m);
    if (before && before->is.state == NODE_DRAINING)
        is.state = NODE_DRAINING;
    node = memory_node_add(m, &is, options->lease_us ? options->lease_us : LEASE_US);
    *ret_orphaned = 0;
    if (before) {
        kept_take(data, before->is.id, node, options);
        *ret_orphaned = node_bury(data, before);
    }
    epoch_begin(data);
    *ret_id = node->is.id;
    return true;
}

static bool has_runs(const struct memory_data *data, int64_t id)
{
    for (size_t i = 0; i < data->runs.len; i++)
        if (data->runs.v[i]->node == id && data->runs.v[i]->r.run.state == RUN_RUNNING)
            return true;
    return false;
}

void memory_epoch_crashed(struct memory_data *data, int64_t id)
{
    struct memory_node *node = memory_node_find(&data->members, id);

    if (node)
        node->has_process = false;
}

void memory_epoch_leave(struct memory_data *data, int64_t id)
{
    struct memory_node *node = memory_node_find(&data->members, id);

    memory_epoch_crashed(data, id);
    if (!node || !memory_node_counts(&data->members, id))
        return; // somebody else says what becomes of what it had
    low_take(&data->members);
    memory_runs_unplan(data);
    node->is.state = NODE_AWAY;
    if (!has_runs(data, id))
        (void)node_bury(data, node);
    epoch_begin(data);
}

// ---- while it is there ----

static bool dead_bury(struct memory_data *data)
{
    struct memory_members *m = &data->members;
    bool has_any = false;

    for (size_t i = m->nodes.len; i-- > 0;) {
        if (memory_node_counts(m, m->nodes.v[i]->is.id))
            continue;
        if (!has_any)
            low_take(m);
        has_any = true;
        (void)node_bury(data, m->nodes.v[i]);
    }
    return has_any;
}

static void epoch_next(struct memory_data *data)
{
    low_take(&data->members);
    epoch_begin(data);
}

bool memory_epoch_beat(struct memory_data *data, int64_t id, const struct memory_told *told)
{
    struct memory_members *m = &data->members;
    struct memory_node *node = memory_node_find(m, id);
    wall now = clock_wall(m->clock);

    if (!node)
        return false;
    bool was_away = !memory_node_counts(m, id);

    node->is.seen_at = now;
    node->is.lease_until = wall_after_us(now, node->lease_us);
    node->is.running = told->running;
    node->is.waiting = told->waiting;
    node->is.late_us = told->late_us;
    m->is_release_wanted = m->is_release_wanted || told->releases;
    if (!was_away && dead_bury(data))
        epoch_begin(data);
    else if (m->is_release_wanted && now.us - m->epoch_at.us >= RELEASE_US)
        epoch_next(data);
    return true;
}

bool memory_epoch_counts(const struct memory_data *data, int64_t id)
{
    return memory_node_counts(&data->members, id);
}

static void drain(struct memory_data *data, struct request *r)
{
    struct memory_node *node = memory_node_named(&data->members, r->node);
    enum store_node_state state = r->is_on ? NODE_DRAINING : NODE_ACTIVE;

    if (!node) {
        (void)request_refuse_no_node(r);
        return;
    }
    if (node->is.state == NODE_AWAY || node->is.state == state)
        return;
    node->is.state = state;
    epoch_next(data);
}

static void ears_tell(const struct memory_members *m, int64_t but)
{
    for (size_t i = 0; i < m->ears.len; i++)
        if (m->ears.v[i].node != but)
            m->ears.v[i].fn(m->ears.v[i].ctx);
}

static bool is_edit(const struct request *r)
{
    return r->kind == REQUEST_PUT_JOB || r->kind == REQUEST_SET_STATE;
}

static bool is_calendar(const struct request *r)
{
    return r->kind == REQUEST_PUT_CALENDAR || r->kind == REQUEST_DELETE_CALENDAR;
}

void memory_epoch_write(struct memory_data *data, struct request *r)
{
    struct memory_members *m = &data->members;
    struct memory_node *node = memory_node_find(m, r->self);

    if (request_is_of_epoch(r) && r->epoch && r->epoch != m->epoch) {
        (void)request_refuse_moved(r);
        return;
    }
    if (r->kind == REQUEST_DRAIN)
        drain(data, r);
    else
        memory_data_write(data, r);
    if (r->is_refused)
        return;
    if (r->kind == REQUEST_CLAIM && r->watermark.us > 0) {
        node->watermark = r->watermark;
        node->seen_seq = r->seen_seq;
    }
    if (is_edit(r) && r->job.moves)
        epoch_next(data);
    m->calendar_changes += is_calendar(r);
    if (is_edit(r) || is_calendar(r) || r->kind == REQUEST_DRAIN)
        ears_tell(m, r->self);
}

// ---- an epoch ----

// Before anybody is buried: the dead count as well. Where nobody is, it stays what it was.
static void low_take(struct memory_members *m)
{
    for (size_t i = 0; i < m->nodes.len; i++) {
        const struct memory_node *node = m->nodes.v[i];

        if (i == 0 || node->watermark.us < m->low.us)
            m->low = node->watermark;
        if (i == 0 || node->seen_seq < m->low_seen)
            m->low_seen = node->seen_seq;
    }
}

// Its runs are nobody's any more. How many those are.
static int64_t node_bury(struct memory_data *data, struct memory_node *node)
{
    int64_t orphaned = memory_runs_orphan(data, node->is.id);

    memory_node_remove(&data->members, node);
    return orphaned;
}

static int pin_order(const void *a, const void *b)
{
    const struct store_pin *x = a, *y = b;

    if (x->job_id != y->job_id)
        return x->job_id < y->job_id ? -1 : 1;
    return x->node < y->node ? -1 : x->node > y->node;
}

static void pins_take(struct memory_data *data)
{
    struct memory_members *m = &data->members;
    size_t len = 0;

    vec_clear(&m->pins);
    for (size_t i = 0; i < data->runs.len; i++) {
        const struct memory_run *run = data->runs.v[i];

        if (run->r.run.state == RUN_RUNNING && memory_node_find(m, run->node))
            vec_push(&m->pins, ((struct store_pin){run->r.run.job_id, run->node}));
    }
    if (m->pins.len > 0)
        qsort(m->pins.v, m->pins.len, sizeof *m->pins.v, pin_order);
    for (size_t i = 0; i < m->pins.len; i++)
        if (len == 0 || pin_order(&m->pins.v[len - 1], &m->pins.v[i]) != 0)
            m->pins.v[len++] = m->pins.v[i];
    m->pins.len = len;
}

// What is planned was never claimed: whoever has it now plans it anew.
static void epoch_begin(struct memory_data *data)
{
    struct memory_members *m = &data->members;

    memory_runs_unplan(data);
    pins_take(data);
    m->epoch++;
    m->epoch_at = clock_wall(m->clock);
    m->is_release_wanted = false;
    for (size_t i = 0; i < m->nodes.len; i++) {
        m->nodes.v[i]->watermark = m->low;
        m->nodes.v[i]->seen_seq = m->low_seen;
    }
    if (data->watch.on_epoch) {
        struct arena *arena = arena_new(1024);
        struct store_members members;

        memory_members_read(m, 0, arena, &members);
        data->watch.on_epoch(&members, data->watch.ctx);
        arena_free(arena);
    }
}
