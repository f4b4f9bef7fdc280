// pg_news.c - what the nodes of a PostgreSQL schema have done since it was looked at before.
// SPDX-License-Identifier: Apache-2.0
#include "store/pg_news.h"

#include "base/mem.h"
#include "base/vec.h"
#include "store/reader.h"
#include "store/request.h"

#include <string.h>

struct reading {
    struct pg *pg;
    struct arena *arena;
    VEC_OF(struct store_calendar) calendars;
    VEC_OF(struct run) runs;
};

static bool news_fill(struct pg *pg, const struct pg_told *since, int64_t self, struct pg_news *n);

struct pg_news *pg_news_read(struct pg *pg, const struct pg_told *since, int64_t self)
{
    struct pg_news *n = mem_alloc(sizeof *n);

    n->arena = arena_new(4096);
    if (query_run(pg_get(pg, PG_SNAPSHOT)) && news_fill(pg, since, self, n) &&
        db_do(&pg->base, SQL_COMMIT))
        return n;
    pg_news_free(n);
    if (pg->conn) {
        struct err why = pg->trouble;

        (void)pg_script(pg, "ROLLBACK");
        pg->trouble = why;
    }
    return NULL;
}

struct pg_news *pg_news_own(const struct pg_told *upto)
{
    struct pg_news *n = mem_alloc(sizeof *n);

    n->upto = *upto;
    n->is_own = true;
    return n;
}

void pg_news_free(struct pg_news *news)
{
    if (!news)
        return;
    arena_free(news->arena);
    free(news);
}

// What a vector has gathered, in the arena.
static void *keep(struct arena *arena, const void *items, size_t count, size_t size)
{
    void *kept = arena_array(arena, count, size);

    if (count > 0)
        memcpy(kept, items, count * size);
    return kept;
}

// ---- who is there ----

static struct store_node node_row(const struct query *q, struct arena *arena)
{
    return (struct store_node){
        .id = column_int(q, 0),
        .slot = (int)column_int(q, 1),
        .name = arena_copy(arena, column_text(q, 2)),
        .address = arena_copy(arena, column_text(q, 3)),
        .version = arena_copy(arena, column_text(q, 4)),
        .tags = arena_copy(arena, column_text(q, 5)),
        .state = (enum store_node_state)column_int(q, 6),
        .started_at = {column_int(q, 7)},
        .seen_at = {column_int(q, 8)},
        .lease_until = {column_int(q, 9)},
        .running = column_int(q, 10),
        .waiting = column_int(q, 11),
        .late_us = column_int(q, 12),
    };
}

bool pg_news_nodes(struct pg *pg, enum pg_name order, struct arena *arena, struct store_node **ret,
                   size_t *ret_count)
{
    struct query *q = pg_get(pg, order);
    VEC_OF(struct store_node) rows = {0};
    enum query_step step;

    while ((step = query_step(q)) == QUERY_ROW)
        vec_push(&rows, node_row(q, arena));
    query_reset(q);
    *ret = keep(arena, rows.v, rows.len, sizeof *rows.v);
    *ret_count = rows.len;
    vec_done(&rows);
    return step == QUERY_DONE;
}

static bool pins_read(struct pg *pg, struct arena *arena, struct store_members *m)
{
    struct query *q = pg_get(pg, PG_PINS);
    VEC_OF(struct store_pin) rows = {0};
    enum query_step step;

    while ((step = query_step(q)) == QUERY_ROW)
        vec_push(&rows, ((struct store_pin){column_int(q, 0), column_int(q, 1)}));
    query_reset(q);
    m->pins = keep(arena, rows.v, rows.len, sizeof *rows.v);
    m->pin_count = rows.len;
    vec_done(&rows);
    return step == QUERY_DONE;
}

bool pg_news_members(struct pg *pg, struct arena *arena, int64_t self, struct store_members *ret,
                     struct pg_told *ret_at)
{
    struct query *q = pg_get(pg, PG_CLUSTER);
    struct store_members m = {.self = self};
    struct store_node *nodes;

    if (query_step(q) != QUERY_ROW)
        return false;
    m.epoch = column_int(q, 0);
    m.low.us = column_int(q, 3);
    m.low_seen = column_int(q, 4);
    *ret_at = (struct pg_told){m.epoch, column_int(q, 1), column_int(q, 2)};
    query_reset(q);
    if (!pg_news_nodes(pg, PG_NODES, arena, &nodes, &m.node_count) || !pins_read(pg, arena, &m))
        return false;
    m.nodes = nodes;
    *ret = m;
    return true;
}

// ---- what was changed ----

static struct job_row changed_copy(struct job_row row, struct arena *arena)
{
    row.name = arena_copy(arena, row.name);
    row.trigger = arena_copy(arena, row.trigger);
    row.tz = arena_copy(arena, row.tz);
    row.spec = arena_copy(arena, row.spec);
    return row;
}

static bool jobs_read(struct pg *pg, int64_t since, struct pg_news *n)
{
    struct query *q = pg_get(pg, PG_JOBS_CHANGED);
    VEC_OF(struct job_row) rows = {0};
    enum query_step step;

    query_int(q, 1, since);
    query_int(q, 2, PG_NEWS_JOBS);
    while ((step = query_step(q)) == QUERY_ROW)
        vec_push(&rows, changed_copy(reader_job(q), n->arena));
    query_reset(q);
    n->news.jobs = keep(n->arena, rows.v, rows.len, sizeof *rows.v);
    n->news.job_count = rows.len;
    n->has_more = rows.len == PG_NEWS_JOBS;
    if (n->has_more)
        n->upto.change = rows.v[rows.len - 1].change_seq;
    vec_done(&rows);
    return step == QUERY_DONE;
}

static void calendar_add(const struct store_calendar *row, void *ctx)
{
    struct reading *reading = ctx;
    struct store_calendar copy = *row;

    copy.name = arena_copy(reading->arena, row->name);
    copy.body = arena_copy(reading->arena, row->body);
    vec_push(&reading->calendars, copy);
}

static bool calendars_read(struct reading *reading, struct store_news *news)
{
    bool ok = reader_calendars(&reading->pg->base, calendar_add, reading);

    news->has_calendars = true;
    news->calendars = keep(reading->arena, reading->calendars.v, reading->calendars.len,
                           sizeof *reading->calendars.v);
    news->calendar_count = reading->calendars.len;
    vec_done(&reading->calendars);
    return ok;
}

// ---- what a new epoch has to know ----

bool pg_news_alive(struct pg *pg, const struct pg_node *node,
                   void (*fn)(const struct run *run, void *ctx), void *ctx)
{
    struct query *q = pg_get(pg, PG_RUNS_ALIVE);
    enum query_step step;

    query_int(q, 1, node ? node->id : 0);
    while ((step = query_step(q)) == QUERY_ROW) {
        struct arena *arena = arena_new(1024);
        struct store_run row = {0};

        reader_run(q, arena, &row);
        if (row.run.state == RUN_RUNNING && pg_node_has_kept(node, row.run.id))
            row.run.state = RUN_ORPHANED;
        fn(&row.run, ctx);
        arena_free(arena);
    }
    query_reset(q);
    return step == QUERY_DONE;
}

static void run_add(const struct run *run, void *ctx)
{
    struct reading *reading = ctx;
    struct run copy = *run;

    copy.message = arena_copy(reading->arena, run->message);
    copy.ask = request_copy_ask(reading->arena, run->ask);
    vec_push(&reading->runs, copy);
}

static bool runs_read(struct reading *reading, struct store_news *news)
{
    bool ok = pg_news_alive(reading->pg, NULL, run_add, reading);

    news->runs = keep(reading->arena, reading->runs.v, reading->runs.len, sizeof *reading->runs.v);
    news->run_count = reading->runs.len;
    vec_done(&reading->runs);
    return ok;
}

static bool met_read(struct reading *reading, struct store_news *news)
{
    struct query *q = db_get(&reading->pg->base, SQL_MET_LOAD);
    VEC_OF(struct run_met) rows = {0};
    enum query_step step;

    while ((step = query_step(q)) == QUERY_ROW)
        vec_push(&rows,
                 ((struct run_met){column_int(q, 0), arena_copy(reading->arena, column_text(q, 1)),
                                   column_int(q, 2)}));
    query_reset(q);
    news->met = keep(reading->arena, rows.v, rows.len, sizeof *rows.v);
    news->met_count = rows.len;
    vec_done(&rows);
    return step == QUERY_DONE;
}

static bool slots_read(struct reading *reading, wall low, struct store_news *news)
{
    struct query *q = db_get(&reading->pg->base, SQL_SLOTS_BEHIND);
    VEC_OF(struct store_slot) rows = {0};
    enum query_step step;

    query_int(q, 1, low.us);
    while ((step = query_step(q)) == QUERY_ROW)
        vec_push(&rows, ((struct store_slot){column_int(q, 0), {column_int(q, 1)}}));
    query_reset(q);
    news->slots = keep(reading->arena, rows.v, rows.len, sizeof *rows.v);
    news->slot_count = rows.len;
    vec_done(&rows);
    return step == QUERY_DONE;
}

static bool news_fill(struct pg *pg, const struct pg_told *since, int64_t self, struct pg_news *n)
{
    struct reading reading = {.pg = pg, .arena = n->arena};

    if (!pg_news_members(pg, n->arena, self, &n->members, &n->upto) ||
        (n->upto.change > since->change && !jobs_read(pg, since->change, n)) ||
        (n->upto.calendars != since->calendars && !calendars_read(&reading, &n->news)))
        return false;
    if (n->has_more)
        n->upto.epoch = since->epoch;
    if (n->upto.epoch == since->epoch)
        return true;
    n->news.members = &n->members;
    return runs_read(&reading, &n->news) && met_read(&reading, &n->news) &&
           slots_read(&reading, n->members.low, &n->news);
}
