// claim_test.c - slots that are due are claimed in batches.
// SPDX-License-Identifier: Apache-2.0
#include "sched/claim.h"

#include "bench.h"

static mono ticking_mono(const struct clock *clock)
{
    struct sim_clock *sim = (struct sim_clock *)(uintptr_t)clock;

    return (mono){sim->mono_us += 1000};
}

// Deciding about many slots takes time: the loop gets its turn in between, and all are claimed.
static void test_claims_leave_the_loop_its_turns(void **state)
{
    struct bench b;
    char name[16];

    (void)state;
    bench_open(&b);
    for (int i = 0; i < 50; i++) {
        snprintf(name, sizeof name, "x%d", i);
        (void)stored(&b, name, EVERY_10, 0);
    }
    sim_clock_advance(&b.f.clock, 10 * S);
    b.f.clock.base.mono_now = ticking_mono;
    dispatch_look(&b.d);
    assert_true(b.d.core.is_claiming);
    assert_true(claims_are_set(&b.d.claims)); // the answer looks further
    assert_in_range(b.d.claims.rows.len, 1, 30);
    fixture_settle(&b.f);
    assert_int_equal(b.f.started, 50);
    bench_close(&b);
}

static size_t started_during_a_claim;

static void start_watched(struct exec *exec, const struct exec_request *request, exec_done *done,
                          void *ctx)
{
    started_during_a_claim += ((struct bench *)exec)->d.core.is_claiming;
    fixture_exec_start(exec, request, done, ctx);
}

// Five are due and two fit into a claim: while the runs of one claim start, the next is with the
// store.
static void test_next_claim_goes_before_the_starts(void **state)
{
    struct exec_ops watched = fixture_ops;
    struct bench b;

    (void)state;
    bench_open(&b);
    watched.start = start_watched;
    b.f.exec.ops = &watched;
    b.d.claims.most = 2;
    for (int i = 0; i < 5; i++)
        (void)stored(&b, (char[]){(char)('a' + i), '\0'}, EVERY_10, 0);
    memory_store_delay(b.f.store, 1000, 1000);
    for (size_t round = 0; round < 3; round++) {
        fixture_pass(&b.f, round == 0 ? 10 * S : 2000);
        assert_int_equal(b.f.started, 2 * round);
        assert_int_equal(b.d.claims.rows.len, round < 2 ? 2 : 1);
    }
    fixture_pass(&b.f, 2000);
    assert_int_equal(b.f.started, 5);
    assert_int_equal(started_during_a_claim, 4);
    assert_false(b.d.core.is_claiming);
    bench_close(&b);
}

// Claims of one's own, and a row that somebody else has won.
static void test_alone(void **state)
{
    struct claims claims;
    struct hand hand;
    struct bench b;

    (void)state;
    bench_open(&b);
    struct entry *entry = stored(&b, "x", EVERY_10, 0);
    struct run run = {.id = 77,
                      .job_id = entry->job->id,
                      .scheduled_at = {T0 + 1},
                      .state = RUN_RUNNING,
                      .attempt = 1};

    claims_stop(&b.d.claims);
    claims_init(&claims, &b.d.core, &b.d.lives, &b.d.queue);
    hand_init(&hand, &claims);
    assert_int_equal(hand.asking, 0);
    assert_false(claims_are_set(&claims));
    claims_look(&claims);
    assert_true(claims_are_set(&claims));
    claims_step(&claims, 5); // nothing is on its way
    memory_store_fail(b.f.store, 1);
    claims_mark(&claims);
    fixture_settle(&b.f);
    assert_true(b.d.core.is_failing);
    claims_mark(&claims);
    fixture_settle(&b.f);
    assert_false(b.d.core.is_failing);
    fixture_pass(&b.f, 10 * S);
    assert_int_equal(b.f.started, 1);
    entry->running++;
    claim_begin(&claims, &run, NULL);
    assert_int_equal(b.f.started, 2);
    assert_int_equal(b.f.runs[1].request.run_id, 77);
    // The job is gone: nothing starts.
    run.id = 78;
    run.job_id = 99;
    claim_begin(&claims, &run, NULL);
    assert_int_equal(b.f.started, 2);
    fixture_settle(&b.f);
    claims_done(&claims);
    bench_close(&b);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_claims_leave_the_loop_its_turns),
        cmocka_unit_test(test_next_claim_goes_before_the_starts),
        cmocka_unit_test(test_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
