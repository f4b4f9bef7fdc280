// inspect_test.c - what is told of a database, sound or not.
// SPDX-License-Identifier: Apache-2.0
#include "store/inspect.h"

#include "scratch.h"
#include "store/migrate.h"
#include "store/sqlite_file.h"
#include "store/takeover.h"
#include "unit.h"

static void database_make(const char *path, const char *rows)
{
    struct takeover t;
    struct err e;
    struct sql *sql = sqlite_file_open(path, &e);

    assert_non_null(sql);
    assert_true(takeover(&sql->base, STR_LIT("n"), STR_LIT("1"), (wall){100}, &t, &e));
    assert_int_equal(sql_script(sql, rows), SQLITE_OK);
    takeover_leave(&sql->base, t.node_id, 0, (wall){200});
    sql_close(sql);
}

static const char *const rows =
    "INSERT INTO job VALUES(1,'a',0,'','','',0,1,1,0,0,0),(2,'b',0,'','','',1,1,1,0,0,0),"
    "(3,'c',0,'','','',3,1,1,0,0,0);"
    "INSERT INTO run VALUES(5,1,10,0,1,10,1,1,0,0,0,0,0,0,0,0,0,'',0,0,0);"
    "INSERT INTO run VALUES(6,1,30,0,1,13,1,1,0,0,0,0,0,0,0,0,0,'',0,0,0);"
    "INSERT INTO run_output VALUES(5,x'',x'',0,x'',x'',0,'','');"
    "INSERT INTO pruned VALUES(1, 5, 7);";

static void test_sound(void **state)
{
    struct scratch s;
    struct inspection i;
    struct err e;

    (void)state;
    scratch_init(&s);
    database_make(s.path, rows);
    assert_true(inspect_status(s.path, &i, &e));
    assert_int_equal(i.version, migrate_version());
    assert_int_equal(i.version_known, migrate_version());
    assert_true(i.bytes > 0);
    assert_int_equal(i.jobs[JOB_ENABLED], 1);
    assert_int_equal(i.jobs[JOB_PAUSED], 1);
    assert_int_equal(i.jobs[JOB_DELETED], 1);
    assert_int_equal(i.oldest.us, 10);
    assert_int_equal(i.newest.us, 30);
    assert_int_equal(i.up_from.us, 100);
    assert_int_equal(i.up_to.us, 200);
    assert_true(i.is_clean);
    assert_true(inspect_check(s.path, &i, &e));
    assert_string_equal(i.fault, "");
    assert_int_equal(i.runs[RUN_SUCCEEDED], 1);
    assert_int_equal(i.runs[RUN_CANCELLED], 1);
    assert_int_equal(i.pruned, 7);
    assert_int_equal(i.stray_runs + i.stray_outputs + i.stray_asks + i.stray_attempts, 0);
    scratch_done(&s);
}

static void test_stray(void **state)
{
    struct scratch s;
    struct inspection i;
    struct err e;

    (void)state;
    scratch_init(&s);
    database_make(
        s.path, "INSERT INTO run VALUES(6,1,30,0,1,13,1,1,0,0,0,0,0,0,0,0,0,'',0,0,0);"
                "INSERT INTO run_output VALUES(5,x'',x'',0,x'',x'',0,'','');"
                "INSERT INTO run_ask VALUES(5,1,'','',0,0,0,0,0,-1,'',0);"
                "INSERT INTO attempt VALUES(5,1,11,0,0,0,0,0,'',x'',x'',0,x'',x'',0,'','',0,0,0)");
    assert_true(inspect_check(s.path, &i, &e));
    assert_int_equal(i.stray_runs, 1);
    assert_int_equal(i.stray_outputs, 1);
    assert_int_equal(i.stray_asks, 1);
    assert_int_equal(i.stray_attempts, 1);
    scratch_done(&s);
}

static void test_damaged(void **state)
{
    struct scratch s;
    struct inspection i;
    struct err e;
    char page[4096];

    (void)state;
    scratch_init(&s);
    database_make(s.path, rows);
    memset(page, 0x55, sizeof page);
    int fd = open(s.path, O_WRONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    for (int n = 4; n < 16; n++)
        assert_int_equal(pwrite(fd, page, sizeof page, n * 4096L), sizeof page);
    close(fd);
    assert_true(inspect_check(s.path, &i, &e));
    assert_true(i.fault[0]);
    scratch_done(&s);
}

static void test_none(void **state)
{
    struct scratch s;
    struct inspection i;
    struct err e;

    (void)state;
    scratch_init(&s);
    assert_false(inspect_status(s.path, &i, &e));
    assert_int_equal(e.code, ERR_STORE);
    assert_int_not_equal(access(s.path, F_OK), 0); // and none is made
    int fd = open(s.path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    assert_int_equal(
        write(fd, "no database, but a letter to a friend, long enough for a header", 60), 60);
    close(fd);
    assert_false(inspect_check(s.path, &i, &e));
    assert_int_equal(e.code, ERR_STORE);
    scratch_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sound),
        cmocka_unit_test(test_stray),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
