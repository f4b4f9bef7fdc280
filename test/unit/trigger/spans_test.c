// spans_test.c - spans in any order and over one another, against a line of marked points.
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "trigger/spans.h"

#include <string.h>

static void test_rows(void **state)
{
    static const struct {
        int64_t at, until;
        const char *why; // NULL: in none
    } rows[] = {
        {-5, 10, NULL}, {10, 20, "a"},  {19, 20, "a"}, {20, 25, "b"},
        {24, 25, "b"},  {25, 30, NULL}, {30, 40, "c"}, {40, SPANS_NEVER, NULL},
    };
    struct spans s = {0};
    int64_t until;

    (void)state;
    spans_add(&s, 30, 40, "c");
    spans_add(&s, 15, 25, "b");
    spans_add(&s, 10, 20, "a");
    spans_add(&s, 12, 13, "inside");
    spans_add(&s, 30, 35, "shorter");
    spans_settle(&s);
    assert_int_equal(s.len, 3);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct span *span = spans_at(&s, rows[i].at, &until);

        assert_int_equal(until, rows[i].until);
        assert_int_equal(span != NULL, rows[i].why != NULL);
        if (span)
            assert_string_equal(span->why, rows[i].why);
    }
    spans_done(&s);
}

static void test_none(void **state)
{
    struct spans s = {0};
    int64_t until = 0;

    (void)state;
    spans_settle(&s);
    assert_null(spans_at(&s, 0, &until));
    assert_int_equal(until, SPANS_NEVER);
    spans_done(&s);
}

// Random spans over a short line: the same points are in, and the answer changes where it says.
static void test_random(void **state)
{
    enum {
        LENGTH = 120
    };

    (void)state;
    for (unsigned seed = 0; seed < 500; seed++) {
        bool marked[LENGTH + 1] = {false};
        struct spans s = {0};
        uint64_t x = seed * 977 + 1;

        for (unsigned n = seed % 12; n > 0; n--) {
            x = x * 6364136223846793005U + 1442695040888963407U;
            int64_t from = (int64_t)(x >> 33) % (LENGTH - 1),
                    to = from + 1 + (int64_t)(x >> 50) % 20;

            to = to > LENGTH ? LENGTH : to;
            spans_add(&s, from, to, NULL);
            memset(marked + from, true, (size_t)(to - from));
        }
        spans_settle(&s);
        for (int64_t at = 0; at < LENGTH; at++) {
            int64_t until;
            bool is_in = spans_at(&s, at, &until) != NULL;

            assert_int_equal(is_in, marked[at]);
            assert_true(until > at);
            for (int64_t later = at; later < until && later < LENGTH; later++)
                assert_int_equal(marked[later], is_in);
        }
        spans_done(&s);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
