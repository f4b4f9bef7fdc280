// upgrade_test.c - a database of yesterday becomes one of today, and nobody's is touched.
// SPDX-License-Identifier: Apache-2.0
#include "store/upgrade.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "scratch.h"
#include "store/inspect.h"
#include "store/lock.h"
#include "store/migrate.h"
#include "store/sqlite_file.h"
#include "unit.h"

static void file_make(const char *path)
{
    struct err e;
    struct sql *sql = sqlite_file_open(path, &e);

    assert_non_null(sql);
    sql_close(sql);
}

// As it was before the last step; what that one makes is gone.
static void file_age(const char *path)
{
    struct err e;
    struct sql *sql = sqlite_file_open(path, &e);

    assert_non_null(sql);
    assert_int_equal(sql_script(sql, "DROP TABLE met; DROP INDEX run_ask_slot;"
                                     "DROP INDEX run_ask_cause;"
                                     "ALTER TABLE run_ask DROP COLUMN cause;"
                                     "ALTER TABLE run_ask DROP COLUMN parallel;"
                                     "PRAGMA user_version = 9"),
                     SQLITE_OK);
    sql_close(sql);
}

static void test_file(void **state)
{
    struct scratch s;
    struct inspection i;
    struct upgrade done;
    struct err e;

    (void)state;
    scratch_init(&s);
    assert_false(upgrade(s.path, &done, &e)); // it is not made
    assert_int_equal(e.code, ERR_STORE);
    assert_int_equal(access(s.path, F_OK), -1);
    file_make(s.path);
    assert_true(upgrade(s.path, &done, &e));
    assert_int_equal(done.before, migrate_version());
    assert_int_equal(done.after, migrate_version());
    file_age(s.path);
    assert_true(upgrade(s.path, &done, &e));
    assert_int_equal(done.before, 9);
    assert_int_equal(done.after, migrate_version());
    assert_true(inspect_status(s.path, &i, &e));
    assert_int_equal(i.version, migrate_version());
    scratch_done(&s);
}

static void test_held(void **state)
{
    struct scratch s;
    struct upgrade done;
    struct err e;
    int lock;

    (void)state;
    scratch_init(&s);
    file_make(s.path);
    assert_true((lock = lock_take(s.path, &e)) >= 0);
    assert_false(upgrade(s.path, &done, &e));
    assert_int_equal(e.code, ERR_BUSY);
    file_close(&lock);
    scratch_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_file), cmocka_unit_test(test_held)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
