// hold_test.c - what holds a job, in which order; what is told as its next moment; what a new
// definition keeps.
// SPDX-License-Identifier: Apache-2.0
#include "sched/hold.h"

#include "fixture.h"

static wall at_s(int64_t s)
{
    return (wall){T0 + s * S};
}

static struct pause *pause_made(enum pause_scope scope, int64_t since_s, int64_t until_s)
{
    return pause_new(scope, (struct str){0}, STR_LIT("x"), STR_LIT("api"), at_s(since_s),
                     until_s ? at_s(until_s) : WALL_NEVER);
}

static void freeze_add(struct freezes *all, struct zones *zones, const char *text)
{
    json_t *definition = json_loads(text, 0, NULL);
    struct freeze *freeze;
    struct err e;

    assert_true(freeze_read(definition, STR_LIT("f"), zones, &freeze, &e));
    freezes_put(all, freeze);
    json_decref(definition);
}

// A freeze from 100 to 200, a pause from 150 to 170, slots that are not wanted from 160 to 180.
static void test_order(void **state)
{
    static const struct {
        int64_t at_s;
        enum run_reason reason;
        int64_t until_s; // < 0: at least
    } rows[] = {
        {0, REASON_NONE, 100},     {99, REASON_NONE, 100},    {100, REASON_FREEZE, 150},
        {150, REASON_PAUSED, 170}, {165, REASON_PAUSED, 170}, {170, REASON_ASKED, 180},
        {180, REASON_FREEZE, 200}, {200, REASON_NONE, -300},
    };
    struct fixture f;
    struct freezes freezes = {0};
    struct holds holds = {.freezes = &freezes}, none = {0};
    struct hold hold;

    (void)state;
    fixture_open(&f);
    freezes.zone = zones_utc(f.zones);
    freeze_add(&freezes, f.zones,
               "{\"from\":\"2026-01-01T00:01:40Z\",\"to\":\"2026-01-01T00:03:20Z\","
               "\"reason\":\"y\"}");
    struct job *job = fixture_job(&f, "a", EVERY_10);

    hold_at(&none, job, at_s(120), at_s(300), &hold);
    assert_int_equal(hold.reason, REASON_NONE);
    job->pause = pause_made(PAUSE_JOB, 150, 170);
    job->skip = pause_made(PAUSE_SLOTS, 160, 180);
    for (size_t i = 0; i < COUNT(rows); i++) {
        hold_at(&holds, job, at_s(rows[i].at_s), at_s(300), &hold);
        if (hold.reason != rows[i].reason)
            fail_msg("%d: %s", (int)rows[i].at_s, run_reason_name(hold.reason));
        assert_int_equal(hold.message != NULL, hold.reason != REASON_NONE);
        if (rows[i].until_s < 0)
            assert_true(hold.until.us >= at_s(-rows[i].until_s).us);
        else
            assert_int_equal(hold.until.us, at_s(rows[i].until_s).us);
    }
    job_free(job);
    freezes_done(&freezes);
    memory_store_crash(f.store);
    fixture_close(&f);
}

static void test_next(void **state)
{
    static const struct {
        const char *spec;
        int64_t slot_s;                 // 0: none
        int64_t pause_until_s;          // 0: not paused; -1: until it is lifted
        int64_t skip_from_s, skip_to_s; // 0: none
        int64_t next_s;                 // 0: none
    } rows[] = {
        {EVERY_10, 10, 0, 0, 0, 10},
        {EVERY_10, 10, -1, 0, 0, 0},
        {EVERY_10, 10, 30, 0, 0, 30},
        {EVERY_10, 40, 30, 0, 0, 40},
        {EVERY_10, 0, 30, 0, 0, 0},
        {EVERY_10, 10, 0, 10, 30, 40},
        {EVERY_10, 10, 0, 20, 30, 10},
        {ONCE_AT_30, 30, 60, 0, 0, 60},
        {ONCE_AT_30, 30, 20, 0, 0, 30},
        {ONCE_AT_30, 30, 0, 30, 30, 0},
        {"{\"type\":\"after\",\"delay\":\"1m\"}", 60, 90, 0, 0, 0},
    };
    struct fixture f;

    (void)state;
    fixture_open(&f);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct job *job = fixture_job(&f, "a", rows[i].spec);
        struct pause *paused = NULL;
        wall next;

        if (rows[i].pause_until_s)
            paused =
                pause_made(PAUSE_JOB, -5, rows[i].pause_until_s < 0 ? 0 : rows[i].pause_until_s);
        if (rows[i].skip_from_s) {
            job->skip = pause_made(PAUSE_SLOTS, rows[i].skip_from_s, rows[i].skip_to_s);
            job->skip->until.us++;
        }
        next = hold_next(job, rows[i].slot_s ? at_s(rows[i].slot_s) : WALL_NEVER, paused);
        if (next.us != (rows[i].next_s ? at_s(rows[i].next_s).us : WALL_NEVER.us))
            fail_msg("row %zu: %lld", i, (long long)(next.us - T0) / S);
        pause_free(paused);
        job_free(job);
    }
    memory_store_crash(f.store);
    fixture_close(&f);
}

static void test_keep(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f);
    struct job *before = fixture_job(&f, "a", EVERY_10), *job = fixture_job(&f, "a", EVERY_10);

    job->updated_at = at_s(20);
    job->state = JOB_PAUSED; // without a word
    hold_keep(NULL, false, job);
    assert_int_equal(job->pause->since.us, at_s(20).us);
    assert_int_equal(job->pause->until.us, WALL_NEVER.us);
    job->updated_at = at_s(30);
    job->state = JOB_ENABLED;
    hold_keep(NULL, false, job);
    assert_int_equal(job->pause->until.us, at_s(30).us); // and stays known
    job->state = JOB_PAUSED;                             // its pause was over by itself
    hold_keep(NULL, false, job);
    assert_int_equal(job->state, JOB_ENABLED);
    pause_free(job->pause);
    job->pause = NULL;
    // A new definition says nothing of the pause of the old one.
    before->pause = pause_made(PAUSE_JOB, 10, 0);
    before->skip = pause_made(PAUSE_SLOTS, 40, 41);
    hold_keep(before, false, job);
    assert_int_equal(job->pause->since.us, at_s(10).us);
    assert_int_equal(job->pause->until.us, at_s(30).us);
    assert_int_equal(job->skip->since.us, at_s(40).us);
    // Or goes on with it.
    pause_free(job->pause);
    job->pause = NULL;
    job->state = JOB_PAUSED;
    hold_keep(before, true, job);
    assert_int_equal(job->pause->since.us, at_s(10).us);
    assert_int_equal(job->pause->until.us, WALL_NEVER.us);
    assert_null(job->skip); // the schedule is another one
    job_free(before);
    job_free(job);
    memory_store_crash(f.store);
    fixture_close(&f);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order), cmocka_unit_test(test_next), cmocka_unit_test(test_keep)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
