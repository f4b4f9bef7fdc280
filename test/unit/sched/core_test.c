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

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_failing_and_healthy)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
