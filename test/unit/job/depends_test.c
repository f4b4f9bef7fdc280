// depends_test.c - which jobs a job follows: what is read, told and kept, which ends count.
// SPDX-License-Identifier: Apache-2.0
#include "job/depends.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

// The list as it reads, or the first complaint.
static struct depends *depends_of(const char *text, struct buf *words)
{
    struct arena *arena = arena_new(4096);
    struct model_issues issues;
    struct depends *d = NULL;
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL), *told;

    assert_non_null(value);
    model_issues_init(&issues, arena);
    if (depends_read(value, STR_LIT("\"body\",\"depends_on\""), &issues, &d)) {
        told = depends_encode(d);
        char *dump = told ? json_dumps(told, JSON_COMPACT) : NULL;

        buf_add_text(words, dump ? dump : "none");
        free(dump);
        json_decref(told);
    } else {
        model_issues_words(&issues, words);
    }
    json_decref(value);
    arena_free(arena);
    return d;
}

static void test_texts(void **state)
{
#define A "{\"job\":\"a\",\"on\":\"success\"}"
    static const struct {
        const char *said, *told, *words;
    } rows[] = {
        {"\"a\"", "[" A "]", "after a has succeeded"},
        {"[\"a\"]", "[" A "]", "after a has succeeded"},
        {A, "[" A "]", "after a has succeeded"},
        {"{\"job\":\"a\",\"on\":\"always\"}", "[{\"job\":\"a\",\"on\":\"always\"}]",
         "after a has ended"},
        {"[\"a\",{\"job\":\"b\",\"on\":\"failure\"}]", "[" A ",{\"job\":\"b\",\"on\":\"failure\"}]",
         "after a has succeeded and b has ended badly"},
        {"[\"a\",\"b\",\"c\"]", NULL, "after a has succeeded, b has succeeded and c has succeeded"},
        {"[]", "none", NULL},
        {"null", "none", NULL},
        {"7", "depends_on: Value error, depends_on is a list", NULL},
        {"[7]", "0: Input should be a valid dictionary", NULL},
        {"[\"\"]", "job: ", NULL},
        {"[\"a b\"]", "job: ", NULL},
        {"[\"a\",\"a\"]", "1: Value error, the job is named twice", NULL},
        {"[{\"job\":\"a\",\"on\":\"never\"}]", "on: Input should be 'success'", NULL},
        {"[{\"job\":\"a\",\"when\":\"never\"}]", "when: Extra inputs", NULL},
        {"[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]", "depends_on: List should have at most 16",
         NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf told, words;

        buf_init(&told, 4096);
        buf_init(&words, 4096);
        struct depends *d = depends_of(rows[i].said, &told), *copy = depends_copy(d);

        if (rows[i].told && strncmp(buf_text(&told), rows[i].told, strlen(rows[i].told)) != 0)
            fail_msg("%s\n  gave %s\n  want %s", rows[i].said, buf_text(&told), rows[i].told);
        if (rows[i].words) {
            depends_words(copy, &words);
            assert_string_equal(buf_text(&words), rows[i].words);
        } else {
            assert_null(copy);
        }
        free(d);
        free(copy);
        buf_done(&told);
        buf_done(&words);
    }
}

static void test_wants(void **state)
{
    static const struct {
        enum run_state state;
        bool success, failure, always;
    } rows[] = {
        {RUN_SUCCEEDED, true, false, true}, {RUN_FAILED, false, true, true},
        {RUN_TIMED_OUT, false, true, true}, {RUN_CANCELLED, false, true, true},
        {RUN_LOST, false, true, true},      {RUN_SKIPPED, false, false, false},
        {RUN_RUNNING, false, false, false}, {RUN_WAITING, false, false, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(depends_wants(DEPENDS_SUCCESS, rows[i].state), rows[i].success);
        assert_int_equal(depends_wants(DEPENDS_FAILURE, rows[i].state), rows[i].failure);
        assert_int_equal(depends_wants(DEPENDS_ALWAYS, rows[i].state), rows[i].always);
    }
}

// What has been met goes over to the same parents of another definition.
static void test_keep(void **state)
{
    struct buf words;

    (void)state;
    buf_init(&words, 4096);
    struct depends *before = depends_of("[\"a\",\"b\",\"c\"]", &words);
    struct depends *now =
        depends_of("[\"x\",{\"job\":\"b\",\"on\":\"always\"},\"c\",\"a\"]", &words);

    before->met = 7;
    before->born_id = 42;
    depends_keep(before, now);
    assert_int_equal(now->met, 0xc); // b is wanted otherwise now
    assert_int_equal(now->born_id, 42);
    depends_keep(NULL, now);
    assert_int_equal(now->met, 0);
    depends_keep(before, NULL);
    assert_int_equal(depends_find(before, STR_LIT("c")), 2);
    assert_int_equal(depends_find(before, STR_LIT("d")), 3);
    assert_int_equal(depends_find(NULL, STR_LIT("d")), 0);
    free(before);
    free(now);
    buf_done(&words);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_wants),
        cmocka_unit_test(test_keep),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
