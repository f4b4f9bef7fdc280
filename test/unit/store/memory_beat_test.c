// memory_beat_test.c - the beat of a node with delays, without hearing, cut off; what is on its way
// when it freezes.
// SPDX-License-Identifier: Apache-2.0
#include "store/memory_beat.h"

#include "base/mem.h"
#include "store/memory_store.h"
#include "unit.h"

#define MS INT64_C(1000)
#define LEASE_US (5000 * MS)

struct fixture {
    struct memory_data *data;
    struct sim_clock clock;
    struct loop *loop; // of all
    struct store *a, *b;
    int news, losses, clocks;
    wall told;
    mono when;
};

static void on_news(const struct store_news *news, void *ctx)
{
    (void)news;
    ((struct fixture *)ctx)->news++;
}

static void on_lost(const struct err *why, void *ctx)
{
    assert_int_equal(why->code, ERR_STORE);
    ((struct fixture *)ctx)->losses++;
}

static void on_clock(wall at, mono when, void *ctx)
{
    struct fixture *f = ctx;

    f->clocks++;
    f->told = at;
    f->when = when;
}

static enum store_last on_job(const struct job_row *row, void *ctx)
{
    (void)row;
    (void)ctx;
    return STORE_LAST_NONE;
}

static struct store *join(struct fixture *f, const char *name)
{
    const struct memory_node_options options = {
        .name = str_of(name), .on_clock = on_clock, .ctx = f};
    struct store_load load = {.on_job = on_job};
    struct store *store;
    struct err e;

    assert_true(memory_store_join(f->loop, f->data, &f->clock.base, &options, &store, &e));
    assert_true(store_load(store, &load, &e));
    return store;
}

static void run_for(struct fixture *f, int64_t us)
{
    for (int64_t i = 0; i < us; i += MS) {
        while (loop_turn(f->loop, 0) > 0)
            ;
        sim_clock_advance(&f->clock, MS);
    }
    while (loop_turn(f->loop, 0) > 0)
        ;
}

static int setup(void **state)
{
    struct fixture *f = mem_alloc(sizeof *f);
    const struct store_watch watch = {on_news, on_lost, f};
    struct err e;

    f->data = memory_data_new();
    sim_clock_init(&f->clock, (wall){1000 * LEASE_US});
    f->loop = loop_new(&f->clock.base, &e);
    f->a = join(f, "a");
    f->b = join(f, "b");
    store_watch(f->a, &watch);
    run_for(f, 1100 * MS);
    f->news = 0; // but for the coming of b
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    store_close(f->a);
    store_close(f->b);
    loop_free(f->loop);
    memory_data_free(f->data);
    free(f);
    return 0;
}

static void edit(struct fixture *f)
{
    struct job_row row = {.name = STR_LIT("x"), .spec = STR_LIT("{}")};

    store_put_job(f->b, &row, STORE_ANY, NULL, NULL);
}

static void test_heard_at_once(void **state)
{
    struct fixture *f = *state;

    edit(f);
    run_for(f, 2 * MS);
    assert_int_equal(f->news, 1);
    memory_store_deafen(f->a, true);
    edit(f);
    run_for(f, 2 * MS);
    assert_int_equal(f->news, 1);
    run_for(f, 1000 * MS);
    assert_int_equal(f->news, 2);
}

// While a beat is under way, whatever is heard makes another behind it.
static void test_heard_meanwhile(void **state)
{
    struct fixture *f = *state;

    memory_store_delay_beats(f->a, 0, 100 * MS);
    edit(f);
    run_for(f, 50 * MS);
    edit(f);
    run_for(f, 60 * MS);
    assert_int_equal(f->news, 1);
    run_for(f, 110 * MS);
    assert_int_equal(f->news, 2);
}

// The lease is trusted for four fifths of it from when its renewal was sent, not from its answer.
static void test_trust(void **state)
{
    struct fixture *f = *state;

    memory_store_delay(f->a, 300 * MS, 400 * MS);
    run_for(f, 1700 * MS); // sent at 1000 ms of the first second, answered 700 ms later
    memory_store_cut(f->a, true);
    int64_t left = 0;

    while (store_may_start(f->a) && left < 2 * LEASE_US) {
        run_for(f, 100 * MS);
        left += 100 * MS;
    }
    assert_in_range(left, 3000 * MS, 3500 * MS);
    assert_int_equal(f->losses, 0);
    run_for(f, LEASE_US); // b has buried it meanwhile
    memory_store_cut(f->a, false);
    run_for(f, 2000 * MS);
    assert_int_equal(f->losses, 1);
    assert_false(store_may_start(f->a));
}

static void on_nodes(const struct err *err, const struct store_node *nodes, size_t count, void *ctx)
{
    (void)nodes;
    *(int *)ctx = err ? -(int)err->code : (int)count;
}

static void test_cut(void **state)
{
    struct fixture *f = *state;
    struct store_stats stats;
    int told = 0;

    memory_store_cut(f->a, true);
    store_read_nodes(f->a, on_nodes, &told);
    edit(f);
    run_for(f, 2000 * MS);
    assert_int_equal(told, -ERR_STORE);
    assert_int_equal(f->news, 0);
    store_set_job_state(f->a, 1, JOB_DELETED, false, NULL, NULL);
    run_for(f, 2 * MS);
    store_stats(f->a, &stats);
    assert_int_equal(stats.last_failure.code, ERR_STORE);
    memory_store_cut(f->a, false);
    store_read_nodes(f->a, on_nodes, &told);
    run_for(f, 1000 * MS);
    assert_int_equal(told, 2);
    assert_int_equal(f->news, 1);
    assert_int_equal(f->losses, 0); // it was there all the time, as far as anybody knows
}

// What a node has sent before it freezes arrives; the answer waits for it.
static void test_land(void **state)
{
    struct fixture *f = *state;
    struct job_row row = {.name = STR_LIT("y"), .spec = STR_LIT("{}")};
    int told = 0;

    memory_store_delay(f->b, 500 * MS, 500 * MS);
    store_put_job(f->b, &row, STORE_CREATE, NULL, NULL);
    memory_store_land(f->b);
    memory_store_land(f->b); // there is no more
    run_for(f, 2 * MS);
    assert_int_equal(f->news, 1);
    store_read_nodes(f->b, on_nodes, &told);
    run_for(f, 600 * MS);
    assert_int_equal(told, 2);
}

static void test_clock(void **state)
{
    struct fixture *f = *state;

    memory_store_delay(f->a, 40 * MS, 40 * MS);
    memory_store_delay(f->b, 10000 * MS, 0);
    f->clocks = 0;
    run_for(f, 1100 * MS);
    assert_int_equal(f->clocks, 1);
    int64_t start = f->clock.wall_us - f->clock.mono_us;

    assert_in_range(f->when.us + start, f->told.us - MS, f->told.us + MS);
}

// A store of its own says nothing of nodes.
static void test_alone(void **state)
{
    struct fixture *f = *state;
    struct store *alone = memory_store_new(f->loop);

    assert_false(store_has_nodes(alone));
    assert_true(store_may_start(alone));
    store_own(alone, 3);
    store_release(alone);
    store_tell(alone, 1, 2, 3);
    store_close(alone);
}

// The parts, as the store uses them.
static void test_parts(void **state)
{
    struct fixture *f = *state;
    struct memory_beat b = {.loop = f->loop, .data = f->data};
    const struct memory_node_options options = {.name = STR_LIT("c"), .lease_us = LEASE_US};
    struct arena *arena = arena_new(100);
    struct store_members members;
    int64_t id, orphaned;
    struct err e;

    assert_true(memory_epoch_join(f->data, &options, &id, &orphaned, &e));
    memory_beat_begin(&b, &options, id);
    assert_true(memory_beat_may_start(&b));
    memory_beat_load(&b, arena, &members);
    assert_int_equal(members.node_count, 3);
    assert_int_equal(members.self, id);
    b.commit_us = 10 * MS;
    run_for(f, 1005 * MS);
    assert_int_equal(b.phase, BEAT_SENT);
    memory_beat_land(&b);
    assert_int_equal(b.phase, BEAT_DONE);
    memory_beat_end(&b);
    memory_epoch_leave(f->data, id);
    arena_free(arena);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_heard_at_once), TEST(test_heard_meanwhile), TEST(test_trust), TEST(test_cut),
        TEST(test_land),          TEST(test_clock),           TEST(test_alone), TEST(test_parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
