// sqlite_store.c - the store in one SQLite file: two lanes, one for writes and one for reads.
//
// The loop's thread asks, the writer's thread commits many requests at once, the reader's thread
// looks things up and, in idle moments, carries the log over into the database, so that no commit
// has to. Three connections: the writer's, the reader's, and for a moment at the start one that
// loads the jobs.
// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_store.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "store/inventory_sql.h"
#include "store/lane.h"
#include "store/lock.h"
#include "store/reader.h"
#include "store/sqlite_file.h"
#include "store/takeover.h"
#include "store/writer.h"

struct sqlite_store {
    struct store base;
    const struct clock *clock;
    char *path;
    int lock_fd;
    struct writer writer;
    struct sql *reader;
    struct takeover takeover;
    struct lane *writes, *reads;
    pthread_mutex_t lock; // guards stats
    struct store_stats stats;
    struct store_meter meter; // the loop's
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
    s->base.ops = &sqlite_ops;
    s->clock = clock;
    s->lock_fd = -1;
    pthread_mutex_init(&s->lock, NULL);
    if ((s->path = lock_resolve(options->path, e)) && (s->lock_fd = lock_take(s->path, e)) >= 0 &&
        (s->writer.sql = sqlite_file_open(s->path, e)) &&
        takeover(&s->writer.sql->base, str_of(options->node_name), str_of(options->version),
                 clock_wall(clock), &s->takeover, e) &&
        (s->reader = sql_open(s->path, false, e)) && store_begin(s, loop, e)) {
        *ret = &s->base;
        return true;
    }
    store_end(s);
    return false;
}

// ---- what the writer tells, on its thread ----

static void committed(size_t requests, const struct err *failure, wall now, void *ctx)
{
    struct sqlite_store *s = ctx;

    pthread_mutex_lock(&s->lock);
    s->stats.writes += (int64_t)requests;
    s->stats.transactions++;
    s->stats.last_failure.code = ERR_NONE;
    if (failure) {
        s->stats.last_failure = *failure;
        s->stats.last_failure_at = now;
    }
    pthread_mutex_unlock(&s->lock);
}

static void wal_has_grown(void *ctx)
{
    struct sqlite_store *s = ctx;

    lane_poke(s->reads);
}

static bool store_begin(struct sqlite_store *s, struct loop *loop, struct err *e)
{
    struct lane_work reads = {reader_batch, sql_checkpoint, s->reader};
    struct lane_work writes = {writer_batch, NULL, &s->writer};

    s->writer.node_id = s->takeover.node_id;
    s->writer.change_seq = s->takeover.change_seq;
    s->writer.watermark = s->takeover.watermark;
    s->writer.on_commit = committed;
    s->writer.on_wal = wal_has_grown;
    s->writer.ctx = s;
    writer_init(&s->writer);
    s->reads = lane_new(loop, &reads, e);
    s->writes = s->reads ? lane_new(loop, &writes, e) : NULL;
    return s->writes;
}

static void store_end(struct sqlite_store *s)
{
    lane_free(s->writes);
    lane_free(s->reads);
    if (s->writes)
        takeover_leave(&s->writer.sql->base, s->takeover.node_id, s->writer.change_seq,
                       clock_wall(s->clock));
    sql_close(s->reader);
    sql_close(s->writer.sql);
    writer_done(&s->writer);
    file_close(&s->lock_fd);
    pthread_mutex_destroy(&s->lock);
    free(s->path);
    free(s);
}

// ---- the operations ----

static void ask(struct store *store, struct request *r, store_done *done, void *ctx)
{
    struct sqlite_store *s = (struct sqlite_store *)store;

    r->done = done;
    request_begin(r, s->clock, &s->meter, ctx);
    lane_ask(s->writes, r);
}

static void ask_read(struct store *store, struct request *r, store_runs_done *done, void *ctx)
{
    struct sqlite_store *s = (struct sqlite_store *)store;

    r->runs_done = done;
    request_begin(r, s->clock, &s->meter, ctx);
    lane_ask(s->reads, r);
}

static bool sqlite_load(struct store *store, struct store_load *load, struct err *e)
{
    struct sqlite_store *s = (struct sqlite_store *)store;
    struct sql *sql = sql_open(s->path, false, e);

    load->watermark = s->takeover.watermark;
    bool ok = sql && reader_load(&sql->base, load, e);

    sql_close(sql);
    load->orphaned = s->takeover.orphaned;
    load->last_run_id = s->takeover.last_run_id;
    return ok;
}

static void sqlite_put_job(struct store *s, const struct job_row *row, int expect_version,
                           store_done *done, void *ctx)
{
    ask(s, request_put_job(row, expect_version), done, ctx);
}

static void sqlite_set_job_state(struct store *s, int64_t job_id, enum job_state state,
                                 store_done *done, void *ctx)
{
    ask(s, request_set_state(job_id, state), done, ctx);
}

static void sqlite_put_calendar(struct store *s, const struct store_calendar *row,
                                int expect_version, store_done *done, void *ctx)
{
    ask(s, request_put_calendar(row, expect_version), done, ctx);
}

static void sqlite_delete_calendar(struct store *s, enum store_calendar_kind kind, struct str name,
                                   store_done *done, void *ctx)
{
    ask(s, request_delete_calendar(kind, name), done, ctx);
}

static void sqlite_claim(struct store *s, const struct run *runs, size_t count, wall watermark,
                         store_done *done, void *ctx)
{
    ask(s, request_claim(runs, count, watermark), done, ctx);
}

static void sqlite_start(struct store *s, const struct run_start *starts, size_t count,
                         store_done *done, void *ctx)
{
    ask(s, request_start(starts, count), done, ctx);
}

static void sqlite_delete_run(struct store *s, int64_t run_id, store_done *done, void *ctx)
{
    ask(s, request_delete_run(run_id), done, ctx);
}

static void sqlite_finish(struct store *s, const struct run_end *ends, size_t count,
                          store_done *done, void *ctx)
{
    ask(s, request_finish(ends, count), done, ctx);
}

static void sqlite_read_runs(struct store *s, const struct store_run_query *query,
                             store_runs_done *done, void *ctx)
{
    ask_read(s, request_read_runs(query), done, ctx);
}

static void sqlite_read_run(struct store *s, int64_t run_id, store_runs_done *done, void *ctx)
{
    ask_read(s, request_read_run(run_id), done, ctx);
}

static void sqlite_prune(struct store *s, const struct store_prune *prune, store_done *done,
                         void *ctx)
{
    ask(s, request_prune(prune), done, ctx);
}

static void sqlite_read_pruned(struct store *s, int64_t job_id, store_runs_done *done, void *ctx)
{
    ask_read(s, request_read_pruned(job_id), done, ctx);
}

static void sqlite_read_key(struct store *s, int64_t job_id, struct str key, store_runs_done *done,
                            void *ctx)
{
    ask_read(s, request_read_key(job_id, key), done, ctx);
}

static void sqlite_find_runs(struct store *s, const struct store_find *find, store_runs_done *done,
                             void *ctx)
{
    ask_read(s, request_find_runs(find), done, ctx);
}

static void sqlite_alert(struct store *s, const struct alert_write *write, store_done *done,
                         void *ctx)
{
    ask(s, request_alert(write), done, ctx);
}

static void sqlite_read_alerts(struct store *s, const struct alert_query *query,
                               store_alerts_done *done, void *ctx)
{
    struct request *r = request_read_alerts(query);

    r->alerts_done = done;
    ask_read(s, r, NULL, ctx);
}

static void sqlite_read_pasts(struct store *s, const int64_t *job_ids, size_t count,
                              store_pasts_done *done, void *ctx)
{
    struct request *r = request_read_pasts(job_ids, count);

    r->pasts_done = done;
    ask_read(s, r, NULL, ctx);
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

static void sqlite_see(struct store *s, const struct store_seen *seen, store_done *done, void *ctx)
{
    ask(s, request_see(seen), done, ctx);
}

static void sqlite_read_certificates(struct store *s, const struct store_certificate_query *query,
                                     store_certificates_done *done, void *ctx)
{
    struct request *r = request_read_certificates(query);

    r->certificates_done = done;
    ask_read(s, r, NULL, ctx);
}

static void sqlite_read_sightings(struct store *s, struct str sha256, int limit,
                                  store_sightings_done *done, void *ctx)
{
    struct request *r = request_read_sightings(sha256, limit);

    r->sightings_done = done;
    ask_read(s, r, NULL, ctx);
}

static void sqlite_stats(struct store *store, struct store_stats *ret)
{
    struct sqlite_store *s = (struct sqlite_store *)store;

    pthread_mutex_lock(&s->lock);
    *ret = s->stats;
    pthread_mutex_unlock(&s->lock);
    ret->waiting = (int64_t)(lane_waiting(s->writes) + lane_waiting(s->reads));
    ret->meter = &s->meter;
    ret->bytes = file_bytes(s->path, "");
    ret->log_bytes = file_bytes(s->path, "-wal");
}

static void sqlite_close(struct store *store)
{
    struct sqlite_store *s = (struct sqlite_store *)store;

    while (lane_waiting(s->writes) || lane_waiting(s->reads)) {
        lane_drain(s->writes);
        lane_drain(s->reads);
    }
    store_end(s);
}

static const struct store_ops sqlite_ops = {
    .load = sqlite_load,
    .put_job = sqlite_put_job,
    .set_job_state = sqlite_set_job_state,
    .put_calendar = sqlite_put_calendar,
    .delete_calendar = sqlite_delete_calendar,
    .claim = sqlite_claim,
    .start = sqlite_start,
    .finish = sqlite_finish,
    .delete_run = sqlite_delete_run,
    .read_runs = sqlite_read_runs,
    .read_run = sqlite_read_run,
    .prune = sqlite_prune,
    .read_pruned = sqlite_read_pruned,
    .read_key = sqlite_read_key,
    .find_runs = sqlite_find_runs,
    .load_sightings = sqlite_load_sightings,
    .see = sqlite_see,
    .read_certificates = sqlite_read_certificates,
    .read_sightings = sqlite_read_sightings,
    .alert = sqlite_alert,
    .read_alerts = sqlite_read_alerts,
    .read_pasts = sqlite_read_pasts,
    .stats = sqlite_stats,
    .close = sqlite_close,
};
