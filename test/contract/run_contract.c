// run_contract.c - how a store moves runs from state to state: what job/run_move.def says, all of
// it and nothing else. Included by store_contract.c.
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

static const enum run_state all_states[] = {
    RUN_NONE,
#define X(name, number, text, sentence) name,
#include "job/run_state.def"
#undef X
};

static struct answer start_runs(struct fixture *f, const struct run_start *starts, size_t count)
{
    static struct answer a;

    a = (struct answer){0};
    store_start(f->store, starts, count, on_answer, &a);
    assert_false(a.is_there);
    settle(f);
    assert_int_equal(a.code, ERR_NONE);
    assert_int_equal(a.won_count, count);
    return a;
}

static struct answer delete_run(struct fixture *f, int64_t run_id)
{
    static struct answer a;

    a = (struct answer){0};
    store_delete_run(f->store, run_id, on_answer, &a);
    settle(f);
    assert_true(a.is_there);
    return a;
}

// A run in a state, by lawful ways. One that is to be orphaned runs until the store is opened
// again. Its attempt.
static int run_bring(struct fixture *f, int64_t id, int64_t job_id, enum run_state to)
{
    struct run run = run_of(id, job_id, (int)id);
    struct run_end end = end_of(id, 1);

    if (to == RUN_NONE)
        return 0;
    if (to == RUN_QUEUED || to == RUN_SKIPPED) {
        run.state = to;
        run.attempt = 0;
    }
    assert_true(claim(f, &run, 1, SLOT(0)).won[0]);
    if (to == RUN_WAITING) {
        end.state = RUN_FAILED;
        end.try_at = SLOT(200);
        finish(f, &end, 1);
    } else if (run_state_is_final(to) && to != RUN_SKIPPED) {
        end.state = to;
        finish(f, &end, 1);
    }
    return run.attempt;
}

static void run_move(struct fixture *f, int64_t id, int attempt, enum run_actor by,
                     enum run_state to)
{
    bool is_adopted = by == RUN_BY_ADOPTION;
    struct run_start start = {id, is_adopted ? attempt : attempt + 1, SLOT(150), is_adopted};
    struct run_end end = end_of(id, attempt);

    if (by != RUN_BY_END) {
        (void)start_runs(f, &start, 1);
        return;
    }
    end.state = to == RUN_WAITING ? RUN_FAILED : to;
    end.try_at = to == RUN_WAITING ? SLOT(300) : (wall){0};
    finish(f, &end, 1);
}

static bool is_asked_for(enum run_actor by, enum run_state to)
{
    if (by == RUN_BY_END)
        return run_state_is_final(to) || to == RUN_WAITING;
    return to == RUN_RUNNING;
}

struct move {
    int64_t id;
    enum run_state from, to;
    enum run_actor by;
    int attempt;
};

// Every state, everybody, every other state.
static void test_moves(void **state)
{
    static const enum run_actor actors[] = {RUN_BY_START, RUN_BY_ADOPTION, RUN_BY_END};
    struct fixture *f = *state;
    int64_t a = create(f, "a"), id = 0;
    VEC_OF(struct move) moves = {0};
    int made = 0;

    for (size_t from = 0; from < COUNT(all_states); from++)
        for (size_t by = 0; by < COUNT(actors); by++)
            for (size_t to = 1; to < COUNT(all_states); to++)
                if (is_asked_for(actors[by], all_states[to]) && all_states[from] != RUN_RUNNING)
                    vec_push(&moves, ((struct move){++id, all_states[from], all_states[to],
                                                    actors[by], 0}));
    for (size_t i = 0; i < moves.len; i++)
        moves.v[i].attempt = run_bring(f, moves.v[i].id, a, moves.v[i].from);
    reopen(f);
    for (size_t by = 0; by < COUNT(actors); by++)
        for (size_t to = 1; to < COUNT(all_states); to++)
            if (is_asked_for(actors[by], all_states[to])) {
                vec_push(&moves, ((struct move){++id, RUN_RUNNING, all_states[to], actors[by], 1}));
                (void)run_bring(f, id, a, RUN_RUNNING);
            }
    for (size_t i = 0; i < moves.len; i++) {
        struct move m = moves.v[i];
        bool may = run_move_from(m.by, m.to) >> m.from & 1;

        assert_int_equal(state_of(f, m.id), m.from);
        run_move(f, m.id, m.attempt, m.by, m.to);
        if (state_of(f, m.id) != (may ? m.to : m.from))
            fail_msg("%s to %s by %d is %s", run_state_name(m.from), run_state_name(m.to), m.by,
                     may ? "not carried out" : "carried out");
        made += may;
    }
    assert_true(made > 20);
    vec_done(&moves);
}

struct birth {
    struct fixture *f;
    struct run run;
};

static void birth_claim(void *ctx)
{
    struct birth *birth = ctx;

    (void)claim(birth->f, &birth->run, 1, SLOT(0));
}

static void test_births(void **state)
{
    struct fixture *f = *state;
    struct birth birth = {f, run_of(1, create(f, "a"), 1)};

    for (size_t i = 1; i < COUNT(all_states); i++) {
        bool may = run_move_to(RUN_BY_CLAIM, RUN_NONE) >> all_states[i] & 1;

        birth.run.id = birth.run.scheduled_at.us = (int64_t)i;
        birth.run.state = all_states[i];
        if (may)
            assert_true(claim(f, &birth.run, 1, SLOT(0)).won[0]);
        else
            assert_true(unit_dies(birth_claim, &birth));
        assert_int_equal(state_of(f, birth.run.id), may ? all_states[i] : RUN_NONE);
    }
}

// Whatever runs when belfry ends is orphaned; whoever starts next decides what becomes of it. What
// waits, waits on.
static void test_orphans(void **state)
{
    struct fixture *f = *state;
    char text[1000];
    int64_t a = create(f, "a");
    struct run_end end = end_of(1, 1);

    (void)run_bring(f, 1, a, RUN_RUNNING);
    (void)run_bring(f, 2, a, RUN_SUCCEEDED);
    (void)run_bring(f, 3, a, RUN_QUEUED);
    (void)run_bring(f, 4, a, RUN_WAITING);
    assert_int_equal(alive_loaded(f, text).orphaned, 0);
    assert_string_equal(text, "1 running 1 0\n3 queued 0 0\n4 waiting 1 200\n");
    set_state(f, a, JOB_DELETED); // they are told all the same
    reopen(f);
    assert_int_equal(alive_loaded(f, text).orphaned, 1);
    assert_string_equal(text, "1 orphaned 1 0\n3 queued 0 0\n4 waiting 1 200\n");
    reopen(f); // nobody has decided
    assert_int_equal(alive_loaded(f, text).orphaned, 0);
    assert_int_equal(alive_loaded(f, text).last_run_id, 4);
    assert_string_equal(text, "1 orphaned 1 0\n3 queued 0 0\n4 waiting 1 200\n");
    end.state = RUN_LOST;
    end.reason = REASON_RESTART;
    finish(f, &end, 1);
    end = end_of(1, 1); // the true end comes too late
    finish(f, &end, 1);
    assert_int_equal(state_of(f, 1), RUN_LOST);
}

// One attempt after the other, each with its number, its end and what it wrote.
static void test_attempts(void **state)
{
    struct fixture *f = *state;
    int64_t a = create(f, "a");
    struct run_end end = end_of(1, 1);
    struct run_start starts[3] = {
        {1, 2, SLOT(210), false}, {1, 3, SLOT(210), false}, {7, 1, SLOT(210), false}};
    struct answer won;
    struct page page;

    (void)run_bring(f, 1, a, RUN_RUNNING);
    end.state = RUN_TIMED_OUT;
    end.try_at = SLOT(200);
    end.exit_code = -1;
    end.signal = 9;
    end.message = STR_LIT("took too long");
    end.out = (struct run_stream){STR_LIT("first"), STR_LIT("end"), 99};
    finish(f, &end, 1);
    reopen(f);
    page = read_run(f, 1);
    assert_int_equal(page.v[0].run.state, RUN_WAITING);
    assert_int_equal(page.v[0].run.reason, REASON_RETRY);
    assert_int_equal(page.v[0].run.try_at.us, SLOT(200).us);
    assert_int_equal(page.v[0].run.finished_at.us, 0);
    assert_int_equal(page.v[0].run.signal, 9);
    assert_string_equal(page.v[0].message, "took too long");
    assert_string_equal(page.v[0].attempts, "1 timed_out 100 101 9 took too long first end 99\n");
    page_done(&page);
    won = start_runs(f, starts, 3);
    assert_true(won.won[0]);
    assert_false(won.won[1]); // it is running by now
    assert_false(won.won[2]); // there is none
    page = read_run(f, 1);
    assert_int_equal(page.v[0].run.state, RUN_RUNNING);
    assert_int_equal(page.v[0].run.attempt, 2);
    assert_int_equal(page.v[0].run.started_at.us, SLOT(210).us);
    assert_int_equal(page.v[0].run.try_at.us, 0);
    assert_int_equal(page.v[0].run.signal, 0);
    assert_string_equal(page.v[0].message, "");
    page_done(&page);
    finish(f, &end, 1); // the first attempt again: ignored
    assert_int_equal(state_of(f, 1), RUN_RUNNING);
    end = end_of(1, 2);
    end.out = (struct run_stream){STR_LIT("second"), {NULL, 0}, 6};
    finish(f, &end, 1);
    page = read_run(f, 1);
    assert_int_equal(page.v[0].run.state, RUN_SUCCEEDED);
    assert_int_equal(page.v[0].out_total, 6);
    assert_string_equal(page.v[0].attempts, "1 timed_out 100 101 9 took too long first end 99\n");
    page_done(&page);
}

static void test_start_numbers(void **state)
{
    struct fixture *f = *state;
    int64_t a = create(f, "a");
    struct run_start starts[4] = {{1, 2, SLOT(9), false},
                                  {1, 0, SLOT(9), false},
                                  {1, 1, SLOT(9), true},
                                  {1, 1, SLOT(9), false}};
    struct answer won;

    (void)run_bring(f, 1, a, RUN_QUEUED);
    won = start_runs(f, starts, 4);
    assert_false(won.won[0] || won.won[1] || won.won[2]);
    assert_true(won.won[3]);
    reopen(f);
    starts[0] = (struct run_start){1, 2, SLOT(9), true};
    starts[1] = (struct run_start){1, 1, SLOT(9), true};
    won = start_runs(f, starts, 2);
    assert_false(won.won[0]); // that is not the attempt that was orphaned
    assert_true(won.won[1]);
    assert_int_equal(state_of(f, 1), RUN_RUNNING);
}

static int64_t key_holder(struct fixture *f, int64_t job_id, const char *key)
{
    struct page page = {0};
    int64_t run_id;

    store_read_key(f->store, job_id, str_of(key), on_runs, &page);
    settle(f);
    assert_true(page.is_there);
    run_id = page.len ? page.v[0].run.id : 0;
    page_done(&page);
    return run_id;
}

static void test_ask(void **state)
{
    struct fixture *f = *state;
    int64_t a = create(f, "a"), b = create(f, "b");
    char args[] = "[\"x\"]";
    struct run_ask ask = {
        str_of(args), STR_LIT("k1"), 0xfedcba9876543210, SLOT(5), SLOT(6), 77, {0}, 0,
        OVERLAP_KILL, true};
    struct run runs[3] = {run_of(1, a, 1), run_of(2, a, 2), run_of(3, b, 3)};
    struct answer won;
    struct page page;
    char text[1000];

    runs[0].state = RUN_QUEUED;
    runs[0].attempt = 0;
    runs[0].origin = RUN_RETRY;
    runs[0].ask = &ask;
    won = claim(f, runs, 1, SLOT(0));
    assert_true(won.won[0]);
    args[2] = 'y'; // it has a copy
    reopen(f);
    page = read_run(f, 1);
    assert_string_equal(page.v[0].ask, "[\"x\"] k1 fedcba9876543210 5 6 77 4 1");
    assert_int_equal(page.v[0].run.origin, RUN_RETRY);
    page_done(&page);
    page = read_runs(f, a, 0, 10);
    assert_string_equal(page.v[0].ask, "[\"x\"] k1 fedcba9876543210 5 6 77 4 1");
    page_done(&page);
    (void)alive_loaded(f, text);
    assert_string_equal(text, "1 queued 0 0 [\"x\"] k1 fedcba9876543210 5 6 77 4 1\n");
    // The key is taken, for this job.
    runs[1].ask = &ask;
    won = claim(f, &runs[1], 1, SLOT(0));
    assert_int_equal(won.code, ERR_EXISTS);
    assert_int_equal(won.run_id, 1);
    assert_int_equal(state_of(f, 2), RUN_NONE);
    runs[2].ask = &ask;
    assert_true(claim(f, &runs[2], 1, SLOT(0)).won[0]);
    assert_int_equal(key_holder(f, a, "k1"), 1);
    assert_int_equal(key_holder(f, b, "k1"), 3);
    assert_int_equal(key_holder(f, a, "k2"), 0);
    assert_int_equal(key_holder(f, a, ""), 0);
    // Without a key there is nothing to collide with.
    ask.key = (struct str){0};
    assert_true(claim(f, &runs[1], 1, SLOT(0)).won[0]);
    runs[1].id = 9;
    runs[1].scheduled_at = SLOT(9);
    assert_true(claim(f, &runs[1], 1, SLOT(0)).won[0]);
}

static void test_delete_run(void **state)
{
    struct fixture *f = *state;
    int64_t a = create(f, "a");
    struct run_ask ask = {.key = STR_LIT("k")};
    struct run run = run_of(1, a, 1);
    struct run_end end = end_of(1, 1);
    struct answer answer;

    run.ask = &ask;
    assert_true(claim(f, &run, 1, SLOT(1)).won[0]);
    (void)run_bring(f, 2, a, RUN_SUCCEEDED);
    answer = delete_run(f, 1);
    assert_int_equal(answer.code, ERR_CONFLICT);
    assert_non_null(strstr(answer.message, "is running"));
    end.out = (struct run_stream){STR_LIT("x"), {NULL, 0}, 1};
    finish(f, &end, 1);
    assert_int_equal(answer.gone_count, 0);
    answer = delete_run(f, 1);
    assert_int_equal(answer.code, ERR_NONE);
    assert_int_equal(answer.gone_count, 1);
    assert_int_equal(answer.gone.run_id, 1);
    assert_int_equal(answer.gone.attempts, 1);
    assert_int_equal(delete_run(f, 1).code, ERR_NOT_FOUND);
    assert_int_equal(state_of(f, 1), RUN_NONE);
    assert_int_equal(state_of(f, 2), RUN_SUCCEEDED);
    reopen(f);
    assert_true(claim(f, &run, 1, SLOT(1)).won[0]); // nothing of it is left: slot, id, key, output
    finish(f, &end, 1);
    assert_int_equal(state_of(f, 1), RUN_SUCCEEDED);
}
