// parts_test.c - launches, commands, compilations and the pool of hosts, each by itself.
// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <glob.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "exec/command.h"
#include "exec/compile.h"
#include "exec/launch.h"
#include "exec/module.h"
#include "exec/module_child.h"
#include "exec/module_file.h"
#include "exec/module_host.h"
#include "world.h"

static struct world world;

struct told {
    int count;
    int errnum;
    int exit_code;
    int signal;
    bool is_ok;
    wall started_at;
    char text[400];
};

static void launched(const struct launch_result *result, void *ctx)
{
    struct told *t = ctx;
    struct launch_result r = *result;

    t->count++;
    t->errnum = r.errnum;
    if (r.errnum != 0)
        return;
    assert_true(r.pid > 0 && r.pidfd >= 0 && r.out >= 0 && r.err >= 0 && r.started_at.us > 0);
    assert_int_equal(waitid(P_PIDFD, (id_t)r.pidfd, &(siginfo_t){0}, WEXITED), 0);
    file_close(&r.pidfd);
    file_close(&r.out);
    file_close(&r.err);
}

static void test_launch(void **state)
{
    char name[] = "true";
    char *const argv[] = {name, NULL}, *const envp[] = {NULL};
    struct launcher *launcher = launcher_new(world.loop);
    struct launch_spec spec = {.program = "true", .argv = argv, .envp = envp};
    struct told t = {0}, never = {0};
    struct err e;

    (void)state;
    assert_true(launch_start(launcher, &spec, launched, &t, &e));
    world_wait(&world, &t.count, 1);
    assert_int_equal(t.errnum, 0);
    spec.program = "/no/such";
    assert_true(launch_start(launcher, &spec, launched, &t, &e));
    world_wait(&world, &t.count, 2);
    assert_int_equal(t.errnum, ENOENT);
    assert_true(launch_start(launcher, &spec, launched, &never, &e));
    launcher_free(launcher); // reports what it has accepted
    assert_int_equal(never.count, 1);
    assert_int_equal(launch_fd(-1), -1);
    int fd = launch_fd(open("/dev/null", O_RDONLY | O_CLOEXEC));
    assert_true(fd >= 16);
    close(fd);
}

struct limit_told {
    struct told told;
    rlim_t files;
};

static void limit_seen(const struct launch_result *result, void *ctx)
{
    struct limit_told *t = ctx;
    struct rlimit limit = {0};

    // The child sleeps, so that its limits can be read.
    if (result->errnum == 0 && prlimit(result->pid, RLIMIT_NOFILE, NULL, &limit) == 0)
        t->files = limit.rlim_cur;
    launched(result, &t->told);
}

static void test_limit_files(void **state)
{
    char name[] = "sleep", tenth[] = "0.1";
    char *const argv[] = {name, tenth, NULL}, *const envp[] = {NULL};
    struct launcher *launcher = launcher_new(world.loop);
    struct launch_spec spec = {.program = "sleep", .argv = argv, .envp = envp};
    struct limit_told t = {0};
    struct err e;

    (void)state;
    launcher_limit_files(launcher, 77);
    assert_true(launch_start(launcher, &spec, limit_seen, &t, &e));
    world_wait(&world, &t.told.count, 1);
    assert_int_equal(t.files, 77);
    launcher_free(launcher);
}

static void ended(const struct command_end *end, void *ctx)
{
    struct told *t = ctx;

    t->count++;
    t->errnum = end->errnum;
    t->exit_code = end->exit_code;
    t->signal = end->signal;
    t->started_at = end->started_at;
    (void)snprintf(t->text, sizeof t->text, "%.*s",
                   STR(*end->words ? str_of(end->words) : end->out.head));
}

// Stopped while it is being started, and forgotten while it runs.
static void test_command(void **state)
{
    char name[] = "sh", flag[] = "-c", script[] = "echo hello; exec sleep 30";
    char *const argv[] = {name, flag, script, NULL};
    struct launcher *launcher = launcher_new(world.loop);
    struct command_options options = {
        .loop = world.loop,
        .launcher = launcher,
        .spec = {.program = "sh", .argv = argv, .envp = environ},
        .head_max = 100,
    };
    struct told t = {0};
    mono started = {0};
    struct command *c;
    struct err e;

    (void)state;
    c = command_start(&options, ended, &t, &e);
    assert_non_null(c);
    assert_false(command_started(c, &started));
    assert_int_equal(command_pid(c), 0);
    assert_int_equal(command_started_at(c).us, 0);
    assert_true(command_stop(c, COMMAND_KILL_US)); // before it runs: ended as soon as it does
    world_wait(&world, &t.count, 1);
    assert_int_equal(t.signal, SIGTERM);
    c = command_start(&options, ended, &t, &e);
    while (!command_started(c, &started))
        (void)loop_turn(world.loop, 10);
    assert_true(started.us > 0);
    assert_true(command_started_at(c).us > 0);
    assert_int_equal(getpgid(command_pid(c)), command_pid(c));
    launcher_free(launcher);
    command_free(c);
    assert_int_equal(t.count, 1);
}

static void compiled(const struct compile_end *end, void *ctx)
{
    struct told *t = ctx;

    t->count++;
    t->is_ok = end->is_ok;
    (void)snprintf(t->text, sizeof t->text, "%s", end->message);
}

static void test_compile(void **state)
{
    struct compiler_options options = {.loop = world.loop, .program = "cc", .envp = environ};
    char folder[PATH_MAX], path[PATH_MAX];
    struct launcher *launcher = options.launcher = launcher_new(world.loop);
    struct compiler *c = compiler_new(&options);
    struct told t = {0}, forgotten = {0};
    struct compile_wait *wait;
    struct ring_key old, new;
    struct stat st;
    struct err e;

    (void)state;
    world_file(&world, "cc", "main.c", "int call(int n, char **v) { return n < 0 || !v; }\n", 0644);
    (void)snprintf(folder, sizeof folder, "%s/cc", world.jobs);
    (void)snprintf(path, sizeof path, "%s/cc/main.so", world.jobs);
    wait = compile_start(c, folder, compiled, &forgotten);
    assert_non_null(compile_start(c, folder, compiled, &t));
    compile_forget(wait);
    world_wait(&world, &t.count, 1);
    assert_true(t.is_ok);
    assert_int_equal(forgotten.count, 0);
    assert_int_equal(stat(path, &st), 0);
    old = module_key(&st);
    assert_true(module_key_is_same(&old, &old));
    assert_true(compile_now("cc", folder, &e));
    assert_int_equal(stat(path, &st), 0);
    new = module_key(&st);
    assert_false(module_key_is_same(&old, &new));
    assert_false(compile_now("no-such-compiler", folder, &e));
    assert_non_null(compile_start(c, folder, compiled, &t)); // under way at the end
    compiler_close(c);
    launcher_free(launcher);
    compiler_free(c);
    assert_int_equal(t.count, 1);
}

// A compilation that is given up half way leaves nothing in the folder.
static void test_compile_is_cut(void **state)
{
    char program[PATH_MAX + 8], folder[PATH_MAX], written[PATH_MAX + 64];
    struct compiler_options options = {.loop = world.loop, .program = program, .envp = environ};
    int64_t until = clock_mono(clock_real()).us + WORLD_WAIT_US;
    struct compiler *c;
    struct told t = {0};
    glob_t found = {0};

    (void)state;
    world_file(&world, "cut", "main.c", "int call(int n, char **v);\n", 0644);
    world_script(&world, "cut", "#!/bin/sh\n: > \"$7\"\nexec tail -f /dev/null\n");
    (void)snprintf(folder, sizeof folder, "%s/cut", world.jobs);
    (void)snprintf(program, sizeof program, "%s/main", folder);
    (void)snprintf(written, sizeof written, "%s/.main.so.*", folder);
    options.launcher = launcher_new(world.loop);
    c = compiler_new(&options);
    assert_non_null(compile_start(c, folder, compiled, &t));
    while (glob(written, 0, NULL, &found) != 0 && clock_mono(clock_real()).us < until)
        (void)loop_turn(world.loop, 10);
    assert_int_equal(found.gl_pathc, 1);
    globfree(&found);
    compiler_close(c);
    launcher_free(options.launcher);
    compiler_free(c);
    assert_int_equal(glob(written, 0, NULL, &found), GLOB_NOMATCH);
    assert_int_equal(t.count, 0);
}

static void test_module_file(void **state)
{
    char path[PATH_MAX];
    module_call *entry;
    void *handle;
    struct err e;

    (void)state;
    (void)snprintf(path, sizeof path, "%s/cc/main.so", world.jobs);
    assert_true(module_load(path, &handle, &entry, &e));
    assert_int_equal(entry(1, (char *[]){path, NULL}), 0);
    assert_false(module_load("/no/such.so", &handle, &entry, &e));
    assert_int_equal(module_status(0), 0);
    assert_int_equal(module_status(3), 3);
    assert_int_equal(module_status(512), 255);
}

static struct module_request request_of(const char *path, char **argv)
{
    static char identity[] = "X=";
    struct module_request r = {.path = path, .folder = "/", .argv = argv, .argc = 1};
    struct stat st;

    for (int i = 0; i < ENVIRONMENT_IDENTITY; i++)
        r.identity[i] = identity;
    assert_int_equal(stat(path, &st), 0);
    r.key = module_key(&st);
    return r;
}

static void test_pool(void **state)
{
    char path[PATH_MAX], name[] = "x", *argv[] = {name, NULL};
    struct launcher *launcher = launcher_new(world.loop);
    struct modules_options options = {.loop = world.loop,
                                      .launcher = launcher,
                                      .self = "/proc/self/exe",
                                      .envp = environ,
                                      .hosts_max = 2,
                                      .head_max = 100};
    struct modules *m = modules_new(&options);
    struct module_request request;
    struct told t = {0}, stopped = {0};
    struct module_run *run;
    mono started;

    (void)state;
    (void)snprintf(path, sizeof path, "%s/cc/main.so", world.jobs);
    request = request_of(path, argv);
    assert_true(modules_takes(m, &request));
    assert_int_equal(modules_hosts(m), 0); // none before the first run
    for (int i = 0; i < 300; i++)
        run = module_start(m, &request, ended, &t);
    assert_false(module_started(run, &started)); // the last of 300 waits
    run = module_start(m, &request, ended, &stopped);
    assert_true(module_stop(m, run));
    assert_int_equal(stopped.count, 0);
    world_wait(&world, &t.count, 300);
    assert_int_equal(stopped.count, 1);
    assert_int_equal(stopped.started_at.us, 0);
    assert_int_equal(t.exit_code, 0);
    assert_in_range(modules_hosts(m), 1, 2);
    request.argc = 5000;
    assert_false(modules_takes(m, &request));
    modules_close(m);
    launcher_free(launcher);
    modules_free(m);
}

// ---- one host, its events counted ----

static struct told events;

static void on_run(struct module_child *child, struct module_run *run, void *ctx)
{
    (void)child;
    (void)run;
    (void)ctx;
    events.count++;
}

static void on_child(struct module_child *child, void *ctx)
{
    (void)child;
    *(int *)ctx += 1;
}

static void on_progress(struct module_child *child, void *ctx)
{
    (void)child;
    (void)ctx;
}

static struct module_run *run_make(const char *path)
{
    struct module_run *run = mem_alloc(sizeof *run + 512);
    char *at = stpcpy(run->data, path) + 1;
    struct stat st;

    at = stpcpy(at, "/") + 1;
    run->request.argc = 1;
    run->request.size = (uint32_t)(at - run->data) + ENVIRONMENT_IDENTITY + 1; // empty strings
    assert_int_equal(stat(path, &st), 0);
    run->request.key = module_key(&st);
    output_init(&run->out, 100, 0);
    output_init(&run->err, 100, 0);
    return run;
}

static void test_child(void **state)
{
    static const struct module_events handlers = {on_run, on_run, on_progress, on_child};
    char name[] = "x", command[] = "run-module", flag[] = "--host", path[PATH_MAX];
    char *const argv[] = {name, command, flag, NULL};
    struct launch_spec spec = {.program = "/proc/self/exe", .argv = argv, .envp = environ};
    struct launcher *launcher = launcher_new(world.loop);
    struct module_child *child;
    struct module_run *a, *b;
    struct list back;
    int gone = 0;
    mono started;
    struct err e;

    (void)state;
    (void)snprintf(path, sizeof path, "%s/cc/main.so", world.jobs);
    a = run_make(path);
    b = run_make(path);
    list_init(&back);
    child = module_child_new(world.loop, launcher, &spec, &handlers, &gone, &e);
    assert_non_null(child);
    assert_true(module_child_push(child, a)); // nobody can have begun it: the loop has not turned
    assert_true(module_child_push(child, b));
    module_child_collect(child);
    module_child_take(child, 1, &back);
    assert_ptr_equal(list_pop(&back), &b->link);
    world_wait(&world, &events.count, 1);
    assert_int_equal(a->end.exit_code, 0);
    assert_true(a->end.started_at.us > 0);
    assert_false(module_child_is_running(child, &started));
    module_child_quit(child);
    world_wait(&world, &gone, 1);
    assert_null(module_child_pop(child));
    module_child_free(child);
    child = module_child_new(world.loop, launcher, &spec, &handlers, &gone, &e);
    module_child_stop(child); // while it is launching
    world_wait(&world, &gone, 2);
    module_child_free(child);
    launcher_free(launcher);
    free(a);
    free(b);
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
        cmocka_unit_test(test_launch),         cmocka_unit_test(test_limit_files),
        cmocka_unit_test(test_command),        cmocka_unit_test(test_compile),
        cmocka_unit_test(test_compile_is_cut), cmocka_unit_test(test_module_file),
        cmocka_unit_test(test_pool),           cmocka_unit_test(test_child),
    };

    if (argc == 3 && strcmp(argv[1], "run-module") == 0)
        return module_host_main();
    return cmocka_run_group_tests(tests, setup, teardown);
}
