// folder_test.c - which entry of a job folder is taken, and what is no job folder.
// SPDX-License-Identifier: Apache-2.0
#include "job/folder.h"

#include "unit.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/belfry-folder-XXXXXX";

// Makes DIR/FOLDER/FILE with a modification time of `seconds`.
static void file_make(const char *folder, const char *file, int seconds)
{
    char path[PATH_MAX];
    struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};
    int fd;

    (void)snprintf(path, sizeof path, "%s/%s", dir, folder);
    (void)mkdir(path, 0755);
    (void)snprintf(path, sizeof path, "%s/%s/%s", dir, folder, file);
    fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0755);
    assert_true(fd >= 0);
    assert_int_equal(futimens(fd, times), 0);
    close(fd);
}

static void test_entries(void **state)
{
    static const struct {
        const char *folder;
        const char *files[4];
        int seconds[4];
        enum folder_entry entry;
        int entry_seconds;
    } rows[] = {
        {"so", {"main.so"}, {1}, ENTRY_MODULE, 1},
        {"c", {"main.c"}, {1}, ENTRY_SOURCE, 1},
        {"py", {"main.py"}, {1}, ENTRY_PYTHON, 1},
        {"prog", {"main"}, {1}, ENTRY_PROGRAM, 1},
        {"all", {"main", "main.py", "main.c", "main.so"}, {9, 9, 1, 5}, ENTRY_MODULE, 5},
        {"no-so", {"main", "main.py", "main.c"}, {9, 9, 1}, ENTRY_SOURCE, 1},
        {"py-first", {"main", "main.py"}, {9, 1}, ENTRY_PYTHON, 1},
        {"so-old", {"main.so", "main.c"}, {1, 2}, ENTRY_SOURCE, 2},
        {"so-same", {"main.so", "main.c"}, {2, 2}, ENTRY_MODULE, 2},
        {"so-new", {"main.so", "main.c"}, {3, 2}, ENTRY_MODULE, 3},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum folder_entry entry = ENTRY_NONE;
        struct stat st;
        struct err e;

        for (int f = 0; f < 4 && rows[i].files[f]; f++)
            file_make(rows[i].folder, rows[i].files[f], rows[i].seconds[f]);
        assert_true(folder_find(dir, str_of(rows[i].folder), &entry, &e));
        assert_string_equal(folder_entry_file(entry), folder_entry_file(rows[i].entry));
        assert_true(folder_find_stat(dir, str_of(rows[i].folder), &entry, &st, &e));
        assert_int_equal(st.st_mtim.tv_sec, rows[i].entry_seconds);
    }
}

static void test_links(void **state)
{
    enum folder_entry entry = ENTRY_NONE;
    char from[PATH_MAX], to[PATH_MAX];
    struct err e;

    (void)state;
    file_make("real", "main.py", 1);
    (void)snprintf(to, sizeof to, "%s/real", dir);
    (void)snprintf(from, sizeof from, "%s/linked", dir);
    assert_int_equal(symlink(to, from), 0);
    assert_true(folder_find(dir, STR_LIT("linked"), &entry, &e));
    assert_int_equal(entry, ENTRY_PYTHON);
}

static void test_refused(void **state)
{
    static const struct {
        const char *folder;
        const char *words; // part of the message
    } rows[] = {
        {"absent", "there is no job folder"}, {"empty", "holds nothing to run"},
        {"only-dir", "holds nothing to run"}, {"a-file", "is not a folder"},
        {"", "cannot be the name"},           {".", "cannot be the name"},
        {"..", "cannot be the name"},         {"../real", "cannot be the name"},
        {"so/../so", "cannot be the name"},   {"/etc", "cannot be the name"},
        {"so/", "cannot be the name"},        {".hidden", "cannot be the name"},
        {"-x", "cannot be the name"},         {"a b", "cannot be the name"},
        {"h\xc3\xa9", "cannot be the name"},
    };
    char path[PATH_MAX], longest[130];

    (void)state;
    (void)snprintf(path, sizeof path, "%s/empty", dir);
    (void)mkdir(path, 0755);
    (void)snprintf(path, sizeof path, "%s/only-dir", dir);
    (void)mkdir(path, 0755);
    (void)snprintf(path, sizeof path, "%s/only-dir/main", dir);
    (void)mkdir(path, 0755);
    file_make("", "a-file", 1);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum folder_entry entry = ENTRY_NONE;
        struct err e = {0};

        assert_false(folder_find(dir, str_of(rows[i].folder), &entry, &e));
        assert_int_equal(e.code, ERR_FOLDER);
        assert_non_null(strstr(e.message, rows[i].words));
        assert_int_equal(entry, ENTRY_NONE);
    }
    memset(longest, 'a', sizeof longest);
    assert_false(
        folder_find(dir, (struct str){longest, 129}, &(enum folder_entry){0}, &(struct err){0}));
    assert_false(
        folder_find(dir, (struct str){"so\0x", 4}, &(enum folder_entry){0}, &(struct err){0}));
}

static int folder_setup(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int entry_remove(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

static int folder_teardown(void **state)
{
    (void)state;
    return nftw(dir, entry_remove, 8, FTW_DEPTH | FTW_PHYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entries),
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, folder_setup, folder_teardown);
}
