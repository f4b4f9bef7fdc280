// heap_test.c - the heap against a sorted array; equal keys keep their order.
// SPDX-License-Identifier: Apache-2.0
#include "base/heap.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/rand.h"
#include "unit.h"

struct item {
    int n;
    struct heap_node node;
};

static struct item *pop(struct heap *h)
{
    struct heap_node *node = heap_pop(h);

    return node ? heap_item(node, struct item, node) : NULL;
}

static void test_order(void **state)
{
    static const int64_t keys[] = {5, INT64_MIN, 3, 5, INT64_MAX, 3, 0};
    static const int order[] = {1, 6, 2, 5, 0, 3, 4};
    struct item items[COUNT(keys)] = {0};
    struct heap h = {0};

    (void)state;
    assert_null(heap_peek(&h));
    assert_null(heap_pop(&h));
    for (size_t i = 0; i < COUNT(keys); i++) {
        items[i].n = (int)i;
        heap_push(&h, &items[i].node, keys[i]);
    }
    for (size_t i = 0; i < COUNT(order); i++) {
        assert_ptr_equal(heap_peek(&h), &items[order[i]].node);
        assert_true(heap_has(&items[order[i]].node));
        assert_int_equal(pop(&h)->n, order[i]);
        assert_false(heap_has(&items[order[i]].node));
    }
    assert_null(heap_pop(&h));
    heap_done(&h);
}

static void test_update(void **state)
{
    struct item items[4] = {{.n = 0}, {.n = 1}, {.n = 2}, {.n = 3}};
    struct heap h = {0};

    (void)state;
    for (int i = 0; i < 4; i++)
        heap_push(&h, &items[i].node, 10);
    heap_update(&h, &items[0].node, 10); // keeps its place
    heap_update(&h, &items[1].node, 11);
    heap_update(&h, &items[1].node, 10); // queues behind the others
    assert_int_equal(pop(&h)->n, 0);
    assert_int_equal(pop(&h)->n, 2);
    assert_int_equal(pop(&h)->n, 3);
    assert_int_equal(pop(&h)->n, 1);
    heap_push(&h, &items[2].node, 1);
    heap_done(&h);
    assert_false(heap_has(&items[2].node));
}

// The model: an array of what is inside, searched from end to end.
enum {
    ITEMS = 300
};

struct model {
    struct heap h;
    struct item items[ITEMS];
    uint64_t arrival[ITEMS];
    uint64_t arrivals;
};

static int model_least(const struct model *m)
{
    int least = -1;

    for (int i = 0; i < ITEMS; i++) {
        const struct heap_node *a = &m->items[i].node;

        if (!heap_has(a))
            continue;
        const struct heap_node *b = least < 0 ? NULL : &m->items[least].node;
        if (!b || a->key < b->key || (a->key == b->key && m->arrival[i] < m->arrival[least]))
            least = i;
    }
    return least;
}

static void model_step(struct model *m, struct rand_seq *r)
{
    int i = (int)rand_below(r, ITEMS);
    struct heap_node *node = &m->items[i].node;
    int64_t key = (int64_t)rand_below(r, 40);

    if (!heap_has(node)) {
        heap_push(&m->h, node, key);
        m->arrival[i] = m->arrivals++;
    } else if (rand_below(r, 3) == 0) {
        heap_remove(&m->h, node);
    } else {
        if (node->key != key)
            m->arrival[i] = m->arrivals++;
        heap_update(&m->h, node, key);
    }
}

static void test_model(void **state)
{
    struct model *m = mem_alloc(sizeof *m);
    struct rand_seq r;
    int least;

    (void)state;
    rand_seq_init(&r, 11);
    for (int i = 0; i < ITEMS; i++)
        m->items[i].n = i;
    for (int step = 0; step < 20000; step++) {
        model_step(m, &r);
        least = model_least(m);
        assert_ptr_equal(heap_peek(&m->h), least < 0 ? NULL : &m->items[least].node);
    }
    while ((least = model_least(m)) >= 0)
        assert_int_equal(pop(&m->h)->n, least);
    assert_null(heap_peek(&m->h));
    heap_done(&m->h);
    free(m);
}

static void push_twice(void *ctx)
{
    struct heap h = {0};

    heap_push(&h, ctx, 1);
    heap_push(&h, ctx, 2);
}

static void remove_stranger(void *ctx)
{
    struct heap h = {0};

    heap_remove(&h, ctx);
}

static void test_misuse(void **state)
{
    struct heap_node node = {0};

    (void)state;
    assert_true(unit_dies(push_twice, &node));
    assert_true(unit_dies(remove_stranger, &node));
}

static void upto_seen(struct heap_node *node, void *ctx)
{
    *(int64_t *)ctx += node->key;
}

static void test_upto(void **state)
{
    struct heap_node nodes[100] = {0};
    struct heap h = {0};
    int64_t sum = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(nodes); i++)
        heap_push(&h, &nodes[i], (int64_t)(i * 37 % 100));
    heap_upto(&h, 40, 1000, upto_seen, &sum);
    assert_int_equal(sum, 40 * 41 / 2);
    sum = 0;
    heap_upto(&h, -1, 1000, upto_seen, &sum);
    assert_int_equal(sum, 0);
    heap_upto(&h, 99, 1, upto_seen, &sum); // the first is the least, 0
    assert_int_equal(sum, 0);
    heap_done(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order), cmocka_unit_test(test_update), cmocka_unit_test(test_model),
        cmocka_unit_test(test_upto),  cmocka_unit_test(test_misuse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
