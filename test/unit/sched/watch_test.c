// watch_test.c - what is late, slow or overdue.
// SPDX-License-Identifier: Apache-2.0
#include "sched/watch.h"

#include "fixture.h"

#include "sched/learned.h"

#define MINUTELY "{\"type\":\"interval\",\"minutes\":1}"
#define M (60 * S)

struct world {
    struct fixture f;
    struct sched *sched;
    int64_t seen;
};

static void sched_begin(struct world *w)
{
    const struct sched_options options = {.loop = w->f.loop,
                                          .store = w->f.store,
                                          .exec = &w->f.exec,
                                          .zones = w->f.zones,
                                          .timezone = STR_LIT("UTC"),
                                          .late_after_us = 3 * S};
    struct err e;

    w->sched = sched_new(&options);
    w->seen = events_last(sched_events(w->sched));
    assert_true(sched_start(w->sched, &e));
}

static void world_open(struct world *w)
{
    fixture_open(&w->f);
    sched_begin(w);
}

static void close_all(struct world *w)
{
    store_close(w->f.store); // answers what is still asked
    sched_free(w->sched);
    fixture_close(&w->f);
}

// What has been told of jobs since the last time: "slow: runs for 22s; ...".
static const char *told(struct world *w)
{
    static char text[2000];
    const struct sched_event *event;
    size_t len = 0;

    text[0] = '\0';
    while ((event = events_next(sched_events(w->sched), w->seen))) {
        w->seen = event->seq;
        if (event->type >= EVENT_JOB_LATE && event->type <= EVENT_JOB_OVERDUE)
            len += (size_t)snprintf(text + len, sizeof text - len, "%s of %s: %s\n",
                                    event_name(event->type), event->job, event->text);
    }
    return text;
}

// Lets it run so many times, each for so long.
static void runs(struct world *w, int count, int64_t us)
{
    for (int i = 0; i < count; i++) {
        size_t started = w->f.started;

        for (int n = 0; w->f.started == started; n++) {
            assert_true(n < 1000);
            fixture_pass(&w->f, S);
        }
        w->f.runs[started].request.scheduled_at = clock_wall(&w->f.clock.base); // its start
        fixture_pass(&w->f, us);
        fixture_end(&w->f, started, RUN_SUCCEEDED);
    }
}

static void put(struct world *w, const char *spec)
{
    sched_put(w->sched, fixture_job(&w->f, "a", spec), STORE_ANY, NULL, NULL);
    fixture_settle(&w->f);
}

static void test_slow(void **state)
{
    struct world w;

    (void)state;
    world_open(&w);
    put(&w, MINUTELY);
    runs(&w, 5, 8 * S);
    fixture_pass(&w.f, 58 * S); // the sixth goes on
    assert_int_equal(w.f.started, 6);
    fixture_pass(&w.f, 10 * S);
    assert_string_equal(told(&w), "");
    fixture_pass(&w.f, 12 * S);
    assert_string_equal(told(&w),
                        "job.slow of a: runs for 20s; 95 % of its runs take no longer than 8s\n");
    fixture_pass(&w.f, 20 * S); // once a run
    assert_string_equal(told(&w), "");
    close_all(&w);
}

static void test_it_is_known_after_a_restart(void **state)
{
    struct world w;

    (void)state;
    world_open(&w);
    put(&w, MINUTELY);
    runs(&w, 6, 8 * S);
    sched_free(w.sched);
    memory_store_crash(w.f.store);
    w.f.store = memory_store_open(w.f.loop, w.f.data);
    sched_begin(&w);
    const struct job *job = sched_find(w.sched, STR_LIT("a"));

    assert_null(sched_learned(w.sched, job));
    sched_learn(w.sched, job);
    sched_learn(w.sched, job); // asked once
    fixture_settle(&w.f);
    assert_int_equal(sched_learned(w.sched, job)->len, 6);
    assert_int_equal(learned_percent(sched_learned(w.sched, job), 50, 1) / S, 8);
    assert_true(sched_learned(w.sched, job)->good_at.us > T0);
    // A question whose answer nobody waits for.
    put(&w, EVERY_10);
    sched_delete(w.sched, STR_LIT("a"), NULL, NULL);
    fixture_settle(&w.f);
    put(&w, EVERY_10);
    sched_learn(w.sched, sched_find(w.sched, STR_LIT("a")));
    close_all(&w);
}

static void test_late(void **state)
{
    struct world w;

    (void)state;
    world_open(&w);
    put(&w, "{\"type\":\"interval\",\"minutes\":10}");
    memory_store_delay(w.f.store, 2 * S, 0);
    fixture_pass(&w.f, 10 * M + 3 * S);
    assert_int_equal(w.f.started, 1);
    assert_string_equal(told(&w), "");
    fixture_end(&w.f, 0, RUN_SUCCEEDED);
    fixture_pass(&w.f, 10 * S);
    // Later than late_after, but not than a tenth of the grace of ten minutes; then later than
    // both.
    memory_store_delay(w.f.store, 30 * S, 0);
    fixture_pass(&w.f, 10 * M);
    fixture_pass(&w.f, 60 * S);
    assert_int_equal(w.f.started, 2);
    assert_string_equal(told(&w), "");
    fixture_end(&w.f, 1, RUN_SUCCEEDED);
    fixture_pass(&w.f, 2 * M);
    memory_store_delay(w.f.store, 61 * S, 0);
    fixture_pass(&w.f, 9 * M);
    assert_int_equal(w.f.started, 3);
    assert_string_equal(told(&w), "job.late of a: started 1m 1s after its slot\n");
    memory_store_delay(w.f.store, 0, 0);
    fixture_end(&w.f, 2, RUN_SUCCEEDED);
    close_all(&w);
}

static void test_overdue(void **state)
{
    struct world w;

    (void)state;
    world_open(&w);
    put(&w, MINUTELY);
    runs(&w, 1, S);
    fixture_pass(&w.f, 59 * S);
    fixture_end(&w.f, 1, RUN_FAILED); // at its slot: there is still time
    assert_string_equal(told(&w), "");
    fixture_pass(&w.f, 60 * S);
    fixture_end(&w.f, 2, RUN_FAILED);
    fixture_settle(&w.f);
    fixture_pass(&w.f, 60 * S);
    fixture_end(&w.f, 3, RUN_FAILED);
    fixture_settle(&w.f);
    assert_string_equal(told(&w), "job.overdue of a: no success for 2m 59s\n");
    fixture_pass(&w.f, 60 * S);
    fixture_end(&w.f, 4, RUN_FAILED); // told already
    fixture_settle(&w.f);
    assert_string_equal(told(&w), "");
    runs(&w, 1, S);
    fixture_pass(&w.f, 59 * S);
    fixture_end(&w.f, 6, RUN_FAILED);
    assert_string_equal(told(&w), "");
    // A run that never ends is looked at while it goes on.
    fixture_pass(&w.f, 120 * S);
    assert_int_equal(w.f.started, 8);
    assert_non_null(strstr(told(&w), "job.overdue of a: no success for "));
    close_all(&w);
}

// A watch that ends while the store still has its question.
static void test_nobody_waits_for_the_answer(void **state)
{
    struct fixture f;
    struct events events;
    struct due due;
    struct watch w;

    (void)state;
    fixture_open(&f);
    events_init(&events, f.loop);
    due_init(&due);
    struct job *job = fixture_job(&f, "a", EVERY_10);

    job->id = 1;
    struct entry *entry = due_add(&due, job);

    watch_init(&w, f.loop, f.store, &due, &events, 0);
    assert_int_equal(w.late_after_us, WATCH_LATE_US);
    watch_learn(&w, entry);
    assert_true(entry->learned->is_waiting);
    watch_done(&w);
    due_done(&due);
    events_done(&events);
    store_close(f.store); // answers
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slow),
        cmocka_unit_test(test_it_is_known_after_a_restart),
        cmocka_unit_test(test_late),
        cmocka_unit_test(test_overdue),
        cmocka_unit_test(test_nobody_waits_for_the_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
