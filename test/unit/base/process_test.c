// process_test.c - what /proc tells of this process, beside what other doors tell.
// SPDX-License-Identifier: Apache-2.0
#include "base/process.h"

#include <sys/stat.h>
#include <time.h>

#include "unit.h"

static void test_what_is_told(void **state)
{
    struct process_stats a, b;
    struct rusage use;
    struct rlimit files;
    struct stat st;

    (void)state;
    process_stats(&a);
    assert_true(a.resident_bytes > 100 << 10 && a.resident_bytes <= a.virtual_bytes);
    assert_true(a.threads >= 1);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    assert_int_equal(a.fds_max, files.rlim_cur);
    // The folder of a process is made with it; both are whole seconds at most apart.
    assert_int_equal(stat("/proc/self", &st), 0);
    assert_true(a.started_at.us > 0 && a.started_at.us / 1000000 <= st.st_ctim.tv_sec + 2);

    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    process_stats(&b);
    assert_int_equal(b.fds_open, a.fds_open + 1);
    close(fd);
    assert_int_equal(getrusage(RUSAGE_SELF, &use), 0);
    assert_true(b.cpu_us >= a.cpu_us);
    assert_true(b.cpu_us <= (use.ru_utime.tv_sec + use.ru_stime.tv_sec + 1) * 1000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
