// history.c - what looks back and ahead over HTTP: timelines, the load to come, how a job has been
// doing.
// SPDX-License-Identifier: Apache-2.0
#include "api/handlers.h"

#include "api/call.h"
#include "api/history_models.h"
#include "api/models.h"
#include "base/mem.h"
#include "sched/forecast.h"
#include "sched/learned.h"
#include "time/duration.h"
#include "time/iso8601.h"

#include <stdlib.h>

#define PAGE_MAX 1000
#define TIMELINE_DAYS 366
#define FORECAST_DAYS 31
#define LEARN_MAX 256 // jobs whose past is asked for by one forecast

struct time_window {
    wall from, to;
    const struct zone *zone;
};

static bool moment_read(struct call *call, const char *name, struct str text,
                        const struct zone *zone, wall *ret_at)
{
    struct err e;
    json_t *value;

    if (text.len == 0)
        return true;
    if (iso8601_moment(text, zone, name, ret_at, &e))
        return true;
    value = json_stringn(text.p, text.len);
    (void)model_complain_err(call->issues, arena_printf(call->arena, "\"query\",\"%s\"", name),
                             value, &e);
    json_decref(value);
    return false;
}

// False when a complaint has been replied.
static bool window_read(struct call *call, struct str from, struct str to, int days,
                        struct time_window *window)
{
    bool ok = moment_read(call, "from", from, window->zone, &window->from);

    if (from.len > 0 && to.len == 0)
        window->to = (wall){window->from.us + DAY_US};
    ok = moment_read(call, "to", to, window->zone, &window->to) && ok;
    if (ok && window->to.us <= window->from.us)
        ok = model_complain(call->issues, "value_error", STR_LIT("\"query\",\"to\""), NULL, "",
                            "to must lie behind from");
    if (ok && window->to.us - window->from.us > days * DAY_US)
        ok = model_complain(call->issues, "value_error", STR_LIT("\"query\",\"to\""), NULL, "",
                            "to must lie at most %d days behind from", days);
    if (!ok)
        call_reply_issues(call);
    return ok;
}

// ---- writing ----

static void time_write(struct json_write *w, const char *key, wall at, const struct zone *zone)
{
    struct buf text;

    json_write_key(w, key);
    if (at.us == 0) {
        json_write_null(w);
        return;
    }
    buf_init(&text, 64);
    iso8601_write(at, zone, &text);
    json_write_str(w, buf_str(&text));
    buf_done(&text);
}

static void text_write(struct json_write *w, const char *key, const char *text)
{
    json_write_key(w, key);
    json_write_text(w, text);
}

static void int_write(struct json_write *w, const char *key, int64_t n)
{
    json_write_key(w, key);
    json_write_int(w, n);
}

static void bool_write(struct json_write *w, const char *key, bool is)
{
    json_write_key(w, key);
    json_write_bool(w, is);
}

// ---- timelines ----

struct timeline {
    struct call *call;
    int64_t job_id; // 0: all
    struct time_window window;
    size_t limit;
    struct buf body;
    struct json_write w;
    size_t written; // runs
    bool has_more;
};

static void going_read(const struct err *err, const struct store_run *runs, size_t count,
                       void *ctx);
static void runs_read(const struct err *err, const struct store_run *runs, size_t count, void *ctx);

static void run_write(struct timeline *t, const struct store_run *item)
{
    const struct run *run = &item->run;
    const struct zone *zone = t->window.zone;

    json_write_object(&t->w);
    int_write(&t->w, "run_id", run->id);
    json_write_key(&t->w, "job_id");
    json_write_str(&t->w, item->job_name);
    text_write(&t->w, "state", run_state_name(run->state));
    text_write(&t->w, "reason", run_reason_name(run->reason));
    text_write(&t->w, "origin", run_origin_name(run->origin));
    time_write(&t->w, "scheduled_at", run->scheduled_at, zone);
    time_write(&t->w, "started_at", run->started_at, zone);
    time_write(&t->w, "finished_at", run->finished_at, zone);
    int_write(&t->w, "missed", run->missed);
    time_write(&t->w, "missed_from", run->missed_from, zone);
    json_write_object_end(&t->w);
}

static void slots_write(struct timeline *t, const struct job *only)
{
    wall now = clock_wall(t->call->api->o.clock);
    wall from = t->window.from.us > now.us ? t->window.from : now;
    struct forecast f;

    sched_forecast(t->call->api->o.sched, only, from, t->window.to, &f);
    json_write_key(&t->w, "slots");
    json_write_array(&t->w);
    for (size_t i = 0; i < f.slots.len && i < t->limit; i++) {
        int64_t usual_us = forecast_usual_us(f.slots.v[i].entry);

        json_write_object(&t->w);
        json_write_key(&t->w, "job_id");
        json_write_str(&t->w, f.slots.v[i].entry->job->name);
        time_write(&t->w, "at", f.slots.v[i].at, t->window.zone);
        json_write_key(&t->w, "usual_ms");
        if (usual_us < 0)
            json_write_null(&t->w);
        else
            json_write_int(&t->w, usual_us / 1000);
        json_write_object_end(&t->w);
    }
    json_write_array_end(&t->w);
    bool_write(&t->w, "more_slots", f.is_cut || f.slots.len > t->limit);
    forecast_done(&f);
}

static void timeline_end(struct timeline *t, const struct err *err)
{
    struct call *call = t->call;
    const struct job *only = NULL;

    if (err) {
        buf_done(&t->body);
        call_reply_err(call, err);
        return;
    }
    if (t->job_id != 0) {
        const struct job_params *params = call->params;

        only = sched_find(call->api->o.sched, params->job_id);
    }
    json_write_array_end(&t->w);
    bool_write(&t->w, "more_runs", t->has_more);
    if (t->job_id == 0 || only) {
        slots_write(t, only);
    } else { // it has gone meanwhile
        json_write_key(&t->w, "slots");
        json_write_raw(&t->w, STR_LIT("[]"));
        bool_write(&t->w, "more_slots", false);
    }
    json_write_object_end(&t->w);
    call_reply(call, 200, &t->body);
}

static void timeline_ask(struct call *call, const struct job *job, const struct zone *zone)
{
    const struct timeline_query *query = call->query;
    struct timeline *t = arena_alloc(call->arena, sizeof *t);
    wall now = clock_wall(call->api->o.clock);

    *t = (struct timeline){
        .call = call,
        .job_id = job ? job->id : 0,
        .window = {{now.us - DAY_US}, {now.us + DAY_US}, zone},
        .limit = query->limit > PAGE_MAX ? PAGE_MAX : (size_t)query->limit,
    };
    if (!window_read(call, query->from, query->to, TIMELINE_DAYS, &t->window))
        return;
    const struct store_find going = {.job_id = t->job_id,
                                     .from = {INT64_MIN},
                                     .to = {t->window.from.us - 1},
                                     .going_at = t->window.from,
                                     .limit = (int)t->limit};

    buf_init(&t->body, CALL_BODY_MAX);
    json_write_init(&t->w, &t->body);
    json_write_object(&t->w);
    time_write(&t->w, "from", t->window.from, zone);
    time_write(&t->w, "to", t->window.to, zone);
    json_write_key(&t->w, "runs");
    json_write_array(&t->w);
    store_find_runs(call->api->o.store, &going, going_read, t);
}

static void going_read(const struct err *err, const struct store_run *runs, size_t count, void *ctx)
{
    struct timeline *t = ctx;
    const struct store_find in = {.job_id = t->job_id,
                                  .from = t->window.from,
                                  .to = t->window.to,
                                  .is_oldest_first = true,
                                  .limit = (int)t->limit};

    if (err) {
        timeline_end(t, err);
        return;
    }
    for (size_t i = count; i-- > 0;)
        run_write(t, &runs[i]);
    t->has_more = count == t->limit;
    store_find_runs(t->call->api->o.store, &in, runs_read, t);
}

static void runs_read(const struct err *err, const struct store_run *runs, size_t count, void *ctx)
{
    struct timeline *t = ctx;

    for (size_t i = 0; i < count; i++)
        run_write(t, &runs[i]);
    t->has_more = t->has_more || count == t->limit;
    timeline_end(t, err);
}

void timeline(struct call *call)
{
    timeline_ask(call, NULL, zones_utc(call->api->o.zones));
}

void job_timeline(struct call *call)
{
    const struct job_params *params = call->params;
    const struct job *job = sched_find(call->api->o.sched, params->job_id);

    if (!job)
        call_reply_no_job(call);
    else
        timeline_ask(call, job,
                     job->trigger ? trigger_zone(job->trigger) : zones_utc(call->api->o.zones));
}

// ---- the load to come ----

static void bucket_write(struct json_write *w, const struct forecast_bucket *b, wall from,
                         int64_t bucket_us, const struct zone *zone)
{
    json_write_object(w);
    time_write(w, "from", from, zone);
    int_write(w, "fires", b->fires);
    int_write(w, "peak", b->peak);
    json_write_key(w, "busy");
    json_write_double(w, (double)b->busy_us / (double)bucket_us);
    json_write_object_end(w);
}

// What is not known yet is asked for, so that the next forecast knows it.
static void jobs_learn(struct call *call, const struct forecast *f)
{
    int asked = 0;

    for (size_t i = 0; i < f->slots.len && asked < LEARN_MAX; i++) {
        const struct entry *entry = f->slots.v[i].entry;

        if (entry->learned && (entry->learned->is_asked || entry->learned->is_waiting))
            continue;
        sched_learn(call->api->o.sched, entry->job);
        asked++;
    }
}

static void buckets_write(struct json_write *w, const struct forecast_bucket *buckets, size_t count,
                          const struct time_window *window, int64_t bucket_us)
{
    size_t top = 0;

    for (size_t i = 1; i < count; i++)
        if (buckets[i].peak > buckets[top].peak)
            top = i;
    json_write_key(w, "peak");
    if (buckets[top].peak > 0)
        bucket_write(w, &buckets[top], (wall){window->from.us + (int64_t)top * bucket_us},
                     bucket_us, window->zone);
    else
        json_write_null(w);
    json_write_key(w, "buckets");
    json_write_array(w);
    for (size_t i = 0; i < count; i++)
        bucket_write(w, &buckets[i], (wall){window->from.us + (int64_t)i * bucket_us}, bucket_us,
                     window->zone);
    json_write_array_end(w);
}

void forecast(struct call *call)
{
    const struct forecast_query *query = call->query;
    wall now = clock_wall(call->api->o.clock);
    struct time_window window = {now, {now.us + DAY_US}, zones_utc(call->api->o.zones)};
    struct forecast f;
    struct json_write w;
    struct buf body;
    int64_t unknown;

    if (!window_read(call, query->from, query->to, FORECAST_DAYS, &window))
        return;
    size_t count = (size_t)query->buckets;
    int64_t bucket_us = (window.to.us - window.from.us + (int64_t)count - 1) / (int64_t)count;
    struct forecast_bucket *buckets = arena_array(call->arena, count, sizeof *buckets);

    sched_forecast(call->api->o.sched, NULL, window.from.us > now.us ? window.from : now,
                   (wall){window.to.us - 1}, &f);
    forecast_load(&f, window.from, bucket_us, query->assume, buckets, count, &unknown);
    buf_init(&body, CALL_BODY_MAX);
    json_write_init(&w, &body);
    json_write_object(&w);
    time_write(&w, "from", window.from, window.zone);
    time_write(&w, "to", window.to, window.zone);
    int_write(&w, "bucket_ms", bucket_us / 1000);
    int_write(&w, "fires", (int64_t)f.slots.len);
    int_write(&w, "frozen", f.frozen);
    int_write(&w, "assumed", unknown);
    buckets_write(&w, buckets, count, &window, bucket_us);
    bool_write(&w, "cut", f.is_cut);
    json_write_object_end(&w);
    jobs_learn(call, &f);
    forecast_done(&f);
    call_reply(call, 200, &body);
}

// ---- how a job has been doing ----

struct sums {
    int64_t *durations, *lags; // in milliseconds
    size_t duration_count, lag_count;
    int64_t states[RUN_LOST + 1];
    int64_t good, bad, bad_in_a_row;
    wall good_at, bad_at, since;
};

static bool is_bad(enum run_state state)
{
    return state == RUN_FAILED || state == RUN_TIMED_OUT || state == RUN_LOST;
}

// Rows come newest first.
static void tally_add(struct sums *t, const struct run *run)
{
    t->states[run->state]++;
    t->since = run->scheduled_at;
    if (run->state == RUN_SUCCEEDED) {
        t->durations[t->duration_count++] = (run->finished_at.us - run->started_at.us) / 1000;
        if (t->good++ == 0)
            t->good_at = run->finished_at;
    }
    if (is_bad(run->state)) {
        t->bad_in_a_row += t->good == 0;
        if (t->bad++ == 0)
            t->bad_at = run->finished_at;
    }
    if (run->origin < RUN_MANUAL && run->attempt == 1 && run->started_at.us != 0)
        t->lags[t->lag_count++] = (run->started_at.us - run->scheduled_at.us) / 1000;
}

static int number_order(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

static void spread_write(struct json_write *w, const char *key, int64_t *values, size_t count)
{
    json_write_key(w, key);
    if (count == 0) {
        json_write_null(w);
        return;
    }
    qsort(values, count, sizeof *values, number_order);
    json_write_object(w);
    int_write(w, "p50", learned_rank(values, count, 50));
    int_write(w, "p95", learned_rank(values, count, 95));
    int_write(w, "max", values[count - 1]);
    json_write_object_end(w);
}

static void tally_write(struct json_write *w, struct sums *t, const struct zone *zone)
{
    time_write(w, "since", t->since, zone);
    json_write_key(w, "states");
    json_write_object(w);
    for (int i = 0; i <= RUN_LOST; i++)
        if (t->states[i] > 0)
            int_write(w, run_state_name((enum run_state)i), t->states[i]);
    json_write_object_end(w);
    json_write_key(w, "success_rate");
    if (t->good + t->bad > 0)
        json_write_double(w, (double)t->good / (double)(t->good + t->bad));
    else
        json_write_null(w);
    int_write(w, "failed_in_a_row", t->bad_in_a_row);
    time_write(w, "last_success_at", t->good_at, zone);
    time_write(w, "last_failure_at", t->bad_at, zone);
    spread_write(w, "duration_ms", t->durations, t->duration_count);
    spread_write(w, "lag_ms", t->lags, t->lag_count);
}

static void stats_read(const struct err *err, const struct store_run *runs, size_t count, void *ctx)
{
    struct call *call = ctx;
    const struct job_params *params = call->params;
    const struct job *job = sched_find(call->api->o.sched, params->job_id);
    const struct zone *zone =
        job && job->trigger ? trigger_zone(job->trigger) : zones_utc(call->api->o.zones);
    struct json_write w;
    struct buf body;

    if (err) {
        call_reply_err(call, err);
        return;
    }
    struct sums tally = {.durations = arena_array(call->arena, count, sizeof *tally.durations),
                         .lags = arena_array(call->arena, count, sizeof *tally.lags)};

    for (size_t i = 0; i < count; i++)
        tally_add(&tally, &runs[i].run);
    buf_init(&body, CALL_BODY_MAX);
    json_write_init(&w, &body);
    json_write_object(&w);
    json_write_key(&w, "job_id");
    json_write_str(&w, params->job_id);
    int_write(&w, "rows", (int64_t)count);
    tally_write(&w, &tally, zone);
    json_write_object_end(&w);
    call_reply(call, 200, &body);
}

void job_stats(struct call *call)
{
    const struct job_params *params = call->params;
    const struct stats_query *query = call->query;
    const struct job *job = sched_find(call->api->o.sched, params->job_id);

    if (!job) {
        call_reply_no_job(call);
        return;
    }
    const struct store_find find = {
        .job_id = job->id, .from = {INT64_MIN}, .to = WALL_NEVER, .limit = (int)query->n};

    store_find_runs(call->api->o.store, &find, stats_read, call);
}
