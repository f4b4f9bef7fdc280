// pg_clock_test.c - what a server's clock shows, from answers that took their time.
// SPDX-License-Identifier: Apache-2.0
#include "store/pg_clock.h"

#include <inttypes.h>
#include <stdatomic.h>

#include "unit.h"

// Each answer, and by how much the server's calendar is then taken to be before our stopwatch.
static void test_answers(void **state)
{
    static const struct {
        int64_t sent, came, at, offset;
        const char *what;
    } rows[] = {
        {0, 100, 1000050, 1000000, "the middle of its journey"},
        {1000, 1400, 1001390, 1000000, "a slower one that agrees says less"},
        {2000, 2010, 1002025, 1000020, "a quicker one says more"},
        {3000, 3100, 1003030, 1000020, "and goes on to"},
        {4000, 4100, 6004050, 6000000, "the clock was set: only what came behind counts"},
        {5000, 5400, 6005200, 6000000, "a slower one again"},
        {6000, 6100, 1006050, 1000000, "and set back"},
    };
    struct shared_clock shared;
    struct pg_clock clock = {.shared = &shared}, nobody = {0};

    (void)state;
    shared_clock_init(&shared);
    for (size_t i = 0; i < COUNT(rows); i++) {
        pg_clock_add(&clock, (wall){rows[i].at}, (mono){rows[i].sent}, (mono){rows[i].came});
        if (atomic_load(&shared.offset_us) != rows[i].offset)
            fail_msg("%s: %" PRId64, rows[i].what, (int64_t)atomic_load(&shared.offset_us));
        pg_clock_add(&nobody, (wall){rows[i].at}, (mono){rows[i].sent}, (mono){rows[i].came});
    }
}

// The best of the last few only: clocks drift.
static void test_forgets(void **state)
{
    struct shared_clock shared;
    struct pg_clock clock = {.shared = &shared};

    (void)state;
    shared_clock_init(&shared);
    pg_clock_add(&clock, (wall){1005}, (mono){0}, (mono){10});
    for (int i = 1; i <= PG_CLOCK_SAMPLES; i++) {
        assert_int_equal(atomic_load(&shared.offset_us), 1000);
        pg_clock_add(&clock, (wall){i * 1000 + 1060}, (mono){i * 1000}, (mono){i * 1000 + 100});
    }
    assert_int_equal(atomic_load(&shared.offset_us), 1010);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_forgets),
    };

    return cmocka_run_group_tests_name("store/pg_clock", tests, NULL, NULL);
}
