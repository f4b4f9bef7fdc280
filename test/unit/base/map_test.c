// map_test.c - the map against a naive list.
// SPDX-License-Identifier: Apache-2.0
#include "base/map.h"

#include <stdio.h>

#include "base/rand.h"
#include "unit.h"

static void test_text(void **state)
{
    int one = 1, two = 2, none = 0;
    char key[] = "alpha";
    struct map m;

    (void)state;
    map_init(&m);
    assert_null(map_get(&m, STR_LIT("alpha")));
    assert_null(map_remove(&m, STR_LIT("alpha")));
    assert_null(map_put(&m, str_of(key), &one));
    assert_null(map_put(&m, (struct str){NULL, 0}, &none));
    assert_ptr_equal(map_get(&m, STR_LIT("alpha")), &one);
    assert_ptr_equal(map_get(&m, STR_LIT("")), &none);
    assert_null(map_get(&m, STR_LIT("alph")));
    assert_null(map_get(&m, STR_LIT("alpha\0")));
    assert_ptr_equal(map_put(&m, STR_LIT("alpha"), &two), &one);
    memset(key, 'x', 5); // the first key was replaced with its value
    assert_ptr_equal(map_get(&m, STR_LIT("alpha")), &two);
    assert_int_equal(m.len, 2);
    assert_ptr_equal(map_remove(&m, STR_LIT("alpha")), &two);
    assert_null(map_get(&m, STR_LIT("alpha")));
    assert_int_equal(m.len, 1);
    map_done(&m);
    assert_null(map_get(&m, STR_LIT("")));
}

enum {
    KEYS = 500
};

static void text_of(int n, char *to, size_t size)
{
    snprintf(to, size, "job-%d", n);
}

// Each key is in the map exactly when the list says so; the numbers and the texts go through the
// same steps.
static void model_check(const struct map *texts, const struct map *numbers, const bool *is_in,
                        char names[KEYS][16])
{
    size_t len = 0;

    for (int i = 0; i < KEYS; i++) {
        void *expected = is_in[i] ? names[i] : NULL;

        assert_ptr_equal(map_get(texts, str_of(names[i])), expected);
        assert_ptr_equal(map_get_u64(numbers, (uint64_t)i * 0x100000000), expected);
        len += is_in[i];
    }
    assert_int_equal(texts->len, len);
    assert_int_equal(numbers->len, len);
}

static void test_model(void **state)
{
    static char names[KEYS][16];
    static bool is_in[KEYS];
    struct map texts, numbers;
    struct rand_seq r;

    (void)state;
    rand_seq_init(&r, 3);
    map_init(&texts);
    map_init(&numbers);
    for (int i = 0; i < KEYS; i++)
        text_of(i, names[i], sizeof names[i]);
    for (int step = 0; step < 20000; step++) {
        // Fills in one half of the steps and empties in the other, so that tombstones pile up and
        // go.
        int i = (int)rand_below(&r, KEYS);
        bool put = rand_below(&r, 10) < (step / 5000 % 2 == 0 ? 7u : 3u);
        void *former = is_in[i] ? names[i] : NULL;
        uint64_t number = (uint64_t)i * 0x100000000;

        if (put) {
            assert_ptr_equal(map_put(&texts, str_of(names[i]), names[i]), former);
            assert_ptr_equal(map_put_u64(&numbers, number, names[i]), former);
        } else {
            assert_ptr_equal(map_remove(&texts, str_of(names[i])), former);
            assert_ptr_equal(map_remove_u64(&numbers, number), former);
        }
        is_in[i] = put;
        if (step % 200 == 0)
            model_check(&texts, &numbers, is_in, names);
    }
    model_check(&texts, &numbers, is_in, names);
    map_done(&texts);
    map_done(&numbers);
}

static size_t tombstones(const struct map *m)
{
    size_t count = 0;

    for (size_t i = 0; i < m->cap; i++)
        count += m->v[i].hash == 1;
    return count;
}

// Few live entries at a time through a long life, always under new keys: the table stays small, and
// there is always an empty slot where a search ends.
static void test_tombstones_go(void **state)
{
    struct map m;

    (void)state;
    map_init(&m);
    for (uint64_t i = 0; i < 10000; i++) {
        assert_null(map_put_u64(&m, i, &m));
        if (i >= 20)
            assert_ptr_equal(map_remove_u64(&m, i - 20), &m);
        assert_int_equal(m.dead, tombstones(&m));
        assert_true(m.len + m.dead < m.cap);
    }
    assert_int_equal(m.cap, 64);
    assert_int_equal(m.len, 20);
    map_done(&m);
}

// Two keys with one hash, which nobody can find by trying, are made by changing a slot: the bytes
// decide.
static void test_same_hash(void **state)
{
    int one = 1, two = 2;
    struct map m;

    (void)state;
    map_init(&m);
    assert_null(map_put(&m, STR_LIT("aa"), &one));
    for (size_t i = 0; i < m.cap; i++)
        m.v[i] = (struct map_slot){0};
    uint32_t hash = (uint32_t)hash_str(&m.key, STR_LIT("bb")) | UINT32_C(1) << 31;
    m.v[hash & (m.cap - 1)] =
        (struct map_slot){.hash = hash, .len = 2, .text = "aa", .value = &one};
    assert_null(map_get(&m, STR_LIT("bb")));
    assert_null(map_put(&m, STR_LIT("bb"), &two));
    assert_ptr_equal(map_get(&m, STR_LIT("bb")), &two);
    map_done(&m);
}

static void test_walk(void **state)
{
    static int values[1000];
    size_t at = 0;
    struct map m;
    int *value, seen = 0;

    (void)state;
    map_init(&m);
    assert_null(map_next(&m, &at));
    for (int i = 0; i < 1000; i++)
        assert_null(map_put_u64(&m, (uint64_t)i, &values[i]));
    // Each is met once, though the walk removes it, or another one, as it goes.
    for (at = 0; (value = map_next(&m, &at)); seen++) {
        assert_int_equal(*value, 0);
        *value = 1;
        if (value - values < 500)
            assert_ptr_equal(map_remove_u64(&m, (uint64_t)(value - values)), value);
    }
    assert_int_equal(seen, 1000);
    assert_int_equal(m.len, 500);
    for (at = 0, seen = 0; (value = map_next(&m, &at)); seen++)
        assert_true(value - values >= 500);
    assert_int_equal(seen, 500);
    map_done(&m);
}

static void test_keyed(void **state)
{
    struct map a, b;

    (void)state;
    map_init(&a);
    map_init(&b);
    assert_true(a.key.k0 != b.key.k0);
    assert_true(a.key.k1 != b.key.k1);
    map_done(&a);
    map_done(&b);
}

static void test_reserve(void **state)
{
    struct map m;

    (void)state;
    map_init(&m);
    map_expect(&m, STR_LIT("a")); // changes nothing, whatever is there
    map_reserve(&m, 1000);
    map_expect(&m, STR_LIT("a"));
    assert_int_equal(m.len, 0);
    size_t cap = m.cap;

    assert_true(cap >= 1000);
    for (uint64_t i = 0; i < 1000; i++)
        assert_null(map_put_u64(&m, i, &m));
    assert_int_equal(m.cap, cap);
    map_reserve(&m, 10); // there is room
    assert_int_equal(m.cap, cap);
    map_reserve(&m, 4000); // what it holds stays
    assert_true(m.cap > cap);
    for (uint64_t i = 0; i < 1000; i++)
        assert_ptr_equal(map_get_u64(&m, i), &m);
    assert_int_equal(m.len, 1000);
    map_done(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),          cmocka_unit_test(test_model),
        cmocka_unit_test(test_tombstones_go), cmocka_unit_test(test_walk),
        cmocka_unit_test(test_keyed),         cmocka_unit_test(test_same_hash),
        cmocka_unit_test(test_reserve),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
