// chain_contract.c - what begins with the end of a run: in the same transaction, once, and only if
// the end counts. Included by store_contract.c.
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#define BORN_MAX 400

// What an answer to a finish says has begun: "3@20.0 4@20.1;", a semicolon an end.
static void on_born(const struct store_answer *a, void *ctx)
{
    char *text = ctx;
    size_t len = 0;

    assert_null(a->err);
    text[0] = '\0';
    for (size_t i = 0; i < a->born_count; i++) {
        for (size_t k = 0; k < a->born[i].count; k++)
            len += (size_t)snprintf(
                text + len, BORN_MAX - len, "%s%" PRId64 "@%" PRId64 ".%" PRId64, k > 0 ? " " : "",
                a->born[i].runs[k].id, (a->born[i].runs[k].scheduled_at.us - START.us) / 1000000,
                (a->born[i].runs[k].scheduled_at.us - START.us) % 1000000);
        len += (size_t)snprintf(text + len, BORN_MAX - len, ";");
    }
}

static const char *finish_born(struct fixture *f, const struct run_end *ends, size_t count)
{
    static char text[BORN_MAX];

    store_finish(f->store, ends, count, on_born, text);
    settle(f);
    return text;
}

static struct run birth_of(int64_t id, int64_t job_id, int slot, enum run_state state)
{
    struct run run = run_of(id, job_id, slot);

    run.origin = RUN_DEPENDENCY;
    run.state = state;
    run.attempt = 0;
    return run;
}

static void test_chain_begins_once(void **state)
{
    struct fixture *f = *state;
    int64_t a = create(f, "a"), b = create(f, "b"), c = create(f, "c");
    struct run_ask ask = {.cause_id = 1, .overlap = -1, .cause = STR_LIT("{\"job\":\"a\"}")};
    struct run births[3] = {birth_of(11, b, 20, RUN_QUEUED), birth_of(12, b, 20, RUN_SKIPPED),
                            birth_of(13, c, 20, RUN_QUEUED)};
    const struct run_chain chain = {.births = births, .birth_count = 3};
    struct run_end end = end_of(1, 1);

    births[0].ask = &ask;
    end.chain = &chain;
    assert_true(claim_one(f, 1, a, 10));
    assert_true(claim_one(f, 2, b, 21));
    (void)set_state(f, c, JOB_DELETED);
    // the moment 20 of b is free, the one behind it as well; c is gone
    assert_string_equal(finish_born(f, &end, 1), "11@20.0 12@20.1;");
    assert_int_equal(state_of(f, 11), RUN_QUEUED);
    assert_int_equal(state_of(f, 12), RUN_SKIPPED);
    struct page page = read_run(f, 11);

    assert_string_equal(page.v[0].ask, "  0 -1800000000 -1800000000 1 -1 0 {\"job\":\"a\"}");
    assert_int_equal(page.v[0].run.origin, RUN_DEPENDENCY);
    page_done(&page);
    // the same end again counts no more, and nothing begins with it
    births[0].id = 21;
    births[1].id = 22;
    assert_string_equal(finish_born(f, &end, 1), ";");
    page = read_run(f, 21);
    assert_int_equal(page.len, 0);
    page_done(&page);
    reopen(f);
    assert_int_equal(state_of(f, 1), RUN_SUCCEEDED);
    assert_int_equal(state_of(f, 11), RUN_QUEUED);
}

static void test_chain_in_attempts(void **state)
{
    struct fixture *f = *state;
    int64_t a = create(f, "a"), b = create(f, "b");
    struct run birth = birth_of(11, b, 20, RUN_QUEUED);
    const struct run_chain chain = {.births = &birth, .birth_count = 1};
    struct run_end ends[2] = {end_of(1, 2), end_of(2, 1)};

    ends[0].chain = ends[1].chain = &chain;
    assert_true(claim_one(f, 1, a, 10));
    assert_true(claim_one(f, 2, a, 11));
    // the first is of an attempt that is not there
    assert_string_equal(finish_born(f, ends, 2), ";11@20.0;");
}

struct mets {
    char text[400];
};

static void on_met(const struct run_met *met, void *ctx)
{
    struct mets *mets = ctx;
    size_t len = strlen(mets->text);

    snprintf(mets->text + len, sizeof mets->text - len, "%" PRId64 " %.*s %" PRId64 ";",
             met->job_id, STR(met->parent), met->after_id);
}

static enum store_last on_any_job(const struct job_row *row, void *ctx)
{
    (void)row;
    (void)ctx;
    return STORE_LAST_NONE;
}

static const char *mets_of(struct fixture *f)
{
    static struct mets mets;
    struct store_load load = {.on_job = on_any_job, .on_met = on_met, .ctx = &mets};
    struct err e;

    mets = (struct mets){0};
    reopen(f);
    assert_true(store_load(f->store, &load, &e));
    return mets.text;
}

static void test_met(void **state)
{
    struct fixture *f = *state;
    int64_t a = create(f, "a"), b = create(f, "b");
    struct run_met met[2] = {{b, STR_LIT("a"), 0}, {b, STR_LIT("x"), 0}};
    const struct run_chain chain = {.met = met, .met_count = 2};
    struct run_end end = end_of(1, 1);

    end.chain = &chain;
    assert_true(claim_one(f, 1, a, 10));
    (void)finish_born(f, &end, 1);
    assert_string_equal(mets_of(f), "2 a 0;2 x 0;");
    met[0].after_id = 77;
    (void)finish_born(f, &end, 1); // it does not count
    assert_string_equal(mets_of(f), "2 a 0;2 x 0;");
    assert_true(claim_one(f, 2, a, 11));
    end.run_id = 2;
    (void)finish_born(f, &end, 1);
    assert_string_equal(mets_of(f), "2 a 77;2 x 0;");
    met[1].parent = (struct str){0};
    met[1].after_id = 78;
    assert_true(claim_one(f, 4, a, 13));
    end.run_id = 4;
    (void)finish_born(f, &end, 1);
    assert_string_equal(mets_of(f), "2  78;2 a 77;2 x 0;");
    (void)set_state(f, b, JOB_DELETED);
    assert_string_equal(mets_of(f), "");
    assert_true(claim_one(f, 3, a, 12));
    end.run_id = 3;
    (void)finish_born(f, &end, 1); // the job is gone
    assert_string_equal(mets_of(f), "");
}
