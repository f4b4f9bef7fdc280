// merge_test.c - changes laid over what is there; most rows are those of RFC 7396.
// SPDX-License-Identifier: Apache-2.0
#include "job/merge.h"

#include <stdlib.h>

#include "unit.h"

static void test_merge_over(void **state)
{
    static const struct {
        const char *present, *change, *want;
    } rows[] = {
        {"{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
        {"{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}"},
        {"{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}"},
        {"{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
        {"{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}"},
        {"{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}"},
        {"{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}"},
        {"[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}"},
        {"{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}"},
        {"{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]"},
        {NULL, "{\"a\":null,\"b\":{\"c\":1}}", "{\"b\":{\"c\":1}}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        json_t *present = rows[i].present ? json_loads(rows[i].present, 0, NULL) : NULL;
        json_t *change = json_loads(rows[i].change, 0, NULL);
        json_t *want = json_loads(rows[i].want, 0, NULL), *before = json_deep_copy(present);
        json_t *merged = merge_over(present, change);

        assert_true(json_equal(merged, want));
        assert_true(!present || json_equal(present, before));
        json_decref(merged);
        json_decref(present);
        json_decref(before);
        json_decref(change);
        json_decref(want);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_merge_over)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
