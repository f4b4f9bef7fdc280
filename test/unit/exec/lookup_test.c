// lookup_test.c - folders looked at ahead: used while fresh, looked at again when not.
// SPDX-License-Identifier: Apache-2.0
#include "exec/lookup.h"

#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char dir[] = "/tmp/lookup_test.XXXXXX";

static void entry_make(const char *file)
{
    char path[128];

    (void)snprintf(path, sizeof path, "%s/job/%s", dir, file);
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0755);
    assert_true(fd >= 0);
    close(fd);
}

static void entry_remove(const char *file)
{
    char path[128];

    (void)snprintf(path, sizeof path, "%s/job/%s", dir, file);
    assert_int_equal(unlink(path), 0);
}

static void test_fresh_and_old(void **state)
{
    const mono now = {1000000};
    enum folder_entry entry;
    struct lookups l;
    struct stat st;
    struct err e;

    (void)state;
    lookups_init(&l, dir);
    entry_make("main.py");
    lookup_expect(&l, STR_LIT("job"), now);
    entry_remove("main.py");
    entry_make("main");
    // Fresh: as it was found. Old, or never expected: as it is.
    assert_true(lookup_take(&l, STR_LIT("job"), (mono){now.us + LOOKUP_US}, &entry, &st, &e));
    assert_int_equal(entry, ENTRY_PYTHON);
    assert_true(lookup_take(&l, STR_LIT("job"), (mono){now.us + LOOKUP_US + 1}, &entry, &st, &e));
    assert_int_equal(entry, ENTRY_PROGRAM);
    lookup_expect(&l, STR_LIT("job"), (mono){now.us + LOOKUP_US + 1});
    assert_true(lookup_take(&l, STR_LIT("job"), (mono){now.us + LOOKUP_US + 2}, &entry, &st, &e));
    assert_int_equal(entry, ENTRY_PROGRAM);
    // What is not there is not remembered as such.
    lookup_expect(&l, STR_LIT("nothing"), now);
    assert_false(lookup_take(&l, STR_LIT("nothing"), now, &entry, &st, &e));
    assert_int_equal(e.code, ERR_FOLDER);
    lookups_done(&l);
    entry_remove("main");
}

static int setup(void **state)
{
    char path[128];

    (void)state;
    if (!mkdtemp(dir))
        return -1;
    (void)snprintf(path, sizeof path, "%s/job", dir);
    return mkdir(path, 0755);
}

static int teardown(void **state)
{
    char path[128];

    (void)state;
    (void)snprintf(path, sizeof path, "%s/job", dir);
    return rmdir(path) | rmdir(dir);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_fresh_and_old)};

    return cmocka_run_group_tests(tests, setup, teardown);
}
