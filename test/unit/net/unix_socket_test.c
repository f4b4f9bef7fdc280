// unix_socket_test.c - a socket's mode, and what may be replaced by one.
// SPDX-License-Identifier: Apache-2.0
#include "net/unix_socket.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

static char folder[64], path[128];

static int folder_make(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/unix_socket_test.XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/s", folder);
    return 0;
}

static int folder_end(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static void test_mode_and_replacing(void **state)
{
    struct stat st;
    struct err e;
    int fd, other;
    mode_t mask = umask(0077);

    (void)state;
    assert_true(unix_socket_listen(path, 8, &fd, &e));
    umask(mask);
    assert_int_equal(lstat(path, &st), 0);
    assert_int_equal(st.st_mode, S_IFSOCK | 0660);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    // Somebody answers there.
    assert_false(unix_socket_listen(path, 8, &other, &e));
    assert_int_equal(e.code, ERR_SYSTEM);
    assert_non_null(strstr(e.hint, "another program"));
    // Nobody does any more.
    close(fd);
    assert_true(unix_socket_listen(path, 8, &other, &e));
    close(other);
}

static void test_refusals(void **state)
{
    char longer[200] = "/tmp/";
    struct err e;
    int fd;

    (void)state;
    memset(longer + 5, 'x', 150);
    assert_false(unix_socket_listen("", 8, &fd, &e));
    assert_int_equal(e.code, ERR_INPUT);
    assert_false(unix_socket_listen(longer, 8, &fd, &e));
    assert_int_equal(e.code, ERR_INPUT);
    assert_false(unix_socket_listen("/nowhere/at/all", 8, &fd, &e));
    assert_int_equal(e.code, ERR_SYSTEM);
    // A file that is no socket stays.
    fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    close(fd);
    assert_false(unix_socket_listen(path, 8, &fd, &e));
    assert_int_equal(access(path, F_OK), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_mode_and_replacing, folder_make, folder_end),
        cmocka_unit_test_setup_teardown(test_refusals, folder_make, folder_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
