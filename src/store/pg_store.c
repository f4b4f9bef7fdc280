// pg_store.c - the store in a PostgreSQL schema: two lanes and a beat, each with a connection.
// SPDX-License-Identifier: Apache-2.0
//
// Each lane is poked once a second, so that a lost connection is noticed and made anew also while
// nobody asks for anything. The writer's session holds the lock on our name; the beat renews our
// lease and tells what the others do. A third lane is asked nothing: poked, it keeps the tables in
// order.
#include "store/pg_store.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/mem.h"
#include "store/inventory_sql.h"
#include "store/lane_store.h"
#include "store/pg_beat.h"
#include "store/pg_migrate.h"
#include "store/pg_news.h"
#include "store/pg_node.h"
#include "store/pg_parts.h"
#include "store/pg_read.h"
#include "store/pg_tidy.h"
#include "store/pg_writer.h"
#include "store/reader.h"

#define BEAT_US 1000000
#define BYTES_BEATS 10 // between two looks how large the tables are: each day has some more
#define LOAD_MS 600000 // as long as the server may take
#define CLOCK_LOOKS 4  // before anything is timed by it

struct pg_store {
    struct lane_store base; // first
    struct loop *loop;
    char *uri;
    struct arena *arena; // of what node says of us
    struct pg_node node;
    struct pg *reader;
    int reads_beats; // of the reader while it has a connection; its thread's own
    struct pg_writer writer;
    struct pg_tidy tidy;
    struct lane *order; // tidy's
    struct pg_beat *beat;
    struct arena *loaded; // members of the last load
    struct pg_told told;  // as of it
    bool is_alone;        // likewise
    struct store_members members;
    struct store_watch watch; // its news is NULL before store_watch
    struct loop_timer poke;
    atomic_bool is_ending;
    atomic_llong bytes;
};

static const struct store_ops pg_ops;
static bool store_begin(struct pg_store *s, struct pg_clock *clock, struct err *e);
static void store_end(struct pg_store *s);
static bool session_resume(struct pg *pg, void *ctx, struct err *e);
static bool ledger_open(struct pg_store *s, struct pg_clock *clock, struct err *e);
static void node_describe(struct pg_store *s, const struct pg_store_options *options);
static bool sessions_check(struct pg_store *s, struct err *e);

bool pg_store_open(struct loop *loop, const struct clock *clock,
                   const struct pg_store_options *options, struct store **ret, struct err *e)
{
    struct pg_store *s = mem_alloc(sizeof *s);
    struct pg_clock server = {.shared = options->shared};

    lane_store_init(&s->base, &pg_ops, clock);
    s->loop = loop;
    s->uri = str_own(str_of(options->uri));
    node_describe(s, options);
    pg_writer_init(&s->writer);
    if ((s->writer.pg = pg_open(s->uri, true, e)) && ledger_open(s, &server, e) &&
        (s->reader = pg_open(s->uri, false, e)) && sessions_check(s, e) &&
        pg_tidy_init(&s->tidy, s->uri, clock_wall(clock), e) && store_begin(s, &server, e)) {
        *ret = &s->base.base;
        return true;
    }
    store_end(s);
    return false;
}

static struct str text_or_none(struct arena *arena, const char *text)
{
    return text ? arena_copy(arena, str_of(text)) : (struct str){0};
}

// A pooler that hands each transaction a session gives two connections the same one.
static bool sessions_check(struct pg_store *s, struct err *e)
{
    int64_t session;

    if (!query_number(pg_get(s->reader, PG_SESSION), &session))
        return pg_fail(s->reader, e);
    if (session != s->node.session)
        return true;
    fail(e, ERR_STORE, NULL,
         "\"%s\" hands each transaction another session: a pooler in "
         "transaction mode?",
         s->writer.pg->name);
    return fail_hint(e, "let belfry have sessions of its own: pool_mode = session, or go past the "
                        "pooler");
}

static void node_describe(struct pg_store *s, const struct pg_store_options *options)
{
    int64_t *kept;

    s->arena = arena_new(1024);
    kept = arena_array(s->arena, options->kept_count, sizeof *kept);
    for (size_t i = 0; i < options->kept_count; i++)
        kept[i] = options->kept[i];
    s->node = (struct pg_node){
        .name = text_or_none(s->arena, options->node_name),
        .address = text_or_none(s->arena, options->address),
        .version = text_or_none(s->arena, options->version),
        .tags = text_or_none(s->arena, options->tags),
        .lease_us = options->lease_us ? options->lease_us : PG_LEASE_US,
        .kept = kept,
        .kept_count = options->kept_count,
    };
}

// The lock on our name first: what comes after it no other process of that name does.
static bool ledger_open(struct pg_store *s, struct pg_clock *clock, struct err *e)
{
    struct pg *pg = s->writer.pg;
    int64_t version;
    wall now;

    if (!pg_migrate_check(pg, &version, e) || !pg_migrate(pg, version, e) ||
        !pg_node_lock(pg, s->node.name, 0, &s->node.session, e))
        return false;
    for (int i = 0; i < CLOCK_LOOKS; i++)
        if (!pg_clock_look(clock, pg))
            return pg_fail(pg, e);
    now = clock_wall(s->base.clock);
    // Who reads the tables for long, a dump, does not keep us away: then they are made later.
    if (!pg_parts_make(pg, now, now) && !pg->conn)
        return pg_fail(pg, e);
    if (!pg_node_join(pg, &s->node, now, e))
        return false;
    pg->on_connect = session_resume;
    pg->ctx = s;
    return true;
}

// A new connection of the writer's: the session before must be over, so that what it was about to
// commit is decided.
static bool session_resume(struct pg *pg, void *ctx, struct err *e)
{
    struct pg_store *s = ctx;
    bool is_locked = pg_node_lock(pg, s->node.name, s->node.session, &s->node.session, e);

    return pg->conn && pg_writer_owns(&s->writer) && is_locked;
}

// ---- the lanes ----

static void nodes_read(struct pg_store *s, struct request *r)
{
    if (!pg_news_nodes(s->reader, PG_NODES_BY_NAME, r->arena, &r->nodes, &r->page_count))
        (void)pg_fail(s->reader, &r->err);
}

// Reads are answered with the failure while there is no connection.
static void reads_batch(struct list *requests, void *ctx)
{
    struct pg_store *s = ctx;

    (void)pg_ready(s->reader);
    for (struct list *link = requests->next; link != requests; link = link->next) {
        struct request *r = list_item(link, struct request, link);

        if (r->kind == REQUEST_READ_NODES)
            nodes_read(s, r);
        else if (r->kind == REQUEST_READ_PASTS)
            (void)(pg_read_pasts(s->reader, r) || pg_fail(s->reader, &r->err));
        else
            reader_answer(&s->reader->base, r);
    }
}

static void reads_beat(void *ctx)
{
    struct pg_store *s = ctx;
    int64_t bytes;

    if (!pg_ready(s->reader) || s->reads_beats++ % BYTES_BEATS != 0)
        return;
    if (query_number(db_get(&s->reader->base, SQL_BYTES), &bytes))
        atomic_store(&s->bytes, bytes);
}

static void lanes_poke(void *ctx)
{
    struct pg_store *s = ctx;

    lane_poke(s->base.writes);
    lane_poke(s->base.reads);
    atomic_store(&s->tidy.now, clock_wall(s->base.clock).us);
    lane_poke(s->order);
    loop_timer_set(s->loop, &s->poke, mono_after_us(loop_now(s->loop), BEAT_US), lanes_poke, s);
}

// ---- news ----

// What we have changed ourselves is in force here once each answer is there.
static bool on_news(const struct pg_news *news, void *ctx)
{
    struct pg_store *s = ctx;

    if (news->is_own && lane_waiting(s->base.writes) > 0)
        return false;
    if (!news->is_own)
        s->watch.news(&news->news, s->watch.ctx);
    s->base.seen_seq = news->upto.change;
    return true;
}

static void on_lost(const struct err *why, void *ctx)
{
    struct pg_store *s = ctx;

    if (s->watch.lost)
        s->watch.lost(why, s->watch.ctx);
}

static void on_epoch(void *ctx)
{
    struct pg_store *s = ctx;

    pg_beat_poke(s->beat);
}

// ---- beginning and ending ----

static bool store_begin(struct pg_store *s, struct pg_clock *clock, struct err *e)
{
    struct lane_work reads = {reads_batch, reads_beat, s, 0};
    struct lane_work writes = {pg_writer_batch, pg_writer_beat, &s->writer, PG_WRITER_ROWS};
    struct lane_work order = {NULL, pg_tidy_beat, &s->tidy, 0};
    const struct pg_beat_options beat = {s->loop, s->uri, &s->node, *clock, on_news, on_lost, s};

    s->writer.node = &s->node;
    s->writer.last_run_id = s->node.last_run_id;
    s->writer.is_ending = &s->is_ending;
    s->writer.tidy = &s->tidy;
    s->writer.on_commit = lane_store_committed;
    s->writer.on_epoch = on_epoch;
    s->writer.ctx = s;
    s->beat = pg_beat_new(&beat, e);
    s->base.reads = s->beat ? lane_new(s->loop, &reads, e) : NULL;
    s->order = s->base.reads ? lane_new(s->loop, &order, e) : NULL;
    s->base.writes = s->order ? lane_new(s->loop, &writes, e) : NULL;
    if (s->base.writes)
        lanes_poke(s);
    return s->base.writes;
}

// The writer knows the beat, and writes nothing more when that is gone.
static void store_end(struct pg_store *s)
{
    bool is_lost = s->beat && pg_beat_is_lost(s->beat);

    loop_timer_stop(s->loop, &s->poke);
    atomic_store(&s->tidy.is_ending, true);
    lane_free(s->order);
    lane_free(s->base.writes);
    lane_free(s->base.reads);
    pg_beat_free(s->beat);
    s->writer.on_epoch = NULL;
    if (s->node.id && !is_lost && pg_ready(s->writer.pg))
        pg_node_leave(s->writer.pg, &s->node, clock_wall(s->base.clock));
    pg_tidy_done(&s->tidy);
    pg_close(s->reader);
    pg_close(s->writer.pg);
    pg_writer_done(&s->writer);
    lane_store_done(&s->base);
    arena_free(s->loaded);
    arena_free(s->arena);
    free(s->uri);
    free(s);
}

// ---- the operations that are its own ----

// Everything as of one moment; runs that are kept are among those that wait for a decision.
static bool load_all(struct pg_store *s, struct pg *pg, struct store_load *load, struct err *e)
{
    // A million jobs take their time, theirs to come as well as ours to read them.
    static const char patience[] = "SET statement_timeout = '10min';"
                                   "SET idle_in_transaction_session_timeout = '10min'";
    struct store_load rest = *load;

    pg->patience_ms = LOAD_MS;
    if (!pg_script(pg, patience) || !query_run(pg_get(pg, PG_SNAPSHOT)) ||
        !pg_news_members(pg, s->loaded, s->node.id, &s->members, &s->told))
        return pg_fail(pg, e);
    load->members = &s->members;
    load->watermark = rest.watermark = s->members.low;
    rest.on_run = NULL;
    if (!reader_load(&pg->base, &rest, e))
        return false;
    return !load->on_run || pg_news_alive(pg, &s->node, load->on_run, load->ctx) || pg_fail(pg, e);
}

static bool pg_load(struct store *store, struct store_load *load, struct err *e)
{
    struct pg_store *s = (struct pg_store *)store;
    struct pg *pg = pg_open(s->uri, false, e);
    bool ok;

    arena_free(s->loaded);
    s->loaded = arena_new(1024);
    load->last_run_id = s->node.last_run_id;
    ok = pg && load_all(s, pg, load, e);
    pg_close(pg);
    load->orphaned = s->node.orphaned;
    s->base.seen_seq = s->told.change;
    s->is_alone = s->members.node_count == 1;
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

static void pg_watch(struct store *store, const struct store_watch *watch)
{
    struct pg_store *s = (struct pg_store *)store;

    s->watch = *watch;
    pg_beat_watch(s->beat, &s->told, s->is_alone);
}

static void pg_own(struct store *store, int64_t epoch)
{
    ((struct pg_store *)store)->base.epoch = epoch;
}

static bool pg_may_start(struct store *store)
{
    return pg_beat_is_trusted(((struct pg_store *)store)->beat);
}

static void pg_release(struct store *store)
{
    pg_beat_release(((struct pg_store *)store)->beat);
}

static void pg_tell(struct store *store, int64_t running, int64_t waiting, int64_t late_us)
{
    pg_beat_tell(((struct pg_store *)store)->beat, running, waiting, late_us);
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

// There is no launch: what is planned would have to go with each epoch, of every node, and a claim
// of a thousand rows takes some milliseconds more than the launch that its round trip would be.
static const struct store_ops pg_ops = {
    .load = pg_load,
    .load_sightings = pg_load_sightings,
    .watch = pg_watch,
    .own = pg_own,
    .may_start = pg_may_start,
    .release = pg_release,
    .drain = lane_store_drain_node,
    .tell = pg_tell,
    .read_nodes = lane_store_read_nodes,
    .stats = pg_stats,
    .close = pg_store_close,
};
