// pretend_test.c - runs that only pretend end when and as they were told.
// SPDX-License-Identifier: Apache-2.0
#include "exec/pretend.h"

#include "unit.h"

#define S 1000000LL

struct scene {
    struct sim_clock clock;
    struct loop *loop;
    struct exec *exec;
    struct pretence pretence; // of the next start
    struct run_end ends[8];   // in their order
    size_t ended, told;
};

static void on_start(const struct exec_request *request, struct pretence *ret, void *ctx)
{
    (void)request;
    *ret = ((struct scene *)ctx)->pretence;
}

static void on_end(const struct run_end *end, void *ctx)
{
    (void)end;
    ((struct scene *)ctx)->told++;
}

static void done(const struct run_end *end, void *ctx)
{
    struct scene *scene = ctx;

    scene->ends[scene->ended++] = *end;
}

static int scene_open(void **state)
{
    static struct scene scene;
    const struct pretend_ops ops = {2, on_start, on_end};
    struct err e;

    scene = (struct scene){0};
    sim_clock_init(&scene.clock, (wall){1000 * S});
    scene.loop = loop_new(&scene.clock.base, &e);
    scene.exec = pretend_new(scene.loop, &ops, &scene);
    *state = &scene;
    return 0;
}

static int scene_close(void **state)
{
    struct scene *scene = *state;

    exec_free(scene->exec);
    loop_free(scene->loop);
    return 0;
}

static void pass(struct scene *scene, int64_t us)
{
    sim_clock_advance(&scene->clock, us);
    while (loop_turn(scene->loop, 0) > 0) {
    }
}

static void start(struct scene *scene, int64_t run_id, int64_t takes_us, enum run_state state)
{
    const struct exec_request request = {.run_id = run_id, .attempt = 2};

    (void)loop_turn(scene->loop, 0);
    scene->pretence = (struct pretence){takes_us, state, state == RUN_FAILED ? 3 : 0};
    exec_start(scene->exec, &request, done, scene);
}

static void test_lasts_and_ends_as_told(void **state)
{
    struct scene *scene = *state;

    start(scene, 1, 5 * S, RUN_SUCCEEDED);
    start(scene, 2, 2 * S, RUN_FAILED);
    assert_int_equal(exec_running(scene->exec), 2);
    pass(scene, 2 * S - 1);
    assert_int_equal(scene->ended, 0);
    pass(scene, 1);
    assert_int_equal(scene->ended, 1);
    pass(scene, 3 * S);
    assert_int_equal(scene->ended, 2);
    assert_int_equal(exec_running(scene->exec), 0);
    assert_true(scene->ends[0].run_id == 2 && scene->ends[0].state == RUN_FAILED);
    assert_int_equal(scene->ends[0].exit_code, 3);
    assert_int_equal(scene->ends[0].attempt, 2);
    assert_int_equal(scene->ends[1].started_at.us, 1000 * S);
    assert_int_equal(scene->ends[1].finished_at.us, 1005 * S);
}

static void test_cancel(void **state)
{
    struct scene *scene = *state;

    start(scene, 1, 100 * S, RUN_SUCCEEDED);
    start(scene, 2, 100 * S, RUN_SUCCEEDED);
    exec_cancel(scene->exec, 2, 0);
    exec_cancel(scene->exec, 77, 0); // nobody's
    pass(scene, S);
    assert_int_equal(scene->ended, 1);
    assert_true(scene->ends[0].run_id == 2 && scene->ends[0].state == RUN_CANCELLED);
    assert_int_equal(scene->ends[0].signal, 15);
}

static void test_stop_after_the_grace(void **state)
{
    struct scene *scene = *state;

    start(scene, 1, 5 * S, RUN_SUCCEEDED);
    start(scene, 2, 100 * S, RUN_SUCCEEDED);
    exec_stop(scene->exec, 10 * S);
    pass(scene, 9 * S);
    assert_int_equal(scene->ended, 1);
    assert_int_equal(scene->ends[0].state, RUN_SUCCEEDED);
    pass(scene, S);
    assert_int_equal(scene->ended, 2);
    assert_true(scene->ends[1].state == RUN_CANCELLED && scene->ends[1].reason == REASON_SHUTDOWN);
}

static void test_free_forgets(void **state)
{
    struct scene *scene = *state;

    start(scene, 1, S, RUN_SUCCEEDED); // scene_close frees it, and nobody hears of its end
    assert_int_equal(exec_running(scene->exec), 1);
}

// Two places: the third begins when the first has ended; one that is cancelled never does.
static void test_waits_for_a_place(void **state)
{
    struct scene *scene = *state;

    start(scene, 1, 5 * S, RUN_SUCCEEDED);
    start(scene, 2, 9 * S, RUN_SUCCEEDED);
    start(scene, 3, 1 * S, RUN_SUCCEEDED);
    start(scene, 4, 1 * S, RUN_SUCCEEDED);
    assert_int_equal(exec_running(scene->exec), 4);
    exec_cancel(scene->exec, 4, 0);
    pass(scene, 5 * S);
    pass(scene, 1 * S);
    assert_int_equal(exec_running(scene->exec), 1);
    assert_int_equal(scene->told, 2);
    assert_true(scene->ends[2].run_id == 3 && scene->ends[2].started_at.us == 1005 * S);
}

#define test(fn) cmocka_unit_test_setup_teardown(fn, scene_open, scene_close)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        test(test_lasts_and_ends_as_told), test(test_cancel),
        test(test_stop_after_the_grace),   test(test_free_forgets),
        test(test_waits_for_a_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
