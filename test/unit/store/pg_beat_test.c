// pg_beat_test.c - leases that are renewed, buried and lost, and what is told of the others.
// SPDX-License-Identifier: Apache-2.0
#include "store/pg_beat.h"

#include <inttypes.h>
#include <string.h>

#include "pg_server.h"
#include "store/pg_epoch.h"
#include "store/pg_migrate.h"

#define LEASE_US 3000000 // longer than a busy machine holds us up

static struct pg_server server;

struct heard {
    struct loop *loop;
    struct pg_beat *beat;
    struct pg *pg; // of the node
    struct pg_node node;
    char uri[300];
    struct shared_clock shared;
    bool is_refusing;
    int news, own, epochs, losses;
    size_t jobs, nodes;
    struct pg_told upto;
};

static bool on_news(const struct pg_news *news, void *ctx)
{
    struct heard *h = ctx;

    if (h->is_refusing)
        return false;
    h->news++;
    h->own += news->is_own;
    h->jobs += news->news.job_count;
    h->upto = news->upto;
    if (news->news.members) {
        h->epochs++;
        h->nodes = news->members.node_count;
        assert_int_equal(news->members.self, h->node.id);
    }
    return true;
}

static void on_lost(const struct err *why, void *ctx)
{
    assert_non_null(strstr(why->message, "lease"));
    ((struct heard *)ctx)->losses++;
}

static void node_begin(struct heard *h, const char *schema, const char *name)
{
    int64_t version;
    struct err e;

    pg_server_uri(&server, schema, h->uri);
    h->pg = pg_server_connect(&server, schema);
    h->loop = loop_new(clock_real(), &e);
    h->node = (struct pg_node){.name = str_of(name), .lease_us = LEASE_US};
    assert_true(pg_migrate_check(h->pg, &version, &e) && pg_migrate(h->pg, version, &e));
    assert_true(pg_node_join(h->pg, &h->node, (wall){1}, &e));
    shared_clock_init(&h->shared);

    const struct pg_beat_options options = {.loop = h->loop,
                                            .uri = h->uri,
                                            .node = &h->node,
                                            .clock = {.shared = &h->shared},
                                            .on_news = on_news,
                                            .on_lost = on_lost,
                                            .ctx = h};

    h->beat = pg_beat_new(&options, &e);
    assert_non_null(h->beat);
}

// From what the schema says now.
static void node_watch(struct heard *h)
{
    struct arena *arena = arena_new(1024);
    struct store_members members;
    struct pg_told at;

    assert_true(query_run(pg_get(h->pg, PG_SNAPSHOT)));
    assert_true(pg_news_members(h->pg, arena, h->node.id, &members, &at));
    assert_true(db_do(&h->pg->base, SQL_COMMIT));
    pg_beat_watch(h->beat, &at, members.node_count == 1);
    arena_free(arena);
}

static void node_end(struct heard *h)
{
    pg_beat_free(h->beat);
    loop_free(h->loop);
    pg_close(h->pg);
}

static int64_t number(struct pg *pg, const char *text)
{
    PGresult *result = pg_ask(pg, text, NULL, 0);
    int64_t n = result && PQntuples(result) > 0 ? pg_int(result, 0, 0) : -1;

    PQclear(result);
    return n;
}

static void turn(struct heard *a, struct heard *b)
{
    (void)loop_turn(a->loop, 1);
    if (b)
        (void)loop_turn(b->loop, 0);
}

// Turns the loops until it is so.
#define until(a, b, condition)                                      \
    do {                                                            \
        for (int tries = 0; tries < 60000 && !(condition); tries++) \
            turn(a, b);                                             \
        if (!(condition))                                           \
            fail_msg("never: %s", #condition);                      \
    } while (0)

#define JOBS                                                                                      \
    "INSERT INTO job(name, kind, trigger, tz, spec, state, version, change_seq, effective_from, " \
    "created_at, updated_at) SELECT 'j' || n, 0, '', '', '', 0, 1, nextval('change'), 0, 0, 0 "   \
    "FROM generate_series(1, %d) AS n; UPDATE cluster SET change = (SELECT last_value FROM "      \
    "change AS numbers)"

static void jobs_add(struct pg *pg, int count)
{
    char text[500];

    snprintf(text, sizeof text, JOBS, count);
    assert_true(pg_script(pg, text));
}

// Of one that is alone only up to where, and not while it cannot be taken.
static void test_alone(void **state)
{
    char schema[32];
    struct heard h = {0};

    (void)state;
    pg_server_schema(&server, schema);
    node_begin(&h, schema, "anna");
    node_watch(&h);
    h.is_refusing = true;
    jobs_add(h.pg, 3);
    pg_beat_poke(h.beat);
    pg_beat_tell(h.beat, 4, 5, 6);
    until(&h, NULL, number(h.pg, "SELECT running + waiting + late_us FROM node") == 15);
    assert_int_equal(h.news, 0);
    h.is_refusing = false;
    until(&h, NULL, h.own == 1);
    assert_int_equal(h.upto.change, 3);
    assert_int_equal(h.jobs, 0);
    until(&h, NULL, pg_beat_is_trusted(h.beat));
    // The clock is the server's, as well as one can say.
    struct pg_clock clock = {.shared = &h.shared};

    assert_true(pg_clock_look(&clock, h.pg));
    int64_t here = clock_wall(&h.shared.base).us;
    int64_t there = number(h.pg, "SELECT (extract(epoch FROM clock_timestamp()) * 1e6)::bigint");

    assert_true(there - here >= -1000000 && there - here <= 1000000);
    node_end(&h);
}

static void test_others(void **state)
{
    char schema[32], text[300];
    struct heard anna = {0}, berta = {0};

    (void)state;
    pg_server_schema(&server, schema);
    node_begin(&anna, schema, "anna");
    node_watch(&anna);
    node_begin(&berta, schema, "berta");
    until(&anna, &berta, anna.epochs == 1); // at once, since berta has told it
    assert_int_equal(anna.nodes, 2);
    node_watch(&berta);
    jobs_add(berta.pg, PG_NEWS_JOBS + 10);
    until(&anna, &berta, anna.jobs == PG_NEWS_JOBS + 10); // in two parts
    assert_true(anna.news >= 3 && anna.own == 0);
    pg_beat_release(berta.beat);
    pg_beat_release(berta.beat);
    until(&anna, &berta, anna.epochs == 2 && berta.epochs == 1);
    // A lost connection is no lost lease.
    snprintf(text, sizeof text,
             "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE backend_type = "
             "'client backend' AND pid NOT IN (pg_backend_pid(), %" PRId64 ")",
             number(berta.pg, "SELECT pg_backend_pid()"));
    assert_int_equal(number(anna.pg, text), 2);
    pg_beat_release(anna.beat);
    until(&anna, &berta, anna.epochs == 3 && berta.epochs == 2);
    until(&anna, &berta, pg_beat_is_trusted(anna.beat));
    assert_false(pg_beat_is_lost(berta.beat));
    node_end(&berta); // as if killed
    until(&anna, NULL, anna.epochs == 4);
    assert_int_equal(anna.nodes, 1);
    assert_int_equal(anna.losses, 0);
    node_end(&anna);
}

static void test_lost(void **state)
{
    char schema[32];
    struct heard h = {0};

    (void)state;
    pg_server_schema(&server, schema);
    node_begin(&h, schema, "anna");
    assert_true(pg_script(h.pg, "DELETE FROM node"));
    until(&h, NULL, h.losses == 1);
    assert_true(pg_beat_is_lost(h.beat));
    assert_false(pg_beat_is_trusted(h.beat));
    node_end(&h);
    pg_beat_free(NULL);
}

static void count_run(const struct run *run, void *ctx)
{
    char *text = ctx;

    snprintf(text + strlen(text), 100 - strlen(text), "%d %d,", (int)run->id, (int)run->state);
}

// What is read of one moment (by reader_job, reader_run and reader_calendars, too).
static void test_news(void **state)
{
    static const char alive[] =
        "INSERT INTO run_active(id, job_id, scheduled_at, node, queued_at, started_at, try_at, "
        "finished_at, missed, missed_from, attempt, job_version, exit_code, signal, origin, state, "
        "reason, message) SELECT n, n, n * 10, node.id, 0, 0, 0, 0, 0, 0, 1, 1, -1, 0, 0, n, 0, '' "
        "FROM node, generate_series(1, 4) AS n;"
        "INSERT INTO met VALUES(3, 'p', 9);"
        "INSERT INTO calendar(kind, name, body, version, created_at, updated_at) "
        "VALUES(0, 'x', '{}', 1, 0, 0); UPDATE cluster SET calendars = 1, low = 20";
    const int64_t kept[] = {2};
    char schema[32], text[100] = "";
    struct heard h = {0};
    struct pg_told since = {0};
    struct pg_news *news;
    struct store_node *nodes;
    size_t count;

    (void)state;
    pg_server_schema(&server, schema);
    node_begin(&h, schema, "anna");
    jobs_add(h.pg, 2);
    assert_true(pg_script(h.pg, alive));
    news = pg_news_read(h.pg, &since, h.node.id);
    assert_non_null(news);
    assert_int_equal(news->news.job_count, 2);
    assert_true(str_eq(news->news.jobs[1].name, STR_LIT("j2")));
    assert_true(news->news.has_calendars && news->news.calendar_count == 1);
    assert_int_equal(news->news.members->node_count, 1);
    assert_int_equal(news->news.run_count, 3);
    assert_int_equal(news->news.met[0].after_id, 9);
    assert_int_equal(news->news.slot_count, 2);
    since = news->upto;
    pg_news_free(news);
    news = pg_news_read(h.pg, &since, h.node.id);
    assert_true(!news->news.members && !news->news.job_count && !news->news.has_calendars);
    pg_news_free(news);
    news = pg_news_own(&since);
    assert_true(news->is_own && news->upto.change == 2);
    pg_news_free(news);
    h.node.kept = kept;
    h.node.kept_count = 1;
    assert_true(pg_news_alive(h.pg, &h.node, count_run, text));
    assert_string_equal(text, "1 1,2 4,3 3,4 4,"); // what is kept is told as orphaned
    struct arena *arena = arena_new(100);

    assert_true(pg_news_nodes(h.pg, PG_NODES_BY_NAME, arena, &nodes, &count));
    assert_true(count == 1 && str_eq(nodes[0].name, STR_LIT("anna")));
    arena_free(arena);
    pg_news_free(NULL);
    node_end(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alone),
        cmocka_unit_test(test_others),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_news),
    };
    int failed;

    pg_server_init(&server);
    failed = cmocka_run_group_tests_name("store/pg_beat", tests, NULL, NULL);
    pg_server_done(&server);
    return failed;
}
