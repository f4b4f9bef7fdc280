// memory_store_test.c - the reference model fulfils the contract, and breaks down when told to.
// SPDX-License-Identifier: Apache-2.0
#include "store/memory_store.h"

#include "../../contract/store_contract.c"

#include "../../contract/nodes_contract.c"

static void *medium_new(void)
{
    return memory_data_new();
}

static struct store *medium_open(void *medium, struct loop *loop, const struct clock *clock)
{
    (void)clock;
    return memory_store_open(loop, medium);
}

static void medium_free(void *medium)
{
    memory_data_free(medium);
}

static const struct store_kind memory_kind = {medium_new, medium_open, medium_free, NULL};

static void test_fail(void **state)
{
    struct fixture *f = *state;
    static struct answer a[2];
    struct job_row row = row_of("a");
    struct store_stats stats;
    struct loaded loaded = {0};

    memset(a, 0, sizeof a);
    memory_store_fail(f->store, 1);
    store_put_job(f->store, &row, STORE_CREATE, on_answer, &a[0]);
    store_put_job(f->store, &row, STORE_CREATE, on_answer, &a[1]);
    settle(f);
    assert_int_equal(a[0].code, ERR_STORE);
    assert_int_equal(a[1].code, ERR_STORE);
    store_stats(f->store, &stats);
    assert_int_equal(stats.last_failure.code, ERR_STORE);
    assert_int_equal(stats.last_failure_at.us, START.us);
    load(f, &loaded);
    assert_string_equal(loaded.text, "");
    create(f, "a");
    store_stats(f->store, &stats);
    assert_int_equal(stats.last_failure.code, ERR_NONE);
}

// A crash before, and after, the moment a request becomes durable.
static void test_crash(void **state)
{
    struct fixture *f = *state;
    struct answer a = {0};
    struct job_row row = row_of("a");

    for (int turns = 0; turns < 2; turns++) {
        struct loaded loaded = {0};

        store_put_job(f->store, &row, STORE_CREATE, on_answer, &a);
        for (int i = 0; i < turns; i++)
            loop_turn(f->loop, 0);
        memory_store_crash(f->store);
        while (loop_turn(f->loop, 0) > 0)
            ;
        f->store = memory_store_open(f->loop, f->medium);
        load(f, &loaded);
        assert_int_equal(loaded.len > 0, turns == 1);
        assert_false(a.is_there);
    }
}

static void test_delay(void **state)
{
    struct fixture *f = *state;
    struct answer a = {0};
    struct job_row row = row_of("a");
    struct loaded loaded = {0};

    memory_store_delay(f->store, 1000, 500);
    store_put_job(f->store, &row, STORE_CREATE, on_answer, &a);
    sim_clock_advance(&f->clock, 999);
    loop_turn(f->loop, 0);
    load(f, &loaded);
    assert_string_equal(loaded.text, "");
    sim_clock_advance(&f->clock, 1);
    loop_turn(f->loop, 0);
    load(f, &loaded);
    assert_true(loaded.len > 0);
    assert_false(a.is_there);
    sim_clock_advance(&f->clock, 500);
    loop_turn(f->loop, 0);
    assert_true(a.is_there);
}

struct seen {
    char text[200];
    size_t len;
};

static void see_run(const struct run *run, void *ctx)
{
    struct seen *seen = ctx;

    seen->len += (size_t)snprintf(seen->text + seen->len, sizeof seen->text - seen->len,
                                  "run %d %s;", (int)run->id, run_state_name(run->state));
}

static void see_job(const struct job_row *row, void *ctx)
{
    struct seen *seen = ctx;

    seen->len += (size_t)snprintf(seen->text + seen->len, sizeof seen->text - seen->len,
                                  "%.*s v%d;", STR(row->name), row->version);
}

static void test_watch(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {0};
    const struct memory_watch watch = {.on_run = see_run, .on_job = see_job, .ctx = &seen};
    struct run runs[2];

    memory_data_watch(f->medium, &watch);
    int64_t id = put(f, "a", STORE_CREATE).job_id;

    runs[0] = run_of(1, id, 0);
    runs[1] = run_of(2, id, 0); // the slot is taken: nothing becomes durable
    (void)claim(f, runs, 2, SLOT(0));
    (void)set_state(f, id, JOB_PAUSED);
    memory_store_fail(f->store, 1);
    (void)set_state(f, id, JOB_ENABLED); // fails: nor does this
    reopen(f);
    assert_string_equal(seen.text, "a v1;run 1 running;a v2;run 1 orphaned;");
    memory_data_watch(f->medium, &(struct memory_watch){0});
}

static void test_new(void **state)
{
    struct fixture *f = *state;
    struct store *store = memory_store_new(f->loop);

    store_close(store);
    store_close(NULL);
}

// ---- as a node among others ----

static struct store *medium_join(void *medium, struct loop *loop, const struct clock *clock,
                                 const struct node_ask *ask, struct err *e)
{
    const struct memory_node_options options = {
        .name = str_of(ask->name),
        .address = str_of(ask->address ? ask->address : ""),
        .tags = str_of(ask->tags ? ask->tags : ""),
        .lease_us = ask->lease_us,
        .kept = ask->kept,
        .kept_count = ask->kept_count,
    };
    struct store *store = NULL;

    return memory_store_join(loop, medium, clock, &options, &store, e) ? store : NULL;
}

static const struct nodes_kind memory_nodes_kind = {medium_new, medium_join, medium_free, false};

int main(void)
{
    static const struct CMUnitTest tests[] = {
        CONTRACT(test_fail, &memory_kind),  CONTRACT(test_crash, &memory_kind),
        CONTRACT(test_delay, &memory_kind), CONTRACT(test_watch, &memory_kind),
        CONTRACT(test_new, &memory_kind),
    };

    return contract_run("memory", &memory_kind) +
           nodes_contract_run("memory/nodes", &memory_nodes_kind) +
           cmocka_run_group_tests(tests, NULL, NULL);
}
