// memory_alerts_test.c - incidents and deliveries in memory; the contract has the rest of it.
// SPDX-License-Identifier: Apache-2.0
#include "store/memory_alerts.h"

#include "unit.h"

static void test_rows_lie_by_id(void **state)
{
    const struct incident rows[] = {{.id = 3}, {.id = 1}, {.id = 2}};
    const struct alert_write write = {.incidents = rows, .incident_count = 3};
    const struct alert_query query = {.question = ALERTS_PENDING};
    struct arena *arena = arena_new(1000);
    struct memory_alerts a = {0};
    struct alert_page page;

    (void)state;
    memory_alerts_write(&a, &write);
    memory_alerts_write(&a, &write);
    memory_alerts_read(&a, &query, arena, &page);
    assert_int_equal(page.incident_count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(page.incidents[i].id, i + 1);
    memory_alerts_done(&a);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_lie_by_id),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
