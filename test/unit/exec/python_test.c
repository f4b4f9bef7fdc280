// python_test.c - runs of main.py: the ways to import, to call, to fail, and to give a result.
// SPDX-License-Identifier: Apache-2.0
#include "exec/python.h"

#include "world.h"

static struct world world;

static void test_calls(void **state)
{
    static const struct {
        const char *file;
        const char *args;
        enum run_state state;
        const char *message;
        const char *out;
        const char *result;
    } rows[] = {
        {"def call(*args):\n    print('hello', args)\n", "[]", RUN_SUCCEEDED, "", "hello ()\n", ""},
        {"def call(*args, **kwargs):\n    print(args)\n    return {'n': len(args)}\n",
         "[\"a\",2,null]", RUN_SUCCEEDED, "", "('a', 2, None)\n", "{\"n\":3}"},
        {"import asyncio\nasync def call(*args):\n    await asyncio.sleep(0)\n    print('async', "
         "*args)\n",
         "[\"h\xc3\xa9\"]", RUN_SUCCEEDED, "", "async h\xc3\xa9\n", ""},
        {"def call():\n    return object()\n", "[]", RUN_SUCCEEDED, "", "", ""},
        {"def call():\n    return float('nan')\n", "[]", RUN_SUCCEEDED, "", "", ""},
        {"def call():\n    raise ValueError('bad')\n", "[]", RUN_FAILED,
         "exit status 1: ValueError: bad", "", ""},
        // As long as the one before, and written in the same second: a cache must not hide it.
        {"async def call():\n    raise KeyError(3)\n", "[]", RUN_FAILED,
         "exit status 1: KeyError: 3", "", ""},
        {"def call():\n    raise SystemExit(4)\n", "[]", RUN_FAILED, "exit status 4", "", ""},
        {"def run():\n    pass\n", "[]", RUN_FAILED,
         "exit status 1: main.py has no function call(*args)", "", ""},
        {"def call(:\n", "[]", RUN_FAILED, "exit status 1: SyntaxError: invalid syntax", "", ""},
        {"import os\ndef call():\n    print(os.environ['BELFRY_JOB_ID'], "
         "os.path.basename(os.getcwd()))\n",
         "[]", RUN_SUCCEEDED, "", "p p\n", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct seen s = {0};

        world_file(&world, "p", "main.py", rows[i].file, 0644);
        world_run(&world, "p", rows[i].args, &s);
        assert_string_equal(s.message, rows[i].message);
        assert_int_equal(s.state, rows[i].state);
        assert_string_equal(s.out, rows[i].out);
        assert_string_equal(s.result, rows[i].result);
        seen_free(&s);
    }
}

// The traceback begins in the job's own file.
static void test_traceback(void **state)
{
    char line[200];
    struct seen s = {0};

    (void)state;
    world_file(&world, "trace", "main.py", "def deep():\n    1 / 0\n\ndef call():\n    deep()\n",
               0644);
    world_run(&world, "trace", "[]", &s);
    (void)snprintf(
        line, sizeof line,
        "Traceback (most recent call last):\n  File \"%s/trace/main.py\", line 5, in call\n",
        world.jobs);
    assert_memory_equal(s.err, line, strlen(line));
    assert_non_null(strstr(s.err, "ZeroDivisionError: division by zero\n"));
    seen_free(&s);
}

// Job folders are written for a package app.jobs or jobs, or as if main.py stood alone.
static void test_imports(void **state)
{
    static const char *const imports[] = {
        "from .helper import word",
        "import helper; word = helper.word",
        "from jobs.other.helper import word",
        "from app.jobs.other.helper import word",
    };
    static const char *const jobs[] = {"im", "im", "dotted.name", "im-1"};
    char text[300];

    (void)state;
    for (size_t i = 0; i < sizeof imports / sizeof *imports; i++) {
        struct seen s = {0};

        (void)snprintf(text, sizeof text, "%s\ndef call():\n    print(word, __name__)\n",
                       imports[i]);
        world_file(&world, jobs[i], "main.py", text, 0644);
        world_file(&world, jobs[i], "helper.py", "word = 'mine'\n", 0644);
        world_file(&world, "other", "helper.py", "word = 'other'\n", 0644);
        world_run(&world, jobs[i], "[]", &s);
        assert_string_equal(s.err, "");
        assert_non_null(strstr(s.out, i < 2    ? "mine jobs.im.main"
                                      : i == 2 ? "other jobs.dotted_name.main"
                                               : "other jobs.im-1.main"));
        seen_free(&s);
    }
}

static void test_missing(void **state)
{
    struct exec_options options = world_options(&world);
    struct seen s = {0};

    (void)state;
    options.python = "no-such-python";
    world_exec(&world, &options);
    world_file(&world, "p", "main.py", "def call():\n    pass\n", 0644);
    world_run(&world, "p", "[]", &s);
    assert_string_equal(
        s.message,
        "could not start no-such-python: No such file or directory (is it installed and in PATH?)");
    seen_free(&s);
}

static int setup(void **state)
{
    char app[80];

    (void)state;
    (void)unsetenv("PYTHONDONTWRITEBYTECODE"); // caches are part of what is tested
    world_open(&world);
    // The jobs directory of a service app: DIR/app/jobs.
    (void)snprintf(app, sizeof app, "%s/app", world.dir);
    (void)snprintf(world.jobs, sizeof world.jobs, "%s/app/jobs", world.dir);
    if (mkdir(app, 0755) < 0 || mkdir(world.jobs, 0755) < 0)
        return -1;
    struct exec_options options = world_options(&world);
    world_exec(&world, &options);
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
        cmocka_unit_test(test_calls),
        cmocka_unit_test(test_traceback),
        cmocka_unit_test(test_imports),
        cmocka_unit_test(test_missing),
    };

    if (world_is_keeper(argc, argv))
        return keeper_command(argc - 1, argv + 1);

    return cmocka_run_group_tests(tests, setup, teardown);
}
