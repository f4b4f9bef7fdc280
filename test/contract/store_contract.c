// store_contract.c - what every store must do, sentence by sentence of store.h; included by the
// tests of the stores.
// SPDX-License-Identifier: Apache-2.0
#include "store_fixture.c"

#include "inventory_contract.c"
#include "run_contract.c"

#include "chain_contract.c"
#include "find_contract.c"

#include "prune_contract.c"
#include "alert_contract.c"

// ---- jobs ----

static void test_empty(void **state)
{
    struct loaded loaded = {.wants = STORE_LAST_SLOT};
    struct store_load l = load(*state, &loaded);

    assert_string_equal(loaded.text, "");
    assert_int_equal(l.watermark.us, 0);
    assert_int_equal(l.orphaned, 0);
    assert_int_equal(l.last_run_id, 0);
}

static void test_create_and_load(void **state)
{
    struct fixture *f = *state;
    struct loaded loaded = {0};
    struct job_row row = row_of("b");
    struct answer b = put_row(f, &row, STORE_CREATE), a;

    row = row_of("a");
    row.kind = JOB_CERTIFICATE;
    row.state = JOB_PAUSED;
    row.spec = STR_LIT("not json; the store does not care");
    a = put_row(f, &row, STORE_ANY);
    assert_int_equal(b.version, 1);
    assert_true(b.job_id > 0 && a.job_id > b.job_id);
    assert_true(a.change_seq > b.change_seq);
    reopen(f);
    load(f, &loaded);
    assert_string_equal(loaded.text,
                        "b v1 s0 c1 {\"type\":\"interval\",\"seconds\":5} Europe/Berlin "
                        "{\"target\":\"x\"}\n"
                        "a v1 s1 c2 {\"type\":\"interval\",\"seconds\":5} Europe/Berlin not json; "
                        "the store does not care\n");
    assert_int_equal(loaded.first.id, b.job_id);
    assert_int_equal(loaded.first.effective_from.us, SLOT(1).us);
    assert_int_equal(loaded.first.created_at.us, SLOT(2).us);
    assert_int_equal(loaded.first.updated_at.us, SLOT(3).us);
}

static void test_exists(void **state)
{
    struct fixture *f = *state;
    struct loaded loaded = {0};
    struct answer a;

    create(f, "a");
    a = put(f, "a", STORE_CREATE);
    assert_int_equal(a.code, ERR_EXISTS);
    assert_non_null(strstr(a.message, "\"a\""));
    assert_int_equal(a.job_id, 0);
    load(f, &loaded);
    assert_non_null(strstr(loaded.text, "a v1 s0 c1 "));
}

static void test_replace(void **state)
{
    struct fixture *f = *state;
    struct loaded loaded = {0};
    int64_t id = create(f, "a");
    struct job_row row = row_of("a");
    struct answer a;

    row.trigger = STR_LIT("{}");
    row.effective_from = SLOT(50);
    row.created_at = SLOT(51);
    row.updated_at = SLOT(52);
    a = put_row(f, &row, STORE_ANY);
    assert_int_equal(a.job_id, id);
    assert_int_equal(a.version, 2);
    assert_int_equal(a.change_seq, 2);
    reopen(f);
    load(f, &loaded);
    assert_string_equal(loaded.text, "a v2 s0 c2 {} Europe/Berlin {\"target\":\"x\"}\n");
    assert_int_equal(loaded.first.effective_from.us, SLOT(50).us);
    assert_int_equal(loaded.first.created_at.us, SLOT(2).us); // it is the same job
    assert_int_equal(loaded.first.updated_at.us, SLOT(52).us);
}

static void test_version(void **state)
{
    struct fixture *f = *state;
    struct loaded loaded = {0};
    struct answer a;

    assert_int_equal(put(f, "a", 1).code, ERR_NOT_FOUND);
    create(f, "a");
    a = put(f, "a", 1);
    assert_int_equal(a.code, ERR_NONE);
    assert_int_equal(a.version, 2);
    a = put(f, "a", 1);
    assert_int_equal(a.code, ERR_CONFLICT);
    assert_non_null(strstr(a.message, "version 2"));
    assert_int_equal(put(f, "a", 3).code, ERR_CONFLICT);
    load(f, &loaded);
    assert_non_null(strstr(loaded.text, "a v2 s0 c2 "));
}

static void test_states(void **state)
{
    struct fixture *f = *state;
    struct loaded loaded = {0};
    int64_t id = create(f, "a");
    struct answer a = set_state(f, id, JOB_PAUSED);

    assert_int_equal(a.code, ERR_NONE);
    assert_int_equal(a.version, 2);
    assert_int_equal(a.job_id, id);
    assert_int_equal(set_state(f, id, JOB_ENABLED).version, 3);
    assert_int_equal(set_state(f, id, JOB_PAUSED).version, 4);
    assert_int_equal(set_state(f, id + 1, JOB_PAUSED).code, ERR_NOT_FOUND);
    assert_int_equal(put(f, "a", 4).version, 5);
    reopen(f);
    load(f, &loaded);
    assert_non_null(strstr(loaded.text, "a v5 s0 c5 "));
    loaded = (struct loaded){0};
    assert_int_equal(set_state(f, id, JOB_DELETED).code, ERR_NONE);
    assert_int_equal(set_state(f, id, JOB_PAUSED).code, ERR_NOT_FOUND);
    assert_int_equal(set_state(f, id, JOB_DELETED).code, ERR_NOT_FOUND);
    assert_int_equal(put(f, "a", 6).code, ERR_NOT_FOUND);
    load(f, &loaded);
    assert_string_equal(loaded.text, "");
}

// The name of an ended or deleted job is free; the new job is another one, the old one cannot come
// back.
static void test_names_freed(void **state)
{
    struct fixture *f = *state;
    struct loaded loaded = {0};
    int64_t ended = create(f, "a"), second, third;

    assert_int_equal(set_state(f, ended, JOB_ENDED).code, ERR_NONE);
    assert_int_equal(put(f, "a", 2).code, ERR_NOT_FOUND);
    assert_int_equal(set_state(f, ended, JOB_PAUSED).version, 3); // nobody took the name yet
    assert_int_equal(put(f, "a", STORE_CREATE).code, ERR_EXISTS);
    assert_int_equal(set_state(f, ended, JOB_ENDED).version, 4);
    second = create(f, "a");
    assert_true(second > ended);
    assert_int_equal(set_state(f, ended, JOB_ENABLED).code, ERR_NOT_FOUND); // a tombstone now
    assert_int_equal(set_state(f, second, JOB_DELETED).code, ERR_NONE);
    third = create(f, "a");
    assert_true(third > second);
    reopen(f);
    load(f, &loaded);
    assert_non_null(strstr(loaded.text, "a v1 s0 "));
    assert_null(strstr(strstr(loaded.text, "\n") + 1, "\n"));
}

// Many requests in one turn: answered in order, refusals among them leave no trace and disturb
// nobody.
static void test_neighbours(void **state)
{
    struct fixture *f = *state;
    static struct answer a[7];
    struct loaded loaded = {0};
    struct job_row row;
    int counter = 0;
    struct run run;

    memset(a, 0, sizeof a);
    for (int i = 0; i < 7; i++)
        a[i].counter = &counter;
    row = row_of("a");
    store_put_job(f->store, &row, STORE_CREATE, on_answer, &a[0]);
    store_put_job(f->store, &row, STORE_CREATE, on_answer, &a[1]);
    store_put_job(f->store, &row, 1, on_answer, &a[2]);
    store_put_job(f->store, &row, 1, on_answer, &a[3]);
    row = row_of("b");
    store_put_job(f->store, &row, STORE_CREATE, on_answer, &a[4]);
    store_set_job_state(f->store, 99, JOB_PAUSED, false, on_answer, &a[5]);
    run = run_of(1, 1, 1);
    store_claim(f->store, &run, 1, SLOT(1), on_answer, &a[6]);
    row.name = STR_LIT("overwritten after the call");
    run.job_id = 77;
    settle(f);
    for (int i = 0; i < 7; i++)
        assert_int_equal(a[i].order, i);
    assert_int_equal(a[0].code, ERR_NONE);
    assert_int_equal(a[1].code, ERR_EXISTS);
    assert_int_equal(a[2].code, ERR_NONE);
    assert_int_equal(a[3].code, ERR_CONFLICT);
    assert_int_equal(a[4].code, ERR_NONE);
    assert_int_equal(a[5].code, ERR_NOT_FOUND);
    assert_true(a[6].won[0]);
    load(f, &loaded);
    assert_non_null(strstr(loaded.text, "a v2 s0 c2 "));
    assert_non_null(strstr(loaded.text, "b v1 s0 c3 ")); // refusals use up no numbers
}

// Of very many in one turn each gets its own answer: made, changed, refused, in the place of one
// that has ended.
static void test_many_puts(void **state)
{
    enum {
        COUNT = 150
    };
    static const struct {
        int expect;
        enum err_code code;
        int version;
    } cases[] = {{STORE_CREATE, ERR_NONE, 1},   {STORE_ANY, ERR_NONE, 1},
                 {STORE_CREATE, ERR_EXISTS, 0}, {1, ERR_NONE, 2},
                 {STORE_ANY, ERR_NONE, 2},      {7, ERR_CONFLICT, 0},
                 {STORE_CREATE, ERR_NONE, 1}};
    enum {
        CASES = sizeof cases / sizeof *cases,
        THERE = 2,
        ENDED = CASES - 1
    };
    struct fixture *f = *state;
    static struct answer a[COUNT];
    static char names[COUNT][20];
    int64_t ids[COUNT] = {0};

    memset(a, 0, sizeof a);
    for (int i = 0; i < COUNT; i++) {
        (void)snprintf(names[i], sizeof names[i], "job %d", i * 7919 % COUNT);
        if (i % CASES >= THERE)
            ids[i] = create(f, names[i]);
        if (i % CASES == ENDED)
            set_state(f, ids[i], JOB_ENDED);
    }
    for (int i = 0; i < COUNT; i++) {
        struct job_row row = row_of(names[i]);

        store_put_job(f->store, &row, cases[i % CASES].expect, on_answer, &a[i]);
    }
    settle(f);
    for (int i = 0; i < COUNT; i++) {
        bool is_there = i % CASES >= THERE && i % CASES != ENDED;

        assert_int_equal(a[i].code, cases[i % CASES].code);
        assert_int_equal(a[i].version, cases[i % CASES].version);
        if (a[i].code == ERR_NONE)
            assert_true(is_there == (a[i].job_id == ids[i]) && a[i].job_id > 0);
    }
}

// ---- runs ----

static void test_claim_once(void **state)
{
    struct fixture *f = *state;
    int64_t a = create(f, "a"), b = create(f, "b");
    struct run runs[4] = {run_of(10, a, 1), run_of(11, a, 2), run_of(12, b, 1), run_of(13, a, 2)};
    struct answer won = claim(f, runs, 4, SLOT(2));
    struct page page;

    assert_true(won.won[0] && won.won[1] && won.won[2]);
    assert_false(won.won[3]); // the same slot twice in one claim
    assert_false(claim_one(f, 20, a, 1));
    assert_true(claim_one(f, 21, a, 3));
    reopen(f);
    assert_false(claim_one(f, 30, a, 3)); // nor after a restart
    page = read_runs(f, 0, 0, 100);
    assert_int_equal(page.len, 4);
    page_done(&page);
}

static void test_claim_deleted(void **state)
{
    struct fixture *f = *state;
    int64_t a = create(f, "a");

    set_state(f, a, JOB_PAUSED);
    assert_true(claim_one(f, 1, a, 1)); // by hand, for one
    set_state(f, a, JOB_ENDED);
    assert_true(claim_one(f, 2, a, 2));
    set_state(f, a, JOB_DELETED);
    assert_false(claim_one(f, 3, a, 3));
    assert_false(claim_one(f, 4, a + 1, 3));
    assert_false(claim_one(f, 1, a, 4)); // lost, not refused: nothing would have been written
    assert_int_equal(state_of(f, 3), 0);
}

static void test_claim_mixed(void **state)
{
    struct fixture *f = *state;
    int64_t a = create(f, "a"), gone = create(f, "gone");
    struct run runs[5] = {run_of(10, a, 1), run_of(1, gone, 2), run_of(11, a, 2),
                          run_of(12, gone, 3), run_of(13, a, 3)};
    struct answer won;

    assert_true(claim_one(f, 1, a, 1));
    set_state(f, gone, JOB_DELETED);
    won = claim(f, runs, 5, SLOT(3));
    assert_int_equal(won.code, ERR_NONE);
    assert_false(won.won[0]); // has a row
    assert_false(won.won[1]); // of a job that is gone, though its id has a row
    assert_true(won.won[2]);
    assert_false(won.won[3]);
    assert_true(won.won[4]);
}

static void test_claim_used_id(void **state)
{
    struct fixture *f = *state;
    int64_t a = create(f, "a");
    struct run runs[3] = {run_of(6, a, 6), run_of(5, a, 7), run_of(7, a, 8)};
    struct answer refused, b = {0};
    struct job_row row = row_of("b");

    assert_true(claim_one(f, 5, a, 5));
    store_put_job(f->store, &row, STORE_CREATE, on_answer, &b);
    refused = claim(f, runs, 3, SLOT(9));
    assert_int_equal(b.code, ERR_NONE); // the neighbour in the transaction
    assert_int_equal(refused.code, ERR_CONFLICT);
    assert_non_null(strstr(refused.message, " id 5 ")); // which of them
    assert_int_equal(state_of(f, 6), 0);
    assert_true(claim_one(f, 8, a, 6));
    assert_true(claim_one(f, 9, a, 7));
}

static void test_claim_round_trip(void **state)
{
    struct fixture *f = *state;
    int64_t a = create(f, "a");
    struct run run = {.id = INT64_C(9007199254740991),
                      .job_id = a,
                      .scheduled_at = SLOT(9),
                      .origin = RUN_CATCHUP,
                      .state = RUN_SKIPPED,
                      .reason = REASON_MISFIRE,
                      .job_version = 3,
                      .attempt = 0,
                      .missed = 7,
                      .missed_from = SLOT(2),
                      .queued_at = SLOT(10),
                      .finished_at = SLOT(11),
                      .exit_code = -1,
                      .message = STR_LIT("7 slots were missed")};
    struct page page;

    assert_true(claim(f, &run, 1, SLOT(9)).won[0]);
    page = read_run(f, run.id);
    assert_int_equal(page.len, 1);
    assert_int_equal(page.v[0].run.id, run.id);
    assert_int_equal(page.v[0].run.job_id, a);
    assert_int_equal(page.v[0].run.scheduled_at.us, SLOT(9).us);
    assert_int_equal(page.v[0].run.origin, RUN_CATCHUP);
    assert_int_equal(page.v[0].run.state, RUN_SKIPPED);
    assert_int_equal(page.v[0].run.reason, REASON_MISFIRE);
    assert_int_equal(page.v[0].run.job_version, 3);
    assert_int_equal(page.v[0].run.attempt, 0);
    assert_int_equal(page.v[0].run.missed, 7);
    assert_int_equal(page.v[0].run.missed_from.us, SLOT(2).us);
    assert_int_equal(page.v[0].run.queued_at.us, SLOT(10).us);
    assert_int_equal(page.v[0].run.started_at.us, 0);
    assert_int_equal(page.v[0].run.finished_at.us, SLOT(11).us);
    assert_int_equal(page.v[0].run.exit_code, -1);
    assert_int_equal(page.v[0].run.signal, 0);
    assert_string_equal(page.v[0].message, "7 slots were missed");
    assert_string_equal(page.v[0].name, "a");
    page_done(&page);
}

static void test_watermark(void **state)
{
    struct fixture *f = *state;
    struct loaded loaded = {0};
    int64_t a = create(f, "a");
    struct run run = run_of(1, a, 1);

    claim(f, &run, 1, SLOT(5));
    claim(f, NULL, 0, SLOT(8));
    claim(f, NULL, 0, (wall){0}); // says nothing of it
    reopen(f);
    assert_int_equal(load(f, &loaded).watermark.us, SLOT(8).us);
    claim(f, NULL, 0, SLOT(3)); // the clock was set back
    reopen(f);
    assert_int_equal(load(f, &loaded).watermark.us, SLOT(3).us);
    claim(f, NULL, 0, SLOT(8));
    run.scheduled_at = SLOT(2);
    assert_int_equal(claim(f, &run, 1, SLOT(9)).code, ERR_CONFLICT); // no trace: it stays, too
    reopen(f);
    assert_int_equal(load(f, &loaded).watermark.us, SLOT(8).us);
}

static void test_finish(void **state)
{
    struct fixture *f = *state;
    int64_t a = create(f, "a");
    struct run runs[2] = {run_of(1, a, 1), run_of(2, a, 2)};
    struct run_end ends[3] = {end_of(1, 1), end_of(2, 2), end_of(3, 1)};
    struct page page;

    claim(f, runs, 2, SLOT(2));
    ends[0].state = RUN_FAILED;
    ends[0].reason = REASON_SHUTDOWN;
    ends[0].exit_code = -1;
    ends[0].signal = 15;
    ends[0].message = STR_LIT("ended by signal 15");
    finish(f, ends, 3);
    assert_int_equal(state_of(f, 2), RUN_RUNNING); // another attempt: ignored
    assert_int_equal(state_of(f, 3), 0);           // no such run: ignored
    page = read_run(f, 1);
    assert_int_equal(page.v[0].run.state, RUN_FAILED);
    assert_int_equal(page.v[0].run.reason, REASON_SHUTDOWN);
    assert_int_equal(page.v[0].run.exit_code, -1);
    assert_int_equal(page.v[0].run.signal, 15);
    assert_int_equal(page.v[0].run.started_at.us, SLOT(100).us);
    assert_int_equal(page.v[0].run.finished_at.us, SLOT(101).us);
    assert_int_equal(page.v[0].run.scheduled_at.us, SLOT(1).us);
    assert_int_equal(page.v[0].run.attempt, 1);
    assert_string_equal(page.v[0].message, "ended by signal 15");
    assert_int_equal(page.v[0].out_total, 0);
    page_done(&page);
}

static void test_final_stays(void **state)
{
    struct fixture *f = *state;
    int64_t a = create(f, "a");
    struct run runs[2] = {run_of(1, a, 1), run_of(2, a, 2)};
    struct run_end end = end_of(1, 1);
    struct page page;

    runs[1].state = RUN_SKIPPED;
    runs[1].attempt = 0;
    claim(f, runs, 2, SLOT(1));
    finish(f, &end, 1);
    end.state = RUN_FAILED;
    end.out = (struct run_stream){.head = STR_LIT("late"), .total = 4};
    finish(f, &end, 1);
    end.run_id = 2;
    end.attempt = 0;
    finish(f, &end, 1);
    page = read_run(f, 1);
    assert_int_equal(page.v[0].run.state, RUN_SUCCEEDED);
    assert_int_equal(page.v[0].out_head.len, 0);
    page_done(&page);
    assert_int_equal(state_of(f, 2), RUN_SKIPPED);
}

static void test_output(void **state)
{
    struct fixture *f = *state;
    int64_t a = create(f, "a");
    struct run run = run_of(1, a, 1);
    struct run_end end = end_of(1, 1);
    size_t large = 200000;
    char *bytes = mem_alloc(large);
    struct page page;

    for (size_t i = 0; i < large; i++)
        bytes[i] = (char)(i * 31 + i / 256);
    claim(f, &run, 1, SLOT(1));
    end.out = (struct run_stream){{bytes, large}, {bytes + 5, 1000}, 123456789};
    end.err = (struct run_stream){{"\0\xff\0", 3}, {NULL, 0}, 3};
    end.result = STR_LIT("{\"days_left\":12}");
    end.progress = STR_LIT("{\"progress\":1}");
    end.usage = (struct run_usage){123, 45, 6789000};
    finish(f, &end, 1);
    reopen(f);
    page = read_run(f, 1);
    assert_int_equal(page.v[0].out_head.len, large);
    assert_memory_equal(page.v[0].out_head.p, bytes, large);
    assert_int_equal(page.v[0].out_tail.len, 1000);
    assert_memory_equal(page.v[0].out_tail.p, bytes + 5, 1000);
    assert_int_equal(page.v[0].out_total, 123456789);
    assert_int_equal(page.v[0].err_head.len, 3);
    assert_memory_equal(page.v[0].err_head.p, "\0\xff\0", 3);
    assert_int_equal(page.v[0].err_tail.len, 0);
    assert_int_equal(page.v[0].err_total, 3);
    assert_memory_equal(page.v[0].result.p, "{\"days_left\":12}", 16);
    assert_memory_equal(page.v[0].progress.p, "{\"progress\":1}", 15);
    assert_int_equal(page.v[0].usage.user_us, 123);
    assert_int_equal(page.v[0].usage.system_us, 45);
    assert_int_equal(page.v[0].usage.max_rss_bytes, 6789000);
    page_done(&page);
    free(bytes);
}

static void test_last_run(void **state)
{
    struct fixture *f = *state;
    struct loaded loaded = {.wants = STORE_LAST_SLOT};
    int64_t a = create(f, "a"), b = create(f, "b"), c = create(f, "c");
    struct run runs[5] = {run_of(1, c, 30), run_of(2, c, 29), run_of(3, a, 10), run_of(4, a, 12),
                          run_of(5, b, 1)};
    char expect[100];

    runs[1].state = RUN_SKIPPED;
    runs[3].origin = runs[4].origin = RUN_MANUAL; // stands for no slot
    claim(f, runs, 5, SLOT(0));
    set_state(f, b, JOB_ENDED);
    load(f, &loaded);
    snprintf(expect, sizeof expect, "last %" PRId64 " 10\n", a);
    assert_non_null(strstr(loaded.text, expect));
    snprintf(expect, sizeof expect, "last %" PRId64 " 30\n", c);
    assert_non_null(strstr(loaded.text, expect));
    assert_null(strstr(loaded.text, "\nb "));
    loaded = (struct loaded){0};
    load(f, &loaded);
    assert_null(strstr(loaded.text, "last"));
}

static void test_slots_behind_the_watermark(void **state)
{
    struct fixture *f = *state;
    struct loaded loaded = {0};
    int64_t a = create(f, "a"), b = create(f, "b"), c = create(f, "c");
    struct run runs[6] = {run_of(1, a, 20), run_of(2, a, 21), run_of(3, a, 30),
                          run_of(4, b, 20), run_of(5, c, 22), run_of(6, c, 40)};
    const char *at;
    char expect[100];

    runs[0].state = runs[1].state = RUN_SKIPPED;
    runs[2].origin = runs[5].origin = RUN_MANUAL; // stand for no slot
    claim(f, runs, 6, SLOT(20));
    reopen(f);
    load(f, &loaded);
    snprintf(expect, sizeof expect, "slot %" PRId64 " 21\n", a);
    assert_non_null(strstr(loaded.text, expect));
    snprintf(expect, sizeof expect, "slot %" PRId64 " 22\n", c);
    assert_non_null(strstr(loaded.text, expect));
    assert_non_null(at = strstr(loaded.text, "slot "));
    assert_non_null(at = strstr(at + 1, "slot "));
    assert_null(strstr(at + 1, "slot ")); // nothing of b, and each job once
}

// The latest end is not always that of the latest slot; whoever started the run, and however it
// ended.
static void test_last_end(void **state)
{
    struct fixture *f = *state;
    struct loaded loaded = {.wants = STORE_LAST_END};
    int64_t a = create(f, "a"), b = create(f, "b"), c = create(f, "c");
    struct run runs[4] = {run_of(1, a, 10), run_of(2, a, 12), run_of(3, b, 1), run_of(4, b, 2)};
    struct run_end ends[3] = {end_of(1, 1), end_of(2, 1), end_of(3, 1)};
    char expect[100];

    runs[1].origin = RUN_MANUAL;
    runs[3].state = RUN_SKIPPED;
    runs[3].finished_at = SLOT(70);
    claim(f, runs, 4, SLOT(0));
    ends[0].finished_at = SLOT(40);
    ends[1].finished_at = SLOT(30);
    ends[2].finished_at = SLOT(20);
    finish(f, ends, 3);
    load(f, &loaded);
    snprintf(expect, sizeof expect, "last %" PRId64 " 40\n", a);
    assert_non_null(strstr(loaded.text, expect));
    snprintf(expect, sizeof expect, "last %" PRId64 " 70\n", b);
    assert_non_null(strstr(loaded.text, expect));
    snprintf(expect, sizeof expect, "last %" PRId64 " ", c);
    assert_null(strstr(loaded.text, expect)); // nothing of it has ended
}

// ---- pages ----

static void test_pages(void **state)
{
    struct fixture *f = *state;
    int64_t jobs[2] = {create(f, "a"), create(f, "b")};
    struct run runs[50];
    struct page page;
    int64_t before = 0;
    int seen = 0;

    for (int i = 0; i < 50; i++)
        runs[i] = run_of(100 + i, jobs[i % 2], i);
    claim(f, runs, 50, SLOT(50));
    for (;;) {
        page = read_runs(f, 0, before, 7);
        for (size_t i = 0; i < page.len; i++)
            assert_int_equal(page.v[i].run.id, 149 - seen++);
        if (!page.len)
            break;
        before = page.v[page.len - 1].run.id;
        page_done(&page);
    }
    assert_int_equal(seen, 50);
    seen = 0;
    before = 0;
    for (;;) {
        page = read_runs(f, jobs[1], before, 10);
        for (size_t i = 0; i < page.len; i++, seen++) {
            assert_int_equal(page.v[i].run.id, 149 - 2 * seen);
            assert_string_equal(page.v[i].name, "b");
        }
        if (!page.len)
            break;
        before = page.v[page.len - 1].run.id;
        page_done(&page);
    }
    assert_int_equal(seen, 25);
    page = read_runs(f, jobs[1] + 9, 0, 10);
    assert_int_equal(page.len, 0);
    page = read_runs(f, 0, 100, 10);
    assert_int_equal(page.len, 0);
    page = read_runs(f, jobs[1], 999, 10); // behind a run that is not there
    assert_int_equal(page.len, 0);
    page = read_run(f, 99);
    assert_int_equal(page.len, 0);
}

// History by job is by slot, also where ids say otherwise, and stays readable when the job is gone.
static void test_page_by_slot(void **state)
{
    struct fixture *f = *state;
    int64_t a = create(f, "a");
    struct run runs[3] = {run_of(1, a, 3), run_of(2, a, 1), run_of(3, a, 2)};
    struct run_end end = end_of(2, 1);
    struct page page;

    claim(f, runs, 3, SLOT(3));
    finish(f, &end, 1); // some final, some alive
    set_state(f, a, JOB_DELETED);
    page = read_runs(f, a, 0, 2);
    assert_int_equal(page.len, 2);
    assert_int_equal(page.v[0].run.id, 1);
    assert_int_equal(page.v[1].run.id, 3);
    assert_string_equal(page.v[0].name, "a");
    page_done(&page);
    page = read_runs(f, a, 3, 2);
    assert_int_equal(page.len, 1);
    assert_int_equal(page.v[0].run.id, 2);
    page_done(&page);
}

static void test_stats(void **state)
{
    struct fixture *f = *state;
    struct store_stats before, after;

    store_stats(f->store, &before);
    create(f, "a");
    put(f, "a", STORE_CREATE);
    store_stats(f->store, &after);
    assert_int_equal(after.writes - before.writes, 2);
    assert_int_equal(after.transactions - before.transactions, 2);
    assert_int_equal(after.waiting, 0);
    assert_int_equal(after.last_failure.code, ERR_NONE);
}

// A done that asks for more while the store closes: that is carried out as well.
struct chain {
    struct store *store;
    int answers;
};

static void on_chain(const struct store_answer *a, void *ctx)
{
    struct chain *chain = ctx;
    struct job_row row = row_of("second");

    assert_null(a->err);
    if (chain->answers++ == 0)
        store_put_job(chain->store, &row, STORE_CREATE, on_chain, chain);
}

static void test_close_answers(void **state)
{
    struct fixture *f = *state;
    struct chain chain = {.store = f->store};
    struct loaded loaded = {0};
    struct page page = {0};
    struct job_row row = row_of("first");

    store_put_job(f->store, &row, STORE_CREATE, on_chain, &chain);
    store_read_run(f->store, 1, on_runs, &page);
    store_close(f->store);
    assert_int_equal(chain.answers, 2);
    assert_true(page.is_there);
    f->store = f->kind->open(f->medium, f->loop, &f->clock.base);
    load(f, &loaded);
    assert_non_null(strstr(loaded.text, "first v1"));
    assert_non_null(strstr(loaded.text, "second v1"));
}

// A large claim in one go, with its ends.
static void test_many(void **state)
{
    struct fixture *f = *state;
    static struct run runs[1000];
    static struct run_end ends[1000];
    struct loaded loaded = {0};
    int64_t a = create(f, "a");
    struct answer won;

    for (int i = 0; i < 1000; i++) {
        runs[i] = run_of(1 + i, a, i);
        ends[i] = end_of(1 + i, 1);
    }
    won = claim(f, runs, 1000, SLOT(1000));
    for (int i = 0; i < 1000; i++)
        assert_true(won.won[i]);
    finish(f, ends, 1000);
    reopen(f);
    assert_int_equal(load(f, &loaded).orphaned, 0);
    assert_int_equal(state_of(f, 1000), RUN_SUCCEEDED);
}

// ---- planned runs ----

static void launch(struct fixture *f, int64_t upto, const int64_t *dropped, size_t count)
{
    static struct answer a;

    a = (struct answer){0};
    store_launch(f->store, upto, dropped, count, on_answer, &a);
    assert_false(a.is_there);
    settle(f);
    assert_true(a.is_there);
    assert_int_equal(a.code, ERR_NONE);
}

static struct run planned_of(int64_t id, int64_t job_id, int slot)
{
    struct run run = run_of(id, job_id, slot);

    run.queued_at = run.started_at = run.try_at = run.scheduled_at;
    return run;
}

// Until their moment they wait; those that are launched are runs like any other, those that are
// not were never claimed.
static void test_planned(void **state)
{
    struct fixture *f = *state;
    int64_t a = create(f, "a"), b = create(f, "b"), dropped = 3;
    struct run runs[6] = {planned_of(1, a, 10), planned_of(2, b, 10), planned_of(3, a, 11),
                          planned_of(4, b, 11), planned_of(5, a, 12), planned_of(6, b, 12)};
    struct run_end end = end_of(1, 1);
    struct loaded loaded = {0};

    if (!store_can_plan(f->store))
        skip();
    claim(f, runs, 6, SLOT(5));
    assert_int_equal(state_of(f, 1), RUN_QUEUED);
    sim_clock_advance(&f->clock, 20000000);
    launch(f, 4, &dropped, 1);
    assert_int_equal(state_of(f, 3), RUN_NONE);
    finish(f, &end, 1);
    assert_int_equal(state_of(f, 1), RUN_SUCCEEDED);
    set_state(f, b, JOB_DELETED);
    assert_int_equal(state_of(f, 4), RUN_RUNNING);
    assert_int_equal(state_of(f, 6), RUN_NONE);
    reopen(f);
    assert_int_equal(load(f, &loaded).orphaned, 2);
    assert_int_equal(state_of(f, 2), RUN_ORPHANED);
    assert_int_equal(state_of(f, 4), RUN_ORPHANED);
    assert_int_equal(state_of(f, 5), RUN_NONE);
    runs[2].id = 7;
    assert_true(claim(f, &runs[2], 1, SLOT(5)).won[0]); // the slot is free
}

// ---- calendars and freezes ----

static struct answer put_calendar(struct fixture *f, enum store_calendar_kind kind,
                                  const char *name, const char *body, int expect)
{
    static struct answer a;
    struct store_calendar row = {
        .kind = kind,
        .name = str_of(name),
        .body = str_of(body),
        .created_at = SLOT(strlen(body)), // so that it shows whose they are
        .updated_at = SLOT(strlen(body)),
    };

    a = (struct answer){0};
    store_put_calendar(f->store, &row, expect, on_answer, &a);
    assert_false(a.is_there);
    settle(f);
    assert_true(a.is_there);
    return a;
}

static struct answer delete_calendar(struct fixture *f, enum store_calendar_kind kind,
                                     const char *name)
{
    static struct answer a;

    a = (struct answer){0};
    store_delete_calendar(f->store, kind, str_of(name), on_answer, &a);
    settle(f);
    assert_true(a.is_there);
    return a;
}

// What a load tells, a line each: "0 holidays v1 {} 2 2", when it was made and changed; and "job a"
// for the jobs among it.
static const char *calendars_loaded(struct fixture *f, char text[1000])
{
    struct store_load l = {.on_calendar = on_calendar, .on_job = on_job_name, .ctx = text};
    struct err e;

    text[0] = '\0';
    assert_true(store_load(f->store, &l, &e));
    return text;
}

static void test_calendars(void **state)
{
    struct fixture *f = *state;
    char text[1000];
    struct answer a;

    assert_string_equal(calendars_loaded(f, text), "");
    create(f, "a");
    assert_int_equal(put_calendar(f, STORE_CALENDAR, "work", "{}", STORE_CREATE).version, 1);
    assert_int_equal(put_calendar(f, STORE_FREEZE, "work", "[1]", STORE_ANY).version, 1);
    assert_int_equal(put_calendar(f, STORE_CALENDAR, "holidays", "{\"x\":1}", 0).version, 1);
    a = put_calendar(f, STORE_CALENDAR, "work", "{\"y\":2}", STORE_ANY);
    assert_int_equal(a.version, 2);
    assert_int_equal(a.code, ERR_NONE);
    assert_int_equal(put_calendar(f, STORE_POOL, "work", "{\"slots\":1}", STORE_CREATE).version, 1);
    assert_int_equal(put_calendar(f, STORE_RATES, "default", "{}", STORE_ANY).version, 1);
    assert_int_equal(put_calendar(f, STORE_POOL, "work", "{}", 7).code, ERR_CONFLICT);
    reopen(f);
    assert_string_equal(calendars_loaded(f, text), "0 holidays v1 {\"x\":1} 7 7\n"
                                                   "0 work v2 {\"y\":2} 2 7\n"
                                                   "1 work v1 [1] 3 3\n"
                                                   "3 work v1 {\"slots\":1} 11 11\n"
                                                   "4 default v1 {} 2 2\n"
                                                   "job a\n");
    assert_int_equal(delete_calendar(f, STORE_POOL, "work").code, ERR_NONE);
    assert_int_equal(delete_calendar(f, STORE_RATES, "default").code, ERR_NONE);
    assert_int_equal(delete_calendar(f, STORE_CALENDAR, "work").code, ERR_NONE);
    reopen(f);
    assert_string_equal(calendars_loaded(f, text), "0 holidays v1 {\"x\":1} 7 7\n"
                                                   "1 work v1 [1] 3 3\n"
                                                   "job a\n");
    assert_int_equal(put_calendar(f, STORE_CALENDAR, "work", "{}", STORE_CREATE).version, 1);
}

static void test_calendars_refused(void **state)
{
    struct fixture *f = *state;
    char text[1000];
    struct answer a = delete_calendar(f, STORE_FREEZE, "x");

    assert_int_equal(a.code, ERR_NOT_FOUND);
    assert_string_equal(a.message, "there is no freeze \"x\"");
    assert_int_equal(put_calendar(f, STORE_CALENDAR, "x", "{}", 1).code, ERR_NOT_FOUND);
    put_calendar(f, STORE_CALENDAR, "x", "{}", STORE_CREATE);
    a = put_calendar(f, STORE_CALENDAR, "x", "{\"lost\":1}", STORE_CREATE);
    assert_int_equal(a.code, ERR_EXISTS);
    assert_string_equal(a.message, "a calendar \"x\" exists already");
    a = put_calendar(f, STORE_CALENDAR, "x", "{\"lost\":1}", 2);
    assert_int_equal(a.code, ERR_CONFLICT);
    assert_non_null(strstr(a.message, "the calendar \"x\" is at version 1 now, not 2"));
    assert_int_equal(put_calendar(f, STORE_CALENDAR, "x", "{}", 1).version, 2);
    assert_string_equal(calendars_loaded(f, text), "0 x v2 {} 2 2\n");
}

#define CONTRACT(test, kind) \
    cmocka_unit_test_prestate_setup_teardown(test, fixture_setup, fixture_teardown, (void *)(kind))

static int contract_run(const char *name, const struct store_kind *kind)
{
    const struct CMUnitTest tests[] = {
        CONTRACT(test_empty, kind),
        CONTRACT(test_create_and_load, kind),
        CONTRACT(test_exists, kind),
        CONTRACT(test_replace, kind),
        CONTRACT(test_version, kind),
        CONTRACT(test_states, kind),
        CONTRACT(test_names_freed, kind),
        CONTRACT(test_neighbours, kind),
        CONTRACT(test_many_puts, kind),
        CONTRACT(test_claim_once, kind),
        CONTRACT(test_claim_deleted, kind),
        CONTRACT(test_claim_mixed, kind),
        CONTRACT(test_claim_used_id, kind),
        CONTRACT(test_claim_round_trip, kind),
        CONTRACT(test_watermark, kind),
        CONTRACT(test_finish, kind),
        CONTRACT(test_final_stays, kind),
        CONTRACT(test_output, kind),
        CONTRACT(test_moves, kind),
        CONTRACT(test_births, kind),
        CONTRACT(test_chain_begins_once, kind),
        CONTRACT(test_chain_in_attempts, kind),
        CONTRACT(test_met, kind),
        CONTRACT(test_find_asked, kind),
        CONTRACT(test_find_running, kind),
        CONTRACT(test_orphans, kind),
        CONTRACT(test_attempts, kind),
        CONTRACT(test_start_numbers, kind),
        CONTRACT(test_ask, kind),
        CONTRACT(test_delete_run, kind),
        CONTRACT(test_last_run, kind),
        CONTRACT(test_slots_behind_the_watermark, kind),
        CONTRACT(test_last_end, kind),
        CONTRACT(test_pages, kind),
        CONTRACT(test_page_by_slot, kind),
        CONTRACT(test_find, kind),
        CONTRACT(test_find_going, kind),
        CONTRACT(test_find_going_alive, kind),
        CONTRACT(test_page_of_ended, kind),
        CONTRACT(test_uptimes, kind),
        CONTRACT(test_prune, kind),
        CONTRACT(test_prune_spares_causes, kind),
        CONTRACT(test_prune_what_is_gone, kind),
        CONTRACT(test_uptimes_are_few, kind),
        CONTRACT(test_stats, kind),
        CONTRACT(test_close_answers, kind),
        CONTRACT(test_planned, kind),
        CONTRACT(test_planned, kind),
        CONTRACT(test_many, kind),
        CONTRACT(test_calendars, kind),
        CONTRACT(test_calendars_refused, kind),
        CONTRACT(test_seen, kind),
        CONTRACT(test_replaced, kind),
        CONTRACT(test_where_seen, kind),
        CONTRACT(test_same_twice_in_a_chain, kind),
        CONTRACT(test_wanted, kind),
        CONTRACT(test_pages_of_certificates, kind),
        CONTRACT(test_bounded_inventory, kind),
        CONTRACT(test_alerts_are_kept, kind),
        CONTRACT(test_alerts_by_page, kind),
        CONTRACT(test_pasts, kind),
        CONTRACT(test_pasts_here_and_there, kind),
    };

    return _cmocka_run_group_tests(name, tests, sizeof tests / sizeof *tests, NULL, NULL);
}
