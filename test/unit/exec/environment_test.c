// environment_test.c - arguments and environment of a run.
// SPDX-License-Identifier: Apache-2.0
#include "exec/environment.h"

#include "unit.h"

#include <unistd.h>

#include "exec/args.h"
#include "exec/certificate.h"
#include "exec/module.h"
#include "exec/python.h"

static struct arena *arena;

static void test_args(void **state)
{
    static const struct {
        const char *json;
        const char *words; // joined by |, without the first; NULL: refused
    } rows[] = {
        {"", ""},
        {"[]", ""},
        {"[\"a\",\"b c\"]", "|a|b c"},
        {"[1,2.5,true,null]", "|1|2.5|true|null"},
        {"[[1, 2]]", "|[1,2]"},
        {"[\"\"]", "|"},
        {"{}", NULL},
        {"\"a\"", NULL},
        {"[", NULL},
        {"[\"\\u0000\"]", NULL},
        {"[1]x", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct args args;
        struct err e = {0};
        char joined[100] = "";

        if (!rows[i].words) {
            assert_false(args_read(str_of(rows[i].json), "me", arena, &args, &e));
            assert_int_equal(e.code, ERR_INPUT);
            continue;
        }
        assert_true(args_read(str_of(rows[i].json), "me", arena, &args, &e));
        assert_string_equal(args.v[0], "me");
        assert_null(args.v[args.count]);
        for (int n = 1; n < args.count; n++) {
            strncat(joined, "|", sizeof joined - strlen(joined) - 1);
            strncat(joined, args.v[n], sizeof joined - strlen(joined) - 1);
        }
        assert_string_equal(joined, rows[i].words);
    }
}

static void test_identity(void **state)
{
    static const struct {
        int64_t at_us;
        const char *text;
    } rows[] = {
        {0, "BELFRY_SCHEDULED_AT=1970-01-01T00:00:00Z"},
        {1763787600000000, "BELFRY_SCHEDULED_AT=2025-11-22T05:00:00Z"},
        {1763787600000001, "BELFRY_SCHEDULED_AT=2025-11-22T05:00:00.000001Z"},
        {-1, "BELFRY_SCHEDULED_AT=1969-12-31T23:59:59.999999Z"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct exec_request request = {.run_id = 219049113387008,
                                       .job_name = STR_LIT("a.b"),
                                       .scheduled_at = {rows[i].at_us},
                                       .attempt = 12};
        char *identity[ENVIRONMENT_IDENTITY];

        environment_identity(&request, arena, identity);
        assert_string_equal(identity[0], "BELFRY_JOB_ID=a.b");
        assert_string_equal(identity[1], "BELFRY_RUN_ID=219049113387008");
        assert_string_equal(identity[2], rows[i].text);
        assert_string_equal(identity[3], "BELFRY_ATTEMPT=12");
    }
}

static const char *find(char *const *envp, const char *start)
{
    for (; *envp; envp++)
        if (strncmp(*envp, start, strlen(start)) == 0)
            return *envp;
    return NULL;
}

static void test_inherited(void **state)
{
    char a[] = "PATH=/bin", b[] = "BELFRY_TOKEN=secret", c[] = "NOTIFY_SOCKET=/x",
         d[] = "PYTHONPATH=/mine";
    char *own[] = {a, b, c, d, NULL};
    char **before = environ;
    struct exec_request request = {.job_name = STR_LIT("x")};
    struct environment_wish wish = {0};
    struct environment env;
    char **envp;

    (void)state;
    environ = own;
    environment_init(&env);
    environ = before;
    assert_int_equal(env.count, 2);
    envp = environment_make(&env, &request, &wish, arena);
    assert_string_equal(find(envp, "PATH="), "PATH=/bin");
    assert_string_equal(find(envp, "PYTHONPATH="), "PYTHONPATH=/mine");
    assert_null(find(envp, "BELFRY_TOKEN="));
    assert_null(find(envp, "NOTIFY_SOCKET="));
    wish.python_path = "/srv/app";
    envp = environment_make(&env, &request, &wish, arena);
    assert_string_equal(find(envp, "PYTHONPATH="), "PYTHONPATH=/srv/app:/mine");
    environment_done(&env);
}

// What a job wants of its environment: patterns of names, its own values, another user's.
static void test_wishes(void **state)
{
    static const char *const some[] = {"PATH", "LC_*", NULL};
    char a[] = "PATH=/bin", b[] = "LC_ALL=C", c[] = "HOME=/root", d[] = "LANG=C";
    char *own[] = {a, b, c, d};
    const struct environment env = {own, COUNT(own)};
    struct exec_request request = {.job_name = STR_LIT("x")};
    json_t *set = json_pack("{s:s,s:s}", "PATH", "/mine", "PYTHONPATH", "/own");
    struct environment_wish wish = {.pass = some, .set = set, .has_result = true};
    char **envp = environment_make(&env, &request, &wish, arena);

    (void)state;
    assert_string_equal(find(envp, "PATH="), "PATH=/mine");
    assert_string_equal(find(envp, "LC_ALL="), "LC_ALL=C");
    assert_string_equal(find(envp, "BELFRY_RESULT_FD="), "BELFRY_RESULT_FD=3");
    assert_string_equal(find(envp, "PYTHONPATH="), "PYTHONPATH=/own");
    assert_null(find(envp, "HOME="));
    assert_null(find(envp, "LANG="));
    wish = (struct environment_wish){
        .set = set, .python_path = "/srv", .user = "bob", .home = "/home/bob", .shell = "/bin/sh"};
    envp = environment_make(&env, &request, &wish, arena);
    assert_string_equal(find(envp, "PYTHONPATH="), "PYTHONPATH=/srv:/own");
    assert_string_equal(find(envp, "HOME="), "HOME=/home/bob");
    assert_string_equal(find(envp, "USER="), "USER=bob");
    assert_string_equal(find(envp, "LOGNAME="), "LOGNAME=bob");
    assert_string_equal(find(envp, "SHELL="), "SHELL=/bin/sh");
    assert_string_equal(find(envp, "LANG="), "LANG=C");
    assert_null(find(envp, "BELFRY_RESULT_FD="));
    json_decref(set);
}

static void test_module(void **state)
{
    struct exec_request run = {.run_id = 5, .job_name = STR_LIT("x"), .args = STR_LIT("[\"a\"]")};
    struct module_request request;
    struct err e;

    (void)state;
    assert_true(module_request_make(&run, STR_LIT("/jobs/x"), arena, &request, &e));
    assert_string_equal(request.path, "/jobs/x/main.so");
    assert_int_equal(request.argc, 2);
    assert_string_equal(request.argv[0], "x");
    assert_string_equal(request.identity[1], "BELFRY_RUN_ID=5");
    run.args = STR_LIT("{}");
    assert_false(module_request_make(&run, STR_LIT("/jobs/x"), arena, &request, &e));
}

static void test_python(void **state)
{
    struct python_job job = {.python = "py", .jobs_dir = "/a/jobs", .job = STR_LIT("x")};
    struct keep_start start = {0};

    (void)state;
    python_fill(&job, &start, arena);
    assert_string_equal(start.program, "py");
    assert_string_equal(start.argv[6], "[]");
    assert_string_equal(start.argv[7], "65536");
    assert_string_equal(python_path("/no/such/jobs", arena), "/no/such");
    assert_string_equal(python_path("/jobs", arena), "/");
}

static struct certificate_check *start(const char *target, const char *args, struct err *e)
{
    const struct certificate_request request = {STR_LIT("job"), str_of(target), str_of(args)};
    const struct certificate_tools none = {0};

    return certificate_start(&none, &request, NULL, NULL, e);
}

static void test_certificate(void **state)
{
    struct err e = {0};

    (void)state;
    assert_null(start("example.org:0x", "[]", &e));
    assert_int_equal(e.code, ERR_INPUT);
    assert_null(start("example.org", "[\"starttls=smtp\"]", &e));
    assert_string_equal(e.message, "certificate checks are not available here");
    assert_null(start("example.org", "[\"starttls=smpt\"]", &e));
    assert_string_equal(e.field, "starttls");
    assert_null(start("example.org", "[\"key=k\"]", &e));
    assert_string_equal(e.field, "key");
    assert_null(start("example.org", "", &e));
    assert_string_equal(e.message, "certificate checks are not available here");
    certificate_cancel(NULL);
}

static int setup(void **state)
{
    (void)state;
    arena = arena_new(1000);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

// Of names that come twice, and of belfry's own, a job gets the first, and none.
static void test_init(void **state)
{
    char first[] = "A=1", again[] = "A=2", longer[] = "AB=3", own[] = "BELFRY_X=1";
    char *given[] = {first, own, again, longer, NULL}, **before = environ;
    struct environment env;

    (void)state;
    environ = given;
    environment_init(&env);
    environ = before;
    assert_int_equal(env.count, 2);
    assert_ptr_equal(env.v[0], first);
    assert_ptr_equal(env.v[1], longer);
    environment_done(&env);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_args),      cmocka_unit_test(test_identity),
        cmocka_unit_test(test_inherited), cmocka_unit_test(test_python),
        cmocka_unit_test(test_wishes),    cmocka_unit_test(test_module),
        cmocka_unit_test(test_init),      cmocka_unit_test(test_certificate),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
