// retry_test.c - which ends are followed by another attempt, and when.
// SPDX-License-Identifier: Apache-2.0
#include "sched/retry.h"

#include "unit.h"

#define S 1000000LL
#define AT (1000 * S)

// The job's retries: up to max attempts more, 10 s apart; only what is timed out or has failed.
static const struct {
    const char *name;
    int max;
    enum job_on_lost on_lost;
    enum run_state state;
    enum run_reason reason;
    int attempt;
    int64_t deadline_s; // after the end; 0: none
    int64_t next_s;     // after the end; -1: none
} rows[] = {
    {"no retries", 0, ON_LOST_FAIL, RUN_FAILED, REASON_NONE, 1, 0, -1},
    {"the first", 2, ON_LOST_FAIL, RUN_FAILED, REASON_NONE, 1, 0, 10},
    {"the last", 2, ON_LOST_FAIL, RUN_FAILED, REASON_NONE, 2, 0, 10},
    {"none is left", 2, ON_LOST_FAIL, RUN_FAILED, REASON_NONE, 3, 0, -1},
    {"it went well", 2, ON_LOST_FAIL, RUN_SUCCEEDED, REASON_NONE, 1, 0, -1},
    {"too long", 2, ON_LOST_FAIL, RUN_TIMED_OUT, REASON_NONE, 1, 0, 10},
    {"cancelled", 2, ON_LOST_RERUN, RUN_CANCELLED, REASON_ASKED, 1, 0, -1},
    {"lost, and that is it", 2, ON_LOST_FAIL, RUN_LOST, REASON_RESTART, 1, 0, -1},
    {"lost, again at once", 0, ON_LOST_RERUN, RUN_LOST, REASON_RESTART, 1, 0, 0},
    {"lost ten times", 0, ON_LOST_RERUN, RUN_LOST, REASON_RESTART, 10, 0, 0},
    {"lost once too often", 0, ON_LOST_RERUN, RUN_LOST, REASON_RESTART, 11, 0, -1},
    {"lost as often beside its retries", 3, ON_LOST_RERUN, RUN_LOST, REASON_RESTART, 13, 0, 0},
    {"cut off by a stop", 0, ON_LOST_RERUN, RUN_CANCELLED, REASON_SHUTDOWN, 1, 0, 0},
    {"cut off by a stop, and that is it", 2, ON_LOST_FAIL, RUN_CANCELLED, REASON_SHUTDOWN, 1, 0,
     -1},
    {"in time", 2, ON_LOST_FAIL, RUN_FAILED, REASON_NONE, 1, 11, 10},
    {"too late by then", 2, ON_LOST_FAIL, RUN_FAILED, REASON_NONE, 1, 10, -1},
    {"too late already", 2, ON_LOST_RERUN, RUN_LOST, REASON_RESTART, 1, -1, -1},
};

static void test_retry_at(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct retries retries = {.max = rows[i].max,
                                  .backoff = BACKOFF_FIXED,
                                  .delay_us = 10 * S,
                                  .max_delay_us = 3600 * S,
                                  .codes = {~UINT64_C(1), ~UINT64_C(0), ~UINT64_C(0), ~UINT64_C(0)},
                                  .on_timeout = true};
        struct job_spec spec = {.retries = rows[i].max > 0 ? &retries : NULL,
                                .on_lost = rows[i].on_lost};
        struct job job = {.spec = &spec};
        struct run_end end = {.run_id = 5,
                              .attempt = rows[i].attempt,
                              .state = rows[i].state,
                              .reason = rows[i].reason,
                              .finished_at = {AT},
                              .exit_code = 1};
        wall deadline = rows[i].deadline_s == 0 ? WALL_NEVER : (wall){AT + rows[i].deadline_s * S};
        wall next = retry_at(&job, &end, deadline);

        print_message("%s\n", rows[i].name);
        assert_int_equal(next.us, rows[i].next_s < 0 ? 0 : AT + rows[i].next_s * S);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_retry_at)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
