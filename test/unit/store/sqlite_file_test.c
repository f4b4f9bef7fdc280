// sqlite_file_test.c - a file is made, opened again, or refused untouched.
// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_file.h"

#include "scratch.h"
#include "store/migrate.h"

static void text_write(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    fputs(text, file);
    fclose(file);
}

static void test_open(void **state)
{
    struct scratch s;
    struct err e;
    int64_t version = 0;

    (void)state;
    scratch_init(&s);
    for (int i = 0; i < 2; i++) { // made, and opened
        struct sql *sql = sqlite_file_open(s.path, &e);

        assert_non_null(sql);
        assert_true(sql_number(sql_get(sql, SQL_USER_VERSION), &version));
        assert_int_equal(version, migrate_version());
        sql_close(sql);
    }
    scratch_done(&s);
}

static void test_refused(void **state)
{
    struct scratch s;
    char wal[120];
    struct err e;

    (void)state;
    scratch_init(&s);
    snprintf(wal, sizeof wal, "%s-wal", s.path);
    text_write(wal, "something");
    assert_null(sqlite_file_open(s.path, &e)); // half of it is missing
    assert_non_null(strstr(e.message, "is missing although its log"));
    unlink(wal);
    text_write(s.path, "this is a text and no database; it must stay as it is, whatever happens");
    assert_null(sqlite_file_open(s.path, &e));
    assert_int_equal(e.code, ERR_STORE);
    scratch_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests_name("store/sqlite_file", tests, NULL, NULL);
}
