// core_test.c - a store that fails, and is asked again each second until it works.
// SPDX-License-Identifier: Apache-2.0
#include "sched/core.h"

#include "fixture.h"

static void counted(void *ctx)
{
    ++*(int *)ctx;
}

static void test_failing_and_healthy(void **state)
{
    static const struct core_hooks hooks = {.retry = counted};
    struct fixture f;
    struct core c;
    struct err why;
    int retries = 0;

    (void)state;
    fixture_open(&f);
    core_init(&c, f.loop, f.store, &f.exec, NULL, NULL);
    c.hooks = &hooks;
    c.ctx = &retries;
    assert_int_equal(core_now(&c).us, T0);
    core_healthy(&c); // nothing was wrong
    assert_false(core_is_held(&c));
    (void)fail(&why, ERR_STORE, NULL, "the disk is full");
    core_failing(&c, &why);
    core_failing(&c, &why);
    assert_true(c.is_failing && core_is_held(&c));
    assert_string_equal(c.failure.message, "the disk is full");
    fixture_pass(&f, 1 * S);
    assert_int_equal(retries, 1);
    assert_false(core_is_held(&c));
    c.refused = 1;
    core_healthy(&c); // not while ends are refused
    assert_true(c.is_failing);
    c.refused = 0;
    core_healthy(&c);
    assert_false(c.is_failing);
    assert_int_equal(c.failure.code, ERR_NONE);
    core_failing(&c, &why);
    core_done(&c);
    memory_store_crash(f.store);
    fixture_close(&f);
}

// A refusal because jobs have moved is no failure: nothing is asked until the next epoch; what was
// asked under an earlier one is asked again at once.
static void test_moved(void **state)
{
    static const struct core_hooks hooks = {.retry = counted};
    struct fixture f;
    struct core c;
    struct err moved, broken;
    int retries = 0;

    (void)state;
    fixture_open(&f);
    core_init(&c, f.loop, f.store, &f.exec, NULL, NULL);
    c.hooks = &hooks;
    c.ctx = &retries;
    (void)fail(&moved, ERR_MOVED, NULL, "the job has moved");
    (void)fail(&broken, ERR_STORE, NULL, "the disk is full");
    core_own(&c, 4);
    core_refused(&c, &moved, 3);
    assert_false(core_is_held(&c));
    core_refused(&c, &moved, 4);
    assert_true(core_is_held(&c) && !c.is_failing);
    core_own(&c, 5);
    assert_false(core_is_held(&c));
    core_refused(&c, &moved, 5); // should the next one not come
    fixture_pass(&f, 1 * S);
    assert_int_equal(retries, 1);
    core_refused(&c, &broken, 5);
    assert_true(c.is_failing);
    core_own(&c, 6); // which mends nothing
    assert_true(core_is_held(&c));
    core_done(&c);
    memory_store_crash(f.store);
    fixture_close(&f);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_failing_and_healthy),
                                              cmocka_unit_test(test_moved)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
