// failures_test.c - jobs that fail again and again pause themselves, once, also over a restart.
// SPDX-License-Identifier: Apache-2.0
#include "sched/failures.h"

#include "peers.h"
#include "sched/asks.h"

struct bench {
    struct fixture f;
    struct sched *s;
    struct failures failures;
};

static void life_begin(struct bench *b)
{
    struct sched_options options = {.loop = b->f.loop,
                                    .store = b->f.store,
                                    .exec = &b->f.exec,
                                    .zones = b->f.zones,
                                    .timezone = STR_LIT("UTC")};
    struct err e;

    b->s = sched_new(&options);
    assert_true(sched_start(b->s, &e));
    failures_init(&b->failures, b->s);
    fixture_settle(&b->f);
}

static void life_end(struct bench *b)
{
    memory_store_crash(b->f.store);
    failures_done(&b->failures);
    sched_free(b->s);
}

static void life_again(struct bench *b)
{
    struct err e;

    store_close(b->f.store); // whoever waits for an answer gets it
    failures_done(&b->failures);
    sched_free(b->s);
    loop_free(b->f.loop);
    b->f.loop = loop_new(&b->f.clock.base, &e);
    b->f.store = memory_store_open(b->f.loop, b->f.data);
    life_begin(b);
}

static void answered(const struct err *err, const struct job *job, void *ctx)
{
    (void)job;
    (void)ctx;
    assert_null(err);
}

static void open_with(struct bench *b, int most)
{
    *b = (struct bench){0};
    fixture_open(&b->f);
    life_begin(b);
    struct job *job = fixture_job(&b->f, "x", EVERY_10);

    job_edit(job)->pause_after_failures = most;
    sched_put(b->s, job, STORE_CREATE, answered, NULL);
    fixture_settle(&b->f);
}

// The next slot comes, and its run ends so.
static void run(struct bench *b, enum run_state state)
{
    size_t before = b->f.started;

    fixture_pass(&b->f, 10 * S);
    assert_int_equal(b->f.started, before + 1);
    fixture_end(&b->f, before, state);
}

static const struct pause *paused(const struct bench *b)
{
    return sched_paused(b->s, sched_find(b->s, STR_LIT("x")));
}

static void test_counts(void **state)
{
    struct bench b;

    (void)state;
    open_with(&b, 3);
    run(&b, RUN_FAILED);
    run(&b, RUN_FAILED);
    run(&b, RUN_SUCCEEDED); // begins anew
    run(&b, RUN_FAILED);
    run(&b, RUN_TIMED_OUT);
    run(&b, RUN_CANCELLED); // says nothing
    assert_null(paused(&b));
    run(&b, RUN_FAILED);
    assert_non_null(paused(&b));
    assert_string_equal(paused(&b)->reason, "3 runs in a row have failed");
    assert_string_equal(paused(&b)->by, "belfry");
    fixture_pass(&b.f, 35 * S);
    assert_int_equal(b.f.started, 7);
    asks_resume(b.s, STR_LIT("x"), false, ASKS_CATCH_UP_NONE, answered, NULL);
    fixture_settle(&b.f);
    run(&b, RUN_FAILED); // begins anew
    assert_null(paused(&b));
    life_end(&b);
    fixture_close(&b.f);
}

static void test_restart(void **state)
{
    struct bench b;

    (void)state;
    open_with(&b, 2);
    run(&b, RUN_FAILED);
    life_again(&b);
    assert_null(paused(&b));
    run(&b, RUN_FAILED);
    assert_non_null(paused(&b));
    asks_resume(b.s, STR_LIT("x"), false, ASKS_CATCH_UP_NONE, answered, NULL);
    fixture_pass(&b.f, 1000); // the ledger tells what ended before that moment
    life_again(&b);
    assert_null(paused(&b));
    run(&b, RUN_FAILED);
    assert_null(paused(&b));
    life_end(&b);
    fixture_close(&b.f);
}

static void test_never(void **state)
{
    struct bench b;

    (void)state;
    open_with(&b, 0);
    for (int i = 0; i < 5; i++)
        run(&b, RUN_FAILED);
    assert_null(paused(&b));
    assert_int_equal(b.failures.counts.len, 0);
    life_end(&b);
    fixture_close(&b.f);
}

static void fail_once(struct peer *p)
{
    size_t before = p->count;

    peers_pass(p->all, 10 * S);
    assert_int_equal(p->count, before + 1);
    peer_end(p, before, RUN_FAILED);
}

// Failures of before count where the job comes to.
static void test_moved(void **state)
{
    struct peers *all = mem_alloc(sizeof *all);
    struct failures failures[2];

    (void)state;
    peers_open(all);
    peer_join(all, 0, "one", "");
    peer_join(all, 1, "two", "");
    peers_pass(all, 2 * S);
    for (int i = 0; i < 2; i++) {
        failures_init(&failures[i], all->v[i].s);
        all->v[i].holds = true;
    }
    struct job *job = peer_job(all, "x", EVERY_10);

    job_edit(job)->pause_after_failures = 4;
    peer_put(&all->v[0], job);
    peers_pass(all, S);
    int owner = peers_owner(all, "x");
    struct peer *other = &all->v[1 - owner];

    fail_once(&all->v[owner]);
    fail_once(&all->v[owner]);
    failures_epoch(&failures[owner]); // it stays: nothing is counted twice
    peers_settle(all);
    fail_once(&all->v[owner]);
    assert_null(sched_paused(other->s, sched_find(other->s, STR_LIT("x"))));
    memory_store_crash(all->v[owner].store);
    failures_done(&failures[owner]);
    sched_free(all->v[owner].s);
    all->v[owner].store = NULL;
    all->v[owner].s = NULL;
    peers_pass(all, 6 * S);
    failures_epoch(&failures[1 - owner]);
    peers_settle(all);
    fail_once(other);
    assert_non_null(sched_paused(other->s, sched_find(other->s, STR_LIT("x"))));
    memory_store_crash(other->store);
    failures_done(&failures[1 - owner]);
    sched_free(other->s);
    other->store = NULL;
    peers_close(all);
    free(all);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_moved), cmocka_unit_test(test_counts), cmocka_unit_test(test_restart),
        cmocka_unit_test(test_never)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
