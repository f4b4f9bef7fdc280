// memory_members_test.c - rows of nodes: who is there, and whose lease holds.
// SPDX-License-Identifier: Apache-2.0
#include "store/memory_members.h"

#include "unit.h"

static void test_rows(void **state)
{
    struct sim_clock clock;
    struct memory_members m = {.clock = &clock.base, .epoch = 4};
    struct store_node is = {.name = STR_LIT("zoe"), .tags = STR_LIT("fast")};
    struct store_members members;
    struct arena *arena = arena_new(1024);
    struct request *list = request_read_nodes();

    (void)state;
    sim_clock_init(&clock, (wall){1000});
    struct memory_node *zoe = memory_node_add(&m, &is, 500);

    is.name = STR_LIT("anna");
    struct memory_node *anna = memory_node_add(&m, &is, 900);

    assert_int_equal(zoe->is.slot, 0);
    assert_int_equal(anna->is.slot, 1);
    assert_int_equal(anna->is.lease_until.us, 1900);
    assert_ptr_equal(memory_node_named(&m, STR_LIT("anna")), anna);
    assert_null(memory_node_named(&m, STR_LIT("an")));
    vec_push(&m.pins, ((struct store_pin){7, anna->is.id}));
    memory_members_read(&m, zoe->is.id, arena, &members);
    assert_int_equal(members.epoch, 4);
    assert_int_equal(members.self, zoe->is.id);
    assert_int_equal(members.node_count, 2);
    assert_int_equal(members.pins[0].job_id, 7);
    memory_members_list(&m, list);
    assert_int_equal(list->page_count, 2);
    assert_true(str_eq(list->nodes[0].name, STR_LIT("anna")));

    sim_clock_advance(&clock, 500);
    assert_false(memory_node_counts(&m, zoe->is.id)); // over at that moment
    assert_true(memory_node_counts(&m, anna->is.id));
    int64_t gone = zoe->is.id;

    memory_node_remove(&m, zoe);
    assert_null(memory_node_find(&m, gone));
    assert_false(memory_node_counts(&m, gone));
    assert_ptr_equal(memory_node_find(&m, anna->is.id), anna);
    assert_true(str_eq(members.nodes[0].name, STR_LIT("zoe"))); // a copy
    is.name = STR_LIT("berta");
    struct memory_node *berta = memory_node_add(&m, &is, 500);

    assert_int_equal(berta->is.slot, 0);     // is free again,
    assert_true(berta->is.id > anna->is.id); // but never the number
    request_free(list);
    arena_free(arena);
    memory_members_done(&m);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
