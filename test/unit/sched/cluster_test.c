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
static void slots_check(struct peers *all, int64_t first, int64_t last)
{
    char name[16], want[4000];
    size_t len;

    for (int i = 0; i < JOBS; i++) {
        snprintf(name, sizeof name, "j%d", i);
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
    for (int i = 0; i < 2; i++) {
        int64_t counts[2] = {0};

        sched_owned(all->v[i].s, counts); // nodes are by id, as the peers joined
        assert_int_equal(counts[0], owned[0]);
        assert_int_equal(counts[1], owned[1]);
    }
    peers_pass(all, 47 * S);
    slots_check(all, 12, 42);
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
    slots_check(all, 12, 32);
    for (int i = 0; i < JOBS; i++) {
        char name[16];

        snprintf(name, sizeof name, "j%d", i);
        assert_int_equal(peers_owner(all, name), 0);
    }
    peer_join(all, 2, "three", "");
    peers_pass(all, 20 * S);
    slots_check(all, 12, 52);
    assert_true(all->v[2].count > 0);
}

// What one node changes the others know within a second, or with the next beat: definitions,
// pauses, removals. Slots of before count under the definition of before.
static void test_edits(void **state)
{
    struct peers *all = *state;
    struct peer_said said = {0};

    peer_put(&all->v[0], peer_job(all, "x", EVERY_10));
    peers_pass(all, S);
    int owner = peers_owner(all, "x");
    struct peer *other = &all->v[1 - owner];

    peers_pass(all, 20 * S);
    peer_put(other, peer_job(all, "x", "{\"type\":\"interval\",\"seconds\":4}"));
    peers_pass(all, 9 * S);
    assert_int_equal(peers_owner(all, "x"), owner);
    assert_string_equal(peers_rows(all, "x"), "12 succeeded  0\n22 succeeded  0\n"
                                              "27 succeeded  0\n31 succeeded  0\n");
    sched_pause(other->s, STR_LIT("x"), true, peer_said, &said);
    peers_pass(all, S);
    assert_int_equal(sched_find(all->v[owner].s, STR_LIT("x"))->state, JOB_PAUSED);
    peers_pass(all, 20 * S);
    assert_int_equal(peer_began(&all->v[owner], "x"), 4);
    pauses_set(sched_pauses(other->s), STR_LIT("etl"), STR_LIT("r"), STR_LIT("me"),
               clock_wall(&all->clock.base), WALL_NEVER, NULL, NULL);
    peers_pass(all, S);
    assert_non_null(pauses_find(sched_pauses(all->v[owner].s), STR_LIT("etl")));
    sched_delete(other->s, STR_LIT("x"), peer_said, &said);
    peers_pass(all, S);
    assert_null(sched_find(all->v[owner].s, STR_LIT("x")));
    assert_int_equal(said.count, 2);
}

// What acts on a job is its owner's.
static void test_moved(void **state)
{
    struct peers *all = *state;
    const struct hand_ask ask = {RUN_MANUAL, {.overlap = -1}, true};
    struct peer_said said = {0};

    peer_put(&all->v[0], peer_job(all, "x", EVERY_10));
    peers_pass(all, S);
    int owner = peers_owner(all, "x");
    const struct sched *s = all->v[1 - owner].s;
    const struct job *job = sched_find(s, STR_LIT("x"));

    sched_run_now(all->v[1 - owner].s, STR_LIT("x"), &ask, peer_said_run, &said);
    assert_int_equal(said.code, ERR_MOVED);
    assert_non_null(strstr(said.message, all->v[owner].name));
    sched_run_now(all->v[owner].s, STR_LIT("x"), &ask, peer_said_run, &said);
    peers_pass(all, S);
    assert_int_equal(said.code, ERR_NONE);
    assert_string_equal(sched_owner(s, job)->name.p, all->v[owner].name);
    assert_string_equal(sched_self(s)->name.p, all->v[1 - owner].name);
    assert_int_equal(sched_members(s)->node_count, 2);
    assert_int_not_equal(sched_has_duties(s), sched_has_duties(all->v[owner].s));
    assert_in_range(sched_next_at(s, job).us - clock_wall(&all->clock.base).us, 1, 10 * S);
}

// ---- attempts in progress, and runs that wait ----

// The one that dies leaves an attempt, one that waits for it, and a retry: the other decides, and
// goes on.
static void runs_left(struct peers *all, enum job_on_lost on_lost, const char *want)
{
    struct job *job = peer_job(all, "x", EVERY_10);

    job_edit(job)->overlap = OVERLAP_QUEUE;
    job_edit(job)->on_lost = on_lost;
    peer_put(&all->v[0], job);
    peers_pass(all, S);
    int owner = peers_owner(all, "x");

    all->v[owner].holds = true;
    peers_pass(all, 22 * S);
    assert_int_equal(peer_began(&all->v[owner], "x"), 1);
    peer_crash(&all->v[owner]);
    peers_pass(all, 7 * S);
    assert_string_equal(peers_rows(all, "x"), want);
}

static void test_left_behind(void **state)
{
    runs_left(*state, ON_LOST_FAIL, "12 lost restart 0\n22 succeeded  0\n32 succeeded  0\n");
}

static void test_left_behind_rerun(void **state)
{
    runs_left(*state, ON_LOST_RERUN, "12 succeeded  0\n22 succeeded  0\n32 succeeded  0\n");
}

static void drain(struct peers *all, int i, bool is_on)
{
    store_drain(all->v[1 - i].store, str_of(all->v[i].name), is_on, NULL, NULL);
    peers_pass(all, S);
}

// Drained, a node begins nothing more; what runs there may end, and then the job goes on elsewhere.
static void test_drain(void **state)
{
    struct peers *all = *state;
    struct job *job = peer_job(all, "x", EVERY_10);
    int owner;

    job_edit(job)->overlap = OVERLAP_QUEUE;
    jobs_put(all);
    peer_put(&all->v[0], job);
    peers_pass(all, S);
    owner = peers_owner(all, "x");
    all->v[owner].holds = true;
    peers_pass(all, 11 * S);
    size_t began = all->v[owner].count;

    drain(all, owner, true);
    assert_int_equal(peers_owner(all, "x"), owner);
    peers_pass(all, 10 * S);
    assert_int_equal(all->v[owner].count, began);
    assert_string_equal(peers_rows(all, "x"), "12 running  0\n22 queued overlap 0\n");
    all->v[owner].holds = false;
    peers_pass(all, 5 * S);
    assert_int_equal(peers_owner(all, "x"), 1 - owner);
    assert_int_equal(all->v[owner].count, began);
    assert_string_equal(peers_rows(all, "x"), "12 succeeded  0\n22 succeeded  0\n");
    peers_pass(all, 5 * S);
    assert_non_null(strstr(peers_rows(all, "j0"), "32 succeeded"));
    assert_non_null(strstr(peers_rows(all, "j1"), "32 succeeded"));
    drain(all, owner, false);
    assert_int_equal(peers_owner(all, "x"), owner);
}

// No node is there on which it may run: that is told as a pause is; then one comes.
static void test_nowhere(void **state)
{
    struct peers *all = *state;
    struct job *job = peer_job(all, "x", EVERY_10), *gpu = peer_job(all, "g", EVERY_10);

    job_spec_set_text(&job_edit(job)->nodes, STR_LIT("big"));
    job_spec_set_text(&job_edit(gpu)->nodes, STR_LIT("gpu"));
    peer_put(&all->v[0], job);
    peer_put(&all->v[0], gpu);
    peers_pass(all, S);
    assert_int_equal(peers_owner(all, "g"), 1);
    peers_pass(all, 35 * S);
    assert_string_equal(peers_rows(all, "x"), "12 skipped no_node 0\n");
    const struct job *known = sched_find(all->v[0].s, STR_LIT("x"));

    assert_true(sched_holds(all->v[0].s, known).is_nowhere);
    peer_join(all, 2, "three", "big");
    peers_pass(all, 2 * S);
    assert_int_equal(peers_owner(all, "x"), 2);
    peers_pass(all, 10 * S);
    assert_string_equal(peers_rows(all, "x"),
                        "12 skipped no_node 0\n32 succeeded  1\n42 succeeded  0\n");
    assert_int_equal(peer_began(&all->v[2], "x"), 2);
}

// ---- the lease ----

// Cut off from the store, a node ends what others may begin anew before its lease is over, begins
// nothing, and is lost when it hears that others have its jobs.
static void test_lost(void **state)
{
    struct peers *all = *state;
    struct job *again = peer_job(all, "x", EVERY_10);

    job_edit(again)->on_lost = ON_LOST_RERUN;
    peer_put(&all->v[0], again);
    peers_pass(all, S);
    int owner = peers_owner(all, "x");
    struct peer *p = &all->v[owner];

    p->holds = true;
    peers_pass(all, 10 * S);
    assert_int_equal(peer_began(p, "x"), 1);
    memory_store_cut(p->store, true);
    peers_pass(all, LEASE);
    assert_true(p->runs[0].is_cancelled);
    peers_pass(all, 10 * S);
    assert_int_equal(p->losses, 0); // it cannot know yet
    assert_int_equal(p->count, 1);
    assert_true(peer_began(&all->v[1 - owner], "x") >= 2);
    memory_store_cut(p->store, false);
    peers_pass(all, 2 * S);
    assert_int_equal(p->losses, 1);
    peers_pass(all, 20 * S);
    assert_int_equal(p->count, 1);
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
    int64_t none = 0;

    sched_owned(s, &none);
    assert_int_equal(none, 0);
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
        cmocka_unit_test_setup_teardown(test_edits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_moved, setup, teardown),
        cmocka_unit_test_setup_teardown(test_left_behind, setup, teardown),
        cmocka_unit_test_setup_teardown(test_left_behind_rerun, setup, teardown),
        cmocka_unit_test_setup_teardown(test_drain, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nowhere, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lost, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
