// prune_contract.c - old rows go, and which of them stay. Included by store_contract.c.
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

static struct pruned {
    bool is_there;
    int64_t job_id, pruned, left;
    int64_t gone_sum; // of the numbers of runs, and of their attempts
    int attempts;
} pruned;

static void on_pruned(const struct store_answer *a, void *ctx)
{
    (void)ctx;
    assert_null(a->err);
    pruned = (struct pruned){true, a->job_id, a->pruned, a->left, 0, 0};
    assert_int_equal(a->gone_count, a->pruned);
    for (size_t i = 0; i < a->gone_count; i++) {
        pruned.gone_sum += a->gone[i].run_id;
        pruned.attempts += a->gone[i].attempts;
    }
}

static void prune(struct fixture *f, const struct store_prune *what)
{
    pruned = (struct pruned){0};
    store_prune_runs(f->store, what, on_pruned, NULL);
    settle(f);
    assert_true(pruned.is_there);
}

// Up to which slot rows of a job were removed; -1: none.
static int pruned_upto(struct fixture *f, int64_t job_id)
{
    struct page page = {0};

    store_read_pruned(f->store, job_id, on_runs, &page);
    settle(f);
    assert_int_equal(page.len, 1);
    int64_t slot = page.v[0].run.scheduled_at.us;

    page_done(&page);
    return slot == 0 ? -1 : (int)((slot - START.us) / 1000000);
}

static const char *left(struct fixture *f, int64_t job_id)
{
    const struct store_find all = {
        .job_id = job_id, .to = WALL_NEVER, .limit = 1000, .is_oldest_first = true};

    return find(f, &all);
}

// Runs 1, 2, ... of a job, a slot each, that end as the letters say: s, f, t, l, c, k(ipped),
// r(unning).
static void history(struct fixture *f, int64_t job_id, int64_t first, const char *ends)
{
    for (int i = 0; ends[i]; i++) {
        struct run run = run_of(first + i, job_id, i + 1);
        struct run_end end = end_of(first + i, 1);

        if (ends[i] == 'k') {
            run.state = RUN_SKIPPED;
            run.attempt = 0;
            run.finished_at = SLOT(i);
        }
        assert_true(claim(f, &run, 1, SLOT(0)).won[0]);
        end.state = ends[i] == 's'   ? RUN_SUCCEEDED
                    : ends[i] == 'f' ? RUN_FAILED
                    : ends[i] == 't' ? RUN_TIMED_OUT
                    : ends[i] == 'l' ? RUN_LOST
                                     : RUN_CANCELLED;
        end.out = (struct run_stream){.head = STR_LIT("x"), .total = 1};
        if (ends[i] != 'k' && ends[i] != 'r')
            finish(f, &end, 1);
    }
}

static void test_prune(void **state)
{
    static const struct {
        const char *ends;
        int64_t keep;
        int before, limit;
        int64_t pruned, left;
        int upto;
        const char *ids; // left, when the first run is 1
    } cases[] = {
        {"ssss", 2, 0, 100, 2, 2, 2, "3 4"},
        {"ssss", 4, 0, 100, 0, 4, -1, "1 2 3 4"},
        {"ssss", 9, 0, 100, 0, 4, -1, "1 2 3 4"},
        {"ssss", 1, 0, 2, 2, 2, 2, "3 4"},   // the rest with the next request
        {"ssss", 9, 3, 100, 2, 2, 2, "3 4"}, // by age
        {"ssss", 9, 99, 100, 3, 1, 3, "4"},  // the newest success stays
        {"sfkkkk", 2, 0, 100, 2, 4, 4, "1 2 5 6"},
        {"sfsfkk", 1, 0, 100, 3, 3, 5, "3 4 6"},
        {"ftlkk", 1, 0, 100, 3, 2, 4, "3 5"}, // what failed, however
        {"ckkc", 1, 0, 100, 3, 1, 3, "4"},
        {"rssr", 1, 0, 100, 1, 1, 2, "1 3 4"}, // what is alive is not counted
        {"", 1, 0, 100, 0, 0, -1, ""},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        char name[20];

        snprintf(name, sizeof name, "job%zu", i);
        int64_t job = create(f, name), first = 1000 * (int64_t)(i + 1);
        const struct store_prune what = {.job_id = job,
                                         .keep = cases[i].keep,
                                         .before = cases[i].before ? SLOT(cases[i].before)
                                                                   : (wall){INT64_MIN},
                                         .limit = cases[i].limit};

        history(f, job, first, cases[i].ends);
        prune(f, &what);
        assert_int_equal(pruned.job_id, job);
        assert_int_equal(pruned.pruned, cases[i].pruned);
        assert_int_equal(pruned.left, cases[i].left);
        assert_int_equal(pruned_upto(f, job), cases[i].upto);
        char expected[200] = "";

        for (const char *p = cases[i].ids; *p; p++)
            snprintf(expected + strlen(expected), 100, *p == ' ' ? " " : "%d",
                     (int)first + *p - '1');
        assert_string_equal(left(f, job), expected);
    }
}

// A run that waits or runs needs the one it was made from.
static void test_prune_spares_causes(void **state)
{
    struct fixture *f = *state;
    int64_t job = create(f, "a");
    const struct run_ask ask = {.cause_id = 2};
    struct run again = run_of(9, job, 90);
    const struct store_prune what = {.job_id = job, .keep = 1, .before = {INT64_MIN}, .limit = 100};

    history(f, job, 1, "sssss");
    again.origin = RUN_RETRY;
    again.ask = &ask;
    assert_true(claim(f, &again, 1, SLOT(0)).won[0]);
    prune(f, &what);
    assert_string_equal(left(f, job), "2 5 9");
    assert_int_equal(pruned.gone_sum, 1 + 3 + 4);
    assert_int_equal(pruned.attempts, 3);
    struct run_end end = end_of(9, 1);

    finish(f, &end, 1);
    prune(f, &what);
    assert_string_equal(left(f, job), "9");
    assert_int_equal(pruned.gone_sum, 2 + 5);
}

static void test_prune_what_is_gone(void **state)
{
    struct fixture *f = *state;
    int64_t a = create(f, "a"), b = create(f, "b"), c = create(f, "c");
    struct store_prune next = {.keep = 1, .before = {INT64_MAX}, .limit = 100};

    history(f, a, 1, "ss");
    history(f, b, 11, "cc");
    history(f, c, 21, "cc");
    prune(f, &next);
    assert_int_equal(pruned.job_id, 0); // all of them live
    set_state(f, b, JOB_DELETED);
    set_state(f, c, JOB_DELETED);
    prune(f, &next);
    assert_int_equal(pruned.job_id, b);
    assert_int_equal(pruned.pruned, 2);
    assert_int_equal(pruned.left, 0);
    next.after_id = b;
    prune(f, &next);
    assert_int_equal(pruned.job_id, c);
    assert_string_equal(left(f, a), "1 2");
    assert_string_equal(left(f, c), "");
    // The number of the newest job is not given away a second time.
    assert_true(create(f, "d") > c);
}
