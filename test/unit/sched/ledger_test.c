// ledger_test.c - the rows that record a verdict.
// SPDX-License-Identifier: Apache-2.0
#include "sched/ledger.h"

#include "unit.h"

#define NOW ((wall){1767225600000000})

static const struct job job = {.id = 7, .version = 3};

static void test_run(void **state)
{
    struct run_ids ids = {0};
    struct run run;

    (void)state;
    ledger_run(&ids, &job, NOW, &run);
    assert_int_equal(run.id, ids.last);
    assert_int_equal(run.job_id, 7);
    assert_int_equal(run.job_version, 3);
    assert_int_equal(run.state, RUN_RUNNING);
    assert_int_equal(run.attempt, 1);
    assert_int_equal(run.queued_at.us, NOW.us);
    assert_int_equal(run.started_at.us, NOW.us);
    assert_int_equal(run.finished_at.us, 0);
    assert_int_equal(run.exit_code, -1);
}

static void test_rows(void **state)
{
    struct verdict run = {.kind = VERDICT_RUN,
                          .row = {{100}, 2, {80}},
                          .rest = {{130}, 1, {120}},
                          .is_catchup = true};
    struct verdict skip = {.kind = VERDICT_SKIP,
                           .reason = REASON_FREEZE,
                           .message = "freeze x: y",
                           .row = {{100}, 0, {0}}};
    struct run_ids ids = {0};
    struct run rows[LEDGER_ROWS_MAX];

    (void)state;
    assert_int_equal(ledger_rows(&ids, &job, &run, NOW, rows), 2);
    assert_int_equal(rows[0].state, RUN_RUNNING);
    assert_int_equal(rows[0].origin, RUN_CATCHUP);
    assert_int_equal(rows[0].scheduled_at.us, 100);
    assert_int_equal(rows[0].missed, 2);
    assert_int_equal(rows[0].missed_from.us, 80);
    assert_int_equal(rows[1].state, RUN_SKIPPED);
    assert_int_equal(rows[1].reason, REASON_COALESCED);
    assert_int_equal(rows[1].scheduled_at.us, 130);
    assert_int_equal(rows[1].missed_from.us, 120);
    assert_int_equal(rows[1].finished_at.us, NOW.us);
    assert_true(rows[1].id > rows[0].id);
    assert_int_equal(ledger_rows(&ids, &job, &skip, NOW, rows), 1);
    assert_int_equal(rows[0].state, RUN_SKIPPED);
    assert_int_equal(rows[0].reason, REASON_FREEZE);
    assert_int_equal(rows[0].origin, RUN_SCHEDULED);
    assert_int_equal(rows[0].attempt, 0);
    assert_int_equal(rows[0].started_at.us, 0);
    assert_true(str_eq(rows[0].message, STR_LIT("freeze x: y")));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_run),
                                              cmocka_unit_test(test_rows)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
