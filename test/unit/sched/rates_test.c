// rates_test.c - what rates remember, kept over a restart.
// SPDX-License-Identifier: Apache-2.0
#include "sched/rates.h"

#include "bench.h"

static const struct throttle hourly = {1, 3600 * S, 1}, often = {1000, S, 1};

static struct entry *rated(struct bench *b, const char *name, const struct throttle *rate)
{
    struct job *job = fixture_job(&b->f, name, "{\"type\":\"manual\"}");

    job_edit(job)->needs = needs_new(NULL, rate);
    return stored_job(b, job);
}

static void keep(const struct store_calendar *row, void *ctx)
{
    if (row->kind == STORE_RATES)
        rates_load(ctx, row);
}

static int64_t debt(struct bench *b, struct room *room, struct entry *entry)
{
    return gate_debt_us(room_rate(room, entry->job), (mono){b->f.clock.mono_us});
}

static enum store_last job_seen(const struct job_row *row, void *ctx)
{
    (void)row;
    (void)ctx;
    return STORE_LAST_NONE;
}

static void run_seen(const struct run *run, void *ctx)
{
    (void)run;
    (void)ctx;
}

// What is in the store, read by another belfry.
static void again(struct bench *b, struct rates *rates, struct room *room)
{
    struct store_load load = {
        .on_calendar = keep, .on_job = job_seen, .on_run = run_seen, .ctx = rates};
    struct err e;

    room_init(room);
    rates_init(rates, b->f.loop, b->f.store, room);
    assert_true(store_load(b->f.store, &load, &e));
}

static void test_kept(void **state)
{
    const struct throttle none = {0};
    struct rates rates;
    struct room room;
    struct bench b;

    (void)state;
    bench_open(&b);
    struct entry *x = rated(&b, "x", &hourly), *y = rated(&b, "y", &often);
    json_t *pools = json_pack("{s:i}", "api", 1);

    room_pool_put(&b.d.room, STR_LIT("api"), ROOM_NO_LIMIT, &hourly);
    job_edit(y->job)->needs = (needs_free(y->job->spec->needs), needs_new(pools, &often));
    assert_int_equal(bench_ask(&b, x, NULL).code, ERR_NONE);
    assert_int_equal(bench_ask(&b, y, NULL).code, ERR_NONE);
    assert_int_equal(b.f.started, 2);
    fixture_pass(&b.f, 600 * S);
    again(&b, &rates, &room);
    room_pool_put(&room, STR_LIT("api"), ROOM_NO_LIMIT, &hourly);
    rates_begin(&rates, &b.due);
    assert_int_equal(debt(&b, &room, x), 3000 * S);
    assert_int_equal(debt(&b, &room, y), 0); // too short to matter
    assert_int_equal(gate_debt_us(room_pool(&room, STR_LIT("api")), (mono){b.f.clock.mono_us}),
                     3000 * S);
    rates_begin(&rates, &b.due); // nothing more to tell
    rates_done(&rates);
    room_done(&room);
    // A pool that is no more, a job that is no more, a job without a rate.
    needs_free(x->job->spec->needs);
    job_edit(x->job)->needs = needs_new(pools, &none);
    dispatch_leave(&b.d, y);
    due_remove(&b.due, y);
    again(&b, &rates, &room);
    rates_begin(&rates, &b.due);
    assert_null(room_pool(&room, STR_LIT("api")));
    assert_int_equal(room.rates.len, 0);
    rates_done(&rates);
    room_done(&room);
    json_decref(pools);
    bench_close(&b);
}

// Set back while belfry did not run, the clock does not make a job wait longer than its rate.
static void test_clock(void **state)
{
    struct rates rates;
    struct room room;
    struct bench b;

    (void)state;
    bench_open(&b);
    struct entry *x = rated(&b, "x", &hourly);

    assert_int_equal(bench_ask(&b, x, NULL).code, ERR_NONE);
    sim_clock_step(&b.f.clock, -86400 * S);
    again(&b, &rates, &room);
    rates_begin(&rates, &b.due);
    assert_int_equal(debt(&b, &room, x), 3600 * S);
    rates_done(&rates);
    room_done(&room);
    sim_clock_step(&b.f.clock, 2 * 86400 * S);
    again(&b, &rates, &room);
    rates_begin(&rates, &b.due);
    assert_int_equal(debt(&b, &room, x), 0);
    rates_done(&rates);
    room_done(&room);
    bench_close(&b);
}

// One write at a time, and none when nothing has started.
static void test_writes(void **state)
{
    struct rates rates;
    struct room room;
    struct bench b;

    (void)state;
    bench_open(&b);
    room_init(&room);
    rates_init(&rates, b.f.loop, b.f.store, &room);
    rates_look(&rates);
    assert_false(rates.is_writing);
    room.passes++;
    memory_store_fail(b.f.store, 1);
    rates_look(&rates);
    assert_true(rates.is_writing);
    room.passes++;
    rates_look(&rates);
    fixture_settle(&b.f);
    assert_false(rates.is_writing); // refused: with the next start it is tried again
    rates_look(&rates);
    assert_true(rates.is_writing);
    fixture_settle(&b.f);
    assert_false(rates.is_writing);
    assert_int_equal(rates.passes, 2);
    // After a large row the next one has time.
    rates.next = mono_after_us(loop_now(b.f.loop), RATES_PERIOD_US);
    room.passes++;
    rates_look(&rates);
    assert_false(rates.is_writing);
    fixture_pass(&b.f, RATES_PERIOD_US + 2000);
    assert_int_equal(rates.passes, 3);
    rates_done(&rates);
    room_done(&room);
    bench_close(&b);
}

// Among several nodes each keeps a row of its own. What has come to us owes the most that any says.
static void test_gain(void **state)
{
    char body[200];
    struct rates rates;
    struct room room;
    struct bench b;

    (void)state;
    bench_open(&b);
    struct entry *x = rated(&b, "x", &hourly);

    room_init(&room);
    rates_init(&rates, b.f.loop, b.f.store, &room);
    rates_name(&rates, STR_LIT("n1"));
    snprintf(body, sizeof body, "{\"pools\":{},\"jobs\":{\"%lld\":%lld}}", (long long)x->job->id,
             (long long)(T0 + 600 * S));
    const struct store_calendar rows[] = {
        {.kind = STORE_RATES, .name = STR_LIT("n2"), .body = str_of(body)},
        {.kind = STORE_RATES, .name = STR_LIT("n3"), .body = STR_LIT("{}")},
        {.kind = STORE_POOL, .name = STR_LIT("n4"), .body = STR_LIT("{}")},
    };

    rates_sync(&rates, rows, 3);
    assert_int_equal(rates.loaded.len, 2);
    x->seat.is_ours = false;
    rates_gain(&rates, &x, 1);
    assert_int_equal(debt(&b, &room, x), 0);
    x->seat.is_ours = true;
    rates_gain(&rates, &x, 1);
    assert_int_equal(debt(&b, &room, x), 600 * S);
    gate_set_debt(room_rate(&room, x->job), 900 * S, (mono){b.f.clock.mono_us});
    rates_gain(&rates, &x, 1);
    assert_int_equal(debt(&b, &room, x), 900 * S);
    room.passes++;
    rates_look(&rates);
    fixture_settle(&b.f);
    rates_done(&rates);
    room_done(&room);
    again(&b, &rates, &room); // our row is there, by our name
    assert_int_equal(rates.loaded.len, 1);
    rates_done(&rates);
    room_done(&room);
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gain),
        cmocka_unit_test(test_kept),
        cmocka_unit_test(test_clock),
        cmocka_unit_test(test_writes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
