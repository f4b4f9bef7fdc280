// plan_test.c - which slot an entry waits for, event by event.
// SPDX-License-Identifier: Apache-2.0
#include "sched/plan.h"

#include "fixture.h"

#define AFTER_60 "{\"type\":\"after\",\"delay\":\"1m\"}"
#define STARTUP_5 "{\"type\":\"startup\",\"delay\":\"5s\"}"
#define STARTUP "{\"type\":\"startup\"}"
#define MANUAL "{\"type\":\"manual\"}"
#define NONE INT64_MIN // no slot

struct bench {
    struct fixture f;
    struct due due;
    struct entry *entry;
};

// An entry whose definition has been in force since T0.
static void bench_open(struct bench *b, const char *spec)
{
    fixture_open(&b->f);
    due_init(&b->due);
    struct job *job = fixture_job(&b->f, "x", spec);

    job->id = 1;
    job->effective_from = (wall){T0};
    b->entry = due_add(&b->due, job);
}

static void bench_close(struct bench *b)
{
    memory_store_crash(b->f.store);
    due_done(&b->due);
    fixture_close(&b->f);
}

static int64_t slot_s(const struct bench *b)
{
    return b->entry->slot.us == WALL_NEVER.us ? NONE : (b->entry->slot.us - T0) / S;
}

static wall at_s(int64_t s)
{
    return (wall){T0 + s * S};
}

// Each row: an entry that was loaded with a past, at a moment.
static void test_start(void **state)
{
    static const struct {
        const char *spec;
        enum job_state job_state;
        int64_t since_s, event_s, claimed_s, from_s, now_s, slot_s; // event_s NONE: nothing has
    } rows[] = {
        {EVERY_10, JOB_ENABLED, 0, NONE, NONE, 0, 25, 10},
        {EVERY_10, JOB_ENABLED, 0, NONE, 20, 0, 25, 30},
        {EVERY_10, JOB_ENABLED, 15, NONE, NONE, 0, 25, 20},
        {EVERY_10, JOB_ENABLED, 0, NONE, 90, 0, 25, 30}, // claimed under a clock that was ahead
        {EVERY_10, JOB_ENABLED, 90, NONE, NONE, 0, 25, 30},
        {EVERY_10, JOB_PAUSED, 0, NONE, NONE, 0, 25, 10}, // what is held has its slots
        {ONCE_AT_30, JOB_ENABLED, 0, NONE, NONE, 90, 95, 30},
        {ONCE_AT_30, JOB_ENABLED, 0, NONE, 30, 90, 95, NONE},
        {AFTER_60, JOB_ENABLED, 0, NONE, NONE, 0, 1, 60}, // has not run: from its creation
        {AFTER_60, JOB_ENABLED, 0, 10, 5, 0, 20, 70},
        {AFTER_60, JOB_ENABLED, 0, 10, 5, 500, 500, 70}, // overdue, once
        {AFTER_60, JOB_ENABLED, 300, 10, 5, 500, 500, 360},
        {AFTER_60, JOB_ENABLED, 0, 900, 5, 20, 20, 80}, // it ended under a clock that was ahead
        {AFTER_60, JOB_PAUSED, 0, 10, 5, 20, 20, 70},
        {STARTUP, JOB_ENABLED, 0, NONE, NONE, 0, 40, 40},
        {STARTUP, JOB_ENABLED, 90, NONE, NONE, 0, 40, 40}, // made under a clock that was ahead
        {STARTUP_5, JOB_ENABLED, 0, 7, 7, 0, 40, 45},
        {STARTUP_5, JOB_PAUSED, 0, NONE, NONE, 0, 40, 45},
        {EVERY_10, JOB_ENDED, 0, NONE, NONE, 0, 25, NONE},
        {AFTER_60, JOB_ENDED, 0, 10, 5, 20, 20, NONE},
        {MANUAL, JOB_ENABLED, 0, NONE, NONE, 0, 40, NONE},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct bench b;

        bench_open(&b, rows[i].spec);
        b.entry->job->state = rows[i].job_state;
        b.entry->job->effective_from = at_s(rows[i].since_s);
        if (rows[i].event_s != NONE)
            b.entry->event = at_s(rows[i].event_s);
        if (rows[i].claimed_s != NONE)
            b.entry->claimed = at_s(rows[i].claimed_s);
        plan_start(&b.due, b.entry, at_s(rows[i].from_s), at_s(rows[i].now_s));
        if (slot_s(&b) != rows[i].slot_s)
            fail_msg("row %zu: %lld", i, (long long)slot_s(&b));
        bench_close(&b);
    }
}

static void test_after(void **state)
{
    struct run run = {.state = RUN_RUNNING, .scheduled_at = {T0 + 60 * S}};
    struct bench b;

    (void)state;
    bench_open(&b, AFTER_60);
    plan_from(&b.due, b.entry, at_s(0));
    assert_int_equal(slot_s(&b), 60);
    // No slot while it runs, the next one behind the last of its ends.
    b.entry->running = 2;
    plan_claimed(&b.due, b.entry, &run, true);
    assert_int_equal(slot_s(&b), NONE);
    b.entry->running = 1;
    plan_ended(&b.due, b.entry, at_s(100), at_s(100));
    assert_int_equal(slot_s(&b), NONE);
    b.entry->running = 0;
    plan_ended(&b.due, b.entry, at_s(200), at_s(201));
    assert_int_equal(slot_s(&b), 260);
    // A skip counts as an end.
    run = (struct run){.state = RUN_SKIPPED, .scheduled_at = at_s(260), .finished_at = at_s(400)};
    plan_claimed(&b.due, b.entry, &run, true);
    assert_int_equal(slot_s(&b), 460);
    // A slot that has a row: the next microsecond.
    plan_claimed(&b.due, b.entry, &run, false);
    assert_int_equal(b.entry->slot.us, at_s(460).us + 1);
    // One that did not come to run.
    b.entry->running = 1;
    plan_again(&b.due, b.entry);
    assert_int_equal(slot_s(&b), NONE);
    b.entry->running = 0;
    plan_again(&b.due, b.entry);
    assert_int_equal(b.entry->slot.us, at_s(460).us + 1);
    bench_close(&b);
}

static void test_startup(void **state)
{
    struct run run = {.state = RUN_RUNNING};
    struct bench b;

    (void)state;
    bench_open(&b, STARTUP);
    plan_from(&b.due, b.entry, at_s(0)); // created while the scheduler runs
    assert_int_equal(slot_s(&b), NONE);
    plan_claimed(&b.due, b.entry, &run, false);
    assert_int_equal(slot_s(&b), NONE);
    plan_start(&b.due, b.entry, at_s(0), at_s(10));
    assert_int_equal(slot_s(&b), 10);
    plan_claimed(&b.due, b.entry, &run, false);
    assert_int_equal(b.entry->slot.us, at_s(10).us + 1);
    plan_ended(&b.due, b.entry, at_s(30), at_s(30)); // of a run by hand: no event for it
    assert_int_equal(b.entry->slot.us, at_s(10).us + 1);
    plan_claimed(&b.due, b.entry, &run, true);
    assert_int_equal(slot_s(&b), NONE);
    // What passed while it was held does not come again.
    plan_start(&b.due, b.entry, at_s(0), at_s(100));
    b.entry->job->effective_from = at_s(99);
    plan_again(&b.due, b.entry);
    assert_int_equal(slot_s(&b), 100);
    b.entry->job->effective_from = at_s(100);
    plan_again(&b.due, b.entry);
    assert_int_equal(slot_s(&b), NONE);
    bench_close(&b);
}

// Where the slot lies after the clock was set.
static void test_step(void **state)
{
    static const struct {
        const char *spec;
        int64_t step_s, slot_s;
    } rows[] = {
        {EVERY_10, 3600, 10},      {EVERY_10, -3600, -3590}, {ONCE_AT_30, -3600, 30},
        {AFTER_60, 3600, 3660},    {AFTER_60, -3600, -3540}, {STARTUP_5, 3600, 3605},
        {STARTUP_5, -3600, -3595}, {STARTUP, -3600, -3600},  {MANUAL, -3600, NONE},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct bench b;

        bench_open(&b, rows[i].spec);
        if (i < 2) { // its start may not lie in the way
            job_free(b.entry->job);
            b.entry->job = fixture_job(&b.f, "x", "{\"type\":\"cron\",\"second\":\"*/10\"}");
        }
        b.entry->job->effective_from = at_s(-1);
        b.entry->event = (wall){T0};
        plan_from(&b.due, b.entry, at_s(0));
        plan_step(&b.due, b.entry, rows[i].step_s * S, at_s(rows[i].step_s));
        if (slot_s(&b) != rows[i].slot_s)
            fail_msg("row %zu: %lld", i, (long long)slot_s(&b));
        bench_close(&b);
    }
}

// The clock is set back while it runs, and the claim turns out not to have come about.
static void test_step_in_a_claim(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b, AFTER_60);
    plan_from(&b.due, b.entry, at_s(0));
    b.entry->running = 1;
    plan_again(&b.due, b.entry);
    plan_step(&b.due, b.entry, -3600 * S, at_s(-3540));
    assert_int_equal(slot_s(&b), NONE);
    b.entry->running = 0;
    plan_again(&b.due, b.entry);
    assert_int_equal(slot_s(&b), -3540);
    bench_close(&b);
}

// The clock is set between the end of a run, or what else there was, and the moment when it is
// known.
static void test_step_beside_an_event(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b, AFTER_60);
    b.entry->running = 1;
    plan_step(&b.due, b.entry, -3600 * S, at_s(-3500));
    b.entry->running = 0;
    plan_ended(&b.due, b.entry, at_s(100), at_s(-3499));
    assert_int_equal(slot_s(&b), -3439);
    plan_ended(&b.due, b.entry, at_s(110), at_s(111)); // it is right again, as will be seen
    plan_step(&b.due, b.entry, 3600 * S, at_s(112));
    assert_int_equal(slot_s(&b), 172);
    bench_close(&b);
}

// What waits for a moment behind its slot does not wait until the clock, set back, is there again.
static void test_step_back_while_it_waits(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b, "{\"type\":\"interval\",\"seconds\":100}");
    due_plan_late(&b.due, b.entry, at_s(100), at_s(5000));
    assert_int_equal(due_next(&b.due).us, at_s(5000).us);
    plan_step(&b.due, b.entry, -100 * S, at_s(150));
    assert_int_equal(due_next(&b.due).us, at_s(100).us);
    bench_close(&b);
}

// The slot that is told: of others' jobs it is worked out, as far as it can be.
static void test_shown(void **state)
{
    static const struct {
        const char *spec;
        bool is_ours;
        int64_t now_s, shown_s;
    } rows[] = {
        {EVERY_10, true, 25, 10},  {EVERY_10, false, 5, 10},   {EVERY_10, false, 25, 30},
        {AFTER_60, true, 100, 60}, {AFTER_60, false, 5, 60},   {AFTER_60, false, 100, NONE},
        {MANUAL, false, 5, NONE},  {ONCE_AT_30, false, 5, 30}, {ONCE_AT_30, false, 31, NONE},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct bench b;
        wall shown;

        bench_open(&b, rows[i].spec);
        b.entry->seat.is_ours = rows[i].is_ours;
        plan_from(&b.due, b.entry, at_s(0));
        shown = plan_shown(b.entry, at_s(rows[i].now_s));
        assert_int_equal(shown.us == WALL_NEVER.us ? NONE : (shown.us - T0) / S, rows[i].shown_s);
        assert_int_equal(heap_has(&b.entry->due), rows[i].is_ours);
        bench_close(&b);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shown),
        cmocka_unit_test(test_start),
        cmocka_unit_test(test_after),
        cmocka_unit_test(test_startup),
        cmocka_unit_test(test_step),
        cmocka_unit_test(test_step_in_a_claim),
        cmocka_unit_test(test_step_beside_an_event),
        cmocka_unit_test(test_step_back_while_it_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
