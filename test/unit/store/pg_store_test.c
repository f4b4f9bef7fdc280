// pg_store_test.c - the PostgreSQL store fulfils the contract, and says clearly what it cannot open
// or write.
// SPDX-License-Identifier: Apache-2.0
#include "store/pg_store.h"

#include "../../contract/store_contract.c"

#include "../../contract/nodes_contract.c"
#include "pg_server.h"

static struct pg_server server;

struct medium {
    char schema[32];
    char uri[300];
};

static void *medium_new(void)
{
    struct medium *m = mem_alloc(sizeof *m);

    pg_server_schema(&server, m->schema);
    pg_server_uri(&server, m->schema, m->uri);
    return m;
}

static bool try_open(const char *uri, struct loop *loop, const struct clock *clock,
                     struct store **ret, struct err *e)
{
    const struct pg_store_options options = {.uri = uri, .node_name = "node-a", .version = "1.2.3"};

    return pg_store_open(loop, clock, &options, ret, e);
}

static struct store *medium_open(void *medium, struct loop *loop, const struct clock *clock)
{
    struct store *store = NULL;
    struct err e;

    if (!try_open(((struct medium *)medium)->uri, loop, clock, &store, &e))
        fail_msg("%s (%s)", e.message, e.hint);
    return store;
}

static void medium_free(void *medium)
{
    free(medium);
}

static void lives_add(void *medium, int count)
{
    struct pg *pg = pg_server_connect(&server, ((struct medium *)medium)->schema);
    char text[400];

    snprintf(text, sizeof text,
             "INSERT INTO uptime SELECT n + 1, %" PRId64 " + n * 1000000, %" PRId64
             " + (n + 1) * 1000000, 1, '' FROM generate_series(1, %d) AS n;"
             "SELECT setval('node_id_seq', %d)",
             START.us, START.us, count, count + 1);
    assert_true(pg_script(pg, text));
    pg_close(pg);
}

static const struct store_kind pg_kind = {medium_new, medium_open, medium_free, lives_add};

static struct store *medium_join(void *medium, struct loop *loop, const struct clock *clock,
                                 const struct node_ask *ask, struct err *e)
{
    const struct pg_store_options options = {
        .uri = ((struct medium *)medium)->uri,
        .node_name = ask->name,
        .version = "1.2.3",
        .address = ask->address,
        .tags = ask->tags,
        .lease_us = ask->lease_us,
        .kept = ask->kept,
        .kept_count = ask->kept_count,
    };
    struct store *store = NULL;

    return pg_store_open(loop, clock, &options, &store, e) ? store : NULL;
}

static const struct nodes_kind pg_nodes = {medium_new, medium_join, medium_free, true};

int main(void)
{
    int failed;

    pg_server_init(&server);
    failed = contract_run("store/pg", &pg_kind) + nodes_contract_run("store/pg/nodes", &pg_nodes);
    pg_server_done(&server);
    return failed;
}
