// sched_look_test.c - what is told of the jobs: the order of the list, what is next, the sums.
// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#include "sched/tagged.h"

static void put_done(const struct err *err, const struct job *job, void *ctx)
{
    (void)ctx;
    assert_null(err);
    assert_non_null(job);
}

static void test_list_and_sums(void **state)
{
    struct fixture f;
    struct sched_stats stats;
    struct err e;

    (void)state;
    fixture_open(&f);
    struct sched_options options = {.loop = f.loop,
                                    .store = f.store,
                                    .exec = &f.exec,
                                    .zones = f.zones,
                                    .timezone = STR_LIT("UTC")};
    struct sched *s = sched_new(&options);

    assert_true(sched_start(s, &e));
    sched_put(s, fixture_job(&f, "late", "{\"type\":\"interval\",\"seconds\":50}"), STORE_CREATE,
              put_done, NULL);
    struct job *soon = fixture_job(&f, "soon", EVERY_10);

    job_spec_set_text(&job_edit(soon)->tags, STR_LIT("etl"));
    sched_put(s, soon, STORE_CREATE, put_done, NULL);
    fixture_settle(&f);
    assert_int_equal(sched_count(s), 2);
    assert_int_equal(tagged_count(sched_tagged(s), STR_LIT("etl")), 1);
    assert_ptr_equal(sched_presets(s), &job_presets_built_in);
    struct sched_item *list = sched_list(s);

    assert_true(str_eq(list[0].job->name, STR_LIT("soon")));
    assert_true(str_eq(list[1].job->name, STR_LIT("late")));
    assert_int_equal(list[0].next_at.us, sched_next_at(s, list[0].job).us);
    free(list);
    assert_true(sched_check(s, sched_find(s, STR_LIT("soon")), &e));
    fixture_pass(&f, 11 * S);
    sched_stats(s, &stats);
    assert_int_equal(stats.running, 1);
    assert_int_equal(stats.claimed, 1);
    assert_int_equal(sched_running(s, sched_find(s, STR_LIT("soon"))), 1);
    assert_int_equal(sched_running(s, sched_find(s, STR_LIT("late"))), 0);
    fixture_end(&f, 0, RUN_SUCCEEDED);
    sched_free(s);
    store_close(f.store);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_list_and_sums)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
