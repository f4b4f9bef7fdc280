// options_test.c - how a job is carried out: what is taken, what is refused and in which words.
// SPDX-License-Identifier: Apache-2.0
#include "job/options.h"

#include "unit.h"

#include <string.h>

#include "base/buf.h"

static struct arena *arena;
static json_t *kept[64];
static size_t kept_count;

static const char *judge(const char *json, enum job_kind kind, struct job_options *ret)
{
    json_t *value = json_loads(json, 0, NULL);
    struct model_issues issues;
    struct buf words;
    const char *text = "";

    assert_non_null(value);
    model_issues_init(&issues, arena);
    if (!options_read(value, kind, &issues, ret, NULL)) {
        buf_init(&words, 1000);
        model_issues_words(&issues, &words);
        text = arena_copy(arena, buf_str(&words)).p;
        buf_done(&words);
    }
    kept[kept_count++ % COUNT(kept)] = value; // the texts of ret lie in it
    return text;
}

static void test_judged(void **state)
{
    static const struct {
        const char *json;
        enum job_kind kind;
        const char *words; // how the complaint begins; "": none
    } rows[] = {
        {"{\"command\":\"echo hi\"}", JOB_COMMAND, ""},
        {"{\"command\":[\"/bin/echo\",\"hi\",\"\"]}", JOB_COMMAND, ""},
        {"{\"command\":\" \"}", JOB_COMMAND, "command: Value error, a command is a text"},
        {"{\"command\":[]}", JOB_COMMAND, "command: Value error, a command needs a program"},
        {"{\"command\":[\"\"]}", JOB_COMMAND, "command: Value error, a command needs a program"},
        {"{\"command\":[\"a\",1]}", JOB_COMMAND, "command: Value error, a command's words"},
        {"{\"command\":7}", JOB_COMMAND, "command: Input should be a valid string or list"},
        {"{\"command\":[\"a\"],\"shell\":\"sh -c\"}", JOB_COMMAND,
         "shell: Value error, a command that is a list"},
        {"{}", JOB_COMMAND, "command: Value error, a command job needs its command"},
        {"{\"env\":{\"A\":\"1\"},\"umask\":\"027\",\"nice\":5}", JOB_FOLDER, ""},
        {"{\"env\":{\"1A\":\"1\"}}", JOB_FOLDER, "env: Value error, a variable's name"},
        {"{\"env\":{\"A=B\":\"1\"}}", JOB_FOLDER, "env: Value error, a variable's name"},
        {"{\"env\":{\"\":\"1\"}}", JOB_FOLDER, "env: Value error, a variable's name"},
        {"{\"env\":{\"A\":1}}", JOB_FOLDER, "env: Value error, the value of each variable"},
        {"{\"env\":{\"BELFRY_X\":\"1\"}}", JOB_FOLDER, "env: Value error, names that begin with"},
        {"{\"umask\":\"8\"}", JOB_FOLDER, "umask: String should match"},
        {"{\"nice\":20}", JOB_FOLDER, "nice: Input should be less than"},
        {"{\"workdir\":\"srv\"}", JOB_FOLDER, "workdir: Value error, a workdir is an absolute"},
        {"{\"user\":\"no-such-user\"}", JOB_FOLDER,
         "user: Value error, there is no user \"no-such-user\" on this machine"},
        {"{\"group\":\"no-such-group\"}", JOB_FOLDER,
         "group: Value error, there is no group \"no-such-group\" on this machine"},
        {"{\"limits\":{\"memory\":\"64M\",\"cpu_time\":\"1s\",\"open_files\":16}}", JOB_FOLDER, ""},
        {"{\"limits\":{\"memory\":\"lots\"}}", JOB_FOLDER, "memory: Value error, \"lots\" is not"},
        {"{\"limits\":{\"memmory\":1}}", JOB_FOLDER, "memmory: Extra inputs are not permitted"},
        {"{\"log_max\":\"1K\"}", JOB_FOLDER, "log_max: Value error, log_max is from 64K to 16G"},
        {"{\"log_max\":\"64K\"}", JOB_FOLDER, ""},
        {"{\"env\":{}}", JOB_CERTIFICATE, "env: Value error, this kind of job has no process"},
        {"{\"http\":{\"url\":\"https://a/b\"}}", JOB_HTTP, ""},
        {"{\"http\":{\"url\":\"https://a/b\",\"expect_status\":[\"200-299\",404]}}", JOB_HTTP, ""},
        {"{\"http\":{\"url\":\"a/b\"}}", JOB_HTTP, "url: Value error, a url is http://HOST"},
        {"{\"http\":{\"url\":\"http://a\",\"expect_status\":[600]}}", JOB_HTTP,
         "expect_status: Value error, a status is from 100"},
        {"{}", JOB_HTTP, "http: Value error, a job of this kind needs its request"},
        {"{\"http\":{\"url\":\"http://a\"},\"umask\":\"0\"}", JOB_HTTP,
         "umask: Value error, this kind of job has no process"},
        {"{\"future\":1}", JOB_FOLDER, "future: Extra inputs are not permitted"},
    };
    struct job_options options;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *words = judge(rows[i].json, rows[i].kind, &options);

        if (strncmp(words, rows[i].words, strlen(rows[i].words)) != 0 ||
            (*words != '\0') != (*rows[i].words != '\0'))
            fail_msg("%s: \"%s\"", rows[i].json, words);
    }
}

static void test_values(void **state)
{
    struct job_options options;
    struct job_limit_values limits;

    (void)state;
    assert_string_equal(judge("{}", JOB_FOLDER, &options), "");
    limits = options_limits(&options);
    assert_int_equal(limits.memory, -1);
    assert_int_equal(limits.core, -1);
    assert_int_equal(options_log_max(&options), OPTIONS_LOG_MAX);
    assert_int_equal(options_umask(&options), -1);
    assert_string_equal(judge("{\"umask\":\"027\",\"log_max\":\"1M\",\"limits\":{\"memory\":\"1K\","
                              "\"cpu_time\":1.5,\"core\":0,\"processes\":9}}",
                              JOB_FOLDER, &options),
                        "");
    limits = options_limits(&options);
    assert_int_equal(limits.memory, 1024);
    assert_int_equal(limits.cpu_time_s, 2);
    assert_int_equal(limits.core, 0);
    assert_int_equal(limits.processes, 9);
    assert_int_equal(limits.open_files, -1);
    assert_int_equal(options_log_max(&options), 1 << 20);
    assert_int_equal(options_umask(&options), 027);
}

static void test_kept(void **state)
{
    struct job *job = job_new(STR_LIT("a"));
    json_t *options = json_pack("{s:s}", "umask", "027"), *none = json_object();

    (void)state;
    assert_int_equal(job->spec->options.len, 0);
    job_spec_set_options(job_edit(job), options);
    assert_true(str_eq(job->spec->options, STR_LIT("{\"umask\":\"027\"}")));
    job_spec_set_options(job_edit(job), none);
    assert_int_equal(job->spec->options.len, 0);
    json_decref(options);
    json_decref(none);
    job_free(job);
}

static void test_statuses(void **state)
{
    struct job_options options;
    struct job_http http;

    (void)state;
    assert_string_equal(judge("{\"http\":{\"url\":\"http://a\"}}", JOB_HTTP, &options), "");
    assert_true(options_http(&options, &http));
    assert_true(options_status_fits(&http, 200) && options_status_fits(&http, 399));
    assert_false(options_status_fits(&http, 199) || options_status_fits(&http, 400));
    assert_string_equal(
        judge("{\"http\":{\"url\":\"http://a\",\"expect_status\":[204,\"500-502\"]}}", JOB_HTTP,
              &options),
        "");
    assert_true(options_http(&options, &http));
    assert_true(options_status_fits(&http, 204) && options_status_fits(&http, 502));
    assert_false(options_status_fits(&http, 200) || options_status_fits(&http, 503));
    assert_true(options_url_check(STR_LIT("http://a"), &(struct err){0}));
    assert_false(options_url_check(STR_LIT("http://"), &(struct err){0}));
    assert_true(options_method_check(STR_LIT("PATCH"), &(struct err){0}));
    assert_false(options_method_check(STR_LIT(""), &(struct err){0}));
}

static void test_checks(void **state)
{
    struct err e;

    (void)state;
    assert_true(options_umask_check(STR_LIT("0"), &e));
    assert_false(options_umask_check(STR_LIT(""), &e));
    assert_false(options_umask_check(STR_LIT("00000"), &e));
    assert_true(options_size_check(STR_LIT("1G"), &e));
    assert_false(options_size_check(STR_LIT("x"), &e));
    assert_true(options_log_check(STR_LIT("16G"), &e));
    assert_false(options_log_check(STR_LIT("17G"), &e));
}

static void test_users(void **state)
{
    struct options_user user;
    struct err e = {0};
    uint32_t gid;

    (void)state;
    assert_true(options_user_find(STR_LIT("root"), arena, &user, &e));
    assert_int_equal(user.uid, 0);
    assert_true(str_eq(user.name, STR_LIT("root")));
    assert_true(options_user_find(STR_LIT("0"), arena, &user, &e));
    assert_true(str_eq(user.name, STR_LIT("root")));
    assert_true(options_user_find(STR_LIT("4000000000"), arena, &user, &e));
    assert_int_equal(user.uid, 4000000000u);
    assert_int_equal(user.name.len, 0);
    assert_false(options_user_find(STR_LIT("4294967295"), arena, &user, &e)); // means: none
    assert_true(options_group_find(STR_LIT("root"), &gid, &e));
    assert_int_equal(gid, 0);
    assert_true(options_group_find(STR_LIT("12345"), &gid, &e));
    assert_int_equal(gid, 12345);
    assert_false(options_group_find(STR_LIT("no-such-group"), &gid, &e));
}

static void test_words(void **state)
{
    json_t *list = json_loads("[\"tar\",\"-c\",\"a b\"]", 0, NULL);
    char text[402] = "";
    struct str words;
    json_t *value;

    (void)state;
    assert_string_equal(options_command_words(list, arena).p, "tar -c a b");
    for (int i = 0; i < 200; i++)
        memcpy(text + 2 * i, "\xc3\xa9", 2);
    value = json_string(text);
    words = options_command_words(value, arena);
    assert_true(words.len <= 200 && str_is_utf8(words) && str_ends(words, STR_LIT("...")));
    json_decref(list);
    json_decref(value);
}

static int setup(void **state)
{
    (void)state;
    arena = arena_new(4096);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(kept); i++)
        json_decref(kept[i]);
    arena_free(arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_judged),   cmocka_unit_test(test_values),
        cmocka_unit_test(test_checks),   cmocka_unit_test(test_users),
        cmocka_unit_test(test_words),    cmocka_unit_test(test_kept),
        cmocka_unit_test(test_statuses),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
