// start_test.c - the load: of what belongs to other nodes only what it is.
// SPDX-License-Identifier: Apache-2.0
#include "sched/start.h"

#include "peers.h"
#include "sched/sched_state.h"

#define JOBS 10

static struct sched *sched_of(struct peers *all, struct store *store)
{
    const struct sched_options options = {.loop = all->loop,
                                          .store = store,
                                          .exec = &all->v[0].exec,
                                          .zones = all->zones,
                                          .timezone = STR_LIT("UTC")};

    all->v[0].exec.ops = &peer_exec_ops;
    return sched_new(&options);
}

static void load_check(struct peers *all, struct store *store, size_t jobs, bool is_alone)
{
    struct sched *s = sched_of(all, store);
    struct store_load load;
    struct entry *entry;
    size_t quarantined, ours = 0;
    struct err e;

    assert_true(start_load(s, &load, &quarantined, &e));
    assert_int_equal(quarantined, 0);
    for (size_t at = 0; (entry = radix_next(&s->due.by_id, &at));) {
        ours += entry->seat.is_ours;
        assert_int_equal(heap_has(&entry->due), entry->seat.is_ours);
        assert_int_equal(entry->slot.us, T0 + 20 * S); // shown, whosever it is
    }
    assert_int_equal(due_count(&s->due), jobs);
    assert_int_equal(members_are_several(&s->members), !is_alone);
    if (is_alone)
        assert_int_equal(ours, jobs);
    else
        assert_in_range(ours, 1, jobs - 1);
    memory_store_crash(store);
    sched_free(s);
}

static void test_load(void **state)
{
    const struct memory_node_options node = {.name = STR_LIT("two")};
    struct peers *all = mem_alloc(sizeof *all);
    struct store *store;
    char name[16];
    struct err e;

    (void)state;
    peers_open(all);
    peer_join(all, 1, "one", "");
    for (int i = 0; i < JOBS; i++) {
        snprintf(name, sizeof name, "j%d", i);
        peer_put(&all->v[1], peer_job(all, name, "{\"type\":\"interval\",\"seconds\":20}"));
    }
    assert_true(memory_store_join(all->loop, all->data, &all->clock.base, &node, &store, &e));
    load_check(all, store, JOBS, false);
    load_check(all, memory_store_new(all->loop), 0, true);
    peers_close(all);
    free(all);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_load)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
