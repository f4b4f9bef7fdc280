// memory_data_test.c - the data of the reference model, without a store: what a request does to it.
// SPDX-License-Identifier: Apache-2.0
#include "store/memory_data.h"

#include "store/memory_inventory.h"
#include "store/memory_rows.h"
#include "unit.h"

static void write_now(struct memory_data *data, struct request *r, enum err_code expect)
{
    memory_data_write(data, r);
    assert_int_equal(r->err.code, expect);
    request_free(r);
}

static enum store_last job_seen(const struct job_row *row, void *ctx)
{
    assert_string_equal(row->name.p, "a");
    ++*(int *)ctx;
    return STORE_LAST_NONE;
}

static enum run_state state_of(const struct memory_data *data, int64_t run_id)
{
    struct request *r = request_read_run(run_id);
    enum run_state run_state;

    memory_data_read(data, r);
    run_state = r->page_count ? r->page->run.state : RUN_NONE;
    request_free(r);
    return run_state;
}

static int unclean_ends;

static void uptime_seen(const struct store_uptime *period, void *ctx)
{
    (void)ctx;
    unclean_ends += period->to.us != WALL_NEVER.us && !period->is_clean;
}

static void test_data(void **state)
{
    struct memory_data *data = memory_data_new();
    struct job_row row = {.name = STR_LIT("a"), .spec = STR_LIT("{}")};
    struct run run = {
        .id = 5, .job_id = 1, .scheduled_at = {10}, .state = RUN_RUNNING, .attempt = 1};
    int jobs = 0;
    struct store_load load = {.on_job = job_seen, .ctx = &jobs};

    (void)state;
    assert_int_equal(memory_data_take(data, (wall){100}), 0);
    assert_int_equal(memory_data_inventory(data)->certificates.len, 0);
    write_now(data, request_put_job(&row, STORE_CREATE), ERR_NONE);
    write_now(data, request_put_job(&row, STORE_CREATE), ERR_EXISTS);
    write_now(data, request_claim(&run, 1, (wall){10}), ERR_NONE);
    write_now(data, request_delete_run(5), ERR_CONFLICT);
    assert_int_equal(state_of(data, 5), RUN_RUNNING);
    memory_data_leave(data);
    assert_int_equal(memory_data_take(data, (wall){200}), 1);
    assert_int_equal(state_of(data, 5), RUN_ORPHANED);
    memory_data_rest(data, 0, (wall){300});
    load.on_uptime = uptime_seen;
    memory_data_load(data, 0, &load);
    assert_int_equal(unclean_ends, 1);
    assert_int_equal(jobs, 1);
    assert_int_equal(load.watermark.us, 10);
    assert_int_equal(load.last_run_id, 5);
    memory_data_leave(data);
    memory_data_free(data);
    memory_data_free(NULL);
}

// Of ten runs the last four and the one that is alive stay, and the watermark's work is not lost.
static void test_trim(void **state)
{
    struct memory_data *data = memory_data_new();
    struct job_row row = {.name = STR_LIT("a"), .spec = STR_LIT("{}")};

    (void)state;
    assert_int_equal(memory_data_take(data, (wall){100}), 0);
    write_now(data, request_put_job(&row, STORE_CREATE), ERR_NONE);
    for (int i = 1; i <= 10; i++) {
        struct run run = {.id = i, .job_id = 1, .scheduled_at = {i}, .state = RUN_SKIPPED};

        run.state = i == 3 ? RUN_RUNNING : RUN_SKIPPED;
        run.attempt = i == 3;
        write_now(data, request_claim(&run, 1, (wall){i}), ERR_NONE);
    }
    memory_data_trim(data);
    for (int i = 1; i <= 10; i++)
        assert_int_equal(state_of(data, i), i == 3 ? RUN_RUNNING : i >= 7 ? RUN_SKIPPED : RUN_NONE);
    memory_data_leave(data);
    memory_data_free(data);
}

// What several nodes have in progress: one of them goes.
static void test_shared(void **state)
{
    struct memory_data *data = memory_data_new();
    struct job_row row = {.name = STR_LIT("a"), .spec = STR_LIT("{}")};
    struct run runs[3];
    struct sim_clock clock;

    (void)state;
    sim_clock_init(&clock, (wall){100});
    memory_data_share(data, &clock.base);
    memory_data_begin(data, 7, (wall){100});
    write_now(data, request_put_job(&row, STORE_CREATE), ERR_NONE);
    for (int i = 0; i < 3; i++) {
        struct request *r;

        runs[i] = (struct run){.id = 1 + i,
                               .job_id = 1,
                               .scheduled_at = {10 + i},
                               .state = RUN_RUNNING,
                               .attempt = 1,
                               .try_at = {i == 2 ? 12 : 0}};
        r = request_claim(&runs[i], 1, (wall){0});
        r->self = 7 + i;
        write_now(data, r, ERR_NONE);
    }
    assert_int_equal(memory_last_slot(memory_job_find(data, 1))->id, 2); // the third is planned
    memory_runs_unplan(data);
    assert_int_equal(state_of(data, 3), RUN_NONE);
    assert_int_equal(memory_last_slot(memory_job_find(data, 1))->id, 2);
    assert_int_equal(memory_runs_orphan(data, 7), 1);
    assert_int_equal(memory_runs_orphan(data, 7), 0);
    assert_int_equal(state_of(data, 1), RUN_ORPHANED);
    assert_int_equal(state_of(data, 2), RUN_RUNNING);
    memory_data_leave(data);
    memory_data_free(data);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_data), cmocka_unit_test(test_trim), cmocka_unit_test(test_shared)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
