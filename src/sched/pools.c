// pools.c - pools in memory, kept in step with the store and with the room of all.
// SPDX-License-Identifier: Apache-2.0
#include "sched/pools.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "job/needs.h"

#define USERS_TOLD 3

struct pool_write {
    struct pools *p;
    struct pool *pool; // the new one (put); its name (delete)
    pools_done_fn *done;
    void *ctx;
};

void pools_init(struct pools *p, struct store *store, struct room *room)
{
    *p = (struct pools){.store = store, .room = room};
}

static void pool_free(struct pool *pool)
{
    if (!pool)
        return;
    free((char *)pool->row.name.p);
    free((char *)pool->row.body.p);
    free(pool->description);
    free(pool->fault);
    free(pool);
}

void pools_done(struct pools *p)
{
    for (size_t i = 0; i < p->all.len; i++)
        pool_free(p->all.v[i]);
    vec_done(&p->all);
}

// ---- the list ----

static size_t place_of(const struct pools *p, struct str name, bool *ret_is_there)
{
    size_t i = 0;

    while (i < p->all.len && str_cmp(p->all.v[i]->row.name, name) < 0)
        i++;
    *ret_is_there = i < p->all.len && str_eq(p->all.v[i]->row.name, name);
    return i;
}

const struct pool *pools_find(const struct pools *p, struct str name)
{
    bool is_there;
    size_t at = place_of(p, name, &is_there);

    return is_there ? p->all.v[at] : NULL;
}

// Takes pool over; it is in force.
static void put(struct pools *p, struct pool *pool)
{
    bool is_there;
    size_t at = place_of(p, pool->row.name, &is_there);

    if (is_there) {
        pool->row.created_at = p->all.v[at]->row.created_at;
        pool_free(p->all.v[at]);
    } else {
        vec_reserve(&p->all, p->all.len + 1);
        memmove(p->all.v + at + 1, p->all.v + at, (p->all.len++ - at) * sizeof *p->all.v);
    }
    p->all.v[at] = pool;
    room_pool_put(p->room, pool->row.name, pool->slots, &pool->throttle);
}

static void removed(struct pools *p, struct str name)
{
    bool is_there;
    size_t at = place_of(p, name, &is_there);

    room_pool_remove(p->room, name);
    if (!is_there)
        return;
    pool_free(p->all.v[at]);
    memmove(p->all.v + at, p->all.v + at + 1, (--p->all.len - at) * sizeof *p->all.v);
}

// ---- definitions ----

static bool slots_read(const json_t *slots, struct pool *pool, struct err *e)
{
    json_int_t count = json_integer_value(slots);

    pool->slots = ROOM_NO_LIMIT;
    if (!slots || json_is_null(slots))
        return true;
    if (!json_is_integer(slots) || count < 0 || count > POOL_SLOTS_MAX)
        return fail(e, ERR_INPUT, "slots", "a pool has 0 to %d slots, or null: any number",
                    POOL_SLOTS_MAX);
    pool->slots = count;
    return true;
}

static bool rate_read(const json_t *rate, struct pool *pool, struct err *e)
{
    struct str text = {json_string_value(rate), json_string_length(rate)};

    if (!rate || json_is_null(rate))
        return true;
    return throttle_parse(json_is_string(rate) ? text : (struct str){0}, "rate", &pool->throttle,
                          e);
}

static bool definition_read(const json_t *definition, struct pool *pool, struct err *e)
{
    const json_t *description = json_object_get(definition, "description");

    if (json_is_string(description))
        pool->description = str_own(str_of(json_string_value(description)));
    if (!slots_read(json_object_get(definition, "slots"), pool, e) ||
        !rate_read(json_object_get(definition, "rate"), pool, e))
        return false;
    if (pool->slots == ROOM_NO_LIMIT && pool->throttle.count == 0) {
        (void)fail(e, ERR_INPUT, "slots", "a pool has slots, a rate, or both");
        return fail_hint(e, "give slots, such as 4, or rate, such as \"10/m\"");
    }
    return true;
}

static struct pool *pool_new(const struct store_calendar *row)
{
    struct pool *pool = mem_alloc(sizeof *pool);

    pool->row = *row;
    pool->row.name.p = str_own(row->name);
    pool->row.body.p = str_own(row->body);
    return pool;
}

void pools_load(struct pools *p, const struct store_calendar *row)
{
    struct pool *pool = pool_new(row);
    json_t *definition = json_loadb(row->body.p, row->body.len, 0, NULL);
    struct err e = {0};

    if (!definition)
        (void)fail(&e, ERR_STORE, NULL, "the stored text is not JSON");
    if (!definition || !definition_read(definition, pool, &e)) {
        log_error("a stored pool cannot be used and lets nothing through",
                  log_str("name", row->name), log_text("why", e.message));
        pool->fault = str_own(str_of(e.message));
        pool->slots = 0;
    }
    put(p, pool);
    json_decref(definition);
}

// ---- what others change ----

static bool is_listed(const struct pool *pool, const struct store_calendar *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].kind == STORE_POOL && str_eq(rows[i].name, pool->row.name))
            return true;
    return false;
}

// Whether what is in memory is that version, or was written later.
static bool is_known(const struct pools *p, const struct store_calendar *row)
{
    const struct pool *pool = pools_find(p, row->name);

    return pool &&
           (pool->row.updated_at.us > row->updated_at.us ||
            (pool->row.updated_at.us == row->updated_at.us && pool->row.version == row->version));
}

void pools_sync(struct pools *p, const struct store_calendar *rows, size_t count)
{
    bool is_changed = false;

    for (size_t i = 0; i < count; i++) {
        if (rows[i].kind != STORE_POOL || is_known(p, &rows[i]))
            continue;
        pools_load(p, &rows[i]);
        is_changed = true;
    }
    for (size_t i = p->all.len; i-- > 0;)
        if (!is_listed(p->all.v[i], rows, count))
            removed(p, p->all.v[i]->row.name);
    if (is_changed && p->changed)
        p->changed(p->ctx);
}

// ---- changes ----

static void write_end(struct pool_write *write, const struct err *err, const struct pool *pool)
{
    struct pools *p = write->p;

    if (err && p->trouble)
        p->trouble(err, p->ctx);
    if (write->done)
        write->done(err, pool, write->ctx);
    if (!err && p->changed)
        p->changed(p->ctx);
    pool_free(write->pool);
    free(write);
}

static void put_answered(const struct store_answer *answer, void *ctx)
{
    struct pool_write *write = ctx;
    struct pool *pool = write->pool;

    if (answer->err) {
        write_end(write, answer->err, NULL);
        return;
    }
    pool->row.version = answer->version;
    if (!is_known(write->p, &pool->row)) { // otherwise the news were here before
        put(write->p, pool);
        write->pool = NULL;
    }
    write_end(write, NULL, pools_find(write->p, pool->row.name));
}

static struct pool_write *write_new(struct pools *p, struct str name, struct str body, wall now,
                                    pools_done_fn *done, void *ctx)
{
    struct pool_write *write = mem_alloc(sizeof *write);
    const struct store_calendar row = {
        .kind = STORE_POOL, .name = name, .body = body, .created_at = now, .updated_at = now};

    *write = (struct pool_write){p, pool_new(&row), done, ctx};
    return write;
}

void pools_put(struct pools *p, struct str name, const json_t *definition, int expect, wall now,
               pools_done_fn *done, void *ctx)
{
    char *body = json_dumps(definition, JSON_COMPACT);
    struct pool_write *write = write_new(p, name, str_of(body), now, done, ctx);
    struct err e;

    free(body);
    if (!pool_name_check(name, &e) || !definition_read(definition, write->pool, &e))
        write_end(write, &e, NULL);
    else
        store_put_calendar(p->store, &write->pool->row, expect, put_answered, write);
}

static void delete_answered(const struct store_answer *answer, void *ctx)
{
    struct pool_write *write = ctx;

    if (!answer->err)
        removed(write->p, write->pool->row.name);
    write_end(write, answer->err, NULL);
}

// "a, b, c and 4 more"
static int users_print(const struct pools *p, struct str name, struct buf *out)
{
    const char *user;
    size_t at = 0;
    int count = 0;

    for (; p->user && (user = p->user(name, &at, p->ctx)); count++)
        if (count < USERS_TOLD)
            buf_printf(out, "%s%s", count > 0 ? ", " : "", user);
    if (count > USERS_TOLD)
        buf_printf(out, " and %d more", count - USERS_TOLD);
    return count;
}

static bool is_free(const struct pools *p, struct str name, struct err *e)
{
    struct buf users;

    buf_init(&users, 1000);
    int count = users_print(p, name, &users);

    if (count > 0) {
        (void)fail(e, ERR_IN_USE, "name", "the pool \"%.*s\" is used by %d job%s: %.*s", STR(name),
                   count, count == 1 ? "" : "s", STR(buf_str(&users)));
        (void)fail_hint(e, "take it out of their pools first; slots 0 closes it");
    }
    buf_done(&users);
    return count == 0;
}

void pools_delete(struct pools *p, struct str name, pools_done_fn *done, void *ctx)
{
    struct pool_write *write = write_new(p, name, (struct str){0}, (wall){0}, done, ctx);
    struct err e;

    if (!pools_find(p, name)) {
        (void)fail(&e, ERR_NOT_FOUND, "name", "there is no pool \"%.*s\"", STR(name));
        write_end(write, &e, NULL);
    } else if (!is_free(p, name, &e)) {
        write_end(write, &e, NULL);
    } else {
        store_delete_calendar(p->store, STORE_POOL, name, delete_answered, write);
    }
}
