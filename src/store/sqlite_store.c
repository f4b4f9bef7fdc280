// sqlite_store.c - the store in one SQLite file: two lanes, one for writes and one for reads.
//
// The loop's thread asks, the writer's thread commits many requests at once, the reader's thread
// looks things up and, in idle moments, carries the log over into the database, so that no commit
// has to. Three connections: the writer's, the reader's, and for a moment at the start one that
// loads the jobs.
// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "store/inventory_sql.h"
#include "store/lane_store.h"
#include "store/lock.h"
#include "store/reader.h"
#include "store/sqlite_file.h"
#include "store/takeover.h"
#include "store/writer.h"

struct sqlite_store {
    struct lane_store base; // first
    char *path;
    int lock_fd;
    struct writer writer;
    struct sql *reader;
    struct takeover takeover;
};

static const struct store_ops sqlite_ops;
static bool store_begin(struct sqlite_store *s, struct loop *loop, struct err *e);
static void store_end(struct sqlite_store *s);

bool sqlite_store_open(struct loop *loop, const struct clock *clock,
                       const struct sqlite_store_options *options, struct store **ret,
                       struct err *e)
{
    struct sqlite_store *s = mem_alloc(sizeof *s);

    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); // counting would cost a lock for each allocation
    lane_store_init(&s->base, &sqlite_ops, clock);
    s->lock_fd = -1;
    if ((s->path = lock_resolve(options->path, e)) && (s->lock_fd = lock_take(s->path, e)) >= 0 &&
        (s->writer.sql = sqlite_file_open(s->path, e)) &&
        takeover(&s->writer.sql->base, str_of(options->node_name), str_of(options->version),
                 clock_wall(clock), &s->takeover, e) &&
        (s->reader = sql_open(s->path, false, e)) && store_begin(s, loop, e)) {
        *ret = &s->base.base;
        return true;
    }
    store_end(s);
    return false;
}

// ---- what the writer tells, on its thread ----

static void wal_has_grown(void *ctx)
{
    struct sqlite_store *s = ctx;

    lane_poke(s->base.reads);
}

static bool store_begin(struct sqlite_store *s, struct loop *loop, struct err *e)
{
    struct lane_work reads = {reader_batch, sql_checkpoint, s->reader, 0};
    struct lane_work writes = {writer_batch, NULL, &s->writer, 0};

    s->writer.node_id = s->takeover.node_id;
    s->writer.change_seq = s->takeover.change_seq;
    s->writer.watermark = s->takeover.watermark;
    s->writer.on_commit = lane_store_committed;
    s->writer.on_wal = wal_has_grown;
    s->writer.ctx = s;
    writer_init(&s->writer);
    s->base.reads = lane_new(loop, &reads, e);
    s->base.writes = s->base.reads ? lane_new(loop, &writes, e) : NULL;
    return s->base.writes;
}

static void store_end(struct sqlite_store *s)
{
    lane_free(s->base.writes);
    lane_free(s->base.reads);
    if (s->base.writes)
        takeover_leave(&s->writer.sql->base, s->takeover.node_id, s->writer.change_seq,
                       clock_wall(s->base.clock));
    sql_close(s->reader);
    sql_close(s->writer.sql);
    writer_done(&s->writer);
    file_close(&s->lock_fd);
    lane_store_done(&s->base);
    free(s->path);
    free(s);
}

// ---- the operations that are its own ----

static bool sqlite_load(struct store *store, struct store_load *load, struct err *e)
{
    struct sqlite_store *s = (struct sqlite_store *)store;
    struct sql *sql = sql_open(s->path, false, e);

    load->watermark = s->takeover.watermark;
    load->last_run_id = s->takeover.last_run_id;
    bool ok = sql && reader_load(&sql->base, load, e);

    sql_close(sql);
    load->orphaned = s->takeover.orphaned;
    return ok;
}

static int64_t file_bytes(const char *path, const char *suffix)
{
    struct stat st;
    char name[4352];
    int n = snprintf(name, sizeof name, "%s%s", path, suffix);

    return n > 0 && (size_t)n < sizeof name && stat(name, &st) == 0 ? st.st_size : 0;
}

static bool sqlite_load_sightings(struct store *store,
                                  void (*on_sighting)(const struct store_sighting *row, void *ctx),
                                  void *ctx, struct err *e)
{
    struct sqlite_store *s = (struct sqlite_store *)store;
    struct sql *sql = sql_open(s->path, false, e);
    bool ok = sql && (inventory_load(&sql->base, on_sighting, ctx) || sql_fail(sql, e));

    sql_close(sql);
    return ok;
}

static void sqlite_stats(struct store *store, struct store_stats *ret)
{
    struct sqlite_store *s = (struct sqlite_store *)store;

    lane_store_stats(&s->base, ret);
    ret->bytes = file_bytes(s->path, "");
    ret->log_bytes = file_bytes(s->path, "-wal");
}

static void sqlite_close(struct store *store)
{
    struct sqlite_store *s = (struct sqlite_store *)store;

    lane_store_drain(&s->base);
    store_end(s);
}

static const struct store_ops sqlite_ops = {
    .load = sqlite_load,
    .launch = lane_store_launch,
    .load_sightings = sqlite_load_sightings,
    .stats = sqlite_stats,
    .close = sqlite_close,
};
