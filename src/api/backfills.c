// backfills.c - past slots over HTTP: asked for, looked at, cancelled.
// SPDX-License-Identifier: Apache-2.0
#include "api/handlers.h"

#include "api/backfill_models.h"
#include "api/call.h"
#include "api/models.h"
#include "sched/backfill.h"
#include "time/iso8601.h"

#define PAGE 1000
#define FAILED_MAX 100

// ---- asking ----

static bool moment_read(struct call *call, const char *name, struct str text,
                        const struct zone *zone, wall *ret_at)
{
    const json_t *given = call->json ? call->json : call->query_json;
    struct err e;

    if (iso8601_moment(text, zone, name, ret_at, &e))
        return true;
    return model_complain_err(
        call->issues,
        arena_printf(call->arena, "\"%s\",\"%s\"", call->json ? "body" : "query", name),
        json_object_get(given, name), &e);
}

static bool form_read(struct call *call, const struct job *job, struct backfill_ask *ret)
{
    const struct backfill_form *form = call->query;
    const struct zone *zone = trigger_zone(job->trigger);

    *ret = (struct backfill_ask){.to = clock_wall(call->api->o.clock),
                                 .parallel = (int)form->parallel,
                                 .is_newest_first = form->order == 1,
                                 .is_rerun = form->rerun,
                                 .is_forced = form->force,
                                 .is_dry = form->dry_run};
    if (!moment_read(call, "from", form->from, zone, &ret->from) ||
        (form->to.len > 0 && !moment_read(call, "to", form->to, zone, &ret->to)))
        return false;
    return ret->from.us <= ret->to.us ||
           model_complain(call->issues, "value_error",
                          call->json ? STR_LIT("\"body\",\"to\"") : STR_LIT("\"query\",\"to\""),
                          NULL, "", "Value error, it lies before from, or from in the future");
}

static void slots_write(const struct backfill_told *told, const struct zone *zone,
                        struct json_write *w)
{
    struct buf text;

    buf_init(&text, 64);
    json_write_key(w, "slots");
    json_write_array(w);
    for (size_t i = 0; i < told->count; i++) {
        buf_clear(&text);
        iso8601_write(told->slots[i], zone, &text);
        json_write_str(w, buf_str(&text));
    }
    json_write_array_end(w);
    buf_done(&text);
}

static void id_write(struct json_write *w, int64_t id)
{
    json_write_key(w, "backfill_id");
    if (id != 0)
        json_write_int(w, id);
    else
        json_write_null(w);
}

static void filled(const struct err *err, const struct backfill_told *told, void *ctx)
{
    struct call *call = ctx;
    const struct backfill_form *form = call->query;
    const struct job_params *params = call->params;
    const struct job *job = sched_find(call->api->o.sched, params->job_id);
    struct json_write w;
    struct buf body;

    if (err) {
        call_reply_err(call, err);
        return;
    }
    if (told->id != 0)
        http_reply_header(call->r, "location",
                          arena_printf(call->arena, "/api/v1/backfills/%lld", (long long)told->id));
    buf_init(&body, CALL_BODY_MAX);
    json_write_init(&w, &body);
    json_write_object(&w);
    id_write(&w, told->id);
    json_write_key(&w, "job_id");
    json_write_str(&w, params->job_id);
    json_write_key(&w, "dry_run");
    json_write_bool(&w, form->dry_run);
    json_write_key(&w, "total");
    json_write_int(&w, (int64_t)told->count);
    json_write_key(&w, "left_out");
    json_write_int(&w, (int64_t)told->ran);
    slots_write(told, job && job->trigger ? trigger_zone(job->trigger) : NULL, &w);
    json_write_object_end(&w);
    call_reply(call, told->id != 0 ? 202 : 200, &body);
}

void job_backfill(struct call *call)
{
    const struct job_params *params = call->params;
    const struct job *job = sched_find(call->api->o.sched, params->job_id);
    struct backfill_ask ask;

    if (!job)
        call_reply_no_job(call);
    else if (job->spec->quarantine.len > 0)
        call_reply_unusable(call, job);
    else if (form_read(call, job, &ask))
        backfill(call->api->o.sched, job->name, &ask, filled, call);
    else
        call_reply_issues(call);
}

// ---- looking ----

// The runs of one, page by page; in the call's arena.
struct looking {
    struct call *call;
    struct store_find find;
    struct str job_name;
    int64_t total, failed_count;
    int64_t states[RUN_LOST + 1];
    int64_t failed[FAILED_MAX];
    int parallel;
    bool is_alive;
    wall first, last;
};

static void page_ask(struct looking *l);

static void run_count(struct looking *l, const struct store_run *item)
{
    const struct run *run = &item->run;
    bool is_bad = run->state == RUN_FAILED || run->state == RUN_TIMED_OUT || run->state == RUN_LOST;

    if (l->total++ == 0) {
        l->job_name = arena_copy(l->call->arena, item->job_name);
        l->parallel = run->ask->parallel;
        l->first = l->last = run->ask->slot;
    }
    l->states[run->state]++;
    l->is_alive = l->is_alive || !run_state_is_final(run->state);
    if (run->ask->slot.us < l->first.us)
        l->first = run->ask->slot;
    if (run->ask->slot.us > l->last.us)
        l->last = run->ask->slot;
    if (is_bad && l->failed_count < FAILED_MAX)
        l->failed[l->failed_count++] = run->id;
}

static void time_write(struct looking *l, const char *key, wall at, struct json_write *w)
{
    struct buf text;

    buf_init(&text, 64);
    iso8601_write(at, zones_utc(l->call->api->o.zones), &text);
    json_write_key(w, key);
    json_write_str(w, buf_str(&text));
    buf_done(&text);
}

static void counts_write(const struct looking *l, struct json_write *w)
{
    json_write_key(w, "states");
    json_write_object(w);
    for (int i = 0; i <= RUN_LOST; i++) {
        if (l->states[i] == 0)
            continue;
        json_write_key(w, run_state_name((enum run_state)i));
        json_write_int(w, l->states[i]);
    }
    json_write_object_end(w);
    json_write_key(w, "is_done");
    json_write_bool(w, !l->is_alive);
}

static void status_reply(struct looking *l)
{
    struct json_write w;
    struct buf body;

    buf_init(&body, 1 << 16);
    json_write_init(&w, &body);
    json_write_object(&w);
    id_write(&w, l->find.cause_id);
    json_write_key(&w, "job_id");
    json_write_str(&w, l->job_name);
    json_write_key(&w, "total");
    json_write_int(&w, l->total);
    json_write_key(&w, "parallel");
    json_write_int(&w, l->parallel);
    counts_write(l, &w);
    time_write(l, "first_slot", l->first, &w);
    time_write(l, "last_slot", l->last, &w);
    json_write_key(&w, "failed");
    json_write_array(&w);
    for (int64_t i = 0; i < l->failed_count; i++)
        json_write_int(&w, l->failed[i]);
    json_write_array_end(&w);
    json_write_object_end(&w);
    call_reply(l->call, 200, &body);
}

static void none_reply(struct call *call)
{
    struct problem problem = PROBLEM_BACKFILL_NOT_FOUND;

    problem.detail = "Backfill not found";
    call_reply_problem(call, &problem);
}

static void page_read(const struct err *err, const struct store_run *runs, size_t count, void *ctx)
{
    struct looking *l = ctx;

    if (err) {
        call_reply_err(l->call, err);
        return;
    }
    for (size_t i = 0; i < count; i++)
        if (runs[i].run.origin == RUN_BACKFILL)
            run_count(l, &runs[i]);
    if (count == PAGE) {
        l->find.after_id = runs[count - 1].run.id;
        page_ask(l);
    } else if (l->total == 0) {
        none_reply(l->call);
    } else {
        status_reply(l);
    }
}

static void page_ask(struct looking *l)
{
    store_find_runs(l->call->api->o.store, &l->find, page_read, l);
}

void backfill_show(struct call *call)
{
    const struct backfill_params *params = call->params;
    struct looking *l = arena_alloc(call->arena, sizeof *l);

    *l = (struct looking){.call = call, .find = {.cause_id = params->backfill_id, .limit = PAGE}};
    page_ask(l);
}

void backfill_stop(struct call *call)
{
    const struct backfill_params *params = call->params;
    size_t count = backfill_cancel(call->api->o.sched, params->backfill_id);
    struct json_write w;
    struct buf body;

    if (count == 0) {
        none_reply(call);
        return;
    }
    buf_init(&body, 200);
    json_write_init(&w, &body);
    json_write_object(&w);
    id_write(&w, params->backfill_id);
    json_write_key(&w, "cancelled");
    json_write_int(&w, (int64_t)count);
    json_write_object_end(&w);
    call_reply(call, 202, &body);
}
