// pools.c - pools over HTTP.
// SPDX-License-Identifier: Apache-2.0
#include "api/handlers.h"

#include "api/call.h"
#include "api/pool_models.h"
#include "time/iso8601.h"

#define HOLDERS_MAX 100
#define USERS_MAX 1000

static void written(const struct err *err, const struct pool *pool, void *ctx);
static void removed(const struct err *err, const struct pool *pool, void *ctx);

static struct pools *pools_of(const struct call *call)
{
    return sched_pools(call->api->o.sched);
}

static struct str name_of(const struct call *call)
{
    const struct pool_params *params = call->params;

    return params->name;
}

// --- telling
// --------------------------------------------------------------------------------------------------------

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

static void rate_write(const struct pool *pool, struct json_write *w)
{
    struct buf text;

    json_write_key(w, "rate");
    if (pool->throttle.count == 0) {
        json_write_null(w);
        return;
    }
    buf_init(&text, 100);
    throttle_write(&pool->throttle, &text);
    json_write_str(w, buf_str(&text));
    buf_done(&text);
}

// others: of nodes that have jobs which need it, or NULL.
static void item_write(const struct pools *pools, const struct pool *pool,
                       const struct elsewhere *others, struct json_write *w)
{
    const struct gate *gate = room_pool(pools->room, pool->row.name);
    int64_t used = 0, waiting = 0;

    if (others)
        elsewhere_places(others, pool->row.name, &used, &waiting);

    json_write_key(w, "name");
    json_write_str(w, pool->row.name);
    json_write_key(w, "description");
    json_write_text(w, pool->description);
    json_write_key(w, "slots");
    if (pool->slots == ROOM_NO_LIMIT)
        json_write_null(w);
    else
        json_write_int(w, pool->slots);
    rate_write(pool, w);
    json_write_key(w, "used");
    json_write_int(w, used + (gate ? gate->used : 0));
    json_write_key(w, "waiting");
    json_write_int(w, waiting + (gate ? gate->waiting : 0));
    json_write_key(w, "version");
    json_write_int(w, pool->row.version);
    moment_write(w, "created_at", pool->row.created_at);
    moment_write(w, "updated_at", pool->row.updated_at);
    json_write_key(w, "fault");
    json_write_text(w, pool->fault);
}

static void holders_write(const struct call *call, const struct pool *pool, struct json_write *w)
{
    const struct waits waits = sched_waits(call->api->o.sched);
    const struct gate *gate = room_pool(waits.room, pool->row.name);
    struct waits_holder *v = arena_array(call->arena, HOLDERS_MAX, sizeof *v);
    size_t count = gate ? waits_holders(&waits, gate, HOLDERS_MAX, v) : 0;

    json_write_key(w, "held_by");
    json_write_array(w);
    for (size_t i = 0; i < count && i < HOLDERS_MAX; i++) {
        json_write_object(w);
        json_write_key(w, "job_id");
        json_write_str(w, v[i].job_name);
        json_write_key(w, "run_id");
        json_write_int(w, v[i].run_id);
        moment_write(w, "since", v[i].since);
        json_write_object_end(w);
    }
    json_write_array_end(w);
}

static void users_write(const struct pools *pools, const struct pool *pool, struct json_write *w)
{
    const char *user;
    size_t at = 0;

    json_write_key(w, "used_by");
    json_write_array(w);
    for (int i = 0; i < USERS_MAX && (user = pools->user(pool->row.name, &at, pools->ctx)); i++)
        json_write_text(w, user);
    json_write_array_end(w);
}

static void pool_reply(struct call *call, int status, const struct pool *pool)
{
    struct json_write w;
    struct buf body;

    call_etag(call, pool->row.version);
    buf_init(&body, CALL_BODY_MAX);
    json_write_init(&w, &body);
    json_write_object(&w);
    item_write(pools_of(call), pool, NULL, &w);
    holders_write(call, pool, &w);
    users_write(pools_of(call), pool, &w);
    json_write_object_end(&w);
    call_reply(call, status, &body);
}

static void list_write(struct call *call)
{
    const struct pools *pools = pools_of(call);
    struct json_write w;
    struct buf body;

    buf_init(&body, CALL_BODY_MAX);
    json_write_init(&w, &body);
    json_write_object(&w);
    json_write_key(&w, "total");
    json_write_int(&w, (int64_t)pools->all.len);
    json_write_key(&w, "pools");
    json_write_array(&w);
    for (size_t i = 0; i < pools->all.len; i++) {
        json_write_object(&w);
        item_write(pools, pools->all.v[i], call->api->pools_elsewhere, &w);
        json_write_object_end(&w);
    }
    json_write_array_end(&w);
    json_write_object_end(&w);
    call_reply(call, 200, &body);
}

void pools_list(struct call *call)
{
    elsewhere_look(call->api->pools_elsewhere, list_write, call);
}

static void missing_reply(struct call *call)
{
    struct err e;

    (void)fail(&e, ERR_NOT_FOUND, "name", "there is no pool \"%.*s\"", STR(name_of(call)));
    (void)fail_hint(&e, "GET /api/v1/pools lists those that there are");
    call_reply_err(call, &e);
}

// What it holds changes without a new version, so it is never said to be as it was.
void pool_show(struct call *call)
{
    const struct pool *pool = pools_find(pools_of(call), name_of(call));

    if (pool)
        pool_reply(call, 200, pool);
    else
        missing_reply(call);
}

// --- changing
// -------------------------------------------------------------------------------------------------------

static int version_of(const struct call *call)
{
    const struct pool *pool = pools_find(pools_of(call), name_of(call));

    return pool ? pool->row.version : 0;
}

void pool_put(struct call *call)
{
    struct call_match match = call_match(call);
    int expect = match.is_create ? STORE_CREATE : match.version > 0 ? match.version : STORE_ANY;

    if (call_match_check(call, "pool", version_of(call)))
        pools_put(pools_of(call), name_of(call), call->json, expect, clock_wall(call->api->o.clock),
                  written, call);
}

static void written(const struct err *err, const struct pool *pool, void *ctx)
{
    struct call *call = ctx;

    if (!err) {
        pool_reply(call, pool->row.version == 1 ? 201 : 200, pool);
    } else if (err->code == ERR_INPUT) {
        struct str loc = model_loc(call->arena, STR_LIT("\"body\""), str_of(err->field));

        (void)model_complain_err(call->issues, loc, json_object_get(call->json, err->field), err);
        call_reply_issues(call);
    } else if (err->code == ERR_CONFLICT || err->code == ERR_EXISTS || err->code == ERR_NOT_FOUND) {
        call_reply_mismatch(call, "pool", version_of(call));
    } else {
        call_reply_err(call, err);
    }
}

void pool_delete(struct call *call)
{
    int version = version_of(call);

    if (version == 0)
        missing_reply(call);
    else if (call_match_check(call, "pool", version))
        pools_delete(pools_of(call), name_of(call), removed, call);
}

static void removed(const struct err *err, const struct pool *pool, void *ctx)
{
    struct call *call = ctx;

    (void)pool;
    if (!err)
        call_reply_empty(call, 204);
    else if (err->code == ERR_NOT_FOUND)
        missing_reply(call);
    else
        call_reply_err(call, err);
}
