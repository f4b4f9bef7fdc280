// claim_test.c - slots that are due are claimed in batches.
// SPDX-License-Identifier: Apache-2.0
#include "sched/claim.h"

#include "base/vec.h"
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

// ---- where nodes share a store ----

enum {
    MANY = 2500,
};

// What the store was asked for, and runs that end with the turn of the loop in which they start.
static struct {
    const struct store_ops *ops;
    struct bench *b;
    size_t claims, rows, most, ends, ends_most;
    size_t waited, amid; // claims that went before any end; ends that did not wait for claims
    VEC_OF(struct fixture_run) runs;
} shared;

static void shared_claim(struct store *store, const struct run *runs, size_t count, wall watermark,
                         store_done *done, void *ctx)
{
    if (shared.claims < 16)
        assert_true(count <= 64);
    shared.claims++;
    shared.rows += count;
    shared.most = count > shared.most ? count : shared.most;
    shared.ops->claim(store, runs, count, watermark, done, ctx);
}

static void shared_finish(struct store *store, const struct run_end *ends, size_t count,
                          store_done *done, void *ctx)
{
    const struct core *c = &shared.b->d.core;

    if (shared.ends == 0)
        shared.waited = shared.claims;
    if (c->is_claiming && due_next(c->due).us <= core_now(c).us)
        shared.amid += count;
    shared.ends += count;
    shared.ends_most = count > shared.ends_most ? count : shared.ends_most;
    shared.ops->finish(store, ends, count, done, ctx);
}

static void shared_read_nodes(struct store *store, store_nodes_done *done, void *ctx)
{
    (void)store;
    (void)ctx;
    assert_null(done); // nobody asks
}

static void runs_end(void *ctx)
{
    (void)ctx;
    for (size_t i = 0; i < shared.runs.len; i++) {
        const struct fixture_run *run = &shared.runs.v[i];
        const struct run_end end = {
            .run_id = run->request.run_id, .attempt = run->request.attempt, .state = RUN_SUCCEEDED};

        run->done(&end, run->ctx);
    }
    vec_clear(&shared.runs);
}

static void run_briefly(struct exec *exec, const struct exec_request *request, exec_done *done,
                        void *ctx)
{
    if (shared.runs.len == 0)
        loop_defer(((struct fixture *)exec)->loop, runs_end, NULL);
    vec_push(&shared.runs, ((struct fixture_run){*request, done, ctx}));
}

static void shared_begin(struct bench *b, struct store_ops *store_ops, struct exec_ops *exec_ops)
{
    shared.b = b;
    shared.ops = b->f.store->ops;
    *store_ops = *shared.ops;
    store_ops->claim = shared_claim;
    store_ops->finish = shared_finish;
    store_ops->read_nodes = shared_read_nodes;
    store_ops->launch = NULL;
    b->f.store->ops = store_ops;
    *exec_ops = fixture_ops;
    exec_ops->start = run_briefly;
    b->f.exec.ops = exec_ops;
}

static void jobs_lay(struct bench *b, int first, int count, const char *spec)
{
    char name[16];

    for (int i = first; i < first + count; i++) {
        snprintf(name, sizeof name, "x%d", i);
        (void)stored(b, name, spec, 0);
    }
}

// Claims are small there, and so are requests with ends, which the next claim may have to wait for;
// only behind very many that were due in a row they grow, and ends wait for them no more.
static void test_small_where_nodes_share(void **state)
{
    struct store_ops store_ops;
    struct exec_ops exec_ops;
    struct bench b;

    (void)state;
    bench_open(&b);
    jobs_lay(&b, 0, MANY, EVERY_10);
    shared_begin(&b, &store_ops, &exec_ops);
    sim_clock_advance(&b.f.clock, 10 * S);
    dispatch_look(&b.d);
    for (int i = 0; i < 100 && shared.ends < MANY; i++)
        fixture_pass(&b.f, 10000);
    assert_int_equal(shared.rows, MANY);
    assert_int_equal(shared.ends, MANY);
    assert_in_range(shared.most, 65, MANY / 16);
    assert_in_range(shared.ends_most, 64, 4 * (MANY / 16));
    assert_true(shared.waited >= 16);
    assert_true(shared.amid > MANY / 2);
    // The next moment begins with small ones again.
    shared.claims = 0;
    fixture_pass(&b.f, 11 * S);
    assert_int_equal(shared.ends, 2 * MANY);
    b.f.store->ops = shared.ops;
    vec_done(&shared.runs);
    bench_close(&b);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_claims_leave_the_loop_its_turns),
        cmocka_unit_test(test_next_claim_goes_before_the_starts),
        cmocka_unit_test(test_alone),
        cmocka_unit_test(test_small_where_nodes_share),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
