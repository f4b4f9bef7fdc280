// memory_epoch_test.c - nodes come and go on the data of the reference model, without stores; the
// rest is in test/contract/nodes_contract.c.
// SPDX-License-Identifier: Apache-2.0
#include "store/memory_epoch.h"

#include "unit.h"

#define S INT64_C(1000000)

struct seen {
    int epochs;
    int64_t epoch;
    size_t nodes;
};

static void on_epoch(const struct store_members *members, void *ctx)
{
    struct seen *seen = ctx;

    seen->epochs++;
    seen->epoch = members->epoch;
    seen->nodes = members->node_count;
}

static enum err_code write_as(struct memory_data *data, struct request *r, int64_t self,
                              int64_t epoch)
{
    r->self = self;
    r->epoch = epoch;
    memory_epoch_write(data, r);
    enum err_code code = r->err.code;

    request_free(r);
    return code;
}

static int64_t join(struct memory_data *data, const char *name)
{
    const struct memory_node_options options = {.name = str_of(name), .lease_us = 5 * S};
    int64_t id, orphaned;
    struct err e;

    assert_true(memory_epoch_join(data, &options, &id, &orphaned, &e));
    return id;
}

static void test_life(void **state)
{
    struct memory_data *data = memory_data_new();
    const struct memory_told nothing = {0}, release = {.releases = true};
    const struct memory_node_options again = {.name = STR_LIT("a")};
    struct seen seen = {0};
    const struct memory_watch watch = {.on_epoch = on_epoch, .ctx = &seen};
    struct job_row row = {.name = STR_LIT("x"), .spec = STR_LIT("{}")};
    struct run run = {
        .id = 5, .job_id = 1, .scheduled_at = {10}, .state = RUN_RUNNING, .attempt = 1};
    struct sim_clock clock;
    int64_t id, orphaned;
    struct err e;

    (void)state;
    sim_clock_init(&clock, (wall){1000 * S});
    memory_data_watch(data, &watch);
    memory_data_share(data, &clock.base);
    int64_t a = join(data, "a"), b = join(data, "b");

    assert_int_equal(seen.epochs, 2);
    assert_int_equal(seen.nodes, 2);
    assert_false(memory_epoch_join(data, &again, &id, &orphaned, &e));
    assert_int_equal(e.code, ERR_BUSY);
    assert_int_equal(write_as(data, request_put_job(&row, STORE_CREATE), a, 0), ERR_NONE);
    assert_int_equal(write_as(data, request_claim(&run, 1, (wall){10}), a, seen.epoch), ERR_NONE);
    assert_int_equal(write_as(data, request_drain(STR_LIT("c"), true), b, 0), ERR_NOT_FOUND);
    assert_int_equal(write_as(data, request_drain(STR_LIT("a"), true), b, 0), ERR_NONE);
    assert_int_equal(write_as(data, request_claim(&run, 1, (wall){10}), a, seen.epoch - 1),
                     ERR_MOVED);

    // Killed, it may come back at once under its name: what it had drained stays so.
    memory_epoch_crashed(data, a);
    assert_true(memory_epoch_join(data, &again, &id, &orphaned, &e));
    assert_int_equal(orphaned, 1);
    assert_int_equal(seen.nodes, 2);
    assert_false(memory_epoch_beat(data, a, &nothing));
    assert_false(memory_epoch_counts(data, a));
    assert_true(memory_epoch_counts(data, id));
    int epochs = seen.epochs;

    assert_int_equal(write_as(data, request_drain(STR_LIT("a"), true), b, 0), ERR_NONE);
    assert_int_equal(seen.epochs, epochs);

    // A lease is over when nobody renews it; who was away itself does not judge.
    sim_clock_advance(&clock, 5 * S);
    assert_true(memory_epoch_beat(data, b, &nothing));
    assert_int_equal(seen.epochs, epochs);
    assert_true(memory_epoch_beat(data, b, &nothing));
    assert_int_equal(seen.epochs, ++epochs);
    assert_int_equal(seen.nodes, 1);

    // Releases are gathered for a while.
    assert_true(memory_epoch_beat(data, b, &release));
    assert_int_equal(seen.epochs, epochs);
    sim_clock_advance(&clock, 2 * S);
    assert_true(memory_epoch_beat(data, b, &nothing));
    assert_int_equal(seen.epochs, ++epochs);
    memory_epoch_leave(data, b);
    assert_int_equal(seen.epochs, ++epochs);
    assert_int_equal(seen.nodes, 0);
    memory_data_leave(data);
    memory_data_free(data);
}

static void test_slots_are_few(void **state)
{
    struct memory_data *data = memory_data_new();
    const struct memory_node_options more = {.name = STR_LIT("more")};
    struct sim_clock clock;
    char name[20];
    int64_t id, orphaned;
    struct err e;

    (void)state;
    sim_clock_init(&clock, (wall){1000 * S});
    memory_data_share(data, &clock.base);
    for (int i = 0; i < STORE_NODE_SLOTS; i++) {
        snprintf(name, sizeof name, "node-%d", i);
        (void)join(data, name);
    }
    assert_false(memory_epoch_join(data, &more, &id, &orphaned, &e));
    assert_int_equal(e.code, ERR_BUSY);
    memory_data_leave(data);
    memory_data_free(data);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_life),
        cmocka_unit_test(test_slots_are_few),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
