// dispatch_test.c - claiming, starting and finishing, step by step.
// SPDX-License-Identifier: Apache-2.0
#include "sched/dispatch.h"

#include "fixture.h"

#include "base/arena.h"

struct bench {
    struct fixture f; // first
    struct due due;
    struct dispatch d;
};

static struct entry *stored(struct bench *b, const char *name, const char *spec, int64_t id);

static void bench_open(struct bench *b)
{
    fixture_open(&b->f);
    due_init(&b->due);
    dispatch_init(&b->d, b->f.loop, b->f.store, &b->f.exec, &b->due, NULL);
}

static void bench_close(struct bench *b)
{
    memory_store_crash(b->f.store);
    dispatch_done(&b->d);
    due_done(&b->due);
    fixture_close(&b->f);
}

static void put_done(const struct store_answer *answer, void *ctx)
{
    assert_null(answer->err);
    *(int64_t *)ctx = answer->job_id;
}

// A job that the store knows, in the table, planned for its first slot.
static struct entry *stored(struct bench *b, const char *name, const char *spec, int64_t id)
{
    struct job *job = fixture_job(&b->f, name, spec);
    struct arena *arena = arena_new(1024);
    struct job_row row;

    job_to_row(job, arena, &row);
    store_put_job(b->f.store, &row, STORE_CREATE, put_done, &id);
    fixture_settle(&b->f);
    arena_free(arena);
    job->id = id;
    job->version = 1;
    struct entry *entry = due_add(&b->due, job);

    due_plan(&b->due, entry, trigger_next(job->trigger, (wall){T0}));
    dispatch_look(&b->d);
    return entry;
}

static void test_claim_start_finish(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    struct entry *entry = stored(&b, "x", EVERY_10, 0);

    fixture_pass(&b.f, 9 * S);
    assert_int_equal(b.f.started, 0);
    fixture_pass(&b.f, 1 * S);
    assert_int_equal(b.f.started, 1);
    assert_int_equal(entry->running, 1);
    assert_int_equal(entry->slot.us, T0 + 20 * S);
    assert_int_equal(b.f.runs[0].request.scheduled_at.us, T0 + 10 * S);
    fixture_end(&b.f, 0, RUN_SUCCEEDED);
    assert_int_equal(entry->running, 0);
    assert_int_equal(b.d.live_count, 0);
    // Still running when the next slot comes: skipped, with a row.
    fixture_pass(&b.f, 10 * S);
    fixture_pass(&b.f, 10 * S);
    assert_int_equal(b.f.started, 2);
    assert_int_equal(b.d.skipped, 1);
    bench_close(&b);
}

static mono ticking_mono(const struct clock *clock)
{
    struct sim_clock *sim = (struct sim_clock *)(uintptr_t)clock;

    return (mono){sim->mono_us += 1000};
}

// Deciding about many slots takes time: the loop gets its turn in between, and all are claimed.
static void test_claims_leave_the_loop_its_turns(void **state)
{
    struct bench b;
    char name[16];

    (void)state;
    bench_open(&b);
    for (int i = 0; i < 50; i++) {
        snprintf(name, sizeof name, "x%d", i);
        (void)stored(&b, name, EVERY_10, 0);
    }
    sim_clock_advance(&b.f.clock, 10 * S);
    b.f.clock.base.mono_now = ticking_mono;
    dispatch_look(&b.d);
    assert_true(b.d.is_claiming);
    assert_in_range(b.d.claim.len, 1, 30);
    fixture_settle(&b.f);
    assert_int_equal(b.f.started, 50);
    bench_close(&b);
}

static size_t started_during_a_claim;

static void start_watched(struct exec *exec, const struct exec_request *request, exec_done *done,
                          void *ctx)
{
    started_during_a_claim += ((struct bench *)exec)->d.is_claiming;
    fixture_exec_start(exec, request, done, ctx);
}

// Five are due and two fit into a claim: while the runs of one claim start, the next is with the
// store.
static void test_next_claim_goes_before_the_starts(void **state)
{
    struct exec_ops watched = fixture_ops;
    struct bench b;

    (void)state;
    bench_open(&b);
    watched.start = start_watched;
    b.f.exec.ops = &watched;
    b.d.claim_max = 2;
    for (int i = 0; i < 5; i++)
        (void)stored(&b, (char[]){(char)('a' + i), '\0'}, EVERY_10, 0);
    memory_store_delay(b.f.store, 1000, 1000);
    for (size_t round = 0; round < 3; round++) {
        fixture_pass(&b.f, round == 0 ? 10 * S : 2000);
        assert_int_equal(b.f.started, 2 * round);
        assert_int_equal(b.d.claim.len, round < 2 ? 2 : 1);
    }
    fixture_pass(&b.f, 2000);
    assert_int_equal(b.f.started, 5);
    assert_int_equal(started_during_a_claim, 4);
    assert_false(b.d.is_claiming);
    bench_close(&b);
}

static size_t saving(const struct bench *b)
{
    return b->d.is_saving ? b->d.ends.len : 0;
}

// Ends do not stand in the way of claims, but for a tenth of a second at most; then they go
// together.
static void test_ends_wait_for_claims(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    b.d.claim_max = 1;
    for (int i = 0; i < 8; i++)
        (void)stored(&b, (char[]){(char)('a' + i), '\0'}, EVERY_10, 0);
    memory_store_delay(b.f.store, 30000, 20000);
    fixture_pass(&b.f, 10 * S + 100000); // two claims are answered, the third is with the store
    assert_int_equal(b.f.started, 2);
    fixture_end(&b.f, 0, RUN_SUCCEEDED);
    fixture_end(&b.f, 1, RUN_SUCCEEDED);
    assert_int_equal(saving(&b), 0);
    fixture_pass(&b.f, 50000);
    assert_int_equal(b.f.started, 3);
    assert_int_equal(saving(&b), 0);
    fixture_pass(&b.f, 50000); // the fourth is answered; only now they have waited for so long
    assert_int_equal(saving(&b), 2);
    assert_true(b.d.is_claiming);
    fixture_pass(&b.f, 250000);
    assert_int_equal(b.f.started, 8);
    assert_int_equal(b.d.live_count, 6);
    // With nothing more due they do not wait.
    fixture_end(&b.f, 2, RUN_SUCCEEDED);
    assert_int_equal(saving(&b), 1);
    bench_close(&b);
}

// Large outputs do not all go into one transaction.
static void test_ends_in_portions(void **state)
{
    char *text = mem_array(1, 1 << 20);
    struct bench b;

    (void)state;
    bench_open(&b);
    for (int i = 0; i < 3; i++)
        (void)stored(&b, (char[]){(char)('a' + i), '\0'}, EVERY_10, 0);
    fixture_pass(&b.f, 10 * S);
    memory_store_delay(b.f.store, 1000, 0);
    for (size_t i = 0; i < 3; i++) {
        struct run_end end = {.attempt = 1,
                              .state = RUN_SUCCEEDED,
                              .out = {.head = {text, 1 << 20}, .total = 1 << 20}};

        b.f.runs[i].done(&end, b.f.runs[i].ctx);
    }
    for (int i = 3; i > 0; i--) {
        fixture_settle(&b.f);
        assert_int_equal(saving(&b), 1);
        assert_int_equal(b.d.live_count, i);
        fixture_pass(&b.f, 1000);
    }
    assert_int_equal(b.d.live_count, 0);
    free(text);
    bench_close(&b);
}

static void test_store_fails_and_heals(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    struct entry *entry = stored(&b, "x", EVERY_10, 0);

    memory_store_fail(b.f.store, 3);
    fixture_pass(&b.f, 10 * S);
    assert_int_equal(b.f.started, 0);
    assert_int_equal(b.d.failure.code, ERR_STORE);
    assert_int_equal(entry->running, 0);
    assert_int_equal(entry->slot.us, T0 + 10 * S);
    fixture_pass(&b.f, 3 * S);
    assert_int_equal(b.f.started, 1);
    assert_int_equal(b.d.failure.code, ERR_NONE);
    // An end that the store refuses is kept and offered again.
    memory_store_fail(b.f.store, 2);
    fixture_end(&b.f, 0, RUN_SUCCEEDED);
    assert_int_equal(b.d.live_count, 1);
    fixture_pass(&b.f, 3 * S);
    assert_int_equal(b.d.live_count, 0);
    assert_int_equal(b.d.finished, 1);
    bench_close(&b);
}

// A slot that waits for a free place gets one as soon as the job may run twice.
static void test_rest_after_a_change(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    struct entry *entry = stored(&b, "x", EVERY_10, 0);

    entry->job->coalesce = COALESCE_ALL;
    fixture_pass(&b.f, 20 * S);
    assert_int_equal(b.f.started, 1);
    assert_true(entry->is_waiting);
    dispatch_rest(&b.d, entry);
    assert_true(entry->is_waiting);
    entry->job->max_instances = 2;
    dispatch_rest(&b.d, entry);
    assert_false(entry->is_waiting);
    dispatch_look(&b.d);
    fixture_settle(&b.f);
    assert_int_equal(b.f.started, 2);
    assert_int_equal(b.f.runs[1].request.scheduled_at.us, T0 + 20 * S);
    bench_close(&b);
}

// Only the store's own failures stop the claims, and they end when it takes a write again.
static void test_trouble_of_others(void **state)
{
    struct bench b;
    struct err e;

    (void)state;
    bench_open(&b);
    (void)stored(&b, "x", EVERY_10, 0);
    (void)fail(&e, ERR_CONFLICT, NULL, "not the store's fault");
    dispatch_trouble(&b.d, &e);
    assert_int_equal(b.d.failure.code, ERR_NONE);
    (void)fail(&e, ERR_STORE, NULL, "the disk is full");
    dispatch_trouble(&b.d, &e);
    assert_int_equal(b.d.failure.code, ERR_STORE);
    fixture_pass(&b.f, 10 * S);
    assert_int_equal(b.d.failure.code, ERR_NONE);
    assert_int_equal(b.f.started, 1);
    bench_close(&b);
}

static void test_job_ends_after_its_last_run(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    (void)stored(&b, "once", ONCE_AT_30, 0);
    fixture_pass(&b.f, 30 * S);
    assert_int_equal(b.f.started, 1);
    assert_non_null(due_find(&b.due, STR_LIT("once")));
    fixture_end(&b.f, 0, RUN_FAILED);
    assert_null(due_find(&b.due, STR_LIT("once")));
    // But not before the store has the end.
    struct entry *late = stored(&b, "late", ONCE_AT_30, 0);

    fixture_settle(&b.f);
    memory_store_fail(b.f.store, 1);
    fixture_end(&b.f, 1, RUN_SUCCEEDED);
    dispatch_rest(&b.d, late);
    assert_false(late->is_ending);
    fixture_pass(&b.f, 1 * S);
    assert_null(due_find(&b.due, STR_LIT("late")));
    // One that has nothing to come when it is loaded ends in the sweep.
    b.d.is_claiming = true; // so that its slot, which has passed, is not claimed
    struct entry *entry = stored(&b, "over", ONCE_AT_30, 0);
    b.d.is_claiming = false;
    due_plan(&b.due, entry, WALL_NEVER);
    dispatch_sweep(&b.d);
    fixture_settle(&b.f);
    assert_null(due_find(&b.due, STR_LIT("over")));
    bench_close(&b);
}

struct said {
    int count;
    enum err_code code;
    int64_t run_id;
};

static void run_said(const struct err *err, int64_t run_id, void *ctx)
{
    struct said *said = ctx;

    said->count++;
    said->code = err ? err->code : ERR_NONE;
    said->run_id = run_id;
}

static void flag(void *ctx)
{
    *(bool *)ctx = true;
}

static void test_run_by_hand_and_stop(void **state)
{
    struct said first = {0}, second = {0}, third = {0};
    bool is_idle = false;
    struct bench b;

    (void)state;
    bench_open(&b);
    struct entry *entry = stored(&b, "x", EVERY_10, 0);

    entry->job->max_instances = 2;
    dispatch_run(&b.d, entry, false, run_said, &first);
    dispatch_run(&b.d, entry, false, run_said, &second);
    dispatch_run(&b.d, entry, false, run_said, &third);
    fixture_settle(&b.f);
    // Both in one microsecond, yet each has a row of its own; the third is over the limit.
    assert_int_equal(first.code, ERR_NONE);
    assert_int_equal(second.code, ERR_NONE);
    assert_int_equal(third.code, ERR_CONCURRENCY);
    assert_int_equal(b.f.started, 2);
    assert_true(first.run_id != second.run_id);
    dispatch_stop(&b.d, flag, &is_idle);
    assert_false(is_idle);
    fixture_pass(&b.f, 30 * S);
    assert_int_equal(b.f.started, 2);
    dispatch_run(&b.d, entry, false, run_said, &third);
    assert_int_equal(third.code, ERR_BUSY);
    fixture_end(&b.f, 0, RUN_SUCCEEDED);
    assert_false(is_idle);
    fixture_end(&b.f, 1, RUN_SUCCEEDED);
    assert_true(is_idle);
    bench_close(&b);
}

// A run that was asked for before the stop is waited for like any other.
static void test_stop_during_a_claim_by_hand(void **state)
{
    struct said said = {0};
    bool is_idle = false;
    struct bench b;

    (void)state;
    bench_open(&b);
    struct entry *entry = stored(&b, "x", EVERY_10, 0);

    dispatch_run(&b.d, entry, false, run_said, &said);
    dispatch_stop(&b.d, flag, &is_idle);
    assert_false(is_idle);
    fixture_settle(&b.f);
    assert_int_equal(said.code, ERR_NONE);
    assert_int_equal(b.f.started, 1);
    assert_false(is_idle);
    fixture_end(&b.f, 0, RUN_CANCELLED);
    assert_true(is_idle);
    bench_close(&b);
}

static void state_read(const struct err *err, const struct store_run *runs, size_t count, void *ctx)
{
    assert_null(err);
    assert_int_equal(count, 1);
    *(enum run_state *)ctx = runs->run.state;
}

// What an earlier belfry left running is lost; its job does not end before that is durable.
static void test_lose(void **state)
{
    enum run_state found = RUN_NONE;
    struct bench b;

    (void)state;
    bench_open(&b);
    struct entry *entry = stored(&b, "x", ONCE_AT_30, 0);

    fixture_pass(&b.f, 30 * S);
    struct run run = {.id = b.f.runs[0].request.run_id, .job_id = entry->job->id, .attempt = 1};

    entry->running--;
    memory_store_fail(b.f.store, 1);
    dispatch_lose(&b.d, &run);
    fixture_settle(&b.f);
    dispatch_rest(&b.d, entry);
    assert_int_equal(entry->unsaved, 1);
    assert_false(entry->is_ending);
    fixture_pass(&b.f, 2 * S);
    assert_int_equal(due_count(&b.due), 0);
    store_read_run(b.f.store, run.id, state_read, &found);
    fixture_settle(&b.f);
    assert_int_equal(found, RUN_LOST);
    bench_close(&b);
}

static enum store_last no_job(const struct job_row *row, void *ctx)
{
    (void)row;
    (void)ctx;
    return STORE_LAST_NONE;
}

static wall stored_watermark(struct bench *b)
{
    struct store_load load = {.on_job = no_job};
    struct err e;

    assert_true(store_load(b->f.store, &load, &e));
    return load.watermark;
}

// Set back, the watermark goes with the clock, also when nothing is due; otherwise never.
static void test_step_moves_the_watermark(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    (void)stored(&b, "x", EVERY_10, 0);
    fixture_pass(&b.f, 12 * S);
    assert_int_equal(stored_watermark(&b).us, T0 + 10 * S);
    sim_clock_step(&b.f.clock, -9 * S);
    b.due.is_set_back = true;
    dispatch_look(&b.d);
    fixture_settle(&b.f);
    assert_int_equal(stored_watermark(&b).us, T0 + 3 * S);
    sim_clock_step(&b.f.clock, 2 * S);
    dispatch_look(&b.d);
    fixture_settle(&b.f);
    assert_int_equal(stored_watermark(&b).us, T0 + 3 * S);
    bench_close(&b);
}

// What a skip on its way to the store ends at moves with the clock: a delay counts from it.
static void test_step_during_a_skip(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    struct entry *entry = stored(&b, "x", EVERY_10, 0);

    entry->running = 1;
    memory_store_delay(b.f.store, 1000, 1000);
    sim_clock_advance(&b.f.clock, 10 * S);
    (void)loop_turn(b.f.loop, 0);
    assert_true(b.d.is_claiming && b.d.claim.v[0].state == RUN_SKIPPED);
    dispatch_step(&b.d, -5 * S);
    assert_int_equal(b.d.claim.v[0].finished_at.us, T0 + 5 * S);
    bench_close(&b);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_claim_start_finish),
        cmocka_unit_test(test_claims_leave_the_loop_its_turns),
        cmocka_unit_test(test_next_claim_goes_before_the_starts),
        cmocka_unit_test(test_ends_wait_for_claims),
        cmocka_unit_test(test_ends_in_portions),
        cmocka_unit_test(test_store_fails_and_heals),
        cmocka_unit_test(test_rest_after_a_change),
        cmocka_unit_test(test_trouble_of_others),
        cmocka_unit_test(test_job_ends_after_its_last_run),
        cmocka_unit_test(test_run_by_hand_and_stop),
        cmocka_unit_test(test_stop_during_a_claim_by_hand),
        cmocka_unit_test(test_lose),
        cmocka_unit_test(test_step_moves_the_watermark),
        cmocka_unit_test(test_step_during_a_skip),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
