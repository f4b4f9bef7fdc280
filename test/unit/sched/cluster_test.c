// cluster_test.c - nodes among others: jobs are shared out, come and go, and nothing of them is
// lost or done twice.
// SPDX-License-Identifier: Apache-2.0
#include "sched/cluster.h"

#include "peers.h"

#define JOBS 12
#define LEASE (5 * S)

static int setup(void **state)
{
    struct peers *all = mem_alloc(sizeof *all);

    peers_open(all);
    peer_join(all, 0, "one", "");
    peer_join(all, 1, "two", "gpu");
    peers_pass(all, 2 * S);
    *state = all;
    return 0;
}

static int teardown(void **state)
{
    peers_close(*state);
    free(*state);
    return 0;
}

static void jobs_put(struct peers *all)
{
    char name[16];

    for (int i = 0; i < JOBS; i++) {
        snprintf(name, sizeof name, "j%d", i);
        peer_put(&all->v[i % 2], peer_job(all, name, EVERY_10));
    }
}

// Every slot of every job has one row, from the first to the last that is over.
static void slots_check(struct peers *all, int64_t first, int64_t last, const char *but)
{
    char name[16], want[4000];
    size_t len;

    for (int i = 0; i < JOBS; i++) {
        snprintf(name, sizeof name, "j%d", i);
        if (but && strcmp(name, but) == 0)
            continue;
        len = 0;
        for (int64_t slot = first; slot <= last; slot += 10)
            len += (size_t)snprintf(want + len, sizeof want - len, "%lld succeeded  0\n",
                                    (long long)slot);
        assert_string_equal(peers_rows(all, name), want);
    }
}

// Each job is one node's, and both see it alike; each slot runs once, on that node.
static void test_shared(void **state)
{
    struct peers *all = *state;
    int owned[2] = {0};
    char name[16];

    jobs_put(all);
    peers_pass(all, 2 * S);
    for (int i = 0; i < JOBS; i++) {
        snprintf(name, sizeof name, "j%d", i);
        owned[peers_owner(all, name)]++;
    }
    assert_in_range(owned[0], 2, JOBS - 2);
    peers_pass(all, 47 * S);
    slots_check(all, 12, 42, NULL);
    for (int i = 0; i < JOBS; i++) {
        snprintf(name, sizeof name, "j%d", i);
        assert_int_equal(peer_began(&all->v[peers_owner(all, name)], name), 4);
        assert_int_equal(peer_began(&all->v[1 - peers_owner(all, name)], name), 0);
    }
}

// One dies: when its lease is over the other goes on where it was. One comes again: it takes its
// share, and no slot is lost or run twice.
static void test_death(void **state)
{
    struct peers *all = *state;

    jobs_put(all);
    peers_pass(all, 15 * S);
    peer_crash(&all->v[1]);
    peers_pass(all, 20 * S);
    slots_check(all, 12, 32, NULL);
    for (int i = 0; i < JOBS; i++) {
        char name[16];

        snprintf(name, sizeof name, "j%d", i);
        assert_int_equal(peers_owner(all, name), 0);
    }
    peer_join(all, 2, "three", "");
    peers_pass(all, 20 * S);
    slots_check(all, 12, 52, NULL);
    assert_true(all->v[2].count > 0);
}

// ---- alone ----

static void test_alone(void **state)
{
    struct fixture f;
    struct cluster c;
    struct err e;

    (void)state;
    cluster_init(&c);
    assert_false(c.is_lost);
    fixture_open(&f);
    const struct sched_options options = {.loop = f.loop,
                                          .store = f.store,
                                          .exec = &f.exec,
                                          .zones = f.zones,
                                          .timezone = STR_LIT("UTC")};
    struct sched *s = sched_new(&options);

    assert_true(sched_start(s, &e)); // cluster_begin and, in the end, cluster_done do nothing
    struct job *job = fixture_job(&f, "x", EVERY_10);

    sched_put(s, job, STORE_CREATE, NULL, NULL);
    fixture_settle(&f);
    assert_null(sched_members(s));
    assert_null(sched_self(s));
    assert_null(sched_owner(s, sched_find(s, STR_LIT("x"))));
    assert_true(sched_is_ours(s, sched_find(s, STR_LIT("x"))));
    assert_false(sched_holds(s, sched_find(s, STR_LIT("x"))).is_nowhere);
    memory_store_crash(f.store);
    sched_free(s);
    fixture_close(&f);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alone),
        cmocka_unit_test_setup_teardown(test_shared, setup, teardown),
        cmocka_unit_test_setup_teardown(test_death, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
