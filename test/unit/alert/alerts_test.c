// alerts_test.c - alerts of a node among others: incidents go with their jobs, channels are what
// the others have made them.
// SPDX-License-Identifier: Apache-2.0
#include "alert/alerts.h"

#include "alert/incidents.h"
#include "sched/peers.h"

#define RULES "[{\"channel\":\"ops\",\"on\":[\"failed\",\"recovered\"]}]"

struct node {
    struct peer *peer;
    struct alerts *alerts;
};

static void node_begin(struct node *n, struct peers *all, int i, const char *name)
{
    struct alerts_options options = {.loop = all->loop, .host = name};

    peer_join(all, i, name, "");
    n->peer = &all->v[i];
    n->peer->holds = true;
    options.store = n->peer->store;
    n->alerts = alerts_new(&options);
    alerts_follow(n->alerts, n->peer->s);
    alerts_begin(n->alerts);
    peers_settle(all);
}

static void node_crash(struct node *n)
{
    if (!n->peer->store)
        return;
    memory_store_crash(n->peer->store);
    alerts_free(n->alerts);
    sched_free(n->peer->s);
    n->peer->store = NULL;
    n->peer->s = NULL;
}

static size_t open_at(const struct node *n)
{
    struct alerts_stats stats;

    alerts_stats(n->alerts, &stats);
    return stats.open[INCIDENT_FAILING];
}

static void slot_run(struct node *n, enum run_state state)
{
    size_t before = n->peer->count;

    peers_pass(n->peer->all, 10 * S);
    assert_int_equal(n->peer->count, before + 1);
    peer_end(n->peer, before, state);
}

// It opens where the job is; it is known where the job comes to, and closed there; who has lost the
// job forgets it.
static void test_incidents(void **state)
{
    struct peers *all = mem_alloc(sizeof *all);
    struct node nodes[3];

    (void)state;
    peers_open(all);
    node_begin(&nodes[0], all, 0, "one");
    node_begin(&nodes[1], all, 1, "two");
    peers_pass(all, 2 * S);
    struct job *job = peer_job(all, "x", EVERY_10);
    json_t *rules = json_loads(RULES, 0, NULL);

    job_spec_set_notify(job_edit(job), rules);
    json_decref(rules);
    peer_put(&all->v[0], job);
    peers_pass(all, S);
    int owner = peers_owner(all, "x");
    struct node *had = &nodes[owner], *other = &nodes[1 - owner];

    slot_run(had, RUN_FAILED);
    assert_int_equal(open_at(had), 1);
    assert_int_equal(open_at(other), 0);
    alerts_epoch(other->alerts); // nothing of it is ours
    peers_settle(all);
    assert_int_equal(open_at(other), 0);
    node_crash(had);
    peers_pass(all, 6 * S);
    alerts_epoch(other->alerts);
    peers_settle(all);
    assert_int_equal(open_at(other), 1);
    slot_run(other, RUN_FAILED);
    assert_int_equal(open_at(other), 1);
    node_begin(&nodes[2], all, 2, owner == 0 ? "one" : "two"); // its share is what it was
    peers_pass(all, 2 * S);
    alerts_epoch(other->alerts);
    alerts_epoch(nodes[2].alerts);
    peers_settle(all);
    assert_int_equal(peers_owner(all, "x"), 2);
    assert_int_equal(open_at(other), 0);
    assert_int_equal(open_at(&nodes[2]), 1);
    slot_run(&nodes[2], RUN_SUCCEEDED);
    peers_pass(all, S);
    assert_int_equal(open_at(&nodes[2]), 0);
    alerts_epoch(nodes[2].alerts); // what has ended does not come back
    peers_settle(all);
    assert_int_equal(open_at(&nodes[2]), 0);
    node_crash(other);
    node_crash(&nodes[2]);
    peers_close(all);
    free(all);
}

static void test_rows(void **state)
{
    struct store_calendar rows[] = {
        {.kind = STORE_CHANNEL,
         .name = STR_LIT("ops"),
         .body = STR_LIT("{\"kind\":\"webhook\",\"url\":\"http://127.0.0.1:9/\"}"),
         .version = 1},
        {.kind = STORE_NOTIFY, .name = STR_LIT("default"), .body = STR_LIT(RULES), .version = 3},
        {.kind = STORE_POOL, .name = STR_LIT("ops"), .body = STR_LIT("{}")},
    };
    struct fixture f;

    (void)state;
    fixture_open(&f);
    const struct alerts_options options = {.loop = f.loop, .store = f.store, .host = "one"};
    struct alerts *a = alerts_new(&options);

    alerts_rows(rows, 3, a);
    assert_non_null(channels_find(alerts_channels(a), STR_LIT("ops")));
    assert_int_equal(alerts_default_version(a), 3);
    rows[1].version = 2; // of before
    rows[1].body = STR_LIT("[]");
    alerts_rows(rows, 3, a);
    assert_int_equal(alerts_default_version(a), 3);
    alerts_rows(rows + 1, 2, a);
    assert_null(channels_find(alerts_channels(a), STR_LIT("ops")));
    alerts_epoch(a); // before anything has begun
    memory_store_crash(f.store);
    alerts_free(a);
    fixture_close(&f);
}

// No two nodes give the same number.
static void test_numbers(void **state)
{
    struct incidents i;
    struct fixture f;
    int64_t last = 0;

    (void)state;
    fixture_open(&f);
    incidents_init(&i, f.loop, NULL);
    assert_int_equal(incidents_id(&i), T0);
    assert_int_equal(incidents_id(&i), T0 + 1);
    for (int slot = 0; slot < INCIDENTS_SLOTS; slot += 21)
        for (int n = 0; n < 3; n++) {
            i.node_slot = slot;
            int64_t id = incidents_id(&i);

            assert_true(id > last);
            assert_int_equal(incidents_id_slot(id), slot);
            last = id;
        }
    memory_store_crash(f.store);
    fixture_close(&f);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_incidents),
                                              cmocka_unit_test(test_rows),
                                              cmocka_unit_test(test_numbers)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
