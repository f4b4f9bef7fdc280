// kept_test.c - one run in a keeper, without the keeper: its log, its limit of time, its end.
// SPDX-License-Identifier: Apache-2.0
#include "exec/kept.h"

#include "world.h"

#include <signal.h>

#include "exec/launch.h"
#include "job/run_log.h"
#include "real_cgroup.h"

static char dir_name[64];
static struct loop *loop;
static struct launcher *launcher;
static struct kept_place place;

struct seen_kept {
    int starts, ends;
    struct keep_end end;
    struct keep_live live;
    char progress[200];
    char out[200];
};

static void on_start(struct kept *k, void *ctx)
{
    struct seen_kept *s = ctx;

    s->starts++;
    kept_live(k, &s->live);
    assert_int_equal(kept_run_id(k), s->live.run_id);
}

static void on_progress(struct kept *k, struct str json, void *ctx)
{
    struct seen_kept *s = ctx;

    (void)k;
    (void)snprintf(s->progress, sizeof s->progress, "%.*s", STR(json));
}

static void on_end(struct kept *k, const struct keep_end *end, void *ctx)
{
    struct seen_kept *s = ctx;

    (void)k;
    s->end = *end;
    (void)snprintf(s->out, sizeof s->out, "%.*s", STR(end->command.out.head));
    s->ends++;
}

static const struct kept_events events = {on_start, on_progress, on_end};

static struct kept *begin(int64_t run_id, const char *script, int64_t timeout_us,
                          struct seen_kept *s)
{
    struct arena *arena = arena_new(1000);
    char **argv = arena_array(arena, 4, sizeof *argv);
    char **envp = arena_array(arena, 2, sizeof *envp);
    struct keep_start start = {
        .run_id = run_id,
        .attempt = 1,
        .program = "/bin/sh",
        .argv = argv,
        .envp = envp,
        .input = STR_LIT("from stdin\n"),
        .has_result = true,
        .has_private_tmp = true,
        .timeout_us = timeout_us,
        .grace_us = 100000,
        .log_max = 1 << 20,
        .head_max = 100,
        .setting = {.umask = -1, .nice = SPAWN_NICE_NONE, .cgroup = -1},
    };

    argv[0] = (char *)(uintptr_t)arena_copy(arena, STR_LIT("sh")).p;
    argv[1] = (char *)(uintptr_t)arena_copy(arena, STR_LIT("-c")).p;
    argv[2] = (char *)(uintptr_t)arena_copy(arena, str_of(script)).p;
    envp[0] = (char *)(uintptr_t)arena_copy(arena, STR_LIT("PATH=/usr/bin:/bin")).p;
    return kept_start(&place, &events, s, &start, arena);
}

static void wait_for(const int *count)
{
    int64_t until = clock_mono(clock_real()).us + WORLD_WAIT_US;

    while (*count == 0 && clock_mono(clock_real()).us < until)
        (void)loop_turn(loop, 50);
    assert_int_equal(*count, 1);
}

static void test_run(void **state)
{
    struct seen_kept s = {0};
    struct run_log_item item;
    struct run_log log;
    struct err e;

    (void)state;
    (void)begin(4096001,
                "cat; echo > \"$TMPDIR/x\"; echo '{\"progress\":1}' >&3; sleep 0.2; exit 2", 0, &s);
    wait_for(&s.ends);
    assert_int_equal(s.starts, 1);
    assert_true(s.live.pid > 1 && s.live.started_at.us > 0 && s.live.started.us > 0);
    assert_string_equal(s.progress, "{\"progress\":1}");
    assert_int_equal(s.end.command.exit_code, 2);
    assert_int_equal(s.end.cause, KEEP_CAUSE_NONE);
    assert_true(run_log_open(dir_name, 4096001, 1, &log, &e));
    assert_true(run_log_next(&log, &item));
    assert_true(str_eq(item.text, STR_LIT("from stdin")));
    run_log_close(&log);
    run_log_remove(dir_name, 4096001, 1);
    assert_int_equal(faccessat(place.dir, "20250101", F_OK, 0), -1); // and nothing else was left
}

static void test_timeout(void **state)
{
    struct seen_kept s = {0};

    (void)state;
    (void)begin(4096002, "trap '' TERM; while :; do sleep 0.05; done", 50000, &s);
    wait_for(&s.ends);
    assert_int_equal(s.end.cause, KEEP_CAUSE_TIMEOUT);
    assert_int_equal(s.end.command.signal, SIGKILL);
}

static void test_stop(void **state)
{
    struct seen_kept s = {0};
    struct kept *k = begin(4096003, "exec sleep 100", 0, &s);
    struct keep_live live;

    (void)state;
    kept_live(k, &live);
    assert_int_equal(live.pid, 0);
    kept_stop(k, KEEP_CAUSE_CANCEL, 5000000);
    kept_stop(k, KEEP_CAUSE_SHUTDOWN, 5000000); // the first one counts
    wait_for(&s.ends);
    assert_int_equal(s.end.cause, KEEP_CAUSE_CANCEL);
    assert_int_equal(s.end.command.signal, SIGTERM);
    kept_free(NULL);
}

// Its daemon has left session and group, and holds the pipes: only the control group knows it.
static void test_control_group(void **state)
{
    struct seen_kept s = {0};
    char path[PATH_MAX];

    (void)state;
    place.cgroup = real_cgroup(path);
    if (place.cgroup < 0) {
        print_message("this machine has no control groups for tests\n");
        return;
    }
    place.controllers = cgroup_controllers(place.cgroup);
    (void)begin(4096004, "grep ^0:: /proc/self/cgroup; setsid sleep 1000 & exec sleep 1000", 300000,
                &s);
    wait_for(&s.ends);
    assert_int_equal(s.end.cause, KEEP_CAUSE_TIMEOUT);
    assert_non_null(strstr(s.out, "/run-4096004.1\n"));
    for (int i = 0; i < 2000 && rmdir(path) < 0; i++) { // when the killed are gone
        cgroup_sweep(place.cgroup);
        (void)usleep(10000);
    }
    assert_int_equal(access(path, F_OK), -1);
    close(place.cgroup);
    place.cgroup = -1;
}

static int setup(void **state)
{
    struct err e;

    (void)state;
    (void)snprintf(dir_name, sizeof dir_name, "/tmp/belfry-kept-XXXXXX");
    assert_non_null(mkdtemp(dir_name));
    loop = loop_new(clock_real(), &e);
    launcher = launcher_new(loop);
    place =
        (struct kept_place){loop, launcher, open(dir_name, O_RDONLY | O_CLOEXEC), dir_name, -1, 0};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    launcher_free(launcher);
    loop_free(loop);
    close(place.dir);
    file_remove_tree(AT_FDCWD, dir_name);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_run),
        cmocka_unit_test(test_timeout),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_control_group),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
