// find_contract.c - runs found by their slots, and when the store was held. Included by
// store_contract.c.
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

// The ids that are found, in order: "3 2 1".
static struct page found;
static char found_text[4000];

static const char *find(struct fixture *f, const struct store_find *what)
{
    size_t len = 0;

    found = (struct page){0};
    store_find_runs(f->store, what, on_runs, &found);
    assert_false(found.is_there);
    settle(f);
    assert_true(found.is_there);
    assert_int_equal(found.code, ERR_NONE);
    found_text[0] = '\0';
    for (size_t i = 0; i < found.len; i++)
        len += (size_t)snprintf(found_text + len, sizeof found_text - len, "%s%" PRId64,
                                i > 0 ? " " : "", found.v[i].run.id);
    page_done(&found);
    return found_text;
}

// Runs 1 to 6 of job a in slots 10 to 60, run 7 of job b in slot 30; 1 to 4 and 7 have ended.
static void find_fill(struct fixture *f, int64_t *ret_a, int64_t *ret_b)
{
    *ret_a = create(f, "a");
    *ret_b = create(f, "b");
    for (int i = 1; i <= 6; i++)
        assert_true(claim_one(f, i, *ret_a, i * 10));
    assert_true(claim_one(f, 7, *ret_b, 30));
    for (int i = 1; i <= 7; i++) {
        struct run_end end = end_of(i, 1);

        end.started_at = SLOT(i * 10);
        end.finished_at = SLOT(i * 10 + 15);
        if (i != 5 && i != 6)
            finish(f, &end, 1);
    }
}

static void test_find(void **state)
{
    struct fixture *f = *state;
    int64_t a, b;

    find_fill(f, &a, &b);
    const struct {
        struct store_find find;
        const char *expected;
    } cases[] = {
        {{.to = SLOT(1000), .limit = 10}, "6 5 4 7 3 2 1"},
        {{.to = SLOT(1000), .limit = 10, .is_oldest_first = true}, "1 2 3 7 4 5 6"},
        {{.from = SLOT(20), .to = SLOT(30), .limit = 10}, "7 3 2"},
        {{.from = SLOT(21), .to = SLOT(29), .limit = 10}, ""},
        {{.to = SLOT(1000), .limit = 2}, "6 5"},
        {{.job_id = a, .to = SLOT(1000), .limit = 10}, "6 5 4 3 2 1"},
        {{.job_id = a, .to = SLOT(1000), .limit = 3, .is_oldest_first = true}, "1 2 3"},
        {{.job_id = a, .from = SLOT(40), .to = SLOT(50), .limit = 3}, "5 4"},
        {{.job_id = b, .to = SLOT(1000), .limit = 3}, "7"},
        {{.job_id = 99, .to = SLOT(1000), .limit = 3}, ""},
        {{.from = {INT64_MIN}, .to = WALL_NEVER, .limit = 1}, "6"},
    };

    for (size_t i = 0; i < COUNT(cases); i++)
        assert_string_equal(find(f, &cases[i].find), cases[i].expected);
    // What a run says, and its job's name though that is gone.
    set_state(f, b, JOB_DELETED);
    const struct store_find of_b = {.job_id = b, .to = SLOT(1000), .limit = 1};
    struct page page = {0};

    store_find_runs(f->store, &of_b, on_runs, &page);
    settle(f);
    assert_int_equal(page.len, 1);
    assert_string_equal(page.v[0].name, "b");
    assert_int_equal(page.v[0].run.finished_at.us, SLOT(85).us);
    assert_int_equal(page.v[0].run.state, RUN_SUCCEEDED);
    page_done(&page);
}

// Runs that were asked for, by the slot they stand for and by what caused them.
static void test_find_asked(void **state)
{
    struct fixture *f = *state;
    int64_t a = create(f, "a"), b = create(f, "b");

    for (int i = 1; i <= 6; i++) {
        struct run_ask ask = {
            .slot = SLOT(i * 10), .cause_id = i < 4 ? 1 : 4, .overlap = -1, .parallel = i};
        struct run run = run_of(i, i == 6 ? b : a, 100 - i);

        run.origin = RUN_BACKFILL;
        run.ask = i == 5 ? NULL : &ask;
        assert_true(claim(f, &run, 1, SLOT(0)).won[0]);
    }
    const struct {
        struct store_find find;
        const char *expected;
    } cases[] = {
        {{.job_id = a, .to = SLOT(100), .limit = 10, .is_by_asked_slot = true}, "1 2 3 4"},
        {{.job_id = a, .from = SLOT(20), .to = SLOT(30), .limit = 10, .is_by_asked_slot = true},
         "2 3"},
        {{.job_id = a, .to = SLOT(100), .limit = 2, .is_by_asked_slot = true}, "1 2"},
        {{.job_id = a, .to = SLOT(100), .limit = 2, .is_by_asked_slot = true, .after_id = 2},
         "3 4"},
        {{.cause_id = 1, .limit = 10}, "1 2 3"},
        {{.cause_id = 4, .limit = 10}, "4 6"},
        {{.cause_id = 1, .limit = 10, .after_id = 2}, "3"},
        {{.cause_id = 9, .limit = 10}, ""},
    };

    for (size_t i = 0; i < COUNT(cases); i++)
        assert_string_equal(find(f, &cases[i].find), cases[i].expected);
}

// What is in progress now, of any job, by id.
static void test_find_running(void **state)
{
    struct fixture *f = *state;
    int64_t a = create(f, "a"), b = create(f, "b");

    for (int i = 1; i <= 6; i++) {
        struct run run = run_of(i, i % 2 ? a : b, 100 - i);

        run.state = i == 2 ? RUN_QUEUED : i == 4 ? RUN_SKIPPED : RUN_RUNNING;
        assert_true(claim(f, &run, 1, SLOT(0)).won[0]);
    }
    assert_string_equal(find(f, &(struct store_find){.is_running = true, .limit = 10}), "1 3 5 6");
    assert_string_equal(find(f, &(struct store_find){.is_running = true, .limit = 2}), "1 3");
    assert_string_equal(
        find(f, &(struct store_find){.is_running = true, .limit = 2, .after_id = 3}), "5 6");
    assert_string_equal(
        find(f, &(struct store_find){.is_running = true, .is_queued = true, .limit = 10}),
        "1 2 3 5 6");
}

static void test_find_going(void **state)
{
    struct fixture *f = *state;
    int64_t a, b;
    struct run queued;

    find_fill(f, &a, &b);
    // 5 and 6 go on; one that is queued or was skipped was never in progress.
    queued = run_of(8, a, 61);
    queued.state = RUN_QUEUED;
    queued.attempt = 0;
    assert_true(claim(f, &queued, 1, SLOT(0)).won[0]);
    queued = run_of(9, a, 62);
    queued.state = RUN_SKIPPED;
    queued.attempt = 0;
    queued.finished_at = SLOT(62);
    assert_true(claim(f, &queued, 1, SLOT(0)).won[0]);
    const struct {
        int64_t job_id;
        int at;
        const char *expected;
    } cases[] = {
        {a, 9, ""},  {a, 10, "1"}, {a, 24, "2 1"}, {a, 25, "2"}, {a, 59, ""},
        {b, 30, ""}, {b, 75, "7"}, {0, 54, "4"},   {0, 84, "7"}, {99, 30, ""},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct store_find what = {.job_id = cases[i].job_id,
                                        .to = SLOT(1000),
                                        .going_at = SLOT(cases[i].at),
                                        .limit = 10};

        (void)find(f, &what);
        // The start of those that go on is 0 here: the executor's word has not come.
        assert_string_equal(found_text, cases[i].expected);
    }
}

static void test_find_going_alive(void **state)
{
    struct fixture *f = *state;
    int64_t a = create(f, "a");
    struct run run = run_of(1, a, 10);
    struct store_find what = {.to = SLOT(1000), .going_at = SLOT(11), .limit = 10};

    run.started_at = SLOT(11);
    assert_true(claim(f, &run, 1, SLOT(0)).won[0]);
    assert_string_equal(find(f, &what), "1");
    what.job_id = a;
    assert_string_equal(find(f, &what), "1");
    what.going_at = SLOT(10);
    assert_string_equal(find(f, &what), "");
    // Between its attempts a run is in progress, too.
    run = run_of(2, create(f, "b"), 10);
    run.queued_at = SLOT(9);
    run.started_at = SLOT(20);
    run.attempt = 2;
    assert_true(claim(f, &run, 1, SLOT(0)).won[0]);
    what.job_id = run.job_id;
    assert_string_equal(find(f, &what), "2");
    what.going_at = SLOT(8);
    assert_string_equal(find(f, &what), "");
}

// A job that has ended is known by its name until another one takes it.
static void test_page_of_ended(void **state)
{
    struct fixture *f = *state;
    const struct store_run_query query = {.ended = STR_LIT("a"), .limit = 10};
    struct store_run_query behind = query;
    int64_t a = create(f, "a");
    struct page page;

    assert_true(claim_one(f, 1, a, 10));
    assert_true(claim_one(f, 2, a, 20));
    page = read_query(f, &query);
    assert_int_equal(page.len, 0);
    page_done(&page);
    set_state(f, a, JOB_ENDED);
    page = read_query(f, &query);
    assert_int_equal(page.len, 2);
    assert_int_equal(page.v[0].run.id, 2);
    page_done(&page);
    behind.before_id = 2;
    page = read_query(f, &behind);
    assert_int_equal(page.len, 1);
    assert_int_equal(page.v[0].run.id, 1);
    page_done(&page);
    create(f, "a");
    page = read_query(f, &query);
    assert_int_equal(page.len, 0);
    page_done(&page);
}

// ---- uptimes ----

static void on_uptime(const struct store_uptime *period, void *ctx)
{
    char *text = ctx;
    size_t len = strlen(text);

    snprintf(text + len, 1000 - len, "%" PRId64 "..%" PRId64 "%s\n",
             (period->from.us - START.us) / 1000000,
             period->to.us == WALL_NEVER.us ? -1 : (period->to.us - START.us) / 1000000,
             period->is_clean ? " clean" : "");
}

static const char *uptimes(struct fixture *f, char text[1000])
{
    struct store_load l = {.on_job = on_no_job, .on_uptime = on_uptime, .ctx = text};
    struct err e;

    text[0] = '\0';
    assert_true(store_load(f->store, &l, &e));
    return text;
}

static void test_uptimes(void **state)
{
    struct fixture *f = *state;
    char text[1000];

    assert_string_equal(uptimes(f, text), "0..-1\n");
    sim_clock_advance(&f->clock, 100 * 1000000);
    store_close(f->store);
    sim_clock_advance(&f->clock, 50 * 1000000);
    f->store = f->kind->open(f->medium, f->loop, &f->clock.base);
    assert_string_equal(uptimes(f, text), "0..100 clean\n150..-1\n");
}

static void test_uptimes_are_few(void **state)
{
    struct fixture *f = *state;
    char text[1000];

    int lives = 5;

    if (f->kind->lives_add) {
        store_close(f->store);
        f->kind->lives_add(f->medium, STORE_UPTIMES_MAX);
        sim_clock_advance(&f->clock, STORE_UPTIMES_MAX * INT64_C(1000000));
        f->store = NULL;
    } else {
        lives += STORE_UPTIMES_MAX;
    }
    for (int i = 0; i < lives; i++) {
        sim_clock_advance(&f->clock, 1000000);
        reopen(f);
    }
    (void)uptimes(f, text);
    assert_int_equal(strncmp(text, "6..7 clean\n7..8 clean\n", 22), 0);
}
