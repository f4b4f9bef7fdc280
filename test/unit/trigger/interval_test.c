// interval_test.c - slots at equal distances, against counting.
// SPDX-License-Identifier: Apache-2.0
#include "trigger/interval.h"

#include "unit.h"

static void test_count(void **state)
{
    static const struct interval rows[] = {
        {7, {100}, {200}}, {1, {-5}, {5}}, {50, {0}, {49}}, {50, {0}, {50}}, {33, {10}, {10}},
    };

    (void)state;
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
        for (int64_t after = -20; after < 220; after++) {
            const struct interval *i = &rows[r];
            int64_t next = INT64_MAX, prev = INT64_MAX;

            for (int64_t slot = i->start.us; slot <= i->end.us; slot += i->every_us) {
                if (slot > after && next == INT64_MAX)
                    next = slot;
                if (slot <= after)
                    prev = slot;
            }
            assert_int_equal(interval_next(i, (wall){after}).us, next);
            assert_int_equal(interval_prev(i, (wall){after}).us, prev);
            for (int64_t upto = after - 3; upto < 220; upto += 37) {
                int64_t count = 0, last = INT64_MAX, max = 4;
                wall ret_last;

                for (int64_t slot = i->start.us; slot <= i->end.us; slot += i->every_us)
                    if (slot > after && slot <= upto && count < max) {
                        count++;
                        last = slot;
                    }
                assert_int_equal(interval_count(i, (wall){after}, (wall){upto}, max, &ret_last),
                                 count);
                assert_int_equal(ret_last.us, last);
            }
        }
}

static bool is_slot(const struct interval *i, int64_t at)
{
    return at >= i->start.us && at <= i->end.us && (at - i->start.us) % i->every_us == 0;
}

static void test_meet(void **state)
{
    uint64_t x = 12345;

    (void)state;
    for (int round = 0; round < 4000; round++) {
        struct interval of[2], both = {0};
        int64_t first = INT64_MAX, second = INT64_MAX;

        for (int i = 0; i < 2; i++) {
            x = x * UINT64_C(6364136223846793005) + 1442695040888963407;
            of[i].every_us = 1 + (int64_t)(x >> 33) % 60;
            of[i].start.us = (int64_t)(x >> 20) % 300 - 150;
            of[i].end.us = of[i].start.us + (int64_t)(x >> 12) % 9000;
        }
        for (int64_t at = -150; at < 9200 && second == INT64_MAX; at++)
            if (is_slot(&of[0], at) && is_slot(&of[1], at)) {
                second = first == INT64_MAX ? INT64_MAX : at;
                first = first == INT64_MAX ? at : first;
            }
        assert_int_equal(interval_meet(&of[0], &of[1], &both), first != INT64_MAX);
        if (first == INT64_MAX)
            continue;
        assert_int_equal(both.start.us, first);
        assert_int_equal(interval_next(&both, (wall){first}).us, second);
    }
}

// Lengths whose product does not fit, and starts far apart.
static void test_meet_extremes(void **state)
{
    struct interval a = {INT64_C(86400000001), {0}, {7258118399999999}}, b = a, both;

    (void)state;
    b.every_us = INT64_C(86400000000);
    assert_true(interval_meet(&a, &b, &both));
    assert_int_equal(both.start.us, 0);
    assert_int_equal(interval_next(&both, both.start).us, INT64_MAX);
    a.start.us = INT64_C(-62000000000000000);
    assert_false(interval_meet(&a, &b, &both));
    a.every_us = INT64_C(9000) * 366 * 86400 * 1000000;
    b.every_us = a.every_us - 1;
    assert_false(interval_meet(&a, &b, &both));
    b.every_us = 1;
    b.start.us = a.start.us + 1;
    a.end.us = b.end.us = INT64_MAX;
    assert_true(interval_meet(&a, &b, &both));
    assert_int_equal(both.start.us, a.start.us + a.every_us);
    assert_int_equal(both.every_us, a.every_us);
}

static void test_extremes(void **state)
{
    struct interval i = {
        INT64_C(9000) * 366 * 86400 * 1000000, {-62000000000000000}, {7258118399999999}};
    wall last;

    (void)state;
    assert_int_equal(interval_next(&i, (wall){INT64_MIN}).us, i.start.us);
    assert_int_equal(interval_next(&i, i.start).us, INT64_MAX);
    assert_int_equal(interval_next(&i, WALL_NEVER).us, INT64_MAX);
    assert_int_equal(interval_prev(&i, WALL_NEVER).us, i.start.us);
    i.every_us = 1;
    assert_int_equal(interval_next(&i, (wall){i.end.us - 1}).us, i.end.us);
    assert_int_equal(interval_count(&i, (wall){INT64_MIN}, WALL_NEVER, INT64_MAX, &last),
                     i.end.us - i.start.us + 1);
    assert_int_equal(last.us, i.end.us);
    assert_int_equal(interval_count(&i, (wall){0}, (wall){-1}, 10, &last), 0);
    assert_int_equal(interval_count(&i, (wall){0}, (wall){100}, 0, &last), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_count),
        cmocka_unit_test(test_meet),
        cmocka_unit_test(test_meet_extremes),
        cmocka_unit_test(test_extremes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
