// members_test.c - our own copy of who is there.
// SPDX-License-Identifier: Apache-2.0
#include "sched/members.h"

#include "fixture.h"

static const struct store_node nodes[] = {
    {.id = 3, .slot = 1, .name = STR_LIT("a"), .tags = STR_LIT("gpu"), .state = NODE_DRAINING},
    {.id = 5, .slot = 0, .name = STR_LIT("b"), .address = STR_LIT("http://b")},
};
static const struct store_pin pins[] = {{9, 3}};

static void test_take(void **state)
{
    static const struct {
        int64_t self;
        bool has_duties;
    } rows[] = {{5, true}, {3, false}};
    struct members m;

    (void)state;
    members_init(&m);
    assert_false(members_are_several(&m));
    assert_true(m.has_duties);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct store_node copy[2] = {nodes[0], nodes[1]};
        struct store_pin pin = pins[0];
        const struct store_members from = {.epoch = 7,
                                           .self = rows[i].self,
                                           .nodes = copy,
                                           .node_count = 2,
                                           .pins = &pin,
                                           .pin_count = 1};

        members_take(&m, &from);
        memset(copy, 0, sizeof copy);
        pin = (struct store_pin){0};
        assert_true(members_are_several(&m));
        assert_int_equal(m.of.epoch, 7);
        assert_int_equal(m.self->id, rows[i].self);
        assert_int_equal(m.has_duties, rows[i].has_duties);
        assert_true(str_eq(m.of.nodes[1].address, STR_LIT("http://b")));
        assert_int_equal(m.of.pins[0].job_id, 9);
    }
    members_done(&m);
}

// Alone, all jobs are ours. Among others a new one is at once its owner's, unless others may move
// with it.
static void test_seat(void **state)
{
    const struct store_members from = {.self = 3, .nodes = nodes, .node_count = 2};
    struct members m;
    struct fixture f;
    struct due due;
    struct err e;

    (void)state;
    fixture_open(&f);
    due_init(&due);
    members_init(&m);
    struct job *job = fixture_job(&f, "x", EVERY_10);

    job->id = 1;
    struct entry *entry = due_add(&due, job);

    members_seat(&m, &due, entry);
    assert_true(entry->seat.is_ours);
    assert_null(members_owner(&m, entry));
    assert_true(members_check(&m, entry, &e));
    members_take(&m, &from);
    members_seat(&m, &due, entry);
    assert_false(entry->seat.is_ours);
    assert_int_equal(members_owner(&m, entry)->id, 5);
    assert_false(members_check(&m, entry, &e));
    assert_int_equal(e.code, ERR_MOVED);
    assert_string_equal(e.message, "the job \"x\" belongs to the node b");
    job_spec_set_text(&job_edit(job)->nodes, STR_LIT("gpu"));
    members_seat(&m, &due, entry);
    assert_null(members_owner(&m, entry));
    assert_false(members_check(&m, entry, &e));
    assert_string_equal(e.message, "no node has the job \"x\" at this moment; ask again");
    members_done(&m);
    due_done(&due);
    memory_store_crash(f.store);
    fixture_close(&f);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_take),
                                              cmocka_unit_test(test_seat)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
