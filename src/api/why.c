// why.c - what became of a moment of a job, over HTTP.
// SPDX-License-Identifier: Apache-2.0
#include "api/handlers.h"

#include "api/call.h"
#include "api/history_models.h"
#include "api/models.h"
#include "sched/why_ask.h"
#include "time/iso8601.h"

static void answered(const struct err *err, const struct why_facts *facts,
                     const struct why *answers, size_t count, void *ctx);

static void at_complain(struct call *call, const struct err *e)
{
    const struct why_query *query = call->query;
    json_t *at = json_stringn(query->at.p, query->at.len);

    (void)model_complain_err(call->issues, STR_LIT("\"query\",\"at\""), at, e);
    json_decref(at);
    call_reply_issues(call);
}

// Of a job that is over, or cannot be used.
static const struct zone *zone_of(struct call *call)
{
    struct trigger_context context = sched_trigger_context(call->api->o.sched);
    const struct zone *zone;
    struct err e;

    return zones_get(context.zones, context.timezone, &zone, &e) ? zone : zones_utc(context.zones);
}

void job_why(struct call *call)
{
    const struct job_params *params = call->params;
    const struct why_query *query = call->query;
    const struct job *job = sched_find(call->api->o.sched, params->job_id);
    struct why_question question;
    struct err e;
    const struct zone *zone = job && job->trigger ? trigger_zone(job->trigger) : zone_of(call);

    if (!why_question_read(query->at, zone, clock_wall(call->api->o.clock), &question, &e))
        at_complain(call, &e);
    else
        why_ask(call->api->o.sched, params->job_id, &question, answered, call);
}

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

static void run_write(struct json_write *w, const struct store_run *item, const struct zone *zone)
{
    const struct run *run = &item->run;

    json_write_object(w);
    json_write_key(w, "run_id");
    json_write_int(w, run->id);
    text_write(w, "state", run_state_name(run->state));
    text_write(w, "reason", run_reason_name(run->reason));
    text_write(w, "origin", run_origin_name(run->origin));
    time_write(w, "scheduled_at", run->scheduled_at, zone);
    time_write(w, "started_at", run->started_at, zone);
    time_write(w, "finished_at", run->finished_at, zone);
    json_write_object_end(w);
}

static void answer_write(struct json_write *w, const struct why *a, const struct zone *zone)
{
    json_write_object(w);
    time_write(w, "slot", a->slot, zone);
    text_write(w, "outcome", why_outcome(a));
    text_write(w, "rule", why_code(a->rule));
    json_write_key(w, "sentence");
    json_write_str(w, a->sentence);
    json_write_key(w, "run");
    if (a->run)
        run_write(w, a->run, zone);
    else
        json_write_null(w);
    json_write_key(w, "related");
    json_write_array(w);
    if (a->other)
        run_write(w, a->other, zone);
    json_write_array_end(w);
    json_write_object_end(w);
}

static void answered(const struct err *err, const struct why_facts *facts,
                     const struct why *answers, size_t count, void *ctx)
{
    struct call *call = ctx;
    struct json_write w;
    struct buf body, text;

    if (err && err->code == ERR_NOT_FOUND) {
        call_reply_no_job(call);
        return;
    }
    if (err) {
        call_reply_err(call, err);
        return;
    }
    const struct job *job = facts->job;
    struct str day = why_day(facts, answers, call->arena);

    buf_init(&body, 1 << 20);
    buf_init(&text, 1 << 18);
    buf_printf(&text, "%.*s, %.*s\n", STR(job->name), STR(day));
    json_write_init(&w, &body);
    json_write_object(&w);
    json_write_key(&w, "job_id");
    json_write_str(&w, job->name);
    json_write_key(&w, "timezone");
    json_write_str(&w, zone_name(facts->zone));
    json_write_key(&w, "day");
    json_write_str(&w, day);
    json_write_key(&w, "answers");
    json_write_array(&w);
    for (size_t i = 0; i < count; i++) {
        answer_write(&w, &answers[i], facts->zone);
        buf_printf(&text, "%.*s\n", STR(answers[i].sentence));
    }
    json_write_array_end(&w);
    json_write_key(&w, "more");
    json_write_bool(&w, count == WHY_ANSWERS_MAX);
    json_write_key(&w, "text");
    json_write_str(&w, buf_str(&text));
    json_write_object_end(&w);
    buf_done(&text);
    call_reply(call, 200, &body);
}
