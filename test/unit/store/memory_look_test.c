// memory_look_test.c - what a beat reads is what is new to its node, and a copy.
// SPDX-License-Identifier: Apache-2.0
#include "store/memory_look.h"

#include "store/memory_epoch.h"
#include "unit.h"

static void put(struct memory_data *data, const char *name, int64_t self)
{
    struct job_row row = {.name = str_of(name), .spec = STR_LIT("{}")};
    struct request *r = request_put_job(&row, STORE_ANY);

    r->self = self;
    memory_epoch_write(data, r);
    request_free(r);
}

static void test_look(void **state)
{
    struct memory_data *data = memory_data_new();
    const struct memory_node_options options = {.name = STR_LIT("anna")};
    struct memory_known nothing = {0}, known;
    struct memory_look look;
    struct sim_clock clock;
    int64_t id, orphaned;
    struct err e;

    (void)state;
    sim_clock_init(&clock, (wall){1000000});
    memory_data_share(data, &clock.base);
    assert_true(memory_epoch_join(data, &options, &id, &orphaned, &e));
    put(data, "a", id);
    put(data, "b", id);
    put(data, "a", id);
    memory_look(data, id, &nothing, &look);
    put(data, "b", id);
    assert_true(look.has_news);
    assert_int_equal(look.news.job_count, 2); // each once, as it was then
    assert_true(str_eq(look.news.jobs[0].name, STR_LIT("b")));
    assert_int_equal(look.news.jobs[0].version, 1);
    assert_int_equal(look.news.jobs[1].version, 2);
    assert_true(look.news.jobs[0].change_seq < look.news.jobs[1].change_seq);
    assert_int_equal(look.news.members->self, id);
    assert_false(look.news.has_calendars);
    known = look.known;
    memory_look_done(&look);

    memory_look(data, id, &known, &look);
    assert_int_equal(look.news.job_count, 1);
    assert_null(look.news.members); // the epoch is what it was
    known = look.known;
    memory_look_done(&look);
    memory_look(data, id, &known, &look);
    assert_false(look.has_news);
    memory_look_done(&look);
    memory_look_done(&(struct memory_look){0});
    memory_epoch_leave(data, id);
    memory_data_leave(data);
    memory_data_free(data);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_look)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
