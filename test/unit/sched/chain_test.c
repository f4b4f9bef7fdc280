// chain_test.c - what begins when a run ends: rows, what several parents have met, circles.
// SPDX-License-Identifier: Apache-2.0
#include "sched/chain.h"

#include "bench.h"

#define MANUAL "{\"type\":\"manual\"}"

static void depends_set(struct job *job, const char *depends_on)
{
    json_t *value = json_loads(depends_on, 0, NULL);
    struct arena *arena = arena_new(1024);
    struct model_issues issues;

    model_issues_init(&issues, arena);
    free(job->depends);
    assert_true(depends_read(value, STR_LIT("\"depends_on\""), &issues, &job->depends));
    json_decref(value);
    arena_free(arena);
}

static struct entry *added(struct bench *b, const char *name, const char *depends_on)
{
    struct job *job = fixture_job(&b->f, name, MANUAL);

    depends_set(job, depends_on);
    return stored_job(b, job);
}

// Runs the job, and ends that run so.
static int64_t run_end(struct bench *b, struct entry *entry, enum run_state state)
{
    size_t at = b->f.started;
    int64_t run_id = bench_ask(b, entry, NULL).run_id;

    assert_int_equal(b->f.runs[at].request.run_id, run_id);
    fixture_end(&b->f, at, state);
    return run_id;
}

static void test_an_end_begins_another(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    struct entry *a = added(&b, "a", "[]"), *c = added(&b, "c", "[\"a\"]");

    (void)added(&b, "d", "[{\"job\":\"a\",\"on\":\"failure\"}]");
    int64_t parent = run_end(&b, a, RUN_SUCCEEDED);

    assert_int_equal(b.f.started, 2);
    struct bench_row row = bench_row(&b, b.f.runs[1].request.run_id);

    assert_int_equal(row.run.job_id, c->job->id);
    assert_int_equal(row.run.origin, RUN_DEPENDENCY);
    assert_int_equal(row.run.state, RUN_RUNNING);
    assert_int_equal(c->running, 1);
    // The overlap rule of the follower decides about a second one.
    (void)run_end(&b, a, RUN_SUCCEEDED);
    assert_int_equal(b.f.started, 3);
    fixture_end(&b.f, 1, RUN_SUCCEEDED);
    assert_int_equal(c->running, 0);
    (void)run_end(&b, a, RUN_FAILED);
    assert_int_equal(b.f.started, 5); // that, and one of d
    (void)parent;
    bench_close(&b);
}

static void test_several_parents(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    struct entry *a = added(&b, "a", "[]"), *x = added(&b, "x", "[]");
    struct entry *c = added(&b, "c", "[\"a\",\"x\"]");
    struct depends *depends = c->job->depends;

    (void)run_end(&b, a, RUN_SUCCEEDED);
    (void)run_end(&b, a, RUN_SUCCEEDED);
    (void)run_end(&b, x, RUN_FAILED);
    assert_int_equal(b.f.started, 3);
    assert_int_equal(depends->met, 1);
    (void)run_end(&b, x, RUN_SUCCEEDED);
    assert_int_equal(b.f.started, 5);
    assert_int_equal(depends->met, 0);
    assert_int_equal(depends->born_id, b.f.runs[4].request.run_id);
    // What a store tells at a start.
    struct run_met mets[] = {{c->job->id, {0}, 77},
                             {c->job->id, STR_LIT("a"), 76},
                             {c->job->id, STR_LIT("x"), 77},
                             {c->job->id, STR_LIT("gone"), 77},
                             {4711, STR_LIT("a"), 77}};

    for (size_t i = 0; i < COUNT(mets); i++)
        chain_load(&b.due, &mets[i]);
    assert_int_equal(depends->born_id, 77);
    assert_int_equal(depends->met, 2);
    bench_close(&b);
}

// What a chain is made of, without a store.
static void test_alone(void **state)
{
    static char result[CHAIN_RESULT_MAX + 3];
    struct run_end end = {.attempt = 1,
                          .state = RUN_SUCCEEDED,
                          .started_at = {T0},
                          .finished_at = {T0 + S},
                          .result = STR_LIT("{\"rows\":7}")};
    struct bench b;

    (void)state;
    bench_open(&b);
    struct entry *a = added(&b, "a", "[]");
    const struct chain_parent parent = {a, 42, {T0}};

    assert_null(chain_make(&b.d.core, &parent, &end));
    assert_null(chain_told(NULL));
    assert_int_equal(chain_size(NULL), 0);
    (void)added(&b, "c", "[\"a\"]");
    struct chain *chain = chain_make(&b.d.core, &parent, &end);
    const struct run *run = chain_told(chain)->births;

    assert_int_equal(chain_told(chain)->birth_count, 1);
    assert_int_equal(run->state, RUN_QUEUED);
    assert_int_equal(run->reason, REASON_DEPENDENCY);
    assert_int_equal(run->ask->cause_id, 42);
    assert_string_equal(run->ask->cause.p,
                        "{\"run_id\":42,\"job\":\"a\",\"state\":\"succeeded\","
                        "\"slot\":\"2026-01-01T00:00:00Z\",\"started_at\":\"2026-01-01T00:00:00Z\","
                        "\"finished_at\":\"2026-01-01T00:00:01Z\",\"exit_code\":0,"
                        "\"result\":{\"rows\":7}}");
    assert_true(chain_size(chain) > 0);
    chain_free(chain);
    memset(result, 'x', sizeof result - 1);
    result[0] = result[sizeof result - 2] = '"';
    end.result = str_of(result);
    chain = chain_make(&b.d.core, &parent, &end);
    assert_non_null(
        strstr(chain_told(chain)->births->ask->cause.p, "\"result\":null,\"result_bytes\":16386"));
    chain_free(chain);
    end.state = RUN_SKIPPED;
    assert_null(chain_make(&b.d.core, &parent, &end));
    bench_close(&b);
}

// A pause holds what follows: its row says so, and claim_born tells it.
static void test_held(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    struct entry *a = added(&b, "a", "[]"), *c = added(&b, "c", "[\"a\"]");

    c->job->state = JOB_PAUSED;
    c->job->pause = pause_new(PAUSE_JOB, (struct str){0}, STR_LIT("not now"), STR_LIT("me"),
                              (wall){T0 - S}, WALL_NEVER);
    (void)run_end(&b, a, RUN_SUCCEEDED);
    assert_int_equal(b.f.started, 1);
    assert_int_equal(b.d.core.skipped, 1);
    assert_null(c->lives);
    bench_close(&b);
}

static void test_circles(void **state)
{
    static const struct {
        const char *job, *depends_on, *said; // NULL: it is fine
    } rows[] = {
        {"a", "[\"a\"]", "round: a follows a"},
        {"a", "[\"d\"]", "round: a follows d, which follows c, which follows b, which follows a"},
        {"b", "[\"d\"]", "round: b follows d, which follows c, which follows b"},
        {"b", "[\"a\",\"x\"]", NULL},
        {"x", "[\"d\",\"c\",\"b\",\"a\"]", NULL},
        {"new", "[\"d\"]", NULL},
        {"x", "[\"nobody\"]", "no job \"nobody\" to follow"},
        {"a", "[\"x\"]", "round: a follows x, which follows d"}, // x is on its way
    };
    struct map coming;
    struct bench b;
    struct err e;

    (void)state;
    bench_open(&b);
    (void)added(&b, "a", "[]");
    (void)added(&b, "b", "[\"a\"]");
    (void)added(&b, "c", "[\"b\"]");
    (void)added(&b, "d", "[\"c\"]");
    (void)added(&b, "x", "[]");
    struct job *on_its_way = fixture_job(&b.f, "x", MANUAL);

    depends_set(on_its_way, "[\"d\"]");
    map_init(&coming);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct job *job = fixture_job(&b.f, rows[i].job, MANUAL);

        if (i + 1 == COUNT(rows))
            (void)map_put(&coming, on_its_way->name, on_its_way);
        depends_set(job, rows[i].depends_on);
        bool ok = chain_check(&b.due, &coming, job, &e);

        assert_int_equal(ok, !rows[i].said);
        if (!ok && !strstr(e.message, rows[i].said))
            fail_msg("%s: %s", rows[i].said, e.message);
        job_free(job);
    }
    map_done(&coming);
    job_free(on_its_way);
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_end_begins_another),
        cmocka_unit_test(test_several_parents),
        cmocka_unit_test(test_alone),
        cmocka_unit_test(test_held),
        cmocka_unit_test(test_circles),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
