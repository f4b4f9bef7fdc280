// pg_parts_test.c - days of history are made ahead, and go whole but for what stays.
// SPDX-License-Identifier: Apache-2.0
#include "store/pg_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "pg_server.h"
#include "store/pg_migrate.h"

#define DAY INT64_C(86400000000)
#define TODAY 20000 // since 1970: 2024-10-04

static struct pg_server server;

static struct pg *ledger_new(char schema[32])
{
    struct pg *pg;
    int64_t version;
    struct err e;

    pg_server_schema(&server, schema);
    pg = pg_server_connect(&server, schema);
    assert_true(pg_migrate_check(pg, &version, &e));
    assert_true(pg_migrate(pg, version, &e));
    return pg;
}

static int64_t number(struct pg *pg, const char *text)
{
    PGresult *result = pg_ask(pg, text, NULL, 0);

    if (!result)
        fail_msg("%s", pg->trouble.message);
    int64_t n = PQntuples(result) > 0 ? pg_int(result, 0, 0) : -1;

    PQclear(result);
    return n;
}

static void make(struct pg *pg, int64_t from, int64_t today)
{
    if (!pg_parts_make(pg, (wall){from * DAY + 5}, (wall){today * DAY + 5}))
        fail_msg("%s", pg->trouble.message);
}

static int64_t days(struct pg *pg)
{
    return number(pg,
                  "SELECT count(*) FROM pg_inherits WHERE inhparent = 'run_history'::regclass") -
           1;
}

// A run of job 1 in the middle of a day, with output and an attempt before the last.
static void run_add(struct pg *pg, int id, int64_t day, int job, int state)
{
    char text[800];

    snprintf(
        text, sizeof text,
        "INSERT INTO run_history SELECT %d, %d, %" PRId64 ", 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, "
        "1, 0, 0, 0, %d, 0, '';"
        "INSERT INTO run_output SELECT id, scheduled_at, '', '', 0, '', '', 0, '', '' FROM run "
        "WHERE id = %d;"
        "INSERT INTO attempt SELECT id, scheduled_at, 1, 11, 0, 0, 0, 0, 0, '', '', '', 0, '', "
        "'', 0, '', '' FROM run WHERE id = %d;"
        "INSERT INTO run_ask(run_id, job_id, args, key, digest, slot, start_at, cause_id, "
        "is_forced) VALUES(%d, %d, '', 'k%d', 0, 0, 0, 0, 0)",
        id, job, day * DAY + DAY / 2 + id, state, id, id, id, job, id);
    if (!pg_script(pg, text))
        fail_msg("%s", pg->trouble.message);
}

static void test_floor(void **state)
{
    static const struct {
        int64_t before, floor; // hours from the beginning of today, which is at 12:00
    } cases[] = {
        {12, 12}, {0, 0}, {-1, -1}, {-35, -35}, {-36, -48}, {-48, -48}, {-49, -72}, {-72, -72},
    };
    wall now = {TODAY * DAY + DAY / 2};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        wall before = {TODAY * DAY + cases[i].before * DAY / 24};
        wall floor = pg_parts_floor(now, before);

        assert_int_equal(floor.us, TODAY * DAY + cases[i].floor * DAY / 24);
        assert_int_equal(pg_parts_floor(now, floor).us, floor.us);
    }
    assert_int_equal(pg_parts_floor(now, (wall){INT64_MIN}).us, INT64_MIN);
}

// Nothing is missing after a sleep of weeks, and what had come to the rest meanwhile is where it
// belongs.
static void test_made_ahead(void **state)
{
    char schema[32];
    struct pg *pg = ledger_new(schema);

    (void)state;
    run_add(pg, 1, TODAY, 1, 10);
    run_add(pg, 2, TODAY - 30, 1, 10);
    make(pg, TODAY - 1, TODAY);
    assert_int_equal(days(pg), 1 + 1 + PG_PARTS_AHEAD);
    assert_int_equal(number(pg, "SELECT id FROM run_history_20241004"), 1);
    assert_int_equal(number(pg, "SELECT run_id FROM run_output_20241004"), 1);
    assert_int_equal(number(pg, "SELECT run_id FROM attempt_20241004"), 1);
    assert_int_equal(number(pg, "SELECT id FROM run_history_rest"), 2);
    make(pg, TODAY, TODAY);
    assert_int_equal(days(pg), 1 + 1 + PG_PARTS_AHEAD);
    run_add(pg, 3, TODAY + 20, 1, 10);
    make(pg, TODAY + 30, TODAY + 30);
    assert_int_equal(days(pg), 1 + 30 + 1 + PG_PARTS_AHEAD);
    assert_int_equal(number(pg, "SELECT count(*) FROM run_history_rest"), 1);
    assert_int_equal(number(pg, "SELECT count(*) FROM run"), 3);
    make(pg, TODAY, TODAY + 5000); // a clock that went wrong makes so many, and no more
    assert_int_equal(days(pg), 1 + 30 + 1 + PG_PARTS_AHEAD + PG_PARTS_MAX + 1 + PG_PARTS_AHEAD);
    pg_close(pg);
}

// Of two that make the same at a time one comes second, and is content.
static void test_made_by_another(void **state)
{
    char schema[32];
    struct pg *pg = ledger_new(schema);

    (void)state;
    make(pg, TODAY, TODAY);
    assert_true(pg_script(pg, "ALTER TABLE run_history DETACH PARTITION run_history_20241006"));
    make(pg, TODAY, TODAY);
    pg_close(pg);
}

static void test_dropped(void **state)
{
    static const struct {
        int64_t before; // hours behind the beginning of today
        int dropped;
        const char *left; // ids
    } cases[] = {
        {-48, 0, "12345678"}, // the first day ends an hour later
        {-24, 1, "2345678"},  // 1: a newer one has succeeded
        {0, 1, "245678"},     // 3: a newer one has failed; 2, 4: the newest of job 2
        {24, 1, "24578"},     // 6: was cancelled; 5: an alive run needs it; 7, 8: newest of job 1
    };
    char schema[32], text[300];
    struct pg *pg = ledger_new(schema);
    int dropped;

    (void)state;
    make(pg, TODAY - 2, TODAY);
    run_add(pg, 1, TODAY - 2, 1, 10);
    run_add(pg, 2, TODAY - 1, 2, 10);
    run_add(pg, 3, TODAY - 1, 1, 11);
    run_add(pg, 4, TODAY - 1, 2, 15);
    run_add(pg, 5, TODAY, 1, 10);
    run_add(pg, 6, TODAY, 1, 13);
    run_add(pg, 7, TODAY, 1, 10);
    run_add(pg, 8, TODAY, 1, 12);
    assert_true(pg_script(pg,
                          "INSERT INTO run_active SELECT 99, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, "
                          "0, 1, 1, 0, 0, 3, 1, 0, '';"
                          "INSERT INTO run_ask(run_id, job_id, args, key, digest, slot, "
                          "start_at, cause_id, is_forced) VALUES(99, 1, '', '', 0, 0, 0, 5, 0)"));
    for (size_t i = 0; i < COUNT(cases); i++) {
        wall before = {TODAY * DAY + cases[i].before * DAY / 24};

        if (!pg_parts_drop(pg, before, &dropped))
            fail_msg("%s", pg->trouble.message);
        assert_int_equal(dropped, cases[i].dropped);
        PGresult *result =
            pg_ask(pg, "SELECT string_agg(id::text, '' ORDER BY id) FROM run_history", NULL, 0);
        struct str left = pg_text(result, 0, 0);

        if (!str_eq(left, str_of(cases[i].left)))
            fail_msg("before %" PRId64 ": %.*s are left", cases[i].before, STR(left));
        PQclear(result);
        // All that belongs to them is there, and nothing else.
        snprintf(text, sizeof text,
                 "SELECT (SELECT count(*) FROM run_output JOIN run USING (scheduled_at) WHERE "
                 "run_id = id) * 10000 + (SELECT count(*) FROM run_output) * 100 + "
                 "(SELECT count(*) FROM attempt) * 10 + (SELECT count(*) FROM run_ask) - 1");
        assert_int_equal(number(pg, text), strlen(cases[i].left) * 10111);
    }
    assert_int_equal(number(pg, "SELECT count(*) FROM run_history_rest"), 5);
    assert_int_equal(number(pg, "SELECT count FROM pruned WHERE job_id = 0"), 3);
    assert_int_equal(number(pg, "SELECT slot FROM pruned WHERE job_id = 0"), (TODAY + 1) * DAY - 1);
    assert_int_equal(days(pg), PG_PARTS_AHEAD);
    pg_close(pg);
}

// Whoever has died between the two steps is no matter.
static void test_half_dropped(void **state)
{
    char schema[32];
    struct pg *pg = ledger_new(schema);
    int dropped;

    (void)state;
    make(pg, TODAY, TODAY);
    run_add(pg, 1, TODAY, 1, 13);
    assert_true(pg_script(pg, "ALTER TABLE run_history DETACH PARTITION run_history_20241004;"
                              "ALTER TABLE run_output DETACH PARTITION run_output_20241004;"
                              "ALTER TABLE attempt DETACH PARTITION attempt_20241004"));
    assert_true(pg_parts_drop(pg, (wall){INT64_MIN}, &dropped));
    assert_int_equal(number(pg, "SELECT count(*) FROM pg_class WHERE relname ~ '_20241004' AND "
                                "relnamespace = current_schema()::regnamespace"),
                     0);
    assert_int_equal(number(pg, "SELECT count(*) FROM run_ask"), 0);
    assert_int_equal(number(pg, "SELECT count FROM pruned"), 1);
    pg_close(pg);
}

// A reader in the way delays it, and loses nothing.
static void test_in_the_way(void **state)
{
    char schema[32];
    struct pg *pg = ledger_new(schema), *reader = pg_server_connect(&server, schema);
    int dropped = -1;

    (void)state;
    make(pg, TODAY, TODAY);
    run_add(pg, 1, TODAY, 1, 13);
    assert_true(pg_script(reader, "BEGIN; SELECT count(*) FROM run"));
    assert_false(pg_parts_drop(pg, (wall){(TODAY + 1) * DAY}, &dropped));
    assert_int_equal(dropped, 0);
    assert_false(pg_parts_make(pg, (wall){TODAY * DAY}, (wall){(TODAY + 1) * DAY}));
    assert_int_equal(number(pg, "SELECT count(*) FROM run"), 1);
    assert_true(pg_script(reader, "COMMIT"));
    assert_true(pg_parts_drop(pg, (wall){(TODAY + 1) * DAY}, &dropped));
    assert_int_equal(dropped, 1);
    make(pg, TODAY, TODAY + 1);
    assert_int_equal(days(pg), 1 + PG_PARTS_AHEAD);
    assert_true(pg_parts_vacuum(pg));
    pg_close(reader);
    pg_close(pg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_floor),           cmocka_unit_test(test_made_ahead),
        cmocka_unit_test(test_made_by_another), cmocka_unit_test(test_dropped),
        cmocka_unit_test(test_half_dropped),    cmocka_unit_test(test_in_the_way),
    };
    int failed;

    pg_server_init(&server);
    failed = cmocka_run_group_tests_name("store/pg_parts", tests, NULL, NULL);
    pg_server_done(&server);
    return failed;
}
