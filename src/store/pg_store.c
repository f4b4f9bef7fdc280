// pg_store.c - the store in a PostgreSQL schema: two lanes, each with a connection.
// SPDX-License-Identifier: Apache-2.0
//
// Each lane is poked once a second, so that a lost connection is noticed and made anew also while
// nobody asks for anything. The writer's session holds the lock that keeps a second belfry away. A
// third lane is asked nothing: poked, it keeps the tables in order.
#include "store/pg_store.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/mem.h"
#include "store/inventory_sql.h"
#include "store/lane_store.h"
#include "store/pg_holder.h"
#include "store/pg_migrate.h"
#include "store/pg_parts.h"
#include "store/pg_tidy.h"
#include "store/pg_writer.h"
#include "store/reader.h"
#include "store/takeover.h"

#define BEAT_US 1000000

struct pg_store {
    struct lane_store base; // first
    struct loop *loop;
    char *uri;
    struct pg *reader;
    struct pg_writer writer;
    struct pg_tidy tidy;
    struct lane *order; // tidy's
    struct takeover takeover;
    int64_t session; // of the writer, at the server
    struct loop_timer beat;
    atomic_bool is_ending;
    atomic_llong bytes;
};

static const struct store_ops pg_ops;
static bool store_begin(struct pg_store *s, struct err *e);
static void store_end(struct pg_store *s);
static bool session_resume(struct pg *pg, void *ctx, struct err *e);
static bool ledger_open(struct pg_store *s, const struct pg_store_options *options, struct err *e);

bool pg_store_open(struct loop *loop, const struct clock *clock,
                   const struct pg_store_options *options, struct store **ret, struct err *e)
{
    struct pg_store *s = mem_alloc(sizeof *s);

    lane_store_init(&s->base, &pg_ops, clock);
    s->loop = loop;
    s->uri = str_own(str_of(options->uri));
    pg_writer_init(&s->writer);
    if ((s->writer.pg = pg_open(s->uri, true, e)) && ledger_open(s, options, e) &&
        (s->reader = pg_open(s->uri, false, e)) &&
        pg_tidy_init(&s->tidy, s->uri, clock_wall(clock), e) && store_begin(s, e)) {
        *ret = &s->base.base;
        return true;
    }
    store_end(s);
    return false;
}

// The lock first: what comes after it is ours alone.
static bool ledger_open(struct pg_store *s, const struct pg_store_options *options, struct err *e)
{
    struct pg *pg = s->writer.pg;
    wall now = clock_wall(s->base.clock);
    int64_t version;

    if (!pg_migrate_check(pg, &version, e) || !pg_holder_take(pg, 0, &s->session, e) ||
        !pg_migrate_check(pg, &version, e) || !pg_migrate(pg, version, e))
        return false;
    if (!pg_parts_make(pg, now, now))
        return pg_fail(pg, e);
    if (!takeover(&pg->base, str_of(options->node_name), str_of(options->version), now,
                  &s->takeover, e))
        return false;
    pg->on_connect = session_resume;
    pg->ctx = s;
    return true;
}

// A new connection of the writer's: it writes only if nobody has taken over meanwhile.
static bool session_resume(struct pg *pg, void *ctx, struct err *e)
{
    struct pg_store *s = ctx;

    return pg_holder_take(pg, s->session, &s->session, e) && pg_writer_owns(&s->writer);
}

// ---- the lanes ----

// Reads are answered with the failure while there is no connection.
static void reads_batch(struct list *requests, void *ctx)
{
    struct pg_store *s = ctx;

    (void)pg_ready(s->reader);
    reader_batch(requests, s->reader);
}

static void reads_beat(void *ctx)
{
    struct pg_store *s = ctx;
    int64_t bytes;

    if (pg_ready(s->reader) && query_number(db_get(&s->reader->base, SQL_BYTES), &bytes))
        atomic_store(&s->bytes, bytes);
}

static void beat(void *ctx)
{
    struct pg_store *s = ctx;

    lane_poke(s->base.writes);
    lane_poke(s->base.reads);
    atomic_store(&s->tidy.now, clock_wall(s->base.clock).us);
    lane_poke(s->order);
    loop_timer_set(s->loop, &s->beat, mono_after_us(loop_now(s->loop), BEAT_US), beat, s);
}

static bool store_begin(struct pg_store *s, struct err *e)
{
    struct lane_work reads = {reads_batch, reads_beat, s};
    struct lane_work writes = {pg_writer_batch, pg_writer_beat, &s->writer};
    struct lane_work order = {NULL, pg_tidy_beat, &s->tidy};

    s->writer.node_id = s->takeover.node_id;
    s->writer.watermark = s->takeover.watermark;
    s->writer.last_run_id = s->takeover.last_run_id;
    s->writer.is_ending = &s->is_ending;
    s->writer.tidy = &s->tidy;
    s->writer.on_commit = lane_store_committed;
    s->writer.ctx = s;
    s->base.reads = lane_new(s->loop, &reads, e);
    s->order = s->base.reads ? lane_new(s->loop, &order, e) : NULL;
    s->base.writes = s->order ? lane_new(s->loop, &writes, e) : NULL;
    if (s->base.writes)
        beat(s);
    return s->base.writes;
}

static void store_end(struct pg_store *s)
{
    loop_timer_stop(s->loop, &s->beat);
    atomic_store(&s->tidy.is_ending, true);
    lane_free(s->order);
    lane_free(s->base.writes);
    lane_free(s->base.reads);
    if (s->base.writes && pg_ready(s->writer.pg) &&
        query_number(pg_get(s->writer.pg, PG_CHANGE), &s->takeover.change_seq))
        takeover_leave(&s->writer.pg->base, s->takeover.node_id, s->takeover.change_seq,
                       clock_wall(s->base.clock));
    pg_tidy_done(&s->tidy);
    pg_close(s->reader);
    pg_close(s->writer.pg);
    pg_writer_done(&s->writer);
    lane_store_done(&s->base);
    free(s->uri);
    free(s);
}

// ---- the operations that are its own ----

static bool pg_load(struct store *store, struct store_load *load, struct err *e)
{
    struct pg_store *s = (struct pg_store *)store;
    struct pg *pg = pg_open(s->uri, false, e);

    load->watermark = s->takeover.watermark;
    load->last_run_id = s->takeover.last_run_id;
    bool ok = pg && reader_load(&pg->base, load, e);

    pg_close(pg);
    load->orphaned = s->takeover.orphaned;
    return ok;
}

static bool pg_load_sightings(struct store *store,
                              void (*on_sighting)(const struct store_sighting *row, void *ctx),
                              void *ctx, struct err *e)
{
    struct pg_store *s = (struct pg_store *)store;
    struct pg *pg = pg_open(s->uri, false, e);
    bool ok = pg && (inventory_load(&pg->base, on_sighting, ctx) || pg_fail(pg, e));

    pg_close(pg);
    return ok;
}

static void pg_stats(struct store *store, struct store_stats *ret)
{
    struct pg_store *s = (struct pg_store *)store;

    lane_store_stats(&s->base, ret);
    ret->bytes = atomic_load(&s->bytes);
}

static void pg_store_close(struct store *store)
{
    struct pg_store *s = (struct pg_store *)store;

    atomic_store(&s->is_ending, true);
    lane_store_drain(&s->base);
    store_end(s);
}

static const struct store_ops pg_ops = {
    .load = pg_load,
    .load_sightings = pg_load_sightings,
    .stats = pg_stats,
    .close = pg_store_close,
};
