// list_test.c - links in and out of a ring.
// SPDX-License-Identifier: Apache-2.0
#include "base/list.h"

#include "unit.h"

struct item {
    int n;
    struct list link;
};

static int pop(struct list *head)
{
    struct list *link = list_pop(head);

    return link ? list_item(link, struct item, link)->n : -1;
}

static void test_order(void **state)
{
    struct item items[4] = {{0, {0}}, {1, {0}}, {2, {0}}, {3, {0}}};
    struct list head;

    (void)state;
    list_init(&head);
    assert_true(list_is_empty(&head));
    for (int i = 0; i < 4; i++) {
        assert_false(list_has(&items[i].link));
        list_push(&head, &items[i].link);
        assert_true(list_has(&items[i].link));
    }
    list_remove(&items[2].link);
    list_remove(&items[2].link);
    assert_false(list_has(&items[2].link));
    assert_int_equal(pop(&head), 0);
    assert_int_equal(pop(&head), 1);
    assert_int_equal(pop(&head), 3);
    assert_int_equal(pop(&head), -1);
    assert_true(list_is_empty(&head));
}

static void test_move(void **state)
{
    struct item items[4] = {{0, {0}}, {1, {0}}, {2, {0}}, {3, {0}}};
    struct list a, b;

    (void)state;
    list_init(&a);
    list_init(&b);
    list_move(&a, &b);
    assert_true(list_is_empty(&b));
    list_push(&b, &items[0].link);
    for (int i = 1; i < 4; i++)
        list_push(&a, &items[i].link);
    list_move(&a, &b);
    assert_true(list_is_empty(&a));
    for (int i = 0; i < 4; i++)
        assert_int_equal(pop(&b), i);
    assert_true(list_is_empty(&b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_order), cmocka_unit_test(test_move)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
