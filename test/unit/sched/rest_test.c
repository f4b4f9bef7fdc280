// rest_test.c - a job at rest gets its turn, or its end.
// SPDX-License-Identifier: Apache-2.0
#include "sched/rest.h"

#include "bench.h"
#include "sched/rest.h"

// A slot that waits for a free place gets one as soon as the job may run twice.
static void test_rest_after_a_change(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    struct entry *entry = stored(&b, "x", EVERY_10, 0);

    job_edit(entry->job)->coalesce = COALESCE_ALL;
    fixture_pass(&b.f, 20 * S);
    assert_int_equal(b.f.started, 1);
    assert_true(entry->is_waiting);
    rest_look(&b.d.core, entry);
    assert_true(entry->is_waiting);
    job_edit(entry->job)->max_instances = 2;
    rest_look(&b.d.core, entry);
    assert_false(entry->is_waiting);
    dispatch_look(&b.d);
    fixture_settle(&b.f);
    assert_int_equal(b.f.started, 2);
    assert_int_equal(b.f.runs[1].request.scheduled_at.us, T0 + 20 * S);
    bench_close(&b);
}

static void test_job_ends_after_its_last_run(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    (void)stored(&b, "once", ONCE_AT_30, 0);
    fixture_pass(&b.f, 30 * S);
    assert_int_equal(b.f.started, 1);
    assert_non_null(due_find(&b.due, STR_LIT("once")));
    fixture_end(&b.f, 0, RUN_FAILED);
    assert_null(due_find(&b.due, STR_LIT("once")));
    // But not before the store has the end.
    struct entry *late = stored(&b, "late", ONCE_AT_30, 0);

    fixture_settle(&b.f);
    memory_store_fail(b.f.store, 1);
    fixture_end(&b.f, 1, RUN_SUCCEEDED);
    rest_look(&b.d.core, late);
    assert_false(late->is_ending);
    fixture_pass(&b.f, 1 * S);
    assert_null(due_find(&b.due, STR_LIT("late")));
    // One that has nothing to come when it is loaded ends in the sweep.
    b.d.core.is_claiming = true; // so that its slot, which has passed, is not claimed
    struct entry *entry = stored(&b, "over", ONCE_AT_30, 0);
    b.d.core.is_claiming = false;
    due_plan(&b.due, entry, WALL_NEVER);
    rest_sweep(&b.d.core);
    fixture_settle(&b.f);
    assert_null(due_find(&b.due, STR_LIT("over")));
    bench_close(&b);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rest_after_a_change),
        cmocka_unit_test(test_job_ends_after_its_last_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
