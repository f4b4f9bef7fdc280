// pg_tidy_test.c - tables are made ahead when a day begins, dropped when they are over age, and
// swept.
// SPDX-License-Identifier: Apache-2.0
#include "store/pg_tidy.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "pg_server.h"
#include "store/pg_migrate.h"
#include "store/pg_parts.h"

#define DAY INT64_C(86400000000)
#define NOW ((wall){20000 * DAY + DAY / 2})

static struct pg_server server;

struct place {
    char schema[32], uri[300];
    struct pg *pg;
    struct pg_tidy tidy;
};

static void place_init(struct place *p)
{
    int64_t version;
    struct err e;

    *p = (struct place){0};
    pg_server_schema(&server, p->schema);
    pg_server_uri(&server, p->schema, p->uri);
    p->pg = pg_server_connect(&server, p->schema);
    assert_true(pg_migrate_check(p->pg, &version, &e));
    assert_true(pg_migrate(p->pg, version, &e));
    assert_true(pg_parts_make(p->pg, NOW, NOW));
    if (!pg_tidy_init(&p->tidy, p->uri, NOW, &e))
        fail_msg("%s", e.message);
}

static void place_done(struct place *p)
{
    pg_tidy_done(&p->tidy);
    pg_close(p->pg);
}

static int64_t number(struct pg *pg, const char *text)
{
    PGresult *result = pg_ask(pg, text, NULL, 0);
    int64_t n = result ? pg_int(result, 0, 0) : -1;

    PQclear(result);
    return n;
}

static int64_t days(struct place *p)
{
    return number(p->pg,
                  "SELECT count(*) FROM pg_inherits WHERE inhparent = 'run_history'::regclass") -
           1;
}

static void test_days(void **state)
{
    struct place p;

    (void)state;
    place_init(&p);
    pg_tidy_beat(&p.tidy);
    assert_int_equal(days(&p), 1 + PG_PARTS_AHEAD);
    atomic_store(&p.tidy.now, NOW.us + DAY);
    pg_tidy_beat(&p.tidy);
    assert_int_equal(days(&p), 2 + PG_PARTS_AHEAD);
    // Rows go to the moment where little is kept, and by the day otherwise.
    wall now = {NOW.us + 5 * DAY};

    assert_int_equal(pg_tidy_before(&p.tidy, now, (wall){INT64_MIN}).us, INT64_MIN);
    pg_tidy_beat(&p.tidy);
    assert_int_equal(days(&p), 2 + PG_PARTS_AHEAD);
    assert_int_equal(pg_tidy_before(&p.tidy, now, (wall){NOW.us + DAY}).us, NOW.us + DAY / 2);
    pg_tidy_beat(&p.tidy);
    assert_int_equal(days(&p), 1 + PG_PARTS_AHEAD);
    place_done(&p);
}

static void test_sweep(void **state)
{
    struct place p;

    (void)state;
    place_init(&p);
    assert_true(pg_script(p.pg, "INSERT INTO run_active SELECT n, 1, n, 1, 0, 0, 0, 0, 0, 0, 0, 0, "
                                "0, 1, 1, 0, 0, 0, 2, 0, '' FROM generate_series(1, 1000) AS n;"
                                "DELETE FROM run_active"));
    int64_t bytes = number(p.pg, "SELECT pg_relation_size('run_active')");

    atomic_store(&p.tidy.ends, PG_TIDY_ENDS - 1);
    pg_tidy_beat(&p.tidy);
    assert_int_equal(p.tidy.swept_ends, 0);
    atomic_store(&p.tidy.ends, PG_TIDY_ENDS);
    pg_tidy_beat(&p.tidy);
    assert_int_equal(p.tidy.swept_ends, PG_TIDY_ENDS);
    // What was dead is room for what comes.
    assert_true(pg_script(p.pg, "INSERT INTO run_active SELECT n, 1, n, 1, 0, 0, 0, 0, 0, 0, 0, 0, "
                                "0, 1, 1, 0, 0, 0, 2, 0, '' FROM generate_series(1, 900) AS n"));
    assert_int_equal(number(p.pg, "SELECT pg_relation_size('run_active')"), bytes);
    place_done(&p);
}

// What fails is tried again later, and not at once.
static void test_trouble(void **state)
{
    struct place p;

    (void)state;
    place_init(&p);
    assert_true(pg_script(p.pg, "ALTER TABLE run_history RENAME TO other"));
    atomic_store(&p.tidy.now, NOW.us + DAY);
    pg_tidy_beat(&p.tidy);
    assert_true(p.tidy.has_failed);
    assert_true(pg_script(p.pg, "ALTER TABLE other RENAME TO run_history"));
    pg_tidy_beat(&p.tidy);
    assert_int_equal(days(&p), 1 + PG_PARTS_AHEAD);
    p.tidy.try_at.us = 0;
    pg_tidy_beat(&p.tidy);
    assert_int_equal(days(&p), 2 + PG_PARTS_AHEAD);
    assert_false(p.tidy.has_failed);
    place_done(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_days),
        cmocka_unit_test(test_sweep),
        cmocka_unit_test(test_trouble),
    };
    int failed;

    pg_server_init(&server);
    failed = cmocka_run_group_tests_name("store/pg_tidy", tests, NULL, NULL);
    pg_server_done(&server);
    return failed;
}
