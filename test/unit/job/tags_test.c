// tags_test.c - tags: which words are some, lists in and out.
// SPDX-License-Identifier: Apache-2.0
#include "job/tags.h"

#include "base/buf.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

static void test_words(void **state)
{
    static const struct {
        const char *tag;
        int column; // 0: it is one; -1: it has a wrong length
    } rows[] = {
        {"etl", 0}, {"a.b_c:d-9", 0}, {"9", 0}, {"", -1},  {"-a", 1},   {"a b", 2},
        {"a/b", 2}, {"a*", 2},        {"é", 1}, {".a", 1}, {"a\"b", 2}, {"a,b", 2},
    };
    char text[TAG_MAX + 2] = {0};
    struct err e;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(tag_check(str_of(rows[i].tag), &e), rows[i].column == 0);
        if (rows[i].column > 0)
            assert_int_equal(e.column, rows[i].column);
    }
    memset(text, 'x', TAG_MAX);
    assert_true(tag_check(str_of(text), &e));
    text[TAG_MAX] = 'x';
    assert_false(tag_check(str_of(text), &e));
}

static void test_lists(void **state)
{
    static const struct {
        const char *list, *want; // want: the words; or what is complained of
    } rows[] = {
        {"[]", ""},
        {"[\"etl\"]", "etl"},
        {"[\"etl\",\"nightly\",\"etl\"]", "etl nightly"},
        {"[\"a\",\"b c\"]", "1: Value error, a tag is made of"},
        {"[\"a\",7]", "1: Value error, a tag has 1 to 64"},
        {"[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,"
         "33]",
         "tags: List should have at most 32"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena *arena = arena_new(4096);
        json_t *list = json_loads(rows[i].list, 0, NULL), *again;
        struct model_issues issues;
        struct json_write w;
        struct str tags;
        struct buf out;

        model_issues_init(&issues, arena);
        buf_init(&out, 1000);
        if (tags_read(list, &issues, &tags)) {
            assert_string_equal(tags.p, rows[i].want);
            again = tags_encode(tags);
            assert_int_equal(again != NULL, tags.len > 0);
            json_write_init(&w, &out);
            tags_write(tags, &w);
            assert_int_equal(buf_text(&out)[0], '[');
            json_decref(again);
            free((void *)tags.p);
        } else {
            model_issues_words(&issues, &out);
            assert_non_null(strstr(buf_text(&out), rows[i].want));
        }
        buf_done(&out);
        json_decref(list);
        arena_free(arena);
    }
}

// Nodes are listed as tags are; complaints name them.
static void test_nodes(void **state)
{
    static const struct {
        const char *list, *want;
    } rows[] = {{"[]", ""},
                {"[\"gpu\",\"node-2.example.org\",\"gpu\"]", "gpu node-2.example.org"},
                {"[\"a\",\"b c\"]", "1: Value error, the name or the tag of a node is"}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena *arena = arena_new(4096);
        json_t *list = json_loads(rows[i].list, 0, NULL);
        struct model_issues issues;
        struct str nodes;
        struct buf out;

        model_issues_init(&issues, arena);
        buf_init(&out, 1000);
        if (nodes_read(list, &issues, &nodes)) {
            assert_string_equal(nodes.p, rows[i].want);
            free((void *)nodes.p);
        } else {
            model_issues_words(&issues, &out);
            assert_non_null(strstr(buf_text(&out), rows[i].want));
        }
        buf_done(&out);
        json_decref(list);
        arena_free(arena);
    }
}

static void test_have(void **state)
{
    struct buf out;
    struct json_write w;

    (void)state;
    assert_true(tags_have(STR_LIT("etl nightly"), STR_LIT("nightly")));
    assert_false(tags_have(STR_LIT("etl nightly"), STR_LIT("night")));
    assert_false(tags_have(STR_LIT("etl nightly"), STR_LIT("etl nightly")));
    assert_false(tags_have((struct str){0}, STR_LIT("etl")));
    buf_init(&out, 100);
    json_write_init(&w, &out);
    tags_write(STR_LIT("etl nightly"), &w);
    assert_string_equal(buf_text(&out), "[\"etl\",\"nightly\"]");
    buf_done(&out);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words), cmocka_unit_test(test_lists), cmocka_unit_test(test_nodes),
        cmocka_unit_test(test_have)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
