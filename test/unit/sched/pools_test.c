// pools_test.c - pools: read, kept in the store, in step with the room of all, removed.
// SPDX-License-Identifier: Apache-2.0
#include "sched/pools.h"

#include "fixture.h"

struct heard {
    int count, changes;
    enum err_code code;
    char message[480], field[96];
    const char *user; // a job that uses any pool; NULL: none
};

struct lake {
    struct fixture f;
    struct room room;
    struct pools p;
    struct heard heard;
};

static void done(const struct err *err, const struct pool *pool, void *ctx)
{
    struct heard *heard = ctx;

    (void)pool;
    heard->count++;
    heard->code = err ? err->code : ERR_NONE;
    snprintf(heard->message, sizeof heard->message, "%s", err ? err->message : "");
    snprintf(heard->field, sizeof heard->field, "%s", err ? err->field : "");
}

static void changed(void *ctx)
{
    ((struct heard *)ctx)->changes++;
}

static const char *user(struct str pool, size_t *at, void *ctx)
{
    struct heard *heard = ctx;

    (void)pool;
    return (*at)++ < 5 ? heard->user : NULL;
}

static void lake_open(struct lake *l)
{
    *l = (struct lake){0};
    fixture_open(&l->f);
    room_init(&l->room);
    pools_init(&l->p, l->f.store, &l->room);
    l->p.user = user;
    l->p.changed = changed;
    l->p.ctx = &l->heard;
}

static void lake_close(struct lake *l)
{
    pools_done(&l->p);
    room_done(&l->room);
    memory_store_crash(l->f.store);
    fixture_close(&l->f);
}

static enum err_code put(struct lake *l, const char *name, const char *definition, int expect)
{
    json_t *value = json_loads(definition, 0, NULL);
    int before = l->heard.count;

    pools_put(&l->p, str_of(name), value, expect, (wall){T0}, done, &l->heard);
    fixture_settle(&l->f);
    assert_int_equal(l->heard.count, before + 1);
    json_decref(value);
    return l->heard.code;
}

static enum err_code delete (struct lake *l, const char *name) {
    pools_delete(&l->p, str_of(name), done, &l->heard); fixture_settle(&l->f); return l->heard.code;
}

static void test_definitions(void **state)
{
    static const struct {
        const char *definition, *field; // field: of the complaint; NULL: it is good
        int64_t slots, count;
    } rows[] = {
        {"{\"slots\":4}", NULL, 4, 0},
        {"{\"slots\":0}", NULL, 0, 0},
        {"{\"slots\":4,\"rate\":\"10/m\",\"description\":\"x\"}", NULL, 4, 10},
        {"{\"slots\":null,\"rate\":\"10/m\"}", NULL, ROOM_NO_LIMIT, 10},
        {"{\"slots\":4,\"rate\":null}", NULL, 4, 0},
        {"{}", "slots", 0, 0},
        {"{\"slots\":null}", "slots", 0, 0},
        {"{\"slots\":-1}", "slots", 0, 0},
        {"{\"slots\":100001}", "slots", 0, 0},
        {"{\"slots\":1.5}", "slots", 0, 0},
        {"{\"slots\":4,\"rate\":\"x\"}", "rate", 0, 0},
        {"{\"slots\":4,\"rate\":7}", "rate", 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct lake l;

        lake_open(&l);
        assert_int_equal(put(&l, "db", rows[i].definition, STORE_ANY),
                         rows[i].field ? ERR_INPUT : ERR_NONE);
        assert_string_equal(l.heard.field, rows[i].field ? rows[i].field : "");
        const struct pool *pool = pools_find(&l.p, STR_LIT("db"));

        assert_int_equal(pool == NULL, rows[i].field != NULL);
        assert_int_equal(l.heard.changes, rows[i].field == NULL);
        if (pool) {
            assert_int_equal(pool->slots, rows[i].slots);
            assert_int_equal(pool->throttle.count, rows[i].count);
            assert_int_equal(room_pool(&l.room, STR_LIT("db"))->slots, rows[i].slots);
        }
        lake_close(&l);
    }
}

static void load(const struct store_calendar *row, void *ctx)
{
    pools_load(ctx, row);
}

static void test_kept(void **state)
{
    struct store_load all = {.on_calendar = load};
    struct pools again;
    struct room room;
    struct err e;
    struct lake l;

    (void)state;
    lake_open(&l);
    assert_int_equal(put(&l, "net", "{\"slots\":1}", STORE_CREATE), ERR_NONE);
    assert_int_equal(put(&l, "db", "{\"slots\":2}", STORE_CREATE), ERR_NONE);
    assert_int_equal(put(&l, "db", "{\"slots\":2}", STORE_CREATE), ERR_EXISTS);
    assert_int_equal(put(&l, "db", "{\"slots\":3}", 7), ERR_CONFLICT);
    assert_int_equal(put(&l, "db", "{\"slots\":3}", 1), ERR_NONE);
    assert_int_equal(put(&l, "d b", "{\"slots\":3}", 1), ERR_INPUT);
    assert_int_equal(l.p.all.len, 2);
    assert_int_equal(l.p.all.v[0]->row.version, 2); // by name
    room_init(&room);
    pools_init(&again, l.f.store, &room);
    all.ctx = &again;
    assert_true(store_load(l.f.store, &all, &e));
    assert_int_equal(again.all.len, 2);
    assert_int_equal(room_pool(&room, STR_LIT("db"))->slots, 3);
    // One that cannot be read lets nothing through.
    const struct store_calendar spoiled[] = {
        {.kind = STORE_POOL, .name = STR_LIT("a"), .body = STR_LIT("{")},
        {.kind = STORE_POOL, .name = STR_LIT("b"), .body = STR_LIT("{\"rate\":\"new\"}")}};

    for (size_t i = 0; i < COUNT(spoiled); i++) {
        pools_load(&again, &spoiled[i]);
        assert_non_null(pools_find(&again, spoiled[i].name)->fault);
        assert_int_equal(room_pool(&room, spoiled[i].name)->slots, 0);
    }
    pools_done(&again);
    room_done(&room);
    lake_close(&l);
}

static void test_removed(void **state)
{
    struct lake l;

    (void)state;
    lake_open(&l);
    assert_int_equal(delete (&l, "db"), ERR_NOT_FOUND);
    assert_int_equal(put(&l, "db", "{\"slots\":2}", STORE_CREATE), ERR_NONE);
    l.heard.user = "backup";
    assert_int_equal(delete (&l, "db"), ERR_IN_USE);
    assert_non_null(strstr(l.heard.message, "5 jobs: backup, backup, backup and 2 more"));
    l.heard.user = NULL;
    memory_store_fail(l.f.store, 1);
    assert_int_equal(delete (&l, "db"), ERR_STORE);
    assert_non_null(pools_find(&l.p, STR_LIT("db")));
    assert_int_equal(delete (&l, "db"), ERR_NONE);
    assert_null(pools_find(&l.p, STR_LIT("db")));
    assert_null(room_pool(&l.room, STR_LIT("db")));
    lake_close(&l);
}

// What another node has left: what was written later than ours is in force, what is not there is
// gone.
static void test_sync(void **state)
{
    struct store_calendar rows[] = {
        {.kind = STORE_POOL, .name = STR_LIT("db"), .body = STR_LIT("{\"slots\":2}"), .version = 1},
        {.kind = STORE_POOL,
         .name = STR_LIT("net"),
         .body = STR_LIT("{\"slots\":3}"),
         .version = 1},
        {.kind = STORE_FREEZE, .name = STR_LIT("db"), .body = STR_LIT("{}")},
    };
    struct lake l;

    (void)state;
    lake_open(&l);
    pools_sync(&l.p, rows, 2);
    assert_int_equal(l.heard.changes, 1);
    assert_int_equal(room_pool(&l.room, STR_LIT("db"))->slots, 2);
    pools_sync(&l.p, rows, 2);
    assert_int_equal(l.heard.changes, 1);
    rows[0].body = STR_LIT("{\"slots\":5}");
    rows[0].updated_at.us++;
    pools_sync(&l.p, (struct store_calendar[]){rows[0], rows[2]}, 2);
    assert_int_equal(l.heard.changes, 2);
    assert_int_equal(pools_find(&l.p, STR_LIT("db"))->slots, 5);
    assert_null(pools_find(&l.p, STR_LIT("net")));
    assert_null(room_pool(&l.room, STR_LIT("net")));
    rows[0].body = STR_LIT("{\"slots\":1}");
    rows[0].updated_at.us--; // of before
    pools_sync(&l.p, rows, 1);
    assert_int_equal(pools_find(&l.p, STR_LIT("db"))->slots, 5);
    lake_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sync),
        cmocka_unit_test(test_definitions),
        cmocka_unit_test(test_kept),
        cmocka_unit_test(test_removed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
