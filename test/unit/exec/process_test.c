// process_test.c - from a job's options to the process that is started: its words, its
// surroundings, its limits, each seen by the process itself.
// SPDX-License-Identifier: Apache-2.0
#include "exec/process.h"

#include "world.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "exec/launch.h"
#include "exec/spawn.h"

static struct arena *arena;

static const struct environment none = {0};
static const struct process_place place = {
    .jobs_dir = "/srv/jobs",
    .self = "/usr/bin/belfry",
    .python = "python3",
    .environment = &none,
    .head_max = 4096,
};

static struct exec_request request_of(const char *options, const char *args)
{
    return (struct exec_request){
        .run_id = 5,
        .job_name = STR_LIT("job"),
        .kind = JOB_COMMAND,
        .args = str_of(args),
        .options = str_of(options),
        .attempt = 1,
    };
}

static void test_words(void **state)
{
    static const struct {
        const char *options, *args;
        const char *words; // joined by |; what begins with ! is the error
    } rows[] = {
        {"{\"command\":\"echo hi\"}", "[]", "/bin/sh|-c|echo hi|job"},
        {"{\"command\":\"echo hi\"}", "[\"a b\",1]", "/bin/sh|-c|echo hi \"$@\"|job|a b|1"},
        {"{\"command\":\"echo $2 $1\"}", "[\"a\",\"b\"]", "/bin/sh|-c|echo $2 $1|job|a|b"},
        {"{\"command\":\"for a; do echo $a; done\"}", "[\"a\"]",
         "/bin/sh|-c|for a; do echo $a; done \"$@\"|job|a"},
        {"{\"command\":\"x\",\"shell\":\"/bin/bash  -eu -c\"}", "", "/bin/bash|-eu|-c|x|job"},
        {"{\"command\":[\"rsync\",\"-a\"]}", "[\"x\",\"y z\"]", "rsync|-a|x|y z"},
        {"{\"command\":[\"true\"],\"newer\":1}", "[]", "!newer: Extra inputs are not permitted"},
        {"{\"command\":[\"true\"]}", "{}", "!args are not a JSON array"},
        {"{\"command\":[\"true\"],\"user\":\"no-such\"}", "[]",
         "!user: Value error, there is no user"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct exec_request request = request_of(rows[i].options, rows[i].args);
        struct keep_start start;
        const char *program = NULL;
        char joined[600] = "";
        struct err e = {0};

        if (process_make(&place, &request, ENTRY_NONE, (struct str){0}, arena, &start, &program,
                         &e)) {
            assert_string_equal(start.program, start.argv[0]);
            assert_string_equal(program, start.program);
            for (char **word = start.argv; *word; word++) {
                strncat(joined, word == start.argv ? "" : "|", 2);
                strncat(joined, *word, sizeof joined - strlen(joined) - 1);
            }
        } else {
            (void)snprintf(joined, sizeof joined, "!%s", e.message);
        }
        if (strncmp(joined, rows[i].words, strlen(rows[i].words)) != 0)
            fail_msg("%s: %s", rows[i].options, joined);
    }
}

static void test_entries(void **state)
{
    static const struct {
        enum folder_entry entry;
        const char *words[4];
    } rows[] = {
        {ENTRY_PROGRAM, {"/srv/jobs/x/main", "a", NULL}},
        {ENTRY_MODULE, {"/usr/bin/belfry", "run-module", "/srv/jobs/x/main.so", "a"}},
        {ENTRY_PYTHON, {"python3", "-u", "-c", NULL}},
    };
    struct exec_request request = {.run_id = 5,
                                   .job_name = STR_LIT("x"),
                                   .kind = JOB_FOLDER,
                                   .target = STR_LIT("x"),
                                   .args = STR_LIT("[\"a\"]")};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct keep_start start;
        const char *program;
        struct err e;

        assert_true(process_make(&place, &request, rows[i].entry, STR_LIT("/srv/jobs/x"), arena,
                                 &start, &program, &e));
        for (size_t w = 0; w < 4 && rows[i].words[w]; w++)
            assert_string_equal(start.argv[w], rows[i].words[w]);
        assert_string_equal(start.folder, "/srv/jobs/x");
        assert_int_equal(start.log_max, 0);
        assert_int_equal(start.setting.limit_count, 0);
    }
}

static void test_setting(void **state)
{
    struct exec_request request =
        request_of("{\"command\":[\"x\"],\"workdir\":\"/srv\",\"umask\":\"027\",\"nice\":3,"
                   "\"stdin\":\"in\",\"user\":\"root\",\"private_tmp\":true,\"log_max\":\"1M\","
                   "\"limits\":{\"memory\":\"1G\",\"core\":0,\"cpu_time\":\"2s\"}}",
                   "[]");
    struct process_place logs = place;
    struct keep_start start;
    const char *program;
    struct err e;

    (void)state;
    logs.has_logs = true;
    assert_true(
        process_make(&logs, &request, ENTRY_NONE, (struct str){0}, arena, &start, &program, &e));
    assert_string_equal(start.folder, "/srv");
    assert_true(str_eq(start.input, STR_LIT("in")));
    assert_true(start.has_private_tmp && start.has_result);
    assert_int_equal(start.log_max, 1 << 20);
    assert_int_equal(start.setting.umask, 027);
    assert_int_equal(start.setting.nice, 3);
    assert_true(start.setting.has_ids && start.setting.no_new_privs);
    assert_int_equal(start.setting.uid, 0);
    assert_int_equal(start.setting.limit_count, 3);
    assert_int_equal(start.setting.limits[0].resource, RLIMIT_AS);
    assert_int_equal(start.setting.limits[0].value, 1 << 30);
    assert_int_equal(start.setting.limits[1].value, 2);
}

// What a process says when it is started so.
static char *said(const char *script, const struct spawn_setting *setting, const char *folder)
{
    static char text[2000];
    char sh[] = "sh", c[] = "-c", path[] = "PATH=/no/such:/usr/bin:/bin";
    char *argv[] = {sh, c, (char *)(uintptr_t)script, NULL}, *envp[] = {path, NULL};
    int ends[2], null = launch_fd(open("/dev/null", O_WRONLY | O_CLOEXEC)), out;
    struct spawn_result child;
    ssize_t n, all = 0;

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    out = launch_fd(ends[1]);
    spawn(&(struct spawn_request){.program = "sh",
                                  .argv = argv,
                                  .envp = envp,
                                  .folder = folder,
                                  .in = -1,
                                  .out = out,
                                  .err = null,
                                  .setting = setting},
          &child);
    close(out);
    close(null);
    if (child.errnum != 0)
        (void)snprintf(text, sizeof text, "could not %s: %d", child.step, child.errnum);
    while (child.errnum == 0 && (n = read(ends[0], text + all, sizeof text - 1 - (size_t)all)) > 0)
        all += n;
    if (child.errnum == 0)
        text[all] = '\0';
    close(ends[0]);
    if (child.errnum == 0) {
        assert_int_equal(waitpid(child.pid, NULL, 0), child.pid);
        close(child.pidfd);
    }
    return text;
}

static const struct spawn_setting plain = {.umask = -1, .nice = SPAWN_NICE_NONE, .cgroup = -1};

static void test_spawn(void **state)
{
    struct spawn_setting s = plain;

    (void)state;
    assert_string_equal(said("echo $0; pwd", NULL, "/usr"), "sh\n/usr\n");
    assert_string_equal(said("ls /proc/self/fd | tr '\\n' ' '", &s, NULL), "0 1 2 3 ");
    assert_string_equal(said("x", &s, "/no/such"), "could not enter its working directory: 2");
    s.umask = 027;
    s.nice = 7;
    s.no_new_privs = true;
    assert_string_equal(said("umask; nice; grep NoNewPrivs /proc/self/status", &s, NULL),
                        "0027\n7\nNoNewPrivs:\t1\n");
    s = plain;
    s.limits[0] = (struct spawn_limit){RLIMIT_NOFILE, 33};
    s.limits[1] = (struct spawn_limit){RLIMIT_FSIZE, 0};
    s.limit_count = 2;
    assert_string_equal(said("ulimit -n; ulimit -f", &s, NULL), "33\n0\n");
    s = plain;
    s.cgroup = 99; // no directory
    assert_string_equal(said("x", &s, NULL), "could not enter its control group: 9");
}

static void test_spawn_as(void **state)
{
    const gid_t groups[] = {7, 8};
    struct spawn_setting s = plain;
    char tmp[] = "/tmp/belfry-process-XXXXXX", path[64];

    (void)state;
    s.has_ids = true;
    s.uid = 65534;
    s.gid = 12;
    s.groups = groups;
    s.group_count = 2;
    s.dies_with_parent = true;
    if (geteuid() != 0) {
        assert_string_equal(said("x", &s, NULL), "could not become its group: 1");
        return;
    }
    assert_string_equal(said("id -u; id -g; id -G", &s, NULL), "65534\n12\n12 7 8\n");
    assert_non_null(mkdtemp(tmp));
    s = plain;
    s.tmp = tmp;
    assert_string_equal(said("echo x > /tmp/belfry-mine; ls /tmp /var/tmp", &s, NULL),
                        "/tmp:\nbelfry-mine\n\n/var/tmp:\nbelfry-mine\n");
    (void)snprintf(path, sizeof path, "%s/belfry-mine", tmp);
    assert_int_equal(access(path, F_OK), 0); // seen from outside, it lies there
    assert_int_equal(access("/tmp/belfry-mine", F_OK), -1);
    file_remove_tree(AT_FDCWD, tmp);
    assert_int_equal(access(tmp, F_OK), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),    cmocka_unit_test(test_entries),
        cmocka_unit_test(test_setting),  cmocka_unit_test(test_spawn),
        cmocka_unit_test(test_spawn_as),
    };
    int failed;

    arena = arena_new(4096);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(arena);
    return failed;
}
