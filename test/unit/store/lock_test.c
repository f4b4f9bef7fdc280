// lock_test.c - one holder a database, whatever name the others use for it.
// SPDX-License-Identifier: Apache-2.0
#include "store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/file.h"
#include "scratch.h"

static void test_resolve(void **state)
{
    struct scratch s;
    struct err e;
    char link[128], *here, *there;

    (void)state;
    scratch_init(&s);
    there = lock_resolve(s.path, &e); // the file need not exist
    assert_string_equal(there, s.path);
    free(there);
    close(open(s.path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    snprintf(link, sizeof link, "%s/link", s.directory);
    assert_int_equal(symlink("b.db", link), 0);
    there = lock_resolve(link, &e);
    assert_string_equal(there, s.path);
    free(there);
    here = lock_resolve("not-made-yet.db", &e);
    assert_int_equal(here[0], '/');
    assert_non_null(strstr(here, "/not-made-yet.db"));
    free(here);
    there = lock_resolve("/not-made-yet.db", &e);
    assert_string_equal(there, "/not-made-yet.db");
    free(there);
    scratch_done(&s);
}

#define FILES 200

struct maker {
    const char *directory;
    atomic_int next; // the file that is made now
};

static void *files_make(void *ctx)
{
    struct maker *m = ctx;
    char path[128];

    for (int i = 0; i < FILES; i++) {
        while (atomic_load(&m->next) < i)
            (void)sched_yield();
        snprintf(path, sizeof path, "%s/%d.db", m->directory, i);
        close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    }
    return NULL;
}

// Another makes the file at this very moment: it is looked for until it is there.
static void test_resolve_beside_its_maker(void **state)
{
    struct scratch s;
    struct maker m = {0};
    struct err e;
    pthread_t thread;
    char path[128], *there;

    (void)state;
    scratch_init(&s);
    m.directory = s.directory;
    assert_int_equal(pthread_create(&thread, NULL, files_make, &m), 0);
    for (int i = 0; i < FILES; i++) {
        snprintf(path, sizeof path, "%s/%d.db", s.directory, i);
        atomic_store(&m.next, i);
        do {
            there = lock_resolve(path, &e);
            if (!there)
                fail_msg("%s", e.message);
            assert_string_equal(there, path);
            free(there);
        } while (access(path, F_OK) != 0);
    }
    pthread_join(thread, NULL);
    scratch_done(&s);
}

static void test_resolve_refuses(void **state)
{
    static const char *const paths[] = {"", "/tmp/", "/nowhere-at-all/x/b.db", "/dev/null", "."};

    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct err e = {0};

        if (lock_resolve(paths[i], &e))
            fail_msg("\"%s\" was taken", paths[i]);
        assert_int_equal(e.code, ERR_STORE);
        assert_true(e.hint[0]);
    }
}

static void test_take(void **state)
{
    struct scratch s;
    struct err e;
    char pid[32];
    int fd, status;
    pid_t child;

    (void)state;
    scratch_init(&s);
    fd = lock_take(s.path, &e);
    assert_true(fd >= 0);
    assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    child = fork();
    if (child == 0) {
        snprintf(pid, sizeof pid, "process %ld)", (long)getppid());
        _exit(lock_take(s.path, &e) == -1 && e.code == ERR_BUSY && strstr(e.message, pid) &&
                      strstr(e.message, s.path) && strstr(e.hint, "kill ")
                  ? 0
                  : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    file_close(&fd);
    fd = lock_take(s.path, &e); // free again, though the file is still there
    assert_true(fd >= 0);
    file_close(&fd);
    scratch_done(&s);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resolve),
        cmocka_unit_test(test_resolve_beside_its_maker),
        cmocka_unit_test(test_resolve_refuses),
        cmocka_unit_test(test_take),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
