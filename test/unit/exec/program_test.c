// program_test.c - runs of executables: how they start, what they say, how they end.
// SPDX-License-Identifier: Apache-2.0
#include <signal.h>

#include "world.h"

static struct world world;

static void test_ends(void **state)
{
    static const struct {
        const char *script;
        enum run_state state;
        int exit_code;
        int signal;
        const char *message;
    } rows[] = {
        {"#!/bin/sh\nexit 0\n", RUN_SUCCEEDED, 0, 0, ""},
        {"#!/bin/sh\nexit 3\n", RUN_FAILED, 3, 0, "exit status 3"},
        {"#!/bin/sh\nkill -SEGV $$\n", RUN_FAILED, -1, SIGSEGV,
         "killed by SIGSEGV (Segmentation fault)"},
        {"#!/bin/sh\nkill -KILL $$\n", RUN_FAILED, -1, SIGKILL, "killed by SIGKILL (Killed)"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct seen s = {0};

        world_script(&world, "ends", rows[i].script);
        world_run(&world, "ends", "[]", &s);
        assert_string_equal(s.message, rows[i].message);
        assert_int_equal(s.state, rows[i].state);
        assert_int_equal(s.exit_code, rows[i].exit_code);
        assert_int_equal(s.signal, rows[i].signal);
        assert_true(s.started_at.us > 0 && s.finished_at.us >= s.started_at.us);
        assert_int_equal(exec_running(world.exec), 0);
        seen_free(&s);
    }
}

static void test_streams(void **state)
{
    struct seen s = {0};

    (void)state;
    world_script(&world, "streams", "#!/bin/sh\necho to out\necho to err >&2\n");
    world_run(&world, "streams", "", &s);
    assert_string_equal(s.out, "to out\n");
    assert_string_equal(s.err, "to err\n");
    assert_int_equal(s.out_total, 7);
    assert_int_equal(s.err_total, 7);
    seen_free(&s);
}

static void test_surroundings(void **state)
{
    struct seen s = {0};

    (void)state;
    world_script(&world, "around",
                 "#!/bin/sh\n"
                 "env | grep ^BELFRY_ | sort\n"
                 "for a in \"$@\"; do echo \"arg:$a\"; done\n"
                 "basename \"$PWD\"\n"
                 "ls -l /proc/$$/fd/0 | sed 's/.*-> //'\n"
                 // Signals 1-28; C libraries keep a few real-time ones for themselves.
                 "grep -E '^Sig(Blk|Ign)' /proc/self/status | grep -o '.......$'\n"
                 // Replaces the shell, which has descriptors of its own; 3 is for results, 4 where
                 // ls reads this.
                 "exec ls /proc/self/fd\n");
    world_run(&world, "around", "[\"a b\",\"\",\"h\\u00e9\",7,{\"k\":[true]}]", &s);
    assert_int_equal(s.state, RUN_SUCCEEDED);
    assert_non_null(strstr(
        s.out, "BELFRY_ATTEMPT=1\nBELFRY_JOB_ID=around\nBELFRY_RESULT_FD=3\nBELFRY_RUN_ID=10"));
    assert_non_null(strstr(s.out, "\nBELFRY_SCHEDULED_AT=2025-11-22T05:00:00.123456Z\n"));
    assert_non_null(
        strstr(s.out, "arg:a b\narg:\narg:h\xc3\xa9\narg:7\narg:{\"k\":[true]}\naround\n"));
    assert_non_null(strstr(s.out, "\n/dev/null\n0000000\n0000000\n0\n1\n2\n3\n4\n"));
    seen_free(&s);
}

static void test_not_startable(void **state)
{
    static const struct {
        const char *folder;
        const char *args;
        const char *words;
    } rows[] = {
        {"no-exec", "[]", "could not start main: Permission denied (chmod +x "},
        {"no-interpreter", "[]",
         "could not start main: No such file or directory (the interpreter"},
        {"no-first-line", "[]",
         "could not start main: Exec format error (a script needs a first line"},
        {"absent", "[]", "there is no job folder"},
        {"..", "[]", "cannot be the name"},
        {"no-exec", "{}", "args are not a JSON array"},
        {"no-exec", "[", "args are not a JSON array"},
    };

    (void)state;
    world_file(&world, "no-exec", "main", "#!/bin/sh\n", 0644);
    world_script(&world, "no-interpreter", "#!/no/such/thing\n");
    world_script(&world, "no-first-line", "echo hello\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct seen s = {0};

        world_run(&world, rows[i].folder, rows[i].args, &s);
        assert_int_equal(s.state, RUN_FAILED);
        assert_non_null(strstr(s.message, rows[i].words));
        assert_int_equal(s.started_at.us, 0);
        assert_true(s.finished_at.us > 0);
        seen_free(&s);
    }
}

static void test_flood(void **state)
{
    struct seen s = {0};

    (void)state;
    world_script(&world, "flood",
                 "#!/bin/sh\necho first\nhead -c 100000000 /dev/zero\necho last\n");
    world_run(&world, "flood", "[]", &s);
    assert_int_equal(s.state, RUN_SUCCEEDED);
    assert_int_equal(s.out_total, 100000000 + 6 + 5);
    assert_int_equal(s.out_kept, 2 * 4096);
    assert_memory_equal(s.out, "first\n", 6);
    assert_memory_equal(s.out + s.out_kept - 6, "\0last\n", 6);
    seen_free(&s);
}

// What a run leaves behind may hold its pipes: the run ends all the same, and what was said
// meanwhile is not lost.
static void test_left_behind(void **state)
{
    struct seen s = {0};
    int64_t begin = clock_mono(clock_real()).us;

    (void)state;
    world_script(&world, "daemon",
                 "#!/bin/sh\nrm -f said\nsetsid sh -c 'echo $$; : > said; exec sleep 300' &\n"
                 "while [ ! -e said ]; do sleep 0.01; done; echo here\n");
    world_run(&world, "daemon", "[]", &s);
    assert_int_equal(s.state, RUN_SUCCEEDED);
    assert_true(clock_mono(clock_real()).us - begin < WORLD_WAIT_US);
    assert_non_null(strstr(s.out, "here\n"));
    assert_true(strtol(s.out, NULL, 10) > 1);
    assert_int_equal(kill((pid_t)strtol(s.out, NULL, 10), SIGKILL), 0);
    seen_free(&s);
}

static void test_time_limit(void **state)
{
    struct seen s = {0};
    struct exec_request request = world_request("slow", "[]");

    (void)state;
    request.timeout_us = 100000;
    world_script(&world, "slow", "#!/bin/sh\necho begun\nsleep 30\n");
    world_run_request(&world, &request, &s);
    assert_int_equal(s.state, RUN_TIMED_OUT);
    assert_int_equal(s.signal, SIGTERM);
    assert_string_equal(s.message, "took longer than its limit of 0.1 s");
    assert_string_equal(s.out, "begun\n");
    assert_true(s.finished_at.us - s.started_at.us >= 100000);
    seen_free(&s);
}

static void text_wait(struct seen *s, const char *path)
{
    int64_t until = clock_mono(clock_real()).us + WORLD_WAIT_US;

    while (access(path, F_OK) < 0 && clock_mono(clock_real()).us < until)
        (void)loop_turn(world.loop, 10);
    assert_int_equal(access(path, F_OK), 0);
    assert_int_equal(s->reports, 0);
}

static void test_cancel(void **state)
{
    struct seen running = {0}, waiting = {0}, s[4] = {0};
    struct exec_request request = world_request("hang", "[]");
    char path[PATH_MAX];

    (void)state;
    world_script(&world, "hang", "#!/bin/sh\n: > begun\nsleep 30\n");
    (void)snprintf(path, sizeof path, "%s/hang/begun", world.jobs);
    exec_start(world.exec, &request, seen_done, &running);
    text_wait(&running, path);
    exec_cancel(world.exec, request.run_id, 5000000);
    exec_cancel(world.exec, request.run_id, 5000000);
    exec_cancel(world.exec, 1, 5000000);
    world_wait(&world, &running.reports, 1);
    assert_int_equal(running.state, RUN_CANCELLED);
    assert_int_equal(running.reason, REASON_NONE);
    assert_string_equal(running.message, "cancelled");

    int64_t ids[4];
    for (int i = 0; i < 4; i++) {
        request = world_request("hang", "[]");
        ids[i] = request.run_id;
        exec_start(world.exec, &request, seen_done, &s[i]);
    }
    request = world_request("hang", "[]");
    exec_start(world.exec, &request, seen_done, &waiting); // four at once: this one waits
    exec_cancel(world.exec, request.run_id, 5000000);
    assert_int_equal(waiting.reports, 0);
    world_wait(&world, &waiting.reports, 1);
    assert_int_equal(waiting.state, RUN_CANCELLED);
    assert_string_equal(waiting.message, "cancelled before it could start");
    assert_int_equal(waiting.started_at.us, 0);
    for (int i = 0; i < 4; i++) {
        exec_cancel(world.exec, ids[i], 5000000);
        world_wait(&world, &s[i].reports, 1);
        assert_int_equal(s[i].state, RUN_CANCELLED);
        seen_free(&s[i]);
    }
    seen_free(&running);
    seen_free(&waiting);
}

struct order {
    int count;
    int64_t ids[16];
    int most; // running at once
};

static void order_done(const struct run_end *end, void *ctx)
{
    struct order *o = ctx;

    assert_int_equal(end->state, RUN_SUCCEEDED);
    o->ids[o->count++] = end->run_id;
}

static void test_places(void **state)
{
    struct exec_options options = world_options(&world);
    struct order order = {0};

    (void)state;
    options.children_max = 1;
    world_exec(&world, &options);
    world_script(&world, "quick", "#!/bin/sh\nexit 0\n");
    for (int i = 0; i < 5; i++) {
        struct exec_request request = world_request("quick", "[]");

        exec_start(world.exec, &request, order_done, &order);
    }
    assert_int_equal(exec_running(world.exec), 5);
    world_wait(&world, &order.count, 5);
    for (int i = 1; i < 5; i++)
        assert_int_equal(order.ids[i], order.ids[0] + i);
    options.children_max = 4;
    world_exec(&world, &options);
}

static void test_stop(void **state)
{
    struct exec_options options = world_options(&world);
    struct seen quick = {0}, slow = {0}, waiting = {0}, late = {0};
    struct exec_request request = world_request("short", "[]");

    (void)state;
    options.children_max = 2;
    world_exec(&world, &options);
    world_script(&world, "short", "#!/bin/sh\nsleep 0.1\n");
    world_script(&world, "hang", "#!/bin/sh\nsleep 30\n");
    exec_start(world.exec, &request, seen_done, &quick);
    request = world_request("hang", "[]");
    exec_start(world.exec, &request, seen_done, &slow);
    request = world_request("hang", "[]");
    exec_start(world.exec, &request, seen_done, &waiting);
    exec_stop(world.exec, 400000);
    world_wait(&world, &waiting.reports, 1);
    request = world_request("hang", "[]");
    exec_start(world.exec, &request, seen_done, &late);
    world_wait(&world, &slow.reports, 1);
    assert_int_equal(quick.state, RUN_SUCCEEDED);
    assert_int_equal(slow.state, RUN_CANCELLED);
    assert_int_equal(slow.reason, REASON_SHUTDOWN);
    assert_string_equal(slow.message, "ended because belfry was stopped");
    assert_int_equal(waiting.state, RUN_CANCELLED);
    assert_int_equal(waiting.reason, REASON_SHUTDOWN);
    assert_int_equal(late.state, RUN_CANCELLED);
    assert_string_equal(late.message, "belfry was stopped before it could start");
    assert_int_equal(exec_running(world.exec), 0);
    seen_free(&quick);
    seen_free(&slow);
    seen_free(&waiting);
    seen_free(&late);
    options.children_max = 4;
    world_exec(&world, &options);
}

// Freed while processes run, start and wait: they are killed, and nothing is reported.
static void test_end_of_all(void **state)
{
    struct exec_options options = world_options(&world);
    struct seen s[8] = {0};

    (void)state;
    world_script(&world, "hang", "#!/bin/sh\nsleep 30\n");
    for (int i = 0; i < 8; i++) {
        struct exec_request request = world_request("hang", "[]");

        exec_start(world.exec, &request, seen_done, &s[i]);
        (void)loop_turn(world.loop, 1);
    }
    world_exec(&world, &options);
    while (loop_turn(world.loop, 0) > 0)
        ;
    for (int i = 0; i < 8; i++)
        assert_int_equal(s[i].reports, 0);
}

static int setup(void **state)
{
    (void)state;
    world_open(&world);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_close(&world);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ends),         cmocka_unit_test(test_streams),
        cmocka_unit_test(test_surroundings), cmocka_unit_test(test_not_startable),
        cmocka_unit_test(test_flood),        cmocka_unit_test(test_left_behind),
        cmocka_unit_test(test_time_limit),   cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_places),       cmocka_unit_test(test_stop),
        cmocka_unit_test(test_end_of_all),
    };

    if (world_is_keeper(argc, argv))
        return keeper_command(argc - 1, argv + 1);

    return cmocka_run_group_tests(tests, setup, teardown);
}
