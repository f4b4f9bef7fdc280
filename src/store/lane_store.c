// lane_store.c - a store of two lanes: what is the same for every database.
// SPDX-License-Identifier: Apache-2.0
#include "store/lane_store.h"

static void ops_fill(struct store_ops *ops);

void lane_store_init(struct lane_store *s, const struct store_ops *own, const struct clock *clock)
{
    s->ops = *own;
    ops_fill(&s->ops);
    s->base.ops = &s->ops;
    s->clock = clock;
    pthread_mutex_init(&s->lock, NULL);
}

void lane_store_done(struct lane_store *s)
{
    pthread_mutex_destroy(&s->lock);
}

void lane_store_committed(size_t requests, const struct err *failure, wall now, void *ctx)
{
    struct lane_store *s = ctx;

    pthread_mutex_lock(&s->lock);
    s->stats.writes += (int64_t)requests;
    s->stats.transactions += requests > 0;
    s->stats.last_failure.code = ERR_NONE;
    if (failure) {
        s->stats.last_failure = *failure;
        s->stats.last_failure_at = now;
    }
    pthread_mutex_unlock(&s->lock);
}

void lane_store_stats(struct lane_store *s, struct store_stats *ret)
{
    pthread_mutex_lock(&s->lock);
    *ret = s->stats;
    pthread_mutex_unlock(&s->lock);
    ret->waiting = (int64_t)(lane_waiting(s->writes) + lane_waiting(s->reads));
    ret->meter = &s->meter;
}

void lane_store_drain(struct lane_store *s)
{
    while (lane_waiting(s->writes) || lane_waiting(s->reads)) {
        lane_drain(s->writes);
        lane_drain(s->reads);
    }
}

// ---- the operations ----

static void ask(struct store *store, struct request *r, store_done *done, void *ctx)
{
    struct lane_store *s = (struct lane_store *)store;

    r->done = done;
    r->epoch = s->epoch;
    r->seen_seq = s->seen_seq;
    request_begin(r, s->clock, &s->meter, ctx);
    lane_ask(s->writes, r);
}

static void ask_read(struct store *store, struct request *r, store_runs_done *done, void *ctx)
{
    struct lane_store *s = (struct lane_store *)store;

    r->runs_done = done;
    request_begin(r, s->clock, &s->meter, ctx);
    lane_ask(s->reads, r);
}

static void put_job(struct store *s, const struct job_row *row, int expect_version,
                    store_done *done, void *ctx)
{
    ask(s, request_put_job(row, expect_version), done, ctx);
}

static void set_job_state(struct store *s, int64_t job_id, enum job_state state, bool moves,
                          store_done *done, void *ctx)
{
    ask(s, request_set_state(job_id, state, moves), done, ctx);
}

static void put_calendar(struct store *s, const struct store_calendar *row, int expect_version,
                         store_done *done, void *ctx)
{
    ask(s, request_put_calendar(row, expect_version), done, ctx);
}

static void delete_calendar(struct store *s, enum store_calendar_kind kind, struct str name,
                            store_done *done, void *ctx)
{
    ask(s, request_delete_calendar(kind, name), done, ctx);
}

static void claim(struct store *s, const struct run *runs, size_t count, wall watermark,
                  store_done *done, void *ctx)
{
    ask(s, request_claim(runs, count, watermark), done, ctx);
}

static void start(struct store *s, const struct run_start *starts, size_t count, store_done *done,
                  void *ctx)
{
    ask(s, request_start(starts, count), done, ctx);
}

static void delete_run(struct store *s, int64_t run_id, store_done *done, void *ctx)
{
    ask(s, request_delete_run(run_id), done, ctx);
}

static void finish(struct store *s, const struct run_end *ends, size_t count, store_done *done,
                   void *ctx)
{
    ask(s, request_finish(ends, count), done, ctx);
}

static void read_runs(struct store *s, const struct store_run_query *query, store_runs_done *done,
                      void *ctx)
{
    ask_read(s, request_read_runs(query), done, ctx);
}

static void read_run(struct store *s, int64_t run_id, store_runs_done *done, void *ctx)
{
    ask_read(s, request_read_run(run_id), done, ctx);
}

static void prune(struct store *s, const struct store_prune *prune, store_done *done, void *ctx)
{
    ask(s, request_prune(prune), done, ctx);
}

static void read_pruned(struct store *s, int64_t job_id, store_runs_done *done, void *ctx)
{
    ask_read(s, request_read_pruned(job_id), done, ctx);
}

static void read_key(struct store *s, int64_t job_id, struct str key, store_runs_done *done,
                     void *ctx)
{
    ask_read(s, request_read_key(job_id, key), done, ctx);
}

static void find_runs(struct store *s, const struct store_find *find, store_runs_done *done,
                      void *ctx)
{
    ask_read(s, request_find_runs(find), done, ctx);
}

static void alert(struct store *s, const struct alert_write *write, store_done *done, void *ctx)
{
    ask(s, request_alert(write), done, ctx);
}

static void read_alerts(struct store *s, const struct alert_query *query, store_alerts_done *done,
                        void *ctx)
{
    struct request *r = request_read_alerts(query);

    r->alerts_done = done;
    ask_read(s, r, NULL, ctx);
}

static void read_pasts(struct store *s, const int64_t *job_ids, size_t count,
                       store_pasts_done *done, void *ctx)
{
    struct request *r = request_read_pasts(job_ids, count);

    r->pasts_done = done;
    ask_read(s, r, NULL, ctx);
}

static void see(struct store *s, const struct store_seen *seen, store_done *done, void *ctx)
{
    ask(s, request_see(seen), done, ctx);
}

static void read_certificates(struct store *s, const struct store_certificate_query *query,
                              store_certificates_done *done, void *ctx)
{
    struct request *r = request_read_certificates(query);

    r->certificates_done = done;
    ask_read(s, r, NULL, ctx);
}

static void read_sightings(struct store *s, struct str sha256, int limit,
                           store_sightings_done *done, void *ctx)
{
    struct request *r = request_read_sightings(sha256, limit);

    r->sightings_done = done;
    ask_read(s, r, NULL, ctx);
}

void lane_store_drain_node(struct store *s, struct str node, bool is_on, store_done *done,
                           void *ctx)
{
    ask(s, request_drain(node, is_on), done, ctx);
}

void lane_store_read_nodes(struct store *s, store_nodes_done *done, void *ctx)
{
    struct request *r = request_read_nodes();

    r->nodes_done = done;
    ask_read(s, r, NULL, ctx);
}

void lane_store_launch(struct store *s, int64_t upto_run_id, const int64_t *dropped, size_t count,
                       store_done *done, void *ctx)
{
    ask(s, request_launch(upto_run_id, dropped, count), done, ctx);
}

static void ops_fill(struct store_ops *ops)
{
    ops->put_job = put_job;
    ops->set_job_state = set_job_state;
    ops->put_calendar = put_calendar;
    ops->delete_calendar = delete_calendar;
    ops->claim = claim;
    ops->start = start;
    ops->delete_run = delete_run;
    ops->finish = finish;
    ops->read_runs = read_runs;
    ops->read_run = read_run;
    ops->prune = prune;
    ops->read_pruned = read_pruned;
    ops->read_key = read_key;
    ops->find_runs = find_runs;
    ops->alert = alert;
    ops->read_alerts = read_alerts;
    ops->read_pasts = read_pasts;
    ops->see = see;
    ops->read_certificates = read_certificates;
    ops->read_sightings = read_sightings;
}
