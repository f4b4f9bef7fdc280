// past_test.c - what the latest runs of a job say: what counts and where looking ends.
// SPDX-License-Identifier: Apache-2.0
#include "store/past.h"

#include "unit.h"

static void test_newest_first(void **state)
{
    static const struct {
        enum run_state state;
        bool goes_on;
    } rows[] = {{RUN_SKIPPED, true}, {RUN_CANCELLED, true}, {RUN_FAILED, true},
                {RUN_SKIPPED, true}, {RUN_LOST, true},      {RUN_SUCCEEDED, false}};
    struct store_past past = {.job_id = 1};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct run run = {.id = (int64_t)i + 1,
                                .state = rows[i].state,
                                .finished_at = {100 - (int64_t)i},
                                .exit_code = (int)i};

        assert_int_equal(past_add(&past, &run), rows[i].goes_on);
    }
    assert_int_equal(past.run_id, 3);
    assert_int_equal(past.exit_code, 2);
    assert_int_equal(past.failures, 2);
    assert_int_equal(past.succeeded_at.us, 95);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_newest_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
