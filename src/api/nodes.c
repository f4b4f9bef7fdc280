// nodes.c - nodes over HTTP: who is there, and draining one.
//
// What a node says of itself is read from the store, as it has told it with its last renewal; of
// ourselves we know better. A belfry that is alone has no such rows, and tells of itself.
// SPDX-License-Identifier: Apache-2.0
#include "api/handlers.h"

#include "api/call.h"
#include "api/node_models.h"
#include "job/tags.h"
#include "time/iso8601.h"

#define NODES_MAX 64 // that are there at a time

// How many jobs each node has.
struct owners {
    int64_t ids[NODES_MAX];
    int64_t jobs[NODES_MAX];
    size_t count;
};

static void drained(const struct store_answer *answer, void *ctx);
static void one_read(const struct err *err, const struct store_node *nodes, size_t count,
                     void *ctx);

static const struct store_node *self_of(const struct call *call)
{
    const struct store_members *members = sched_members(call->api->o.sched);

    for (size_t i = 0; members && i < members->node_count; i++)
        if (members->nodes[i].id == members->self)
            return &members->nodes[i];
    return NULL;
}

// ---- telling ----

static void owners_count(const struct sched *sched, struct owners *ret)
{
    const struct store_members *members = sched_members(sched);

    *ret = (struct owners){.ids = {0}, .count = 1};
    if (!members) {
        ret->jobs[0] = (int64_t)sched_count(sched);
        return;
    }
    ret->count = members->node_count;
    for (size_t i = 0; i < members->node_count; i++)
        ret->ids[i] = members->nodes[i].id;
    sched_owned(sched, ret->jobs);
}

// Of a node that is not among the members yet, none.
static int64_t jobs_of(const struct owners *owners, int64_t id)
{
    for (size_t i = 0; i < owners->count; i++)
        if (owners->ids[i] == id)
            return owners->jobs[i];
    return 0;
}

static void moment_write(struct json_write *w, const char *key, wall at)
{
    struct buf text;

    json_write_key(w, key);
    if (at.us == 0) {
        json_write_null(w);
        return;
    }
    buf_init(&text, 64);
    iso8601_write(at, NULL, &text);
    json_write_str(w, buf_str(&text));
    buf_done(&text);
}

static void text_write(struct json_write *w, const char *key, struct str text)
{
    json_write_key(w, key);
    if (text.len > 0)
        json_write_str(w, text);
    else
        json_write_null(w);
}

static void int_write(struct json_write *w, const char *key, int64_t n)
{
    json_write_key(w, key);
    json_write_int(w, n);
}

static void node_write(const struct store_node *node, const struct owners *owners, bool is_self,
                       bool is_alone, struct json_write *w)
{
    json_write_object(w);
    json_write_key(w, "name");
    json_write_str(w, node->name);
    json_write_key(w, "is_self");
    json_write_bool(w, is_self);
    json_write_key(w, "state");
    json_write_text(w, node_state_names[node->state]);
    json_write_key(w, "version");
    json_write_str(w, node->version);
    text_write(w, "address", node->address);
    json_write_key(w, "tags");
    tags_write(node->tags, w);
    moment_write(w, "started_at", node->started_at);
    moment_write(w, "seen_at", node->seen_at);
    moment_write(w, "lease_until", node->lease_until);
    int_write(w, "jobs", is_alone ? owners->jobs[0] : jobs_of(owners, node->id));
    int_write(w, "running", node->running);
    int_write(w, "waiting", node->waiting);
    json_write_key(w, "late_ms");
    if (is_alone)
        json_write_null(w);
    else
        json_write_int(w, node->late_us / 1000);
    json_write_object_end(w);
}

// What we know of ourselves, where the store has no row of us.
static struct store_node lone_node(const struct call *call)
{
    const struct api_options *o = &call->api->o;
    struct sched_stats stats;

    sched_stats(o->sched, &stats);
    return (struct store_node){
        .name = str_of(o->node.name),
        .address = str_of(o->node.address),
        .version = str_of(o->version),
        .tags = str_of(o->node.tags),
        .started_at = call->api->begun_at,
        .running = (int64_t)stats.running,
        .waiting = (int64_t)stats.waiting,
    };
}

static void node_add(const struct call *call, const struct store_node *node,
                     const struct owners *owners, struct json_write *w)
{
    const struct store_node *self = self_of(call);
    struct store_node told = *node;
    struct sched_stats stats;
    bool is_self = self && self->id == node->id;

    if (is_self) {
        sched_stats(call->api->o.sched, &stats);
        told.running = (int64_t)stats.running;
        told.waiting = (int64_t)stats.waiting;
    }
    node_write(&told, owners, is_self || !self, !self, w);
}

// ---- requests ----

static void list_reply(struct call *call, const struct store_node *nodes, size_t count)
{
    const struct store_members *members = sched_members(call->api->o.sched);
    struct owners owners;
    struct json_write w;
    struct buf body;

    owners_count(call->api->o.sched, &owners);
    buf_init(&body, CALL_BODY_MAX);
    json_write_init(&w, &body);
    json_write_object(&w);
    json_write_key(&w, "epoch");
    if (members)
        json_write_int(&w, members->epoch);
    else
        json_write_null(&w);
    int_write(&w, "total", (int64_t)count);
    json_write_key(&w, "nodes");
    json_write_array(&w);
    for (size_t i = 0; i < count; i++)
        node_add(call, &nodes[i], &owners, &w);
    json_write_array_end(&w);
    json_write_object_end(&w);
    call_reply(call, 200, &body);
}

static void list_read(const struct err *err, const struct store_node *nodes, size_t count,
                      void *ctx)
{
    if (err)
        call_reply_err(ctx, err);
    else
        list_reply(ctx, nodes, count);
}

void nodes_list(struct call *call)
{
    struct store_node lone;

    if (store_has_nodes(call->api->o.store)) {
        store_read_nodes(call->api->o.store, list_read, call);
        return;
    }
    lone = lone_node(call);
    list_reply(call, &lone, 1);
}

static struct str name_of(const struct call *call)
{
    const struct node_params *params = call->params;

    return params->name;
}

static void missing_reply(struct call *call)
{
    struct err e;

    (void)fail(&e, ERR_NOT_FOUND, "name", "there is no node \"%.*s\"", STR(name_of(call)));
    (void)fail_hint(&e, "GET /api/v1/nodes lists those that there are");
    call_reply_err(call, &e);
}

static void one_reply(struct call *call, const struct store_node *node)
{
    struct owners owners;
    struct json_write w;
    struct buf body;

    owners_count(call->api->o.sched, &owners);
    buf_init(&body, CALL_BODY_MAX);
    json_write_init(&w, &body);
    node_add(call, node, &owners, &w);
    call_reply(call, 200, &body);
}

static void one_read(const struct err *err, const struct store_node *nodes, size_t count, void *ctx)
{
    struct call *call = ctx;
    size_t i = 0;

    if (err) {
        call_reply_err(call, err);
        return;
    }
    while (i < count && !str_eq(nodes[i].name, name_of(call)))
        i++;
    if (i < count)
        one_reply(call, &nodes[i]);
    else
        missing_reply(call);
}

void node_show(struct call *call)
{
    struct store_node lone;

    if (store_has_nodes(call->api->o.store)) {
        store_read_nodes(call->api->o.store, one_read, call);
        return;
    }
    lone = lone_node(call);
    one_read(NULL, &lone, 1, call);
}

static void drain(struct call *call, bool is_on)
{
    struct problem problem = PROBLEM_ALONE;

    if (store_has_nodes(call->api->o.store)) {
        store_drain(call->api->o.store, name_of(call), is_on, drained, call);
    } else if (!str_eq(name_of(call), str_of(call->api->o.node.name))) {
        missing_reply(call);
    } else {
        problem.detail =
            "This belfry has its database to itself: there is no other node that could "
            "take over";
        problem.hint = "pause the scheduler to start nothing; several nodes need PostgreSQL";
        call_reply_problem(call, &problem);
    }
}

static void away_reply(struct call *call)
{
    struct problem problem = PROBLEM_AWAY;

    problem.detail = arena_printf(call->arena,
                                  "node \"%.*s\" is away: it was stopped while runs of it go on, "
                                  "and nothing new starts there",
                                  STR(name_of(call)))
                         .p;
    problem.hint = "ask again when it is back; if it does not come back, the others have its jobs "
                   "once its lease ends";
    call_reply_problem(call, &problem);
}

// It is not one that can be drained: is it there at all?
static void refused_read(const struct err *err, const struct store_node *nodes, size_t count,
                         void *ctx)
{
    struct call *call = ctx;
    bool is_there = false;

    for (size_t i = 0; !err && i < count; i++)
        is_there |= str_eq(nodes[i].name, name_of(call));
    if (err)
        call_reply_err(call, err);
    else if (is_there)
        away_reply(call);
    else
        missing_reply(call);
}

static void drained(const struct store_answer *answer, void *ctx)
{
    struct call *call = ctx;

    if (!answer->err)
        store_read_nodes(call->api->o.store, one_read, call);
    else if (answer->err->code == ERR_NOT_FOUND)
        store_read_nodes(call->api->o.store, refused_read, call);
    else
        call_reply_err(call, answer->err);
}

void node_drain(struct call *call)
{
    drain(call, true);
}

void node_undrain(struct call *call)
{
    drain(call, false);
}
