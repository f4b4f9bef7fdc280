// past_reader_test.c - what jobs did before a start comes into the tally, and runs since then are
// not forgotten for it.
// SPDX-License-Identifier: Apache-2.0
#include "sched/past_reader.h"

#include "fixture.h"

static struct sched *life_begin(struct fixture *f)
{
    const struct sched_options options = {.loop = f->loop,
                                          .store = f->store,
                                          .exec = &f->exec,
                                          .zones = f->zones,
                                          .timezone = STR_LIT("UTC")};
    struct sched *s = sched_new(&options);
    struct err e;

    assert_true(sched_start(s, &e));
    return s;
}

static void put_fine(const struct err *err, const struct job *job, void *ctx)
{
    (void)job;
    (void)ctx;
    assert_null(err);
}

static void known(void *ctx)
{
    ++*(int *)ctx;
}

static void test_the_past_of_another_life(void **state)
{
    struct past_reader reader;
    const struct tally_job *job;
    struct fixture f;
    int count = 0;

    (void)state;
    fixture_open(&f);
    struct sched *s = life_begin(&f);

    sched_put(s, fixture_job(&f, "a", EVERY_10), STORE_CREATE, put_fine, NULL);
    sched_put(s, fixture_job(&f, "b", EVERY_10), STORE_CREATE, put_fine, NULL);
    fixture_pass(&f, 10 * S);
    fixture_end(&f, 0, RUN_SUCCEEDED);
    fixture_end(&f, 1, RUN_FAILED);
    fixture_pass(&f, 10 * S);
    fixture_end(&f, 2, RUN_FAILED);
    fixture_end(&f, 3, RUN_FAILED);
    store_close(f.store);
    sched_free(s);

    f.store = memory_store_open(f.loop, f.data);
    s = life_begin(&f);
    const struct job *a = sched_find(s, STR_LIT("a")), *b = sched_find(s, STR_LIT("b"));

    assert_null(tally_job(sched_tally(s), a->id));
    past_reader_begin(&reader, s, known, &count);
    fixture_settle(&f);
    assert_int_equal(count, 1);
    job = tally_job(sched_tally(s), a->id);
    assert_true(job->is_past);
    assert_int_equal(job->failures, 1);
    assert_int_equal(job->slot.us, T0 + 20 * S);
    assert_int_equal(job->state, RUN_FAILED);
    assert_true(job->succeeded_at.us > 0);
    assert_int_equal(tally_job(sched_tally(s), b->id)->failures, 2);
    assert_int_equal(tally_job(sched_tally(s), b->id)->succeeded_at.us, 0);
    past_reader_end(&reader);
    store_close(f.store);
    sched_free(s);
    fixture_close(&f);
}

static void test_without_jobs(void **state)
{
    struct past_reader reader;
    struct fixture f;
    int count = 0;

    (void)state;
    fixture_open(&f);
    struct sched *s = life_begin(&f);

    past_reader_begin(&reader, s, known, &count);
    fixture_settle(&f);
    assert_int_equal(count, 1);
    past_reader_end(&reader);
    store_close(f.store);
    sched_free(s);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_past_of_another_life),
        cmocka_unit_test(test_without_jobs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
