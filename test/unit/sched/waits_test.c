// waits_test.c - what runs wait for, in words, and who has it.
// SPDX-License-Identifier: Apache-2.0
#include "sched/waits.h"

#include "bench.h"

static const struct throttle none, hourly = {2, 3600 * S, 1};

static struct entry *needing(struct bench *b, const char *name, const char *pools,
                             const struct throttle *rate)
{
    struct job *job = fixture_job(&b->f, name, "{\"type\":\"manual\"}");
    json_t *value = pools ? json_loads(pools, 0, NULL) : NULL;

    job_edit(job)->needs = needs_new(value, rate);
    job_edit(job)->max_instances = 10;
    json_decref(value);
    return stored_job(b, job);
}

// Asks for a run that is to wait; how that is told.
static void waits_as(struct bench *b, struct entry *entry, enum run_reason reason, const char *want)
{
    const struct waits w = {&b->due, &b->d.room, &b->d.lives, &b->d.queue};
    int64_t run_id = bench_ask(b, entry, NULL).run_id;
    struct buf text;

    buf_init(&text, 1000);
    waits_words(&w, entry->job->id, run_id, &text);
    assert_string_equal(buf_text(&text), want);
    assert_int_equal(waits_reason(&w, entry->job->id, run_id), reason);
    buf_done(&text);
}

static void test_words(void **state)
{
    struct waits_holder holders[2];
    struct bench b;

    (void)state;
    bench_open(&b);
    const struct waits w = {&b.due, &b.d.room, &b.d.lives, &b.d.queue};

    room_pool_put(&b.d.room, STR_LIT("db"), 3, &none);
    room_pool_put(&b.d.room, STR_LIT("shut"), 0, &none);
    room_pool_put(&b.d.room, STR_LIT("slow"), ROOM_NO_LIMIT, &hourly);
    struct entry *a = needing(&b, "a", "{\"db\":1}", &none);
    struct entry *big = needing(&b, "big", "{\"db\":2}", &none);

    waits_as(&b, a, REASON_NONE, "");
    assert_int_equal(waits_holders(&w, room_pool(&b.d.room, STR_LIT("db")), 2, holders), 1);
    assert_int_equal(holders[0].since.us, T0);
    waits_as(&b, a, REASON_NONE, "");
    waits_as(&b, big, REASON_POOL,
             "1 of 3 places of the pool db are free, which is too few for it or for those before "
             "it");
    waits_as(&b, a, REASON_POOL,
             "1 of 3 places of the pool db are free, which is too few for it or for those before "
             "it; 2 runs wait that need it");
    room_pool_put(&b.d.room, STR_LIT("db"), 2, &none);
    fixture_settle(&b.f);
    waits_as(&b, a, REASON_POOL,
             "all 2 places of the pool db are taken, by a and a; 3 runs wait that need it");
    assert_int_equal(waits_holders(&w, room_pool(&b.d.room, STR_LIT("db")), 2, holders), 2);
    assert_true(str_eq(holders[1].job_name, STR_LIT("a")));
    waits_as(&b, needing(&b, "c", "{\"shut\":1}", &none), REASON_POOL,
             "the pool shut is closed: it has no slots");
    waits_as(&b, needing(&b, "d", "{\"gone\":1}", &none), REASON_POOL, "there is no pool gone");
    struct entry *slow = needing(&b, "slow", "{\"slow\":1}", &none);

    waits_as(&b, slow, REASON_NONE, "");
    waits_as(&b, slow, REASON_RATE, "the rate of the pool slow 2/h lets the next one start in 30m");
    struct entry *own = needing(&b, "own", NULL, &hourly);

    waits_as(&b, own, REASON_NONE, "");
    fixture_pass(&b.f, 1799 * S);
    waits_as(&b, own, REASON_RATE, "the rate 2/h lets the next one start in 1s");
    room_limit(&b.d.room, 4);
    waits_as(&b, needing(&b, "plain", NULL, &none), REASON_LIMIT,
             "as many attempts are in progress as may be at once (--max-running 4), by a, a, slow "
             "and 1 more; 8 runs wait that need it");
    assert_int_equal(waits_reason(&w, 99, 1), REASON_NONE);
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_words)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
