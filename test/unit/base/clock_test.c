// clock_test.c - simulated time moves only when told to; the system's runs on.
// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include "unit.h"

static void test_sim(void **state)
{
    struct sim_clock sim;

    (void)state;
    sim_clock_init(&sim, (wall){1000});
    assert_int_equal(clock_wall(&sim.base).us, 1000);
    assert_int_equal(clock_mono(&sim.base).us, 0);
    sim_clock_advance(&sim, 5);
    assert_int_equal(clock_wall(&sim.base).us, 1005);
    assert_int_equal(clock_mono(&sim.base).us, 5);
    sim_clock_step(&sim, -500);
    assert_int_equal(clock_wall(&sim.base).us, 505);
    assert_int_equal(clock_mono(&sim.base).us, 5);
    assert_int_equal(mono_after_us((mono){5}, 7).us, 12);
    assert_int_equal(wall_after_us((wall){5}, -7).us, -2);
}

// The one place that looks at the system's clocks: they answer, in microseconds, and the stopwatch
// never steps back.
static void test_real(void **state)
{
    const struct clock *clock = clock_real();
    mono before = clock_mono(clock);

    (void)state;
    assert_ptr_equal(clock, clock_real());
    assert_true(clock_wall(clock).us > INT64_C(1700000000000000));
    assert_true(clock_wall(clock).us < INT64_C(9000000000000000));
    for (int i = 0; i < 1000; i++) {
        mono now = clock_mono(clock);

        assert_true(now.us >= before.us);
        before = now;
    }
}

// Another's calendar on our own stopwatch.
static void test_shared(void **state)
{
    struct shared_clock shared;
    const struct clock *real = clock_real();

    (void)state;
    shared_clock_init(&shared);
    assert_true(clock_wall(&shared.base).us - clock_wall(real).us < 1000000);
    shared_clock_set(&shared, (wall){5000000}, clock_mono(real));
    assert_in_range(clock_wall(&shared.base).us, 5000000, 5000000 + INT64_C(60000000));
    assert_true(clock_mono(&shared.base).us >= clock_mono(real).us - INT64_C(60000000));
    shared_clock_set(&shared, (wall){7000000}, (mono){clock_mono(real).us - 1000000});
    assert_in_range(clock_wall(&shared.base).us, 8000000, 8000000 + INT64_C(60000000));
}

static void test_ahead(void **state)
{
    const struct clock *real = clock_real();
    struct shared_clock shared;

    (void)state;
    assert_int_equal(clock_ahead_us(real), 0);
    shared_clock_init(&shared);
    shared_clock_set(&shared, wall_after_us(clock_wall(real), 300000000), clock_mono(real));
    assert_in_range(clock_ahead_us(&shared.base), 240000000, 360000000);
    shared_clock_set(&shared, wall_after_us(clock_wall(real), -300000000), clock_mono(real));
    assert_in_range(-clock_ahead_us(&shared.base), 240000000, 360000000);
}

static void go_back(void *ctx)
{
    sim_clock_advance(ctx, -1);
}

static void test_advance_is_forward(void **state)
{
    struct sim_clock sim;

    (void)state;
    sim_clock_init(&sim, (wall){0});
    assert_true(unit_dies(go_back, &sim));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sim),
        cmocka_unit_test(test_real),
        cmocka_unit_test(test_shared),
        cmocka_unit_test(test_ahead),
        cmocka_unit_test(test_advance_is_forward),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
