// memory_read_test.c - pages and searches in the reference model; test/contract holds it against
// what a store promises.
// SPDX-License-Identifier: Apache-2.0
#include "store/memory_rows.h"
#include "unit.h"

static void write_now(struct memory_data *data, struct request *r)
{
    memory_data_write(data, r);
    assert_int_equal(r->err.code, ERR_NONE);
    request_free(r);
}

static void test_pages(void **state)
{
    struct memory_data *data = memory_data_new();
    struct job_row row = {.name = STR_LIT("a"), .spec = STR_LIT("{}")};
    struct run runs[3];
    struct request *r;

    (void)state;
    assert_int_equal(memory_data_take(data, (wall){100}), 0);
    write_now(data, request_put_job(&row, STORE_CREATE));
    for (int i = 0; i < 3; i++)
        runs[i] = (struct run){.id = 5 + i,
                               .job_id = 1,
                               .scheduled_at = {10 * (i + 1)},
                               .state = RUN_RUNNING,
                               .attempt = 1};
    write_now(data, request_claim(runs, 3, (wall){30}));
    r = request_read_runs(&(struct store_run_query){.job_id = 1, .limit = 2});
    memory_data_read(data, r);
    assert_int_equal(r->page_count, 2);
    assert_int_equal(r->page[0].run.id, 7);
    assert_int_equal(r->page[1].run.id, 6);
    request_free(r);
    r = request_read_runs(&(struct store_run_query){.job_id = 1, .before_id = 6, .limit = 2});
    memory_data_read(data, r);
    assert_int_equal(r->page_count, 1);
    assert_int_equal(r->page[0].run.id, 5);
    request_free(r);
    assert_non_null(memory_job_find(data, 1));
    assert_null(memory_job_find(data, 2));
    assert_int_equal(memory_run_find(data, 6)->r.run.scheduled_at.us, 20);
    assert_null(memory_run_find(data, 8));
    assert_null(memory_key_find(data, 1, STR_LIT("k")));
    assert_int_equal(memory_run_place(data->runs.v, data->runs.len, 6), 1);
    assert_int_equal(memory_slot_place(data->jobs.v[0]->runs.v, 3, (wall){25}), 2);
    memory_data_leave(data);
    memory_data_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_pages)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
