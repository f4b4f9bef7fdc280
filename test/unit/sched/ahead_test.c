// ahead_test.c - many slots of one moment have their rows before it, and begin when it comes.
// SPDX-License-Identifier: Apache-2.0
#include "sched/ahead.h"

#include "bench.h"

#define JOBS 5
#define MS 1000LL

// Five jobs that are due at 10 s, and are planned shortly before; the store takes 2 ms.
struct scene {
    struct bench b; // first
    struct entry *entries[JOBS];
};

static void scene_open(struct scene *s)
{
    bench_open(&s->b);
    s->b.d.claims.plan_least = 2;
    for (int i = 0; i < JOBS; i++)
        s->entries[i] = stored(&s->b, (char[]){(char)('a' + i), '\0'}, EVERY_10, 0);
    memory_store_delay(s->b.f.store, 1 * MS, 1 * MS);
}

static size_t planned_count(const struct scene *s)
{
    return ahead_count(&s->b.d.claims.planned);
}

static void scene_planned(struct scene *s)
{
    scene_open(s);
    fixture_pass(&s->b.f, 10 * S - 5 * MS);
    assert_int_equal(planned_count(s), JOBS);
    assert_int_equal(s->b.f.started, 0);
}

static void count_runs(const struct err *err, const struct store_run *runs, size_t count, void *ctx)
{
    assert_null(err);
    (void)runs;
    *(size_t *)ctx = count;
}

static size_t rows_count(struct scene *s)
{
    const struct store_run_query query = {.limit = 100};
    size_t count = 99;

    store_read_runs(s->b.f.store, &query, count_runs, &count);
    fixture_settle(&s->b.f);
    return count;
}

static void test_begin_at_their_moment(void **state)
{
    struct scene s;

    (void)state;
    scene_planned(&s);
    int64_t run_id = s.b.d.claims.planned.runs.v[0].run.id;
    struct bench_row row = bench_row(&s.b, run_id);
    wall now = clock_wall(&s.b.f.clock.base);

    assert_int_equal(row.run.state, RUN_QUEUED); // it has its row, and waits
    assert_int_equal(row.run.reason, REASON_DELAY);
    assert_int_equal(row.run.started_at.us, 0);
    assert_int_equal(s.entries[0]->slot.us, T0 + 10 * S);
    assert_int_equal(s.entries[0]->running, 0);
    assert_int_equal(due_watermark(&s.b.due, (wall){now.us + S}).us, T0 + 10 * S - 1);
    fixture_pass(&s.b.f, 5 * MS);
    assert_int_equal(s.b.f.started, 0); // the launch is not durable yet
    assert_true(s.b.d.core.is_launching);
    fixture_pass(&s.b.f, 2 * MS);
    assert_int_equal(s.b.f.started, JOBS);
    assert_int_equal(s.b.f.runs[0].request.run_id, run_id);
    assert_int_equal(s.b.f.runs[0].request.attempt, 1);
    row = bench_row(&s.b, run_id);
    assert_int_equal(row.run.state, RUN_RUNNING);
    assert_int_equal(row.run.started_at.us, T0 + 10 * S);
    assert_int_equal(row.run.try_at.us, 0);
    assert_int_equal(planned_count(&s), 0);
    assert_int_equal(s.entries[0]->running, 1);
    assert_int_equal(s.entries[0]->slot.us, T0 + 20 * S);
    for (size_t i = 0; i < JOBS; i++)
        fixture_end(&s.b.f, i, RUN_SUCCEEDED);
    fixture_pass(&s.b.f, S);
    assert_int_equal(bench_row(&s.b, run_id).run.state, RUN_SUCCEEDED);
    assert_int_equal(s.b.d.core.finished, JOBS);
    bench_close(&s.b);
}

// What is to happen to job c shortly before the moment, and what comes of it.
enum change {
    CHANGE_VERSION,
    CHANGE_RUNNING,
    CHANGE_DELETED,
    CHANGE_DOUBT,
    CHANGE_BACK,
    CHANGE_FORTH,
};

static void nothing(const struct store_answer *answer, void *ctx)
{
    (void)ctx;
    assert_null(answer->err);
}

static void change(struct scene *s, enum change change)
{
    struct entry *c = s->entries[2];

    if (change == CHANGE_VERSION) {
        c->job->version++;
    } else if (change == CHANGE_RUNNING) {
        c->running++;
    } else if (change == CHANGE_DELETED) {
        store_set_job_state(s->b.f.store, c->job->id, JOB_DELETED, false, nothing, NULL);
        fixture_pass(&s->b.f, 2 * MS);
        dispatch_leave(&s->b.d, c);
        due_remove(&s->b.due, c);
    } else if (change == CHANGE_DOUBT) {
        claims_doubt(&s->b.d.claims);
        assert_true(s->b.d.core.is_launching);
    } else {
        int64_t us = (change == CHANGE_BACK ? -2 : 2) * S;

        sim_clock_step(&s->b.f.clock, us);
        dispatch_step(&s->b.d, us);
    }
}

static void test_changes_win(void **state)
{
    static const struct {
        enum change change;
        size_t as_planned, started, rows; // soon after the moment
    } rows[] = {
        {CHANGE_VERSION, 4, 5, 5}, // its slot is claimed again, under the new definition
        {CHANGE_RUNNING, 4, 4, 5}, // skipped
        {CHANGE_DELETED, 4, 4, 4}, // nothing is left of it
        {CHANGE_DOUBT, 0, 5, 5},   {CHANGE_BACK, 0, 5, 5}, // when the moment comes again
        {CHANGE_FORTH, 0, 5, 5},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct scene s;
        size_t as_planned = 0;

        scene_planned(&s);
        int64_t last = s.b.d.claims.planned.runs.v[JOBS - 1].run.id;

        change(&s, rows[i].change);
        fixture_pass(&s.b.f, 20 * MS + (rows[i].change == CHANGE_BACK ? 2 * S : 0));
        for (size_t n = 0; n < s.b.f.started; n++)
            as_planned += s.b.f.runs[n].request.run_id <= last;
        assert_int_equal(as_planned, rows[i].as_planned);
        assert_int_equal(s.b.f.started, rows[i].started);
        assert_int_equal(rows_count(&s), rows[i].rows);
        assert_int_equal(planned_count(&s), 0);
        assert_int_equal(s.b.due.planned.us, WALL_NEVER.us);
        if (rows[i].change != CHANGE_DELETED)
            assert_int_equal(s.entries[2]->slot.us, T0 + 20 * S);
        bench_close(&s.b);
    }
}

// The launch is asked for; before it is answered, the job gets another schedule with the same slot.
static void test_another_schedule_meanwhile(void **state)
{
    struct scene s;

    (void)state;
    scene_planned(&s);
    struct entry *changed = s.entries[2];
    struct entry *other =
        stored(&s.b, "other", "{\"type\":\"cron\",\"expr\":\"*/5 * * * * *\"}", 0);
    struct trigger *trigger = changed->job->trigger;

    due_plan(&s.b.due, other, WALL_NEVER);
    fixture_pass(&s.b.f, 5 * MS);
    assert_true(s.b.d.core.is_launching);
    changed->job->trigger = other->job->trigger;
    other->job->trigger = trigger;
    changed->job->version++;
    due_plan(&s.b.due, changed, (wall){T0 + 10 * S});
    fixture_pass(&s.b.f, 2 * MS);
    assert_int_equal(s.b.f.started, JOBS);
    assert_int_equal(s.entries[1]->slot.us, T0 + 20 * S);
    assert_int_equal(changed->slot.us, T0 + 15 * S);
    bench_close(&s.b);
}

// A store that refuses the launch: nothing begins; when it is well again, all are late, and decided
// upon as what is late.
static void test_refused(void **state)
{
    struct scene s;

    (void)state;
    scene_planned(&s);
    memory_store_fail(s.b.f.store, 1);
    fixture_pass(&s.b.f, 10 * MS);
    assert_int_equal(s.b.f.started, 0);
    assert_true(s.b.d.core.is_failing);
    assert_int_equal(s.entries[0]->running, 0);
    assert_int_equal(due_watermark(&s.b.due, WALL_NEVER).us, T0 + 10 * S - 1);
    fixture_pass(&s.b.f, 2 * S);
    assert_false(s.b.d.core.is_failing);
    assert_int_equal(s.b.f.started, JOBS);
    assert_int_equal(rows_count(&s), JOBS);
    assert_int_equal(bench_row(&s.b, s.b.f.runs[0].request.run_id).run.origin, RUN_CATCHUP);
    bench_close(&s.b);
}

// A row that is refused is not planned: its slot is due as ever.
static void test_claim_refused(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s);
    memory_store_fail(s.b.f.store, 1);
    fixture_pass(&s.b.f, 10 * S - 5 * MS);
    assert_int_equal(planned_count(&s), 0);
    assert_int_equal(s.entries[0]->planned.us, 0);
    fixture_pass(&s.b.f, 2 * S);
    assert_int_equal(s.b.f.started, JOBS);
    bench_close(&s.b);
}

static void test_crash(void **state)
{
    struct scene s;

    (void)state;
    for (int is_launched = 0; is_launched <= 1; is_launched++) {
        scene_planned(&s);
        int64_t run_id = s.b.d.claims.planned.runs.v[0].run.id;

        fixture_pass(&s.b.f, is_launched ? 7 * MS : 1 * MS);
        assert_int_equal(s.b.f.started, is_launched ? JOBS : 0);
        (void)bench_again(&s.b, s.entries[0]);
        assert_int_equal(rows_count(&s), is_launched ? JOBS : 0);
        if (is_launched)
            assert_int_equal(bench_row(&s.b, run_id).run.state, RUN_LOST);
        bench_close(&s.b);
    }
}

static int begun;

static void begin_counted(const struct planned *p, void *ctx)
{
    (void)p;
    (void)ctx;
    begun++;
}

// By itself, with a run of a job that is gone: it is dropped.
static void test_alone(void **state)
{
    const struct run run = {.id = 5, .job_id = 99, .state = RUN_RUNNING, .try_at = {T0 + S}};
    struct ahead a;
    struct bench b;

    (void)state;
    bench_open(&b);
    ahead_init(&a, &b.d.core);
    a.begin = a.drop = begin_counted;
    ahead_add(&a, &run, WALL_NEVER, 0);
    ahead_look(&a);
    assert_int_equal(ahead_count(&a), 1);
    assert_true(ahead_has(&a, run.scheduled_at));
    assert_false(ahead_has(&a, run.try_at));
    assert_int_equal(b.due.planned.us, 0);
    fixture_pass(&b.f, 2 * S);
    assert_int_equal(ahead_count(&a), 0);
    assert_false(ahead_has(&a, run.scheduled_at));
    assert_int_equal(begun, 1);
    ahead_add(&a, &run, WALL_NEVER, 7); // it was in doubt before it came
    ahead_doubt(&a);
    fixture_settle(&b.f);
    assert_int_equal(begun, 2);
    ahead_done(&a);
    bench_close(&b);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_begin_at_their_moment),
        cmocka_unit_test(test_changes_win),
        cmocka_unit_test(test_another_schedule_meanwhile),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_claim_refused),
        cmocka_unit_test(test_crash),
        cmocka_unit_test(test_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
