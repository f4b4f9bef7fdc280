// cgroup_test.c - control groups by their files: pretended ones, and those of this machine if it
// lets us.
// SPDX-License-Identifier: Apache-2.0
#include "exec/cgroup.h"

#include "world.h"

#include "exec/launch.h"
#include "exec/spawn.h"
#include "real_cgroup.h"

static char dir_name[64];
static int dir; // a folder with the files that a group has

static void put(const char *file, const char *text)
{
    int fd = openat(dir, file, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_true(file_write(fd, str_of(text)));
    close(fd);
}

static const char *get(const char *file)
{
    static char text[200];
    int fd = openat(dir, file, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? file_read(fd, text, sizeof text - 1) : 0;

    text[n > 0 ? n : 0] = '\0';
    close(fd);
    return text;
}

static void test_limits(void **state)
{
    static const char *const files[] = {"memory.max", "memory.swap.max", "memory.oom.group",
                                        "cpu.max",    "pids.max",        "io.weight"};
    static const struct {
        struct cgroup_limits limits;
        const char *told[6];
    } rows[] = {
        {{0}, {"", "", "", "", "", ""}},
        {{-1, -1, -1, -1}, {"", "", "", "", "", ""}},
        {{.memory = 1 << 20}, {"1048576", "0", "1", "", "", ""}},
        {{.cpu_percent = 150}, {"", "", "", "150000 100000", "", ""}},
        {{.cpu_percent = 1}, {"", "", "", "1000 100000", "", ""}},
        {{.processes = 64, .io_weight = 50}, {"", "", "", "", "64", "50"}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (size_t n = 0; n < COUNT(files); n++)
            put(files[n], "");
        assert_true(cgroup_limit(dir, &rows[i].limits));
        for (size_t n = 0; n < COUNT(files); n++)
            assert_string_equal(get(files[n]), rows[i].told[n]);
    }
    assert_int_equal(unlinkat(dir, "pids.max", 0), 0);
    assert_false(cgroup_limit(dir, &(struct cgroup_limits){.processes = 1}));
}

static void test_facts(void **state)
{
    struct cgroup_facts facts;

    (void)state;
    put("memory.peak", "123456\n");
    put("memory.events", "low 0\nhigh 0\nmax 9\noom 2\noom_kill 3\noom_group_kill 1\n");
    put("pids.events", "max 7\n");
    cgroup_read(dir, &facts);
    assert_int_equal(facts.memory_peak, 123456);
    assert_int_equal(facts.oom_kills, 3);
    assert_int_equal(facts.refused, 7);
    put("memory.peak", "");
    put("memory.events", "oom_kill many\n");
    assert_int_equal(unlinkat(dir, "pids.events", 0), 0);
    cgroup_read(dir, &facts);
    assert_int_equal(facts.memory_peak + facts.oom_kills + facts.refused, 0);
}

static void test_controllers(void **state)
{
    static const struct {
        const char *told;
        unsigned found;
        const char *words;
    } rows[] = {
        {"", 0, "none"},
        {"cpuset cpu io memory hugetlb pids rdma\n",
         CGROUP_CPU | CGROUP_IO | CGROUP_MEMORY | CGROUP_PIDS, "memory, cpu, pids, io"},
        {"memory\n", CGROUP_MEMORY, "memory"},
        {"cpuset\n", 0, "none"},
    };
    char words[CGROUP_NAME_MAX];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        put("cgroup.subtree_control", rows[i].told);
        assert_int_equal(cgroup_controllers(dir), rows[i].found);
        assert_string_equal(cgroup_words(rows[i].found, words), rows[i].words);
    }
}

static void test_no_group(void **state)
{
    static const char *const paths[] = {"/proc", "/no/such/folder", "/dev/null", "."};
    struct err e;

    (void)state;
    for (size_t i = 0; i < COUNT(paths); i++) {
        assert_int_equal(cgroup_open(paths[i], &e), -1);
        assert_true(e.hint[0]);
    }
    assert_int_equal(cgroup_open_own(), -1); // nobody has delegated one to a test
}

static struct spawn_result spawn_in(int group, const char *script)
{
    char sh[] = "sh", c[] = "-c", path[] = "PATH=/usr/bin:/bin";
    char *argv[] = {sh, c, (char *)(uintptr_t)script, NULL}, *envp[] = {path, NULL};
    const struct spawn_setting setting = {.umask = -1, .nice = SPAWN_NICE_NONE, .cgroup = group};
    int null = launch_fd(open("/dev/null", O_WRONLY | O_CLOEXEC));
    struct spawn_result child;

    spawn(&(struct spawn_request){.program = "sh",
                                  .argv = argv,
                                  .envp = envp,
                                  .in = -1,
                                  .out = null,
                                  .err = null,
                                  .setting = &setting},
          &child);
    close(null);
    assert_int_equal(child.errnum, 0);
    return child;
}

// Lines of cgroup.procs.
static int population(int group)
{
    char text[4096];
    int fd = openat(group, "cgroup.procs", O_RDONLY | O_CLOEXEC), count = 0;
    ssize_t n = file_read(fd, text, sizeof text);

    close(fd);
    for (ssize_t i = 0; i < n; i++)
        count += text[i] == '\n';
    return count;
}

// Somebody who has left session and process group is killed all the same.
static void test_real(void **state)
{
    char path[PATH_MAX], name[CGROUP_NAME_MAX];
    int parent = real_cgroup(path), group, status;
    struct spawn_result child;

    (void)state;
    if (parent < 0) {
        print_message("this machine has no control groups for tests\n");
        return;
    }
    cgroup_name(INT64_C(4611686018427387904), 12, name);
    assert_string_equal(name, "run-4611686018427387904.12");
    group = cgroup_make(parent, name, &(struct cgroup_limits){0});
    assert_true(group >= 0);
    assert_int_equal(cgroup_make(parent, name, &(struct cgroup_limits){0}), -1);
    child = spawn_in(group, "setsid sleep 1000 & setsid sleep 1000 & exec sleep 1000");
    for (int i = 0; i < 2000 && population(group) < 3; i++)
        (void)usleep(10000);
    assert_int_equal(population(group), 3);
    assert_false(cgroup_remove(parent, name));
    cgroup_kill(group);
    assert_int_equal(waitpid(child.pid, &status, 0), child.pid);
    close(child.pidfd);
    for (int i = 0; i < 2000 && population(group) > 0; i++)
        (void)usleep(10000);
    close(group);
    cgroup_sweep(parent);
    assert_int_equal(faccessat(parent, name, F_OK, 0), -1);
    assert_true(cgroup_remove(parent, name)); // it is gone already
    close(parent);
    assert_int_equal(rmdir(path), 0);
}

static int setup(void **state)
{
    (void)state;
    (void)snprintf(dir_name, sizeof dir_name, "/tmp/belfry-cgroup-XXXXXX");
    assert_non_null(mkdtemp(dir_name));
    dir = open(dir_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return dir < 0;
}

static int teardown(void **state)
{
    (void)state;
    close(dir);
    file_remove_tree(AT_FDCWD, dir_name);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),      cmocka_unit_test(test_facts),
        cmocka_unit_test(test_controllers), cmocka_unit_test(test_no_group),
        cmocka_unit_test(test_real),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
