// filter_test.c - programs that are told something: what they say, how they end, that they do end.
// SPDX-License-Identifier: Apache-2.0
#include "exec/filter.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "unit.h"

static struct arena *arena;

static struct filter_end run(const char *script, struct str input, int64_t timeout_ms,
                             const atomic_bool *ends)
{
    char *argv[] = {"sh", "-c", (char *)script, NULL},
         *envp[] = {"X=y", "PATH=/usr/bin:/bin", NULL};
    const struct filter filter = {argv, envp, input, timeout_ms};
    struct filter_end end;

    filter_run(&filter, ends, arena, &end);
    return end;
}

static void test_ends(void **state)
{
    static const struct {
        const char *script, *input, *output, *message;
        int status;
    } rows[] = {
        {"cat", "hello", "hello", "", 0},
        {"cat >/dev/null; echo out; echo err >&2; echo $X", "in", "out\nerr\ny\n", "", 0},
        {"exit 7", "not read", "", "exit status 7", 7},
        {"kill -9 $$", "", "", "it was ended by signal 9", 137},
        {"exec <&-; sleep 0.2; echo x", "nobody reads", "x\n", "", 0},
        {"exec >&- 2>&-; sleep 0.2", "", "", "", 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct filter_end end = run(rows[i].script, str_of(rows[i].input), 20000, NULL);

        assert_string_equal(end.output.p ? end.output.p : "", rows[i].output);
        assert_string_equal(end.err.message, rows[i].message);
        assert_int_equal(end.status, rows[i].status);
        assert_int_equal(end.is_good, rows[i].status == 0);
    }
}

static void test_large_input_and_output(void **state)
{
    size_t len = 4 << 20;
    char *bytes = mem_alloc(len);

    (void)state;
    memset(bytes, 'a', len);
    struct filter_end end = run("cat", (struct str){bytes, len}, 20000, NULL);

    assert_true(end.is_good);
    assert_int_equal(end.output.len, FILTER_OUTPUT_MAX);
    free(bytes);
}

static void test_limits(void **state)
{
    atomic_bool ends = true;
    struct filter_end end;

    (void)state;
    end = run("echo begun; sleep 100", (struct str){0}, 300, NULL);
    assert_false(end.is_good);
    assert_int_equal(end.err.code, ERR_TIMEOUT);
    assert_int_equal(end.status, 137);
    end = run("sleep 100", (struct str){0}, 100000, &ends);
    assert_false(end.is_good);
    // A process that stays behind with the output holds nobody up.
    end = run("sleep 3 & echo gone", (struct str){0}, 20000, NULL);
    assert_true(end.is_good);
    assert_string_equal(end.output.p, "gone\n");
}

static void test_no_program(void **state)
{
    char *argv[] = {"/no/such/program", NULL}, *envp[] = {NULL};
    const struct filter filter = {argv, envp, {0}, 1000};
    struct filter_end end;

    (void)state;
    filter_run(&filter, NULL, arena, &end);
    assert_int_equal(end.status, -1);
    assert_string_equal(end.err.message,
                        "/no/such/program cannot be started: No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_large_input_and_output),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_no_program),
    };

    arena = arena_new(1000);

    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    arena_free(arena);
    return failed;
}
