// needs_test.c - which pools a job needs: read, kept, told.
// SPDX-License-Identifier: Apache-2.0
#include "job/needs.h"

#include "base/buf.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

static void test_names(void **state)
{
    static const struct {
        const char *name;
        int column; // 0: it is one; -1: it has a wrong length
    } rows[] = {
        {"db", 0}, {"9", 0}, {"a.b_c:d-9", 0}, {"", -1}, {"-a", 1}, {"a b", 2}, {"a/b", 2},
    };
    char text[66];
    struct err e;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(pool_name_check(str_of(rows[i].name), &e), rows[i].column == 0);
        if (rows[i].column > 0)
            assert_int_equal(e.column, rows[i].column);
    }
    memset(text, 'x', sizeof text);
    assert_true(pool_name_check((struct str){text, 64}, &e));
    assert_false(pool_name_check((struct str){text, 65}, &e));
}

static void test_values(void **state)
{
    static const struct {
        const char *value, *want; // want: as it is kept; or what is complained of
        bool ok;
    } rows[] = {
        {"\"db\"", "{\"db\":1}", true},
        {"[\"net\",\"db\"]", "{\"db\":1,\"net\":1}", true},
        {"[\"db\",\"db\"]", "{\"db\":1}", true},
        {"{\"net\":1,\"db\":2}", "{\"db\":2,\"net\":1}", true},
        {"{}", "{}", true},
        {"[]", "{}", true},
        {"7", "pools are the name of one", false},
        {"{\"db\":0}", "db: Value error, a run takes 1 to 100000 places", false},
        {"{\"db\":1.5}", "db: Value error, a run takes", false},
        {"{\"db\":\"2\"}", "db: Value error, a run takes", false},
        {"{\"db\":100001}", "db: Value error, a run takes", false},
        {"{\"d b\":1}", "the name of a pool is made of", false},
        {"[\"db\",3]", "1: Value error, the name of a pool has 1 to 64", false},
        {"\"\"", "the name of a pool has 1 to 64", false},
        {"[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"]", "at most 8 pools, not 9",
         false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena *arena = arena_new(4096);
        json_t *value = json_loads(rows[i].value, JSON_DECODE_ANY, NULL), *pools;
        struct model_issues issues;
        struct buf out;

        model_issues_init(&issues, arena);
        buf_init(&out, 1000);
        pools = needs_read(value, STR_LIT("\"body\",\"pools\""), &issues);
        assert_int_equal(pools != NULL, rows[i].ok);
        if (pools) {
            char *text = json_dumps(pools, JSON_COMPACT);

            assert_string_equal(text, rows[i].want);
            free(text);
        } else {
            model_issues_words(&issues, &out);
            assert_non_null(strstr(buf_text(&out), rows[i].want));
        }
        json_decref(pools);
        json_decref(value);
        buf_done(&out);
        arena_free(arena);
    }
}

static void test_kept(void **state)
{
    const struct throttle none = {0}, rate = {10, 60000000, 1};
    json_t *pools = json_loads("{\"db\":2,\"net\":1}", 0, NULL), *again, *empty = json_object();
    struct needs *n = needs_new(pools, &none), *copy;

    (void)state;
    assert_null(needs_new(NULL, &none));
    assert_null(needs_new(empty, &none));
    assert_null(needs_copy(NULL));
    assert_null(needs_pools(NULL));
    assert_false(needs_name(NULL, STR_LIT("db")));
    needs_free(NULL);
    assert_string_equal(n->text.p, "{\"db\":2,\"net\":1}");
    copy = needs_copy(n);
    needs_free(n);
    assert_int_equal(copy->count, 2);
    assert_int_equal(copy->pools[0].slots, 2);
    assert_string_equal(copy->pools[1].pool.p, "net");
    assert_true(needs_name(copy, STR_LIT("net")));
    assert_false(needs_name(copy, STR_LIT("ne")));
    again = needs_pools(copy);
    assert_true(json_equal(again, pools));
    json_decref(again);
    needs_free(copy);
    n = needs_new(NULL, &rate);
    assert_string_equal(n->text.p, "{}");
    assert_null(needs_pools(n));
    copy = needs_copy(n);
    assert_int_equal(copy->throttle.count, 10);
    needs_free(copy);
    needs_free(n);
    json_decref(pools);
    json_decref(empty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
