// order_test.c - what was placed comes in order, whatever has come, moved and gone meanwhile.
// SPDX-License-Identifier: Apache-2.0
#include "sched/order.h"

#include "unit.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/rand.h"
#include "sched/due.h"

#define MANY 5000

struct thing {
    struct entry entry;
    struct job job;
    char name[24];
    bool is_never;
};

struct world {
    struct order order;
    struct thing *things;
    size_t count;
    struct rand_seq rand;
};

static void world_open(struct world *w, size_t count)
{
    *w = (struct world){.count = count, .things = mem_array(count, sizeof *w->things)};
    w->order.is_kept = true;
    rand_seq_init(&w->rand, 7);
    for (size_t i = 0; i < count; i++) {
        struct thing *thing = &w->things[i];

        (void)snprintf(thing->name, sizeof thing->name, "%s%zu", i % 3 ? "job" : "a-long-name-",
                       i * 7919 % 100003);
        thing->job.name = str_of(thing->name);
        thing->entry.job = &thing->job;
        thing->entry.slot = WALL_NEVER;
    }
}

static void world_close(struct world *w)
{
    order_done(&w->order);
    free(w->things);
}

static struct thing *thing_any(struct world *w)
{
    return &w->things[rand_below(&w->rand, w->count)];
}

// It has another slot from now on: one of a few, or none that is shown.
static void thing_place(struct world *w, struct thing *thing)
{
    order_note(&w->order, &thing->entry);
    thing->is_never = rand_below(&w->rand, 4) == 0;
    thing->entry.slot.us = (int64_t)rand_below(&w->rand, 9);
    order_place(&w->order, &thing->entry, thing->is_never);
    assert_int_equal(thing->entry.listed.where, ORDER_PLACED);
}

static wall shown(const struct thing *thing)
{
    return thing->is_never ? WALL_NEVER : thing->entry.slot;
}

static bool is_behind(const struct thing *thing, wall at, struct str name)
{
    return shown(thing).us != at.us ? shown(thing).us > at.us : str_cmp(thing->job.name, name) > 0;
}

static size_t placed_behind(const struct world *w, wall after, struct str name)
{
    size_t count = 0;

    for (size_t i = 0; i < w->count; i++)
        count += w->things[i].entry.listed.where == ORDER_PLACED &&
                 is_behind(&w->things[i], after, name);
    return count;
}

// What comes from a place on is in order, and is all that lies behind a moment and name.
static void order_check(const struct world *w, wall after, struct str name, struct order_at at)
{
    size_t count = placed_behind(w, after, name);
    const struct entry *entry;

    while ((entry = order_next(&w->order, &at))) {
        const struct thing *thing = (const struct thing *)entry;

        assert_true(is_behind(thing, after, name));
        after = shown(thing);
        name = thing->job.name;
        count--;
    }
    assert_int_equal(count, 0);
}

static void world_check(struct world *w)
{
    const struct thing *thing = thing_any(w);
    wall after = shown(thing), first = {INT64_MIN};
    size_t count = placed_behind(w, first, (struct str){0});

    order_check(w, first, (struct str){0}, (struct order_at){0});
    order_check(w, after, thing->job.name, order_seek(&w->order, after, thing->job.name));
    assert_true(w->order.blocks.len <= 2 + count / 12); // they are not nearly empty
}

static void test_order(void **state)
{
    struct world w;

    (void)state;
    world_open(&w, MANY);
    world_check(&w);
    for (size_t i = 0; i < MANY; i++)
        thing_place(&w, &w.things[i]);
    world_check(&w);
    for (int turn = 0; turn < 20; turn++) {
        for (int i = 0; i < 1000; i++)
            thing_place(&w, thing_any(&w));
        world_check(&w);
    }
    world_close(&w);
}

// Those that leave take no room for long.
static void test_few_are_left(void **state)
{
    struct world w;

    (void)state;
    world_open(&w, MANY);
    for (size_t i = 0; i < MANY; i++)
        thing_place(&w, &w.things[i]);
    for (size_t i = 0; i < MANY; i++)
        if (i % 50)
            order_leave(&w.order, &w.things[i].entry);
    for (size_t i = 0; i < 300; i++)
        thing_place(&w, &w.things[i % 6 * 50]);
    world_check(&w);
    for (size_t i = 0; i < MANY; i += 50)
        order_leave(&w.order, &w.things[i].entry);
    assert_int_equal(w.order.blocks.len, 0);
    thing_place(&w, &w.things[3]);
    world_check(&w);
    world_close(&w);
}

static void test_piles(void **state)
{
    struct world w;

    (void)state;
    world_open(&w, 10);
    w.order.is_kept = false;
    order_note(&w.order, &w.things[0].entry); // nobody lists yet
    assert_int_equal(w.order.moved.len, 0);
    w.order.is_kept = true;
    for (int i = 0; i < 6; i++)
        order_note(&w.order, &w.things[i].entry);
    order_note(&w.order, &w.things[0].entry);
    assert_int_equal(w.order.moved.len, 6);
    order_place_odd(&w.order, &w.things[0].entry);
    order_place_odd(&w.order, &w.things[3].entry);
    order_place_odd(&w.order, &w.things[5].entry);
    order_leave(&w.order, &w.things[1].entry);
    assert_int_equal(w.things[1].entry.listed.where, ORDER_NOWHERE);
    assert_int_equal(w.order.moved.len, 2);
    order_leave(&w.order, &w.things[0].entry);
    order_note(&w.order, &w.things[5].entry);
    assert_int_equal(w.order.odd.len, 1);
    assert_ptr_equal(w.order.odd.v[0], &w.things[3].entry);
    for (size_t i = 0; i < w.order.moved.len; i++)
        assert_int_equal(w.order.moved.v[i]->listed.at, i);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_few_are_left),
        cmocka_unit_test(test_piles),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
