// sched_test.c - the scheduler's face: writes, planning, restarts, the order of the list.
// SPDX-License-Identifier: Apache-2.0
#include "sched/sched.h"

#include "fixture.h"

#include <stdio.h>
#include <unistd.h>

#define AFTER_60 "{\"type\":\"after\",\"delay\":\"1m\"}"
#define STARTUP_5 "{\"type\":\"startup\",\"delay\":\"5s\"}"
#define ONCE_AT_60 "{\"type\":\"date\",\"run_date\":\"2026-01-01T00:01:00Z\"}"

struct answer {
    int count;
    enum err_code code;
    int version;
};

static void answered(const struct err *err, const struct job *job, void *ctx)
{
    struct answer *a = ctx;

    a->count++;
    a->code = err ? err->code : ERR_NONE;
    a->version = job ? job->version : 0;
}

static struct sched *life_begin(struct fixture *f)
{
    struct sched_options options = {.loop = f->loop,
                                    .store = f->store,
                                    .exec = &f->exec,
                                    .zones = f->zones,
                                    .timezone = STR_LIT("UTC")};
    struct sched *s = sched_new(&options);
    struct err e;

    assert_true(sched_start(s, &e));
    return s;
}

static struct answer put(struct fixture *f, struct sched *s, const char *name, const char *spec,
                         int expect)
{
    struct answer a = {0};

    sched_put(s, fixture_job(f, name, spec), expect, answered, &a);
    assert_int_equal(a.count, 0); // never before the call has returned
    fixture_settle(f);
    assert_int_equal(a.count, 1);
    return a;
}

static wall next_of(const struct sched *s, const char *name)
{
    const struct job *job = sched_find(s, str_of(name));

    assert_non_null(job);
    return sched_next_at(s, job);
}

static void test_writes(void **state)
{
    struct fixture f;
    struct answer a = {0};

    (void)state;
    fixture_open(&f);
    struct sched *s = life_begin(&f);

    assert_int_equal(put(&f, s, "x", EVERY_10, STORE_CREATE).code, ERR_NONE);
    assert_int_equal(put(&f, s, "x", EVERY_10, STORE_CREATE).code, ERR_EXISTS);
    assert_int_equal(put(&f, s, "x", ONCE_AT_30, 7).code, ERR_CONFLICT);
    assert_int_equal(next_of(s, "x").us, T0 + 10 * S);
    a = put(&f, s, "x", ONCE_AT_30, 1);
    assert_int_equal(a.code, ERR_NONE);
    assert_int_equal(a.version, 2);
    assert_int_equal(next_of(s, "x").us, T0 + 30 * S);
    a = (struct answer){0};
    sched_delete(s, STR_LIT("x"), answered, &a);
    fixture_settle(&f);
    assert_int_equal(a.code, ERR_NONE);
    assert_null(sched_find(s, STR_LIT("x")));
    sched_delete(s, STR_LIT("x"), answered, &a);
    assert_int_equal(a.code, ERR_NOT_FOUND);
    assert_int_equal(sched_count(s), 0);
    fixture_pass(&f, 60 * S);
    assert_int_equal(f.started, 0);
    memory_store_crash(f.store);
    sched_free(s);
    fixture_close(&f);
}

static void pool_said(const struct err *err, const struct pool *pool, void *ctx)
{
    (void)pool;
    *(enum err_code *)ctx = err ? err->code : ERR_NONE;
}

static enum err_code pool_put(struct fixture *f, struct sched *s, int slots)
{
    json_t *definition = json_pack("{s:i}", "slots", slots);
    enum err_code code = ERR_SYSTEM;

    pools_put(sched_pools(s), STR_LIT("db"), definition, STORE_ANY, (wall){T0}, pool_said, &code);
    fixture_settle(f);
    json_decref(definition);
    return code;
}

// A pool and a job that names it, from the door for changes to the start of a run, and again after
// a crash.
static void test_pools(void **state)
{
    json_t *pools = json_pack("{s:i}", "db", 1);
    const struct throttle none = {0};
    enum err_code code = ERR_NONE;
    struct fixture f;

    (void)state;
    fixture_open(&f);
    struct sched *s = life_begin(&f);
    struct job *job = fixture_job(&f, "x", EVERY_10);
    struct answer a = {0};

    assert_int_equal(pool_put(&f, s, 0), ERR_NONE);
    job_edit(job)->needs = needs_new(pools, &none);
    sched_put(s, job, STORE_CREATE, answered, &a);
    fixture_pass(&f, 11 * S);
    assert_int_equal(a.code, ERR_NONE);
    assert_int_equal(f.started, 0);
    assert_int_equal(room_pool(sched_waits(s).room, STR_LIT("db"))->waiting, 1);
    pools_delete(sched_pools(s), STR_LIT("db"), pool_said, &code);
    assert_int_equal(code, ERR_IN_USE);
    memory_store_crash(f.store);
    sched_free(s);
    f.store = memory_store_open(f.loop, f.data);
    s = life_begin(&f);
    fixture_settle(&f);
    assert_int_equal(f.started, 0);
    assert_int_equal(room_pool(sched_waits(s).room, STR_LIT("db"))->waiting, 1);
    assert_int_equal(pool_put(&f, s, 1), ERR_NONE);
    assert_int_equal(f.started, 1);
    memory_store_crash(f.store);
    sched_free(s);
    fixture_close(&f);
    json_decref(pools);
}

static void test_list_and_stats(void **state)
{
    struct fixture f;
    struct sched_stats stats;

    (void)state;
    fixture_open(&f);
    struct sched *s = life_begin(&f);

    (void)put(&f, s, "c", ONCE_AT_30, STORE_CREATE);
    (void)put(&f, s, "b", EVERY_10, STORE_CREATE);
    (void)put(&f, s, "a", EVERY_10, STORE_CREATE);
    struct sched_item *list = sched_list(s);
    assert_int_equal(sched_count(s), 3);
    size_t walked = 0, at = 0;
    const struct job *next;
    wall next_at;

    while ((next = sched_next_job(s, &at, &next_at))) {
        assert_ptr_equal(sched_find_id(s, next->id), next);
        assert_int_equal(next_at.us, sched_next_at(s, next).us);
        walked++;
    }
    assert_int_equal(walked, 3);
    assert_null(sched_find_id(s, 999));
    assert_true(str_eq(list[0].job->name, STR_LIT("a")));
    assert_true(str_eq(list[1].job->name, STR_LIT("b")));
    assert_true(str_eq(list[2].job->name, STR_LIT("c")));
    free(list);
    fixture_pass(&f, 10 * S);
    assert_int_equal(sched_running(s, sched_find(s, STR_LIT("a"))), 1);
    sched_stats(s, &stats);
    assert_int_equal(stats.claimed, 2);
    assert_int_equal(stats.running, 2);
    memory_store_crash(f.store);
    sched_free(s);
    fixture_close(&f);
}

static void test_load(void **state)
{
    static const char *const at_2_30 = "{\"type\":\"cron\",\"hour\":2,\"minute\":30}";
    uint32_t counts[SCHED_LOAD_MINUTES] = {0};
    const wall two = {T0 + 26 * 3600 * S}; // 2026-01-02T02:00:00Z
    struct fixture f;
    struct sched *s;

    (void)state;
    fixture_open(&f);
    s = life_begin(&f);
    put(&f, s, "a", at_2_30, STORE_CREATE);
    put(&f, s, "b", at_2_30, STORE_CREATE);
    put(&f, s, "c", "{\"type\":\"cron\",\"minute\":\"*/20\",\"second\":\"*\"}", STORE_CREATE);
    put(&f, s, "d", at_2_30, STORE_CREATE);
    put(&f, s, "e", "{\"type\":\"manual\"}", STORE_CREATE);
    sched_pause(s, STR_LIT("d"), true, answered, &(struct answer){0});
    fixture_settle(&f);
    assert_true(sched_load(s, two, STR_LIT("b"), counts));
    for (int minute = 0; minute < SCHED_LOAD_MINUTES; minute++)
        assert_int_equal(counts[minute], minute % 20 == 0 || minute == 30);
    assert_true(sched_load(s, two, STR_LIT(""), counts));
    assert_int_equal(counts[30], 3);
    memory_store_crash(f.store);
    sched_free(s);
    fixture_close(&f);
}

static void test_pause_makes_up_for_nothing(void **state)
{
    struct fixture f;
    struct answer a = {0};

    (void)state;
    fixture_open(&f);
    struct sched *s = life_begin(&f);

    (void)put(&f, s, "x", EVERY_10, STORE_CREATE);
    sched_pause(s, STR_LIT("x"), true, answered, &a);
    fixture_settle(&f);
    assert_int_equal(a.code, ERR_NONE);
    assert_int_equal(next_of(s, "x").us, WALL_NEVER.us);
    fixture_pass(&f, 35 * S);
    assert_int_equal(f.started, 0);
    sched_pause(s, STR_LIT("x"), false, answered, &a);
    fixture_settle(&f);
    assert_int_equal(next_of(s, "x").us, T0 + 40 * S);
    fixture_pass(&f, 5 * S);
    assert_int_equal(f.started, 1);
    memory_store_crash(f.store);
    sched_free(s);
    fixture_close(&f);
}

// Two changes that cross: the second was compared with what the first was about to replace.
static void test_changes_that_cross(void **state)
{
    static const char every_10[] =
        "{\"type\":\"interval\",\"seconds\":10,\"start_date\":\"2026-01-01T00:00:00Z\"}";
    struct fixture f;
    struct answer a = {0};

    (void)state;
    fixture_open(&f);
    struct sched *s = life_begin(&f);

    (void)put(&f, s, "x", every_10, STORE_CREATE);
    fixture_pass(&f, 2 * S);
    sched_put(s, fixture_job(&f, "x", ONCE_AT_30), STORE_ANY, answered, &a);
    sched_put(s, fixture_job(&f, "x", every_10), STORE_ANY, answered, &a);
    fixture_settle(&f);
    assert_int_equal(a.count, 2);
    assert_int_equal(a.version, 3);
    assert_int_equal(next_of(s, "x").us, T0 + 10 * S);
    memory_store_crash(f.store);
    sched_free(s);
    fixture_close(&f);
}

struct said {
    int count;
    enum err_code code;
};

static void run_said(const struct err *err, int64_t run_id, void *ctx)
{
    struct said *said = ctx;

    (void)run_id;
    said->count++;
    said->code = err ? err->code : ERR_NONE;
}

static void flag(void *ctx)
{
    *(bool *)ctx = true;
}

static void test_run_now_and_stop(void **state)
{
    struct fixture f;
    struct said said = {0};
    bool is_stopped = false;

    (void)state;
    fixture_open(&f);
    struct sched *s = life_begin(&f);

    (void)put(&f, s, "x", EVERY_10, STORE_CREATE);
    sched_run_now(s, STR_LIT("nobody"), fixture_by_hand(false), run_said, &said);
    assert_int_equal(said.code, ERR_NOT_FOUND);
    sched_run_now(s, STR_LIT("x"), fixture_by_hand(false), run_said, &said);
    fixture_settle(&f);
    assert_int_equal(said.code, ERR_NONE);
    assert_int_equal(f.started, 1);
    assert_int_equal(sched_progress(s, f.runs[0].request.run_id).len, 0); // it has said nothing
    sched_run_now(s, STR_LIT("x"), fixture_by_hand(false), run_said, &said);
    assert_int_equal(said.code, ERR_CONCURRENCY);
    sched_stop(s, 5 * S, flag, &is_stopped);
    assert_int_equal(f.stop_grace_us, 5 * S);
    fixture_pass(&f, 20 * S);
    assert_false(is_stopped);
    fixture_end(&f, 0, RUN_CANCELLED);
    assert_true(is_stopped);
    memory_store_crash(f.store);
    sched_free(s);
    fixture_close(&f);
}

// The anchor of an interval is its creation, also over restarts; what was missed is one run that
// says how much.
static void test_restart(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f);
    sim_clock_advance(&f.clock, 3 * S);
    struct sched *s = life_begin(&f);

    (void)put(&f, s, "x", EVERY_10, STORE_CREATE);
    fixture_pass(&f, 10 * S);
    assert_int_equal(f.started, 1);
    fixture_end(&f, 0, RUN_SUCCEEDED);
    memory_store_crash(f.store);
    sched_free(s);

    sim_clock_advance(&f.clock, 35 * S); // slots 23, 33 and 43 pass
    f.store = memory_store_open(f.loop, f.data);
    s = life_begin(&f);
    fixture_settle(&f);
    assert_int_equal(f.started, 2);
    assert_int_equal(f.runs[1].request.scheduled_at.us, T0 + 43 * S);
    assert_int_equal(next_of(s, "x").us, T0 + 53 * S);
    struct sched_stats stats;
    sched_stats(s, &stats);
    assert_int_equal(stats.missed, 2);
    memory_store_crash(f.store);
    sched_free(s);
    fixture_close(&f);
}

// As after kill -9: only what the store has is left.
static struct sched *life_again(struct fixture *f, struct sched *s)
{
    struct err e;

    memory_store_crash(f->store);
    sched_free(s);
    loop_free(f->loop);
    f->loop = loop_new(&f->clock.base, &e);
    assert_non_null(f->loop);
    f->store = memory_store_open(f->loop, f->data);
    return life_begin(f);
}

// A new date is on its way to the store when the only run ends: the job must not end with it.
static void test_edit_meets_the_end_of_the_last_run(void **state)
{
    struct fixture f;
    struct answer a = {0}, refused = {0};

    (void)state;
    fixture_open(&f);
    struct sched *s = life_begin(&f);

    (void)put(&f, s, "x", ONCE_AT_30, STORE_CREATE);
    (void)put(&f, s, "y", ONCE_AT_30, STORE_CREATE);
    fixture_pass(&f, 30 * S);
    assert_int_equal(f.started, 2);
    sched_put(s, fixture_job(&f, "x", ONCE_AT_60), 1, answered, &a);
    sched_put(s, fixture_job(&f, "y", ONCE_AT_60), 7, answered, &refused);
    fixture_end(&f, 0, RUN_SUCCEEDED);
    fixture_end(&f, 1, RUN_SUCCEEDED);
    assert_int_equal(a.code, ERR_NONE);
    assert_int_equal(refused.code, ERR_CONFLICT);
    assert_null(sched_find(s, STR_LIT("y"))); // ends all the same when the write is refused
    assert_int_equal(next_of(s, "x").us, T0 + 60 * S);
    s = life_again(&f, s);
    assert_int_equal(next_of(s, "x").us, T0 + 60 * S);
    assert_int_equal(sched_count(s), 1);
    memory_store_crash(f.store);
    sched_free(s);
    fixture_close(&f);
}

// A claim fails after a pause has become durable: its slot is not due again.
static void test_failing_claim_meets_a_pause(void **state)
{
    struct fixture f;
    struct answer a = {0};

    (void)state;
    fixture_open(&f);
    struct sched *s = life_begin(&f);

    (void)put(&f, s, "x", EVERY_10, STORE_CREATE);
    memory_store_delay(f.store, S / 2, S / 10);
    fixture_pass(&f, 9 * S + S / 2 - 1000);
    sched_pause(s, STR_LIT("x"), true, answered, &a); // durable just before 10.0, answered at 10.1
    fixture_pass(&f, S / 2 + S / 5);
    memory_store_fail(f.store, 1); // the claim, asked at 10.0
    fixture_pass(&f, 60 * S);
    assert_int_equal(f.started, 0);
    assert_int_equal(a.code, ERR_NONE);
    assert_int_equal(next_of(s, "x").us, WALL_NEVER.us);
    memory_store_crash(f.store);
    sched_free(s);
    fixture_close(&f);
}

// Nothing is due when a write fails; the scheduler finds out by itself that the store works again.
static void test_store_heals_unasked(void **state)
{
    struct fixture f;
    struct sched_stats stats;

    (void)state;
    fixture_open(&f);
    struct sched *s = life_begin(&f);

    memory_store_fail(f.store, 3);
    assert_int_equal(put(&f, s, "x", EVERY_10, STORE_CREATE).code, ERR_STORE);
    sched_stats(s, &stats);
    assert_int_equal(stats.failure.code, ERR_STORE);
    fixture_pass(&f, 2 * S + S / 2);
    sched_stats(s, &stats);
    assert_int_equal(stats.failure.code, ERR_STORE);
    fixture_pass(&f, 1 * S);
    sched_stats(s, &stats);
    assert_int_equal(stats.failure.code, ERR_NONE);
    memory_store_crash(f.store);
    sched_free(s);
    fixture_close(&f);
}

// What the store refuses for ever does not keep a stop for ever.
static void test_stop_with_a_store_that_refuses(void **state)
{
    struct fixture f;
    bool is_stopped = false;

    (void)state;
    fixture_open(&f);
    struct sched *s = life_begin(&f);

    (void)put(&f, s, "x", EVERY_10, STORE_CREATE);
    fixture_pass(&f, 10 * S);
    memory_store_fail(f.store, 1000000);
    fixture_end(&f, 0, RUN_SUCCEEDED);
    sched_stop(s, 0, flag, &is_stopped);
    fixture_pass(&f, 3 * S);
    assert_false(is_stopped);
    fixture_pass(&f, 10 * S);
    assert_true(is_stopped);
    memory_store_crash(f.store);
    sched_free(s);
    fixture_close(&f);
}

// A run by hand between a slot and its jittered start does not stand for the slot after a restart.
static void test_run_by_hand_is_no_slot(void **state)
{
    struct fixture f;
    struct said said = {0};

    (void)state;
    fixture_open(&f);
    struct sched *s = life_begin(&f);

    (void)put(&f, s, "x", "{\"type\":\"interval\",\"seconds\":1000,\"jitter\":500}", STORE_CREATE);
    fixture_pass(&f, 1001 * S);
    assert_int_equal(f.started, 0); // it waits for its jitter
    sched_run_now(s, STR_LIT("x"), fixture_by_hand(false), run_said, &said);
    fixture_settle(&f);
    assert_int_equal(said.code, ERR_NONE);
    fixture_end(&f, 0, RUN_SUCCEEDED);
    s = life_again(&f, s);
    fixture_pass(&f, 500 * S);
    assert_int_equal(f.started, 2);
    assert_int_equal(f.runs[1].request.scheduled_at.us, T0 + 1000 * S);
    memory_store_crash(f.store);
    sched_free(s);
    fixture_close(&f);
}

// The clock was an hour ahead when the job was made and ran, and is right after the restart.
static void test_restart_in_the_past(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f);
    sim_clock_advance(&f.clock, 3600 * S);
    struct sched *s = life_begin(&f);

    (void)put(&f, s, "x", "{\"type\":\"cron\",\"second\":\"*/10\"}", STORE_CREATE);
    fixture_pass(&f, 10 * S);
    assert_int_equal(f.started, 1);
    fixture_end(&f, 0, RUN_SUCCEEDED);
    sim_clock_step(&f.clock, -3600 * S);
    s = life_again(&f, s);
    assert_int_equal(next_of(s, "x").us, T0 + 20 * S);
    fixture_pass(&f, 10 * S);
    assert_int_equal(f.started, 2);
    memory_store_crash(f.store);
    sched_free(s);
    fixture_close(&f);
}

static void pause_set(struct fixture *f, struct sched *s, const char *name, bool is_paused)
{
    struct answer a = {0};

    sched_pause(s, str_of(name), is_paused, answered, &a);
    fixture_settle(f);
    assert_int_equal(a.code, ERR_NONE);
}

static void run_by_hand(struct fixture *f, struct sched *s, const char *name)
{
    struct said said = {0};

    sched_run_now(s, str_of(name), fixture_by_hand(false), run_said, &said);
    fixture_settle(f);
    assert_int_equal(said.code, ERR_NONE);
}

static void life_over(struct fixture *f, struct sched *s)
{
    memory_store_crash(f->store);
    sched_free(s);
    fixture_close(f);
}

// The first run comes the delay after the creation, each next one the delay after an end, however
// it ended; also over a restart, and once however long that took.
static void test_after(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f);
    struct sched *s = life_begin(&f);

    (void)put(&f, s, "x", AFTER_60, STORE_CREATE);
    assert_int_equal(next_of(s, "x").us, T0 + 60 * S);
    fixture_pass(&f, 60 * S);
    assert_int_equal(f.started, 1);
    assert_int_equal(f.runs[0].request.scheduled_at.us, T0 + 60 * S);
    assert_int_equal(next_of(s, "x").us, WALL_NEVER.us);
    fixture_pass(&f, 200 * S);
    assert_int_equal(f.started, 1);
    fixture_end(&f, 0, RUN_FAILED); // at 260
    assert_int_equal(next_of(s, "x").us, T0 + 320 * S);
    fixture_pass(&f, 10 * S);
    s = life_again(&f, s);
    assert_int_equal(next_of(s, "x").us, T0 + 320 * S);
    fixture_pass(&f, 50 * S);
    assert_int_equal(f.started, 2);
    // It is lost with the scheduler: that is its end.
    fixture_pass(&f, 30 * S);
    s = life_again(&f, s);
    assert_int_equal(next_of(s, "x").us, T0 + 410 * S);
    fixture_settle(&f); // until that is recorded
    // A day later it is due, once, and says for which slot.
    memory_store_crash(f.store);
    sched_free(s);
    sim_clock_advance(&f.clock, 86400 * S);
    f.store = memory_store_open(f.loop, f.data);
    s = life_begin(&f);
    fixture_settle(&f);
    assert_int_equal(f.started, 3);
    assert_int_equal(f.runs[2].request.scheduled_at.us, T0 + 410 * S);
    fixture_end(&f, 2, RUN_SUCCEEDED);
    assert_int_equal(next_of(s, "x").us, T0 + (350 + 86400 + 60) * S);
    life_over(&f, s);
}

// A run by hand is a run: it takes the place of the slot that was to come.
static void test_after_a_run_by_hand(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f);
    struct sched *s = life_begin(&f);

    (void)put(&f, s, "x", AFTER_60, STORE_CREATE);
    fixture_pass(&f, 55 * S);
    run_by_hand(&f, s, "x");
    assert_int_equal(next_of(s, "x").us, WALL_NEVER.us);
    fixture_pass(&f, 20 * S);
    assert_int_equal(f.started, 1);
    fixture_end(&f, 0, RUN_SUCCEEDED); // at 75
    assert_int_equal(next_of(s, "x").us, T0 + 135 * S);
    s = life_again(&f, s);
    assert_int_equal(next_of(s, "x").us, T0 + 135 * S);
    // One that the store refuses has not been.
    struct said said = {0};
    memory_store_fail(f.store, 1);
    sched_run_now(s, STR_LIT("x"), fixture_by_hand(false), run_said, &said);
    assert_int_equal(next_of(s, "x").us, WALL_NEVER.us);
    fixture_settle(&f);
    assert_int_equal(said.code, ERR_STORE);
    assert_int_equal(next_of(s, "x").us, T0 + 135 * S);
    life_over(&f, s);
}

static void test_after_an_edit_and_a_pause(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f);
    struct sched *s = life_begin(&f);

    (void)put(&f, s, "x", AFTER_60, STORE_CREATE);
    fixture_pass(&f, 60 * S);
    fixture_end(&f, 0, RUN_SUCCEEDED);
    fixture_pass(&f, 30 * S); // it is 90
    (void)put(&f, s, "x", "{\"type\":\"after\",\"delay\":\"50s\"}", STORE_ANY);
    assert_int_equal(next_of(s, "x").us, T0 + 110 * S);
    s = life_again(&f, s);
    assert_int_equal(next_of(s, "x").us, T0 + 110 * S);
    // A pause makes up for nothing: the delay begins anew.
    pause_set(&f, s, "x", true);
    assert_int_equal(next_of(s, "x").us, WALL_NEVER.us);
    fixture_pass(&f, 60 * S); // it is 150
    pause_set(&f, s, "x", false);
    assert_int_equal(next_of(s, "x").us, T0 + 200 * S);
    s = life_again(&f, s);
    assert_int_equal(next_of(s, "x").us, T0 + 200 * S);
    // So does another kind of schedule, whose runs are not those it follows.
    (void)put(&f, s, "x", EVERY_10, STORE_ANY);
    fixture_pass(&f, 10 * S); // it is 160
    assert_int_equal(f.started, 2);
    fixture_end(&f, 1, RUN_SUCCEEDED);
    fixture_pass(&f, 5 * S);
    (void)put(&f, s, "x", AFTER_60, STORE_ANY);
    assert_int_equal(next_of(s, "x").us, T0 + 225 * S);
    s = life_again(&f, s);
    assert_int_equal(next_of(s, "x").us, T0 + 225 * S);
    // A shorter delay that is over already: due at once.
    fixture_pass(&f, 30 * S);
    (void)put(&f, s, "x", "{\"type\":\"after\",\"delay\":\"5s\"}", STORE_ANY);
    assert_int_equal(f.started, 3);
    assert_int_equal(f.runs[2].request.scheduled_at.us, T0 + 170 * S);
    life_over(&f, s);
}

// A claim fails after another delay has become durable: the new one counts.
static void test_failing_claim_meets_another_delay(void **state)
{
    struct fixture f;
    struct answer a = {0};

    (void)state;
    fixture_open(&f);
    struct sched *s = life_begin(&f);

    (void)put(&f, s, "x", AFTER_60, STORE_CREATE);
    memory_store_delay(f.store, S / 2, S / 10);
    fixture_pass(&f, 59 * S + S / 2 - 1000);
    sched_put(s, fixture_job(&f, "x", "{\"type\":\"after\",\"delay\":\"50s\"}"), 1, answered,
              &a); // durable just before 60.0, answered at 60.1
    fixture_pass(&f, S / 2 + S / 5);
    memory_store_fail(f.store, 1); // the claim, asked at 60.0
    fixture_pass(&f, 5 * S);
    assert_int_equal(a.code, ERR_NONE);
    assert_int_equal(f.started, 1);
    assert_int_equal(f.runs[0].request.scheduled_at.us, T0 + 50 * S);
    life_over(&f, s);
}

// With a grace of its own it may be too late; it goes on from there. Without, it never is.
static void test_after_a_misfire(void **state)
{
    struct fixture f;
    struct answer a = {0};
    struct sched_stats stats;

    (void)state;
    fixture_open(&f);
    struct sched *s = life_begin(&f);
    struct job *job = fixture_job(&f, "x", AFTER_60);

    job_edit(job)->misfire_grace_us = 10 * S;
    sched_put(s, job, STORE_CREATE, answered, &a);
    fixture_settle(&f);
    memory_store_crash(f.store);
    sched_free(s);
    sim_clock_advance(&f.clock, 100 * S);
    f.store = memory_store_open(f.loop, f.data);
    s = life_begin(&f);
    fixture_settle(&f);
    sched_stats(s, &stats);
    assert_int_equal(stats.skipped, 1);
    assert_int_equal(f.started, 0);
    assert_int_equal(next_of(s, "x").us, T0 + 160 * S);
    s = life_again(&f, s);
    assert_int_equal(next_of(s, "x").us, T0 + 160 * S);
    life_over(&f, s);
}

static void test_startup(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f);
    struct sched *s = life_begin(&f);

    (void)put(&f, s, "x", STARTUP_5, STORE_CREATE);
    (void)put(&f, s, "now", "{\"type\":\"startup\"}", STORE_CREATE);
    assert_int_equal(next_of(s, "x").us, WALL_NEVER.us); // not before the next start
    fixture_pass(&f, 10 * S);
    s = life_again(&f, s);
    assert_int_equal(next_of(s, "x").us, T0 + 15 * S);
    fixture_settle(&f);
    assert_int_equal(f.started, 1);
    // Another start in the same microsecond: each has its row.
    s = life_again(&f, s);
    fixture_pass(&f, 1 * S);
    assert_int_equal(f.started, 2);
    assert_int_equal(f.runs[0].request.scheduled_at.us, T0 + 10 * S);
    assert_int_equal(f.runs[1].request.scheduled_at.us, T0 + 10 * S + 1);
    assert_int_equal(next_of(s, "now").us, WALL_NEVER.us);
    assert_int_equal(next_of(s, "x").us, T0 + 15 * S); // of this start: the one before did not last
    fixture_pass(&f, 4 * S);
    assert_int_equal(f.started, 3);
    fixture_pass(&f, 1000 * S);
    assert_int_equal(f.started, 3);
    assert_int_equal(sched_count(s), 2);
    life_over(&f, s);
}

static void test_startup_after_an_edit_and_a_pause(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f);
    struct sched *s = life_begin(&f);

    (void)put(&f, s, "x", "{\"type\":\"startup\",\"delay\":\"1m\"}", STORE_CREATE);
    s = life_again(&f, s);
    fixture_pass(&f, 10 * S);
    pause_set(&f, s, "x", true);
    fixture_pass(&f, 10 * S);
    pause_set(&f, s, "x", false);
    assert_int_equal(next_of(s, "x").us, T0 + 60 * S);
    (void)put(&f, s, "x", STARTUP_5, STORE_ANY); // has passed
    assert_int_equal(next_of(s, "x").us, WALL_NEVER.us);
    (void)put(&f, s, "x", "{\"type\":\"startup\",\"delay\":\"30s\"}", STORE_ANY);
    assert_int_equal(next_of(s, "x").us, T0 + 30 * S);
    pause_set(&f, s, "x", true);
    fixture_pass(&f, 20 * S);
    pause_set(&f, s, "x", false);
    assert_int_equal(next_of(s, "x").us, WALL_NEVER.us);
    // A job that takes the trigger while the scheduler runs waits for the next start.
    (void)put(&f, s, "x", EVERY_10, STORE_ANY);
    (void)put(&f, s, "x", "{\"type\":\"startup\",\"delay\":\"1h\"}", STORE_ANY);
    assert_int_equal(next_of(s, "x").us, WALL_NEVER.us);
    (void)put(&f, s, "x", STARTUP_5, STORE_ANY);
    s = life_again(&f, s);
    assert_int_equal(next_of(s, "x").us, T0 + 45 * S);
    // While the store fails it waits, and runs when it works again.
    memory_store_fail(f.store, 3);
    fixture_pass(&f, 7 * S);
    assert_int_equal(f.started, 0);
    fixture_pass(&f, 3 * S);
    assert_int_equal(f.started, 1);
    assert_int_equal(f.runs[0].request.scheduled_at.us, T0 + 45 * S);
    life_over(&f, s);
}

static void test_manual(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f);
    struct sched *s = life_begin(&f);

    (void)put(&f, s, "x", "{\"type\":\"manual\"}", STORE_CREATE);
    fixture_pass(&f, 100000 * S);
    s = life_again(&f, s);
    fixture_pass(&f, 100000 * S);
    assert_int_equal(next_of(s, "x").us, WALL_NEVER.us);
    assert_int_equal(f.started, 0);
    run_by_hand(&f, s, "x");
    assert_int_equal(f.started, 1);
    fixture_end(&f, 0, RUN_SUCCEEDED);
    assert_int_equal(next_of(s, "x").us, WALL_NEVER.us);
    assert_int_equal(sched_count(s), 1);
    life_over(&f, s);
}

// What was to come is as far away as before, in which direction ever the clock is set.
static void test_delays_when_the_clock_is_set(void **state)
{
    static const int64_t steps[] = {7200 * S, -7200 * S};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct fixture f;

        fixture_open(&f);
        struct sched *s = life_begin(&f);

        (void)put(&f, s, "x", AFTER_60, STORE_CREATE);
        fixture_pass(&f, 20 * S);
        sim_clock_step(&f.clock, steps[i]);
        fixture_pass(&f, 39 * S);
        assert_int_equal(f.started, 0);
        fixture_pass(&f, 1 * S);
        assert_int_equal(f.started, 1);
        sim_clock_step(&f.clock, steps[i]);
        fixture_pass(&f, 10 * S);
        fixture_end(&f, 0, RUN_SUCCEEDED);
        fixture_pass(&f, 59 * S);
        assert_int_equal(f.started, 1);
        fixture_pass(&f, 1 * S);
        assert_int_equal(f.started, 2);
        fixture_end(&f, 1, RUN_SUCCEEDED);
        sim_clock_step(&f.clock, -7200 * S); // its end lies in the future after the restart
        s = life_again(&f, s);
        fixture_pass(&f, 59 * S);
        assert_int_equal(f.started, 2);
        fixture_pass(&f, 1 * S);
        assert_int_equal(f.started, 3);
        life_over(&f, s);
    }
}

// Only the job of a single date goes when it is over. Others stay until somebody removes or changes
// them.
static void test_schedules_that_end(void **state)
{
    static const char *const specs[] = {
        "{\"type\":\"cron\",\"second\":\"*/10\",\"end_date\":\"2026-01-01T00:00:25Z\"}",
        "{\"type\":\"interval\",\"seconds\":10,\"end_date\":\"2026-01-01T00:00:25Z\"}",
        "{\"type\":\"interval\",\"seconds\":10,\"max_runs\":2}",
        "{\"type\":\"cron\",\"second\":\"*/10\",\"max_runs\":2}",
        "{\"type\":\"date\",\"run_dates\":[\"2026-01-01T00:00:10Z\",\"2026-01-01T00:00:20Z\"]}",
        "{\"type\":\"rrule\",\"expr\":\"DTSTART:20260101T000010Z\\nRRULE:FREQ=SECONDLY;INTERVAL=10;"
        "COUNT=2\"}",
        "{\"type\":\"iso8601\",\"expr\":\"R2/2026-01-01T00:00:10Z/PT10S\"}",
        "{\"type\":\"or\",\"triggers\":[{\"type\":\"date\",\"run_date\":\"2026-01-01T00:00:10Z\"},{"
        "\"type\":\"date\",\"run_date\":\"2026-01-01T00:00:20Z\"}]}",
    };
    struct fixture f;

    (void)state;
    for (size_t i = 0; i < COUNT(specs); i++) {
        fixture_open(&f);
        sim_clock_advance(&f.clock, 1 * S);
        struct sched *s = life_begin(&f);

        (void)put(&f, s, "x", specs[i], STORE_CREATE);
        for (size_t run = 0; run < 2; run++) {
            fixture_pass(&f, 10 * S);
            assert_int_equal(f.started, run + 1);
            fixture_end(&f, run, RUN_SUCCEEDED);
        }
        fixture_pass(&f, 100 * S);
        assert_int_equal(f.started, 2);
        assert_int_equal(next_of(s, "x").us, WALL_NEVER.us);
        s = life_again(&f, s);
        fixture_pass(&f, 10 * S);
        assert_int_equal(sched_count(s), 1);
        assert_int_equal(next_of(s, "x").us, WALL_NEVER.us);
        (void)put(&f, s, "x", EVERY_10, 1); // is brought to life again
        assert_true(next_of(s, "x").us != WALL_NEVER.us);
        life_over(&f, s);
    }
}

static void zone_write(const char *dir, const char *from)
{
    char bytes[8192], path[64], fresh[64];
    FILE *in = fopen(from, "rb"), *out;
    size_t n;

    snprintf(path, sizeof path, "%s/Here", dir);
    snprintf(fresh, sizeof fresh, "%s/fresh", dir);
    out = fopen(fresh, "wb");
    assert_non_null(in);
    assert_non_null(out);
    n = fread(bytes, 1, sizeof bytes, in);
    assert_int_equal(fwrite(bytes, 1, n, out), n);
    fclose(in);
    fclose(out);
    assert_int_equal(rename(fresh, path), 0);
}

// A zone's file changes: within a minute, or when asked, what is to come is planned anew.
static void test_zone_data(void **state)
{
    char dir[] = "/tmp/belfry-sched-test-XXXXXX", path[64];
    struct fixture f;

    (void)state;
    assert_non_null(mkdtemp(dir));
    zone_write(dir, "test/data/zoneinfo/Asia/Kolkata"); // 5:30 before UTC
    fixture_open(&f);
    zones_free(f.zones);
    f.zones = zones_new(dir);
    struct sched *s = life_begin(&f);

    (void)put(&f, s, "noon", "{\"expr\":\"0 12 * * *\",\"timezone\":\"Here\"}", STORE_CREATE);
    (void)put(&f, s, "utc", "{\"expr\":\"0 12 * * *\"}", STORE_CREATE);
    (void)put(&f, s, "after", "{\"type\":\"after\",\"delay\":\"1h\",\"timezone\":\"Here\"}",
              STORE_CREATE);
    (void)put(&f, s, "once",
              "{\"type\":\"date\",\"run_date\":\"2026-01-01 12:00\",\"timezone\":\"Here\"}",
              STORE_CREATE);
    assert_int_equal(next_of(s, "noon").us, T0 + (12 * 3600 - 19800) * S);
    fixture_pass(&f, 59 * S);
    zone_write(dir, "test/data/zoneinfo/Europe/Berlin"); // 1:00
    fixture_pass(&f, 2 * S);
    assert_int_equal(next_of(s, "noon").us, T0 + 11 * 3600 * S);
    assert_int_equal(next_of(s, "utc").us, T0 + 12 * 3600 * S);
    assert_int_equal(next_of(s, "after").us, T0 + 3600 * S);
    assert_int_equal(next_of(s, "once").us, T0 + (12 * 3600 - 19800) * S); // a moment stays one
    zone_write(dir, "test/data/zoneinfo/Asia/Kolkata");
    sched_zones_look(s);
    assert_int_equal(next_of(s, "noon").us, T0 + (12 * 3600 - 19800) * S);
    // A broken file leaves in force what was.
    zone_write(dir, "/dev/null");
    fixture_pass(&f, 120 * S);
    assert_int_equal(next_of(s, "noon").us, T0 + (12 * 3600 - 19800) * S);
    fixture_pass(&f, 7 * 3600 * S);
    assert_true(f.started >= 3);
    snprintf(path, sizeof path, "%s/Here", dir);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0);
    life_over(&f, s);
}

// By number of the job and the run: what waits ends at once, what runs is told to.
static void test_cancel(void **state)
{
    struct fixture f;
    struct said said = {0};

    (void)state;
    fixture_open(&f);
    struct sched *s = life_begin(&f);

    (void)put(&f, s, "x", EVERY_10, STORE_CREATE);
    sched_run_now(s, STR_LIT("x"), fixture_by_hand(false), run_said, &said);
    fixture_settle(&f);
    int64_t job_id = sched_find(s, STR_LIT("x"))->id, run_id = f.runs[0].request.run_id;

    assert_false(sched_cancel(s, job_id, run_id + 1));
    assert_true(sched_cancel(s, job_id, run_id));
    assert_int_equal(f.cancelled_id, run_id);
    life_over(&f, s);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writes),
        cmocka_unit_test(test_pools),
        cmocka_unit_test(test_list_and_stats),
        cmocka_unit_test(test_load),
        cmocka_unit_test(test_pause_makes_up_for_nothing),
        cmocka_unit_test(test_changes_that_cross),
        cmocka_unit_test(test_run_now_and_stop),
        cmocka_unit_test(test_restart),
        cmocka_unit_test(test_edit_meets_the_end_of_the_last_run),
        cmocka_unit_test(test_failing_claim_meets_a_pause),
        cmocka_unit_test(test_store_heals_unasked),
        cmocka_unit_test(test_stop_with_a_store_that_refuses),
        cmocka_unit_test(test_run_by_hand_is_no_slot),
        cmocka_unit_test(test_restart_in_the_past),
        cmocka_unit_test(test_after),
        cmocka_unit_test(test_after_a_run_by_hand),
        cmocka_unit_test(test_after_an_edit_and_a_pause),
        cmocka_unit_test(test_failing_claim_meets_another_delay),
        cmocka_unit_test(test_after_a_misfire),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_startup),
        cmocka_unit_test(test_startup_after_an_edit_and_a_pause),
        cmocka_unit_test(test_manual),
        cmocka_unit_test(test_delays_when_the_clock_is_set),
        cmocka_unit_test(test_schedules_that_end),
        cmocka_unit_test(test_zone_data),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
