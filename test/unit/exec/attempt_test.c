// attempt_test.c - one attempt, led through its stages by hand.
// SPDX-License-Identifier: Apache-2.0
#include "exec/attempt.h"

#include "world.h"

static struct world world;

static struct executor *executor(void)
{
    return (struct executor *)world.exec;
}

static struct attempt *attempt_make(const struct exec_request *request, struct seen *s)
{
    return attempt_new(executor(), request, seen_done, s);
}

static void test_new_owns_its_texts(void **state)
{
    char name[] = "mine";
    struct exec_request request = world_request("mine", "[]");
    struct attempt *a;
    struct seen s = {0};

    (void)state;
    request.job_name = str_of(name);
    a = attempt_make(&request, &s);
    name[0] = 'x';
    assert_true(str_eq(a->request.job_name, STR_LIT("mine")));
    assert_int_equal(a->stage, STAGE_NEW);
    assert_false(attempt_has_begun(a));
    attempt_free(a);
    assert_int_equal(s.reports, 0);
}

static void test_first_cause_counts(void **state)
{
    struct exec_request request = world_request("mine", "[]");
    struct seen s = {0};
    struct attempt *a;

    (void)state;
    a = attempt_make(&request, &s);
    attempt_stop(a, KEEP_CAUSE_SHUTDOWN, 0);
    attempt_stop(a, KEEP_CAUSE_CANCEL, 0);
    assert_int_equal(a->stage, STAGE_ENDED);
    assert_true(attempt_has_begun(a));
    assert_int_equal(s.reports, 0);
    attempts_report(executor());
    assert_int_equal(s.reports, 1);
    assert_int_equal(s.state, RUN_CANCELLED);
    assert_int_equal(s.reason, REASON_SHUTDOWN);
    assert_string_equal(s.message, "belfry was stopped before it could start");
    seen_free(&s);
}

static void test_what_fails_at_once_is_reported_later(void **state)
{
    struct exec_request request = world_request("nowhere", "[]");
    struct seen s = {0};

    (void)state;
    attempt_route(attempt_make(&request, &s));
    assert_int_equal(s.reports, 0);
    world_wait(&world, &s.reports, 1);
    assert_int_equal(s.state, RUN_FAILED);
    assert_non_null(strstr(s.message, "nowhere"));
    seen_free(&s);
}

// A process that somebody else looks after and that is told to have ended.
static void test_process_end(void **state)
{
    struct exec_request request = world_request("mine", "[]");
    struct keep_end end = {.run_id = request.run_id,
                           .attempt = 1,
                           .command = {.step = "", .words = "", .exit_code = 4}};
    struct seen s = {0};
    struct attempt *a;

    (void)state;
    a = attempt_make(&request, &s);
    a->stage = STAGE_PROCESS;
    executor()->processes++;
    attempt_process_ended(&end, a);
    assert_int_equal(executor()->processes, 0);
    assert_int_equal(s.state, RUN_FAILED);
    assert_string_equal(s.message, "exit status 4");

    end.is_lost = true;
    a = attempt_make(&request, &s);
    a->stage = STAGE_PROCESS;
    executor()->processes++;
    attempt_process_ended(&end, a);
    assert_int_equal(s.state, RUN_LOST);
    seen_free(&s);
}

static void test_end_later(void **state)
{
    struct exec_request request = world_request("mine", "[]");
    struct seen s = {0};
    struct attempt *a;

    (void)state;
    a = attempt_make(&request, &s);
    a->end.state = RUN_RUNNING; // as one that goes on without belfry
    attempt_end_later(a);
    world_wait(&world, &s.reports, 1);
    assert_int_equal(s.state, RUN_RUNNING);
    seen_free(&s);
}

static int setup(void **state)
{
    (void)state;
    world_open(&world);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_close(&world);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_owns_its_texts),
        cmocka_unit_test(test_first_cause_counts),
        cmocka_unit_test(test_what_fails_at_once_is_reported_later),
        cmocka_unit_test(test_process_end),
        cmocka_unit_test(test_end_later),
    };

    if (world_is_keeper(argc, argv))
        return keeper_command(argc - 1, argv + 1);
    return cmocka_run_group_tests(tests, setup, teardown);
}
