// room_test.c - the limit of all, pools and rates: who passes, who waits, who is next.
// SPDX-License-Identifier: Apache-2.0
#include "sched/room.h"

#include "fixture.h"

#include "base/rand.h"

#define PLACES 200

struct hall {
    struct room room;
    struct job *job;
    mono now;
    struct place places[PLACES];
};

static void hall_open(struct hall *h)
{
    *h = (struct hall){.job = job_new(STR_LIT("x")), .now = {1000 * S}};
    h->job->id = 1;
    room_init(&h->room);
}

static void hall_close(struct hall *h)
{
    for (size_t i = 0; i < PLACES; i++)
        room_leave(&h->room, &h->places[i]);
    room_done(&h->room);
    job_free(h->job);
}

static void needs(struct hall *h, const char *pools, const char *rate)
{
    struct throttle throttle = {0};
    json_t *object = pools ? json_loads(pools, 0, NULL) : NULL;
    struct err e;

    assert_true(!rate || throttle_parse(str_of(rate), "rate", &throttle, &e));
    needs_free(h->job->spec->needs);
    job_edit(h->job)->needs = needs_new(object, &throttle);
    json_decref(object);
}

static void pool(struct hall *h, const char *name, int64_t slots, const char *rate)
{
    struct throttle throttle = {0};
    struct err e;

    assert_true(!rate || throttle_parse(str_of(rate), "rate", &throttle, &e));
    room_pool_put(&h->room, str_of(name), slots, &throttle);
}

// Takes, or waits with that order. Returns why it waits.
static enum run_reason come(struct hall *h, size_t i, int64_t order)
{
    enum run_reason reason = REASON_NONE;

    if (!room_take(&h->room, h->job, order, false, h->now, &h->places[i], &reason))
        room_wait(&h->room, h->job, order, h->now, &h->places[i]);
    return reason;
}

// The number of the next that is called, which then takes; -1: nobody.
static int next(struct hall *h)
{
    struct place *place = room_next(&h->room, h->now);
    enum run_reason reason;

    if (!place)
        return -1;
    assert_null(place->line);
    assert_true(room_take(&h->room, h->job, 0, true, h->now, place, &reason));
    return (int)(place - h->places);
}

static void test_no_limit(void **state)
{
    struct hall h;

    (void)state;
    hall_open(&h);
    assert_false(room_counts(&h.room, h.job));
    assert_int_equal(come(&h, 0, 1), REASON_NONE);
    assert_null(h.places[0].line);
    room_force(&h.room, h.job, h.now, &h.places[1]);
    assert_null(h.places[1].line);
    assert_int_equal(next(&h), -1);
    room_leave(&h.room, &h.places[0]); // has nothing
    hall_close(&h);
}

static void test_limit(void **state)
{
    struct hall h;

    (void)state;
    hall_open(&h);
    room_limit(&h.room, 2);
    assert_true(room_counts(&h.room, h.job));
    assert_int_equal(come(&h, 0, 1), REASON_NONE);
    assert_int_equal(come(&h, 1, 1), REASON_NONE);
    assert_int_equal(come(&h, 2, 30), REASON_LIMIT);
    assert_int_equal(come(&h, 3, 20), REASON_LIMIT);
    assert_int_equal(come(&h, 4, 20), REASON_LIMIT);
    assert_int_equal(h.room.all.used, 2);
    assert_int_equal(h.room.all.waiting, 3);
    assert_ptr_equal(room_gate(&h.places[2]), &h.room.all);
    assert_int_equal(room_reason(&h.room, &h.places[2]), REASON_LIMIT);
    assert_true(room_holds(&h.places[0], &h.room.all));
    assert_false(room_holds(&h.places[2], &h.room.all));
    assert_null(room_gate(&h.places[0]));
    assert_int_equal(room_reason(&h.room, &h.places[0]), REASON_NONE);
    assert_int_equal(next(&h), -1);
    room_leave(&h.room, &h.places[0]);
    assert_true(room_has_news(&h.room));
    assert_int_equal(next(&h), 3); // by order, then as they came
    assert_int_equal(next(&h), -1);
    assert_false(room_has_news(&h.room));
    room_limit(&h.room, 3);
    assert_int_equal(next(&h), 4);
    assert_int_equal(next(&h), -1);
    // Lowered, nobody is thrown out.
    room_limit(&h.room, 1);
    room_leave(&h.room, &h.places[1]);
    room_leave(&h.room, &h.places[3]);
    assert_int_equal(next(&h), -1);
    room_leave(&h.room, &h.places[4]);
    assert_int_equal(next(&h), 2);
    room_force(&h.room, h.job, h.now, &h.places[5]);
    assert_int_equal(h.room.all.used, 2);
    hall_close(&h);
}

static void test_order(void **state)
{
    struct job *job = job_new(STR_LIT("x"));
    int64_t none = room_order(job, (wall){T0});

    (void)state;
    assert_true(room_order(job, (wall){T0 + 1}) > none);
    job_edit(job)->priority = 1;
    assert_true(room_order(job, (wall){T0 + 1000000 * S}) < none);
    job_edit(job)->priority = -1;
    assert_true(room_order(job, (wall){1}) > none);
    job_edit(job)->priority = JOB_PRIORITY_MAX;
    none = room_order(job, (wall){INT64_MAX});
    job_edit(job)->priority = JOB_PRIORITY_MAX - 1;
    assert_true(none < room_order(job, (wall){INT64_MIN}));
    job_edit(job)->priority = JOB_PRIORITY_MIN;
    assert_true(room_order(job, WALL_NEVER) > 0);
    job_free(job);
}

// Whoever comes while somebody waits who goes before waits as well, though there were room for it.
static void test_nobody_is_passed_by(void **state)
{
    struct hall h;

    (void)state;
    hall_open(&h);
    pool(&h, "db", 3, NULL);
    needs(&h, "{\"db\":2}", NULL);
    assert_int_equal(come(&h, 0, 10), REASON_NONE);
    assert_int_equal(come(&h, 1, 20), REASON_POOL);
    needs(&h, "{\"db\":1}", NULL);
    assert_int_equal(come(&h, 2, 30), REASON_POOL); // behind
    assert_int_equal(come(&h, 3, 15), REASON_NONE); // before
    assert_int_equal(room_pool(&h.room, STR_LIT("db"))->used, 3);
    assert_int_equal(room_pool(&h.room, STR_LIT("db"))->waiting, 2);
    room_leave(&h.room, &h.places[3]);
    assert_int_equal(next(&h), -1); // one place: the first needs two
    // The first gives up: the one behind it can go.
    room_leave(&h.room, &h.places[1]);
    assert_int_equal(next(&h), 2);
    hall_close(&h);
}

// A run that needs more than the pool has takes all of it.
static void test_more_than_there_is(void **state)
{
    struct hall h;

    (void)state;
    hall_open(&h);
    pool(&h, "db", 2, NULL);
    needs(&h, "{\"db\":5}", NULL);
    assert_int_equal(come(&h, 0, 1), REASON_NONE);
    needs(&h, "{\"db\":1}", NULL);
    assert_int_equal(come(&h, 1, 2), REASON_POOL);
    room_leave(&h.room, &h.places[0]);
    assert_int_equal(next(&h), 1);
    needs(&h, "{\"db\":5}", NULL);
    assert_int_equal(come(&h, 2, 3), REASON_POOL);
    hall_close(&h);
}

// All or nothing: two pools that two kinds of runs name in two orders; nobody waits for ever.
static void test_two_pools(void **state)
{
    struct hall h;

    (void)state;
    hall_open(&h);
    pool(&h, "a", 1, NULL);
    pool(&h, "b", 1, NULL);
    needs(&h, "{\"a\":1}", NULL);
    assert_int_equal(come(&h, 0, 1), REASON_NONE);
    needs(&h, "{\"a\":1,\"b\":1}", NULL);
    assert_int_equal(come(&h, 1, 2), REASON_POOL);
    assert_int_equal(room_pool(&h.room, STR_LIT("b"))->used, 0); // takes nothing while it waits
    needs(&h, "{\"b\":1}", NULL);
    assert_int_equal(come(&h, 2, 3), REASON_NONE);
    room_leave(&h.room, &h.places[0]);
    assert_int_equal(next(&h), -1);
    assert_ptr_equal(room_gate(&h.places[1]), room_pool(&h.room, STR_LIT("b"))); // goes over
    room_leave(&h.room, &h.places[2]);
    needs(&h, "{\"a\":1,\"b\":1}", NULL);
    assert_int_equal(next(&h), 1);
    assert_int_equal(room_pool(&h.room, STR_LIT("a"))->used, 1);
    assert_int_equal(room_pool(&h.room, STR_LIT("b"))->used, 1);
    hall_close(&h);
}

// A place of a pool and one of all are given back together: who waits for the latter alone and goes
// before gets it.
static void test_order_across_gates(void **state)
{
    struct hall h;

    (void)state;
    hall_open(&h);
    room_limit(&h.room, 1);
    pool(&h, "a", 1, NULL);
    needs(&h, "{\"a\":1}", NULL);
    assert_int_equal(come(&h, 0, 1), REASON_NONE);
    assert_int_equal(come(&h, 1, 3), REASON_POOL);
    needs(&h, NULL, NULL);
    assert_int_equal(come(&h, 2, 2), REASON_LIMIT);
    assert_int_equal(next(&h), -1); // all is told
    room_leave(&h.room, &h.places[0]);
    assert_int_equal(next(&h), 2);
    assert_int_equal(next(&h), -1);
    room_leave(&h.room, &h.places[2]);
    needs(&h, "{\"a\":1}", NULL);
    assert_int_equal(next(&h), 1);
    hall_close(&h);
}

static void test_pool_that_is_not_there(void **state)
{
    struct hall h;

    (void)state;
    hall_open(&h);
    needs(&h, "{\"db\":1}", NULL);
    assert_null(room_pool(&h.room, STR_LIT("db")));
    assert_int_equal(come(&h, 0, 1), REASON_POOL);
    assert_false(room_pool(&h.room, STR_LIT("db"))->is_known);
    pool(&h, "db", 0, NULL); // closed
    assert_int_equal(next(&h), -1);
    pool(&h, "db", 1, NULL);
    assert_int_equal(next(&h), 0);
    room_pool_remove(&h.room, STR_LIT("db"));
    assert_non_null(room_pool(&h.room, STR_LIT("db"))); // somebody has a place
    room_leave(&h.room, &h.places[0]);
    assert_null(room_pool(&h.room, STR_LIT("db")));
    room_pool_remove(&h.room, STR_LIT("db"));
    hall_close(&h);
}

static void test_rate(void **state)
{
    struct hall h;

    (void)state;
    hall_open(&h);
    needs(&h, NULL, "10/m burst 2");
    assert_int_equal(come(&h, 0, 1), REASON_NONE);
    assert_int_equal(come(&h, 1, 1), REASON_NONE);
    assert_int_equal(come(&h, 2, 5), REASON_RATE);
    assert_int_equal(come(&h, 3, 4), REASON_RATE);
    assert_int_equal(room_rings_us(&h.room), INT64_MAX);
    assert_int_equal(next(&h), -1); // sets when
    assert_int_equal(room_rings_us(&h.room), 1006 * S);
    room_tick(&h.room, (mono){1006 * S - 1});
    assert_false(room_has_news(&h.room));
    h.now.us = 1006 * S;
    room_tick(&h.room, h.now);
    assert_int_equal(next(&h), 3);
    assert_int_equal(next(&h), -1);
    assert_int_equal(room_rings_us(&h.room), 1012 * S);
    assert_int_equal(room_reason(&h.room, &h.places[2]), REASON_RATE);
    room_leave(&h.room, &h.places[2]);
    assert_int_equal(next(&h), -1);
    assert_int_equal(room_rings_us(&h.room), INT64_MAX); // nobody waits for it
    // After a rest it has its burst again, and no more than that.
    h.now.us = 9999 * S;
    assert_int_equal(come(&h, 4, 1), REASON_NONE);
    assert_int_equal(come(&h, 5, 1), REASON_NONE);
    assert_int_equal(come(&h, 6, 1), REASON_RATE);
    room_forget(&h.room, 1);
    hall_close(&h);
}

// In any stretch of the period at most count + burst - 1 pass, however they come.
static void test_rate_is_kept(void **state)
{
    static const char *const rates[] = {"10/m", "10/m burst 4", "7/30s", "60/m burst 60"};
    static const struct throttle want[] = {
        {10, 60 * S, 1}, {10, 60 * S, 4}, {7, 30 * S, 1}, {60, 60 * S, 60}};

    (void)state;
    for (size_t r = 0; r < COUNT(rates); r++) {
        struct hall h;
        int64_t starts[2000];
        size_t count = 0;
        struct rand_seq dice;

        hall_open(&h);
        rand_seq_init(&dice, r);
        needs(&h, NULL, rates[r]);
        for (int i = 0; i < 2000; i++) {
            h.now.us += (int64_t)rand_below(&dice, (uint64_t)(i % 100 ? S : 90 * S));
            if (come(&h, 0, 1) == REASON_NONE)
                starts[count++] = h.now.us;
            room_leave(&h.room, &h.places[0]);
        }
        size_t most = (size_t)(want[r].count + want[r].burst - 1);

        assert_true(count > most);
        for (size_t i = 0; i + most < count; i++)
            assert_true(starts[i + most] - starts[i] >= want[r].per_us - want[r].count);
        hall_close(&h);
    }
}

static void test_rate_over_a_restart(void **state)
{
    struct hall h;

    (void)state;
    hall_open(&h);
    needs(&h, NULL, "1/h");
    assert_int_equal(gate_debt_us(&h.room.all, h.now), 0);
    assert_int_equal(come(&h, 0, 1), REASON_NONE);
    assert_int_equal(gate_debt_us(room_rate(&h.room, h.job), h.now), 3600 * S);
    needs(&h, NULL, "1/m"); // another rate begins anew
    assert_int_equal(gate_debt_us(room_rate(&h.room, h.job), h.now), 0);
    gate_set_debt(room_rate(&h.room, h.job), 30 * S, h.now);
    assert_int_equal(come(&h, 1, 1), REASON_RATE);
    assert_int_equal(next(&h), -1);
    assert_int_equal(room_rings_us(&h.room), h.now.us + 30 * S);
    hall_close(&h);
}

// A pool with both: its slots are free and its rate is not, and the other way round.
static void test_pool_with_rate(void **state)
{
    struct hall h;

    (void)state;
    hall_open(&h);
    pool(&h, "api", 1, "1/m");
    needs(&h, "{\"api\":1}", NULL);
    assert_int_equal(come(&h, 0, 1), REASON_NONE);
    assert_int_equal(come(&h, 1, 1), REASON_POOL);
    room_leave(&h.room, &h.places[0]);
    assert_int_equal(next(&h), -1);
    assert_int_equal(room_reason(&h.room, &h.places[1]), REASON_RATE);
    h.now.us += 60 * S;
    room_tick(&h.room, h.now);
    assert_int_equal(next(&h), 1);
    hall_close(&h);
}

// Of those that can never be told apart by their needs the first in order goes first, though each
// job with a rate has a line of its own.
static void test_lines_by_order(void **state)
{
    struct hall h;
    int64_t last = 0;

    (void)state;
    hall_open(&h);
    pool(&h, "db", 1, NULL);
    needs(&h, "{\"db\":1}", NULL);
    assert_int_equal(come(&h, 0, 0), REASON_NONE);
    for (size_t i = 1; i < 100; i++) {
        h.job->id = (int64_t)i;
        needs(&h, "{\"db\":1}", i % 3 ? "100/s burst 100" : NULL);
        assert_int_equal(come(&h, i, (int64_t)((i * 37) % 100)), REASON_POOL);
    }
    needs(&h, "{\"db\":1}", NULL);
    room_leave(&h.room, &h.places[0]);
    for (size_t n = 1; n < 100; n++) {
        int i = next(&h);

        assert_true(i > 0);
        assert_true((i * 37) % 100 > last);
        last = (i * 37) % 100;
        assert_int_equal(next(&h), -1);
        room_leave(&h.room, &h.places[i]);
    }
    hall_close(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_limit),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_nobody_is_passed_by),
        cmocka_unit_test(test_more_than_there_is),
        cmocka_unit_test(test_two_pools),
        cmocka_unit_test(test_order_across_gates),
        cmocka_unit_test(test_pool_that_is_not_there),
        cmocka_unit_test(test_rate),
        cmocka_unit_test(test_rate_is_kept),
        cmocka_unit_test(test_rate_over_a_restart),
        cmocka_unit_test(test_pool_with_rate),
        cmocka_unit_test(test_lines_by_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
