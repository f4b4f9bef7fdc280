// module_test.c - runs of C modules in warm hosts: ends, output, crashes, many at once, sources
// compiled.
// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <sys/wait.h>

#include "exec/module.h"
#include "exec/module_file.h"
#include "exec/module_host.h"
#include "world.h"

static struct world world;

// One module that does what its first argument says.
static const char source[] =
    "#include <belfry_job.h>\n"
    "#include <fcntl.h>\n"
    "#include <pthread.h>\n"
    "#include <signal.h>\n"
    "#include <stdio.h>\n"
    "#include <string.h>\n"
    "#include <sys/stat.h>\n"
    "#include <unistd.h>\n"
    "static int calls;\n"
    "static void *loop(void *p) { for (;;) pause(); return p; }\n"
    "static void scribble(int value)\n"
    "{\n"
    "    char line[400];\n"
    "    unsigned long from, to;\n"
    "    FILE *f = fopen(\"/proc/self/maps\", \"r\");\n"
    "    while (fgets(line, sizeof line, f))\n"
    "        if (strstr(line, \"belfry-ring\") && sscanf(line, \"%lx-%lx\", &from, &to) == 2) {\n"
    "            if (value < 256) memset((void *)from, value, to - from);\n"
    "            else for (unsigned *p = (unsigned *)from; p < (unsigned *)to; p++) *p = value - "
    "256;\n"
    "        }\n"
    "    fclose(f);\n"
    "    usleep(20000);\n"
    "}\n"
    "static void meet(void)\n" // three of its kind, and whoever makes the file that opens the door
    "{\n"
    "    struct stat at;\n"
    "    int fd = open(\"here\", O_WRONLY | O_APPEND | O_CREAT, 0666);\n"
    "    if (write(fd, \"x\", 1) != 1) abort();\n"
    "    close(fd);\n"
    "    while (stat(\"here\", &at) || at.st_size < 3 || access(\"door\", F_OK)) usleep(1000);\n"
    "}\n"
    "int call(int argc, char **argv)\n"
    "{\n"
    "    const char *what = argc > 1 ? argv[1] : \"\";\n"
    "    pthread_t thread;\n"
    "    calls++;\n"
    "    if (!strcmp(what, \"status\")) return atoi(argv[2]);\n"
    "    if (!strcmp(what, \"crash\")) { printf(\"last words\\n\"); raise(SIGSEGV); }\n"
    "    if (!strcmp(what, \"abort\")) abort();\n"
    "    if (!strcmp(what, \"exit\")) _exit(atoi(argv[2]));\n"
    "    if (!strcmp(what, \"loop\")) { printf(\"looping\\n\"); for (;;) pause(); }\n"
    "    if (!strcmp(what, \"meet\")) meet();\n"
    "    if (!strcmp(what, \"print\")) { printf(\"out %s\\n\", argv[2]); fprintf(stderr, \"err "
    "%s\\n\", argv[2]); }\n"
    "    if (!strcmp(what, \"size\")) printf(\"%d %zu\\n\", argc, strlen(argv[2]));\n"
    "    if (!strcmp(what, \"flood\")) for (int i = 0; i < 200000; i++) printf(\"%099d\\n\", i);\n"
    "    if (!strcmp(what, \"who\"))\n"
    "        printf(\"%s %s %lld %s %d %d\\n\", argv[0], belfry_job_id(), (long "
    "long)belfry_run_id(),\n"
    "               belfry_scheduled_at(), belfry_attempt(), argv[argc] == NULL);\n"
    "    if (!strcmp(what, \"cwd\")) printf(\"%s\\n\", strrchr(getcwd(NULL, 0), '/'));\n"
    "    if (!strcmp(what, \"pid\")) printf(\"%d %d\\n\", getpid(), calls);\n"
    "    if (!strcmp(what, \"mess\")) {\n"
    "        if (chdir(\"/\")) return 1;\n"
    "        umask(0777); setenv(\"MESS\", \"1\", 1); setenv(\"BELFRY_JOB_ID\", \"x\", 1); "
    "signal(SIGTERM, SIG_IGN);\n"
    "        freopen(\"/dev/null\", \"w\", stdout); strcpy(argv[0], \"y\");\n"
    "    }\n"
    "    if (!strcmp(what, \"tidy\")) {\n"
    "        mode_t mask = umask(022); umask(mask);\n"
    "        printf(\"%d %s %d\\n\", mask == 0777, getenv(\"MESS\") ? \"mess\" : \"\", "
    "signal(SIGTERM, SIG_DFL) == SIG_IGN);\n"
    "    }\n"
    "    if (!strcmp(what, \"thread\")) pthread_create(&thread, NULL, loop, NULL);\n"
    "    if (!strcmp(what, \"child\") && fork() == 0) { for (int i = 0; i < 30; i++) { "
    "usleep(10000); write(1, \"stray\\n\", 6); } _exit(0); }\n"
    "    if (!strcmp(what, \"leak\")) for (int i = 0; i < 100; i++) dup(0);\n"
    "    if (!strcmp(what, \"scribble\")) scribble(atoi(argv[2]));\n"
    "    if (!strcmp(what, \"close\")) { close(0); close(1); close(2); }\n"
    "    return 0;\n"
    "}\n";

static void module_copy(const char *folder)
{
    char from[PATH_MAX], to[PATH_MAX];
    struct buf bytes;
    struct err e;
    int fd;

    (void)snprintf(to, sizeof to, "%s/%s", world.jobs, folder);
    (void)mkdir(to, 0755);
    (void)snprintf(from, sizeof from, "%s/m/main.so", world.jobs);
    (void)snprintf(to, sizeof to, "%s/%s/main.so", world.jobs, folder);
    buf_init(&bytes, 1 << 20);
    assert_true(file_read_all(AT_FDCWD, from, &bytes, &e));
    fd = open(to, O_CREAT | O_WRONLY | O_CLOEXEC, 0755);
    assert_true(fd >= 0 && file_write(fd, buf_str(&bytes)));
    close(fd);
    buf_done(&bytes);
}

static void test_ends(void **state)
{
    static const struct {
        const char *args;
        enum run_state state;
        int exit_code;
        int signal;
        const char *message;
    } rows[] = {
        {"[]", RUN_SUCCEEDED, 0, 0, ""},
        {"[\"status\",\"3\"]", RUN_FAILED, 3, 0, "exit status 3"},
        {"[\"status\",\"256\"]", RUN_FAILED, 255, 0, "exit status 255"},
        {"[\"status\",\"-1\"]", RUN_FAILED, 255, 0, "exit status 255"},
        {"[\"crash\"]", RUN_FAILED, -1, SIGSEGV, "killed by SIGSEGV (Segmentation fault)"},
        {"[]", RUN_SUCCEEDED, 0, 0, ""}, // in a process of its own, as the module is shunned now
        {"[\"status\",\"4\"]", RUN_FAILED, 4, 0, "exit status 4"},
        {"[\"abort\"]", RUN_FAILED, -1, SIGABRT, "killed by SIGABRT (Aborted)"},
        {"[\"exit\",\"5\"]", RUN_FAILED, 5, 0, "exit status 5"},
        {"{}", RUN_FAILED, -1, 0, "args are not a JSON array"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct seen s = {0};
        int64_t begun = clock_wall(clock_real()).us;

        world_run(&world, "m", rows[i].args, &s);
        if (s.started_at.us != 0) // also when it crashed, whose host told no end
            assert_in_range(s.started_at.us, begun, s.finished_at.us);
        assert_string_equal(s.message, rows[i].message);
        assert_int_equal(s.state, rows[i].state);
        assert_int_equal(s.exit_code, rows[i].exit_code);
        assert_int_equal(s.signal, rows[i].signal);
        if (rows[i].signal == SIGSEGV)
            assert_string_equal(s.out, "last words\n");
        seen_free(&s);
    }
}

static void world_fresh(void)
{
    struct exec_options options = world_options(&world);

    world_exec(&world, &options); // new hosts, nobody shunned
}

static void test_exit_in_host(void **state)
{
    struct seen s = {0};

    (void)state;
    world_fresh();
    world_run(&world, "m", "[\"exit\",\"5\"]", &s);
    assert_string_equal(s.message, "exit status 5 (the module called exit)");
    assert_int_equal(s.exit_code, 5);
    seen_free(&s);
    world_fresh();
}

static void test_identity(void **state)
{
    char line[200];
    struct seen s = {0};
    struct exec_request request = world_request("m", "[\"who\"]");

    (void)state;
    request.job_name = STR_LIT("named");
    world_run_request(&world, &request, &s);
    (void)snprintf(line, sizeof line, "named named %lld 2025-11-22T05:00:00.123456Z 1 1\n",
                   (long long)request.run_id);
    assert_string_equal(s.out, line);
    world_run(&world, "m", "[\"cwd\"]", &s);
    assert_string_equal(s.out, "/m\n");
    seen_free(&s);
}

static void test_warm(void **state)
{
    struct seen a = {0}, b = {0};

    (void)state;
    world_fresh();
    world_run(&world, "m", "[\"pid\"]", &a);
    world_run(&world, "m", "[\"pid\"]", &b);
    assert_int_equal(strtol(a.out, NULL, 10), strtol(b.out, NULL, 10));
    assert_string_equal(strchr(b.out, ' '), " 2\n");
    // Another file under the same name is another module, and needs another process.
    module_copy("changing");
    world_run(&world, "changing", "[\"pid\"]", &a);
    assert_string_equal(strchr(a.out, ' '), " 1\n");
    world_file(&world, "changing", "main.so", "not a library", 0755);
    world_run(&world, "changing", "[]", &b);
    assert_int_equal(b.state, RUN_FAILED);
    assert_non_null(strstr(b.message, "could not load the module: "));
    assert_int_equal(b.started_at.us, 0);
    seen_free(&a);
    seen_free(&b);
}

// What a call leaves behind does not meet the next one.
static void test_tidy(void **state)
{
    static const char *const acts[] = {"mess", "thread", "leak", "close", "child"};
    struct seen s = {0};

    (void)state;
    world_fresh();
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
        char args[40];

        (void)snprintf(args, sizeof args, "[\"%s\"]", acts[i]);
        world_run(&world, "m", args, &s);
        assert_int_equal(s.state, RUN_SUCCEEDED);
        world_run(&world, "m", "[\"tidy\"]", &s);
        assert_int_equal(s.state, RUN_SUCCEEDED);
        assert_string_equal(s.out, "0  0\n");
        world_run(&world, "m", "[\"print\",\"x\"]", &s);
        assert_string_equal(s.out, "out x\n");
        assert_string_equal(s.err, "err x\n");
    }
    seen_free(&s);
}

static void test_large(void **state)
{
    static char args[100100];
    struct seen s = {0};

    (void)state;
    (void)snprintf(args, sizeof args, "[\"size\",\"%0100000d\"]", 1);
    world_run(&world, "m", args, &s);
    assert_string_equal(s.out, "3 100000\n");
    world_run(&world, "m", "[\"flood\"]", &s);
    assert_int_equal(s.state, RUN_SUCCEEDED);
    assert_int_equal(s.out_total, 20000000);
    assert_int_equal(s.out_kept, 2 * 65536);
    assert_non_null(strstr(s.out + s.out_kept - 8, "199999\n"));
    seen_free(&s);
}

static void test_time_limit(void **state)
{
    struct seen slow = {0}, quick[20] = {0};
    struct exec_request request = world_request("m", "[\"loop\"]");
    int64_t begin = clock_mono(clock_real()).us;

    (void)state;
    request.timeout_us = 1000000;
    exec_start(world.exec, &request, seen_done, &slow);
    for (int i = 0; i < 20; i++) { // queued behind it in the same ring
        struct exec_request other = world_request("m", "[\"print\",\"q\"]");

        exec_start(world.exec, &other, seen_done, &quick[i]);
    }
    for (int i = 0; i < 20; i++) {
        world_wait(&world, &quick[i].reports, 1);
        assert_string_equal(quick[i].out, "out q\n");
        seen_free(&quick[i]);
    }
    assert_int_equal(slow.reports, 0);
    world_wait(&world, &slow.reports, 1);
    assert_int_equal(slow.state, RUN_TIMED_OUT);
    assert_string_equal(slow.out, "looping\n");
    assert_true(clock_mono(clock_real()).us - begin >= 1000000);
    seen_free(&slow);
}

static void test_cancel(void **state)
{
    struct seen s[3] = {0};
    int64_t ids[3];

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct exec_request request = world_request("m", "[\"loop\"]");

        ids[i] = request.run_id;
        exec_start(world.exec, &request, seen_done, &s[i]);
    }
    exec_cancel(world.exec, ids[2], 5000000);
    world_wait(&world, &s[2].reports, 1);
    assert_int_equal(s[2].state, RUN_CANCELLED);
    exec_cancel(world.exec, ids[0], 5000000);
    world_wait(&world, &s[0].reports, 1);
    assert_int_equal(s[0].state, RUN_CANCELLED);
    exec_stop(world.exec, 50000);
    world_wait(&world, &s[1].reports, 1);
    assert_int_equal(s[1].state, RUN_CANCELLED);
    assert_int_equal(s[1].reason, REASON_SHUTDOWN);
    for (int i = 0; i < 3; i++)
        seen_free(&s[i]);
    world_fresh();
}

// A module that writes over the memory it shares with belfry: whatever becomes of its own runs,
// belfry goes on.
static void test_scribble(void **state)
{
    static const int values[] = {0, 1, 255, 256 + 1, 256 + 2, 256 + 3, 256 + 4, 256 + 5, 256 + 6};
    struct seen s[10] = {0}, after = {0};

    (void)state;
    for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
        char args[40];

        (void)snprintf(args, sizeof args, "[\"scribble\",\"%d\"]", values[v]);
        for (int i = 0; i < 10; i++) {
            struct exec_request request = world_request("m", i == 3 ? args : "[\"print\",\"1\"]");

            s[i].reports = 0;
            exec_start(world.exec, &request, seen_done, &s[i]);
        }
        for (int i = 0; i < 10; i++)
            world_wait(&world, &s[i].reports, 1);
        assert_int_equal(s[3].state, RUN_FAILED);
        for (int i = 0; i < 10; i++)
            assert_true(s[i].state == RUN_FAILED || strcmp(s[i].out, "out 1\n") == 0 ||
                        values[v] > 258);
        world_run(&world, "m", "[\"print\",\"1\"]", &after);
        assert_string_equal(after.out, "out 1\n");
        world_fresh();
    }
    for (int i = 0; i < 10; i++)
        seen_free(&s[i]);
    seen_free(&after);
}

struct many {
    int count;
    int wrong;
};

struct one {
    struct many *many;
    int number;
    bool is_speaking;
};

static void one_done(const struct run_end *end, void *ctx)
{
    struct one *one = ctx;
    char out[40] = "", err[40] = "";

    if (one->is_speaking) {
        (void)snprintf(out, sizeof out, "out %d\n", one->number);
        (void)snprintf(err, sizeof err, "err %d\n", one->number);
    }
    one->many->count++;
    if (end->state != RUN_SUCCEEDED || !str_eq(end->out.head, str_of(out)) ||
        !str_eq(end->err.head, str_of(err))) {
        one->many->wrong++;
        print_message("run %d: %s, %.*s, out \"%.*s\", err \"%.*s\"\n", one->number,
                      run_state_name(end->state), STR(end->message), STR(end->out.head),
                      STR(end->err.head));
    }
}

// A thousand runs through few hosts; every third speaks, and every byte lands where it belongs.
static void test_thousand(void **state)
{
    static struct one ones[1000];
    struct many many = {0};

    (void)state;
    world_fresh();
    for (int i = 0; i < 1000; i++) {
        char args[60] = "[]";
        struct exec_request request;

        ones[i] = (struct one){&many, i, i % 3 == 0};
        if (ones[i].is_speaking)
            (void)snprintf(args, sizeof args, "[\"print\",\"%d\"]", i);
        request = world_request("m", args);
        exec_start(world.exec, &request, one_done, &ones[i]);
    }
    assert_int_equal(many.count, 0);
    world_wait(&world, &many.count, 1000);
    assert_int_equal(many.wrong, 0);
}

// Long calls get hosts of their own, so that they run side by side, and short ones do not wait
// behind them.
static void test_slow(void **state)
{
    static struct one ones[34];
    struct many slow = {0}, quick = {0};

    (void)state;
    for (int i = 0; i < 34; i++) {
        struct exec_request request = world_request("m", i < 3 ? "[\"meet\"]" : "[]");

        ones[i] = (struct one){i < 3 ? &slow : &quick, i, false};
        exec_start(world.exec, &request, one_done, &ones[i]);
    }
    world_wait(&world, &quick.count, 31);
    assert_int_equal(slow.count, 0);
    world_file(&world, "m", "door", "", 0644);
    world_wait(&world, &slow.count, 3);
    assert_int_equal(slow.wrong + quick.wrong, 0);
}

static void test_compiled(void **state)
{
    struct seen s[3] = {0};
    char path[PATH_MAX];
    struct stat before, after;

    (void)state;
    world_file(
        &world, "c", "main.c",
        "#include <belfry_job.h>\n#include <stdio.h>\n"
        "int call(int argc, char **argv) { printf(\"%s %d\\n\", argv[0], argc); return 0; }\n",
        0644);
    for (int i = 0; i < 3; i++) {
        struct exec_request request = world_request("c", "[]");

        exec_start(world.exec, &request, seen_done, &s[i]);
    }
    for (int i = 0; i < 3; i++) {
        world_wait(&world, &s[i].reports, 1);
        assert_string_equal(s[i].message, "");
        assert_string_equal(s[i].out, "c 1\n");
    }
    (void)snprintf(path, sizeof path, "%s/c/main.so", world.jobs);
    assert_int_equal(stat(path, &before), 0);
    world_run(&world, "c", "[1]", &s[0]);
    assert_string_equal(s[0].out, "c 2\n");
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino); // not compiled again
    world_file(&world, "c", "main.c",
               "int call(int argc, char **argv) { return 7 + 0 * argc * !argv; }\n", 0644);
    world_run(&world, "c", "[]", &s[0]);
    assert_int_equal(s[0].exit_code, 7);
    for (int i = 0; i < 3; i++)
        seen_free(&s[i]);
}

static void test_not_compiled(void **state)
{
    struct seen s = {0};
    struct exec_options options = world_options(&world);

    (void)state;
    world_file(&world, "bad", "main.c", "int call(int argc, char **argv) { return nonsense; }\n",
               0644);
    for (int i = 0; i < 2; i++) {
        world_run(&world, "bad", "[]", &s);
        assert_int_equal(s.state, RUN_FAILED);
        assert_string_equal(s.message, "main.c does not compile (cc: exit status 1)");
        assert_non_null(strstr(s.err, "nonsense"));
    }
    world_file(&world, "bad", "main.c",
               "int call(int argc, char **argv) { return argc - 1 + !argv; }\n", 0644);
    world_run(&world, "bad", "[]", &s);
    assert_int_equal(s.state, RUN_SUCCEEDED);
    world_file(&world, "empty", "main.c", "int nothing;\n", 0644);
    world_run(&world, "empty", "[]", &s);
    assert_non_null(strstr(s.message, "has no function call and no table belfry_job"));
    options.compiler = "no-such-compiler";
    world_exec(&world, &options);
    world_file(&world, "lost", "main.c", "int x;\n", 0644);
    world_run(&world, "lost", "[]", &s);
    assert_non_null(
        strstr(s.message, "main.c needs a C compiler, and there is no no-such-compiler"));
    seen_free(&s);
    world_fresh();
}

static void test_table(void **state)
{
    struct seen s = {0};

    (void)state;
    world_file(&world, "table", "main.c",
               "#include <belfry_job.h>\n#include <stdio.h>\n"
               "static int ready;\n"
               "static int warm_up(void) { ready = 1; return 0; }\n"
               "static int work(int argc, char **argv) { printf(\"%s %d %d\\n\", argv[0], argc, "
               "ready); return 0; }\n"
               "const struct belfry_job belfry_job = {.abi = BELFRY_JOB_ABI, .init = warm_up, "
               ".call = work};\n",
               0644);
    world_run(&world, "table", "[]", &s);
    assert_string_equal(s.out, "table 1 1\n");
    world_file(&world, "future", "main.c",
               "#include <belfry_job.h>\nconst struct belfry_job belfry_job = {.abi = 99};\n",
               0644);
    world_run(&world, "future", "[]", &s);
    assert_non_null(strstr(s.message, "is made for version 99 of belfry_job.h, this is version 1"));
    seen_free(&s);
}

static void test_no_host(void **state)
{
    struct exec_options options = world_options(&world);
    struct seen s = {0};

    (void)state;
    options.self = "/bin/false";
    world_exec(&world, &options);
    world_run(&world, "m", "[]", &s);
    assert_int_equal(s.state, RUN_FAILED);
    assert_string_equal(s.message, "the module host ended at once (exit status 1)");
    options.self = "/no/such/belfry";
    world_exec(&world, &options);
    world_run(&world, "m", "[]", &s);
    assert_string_equal(s.message, "could not start a module host: No such file or directory");
    seen_free(&s);
    world_fresh();
}

// Freed while hosts start, run and hold queues.
static void test_end_of_all(void **state)
{
    struct seen s = {0};

    (void)state;
    for (int turns = 0; turns < 40; turns += 13) {
        for (int i = 0; i < 8; i++) {
            struct exec_request request =
                world_request("m", i % 2 ? "[\"loop\"]" : "[\"print\",\"1\"]");

            request.timeout_us = 10000000;
            exec_start(world.exec, &request, seen_done, &s);
        }
        for (int i = 0; i < turns; i++)
            (void)loop_turn(world.loop, 1);
        world_fresh();
    }
    seen_free(&s);
}

static int setup(void **state)
{
    struct seen s = {0};

    (void)state;
    world_open(&world);
    world_file(&world, "m", "main.c", source, 0644);
    world_run(&world, "m", "[]", &s);
    if (s.state != RUN_SUCCEEDED)
        (void)fprintf(stderr, "%s\n%s\n", s.message, s.err);
    assert_int_equal(s.state, RUN_SUCCEEDED);
    seen_free(&s);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_close(&world);
    return 0;
}

// This program is also the belfry that its executor starts: run-module --host, run-module PATH
// ARGS.
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ends),         cmocka_unit_test(test_exit_in_host),
        cmocka_unit_test(test_identity),     cmocka_unit_test(test_warm),
        cmocka_unit_test(test_tidy),         cmocka_unit_test(test_large),
        cmocka_unit_test(test_time_limit),   cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_scribble),     cmocka_unit_test(test_thousand),
        cmocka_unit_test(test_slow),         cmocka_unit_test(test_compiled),
        cmocka_unit_test(test_not_compiled), cmocka_unit_test(test_table),
        cmocka_unit_test(test_no_host),      cmocka_unit_test(test_end_of_all),
    };

    if (world_is_keeper(argc, argv))
        return keeper_command(argc - 1, argv + 1);

    if (argc == 3 && strcmp(argv[1], "run-module") == 0 && strcmp(argv[2], "--host") == 0)
        return module_host_main();
    if (argc >= 3 && strcmp(argv[1], "run-module") == 0)
        return module_run_once(argv[2], argc - 2, argv + 2);
    return cmocka_run_group_tests(tests, setup, teardown);
}
