// tally_test.c - counts of runs, and what is remembered of each job.
// SPDX-License-Identifier: Apache-2.0
#include "sched/tally.h"

#include "unit.h"

#define S 1000000LL

static void end(struct tally *t, int64_t job_id, enum run_state state, int64_t from, int64_t to)
{
    const struct run_end e = {.run_id = to,
                              .attempt = 1,
                              .state = state,
                              .started_at = {from * S},
                              .finished_at = {to * S},
                              .exit_code = state == RUN_SUCCEEDED ? 0 : 3};

    const struct tally_run run = {JOB_FOLDER, RUN_SCHEDULED, job_id, {from * S - 1500}};

    tally_end(t, &run, &e, true);
}

static void test_what_is_remembered(void **state)
{
    static const struct {
        enum run_state state;
        int failures;
        int64_t succeeded_at;
        size_t failing;
    } rows[] = {
        {RUN_SUCCEEDED, 0, 10, 0}, {RUN_FAILED, 1, 10, 1},    {RUN_TIMED_OUT, 2, 10, 1},
        {RUN_CANCELLED, 2, 10, 1}, {RUN_LOST, 3, 10, 1},      {RUN_SUCCEEDED, 0, 60, 0},
        {RUN_CANCELLED, 0, 60, 0}, {RUN_SUCCEEDED, 0, 80, 0},
    };
    struct tally t;

    (void)state;
    tally_init(&t);
    assert_null(tally_job(&t, 7));
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t at = 10 * ((int64_t)i + 1);
        const struct tally_job *job;

        end(&t, 7, rows[i].state, at - 2, at);
        job = tally_job(&t, 7);
        assert_int_equal(job->failures, rows[i].failures);
        assert_int_equal(job->succeeded_at.us, rows[i].succeeded_at * S);
        assert_int_equal(job->ended_at.us, at * S);
        assert_int_equal(job->length_us, 2 * S);
        assert_int_equal(job->state, rows[i].state);
        assert_int_equal(job->run_id, at);
        assert_int_equal(t.failing_count, rows[i].failing);
        assert_int_equal(tally_failing_next(&t, NULL) != NULL, rows[i].failing);
    }
    assert_int_equal(t.ended[RUN_SUCCEEDED][JOB_FOLDER][RUN_SCHEDULED], 3);
    assert_int_equal(t.length[RUN_SUCCEEDED][JOB_FOLDER].total, 3);
    assert_int_equal(t.length[RUN_SUCCEEDED][JOB_FOLDER].sum_us, 6 * S);
    tally_done(&t);
}

static void test_failing_jobs_are_listed_and_forgotten(void **state)
{
    const struct tally_job *job = NULL;
    struct tally t;
    int64_t sum = 0;

    (void)state;
    tally_init(&t);
    for (int64_t id = 1; id <= 5; id++)
        end(&t, id, id % 2 ? RUN_FAILED : RUN_SUCCEEDED, 1, 2);
    while ((job = tally_failing_next(&t, job)))
        sum = sum * 10 + job->job_id;
    assert_int_equal(sum, 135);
    tally_job_forget(&t, 3);
    tally_job_forget(&t, 2);
    tally_job_forget(&t, 99);
    assert_int_equal(t.failing_count, 2);
    assert_null(tally_job(&t, 3));
    assert_int_equal(tally_failing_next(&t, tally_failing_next(&t, NULL))->job_id, 5);
    tally_done(&t);
}

static void test_what_the_store_knows(void **state)
{
    const struct tally_job past = {.job_id = 1,
                                   .ended_at = {9 * S},
                                   .succeeded_at = {5 * S},
                                   .state = RUN_FAILED,
                                   .failures = 2};
    const struct tally_job other = {.job_id = 2, .succeeded_at = {4 * S}};
    struct tally t;

    (void)state;
    tally_init(&t);
    tally_job_set(&t, &past);
    assert_int_equal(tally_job(&t, 1)->failures, 2);
    assert_int_equal(t.failing_count, 1);
    // What has happened since is newer than what was read.
    end(&t, 2, RUN_FAILED, 10, 11);
    tally_job_set(&t, &other);
    assert_int_equal(tally_job(&t, 2)->failures, 1);
    assert_int_equal(tally_job(&t, 2)->succeeded_at.us, 4 * S);
    end(&t, 1, RUN_SUCCEEDED, 10, 12);
    assert_int_equal(tally_job(&t, 1)->failures, 0);
    tally_done(&t);
}

static void test_counts(void **state)
{
    const struct run asked = {.id = 1, .job_id = 9, .origin = RUN_MANUAL, .scheduled_at = {S}};
    const struct tally_run by_hand = tally_run_of(JOB_FOLDER, &asked);
    const struct run_end unstarted = {.run_id = 1, .state = RUN_FAILED, .finished_at = {S}};
    const struct run_end again = {.attempt = 1,
                                  .state = RUN_FAILED,
                                  .started_at = {S},
                                  .finished_at = {2 * S},
                                  .try_at = {3 * S}};
    const struct run skip = {.state = RUN_SKIPPED, .reason = REASON_OVERLAP, .missed = 4};
    const struct run folded = {.state = RUN_RUNNING, .origin = RUN_CATCHUP, .missed = 2};
    struct tally t;

    (void)state;
    tally_init(&t);
    tally_row(&t, JOB_FOLDER, &skip);
    tally_row(&t, JOB_FOLDER, &folded);
    tally_end(&t, &by_hand, &again, false);
    tally_end(&t, &by_hand, &unstarted, false);
    end(&t, 5, RUN_SUCCEEDED, 10, 12);
    assert_int_equal(t.ended[RUN_SKIPPED][JOB_FOLDER][RUN_SCHEDULED], 1);
    assert_int_equal(t.missed[REASON_OVERLAP], 5);
    assert_int_equal(t.missed[REASON_NONE], 2);
    assert_int_equal(t.retried[JOB_FOLDER], 1);
    // What was started by hand has no lag; what could not be started took no time.
    assert_int_equal(t.lag[JOB_FOLDER].total, 1);
    assert_int_equal(t.lag[JOB_FOLDER].counts[1], 1);
    assert_int_equal(t.late_max_us, 1500);
    assert_int_equal(tally_lag_bounds.us[1], 2000);
    assert_int_equal(tally_length_bounds.us[0], 10000);
    assert_int_equal(t.length[RUN_FAILED][JOB_FOLDER].total, 0);
    assert_int_equal(t.ended[RUN_FAILED][JOB_FOLDER][RUN_MANUAL], 1);
    assert_null(tally_job(&t, 9));
    tally_done(&t);
}

static struct run_certificate seen(const char *host, const char *sha256)
{
    return (struct run_certificate){
        .host = str_of(host), .port = 443, .sha256 = str_of(sha256), .dns_us = 7000, .tls_us = 1};
}

static void check(struct tally *t, const struct run_certificate *found, size_t count,
                  bool is_partial)
{
    const struct tally_run run = {JOB_CERTIFICATE, RUN_SCHEDULED, 3, {S}};
    const struct run_end e = {.run_id = 1,
                              .attempt = 1,
                              .state = RUN_SUCCEEDED,
                              .started_at = {S},
                              .finished_at = {2 * S},
                              .seen = {found, count, is_partial}};

    tally_end(t, &run, &e, true);
}

static void test_certificates(void **state)
{
    struct run_certificate both[] = {seen("a", "01"), seen("b", "02")};
    struct run_certificate news[] = {seen("b", "03")}, none[] = {seen("b", "")};
    const struct tally_certificates *c;
    struct tally t;

    (void)state;
    tally_init(&t);
    check(&t, both, 2, false);
    c = tally_job(&t, 3)->certificates;
    assert_int_equal(c->count, 2);
    assert_false(c->v[0].is_changed || c->v[1].is_changed);
    assert_int_equal(t.phase[TALLY_DNS].counts[1], 2);
    assert_int_equal(tally_phase_bounds.us[1], 10000);
    assert_int_equal(t.phase[TALLY_CONNECT].total, 0);
    // Only b was due: a stays as it was.
    check(&t, news, 1, true);
    c = tally_job(&t, 3)->certificates;
    assert_int_equal(c->count, 2);
    assert_string_equal(c->v[0].host.p, "b");
    assert_true(c->v[0].is_changed);
    assert_string_equal(c->v[1].sha256.p, "01");
    // It cannot be looked at, then shows another one.
    check(&t, none, 1, true);
    assert_false(tally_job(&t, 3)->certificates->v[0].is_changed);
    check(&t, both, 2, false);
    c = tally_job(&t, 3)->certificates;
    assert_false(c->v[0].is_changed);
    assert_true(c->v[1].is_changed);
    check(&t, news, 1, false); // a is no host of the job any more
    assert_int_equal(tally_job(&t, 3)->certificates->count, 1);
    tally_done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_remembered),
        cmocka_unit_test(test_failing_jobs_are_listed_and_forgotten),
        cmocka_unit_test(test_what_the_store_knows),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_certificates),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
