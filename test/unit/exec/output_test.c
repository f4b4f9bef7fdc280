// output_test.c - heads and tails of streams, and what is said about ends.
// SPDX-License-Identifier: Apache-2.0
#include "exec/output.h"

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "exec/words.h"

static void test_limits(void **state)
{
    static const struct {
        size_t piece; // bytes added at a time
        int pieces;
        const char *head;
        const char *tail;
    } rows[] = {
        {0, 0, "", ""},         {1, 1, "a", ""},        {4, 1, "abcd", ""},
        {5, 1, "abcd", "e"},    {7, 1, "abcd", "efg"},  {8, 1, "abcd", "fgh"},
        {26, 1, "abcd", "xyz"}, {1, 26, "abcd", "xyz"}, {2, 13, "abcd", "xyz"},
        {3, 8, "abcd", "vwx"},  {13, 2, "abcd", "xyz"}, {1, 9, "abcd", "ghi"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct output o;
        struct run_stream s;

        output_init(&o, 4, 3);
        for (int n = 0; n < rows[i].pieces; n++)
            output_add(&o, (struct str){&"abcdefghijklmnopqrstuvwxyz"[(size_t)n * rows[i].piece],
                                        rows[i].piece});
        s = output_stream(&o);
        assert_true(str_eq(s.head, str_of(rows[i].head)));
        assert_true(str_eq(s.tail, str_of(rows[i].tail)));
        assert_int_equal(s.total, rows[i].piece * (size_t)rows[i].pieces);
        assert_true(o.tail.len <= 2 * 3);
        output_done(&o);
    }
}

static void test_pipe(void **state)
{
    struct output o;
    struct err e;
    int in, out;

    (void)state;
    output_init(&o, 100, 0);
    assert_true(file_pipe(O_NONBLOCK, &in, &out, &e));
    assert_int_equal(output_read(&o, in, 10), -1);
    assert_true(file_write(out, STR_LIT("hello")));
    assert_int_equal(output_waiting(in), 5);
    assert_int_equal(output_read(&o, in, 2), 2);
    assert_true(output_drain(&o, in));
    assert_true(str_eq(output_stream(&o).head, STR_LIT("hello")));
    close(out);
    assert_false(output_drain(&o, in));
    assert_int_equal(output_read(&o, in, 2), 0);
    assert_int_equal(output_waiting(-1), 0);
    assert_int_equal(o.total, 5);
    close(in);
    output_done(&o);
}

static void test_words(void **state)
{
    struct arena *arena = arena_new(1000);
    struct command_end end = {.exit_code = -1, .signal = SIGTERM, .words = ""};
    struct start_failure failure = {
        .errnum = EMFILE, .is_limit = true, .program = "main", .folder = "/"};
    struct run_stream said = {.head = STR_LIT("first\n  ValueError: no\n\n")};

    (void)state;
    assert_true(str_eq(words_end(&end, arena), STR_LIT("killed by SIGTERM (Terminated)")));
    end = (struct command_end){.exit_code = 0, .words = ""};
    assert_int_equal(words_end(&end, arena).len, 0);
    end.words = "the host's own";
    assert_true(str_eq(words_end(&end, arena), STR_LIT("the host's own")));
    assert_true(str_eq(
        words_start(&failure, arena),
        STR_LIT("could not start main: Too many open files (a limit on open files or processes)")));
    failure = (struct start_failure){.errnum = ENOENT, .program = "main", .folder = "/no/such"};
    assert_true(
        str_eq(words_start(&failure, arena),
               STR_LIT("could not enter the job folder /no/such: No such file or directory")));
    assert_true(str_eq(words_add_last_line(STR_LIT("exit status 1"), said, arena),
                       STR_LIT("exit status 1: ValueError: no")));
    said = (struct run_stream){.head = STR_LIT("\x1b[2J\x7f\0bell\a!")}; // not for a terminal
    assert_true(str_eq(words_add_last_line(STR_LIT("x"), said, arena), STR_LIT("x:  [2J  bell !")));
    said = (struct run_stream){0};
    assert_true(str_eq(words_add_last_line(STR_LIT("x"), said, arena), STR_LIT("x")));
    arena_free(arena);
}

// Why a program could not be started, and what helps.
static void test_start_words(void **state)
{
    static const struct {
        struct start_failure failure;
        const char *words;
    } rows[] = {
        {{.errnum = ENOENT, .program = "nosuch"},
         "nosuch: No such file or directory (is it installed and in PATH?)"},
        {{.errnum = ENOENT, .program = "/no/such"}, "/no/such: No such file or directory"},
        {{.errnum = ENOENT, .program = "/etc/passwd"},
         "/etc/passwd: No such file or directory (the interpreter that its first line names is "
         "missing)"},
        {{.errnum = EACCES, .program = "/etc/passwd"},
         "/etc/passwd: Permission denied (chmod +x /etc/passwd)"},
        {{.errnum = EACCES, .program = "/tmp"}, "/tmp: Permission denied (it is a folder)"},
        {{.errnum = EACCES, .program = "tool"}, "tool: Permission denied"},
        {{.errnum = EAGAIN, .program = "sh"},
         "sh: Resource temporarily unavailable (its user has too many processes already: see "
         "limits.processes)"},
        {{.errnum = E2BIG, .program = "sh"},
         "sh: Argument list too long (too many or too long arguments)"},
        {{.errnum = ENOEXEC, .program = "sh"},
         "sh: Exec format error (a script needs a first line such as #!/bin/sh)"},
        {{.errnum = ENOENT, .program = "sh", .step = SPAWN_STEP_WORKDIR, .workdir = "/no/such"},
         "sh: could not enter its working directory /no/such: No such file or directory"},
        {{.errnum = EPERM, .program = "sh", .step = "become its user", .workdir = "/"},
         "sh: could not become its user: Operation not permitted"},
    };
    struct arena *arena = arena_new(1000);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct str words = words_start(&rows[i].failure, arena);

        print_message("%.*s\n", STR(words));
        assert_true(str_starts(words, STR_LIT("could not start ")));
        assert_true(str_eq(str_cut(words, 16, words.len), str_of(rows[i].words)));
    }
    arena_free(arena);
}

static void test_causes(void **state)
{
    struct arena *arena = arena_new(100);

    (void)state;
    assert_true(str_eq(words_cause(KEEP_CAUSE_TIMEOUT, true, 1500000, arena),
                       STR_LIT("took longer than its limit of 1.5 s")));
    assert_true(str_eq(words_cause(KEEP_CAUSE_CANCEL, true, 0, arena), STR_LIT("cancelled")));
    assert_true(str_eq(words_cause(KEEP_CAUSE_SHUTDOWN, false, 0, arena),
                       STR_LIT("belfry was stopped before it could start")));
    arena_free(arena);
}

// What a control group knows, beside what the end itself says.
static void test_group_words(void **state)
{
    static const struct {
        struct cgroup_facts facts;
        struct cgroup_limits limits;
        int exit_code, signal;
        const char *words;
    } rows[] = {
        {{0}, {0}, 1, 0, ""},
        {{0, 0, 0}, {.memory = 1 << 20, .processes = 5}, -1, SIGKILL, ""},
        {{0, 1, 0}, {.memory = 64 << 20}, -1, SIGKILL, "killed: out of memory, limit 64 MiB"},
        {{0, 1, 0}, {.memory = 1000}, -1, SIGKILL, "killed: out of memory, limit 1000 bytes"},
        {{0, 1, 0}, {0}, -1, SIGKILL, "killed: out of memory"},
        {{0, 2, 0}, {.memory = 2 << 10}, 137, 0, "exit status 137; out of memory, limit 2 KiB"},
        {{0, 2, 0},
         {.memory = INT64_C(3) << 30},
         0,
         0,
         "processes of it were killed: out of memory, limit 3 GiB"},
        {{0, 0, 3},
         {.processes = 5},
         2,
         0,
         "exit status 2; it wanted more processes than its limit of 5"},
        {{0, 0, 3}, {.processes = 5}, 0, 0, "it wanted more processes than its limit of 5"},
    };
    struct arena *arena = arena_new(1000);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct command_end end = {
            .words = "", .exit_code = rows[i].exit_code, .signal = rows[i].signal};
        struct str words = words_group(&rows[i].facts, &rows[i].limits, &end, arena);

        print_message("%.*s\n", STR(words));
        assert_true(str_eq(words, str_of(rows[i].words)));
    }
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_causes),      cmocka_unit_test(test_limits),
        cmocka_unit_test(test_pipe),        cmocka_unit_test(test_words),
        cmocka_unit_test(test_group_words), cmocka_unit_test(test_start_words)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
