// runs.c - runs over HTTP: start one now, pages of history, one run with what it wrote.
// SPDX-License-Identifier: Apache-2.0
#include "api/handlers.h"

#include "api/call.h"
#include "api/models.h"
#include "time/iso8601.h"

#define PAGE_MAX 1000

static void started(const struct err *err, int64_t run_id, void *ctx);
static void page_read(const struct err *err, const struct store_run *runs, size_t count, void *ctx);
static void run_read(const struct err *err, const struct store_run *runs, size_t count, void *ctx);

void job_run(struct call *call)
{
    const struct job_params *params = call->params;
    const struct run_query *query = call->query;
    const struct job *job = sched_find(call->api->o.sched, params->job_id);

    if (!job)
        call_reply_no_job(call);
    else if (job->quarantine.len > 0)
        call_reply_unusable(call, job);
    else
        sched_run_now(call->api->o.sched, params->job_id, query->force, started, call);
}

static void started(const struct err *err, int64_t run_id, void *ctx)
{
    struct call *call = ctx;
    const struct job_params *params = call->params;
    struct buf body;

    if (err) {
        call_reply_err(call, err);
        return;
    }
    http_reply_header(call->r, "location",
                      arena_printf(call->arena, "/api/v1/runs/%lld", (long long)run_id));
    buf_init(&body, 4096); // the name is checked: nothing in it needs escaping
    buf_printf(&body, "{\"run_id\":%lld,\"job_id\":\"%.*s\"}", (long long)run_id,
               STR(params->job_id));
    call_reply(call, 201, &body);
}

// --- one run as JSON
// -----------------------------------------------------------------------------------------------

static void time_write(const struct call *call, struct json_write *w, const char *key, wall at)
{
    struct buf text;

    json_write_key(w, key);
    if (at.us == 0) {
        json_write_null(w);
        return;
    }
    buf_init(&text, 64);
    iso8601_write(at, zones_utc(call->api->o.zones), &text);
    json_write_str(w, buf_str(&text));
    buf_done(&text);
}

static void int_write(struct json_write *w, const char *key, int64_t n, bool is_known)
{
    json_write_key(w, key);
    if (is_known)
        json_write_int(w, n);
    else
        json_write_null(w);
}

static void text_write(struct json_write *w, const char *key, struct str s)
{
    json_write_key(w, key);
    json_write_str(w, s);
}

static void run_write(const struct call *call, const struct store_run *item, struct json_write *w)
{
    const struct run *run = &item->run;
    bool has_ended = run->finished_at.us != 0;
    bool has_exited = has_ended && run->started_at.us != 0 && run->exit_code >= 0;
    int64_t took_ms = (run->finished_at.us - run->started_at.us) / 1000;

    int_write(w, "run_id", run->id, true);
    text_write(w, "job_id", item->job_name);
    text_write(w, "state", str_of(run_state_name(run->state)));
    text_write(w, "reason", str_of(run_reason_name(run->reason)));
    text_write(w, "origin", str_of(run_origin_name(run->origin)));
    time_write(call, w, "scheduled_at", run->scheduled_at);
    time_write(call, w, "queued_at", run->queued_at);
    time_write(call, w, "started_at", run->started_at);
    time_write(call, w, "finished_at", run->finished_at);
    int_write(w, "duration_ms", took_ms, has_ended && run->started_at.us != 0);
    int_write(w, "attempt", run->attempt, true);
    int_write(w, "exit_code", run->exit_code, has_exited);
    int_write(w, "signal", run->signal, run->signal != 0);
    text_write(w, "message", run->message);
    int_write(w, "missed", run->missed, true);
    time_write(call, w, "missed_from", run->missed_from);
    int_write(w, "job_version", run->job_version, true);
}

static void stream_write(struct json_write *w, const char *key, const struct run_stream *stream)
{
    json_write_key(w, key);
    json_write_object(w);
    text_write(w, "head", stream->head);
    text_write(w, "tail", stream->tail);
    int_write(w, "total", stream->total, true);
    json_write_object_end(w);
}

// --- pages
// ---------------------------------------------------------------------------------------------------------

static void page_ask(struct call *call, int64_t job_id)
{
    const struct runs_query *query = call->query;
    struct store_run_query ask = {
        .job_id = job_id,
        .before_id = query->cursor,
        .limit = query->limit > PAGE_MAX ? PAGE_MAX : (int)query->limit,
    };

    store_read_runs(call->api->o.store, &ask, page_read, call);
}

void runs_list(struct call *call)
{
    page_ask(call, 0);
}

void job_runs(struct call *call)
{
    const struct job_params *params = call->params;
    const struct job *job = sched_find(call->api->o.sched, params->job_id);

    if (job)
        page_ask(call, job->id);
    else
        call_reply_no_job(call);
}

static void page_read(const struct err *err, const struct store_run *runs, size_t count, void *ctx)
{
    struct call *call = ctx;
    const struct runs_query *query = call->query;
    size_t limit = query->limit > PAGE_MAX ? PAGE_MAX : (size_t)query->limit;
    struct json_write w;
    struct buf body;

    if (err) {
        call_reply_err(call, err);
        return;
    }
    buf_init(&body, CALL_BODY_MAX);
    json_write_init(&w, &body);
    json_write_object(&w);
    json_write_key(&w, "runs");
    json_write_array(&w);
    for (size_t i = 0; i < count; i++) {
        json_write_object(&w);
        run_write(call, &runs[i], &w);
        json_write_object_end(&w);
    }
    json_write_array_end(&w);
    int_write(&w, "next_cursor", count > 0 ? runs[count - 1].run.id : 0, count == limit);
    json_write_object_end(&w);
    call_reply(call, 200, &body);
}

void run_show(struct call *call)
{
    const struct run_params *params = call->params;

    store_read_run(call->api->o.store, params->run_id, run_read, call);
}

static void run_read(const struct err *err, const struct store_run *runs, size_t count, void *ctx)
{
    struct call *call = ctx;
    struct problem problem = PROBLEM_RUN_NOT_FOUND;
    struct json_write w;
    struct buf body;

    if (err) {
        call_reply_err(call, err);
        return;
    }
    if (count == 0) {
        problem.detail = "Run not found";
        call_reply_problem(call, &problem);
        return;
    }
    buf_init(&body, CALL_BODY_MAX);
    json_write_init(&w, &body);
    json_write_object(&w);
    run_write(call, runs, &w);
    stream_write(&w, "stdout", &runs->out);
    stream_write(&w, "stderr", &runs->err);
    json_write_key(&w, "result");
    if (runs->result.len > 0)
        json_write_raw(&w, runs->result);
    else
        json_write_null(&w);
    json_write_object_end(&w);
    call_reply(call, 200, &body);
}
