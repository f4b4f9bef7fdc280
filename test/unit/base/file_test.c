// file_test.c - whole files, descriptors, pipes.
// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "unit.h"

static char folder[64];
static int dirfd_of_folder;

static int setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/belfry-file-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    dirfd_of_folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return dirfd_of_folder < 0 ? -1 : 0;
}

// How many entries the folder has; removes them when asked.
static int folder_count(bool remove_them)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    int count = 0;

    while ((entry = readdir(dir))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        count++;
        if (remove_them)
            unlinkat(dirfd(dir), entry->d_name, 0);
    }
    closedir(dir);
    return count;
}

static int teardown(void **state)
{
    (void)state;
    folder_count(true);
    file_close(&dirfd_of_folder);
    return rmdir(folder);
}

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static int fd_hand_on(void)
{
    autoclose int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    return take(fd);
}

static void test_autoclose(void **state)
{
    int number;

    (void)state;
    {
        autoclose int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

        number = fd;
        assert_true(is_open(number));
    }
    assert_false(is_open(number));
    autoclose int given = fd_hand_on();
    assert_true(is_open(given));
    number = file_take(&given);
    assert_int_equal(given, -1);
    assert_true(is_open(number));
    file_close(&number);
    assert_int_equal(number, -1);
    autoclose int none = -1;
    errno = EXDEV;
    file_close(&none);
    assert_int_equal(errno, EXDEV);
}

static void test_write_and_read(void **state)
{
    struct buf b;
    struct stat st;
    struct err e;

    (void)state;
    buf_init(&b, 100);
    assert_true(file_write_atomic(dirfd_of_folder, "a", STR_LIT("first"), 0600, &e));
    mode_t mask = umask(077); // the mode asked for counts
    assert_true(file_write_atomic(dirfd_of_folder, "a", STR_LIT("second"), 0640, &e));
    umask(mask);
    assert_int_equal(folder_count(false), 1); // no neighbour is left
    assert_int_equal(fstatat(dirfd_of_folder, "a", &st, 0), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    buf_add_text(&b, ">");
    assert_true(file_read_all(dirfd_of_folder, "a", &b, &e));
    assert_string_equal(buf_text(&b), ">second");
    char path[100];
    snprintf(path, sizeof path, "%s/b", folder);
    assert_true(file_write_atomic(AT_FDCWD, path, STR_LIT(""), 0644, &e));
    buf_clear(&b);
    assert_true(file_read_all(AT_FDCWD, path, &b, &e));
    assert_int_equal(b.len, 0);
    buf_done(&b);
}

static void test_large(void **state)
{
    size_t size = 100000;
    char *text = malloc(size);
    struct buf b;
    struct err e;

    (void)state;
    for (size_t i = 0; i < size; i++)
        text[i] = (char)('a' + i % 26);
    assert_true(file_write_atomic(dirfd_of_folder, "large", (struct str){text, size}, 0644, &e));
    buf_init(&b, size); // exactly as much as it needs
    assert_true(file_read_all(dirfd_of_folder, "large", &b, &e));
    assert_int_equal(b.len, size);
    assert_memory_equal(b.p, text, size);
    buf_done(&b);
    buf_init(&b, size - 1);
    assert_false(file_read_all(dirfd_of_folder, "large", &b, &e));
    assert_int_equal(e.code, ERR_LIMIT);
    assert_string_equal(e.message, "large is larger than 99999 bytes");
    assert_int_equal(b.len, 0);
    buf_done(&b);
    free(text);
}

static void test_refusals(void **state)
{
    struct buf b;
    struct err e;

    (void)state;
    buf_init(&b, 100);
    assert_false(file_read_all(dirfd_of_folder, "missing", &b, &e));
    assert_int_equal(e.code, ERR_NOT_FOUND);
    assert_string_equal(e.message, "cannot open missing: No such file or directory");
    assert_false(file_read_all(AT_FDCWD, "/tmp", &b, &e));
    assert_int_equal(e.code, ERR_INPUT);
    assert_false(file_read_all(AT_FDCWD, "/dev/zero", &b, &e));
    assert_int_equal(e.code, ERR_INPUT);
    assert_int_equal(mkfifoat(dirfd_of_folder, "pipe", 0600), 0);
    assert_false(file_read_all(dirfd_of_folder, "pipe", &b, &e)); // and does not wait
    assert_int_equal(e.code, ERR_INPUT);
    assert_string_equal(e.message, "pipe is not a regular file");
    assert_int_equal(file_open(dirfd_of_folder, "pipe/x", O_RDONLY, &e), -1);
    assert_int_equal(e.code, ERR_NOT_FOUND);
    buf_done(&b);
}

static void test_write_refusals(void **state)
{
    int before = folder_count(false);
    char path[5000];
    struct err e;

    (void)state;
    assert_false(file_write_atomic(dirfd_of_folder, "no/folder", STR_LIT("x"), 0644, &e));
    assert_int_equal(e.code, ERR_NOT_FOUND);
    assert_int_equal(mkdirat(dirfd_of_folder, "d", 0700), 0);
    assert_false(file_write_atomic(dirfd_of_folder, "d", STR_LIT("x"), 0644, &e));
    assert_int_equal(folder_count(false), before + 1); // the neighbour is gone
    assert_int_equal(unlinkat(dirfd_of_folder, "d", AT_REMOVEDIR), 0);
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    assert_false(file_write_atomic(dirfd_of_folder, path, STR_LIT("x"), 0644, &e));
    assert_int_equal(e.code, ERR_INPUT);
}

static void test_cloexec(void **state)
{
    int in, from;
    struct err e;

    (void)state;
    assert_true(file_pipe(O_NONBLOCK, &from, &in, &e));
    autoclose int fd = file_open(AT_FDCWD, "/dev/null", O_RDONLY, &e);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    assert_int_equal(fcntl(from, F_GETFD), FD_CLOEXEC);
    assert_int_equal(fcntl(in, F_GETFD), FD_CLOEXEC);
    file_close(&from);
    file_close(&in);
}

static void test_pipe(void **state)
{
    autoclose int from = -1, in = -1;
    struct buf b;
    struct err e;
    char byte;

    (void)state;
    buf_init(&b, 10);
    assert_true(file_pipe(0, &from, &in, &e));
    assert_true(file_set_nonblocking(from));
    assert_int_equal(file_read(from, &byte, 1), -1);
    assert_int_equal(errno, EAGAIN);
    assert_true(file_write(in, STR_LIT("1234")));
    assert_false(file_read_to_end(from, &b)); // not the end, only nothing more for now
    assert_int_equal(errno, EAGAIN);
    assert_string_equal(buf_text(&b), "1234");
    assert_true(file_write(in, STR_LIT("567890")));
    file_close(&in);
    assert_true(file_read_to_end(from, &b));
    assert_string_equal(buf_text(&b), "1234567890");
    buf_done(&b);
}

static void test_too_much(void **state)
{
    autoclose int from = -1, in = -1;
    struct buf b;
    struct err e;

    (void)state;
    buf_init(&b, 3);
    assert_true(file_pipe(O_NONBLOCK, &from, &in, &e));
    assert_true(file_write(in, STR_LIT("1234")));
    assert_false(file_read_to_end(from, &b));
    assert_int_equal(errno, EFBIG);
    // A full pipe refuses the rest.
    assert_false(file_write(in, (struct str){folder, sizeof folder}) &&
                 file_write(in, (struct str){(char[1 << 20]){0}, 1 << 20}));
    assert_int_equal(errno, EAGAIN);
    assert_false(file_set_nonblocking(-1));
    buf_done(&b);
}

static void test_absolute(void **state)
{
    char *path = file_absolute("/a/../b"), *here = file_absolute("x");

    (void)state;
    assert_string_equal(path, "/a/../b");
    assert_true(here[0] == '/' && strcmp(here + strlen(here) - 2, "/x") == 0);
    free(path);
    free(here);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_absolute),       cmocka_unit_test(test_autoclose),
        cmocka_unit_test(test_write_and_read), cmocka_unit_test(test_large),
        cmocka_unit_test(test_refusals),       cmocka_unit_test(test_write_refusals),
        cmocka_unit_test(test_cloexec),        cmocka_unit_test(test_pipe),
        cmocka_unit_test(test_too_much),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
