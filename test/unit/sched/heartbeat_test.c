// heartbeat_test.c - pings, their slots, and those that do not come.
// SPDX-License-Identifier: Apache-2.0
#include "sched/heartbeat.h"

#include "fixture.h"

#define KEY "0123456789abcdef0123456789abcdef"
#define MINUTELY "{\"type\":\"interval\",\"minutes\":1}"
#define AFTER "{\"type\":\"after\",\"delay\":\"1m\"}"

struct world {
    struct fixture f;
    struct sched *sched;
    char text[4000];
};

static void sched_begin(struct world *w)
{
    const struct sched_options options = {.loop = w->f.loop,
                                          .store = w->f.store,
                                          .exec = &w->f.exec,
                                          .zones = w->f.zones,
                                          .timezone = STR_LIT("UTC")};
    struct err e;

    w->sched = sched_new(&options);
    assert_true(sched_start(w->sched, &e));
}

static void world_open(struct world *w, const char *spec)
{
    fixture_open(&w->f);
    sched_begin(w);
    struct job *job = fixture_job(&w->f, "a", spec);

    job->kind = JOB_HEARTBEAT;
    job_edit(job)->misfire_grace_us = 10 * S;
    job_set_target(job, STR_LIT(KEY));
    sched_put(w->sched, job, STORE_CREATE, NULL, NULL);
    fixture_settle(&w->f);
    assert_ptr_equal(sched_ping_job(w->sched, STR_LIT(KEY)), sched_find(w->sched, STR_LIT("a")));
    assert_null(sched_ping_job(w->sched, STR_LIT("another")));
}

static void world_close(struct world *w)
{
    sched_free(w->sched);
    store_close(w->f.store);
    fixture_close(&w->f);
}

static void on_ping(const struct err *err, void *ctx)
{
    *(int *)ctx = err ? (int)err->code : -1;
}

// The error's code; ERR_NONE when it is durable.
static enum err_code ping(struct world *w, enum ping_kind kind, const char *rid)
{
    const struct ping what = {
        .kind = kind, .rid = str_of(rid), .exit_code = 7, .body = STR_LIT("body")};
    int code = -2;

    sched_ping(w->sched, STR_LIT(KEY), &what, on_ping, &code);
    fixture_settle(&w->f);
    assert_int_not_equal(code, -2);
    return code == -1 ? ERR_NONE : (enum err_code)code;
}

static void row_add(const struct err *err, const struct store_run *runs, size_t count, void *ctx)
{
    struct world *w = ctx;
    size_t len = 0;

    assert_null(err);
    w->text[0] = '\0';
    for (size_t i = 0; i < count; i++)
        len += (size_t)snprintf(w->text + len, sizeof w->text - len, "%d %s%s%s\n",
                                (int)((runs[i].run.scheduled_at.us - T0) / S),
                                run_state_name(runs[i].run.state), runs[i].run.reason ? " " : "",
                                run_reason_name(runs[i].run.reason));
}

// A line a row, by slot in seconds.
static const char *rows(struct world *w)
{
    const struct store_find all = {
        .job_id = 1, .to = WALL_NEVER, .limit = 100, .is_oldest_first = true};

    store_find_runs(w->f.store, &all, row_add, w);
    fixture_settle(&w->f);
    return w->text;
}

static void test_slots(void **state)
{
    struct world w;

    (void)state;
    world_open(&w, MINUTELY);
    fixture_pass(&w.f, 52 * S);
    assert_int_equal(ping(&w, PING_SUCCESS, ""), ERR_NONE); // within the grace before slot 60
    fixture_pass(&w.f, 71 * S);                             // to 123: slot 120 waits
    assert_int_equal(ping(&w, PING_FAIL, ""), ERR_NONE);
    fixture_pass(&w.f, S); // no slot is near: a row of its own
    assert_int_equal(ping(&w, PING_SUCCESS, ""), ERR_NONE);
    fixture_pass(&w.f, 70 * S); // to 194: nothing came for 180
    assert_int_equal(ping(&w, PING_EXIT, ""), ERR_NONE);
    assert_string_equal(rows(&w), "60 succeeded\n120 failed\n124 succeeded\n180 skipped no_ping\n"
                                  "194 failed\n");
    assert_int_equal(w.f.started, 0); // nothing runs here
    world_close(&w);
}

static void test_after_the_last_ping(void **state)
{
    struct world w;

    (void)state;
    world_open(&w, AFTER);
    fixture_pass(&w.f, 50 * S);
    assert_int_equal(ping(&w, PING_START, ""), ERR_NONE);
    fixture_pass(&w.f, 5 * S);
    assert_int_equal(ping(&w, PING_SUCCESS, ""), ERR_NONE);
    fixture_pass(&w.f, 69 * S); // the next is due at 115, and late at 125
    assert_string_equal(rows(&w), "50 succeeded\n");
    fixture_pass(&w.f, 2 * S);
    assert_string_equal(rows(&w), "50 succeeded\n115 skipped no_ping\n");
    world_close(&w);
}

static void test_starts_and_ends(void **state)
{
    struct world w;

    (void)state;
    world_open(&w, MINUTELY);
    fixture_pass(&w.f, 20 * S);
    assert_int_equal(ping(&w, PING_START, "a"), ERR_NONE);
    fixture_pass(&w.f, S);
    assert_int_equal(ping(&w, PING_START, "b"), ERR_NONE);
    assert_int_equal(ping(&w, PING_LOG, "a"), ERR_NONE);
    assert_int_equal(ping(&w, PING_FAIL, "a"), ERR_NONE);
    assert_string_equal(rows(&w), "20 failed\n21 running\n");
    assert_int_equal(ping(&w, PING_SUCCESS, ""), ERR_NONE); // the latest that is going on
    assert_string_equal(rows(&w), "20 failed\n21 succeeded\n");
    assert_int_equal(ping(&w, PING_START, "c"), ERR_NONE);
    fixture_pass(&w.f, 20 * S); // its end does not come within the grace of ten seconds
    assert_string_equal(rows(&w), "20 failed\n21 succeeded\n21 timed_out no_ping\n");
    for (int i = 0; i < HEARTBEAT_OPEN_MAX; i++) {
        fixture_pass(&w.f, S / 2);
        assert_int_equal(ping(&w, PING_START, "x"), ERR_NONE);
    }
    assert_int_equal(ping(&w, PING_START, "x"), ERR_RATE);
    world_close(&w);
}

static void test_rate(void **state)
{
    struct world w;
    int codes[2] = {0};

    (void)state;
    world_open(&w, MINUTELY);
    fixture_pass(&w.f, 20 * S);
    for (int i = 0; i < HEARTBEAT_BURST + 5; i++)
        codes[ping(&w, PING_LOG, "") == ERR_RATE]++;
    assert_int_equal(codes[0], HEARTBEAT_BURST);
    assert_int_equal(codes[1], 5);
    fixture_pass(&w.f, 3 * S);
    for (int i = 0; i < 3 * HEARTBEAT_RATE; i++)
        assert_int_equal(ping(&w, PING_LOG, ""), ERR_NONE);
    assert_int_equal(ping(&w, PING_LOG, ""), ERR_RATE);
    sched_delete(w.sched, STR_LIT("a"), NULL, NULL);
    fixture_pass(&w.f, 3 * S);
    assert_int_equal(ping(&w, PING_SUCCESS, ""), ERR_NOT_FOUND);
    world_close(&w);
}

static void test_a_restart(void **state)
{
    struct world w;

    (void)state;
    world_open(&w, MINUTELY);
    fixture_pass(&w.f, 61 * S);
    assert_int_equal(ping(&w, PING_SUCCESS, ""), ERR_NONE);
    fixture_pass(&w.f, 2 * S);
    assert_int_equal(ping(&w, PING_START, "r"), ERR_NONE);
    sched_free(w.sched);
    memory_store_crash(w.f.store);
    sim_clock_advance(&w.f.clock, 3 * S);
    w.f.store = memory_store_open(w.f.loop, w.f.data);
    sched_begin(&w);
    fixture_settle(&w.f);
    assert_string_equal(rows(&w), "60 succeeded\n63 running\n");
    assert_int_equal(ping(&w, PING_SUCCESS, "r"), ERR_NONE);
    // Slot 60 is known to the store only: a ping near 120 finds its slot all the same.
    fixture_pass(&w.f, 50 * S);
    assert_int_equal(ping(&w, PING_SUCCESS, ""), ERR_NONE);
    fixture_pass(&w.f, 20 * S);
    assert_string_equal(rows(&w), "60 succeeded\n63 succeeded\n120 succeeded\n");
    world_close(&w);
}

static void test_by_itself(void **state)
{
    struct fixture f;
    struct events events;
    struct due due;
    struct run_ids ids = {0};
    struct heartbeats h;
    const struct run stranger = {.id = 5, .job_id = 77};
    const struct ping what = {.kind = PING_SUCCESS};
    int code = -2;

    (void)state;
    fixture_open(&f);
    events_init(&events, f.loop);
    due_init(&due);
    heartbeats_init(&h, f.loop, f.store, &due, &events, &ids);
    struct job *job = fixture_job(&f, "a", AFTER);

    job->id = 1;
    job->kind = JOB_HEARTBEAT;
    job_set_target(job, STR_LIT(KEY));
    assert_int_equal(job_ping_grace_us(job, (wall){T0}), 3600 * S);
    (void)due_add(&due, job);
    heartbeats_learn(&h, job);
    assert_false(heartbeats_adopt(&h, &stranger));
    assert_int_equal(heartbeats_job(&h, STR_LIT(KEY)), 1);
    assert_int_equal(heartbeats_job(&h, STR_LIT("another")), 0);
    heartbeats_ping(&h, STR_LIT(KEY), &what, on_ping, &code);
    heartbeats_done(&h); // while the ping is with the store
    due_done(&due);
    events_done(&events);
    store_close(f.store);
    assert_int_equal(code, -2);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slots),           cmocka_unit_test(test_after_the_last_ping),
        cmocka_unit_test(test_starts_and_ends), cmocka_unit_test(test_rate),
        cmocka_unit_test(test_a_restart),       cmocka_unit_test(test_by_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
