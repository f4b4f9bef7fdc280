// live_test.c - attempts begin, and their ends are recorded.
// SPDX-License-Identifier: Apache-2.0
#include "sched/live.h"

#include "bench.h"

static size_t saving(const struct bench *b)
{
    return b->d.lives.is_saving ? b->d.lives.ends.len : 0;
}

// Ends do not stand in the way of claims, but for a tenth of a second at most; then they go
// together.
static void test_ends_wait_for_claims(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    b.d.claims.most = 1;
    for (int i = 0; i < 8; i++)
        (void)stored(&b, (char[]){(char)('a' + i), '\0'}, EVERY_10, 0);
    memory_store_delay(b.f.store, 30000, 20000);
    fixture_pass(&b.f, 10 * S + 100000); // two claims are answered, the third is with the store
    assert_int_equal(b.f.started, 2);
    fixture_end(&b.f, 0, RUN_SUCCEEDED);
    fixture_end(&b.f, 1, RUN_SUCCEEDED);
    assert_int_equal(saving(&b), 0);
    fixture_pass(&b.f, 50000);
    assert_int_equal(b.f.started, 3);
    assert_int_equal(saving(&b), 0);
    fixture_pass(&b.f, 50000); // the fourth is answered; only now they have waited for so long
    assert_int_equal(saving(&b), 2);
    assert_true(b.d.core.is_claiming);
    fixture_pass(&b.f, 250000);
    assert_int_equal(b.f.started, 8);
    assert_int_equal(b.d.lives.busy, 6);
    // With nothing more due they do not wait.
    fixture_end(&b.f, 2, RUN_SUCCEEDED);
    assert_int_equal(saving(&b), 1);
    bench_close(&b);
}

// Large outputs do not all go into one transaction.
static void test_ends_in_portions(void **state)
{
    char *text = mem_array(1, 1 << 20);
    struct bench b;

    (void)state;
    bench_open(&b);
    for (int i = 0; i < 3; i++)
        (void)stored(&b, (char[]){(char)('a' + i), '\0'}, EVERY_10, 0);
    fixture_pass(&b.f, 10 * S);
    memory_store_delay(b.f.store, 1000, 0);
    for (size_t i = 0; i < 3; i++) {
        struct run_end end = {.attempt = 1,
                              .state = RUN_SUCCEEDED,
                              .out = {.head = {text, 1 << 20}, .total = 1 << 20}};

        b.f.runs[i].done(&end, b.f.runs[i].ctx);
    }
    for (int i = 3; i > 0; i--) {
        fixture_settle(&b.f);
        assert_int_equal(saving(&b), 1);
        assert_int_equal(b.d.lives.busy, i);
        fixture_pass(&b.f, 1000);
    }
    assert_int_equal(b.d.lives.busy, 0);
    free(text);
    bench_close(&b);
}

struct alone {
    struct bench b; // first
    struct core core;
    struct lives lives;
    int ended, answered, waits;
};

static void on_ended(struct entry *entry, void *ctx)
{
    (void)entry;
    ((struct alone *)ctx)->ended++;
}

static void on_answered(void *ctx)
{
    ((struct alone *)ctx)->answered++;
}

static void on_waits(struct live *live, void *ctx)
{
    ((struct alone *)ctx)->waits++;
    assert_int_equal(live->phase, LIVE_WAITS);
    live_count(live, COUNT_NONE);
    live_free(live);
}

static bool adopt(struct exec *exec, const struct exec_request *request, exec_done *done, void *ctx)
{
    fixture_exec_start(exec, request, done, ctx);
    return true;
}

static const struct core_hooks hooks = {on_answered, on_ended, on_answered, on_waits, NULL};

// A run that the store knows, running.
static struct live *live_of(struct alone *a, struct entry *entry, int64_t id)
{
    struct run run = {.id = id,
                      .job_id = entry->job->id,
                      .scheduled_at = {T0 + id},
                      .queued_at = {T0},
                      .state = RUN_RUNNING,
                      .attempt = 1};
    struct live *live;

    store_claim(a->b.f.store, &run, 1, (wall){0}, NULL, NULL);
    fixture_settle(&a->b.f);
    live = live_new(&a->lives, &run, entry);
    live_count(live, COUNT_RUNNING);
    return live;
}

// Without a dispatcher around it: begin, cancel, end; a store that refuses; a job that goes.
static void test_alone(void **state)
{
    struct alone *a = mem_alloc(sizeof *a);
    struct bench *b = &a->b;
    struct live *live;
    struct run_end end;

    (void)state;
    bench_open(b);
    core_init(&a->core, b->f.loop, b->f.store, &b->f.exec, &b->due, NULL);
    a->core.hooks = &hooks;
    a->core.ctx = a;
    a->core.tally = &b->d.tally;
    a->core.room = &b->d.room;
    lives_init(&a->lives, &a->core);
    struct entry *entry = stored(b, "x", "{\"type\":\"interval\",\"days\":1}", 0);

    job_edit(entry->job)->timeout_us = 9 * S;
    job_edit(entry->job)->timeout_total_us = 30 * S;
    live = live_of(a, entry, 100);
    assert_int_equal(live_slot(live).us, T0 + 100);
    assert_int_equal(live_deadline(live).us, T0 + 30 * S);
    assert_null(lives_find(&a->lives, 100));
    live_begin(live);
    assert_ptr_equal(lives_find(&a->lives, 100), live);
    assert_int_equal(b->f.runs[0].request.timeout_us, 9 * S);
    assert_int_equal(entry->running, 1);
    live_cancel(live, REASON_REPLACED, 2 * S);
    assert_int_equal(b->f.cancel_grace_us, 2 * S);
    memory_store_fail(b->f.store, 1);
    fixture_end(&b->f, 0, RUN_CANCELLED);
    assert_int_equal(a->ended, 1);
    assert_int_equal(entry->running, 0);
    assert_int_equal(entry->unsaved, 1);
    assert_int_equal(a->core.refused, 1);
    lives_offer(&a->lives);
    fixture_settle(&b->f);
    assert_int_equal(bench_row(b, 100).run.reason, REASON_REPLACED);
    assert_int_equal(entry->unsaved, 0);
    assert_null(entry->lives);
    // One of an earlier belfry: known to the executor or not; and left to the next belfry.
    struct exec_ops ops = fixture_ops;

    live = live_of(a, entry, 110);
    assert_false(live_adopt(live));
    ops.adopt = adopt;
    b->f.exec.ops = &ops;
    assert_true(live_adopt(live));
    assert_int_equal(a->lives.busy, 1);
    fixture_end(&b->f, 1, RUN_RUNNING);
    assert_int_equal(a->lives.busy, 0);
    assert_int_equal(bench_row(b, 110).run.state, RUN_RUNNING);
    // Its attempt ends, it goes on.
    live = live_of(a, entry, 101);
    end = live_verdict(live, RUN_FAILED, REASON_NONE, "by the test");
    assert_int_equal(end.attempt, 1);
    end.try_at.us = T0 + 5 * S;
    live_end(live, &end);
    fixture_settle(&b->f);
    assert_int_equal(a->waits, 1);
    assert_int_equal(bench_row(b, 101).run.state, RUN_WAITING);
    // The job goes; the end is recorded all the same. Of the last one the store hears nothing.
    live = live_of(a, entry, 102);
    lives_leave(entry);
    assert_int_equal(live_deadline(live).us, WALL_NEVER.us);
    end = live_verdict(live, RUN_LOST, REASON_RESTART, "by the test");
    live_end(live, &end);
    lives_save_soon(&a->lives);
    fixture_settle(&b->f);
    assert_int_equal(bench_row(b, 102).run.state, RUN_LOST);
    live = live_of(a, entry, 103);
    memory_store_fail(b->f.store, 100);
    end = live_verdict(live, RUN_LOST, REASON_RESTART, "by the test");
    live_end(live, &end);
    fixture_settle(&b->f);
    assert_int_equal(a->lives.busy, 1);
    lives_give_up(&a->lives);
    assert_int_equal(a->lives.busy, 0);
    lives_done(&a->lives);
    core_done(&a->core);
    bench_close(b);
    free(a);
}

static bool is_trusted;

static bool may_start(struct store *store)
{
    (void)store;
    return is_trusted;
}

// While our lease is in doubt nothing begins, and what another node may begin anew is ended; when
// it is over everything is.
static void test_lease(void **state)
{
    struct store_ops ops;
    struct bench b;

    (void)state;
    bench_open(&b);
    struct entry *again = stored(&b, "again", EVERY_10, 0), *once = stored(&b, "once", EVERY_10, 0);

    ops = *b.f.store->ops;
    ops.may_start = may_start;
    b.f.store->ops = &ops;
    job_edit(again->job)->on_lost = ON_LOST_RERUN;
    is_trusted = false;
    fixture_pass(&b.f, 10 * S);
    assert_int_equal(b.f.started, 0);
    assert_int_equal(b.d.lives.busy, 0);
    assert_int_equal(again->running, 1); // its row is there
    assert_true(again->lives->is_held);
    assert_ptr_equal(lives_of(again, again->lives->run_id), again->lives);
    assert_null(lives_of(again, 1));
    lives_begin(&b.d.lives);
    assert_int_equal(b.f.started, 0);
    is_trusted = true;
    lives_begin(&b.d.lives);
    assert_int_equal(b.f.started, 2);
    assert_false(again->lives->is_held);
    lives_doubt(&b.d.lives);
    lives_doubt(&b.d.lives);
    assert_int_equal(b.f.cancelled, 1);
    assert_int_equal(b.f.cancelled_id, again->lives->run_id);
    assert_int_equal(b.f.cancel_grace_us, 0);
    // Ended so, it is lost, and so runs again.
    size_t i = b.f.runs[0].request.run_id == b.f.cancelled_id ? 0 : 1;

    fixture_end(&b.f, i, RUN_CANCELLED);
    assert_int_equal(b.f.started, 3);
    assert_int_equal(b.f.runs[2].request.attempt, 2);
    lives_end(&b.d.lives);
    assert_int_equal(b.f.cancelled, 3);
    fixture_end(&b.f, 1 - i, RUN_CANCELLED);
    assert_null(once->lives);
    struct bench_row row = bench_row(&b, b.f.runs[1 - i].request.run_id);

    assert_int_equal(row.run.state, RUN_LOST);
    assert_int_equal(row.run.reason, REASON_LEASE);
    bench_close(&b);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lease),
        cmocka_unit_test(test_ends_wait_for_claims),
        cmocka_unit_test(test_ends_in_portions),
        cmocka_unit_test(test_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
