// queue_test.c - runs that wait: for a moment, for room, for the next attempt; also over restarts.
// SPDX-License-Identifier: Apache-2.0
#include "sched/queue.h"

#include "bench.h"

#define DAILY "{\"type\":\"interval\",\"days\":1}"

static struct retries *retries_new(int max, int64_t delay_us)
{
    struct retries *r = mem_alloc(sizeof *r);

    *r = (struct retries){.max = max,
                          .backoff = BACKOFF_FIXED,
                          .delay_us = delay_us,
                          .max_delay_us = 3600 * S,
                          .codes = {~UINT64_C(0), ~UINT64_C(0), ~UINT64_C(0), ~UINT64_C(0)},
                          .on_timeout = true};
    r->text =
        (struct str){str_own(STR_LIT("{\"max\":9,\"backoff\":\"fixed\",\"delay\":\"30s\"}")), 43};
    return r;
}

static struct entry *stored_as(struct bench *b, const char *spec, void (*change)(struct job *job))
{
    struct job *job = fixture_job(&b->f, "x", spec);

    change(job);
    return stored_job(b, job);
}

static struct entry *stored_with(struct bench *b, const char *name, int priority)
{
    struct job *job = fixture_job(&b->f, name, EVERY_10);

    job_edit(job)->priority = priority;
    return stored_job(b, job);
}

static void limit(struct bench *b, int64_t limit)
{
    b->limit = limit;
    room_limit(&b->d.room, limit);
}

static int64_t job_of(struct bench *b, size_t i)
{
    return bench_row(b, b->f.runs[i].request.run_id).run.job_id;
}

static void as_queue(struct job *job)
{
    job_edit(job)->overlap = OVERLAP_QUEUE;
}

// One runs, one waits, the third finds the queue full; each end lets the next one begin.
static void test_queue_one(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    struct entry *entry = stored_as(&b, EVERY_10, as_queue);

    fixture_pass(&b.f, 35 * S);
    assert_int_equal(b.f.started, 1);
    assert_int_equal(entry->running, 1);
    assert_int_equal(entry->queued, 1);
    assert_int_equal(queue_count(&b.d.queue), 1);
    assert_int_equal(b.d.core.skipped, 1);
    fixture_end(&b.f, 0, RUN_SUCCEEDED);
    assert_int_equal(b.f.started, 2);
    assert_int_equal(b.f.runs[1].request.scheduled_at.us, T0 + 20 * S);
    assert_int_equal(b.f.runs[1].request.attempt, 1);
    assert_int_equal(entry->queued, 0);
    assert_int_equal(bench_row(&b, b.f.runs[1].request.run_id).run.state, RUN_RUNNING);
    fixture_end(&b.f, 1, RUN_SUCCEEDED);
    assert_int_equal(entry->running, 0);
    assert_int_equal(b.f.started, 2);
    bench_close(&b);
}

// Durable before it begins: nothing starts while the store refuses, and then it does, once.
static void test_start_is_durable_first(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    struct entry *entry = stored_as(&b, EVERY_10, as_queue);

    fixture_pass(&b.f, 25 * S);
    memory_store_delay(b.f.store, 1000, 1000);
    fixture_end(&b.f, 0, RUN_SUCCEEDED); // its end goes first
    memory_store_fail(b.f.store, 2);
    fixture_pass(&b.f, 5000);
    assert_int_equal(b.f.started, 1);
    assert_true(b.d.core.is_failing);
    fixture_pass(&b.f, 3 * S);
    assert_int_equal(b.f.started, 2);
    assert_int_equal(entry->running, 1);
    assert_false(b.d.core.is_failing);
    bench_close(&b);
}

static void as_cancel(struct job *job)
{
    job_edit(job)->overlap = OVERLAP_CANCEL;
    job_edit(job)->kill_grace_us = 3 * S;
}

static void as_kill(struct job *job)
{
    job_edit(job)->overlap = OVERLAP_KILL;
}

// The one in progress is ended, and the new one begins when it is gone; of those that wait the
// newest stays.
static void replaces(void (*as)(struct job *job), int64_t grace_us)
{
    struct bench b;

    bench_open(&b);
    struct entry *entry = stored_as(&b, EVERY_10, as);

    fixture_pass(&b.f, 15 * S);
    assert_int_equal(b.f.cancelled, 0);
    fixture_pass(&b.f, 5 * S);
    assert_int_equal(b.f.cancelled, 1);
    assert_int_equal(b.f.cancelled_id, b.f.runs[0].request.run_id);
    assert_int_equal(b.f.cancel_grace_us, grace_us);
    assert_int_equal(b.f.started, 1);
    int64_t second = entry->lives->run_id;

    fixture_pass(&b.f, 10 * S); // it takes its time: the third replaces the second
    assert_int_equal(b.f.cancelled, 1);
    assert_int_equal(entry->queued, 1);
    assert_int_equal(bench_row(&b, second).run.state, RUN_SKIPPED);
    assert_int_equal(bench_row(&b, second).run.reason, REASON_REPLACED);
    fixture_end(&b.f, 0, RUN_CANCELLED);
    assert_int_equal(bench_row(&b, b.f.runs[0].request.run_id).run.reason, REASON_REPLACED);
    assert_int_equal(b.f.started, 2);
    assert_int_equal(b.f.runs[1].request.scheduled_at.us, T0 + 30 * S);
    bench_close(&b);
}

static void test_cancel_running(void **state)
{
    (void)state;
    replaces(as_cancel, 3 * S);
}

static void test_kill_running(void **state)
{
    (void)state;
    replaces(as_kill, 0);
}

static void as_allow(struct job *job)
{
    job_edit(job)->overlap = OVERLAP_ALLOW;
}

static void test_allow(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    struct entry *entry = stored_as(&b, EVERY_10, as_allow);

    fixture_pass(&b.f, 55 * S);
    assert_int_equal(b.f.started, 5);
    assert_int_equal(entry->running, 5);
    job_edit(entry->job)->max_instances = 6; // more than 1: then it counts
    fixture_pass(&b.f, 20 * S);
    assert_int_equal(b.f.started, 6);
    assert_int_equal(b.d.core.skipped, 1);
    bench_close(&b);
}

static void as_retried(struct job *job)
{
    job_edit(job)->retries = retries_new(2, 30 * S);
}

// Three attempts; between two of them the run is in progress still, and the next slot is skipped.
static void test_retries(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    struct entry *entry = stored_as(&b, EVERY_10, as_retried);
    struct bench_row row;

    fixture_pass(&b.f, 10 * S);
    fixture_end(&b.f, 0, RUN_FAILED);
    int64_t id = b.f.runs[0].request.run_id;

    row = bench_row(&b, id);
    assert_int_equal(row.run.state, RUN_WAITING);
    assert_int_equal(row.run.try_at.us, T0 + 40 * S);
    assert_int_equal(entry->running, 1);
    assert_int_equal(b.d.lives.busy, 0);
    fixture_pass(&b.f, 30 * S - 1);
    assert_int_equal(b.f.started, 1);
    assert_int_equal(b.d.core.skipped, 2);
    fixture_pass(&b.f, 1);
    assert_int_equal(b.f.started, 2);
    assert_int_equal(b.f.runs[1].request.run_id, id);
    assert_int_equal(b.f.runs[1].request.attempt, 2);
    assert_int_equal(b.f.runs[1].request.scheduled_at.us, T0 + 10 * S);
    fixture_end(&b.f, 1, RUN_FAILED);
    fixture_pass(&b.f, 30 * S);
    assert_int_equal(b.f.runs[2].request.attempt, 3);
    fixture_end(&b.f, 2, RUN_FAILED);
    row = bench_row(&b, id);
    assert_int_equal(row.run.state, RUN_FAILED);
    assert_int_equal(row.run.attempt, 3);
    assert_int_equal(row.attempts, 2);
    assert_int_equal(entry->running, 0);
    bench_close(&b);
}

static void as_queue_retried(struct job *job)
{
    as_queue(job);
    as_retried(job);
}

// What waits goes on in the next life, at the same moments; what ran is lost.
static void test_restart(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    struct entry *entry = stored_as(&b, DAILY, as_queue_retried);

    (void)bench_ask(&b, entry, NULL);
    fixture_pass(&b.f, 5 * S);
    fixture_end(&b.f, 0, RUN_FAILED);                      // its next attempt is at 35
    struct bench_said queued = bench_ask(&b, entry, NULL); // it counts as in progress still

    assert_int_equal(queued.code, ERR_NONE);
    assert_int_equal(bench_row(&b, queued.run_id).run.state, RUN_QUEUED);
    entry = bench_again(&b, entry);
    assert_int_equal(entry->running, 1);
    assert_int_equal(entry->queued, 1);
    assert_int_equal(b.f.started, 1);
    fixture_pass(&b.f, 30 * S - 1);
    assert_int_equal(b.f.started, 1);
    fixture_pass(&b.f, 1);
    assert_int_equal(b.f.started, 2);
    assert_int_equal(b.f.runs[1].request.attempt, 2);
    // Now it dies while that attempt runs: lost, and the one that waits has its turn.
    entry = bench_again(&b, entry);
    assert_int_equal(bench_row(&b, b.f.runs[0].request.run_id).run.state, RUN_LOST);
    assert_int_equal(b.f.started, 3);
    assert_int_equal(b.f.runs[2].request.run_id, queued.run_id);
    bench_close(&b);
}

static void as_rerun(struct job *job)
{
    job_edit(job)->on_lost = ON_LOST_RERUN;
}

// The lost attempt stays in the history, the next one follows at once, again and again.
static void test_rerun(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    struct entry *entry = stored_as(&b, DAILY, as_rerun);
    struct bench_said said = bench_ask(&b, entry, NULL);

    for (int attempt = 2; attempt <= 4; attempt++) {
        entry = bench_again(&b, entry);
        assert_int_equal(b.f.started, attempt);
        assert_int_equal(b.f.runs[attempt - 1].request.run_id, said.run_id);
        assert_int_equal(b.f.runs[attempt - 1].request.attempt, attempt);
    }
    fixture_end(&b.f, 3, RUN_SUCCEEDED);
    assert_int_equal(bench_row(&b, said.run_id).run.state, RUN_SUCCEEDED);
    assert_int_equal(bench_row(&b, said.run_id).attempts, 3);
    bench_close(&b);
}

static void as_limited(struct job *job)
{
    as_queue_retried(job);
    job_edit(job)->timeout_us = 100 * S;
    job_edit(job)->timeout_total_us = 60 * S;
}

// The time in all: it cuts an attempt short, forbids one that would come too late, ends a wait.
static void test_deadline(void **state)
{
    struct bench b;
    struct bench_row row;

    (void)state;
    bench_open(&b);
    struct entry *entry = stored_as(&b, DAILY, as_limited);
    struct bench_said first = bench_ask(&b, entry, NULL), second = bench_ask(&b, entry, NULL);

    assert_int_equal(b.f.runs[0].request.timeout_us, 60 * S);
    fixture_pass(&b.f, 20 * S);
    fixture_end(&b.f, 0, RUN_FAILED);
    fixture_pass(&b.f, 30 * S); // at 50
    assert_int_equal(b.f.started, 2);
    assert_int_equal(b.f.runs[1].request.timeout_us, 10 * S);
    fixture_end(&b.f, 1, RUN_FAILED); // at 80 it would be over
    row = bench_row(&b, first.run_id);
    assert_int_equal(row.run.state, RUN_FAILED);
    assert_int_equal(row.run.attempt, 2);
    assert_int_equal(b.f.started, 3); // the one that waited
    assert_int_equal(b.f.runs[2].request.run_id, second.run_id);
    struct bench_said third = bench_ask(&b, entry, NULL);

    fixture_pass(&b.f, 10 * S);
    fixture_end(&b.f, 2, RUN_TIMED_OUT); // the limit in all, so not again
    row = bench_row(&b, second.run_id);
    assert_int_equal(row.run.state, RUN_TIMED_OUT);
    assert_int_equal(row.run.reason, REASON_DEADLINE);
    assert_int_equal(b.f.runs[3].request.run_id, third.run_id);
    struct bench_said fourth = bench_ask(&b, entry, NULL);

    fixture_pass(&b.f, 60 * S);
    row = bench_row(&b, fourth.run_id);
    assert_int_equal(row.run.state, RUN_TIMED_OUT);
    assert_int_equal(row.run.reason, REASON_DEADLINE);
    assert_int_equal(row.run.attempt, 0);
    assert_int_equal(entry->queued, 0);
    bench_close(&b);
}

// In each phase: between attempts, queued, in progress, on its way to the store.
static void test_cancel(void **state)
{
    struct bench b;
    struct bench_row row;

    (void)state;
    bench_open(&b);
    struct entry *entry = stored_as(&b, DAILY, as_queue_retried);
    struct bench_said first = bench_ask(&b, entry, NULL), second = bench_ask(&b, entry, NULL);

    assert_false(dispatch_cancel(&b.d, entry, 12345));
    assert_true(dispatch_cancel(&b.d, entry, second.run_id));
    row = bench_row(&b, second.run_id);
    assert_int_equal(row.run.state, RUN_CANCELLED);
    assert_int_equal(row.run.reason, REASON_ASKED);
    assert_false(dispatch_cancel(&b.d, entry, second.run_id));
    fixture_end(&b.f, 0, RUN_FAILED);
    assert_true(dispatch_cancel(&b.d, entry, first.run_id));
    row = bench_row(&b, first.run_id);
    assert_int_equal(row.run.state, RUN_CANCELLED);
    assert_int_equal(row.run.attempt, 1);
    assert_int_equal(entry->running, 0);
    // In progress: TERM, and no other attempt.
    first = bench_ask(&b, entry, NULL);
    assert_true(dispatch_cancel(&b.d, entry, first.run_id));
    assert_int_equal(b.f.cancelled_id, first.run_id);
    assert_int_equal(b.f.cancel_grace_us, 5 * S);
    second = bench_ask(&b, entry, NULL);
    memory_store_delay(b.f.store, 1000, 1000);
    fixture_end(&b.f, 1, RUN_CANCELLED);
    fixture_pass(&b.f, 1500); // the start of the second is with the store
    assert_true(b.d.queue.is_starting);
    assert_true(dispatch_cancel(&b.d, entry, second.run_id));
    fixture_pass(&b.f, 20000);
    assert_int_equal(b.f.started, 2);
    memory_store_delay(b.f.store, 0, 0);
    row = bench_row(&b, second.run_id);
    assert_int_equal(row.run.state, RUN_CANCELLED);
    assert_int_equal(row.run.reason, REASON_ASKED);
    row = bench_row(&b, first.run_id);
    assert_int_equal(row.run.reason, REASON_ASKED);
    assert_int_equal(entry->running, 0);
    assert_null(entry->lives);
    bench_close(&b);
}

static void is_idle(void *ctx)
{
    *(bool *)ctx = true;
}

// A stop does not wait for what waits, and starts none of it.
static void test_stop(void **state)
{
    bool has_stopped = false;
    struct bench b;

    (void)state;
    bench_open(&b);
    struct entry *entry = stored_as(&b, DAILY, as_queue_retried);

    (void)bench_ask(&b, entry, NULL);
    struct bench_said second = bench_ask(&b, entry, NULL);

    dispatch_stop(&b.d, is_idle, &has_stopped);
    assert_false(has_stopped);
    fixture_end(&b.f, 0, RUN_FAILED);
    assert_true(has_stopped);
    assert_int_equal(b.f.started, 1);
    assert_int_equal(queue_count(&b.d.queue), 2);
    entry = bench_again(&b, entry);
    assert_int_equal(b.f.started, 1);
    fixture_pass(&b.f, 30 * S);
    assert_int_equal(b.f.started, 2);
    assert_int_equal(bench_row(&b, second.run_id).run.state, RUN_QUEUED);
    bench_close(&b);
}

// The job goes: what waits of it ends, what runs goes on.
static void test_deleted(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    struct entry *entry = stored_as(&b, DAILY, as_queue);
    struct bench_said first = bench_ask(&b, entry, NULL), second = bench_ask(&b, entry, NULL);

    queue_drop(&b.d.queue, entry);
    dispatch_leave(&b.d, entry);
    due_remove(&b.due, entry);
    fixture_settle(&b.f);
    assert_int_equal(bench_row(&b, second.run_id).run.state, RUN_CANCELLED);
    assert_int_equal(bench_row(&b, second.run_id).run.reason, REASON_DELETED);
    assert_int_equal(bench_row(&b, first.run_id).run.state, RUN_RUNNING);
    fixture_end(&b.f, 0, RUN_SUCCEEDED);
    assert_int_equal(bench_row(&b, first.run_id).run.state, RUN_SUCCEEDED);
    bench_close(&b);
}

// While the job is paused, what its schedule has queued waits; what was asked for does not.
static void test_paused(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    struct entry *entry = stored_as(&b, EVERY_10, as_queue);

    fixture_pass(&b.f, 25 * S);
    job_edit(entry->job)->queue_max = 2;
    struct bench_said said = bench_ask(&b, entry, NULL);

    due_plan(&b.due, entry, WALL_NEVER);
    entry->job->state = JOB_PAUSED;
    fixture_end(&b.f, 0, RUN_SUCCEEDED);
    assert_int_equal(b.f.started, 2);
    assert_int_equal(b.f.runs[1].request.run_id, said.run_id);
    fixture_end(&b.f, 1, RUN_SUCCEEDED);
    fixture_pass(&b.f, 100 * S);
    assert_int_equal(b.f.started, 2);
    queue_look(&b.d.queue); // nothing has changed
    fixture_settle(&b.f);
    assert_int_equal(b.f.started, 2);
    entry->job->state = JOB_ENABLED;
    queue_room(&b.d.queue, entry);
    fixture_settle(&b.f);
    assert_int_equal(b.f.started, 3);
    bench_close(&b);
}

// A clock that is set moves the next attempt along.
static void test_step(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    struct entry *entry = stored_as(&b, DAILY, as_retried);

    (void)bench_ask(&b, entry, NULL);
    fixture_end(&b.f, 0, RUN_FAILED);
    sim_clock_step(&b.f.clock, 3600 * S);
    queue_step(&b.d.queue, 3600 * S);
    fixture_settle(&b.f);
    assert_int_equal(b.f.started, 1);
    fixture_pass(&b.f, 30 * S);
    assert_int_equal(b.f.started, 2);
    bench_close(&b);
}

// Two were in progress when belfry died, and one may be now: they are run again one after the
// other.
static void test_rerun_in_turn(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    struct entry *entry = stored_as(&b, DAILY, as_rerun);

    job_edit(entry->job)->max_instances = 2; // the store knows of 1
    (void)bench_ask(&b, entry, NULL);
    fixture_pass(&b.f, S);
    (void)bench_ask(&b, entry, NULL);
    assert_int_equal(b.f.started, 2);
    entry = bench_again(&b, entry);
    assert_int_equal(b.f.started, 3);
    assert_int_equal(entry->running, 2);
    assert_int_equal(b.f.runs[2].request.attempt, 2);
    assert_int_equal(b.f.runs[2].request.run_id, b.f.runs[0].request.run_id);
    fixture_end(&b.f, 2, RUN_SUCCEEDED);
    assert_int_equal(b.f.started, 4);
    assert_int_equal(b.f.runs[3].request.run_id, b.f.runs[1].request.run_id);
    fixture_end(&b.f, 3, RUN_SUCCEEDED);
    assert_int_equal(entry->running, 0);
    bench_close(&b);
}

// ---- room beside the job ----

// One at once in all: of those that are due together the highest priority starts, and so on.
static void test_limit_by_priority(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    limit(&b, 1);
    struct entry *low = stored_with(&b, "low", -1), *mid = stored_with(&b, "mid", 0),
                 *high = stored_with(&b, "high", 5);

    fixture_pass(&b.f, 12 * S);
    assert_int_equal(b.f.started, 1);
    assert_int_equal(job_of(&b, 0), high->job->id);
    assert_int_equal(mid->running, 1); // it has its place among its own
    assert_int_equal(queue_count(&b.d.queue), 2);
    struct bench_row row = bench_row(&b, mid->lives->run_id);

    assert_int_equal(row.run.state, RUN_QUEUED);
    assert_int_equal(row.run.reason, REASON_LIMIT);
    fixture_end(&b.f, 0, RUN_SUCCEEDED);
    assert_int_equal(b.f.started, 2);
    assert_int_equal(job_of(&b, 1), mid->job->id);
    fixture_pass(&b.f, 10 * S); // at 20 the high one is due again, and goes before the low one
    fixture_end(&b.f, 1, RUN_SUCCEEDED);
    assert_int_equal(job_of(&b, 2), high->job->id);
    assert_int_equal(b.f.runs[2].request.scheduled_at.us, T0 + 20 * S);
    fixture_end(&b.f, 2, RUN_SUCCEEDED);
    assert_int_equal(job_of(&b, 3), low->job->id);
    assert_int_equal(b.f.runs[3].request.scheduled_at.us, T0 + 10 * S);
    assert_int_equal(b.d.core.skipped, 2); // of mid and low, which were still at their first
    bench_close(&b);
}

// What waits goes on waiting over a restart, in the same order; what was lost has no place.
static void test_limit_over_a_restart(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    limit(&b, 1);
    struct entry *low = stored_with(&b, "low", 0), *high = stored_with(&b, "high", 5);
    int64_t low_id = low->job->id, high_id = high->job->id;

    job_edit(high->job)->overlap = OVERLAP_ALLOW;
    fixture_pass(&b.f, 25 * S);
    assert_int_equal(b.f.started, 1);
    assert_int_equal(job_of(&b, 0), high_id);
    (void)bench_again(&b, low);
    assert_int_equal(due_find_id(&b.due, low_id)->running, 1);
    assert_int_equal(b.f.started, 2);
    assert_int_equal(job_of(&b, 1), high_id);
    assert_int_equal(b.f.runs[1].request.scheduled_at.us, T0 + 20 * S);
    fixture_end(&b.f, 1, RUN_SUCCEEDED);
    assert_int_equal(job_of(&b, 2), low_id);
    bench_close(&b);
}

static void test_limit_and_acts(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    limit(&b, 1);
    struct entry *a = stored_with(&b, "a", 0), *x = stored_with(&b, "x", 0);

    fixture_pass(&b.f, 9 * S);
    struct bench_said first = bench_ask(&b, a, NULL), second = bench_ask(&b, x, NULL);

    assert_int_equal(first.code, ERR_NONE);
    assert_int_equal(second.code, ERR_NONE);
    assert_int_equal(b.f.started, 1);
    assert_int_equal(bench_row(&b, second.run_id).run.reason, REASON_LIMIT);
    assert_int_equal(bench_ask(&b, x, NULL).code, ERR_CONCURRENCY);
    queue_cancel(&b.d.queue, x->lives, REASON_ASKED);
    assert_int_equal(bench_row(&b, second.run_id).run.state, RUN_CANCELLED);
    assert_int_equal(x->running, 0);
    // The time for it in all runs out while it waits.
    job_edit(x->job)->timeout_total_us = 5 * S;
    second = bench_ask(&b, x, NULL);
    fixture_pass(&b.f, 5 * S);
    assert_int_equal(bench_row(&b, second.run_id).run.state, RUN_TIMED_OUT);
    job_edit(x->job)->timeout_total_us = 0;
    fixture_pass(&b.f, 5 * S); // 19: the slot of 10 was skipped, the run of then waited
    assert_int_equal(b.f.started, 1);
    fixture_end(&b.f, 0, RUN_SUCCEEDED);
    fixture_settle(&b.f);
    assert_int_equal(b.d.room.all.used, b.f.started - b.f.ended);
    bench_close(&b);
}

// A job that is paused while its run waits does not start, and holds up nobody.
static void test_limit_and_pause(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    limit(&b, 1);
    struct entry *first = stored_with(&b, "first", 9), *held = stored_with(&b, "held", 5),
                 *last = stored_with(&b, "last", 1);

    fixture_pass(&b.f, 11 * S);
    held->job->state = JOB_PAUSED;
    due_plan(&b.due, held, WALL_NEVER);
    fixture_end(&b.f, 0, RUN_SUCCEEDED);
    assert_int_equal(job_of(&b, 1), last->job->id);
    fixture_end(&b.f, 1, RUN_SUCCEEDED);
    assert_int_equal(b.f.started, 2);
    assert_int_equal(b.d.room.all.waiting, 0);
    held->job->state = JOB_ENABLED;
    dispatch_changed(&b.d, held);
    fixture_settle(&b.f);
    assert_int_equal(job_of(&b, 2), held->job->id);
    assert_int_equal(first->running, 0);
    // And one whose job goes is cancelled.
    fixture_pass(&b.f, 9 * S);
    int64_t waits = first->lives->run_id;

    dispatch_leave(&b.d, first);
    due_remove(&b.due, first);
    assert_int_equal(bench_row(&b, waits).run.state, RUN_CANCELLED);
    bench_close(&b);
}

// Between two attempts a run has its place in its job, but none in the room of all.
static void test_limit_and_retries(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    limit(&b, 1);
    struct entry *x = stored_as(&b, DAILY, as_retried), *y = stored_with(&b, "y", 0);

    (void)bench_ask(&b, x, NULL);
    fixture_end(&b.f, 0, RUN_FAILED); // again at 30
    fixture_pass(&b.f, 29 * S);
    assert_int_equal(job_of(&b, 1), y->job->id); // at 10, and goes on
    fixture_pass(&b.f, 6 * S);
    assert_int_equal(b.f.started, 2);
    assert_int_equal(x->running, 1);
    assert_ptr_equal(room_gate(&x->lives->place), &b.d.room.all);
    fixture_end(&b.f, 1, RUN_SUCCEEDED);
    assert_int_equal(b.f.started, 3);
    assert_int_equal(b.f.runs[2].request.attempt, 2);
    bench_close(&b);
}

// A claim that the store refuses gives back what it took; nothing is lost and nothing kept.
static void test_limit_and_a_failing_store(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    limit(&b, 2);
    for (int i = 0; i < 4; i++) {
        char name[2] = {(char)('a' + i), 0};

        (void)stored_with(&b, name, i);
    }
    memory_store_fail(b.f.store, 2);
    fixture_pass(&b.f, 10 * S);
    assert_int_equal(b.f.started, 0);
    assert_int_equal(b.d.room.all.used, 0);
    fixture_pass(&b.f, 3 * S);
    assert_int_equal(b.f.started, 2);
    assert_int_equal(b.d.room.all.used, 2);
    assert_int_equal(b.d.room.all.waiting, 2);
    for (size_t i = 0; i < 4; i++)
        fixture_end(&b.f, i, RUN_SUCCEEDED);
    assert_int_equal(b.f.started, 4);
    assert_int_equal(b.d.room.all.used, 0);
    bench_close(&b);
}

// A start is refused, and another write is not: the start follows.
static void test_start_after_another_write(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    limit(&b, 1);
    (void)stored_with(&b, "x", 0);
    (void)stored_with(&b, "y", 0);
    fixture_pass(&b.f, 11 * S);
    assert_int_equal(b.f.started, 1);
    memory_store_fail(b.f.store, 1);
    room_limit(&b.d.room, 2);
    dispatch_room(&b.d);
    fixture_settle(&b.f);
    assert_int_equal(b.f.started, 1);
    assert_true(b.d.core.is_failing);
    claims_mark(&b.d.claims);
    fixture_settle(&b.f);
    assert_false(b.d.core.is_failing);
    assert_int_equal(b.f.started, 2);
    bench_close(&b);
}

// A job without a limit of its own does not fill memory while it waits.
static void test_limit_has_an_end(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    limit(&b, 1);
    struct entry *x = stored_with(&b, "x", 0), *y = stored_with(&b, "y", 1);

    job_edit(y->job)->overlap = job_edit(x->job)->overlap = OVERLAP_ALLOW;
    x->running = JOB_QUEUE_MAX; // as if so many waited
    fixture_pass(&b.f, 11 * S);
    assert_int_equal(x->running, JOB_QUEUE_MAX);
    assert_int_equal(b.d.core.skipped, 1);
    assert_int_equal(bench_ask(&b, x, NULL).code, ERR_CONCURRENCY);
    x->running = 0;
    bench_close(&b);
}

// What a row counts as in its job, whoever reads it.
static void test_counts(void **state)
{
    static const struct {
        enum run_state state;
        enum run_reason reason;
        enum live_count count;
    } rows[] = {
        {RUN_RUNNING, REASON_NONE, COUNT_RUNNING},  {RUN_WAITING, REASON_RETRY, COUNT_RUNNING},
        {RUN_ORPHANED, REASON_NONE, COUNT_RUNNING}, {RUN_QUEUED, REASON_OVERLAP, COUNT_QUEUED},
        {RUN_QUEUED, REASON_DELAY, COUNT_NONE},     {RUN_QUEUED, REASON_LIMIT, COUNT_RUNNING},
        {RUN_QUEUED, REASON_POOL, COUNT_RUNNING},   {RUN_QUEUED, REASON_RATE, COUNT_RUNNING},
        {RUN_SKIPPED, REASON_OVERLAP, COUNT_NONE},  {RUN_LOST, REASON_RESTART, COUNT_NONE},
    };
    struct entry entry = {0};
    struct run run = {.state = RUN_RUNNING, .attempt = 1, .started_at = {T0}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(
            live_count_of(&(struct run){.state = rows[i].state, .reason = rows[i].reason}),
            rows[i].count);
    entry_count(&entry, COUNT_RUNNING, 2);
    entry_count(&entry, COUNT_QUEUED, 1);
    entry_count(&entry, COUNT_NONE, 1);
    entry_count(NULL, COUNT_RUNNING, 1);
    assert_int_equal(entry.running, 2);
    assert_int_equal(entry.queued, 1);
    claim_queue(&run, REASON_POOL);
    assert_int_equal(run.state, RUN_QUEUED);
    assert_int_equal(run.attempt, 0);
    assert_int_equal(run.started_at.us, 0);
}

// What a job needs, or what there is, has changed while its run waits.
static void test_needs_change(void **state)
{
    const struct throttle none = {0};
    json_t *pools = json_pack("{s:i}", "db", 1);
    struct bench b;

    (void)state;
    bench_open(&b);
    room_pool_put(&b.d.room, STR_LIT("db"), 0, &none);
    struct entry *x = stored_with(&b, "x", 0), *y = stored_with(&b, "y", 0);

    job_edit(x->job)->needs = needs_new(pools, &none);
    job_edit(y->job)->needs = needs_new(pools, &none);
    fixture_pass(&b.f, 11 * S);
    assert_int_equal(b.f.started, 0);
    needs_free(x->job->spec->needs);
    job_edit(x->job)->needs = NULL;
    queue_changed(&b.d.queue, x);
    queue_turn(&b.d.queue);
    fixture_settle(&b.f);
    assert_int_equal(b.f.started, 1);
    assert_int_equal(room_pool(&b.d.room, STR_LIT("db"))->waiting, 1);
    room_pool_put(&b.d.room, STR_LIT("db"), 1, &none);
    dispatch_room(&b.d);
    fixture_settle(&b.f);
    assert_int_equal(b.f.started, 2);
    json_decref(pools);
    bench_close(&b);
}

// A pool and a rate, as the scheduler uses them: by name, with what a job says.
static void test_pool_and_rate(void **state)
{
    const struct throttle none = {0}, rate = {1, 60 * S, 1};
    struct bench b;
    json_t *pools = json_pack("{s:i}", "db", 1);

    (void)state;
    bench_open(&b);
    room_pool_put(&b.d.room, STR_LIT("db"), 1, &none);
    struct entry *x = stored_with(&b, "x", 0), *y = stored_with(&b, "y", 0),
                 *z = stored_with(&b, "z", 0);

    job_edit(x->job)->needs = needs_new(pools, &none);
    job_edit(y->job)->needs = needs_new(pools, &none);
    job_edit(z->job)->needs = needs_new(NULL, &rate);
    fixture_pass(&b.f, 11 * S);
    assert_int_equal(b.f.started, 2); // x and z
    assert_int_equal(bench_row(&b, y->lives->run_id).run.reason, REASON_POOL);
    fixture_end(&b.f, 0, RUN_SUCCEEDED);
    assert_int_equal(b.f.started, 3);
    fixture_end(&b.f, 1, RUN_SUCCEEDED);
    fixture_pass(&b.f, 10 * S); // z is due at 20, and may at 70
    assert_int_equal(bench_row(&b, z->lives->run_id).run.reason, REASON_RATE);
    size_t before = b.f.started;

    for (size_t i = 0; i < before; i++)
        due_plan(&b.due, i % 2 ? x : y, WALL_NEVER);
    fixture_pass(&b.f, 49 * S - 1);
    assert_int_equal(b.f.started, before);
    fixture_pass(&b.f, 2000);
    assert_int_equal(b.f.started, before + 1);
    assert_int_equal(job_of(&b, before), z->job->id);
    assert_int_equal(b.f.runs[before].request.scheduled_at.us, T0 + 20 * S);
    json_decref(pools);
    bench_close(&b);
}

static void hook_room(struct entry *entry, void *ctx)
{
    (void)entry;
    ++*(int *)ctx;
}

static void hook_answered(void *ctx)
{
    (void)ctx;
}

static void hook_waits(struct live *live, void *ctx)
{
    (void)live;
    (void)ctx;
}

// The queue without a dispatcher around it: nobody tells it of room but the test.
static void test_alone(void **state)
{
    static const struct core_hooks hooks = {hook_answered, hook_room, hook_answered, hook_waits,
                                            NULL};
    struct run rows[3];
    struct live *lives_of[3];
    struct core core;
    struct lives lives;
    struct queue q;
    struct bench b;
    int ended = 0;

    (void)state;
    bench_open(&b);
    struct entry *entry = stored_as(&b, DAILY, as_queue);

    core_init(&core, b.f.loop, b.f.store, &b.f.exec, &b.due, NULL);
    core.hooks = &hooks;
    core.ctx = &ended;
    core.tally = &b.d.tally;
    core.room = &b.d.room;
    lives_init(&lives, &core);
    queue_init(&q, &core, &lives);
    job_edit(entry->job)->queue_max = 3;
    entry->running = 1; // some other
    for (int i = 0; i < 3; i++) {
        rows[i] = (struct run){.id = 100 + i,
                               .job_id = entry->job->id,
                               .scheduled_at = {T0 + 10 - i},
                               .state = RUN_QUEUED,
                               .reason = REASON_OVERLAP};
        store_claim(b.f.store, &rows[i], 1, (wall){0}, NULL, NULL);
        lives_of[i] = live_new(&lives, &rows[i], entry);
        live_count(lives_of[i], COUNT_QUEUED);
        queue_add(&q, lives_of[i]);
    }
    fixture_settle(&b.f);
    queue_room(&q, entry);
    fixture_settle(&b.f);
    assert_int_equal(b.f.started, 0);
    queue_cancel(&q, lives_of[1], REASON_ASKED);
    assert_int_equal(ended, 1);
    entry->running = 0;
    memory_store_fail(b.f.store, 1);
    queue_room(&q, entry); // by slot: the third goes first
    fixture_pass(&b.f, 2 * S);
    assert_int_equal(b.f.started, 0);
    queue_retry(&q);
    fixture_settle(&b.f);
    assert_int_equal(b.f.started, 1);
    assert_int_equal(b.f.runs[0].request.run_id, 102);
    queue_replace(&q, entry, NULL, true);
    assert_int_equal(b.f.cancelled_id, 102);
    assert_int_equal(b.f.cancel_grace_us, 0);
    assert_int_equal(entry->queued, 0); // the first was skipped
    queue_stop(&q);
    queue_done(&q);
    fixture_settle(&b.f);
    lives_done(&lives);
    core_done(&core);
    bench_close(&b);
}

// The job has moved to another node: what waits of it is forgotten, without a word to the store.
static void test_lose(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    struct entry *entry = stored(&b, "x", EVERY_10, 0);

    job_edit(entry->job)->overlap = OVERLAP_QUEUE;
    fixture_pass(&b.f, 20 * S);
    assert_int_equal(b.f.started, 1);
    assert_int_equal(entry->queued, 1);
    int64_t waits = entry->lives->run_id;

    queue_lose(&b.d.queue, entry);
    assert_int_equal(entry->queued, 0);
    assert_int_equal(entry->running, 1); // attempts in progress stay
    assert_null(lives_of(entry, waits));
    assert_int_equal(queue_count(&b.d.queue), 0);
    assert_int_equal(bench_row(&b, waits).run.state, RUN_QUEUED);
    // What would wait of it from now on is another's.
    entry->seat.is_ours = false;
    queue_add(&b.d.queue, live_new(&b.d.lives, &(struct run){.id = 9, .state = RUN_QUEUED}, entry));
    assert_int_equal(queue_count(&b.d.queue), 0);
    entry->seat.is_ours = true;
    // Where it may not start, it waits until that changes.
    entry->seat.is_leaving = true;
    queue_add(&b.d.queue, live_new(&b.d.lives, &(struct run){.id = 9, .state = RUN_QUEUED}, entry));
    assert_int_equal(queue_count(&b.d.queue), 1);
    fixture_end(&b.f, 0, RUN_SUCCEEDED);
    assert_int_equal(b.f.started, 1);
    bench_close(&b);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lose),
        cmocka_unit_test(test_queue_one),
        cmocka_unit_test(test_start_is_durable_first),
        cmocka_unit_test(test_cancel_running),
        cmocka_unit_test(test_kill_running),
        cmocka_unit_test(test_allow),
        cmocka_unit_test(test_retries),
        cmocka_unit_test(test_restart),
        cmocka_unit_test(test_rerun),
        cmocka_unit_test(test_deadline),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_deleted),
        cmocka_unit_test(test_paused),
        cmocka_unit_test(test_step),
        cmocka_unit_test(test_rerun_in_turn),
        cmocka_unit_test(test_limit_by_priority),
        cmocka_unit_test(test_limit_over_a_restart),
        cmocka_unit_test(test_limit_and_acts),
        cmocka_unit_test(test_limit_and_pause),
        cmocka_unit_test(test_limit_and_retries),
        cmocka_unit_test(test_limit_and_a_failing_store),
        cmocka_unit_test(test_start_after_another_write),
        cmocka_unit_test(test_limit_has_an_end),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_needs_change),
        cmocka_unit_test(test_pool_and_rate),
        cmocka_unit_test(test_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
