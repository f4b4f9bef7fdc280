// alert_rows_test.c - incidents and deliveries in SQLite; the contract has the rest of it.
// SPDX-License-Identifier: Apache-2.0
#include "store/alert_rows.h"

#include <stdlib.h>
#include <string.h>

#include "store/migrate.h"
#include "unit.h"

static void test_a_broken_table_is_told(void **state)
{
    char path[] = "/tmp/belfry-alerts-XXXXXX";
    int fd = mkstemp(path);
    struct incident incident = {.id = 1, .job = STR_LIT("a")};
    const struct alert_write write = {.incidents = &incident, .incident_count = 1};
    const struct alert_query query = {.question = ALERTS_PENDING};
    struct arena *arena = arena_new(1000);
    struct alert_page page;
    struct err e;

    (void)state;
    close(fd);
    struct sql *sql = sql_open(path, true, &e);

    assert_non_null(sql);
    assert_true(migrate(sql, &e));
    assert_true(alert_rows_write(&sql->base, &write));
    assert_true(alert_rows_read(&sql->base, &query, arena, &page));
    assert_int_equal(page.incident_count, 1);
    assert_int_equal(sql_script(sql, "DROP TABLE incident"), SQLITE_OK);
    sql_close(sql);
    sql = sql_open(path, true, &e);
    assert_false(alert_rows_write(&sql->base, &write));
    assert_false(alert_rows_read(&sql->base, &query, arena, &page));
    assert_false(sql_fail(sql, &e));
    assert_non_null(strstr(e.message, "incident"));
    sql_close(sql);
    arena_free(arena);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_broken_table_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
