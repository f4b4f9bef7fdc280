// groups_test.c - runs that were asked for together: counted while they are alive.
// SPDX-License-Identifier: Apache-2.0
#include "sched/groups.h"

#include "unit.h"

static void test_members(void **state)
{
    struct run_ask ask = {.cause_id = 7, .parallel = 2};
    struct run run = {.id = 7, .job_id = 3, .origin = RUN_BACKFILL, .ask = &ask};
    struct groups g;

    (void)state;
    groups_init(&g);
    struct group *group = groups_join(&g, &run);

    assert_non_null(group);
    assert_int_equal(group->parallel, 2);
    assert_ptr_equal(groups_join(&g, &run), group);
    assert_ptr_equal(groups_find(&g, 7), group);
    assert_int_equal(groups_count(&g, 3), 2);
    assert_int_equal(groups_count(&g, 4), 0);
    assert_true(group_has_room(group));
    group->running = 2;
    assert_false(group_has_room(group));
    group->running = 1;
    group->is_cancelled = true;
    assert_false(group_has_room(group));
    group_leave(group);
    assert_ptr_equal(groups_find(&g, 7), group);
    group_leave(group);
    assert_null(groups_find(&g, 7));
    group_leave(NULL);
    ask.parallel = 0; // of an earlier belfry
    group = groups_join(&g, &run);
    assert_int_equal(group->parallel, 1);
    run.origin = RUN_RETRY; // whose cause is another thing
    assert_null(groups_join(&g, &run));
    run.origin = RUN_BACKFILL;
    run.ask = NULL;
    assert_null(groups_join(&g, &run));
    groups_done(&g);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_members)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
