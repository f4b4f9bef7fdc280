// progress_test.c - what a run says of itself: lines and what is kept of them.
// SPDX-License-Identifier: Apache-2.0
#include "exec/progress.h"

#include "unit.h"

#include <stdlib.h>

#include "base/mem.h"

static struct arena *arena;

static void test_lines(void **state)
{
    static const struct {
        const char *lines;
        const char *progress, *result;
        const char *warning; // how it begins
    } rows[] = {
        {"", "", "", ""},
        {"\n\n \n", "", "", ""},
        {"{\"progress\":0.25}\n", "{\"progress\":0.25}", "", ""},
        {"{\"progress\":0.1,\"message\":\"a\"}\n{\"progress\":1}",
         "{\"progress\":1,\"message\":\"a\"}", "", ""},
        {"{\"metrics\":{\"n\":0.1}}\n{\"metrics\":{\"m\":2}}\n", "{\"metrics\":{\"m\":2}}", "", ""},
        {"{\"result\":[1,0.1,null,\"x\",true]}\n", "", "[1,0.1,null,\"x\",true]", ""},
        {"{\"result\":1}\n{\"result\":{\"a\":{}}}\n", "", "{\"a\":{}}", ""},
        {"hello\n", "", "", "1 line on descriptor 3 is no"},
        {"[1]\n7\n{\"x\":1}\n", "", "", "3 lines on descriptor 3 are no"},
        {"{\"progress\":1.5}\n{\"progress\":\"x\"}\n{\"progress\":-1}\n", "", "", "3 lines"},
        {"{\"message\":7}\n{\"metrics\":[]}\n", "", "", "2 lines"},
        {"{\"progress\":0.5,\"future\":1}\n", "{\"progress\":0.5}", "", ""},
        {"{\"progress\":0.5\n{\"progress\":0.75}\n", "{\"progress\":0.75}", "", "1 line"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t step = 1; step < 8; step += 3) { // however they are cut
            struct progress *p = progress_new();
            struct str all = str_of(rows[i].lines);

            for (; all.len > step; all = str_cut(all, step, all.len))
                progress_add(p, str_cut(all, 0, step));
            progress_add(p, all);
            progress_close(p);
            assert_true(str_eq(progress_json(p, arena), str_of(rows[i].progress)));
            assert_true(str_eq(progress_result(p, arena), str_of(rows[i].result)));
            assert_true(str_starts(progress_warning(p, arena), str_of(rows[i].warning)));
            assert_int_equal(progress_is_new(p), rows[i].progress[0] != '\0');
            assert_false(progress_is_new(p));
            progress_free(p);
        }
}

// What is too long or too deep costs no more than a line.
static void test_bounds(void **state)
{
    struct progress *p = progress_new();
    char *text = mem_alloc(300000);

    (void)state;
    memset(text, 'x', 200000);
    progress_add(p, (struct str){text, 200000});
    progress_add(p, STR_LIT("\n{\"progress\":0.5}\n"));
    assert_true(str_eq(progress_json(p, arena), STR_LIT("{\"progress\":0.5}")));
    memset(text, '[', 80);
    memset(text + 80, ']', 80);
    progress_add(p, STR_LIT("{\"result\":"));
    progress_add(p, (struct str){text, 160});
    progress_add(p, STR_LIT("}\n"));
    assert_int_equal(progress_result(p, arena).len, 0);
    memset(text, 'y', 65534); // with its quotes just as long as it may be
    progress_add(p, STR_LIT("{\"result\":\""));
    progress_add(p, (struct str){text, 65534});
    progress_add(p, STR_LIT("\"}\n"));
    assert_int_equal(progress_result(p, arena).len, 65536);
    assert_true(str_starts(progress_warning(p, arena), STR_LIT("2 lines")));
    progress_free(p);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lines), cmocka_unit_test(test_bounds)};
    int failed;

    arena = arena_new(4096);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(arena);
    return failed;
}
