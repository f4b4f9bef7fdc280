// triggers.c - schedules before they are used: what a trigger means, and what may be wrong with it.
// SPDX-License-Identifier: Apache-2.0
#include "api/handlers.h"

#include "api/call.h"
#include "api/trigger_models.h"
#include "base/hash.h"
#include "job/folder.h"
#include "time/duration.h"
#include "time/iso8601.h"
#include "trigger/dialect.h"
#include "trigger/preview.h"

#define FRESH_MAX_S 60 // jobs and clocks move on

// Whose trigger it will be.
struct asker {
    const struct call *call;
    struct str job_id; // may be empty
};

static bool load(wall from, uint32_t counts[LINT_HOUR_MINUTES], void *ctx)
{
    const struct asker *asker = ctx;

    return sched_load(asker->call->api->o.sched, from, asker->job_id, counts);
}

// Does each run of the job start a process, or a connection?
static bool is_heavy(const struct asker *asker)
{
    const struct job *job = sched_find(asker->call->api->o.sched, asker->job_id);
    enum folder_entry entry;
    struct err e;

    if (!job)
        return false;
    if (job->kind != JOB_FOLDER)
        return job->kind != JOB_HEARTBEAT;
    return folder_find(asker->call->api->o.jobs_dir, job->target, &entry, &e) &&
           (entry == ENTRY_PYTHON || entry == ENTRY_PROGRAM);
}

// The body of a reply. dialect NULL: the trigger was a spec.
static void body_write(struct asker *asker, const struct trigger *t, const char *dialect, wall from,
                       int64_t count, struct buf *body)
{
    const struct preview_options options = {
        .lint = {.now = from, .is_heavy = is_heavy(asker), .load = load, .ctx = asker},
        .count = count,
    };
    struct json_write w;

    json_write_init(&w, body);
    json_write_object(&w);
    json_write_key(&w, "dialect");
    json_write_text(&w, dialect);
    preview_write(t, &options, &w);
    json_write_object_end(&w);
}

// ---- in a query

// A complaint about a parameter: what is wrong inside of the schedule is expr's.
static void query_refuse(struct call *call, struct err *e)
{
    static const struct {
        const char *field, *parameter;
    } rows[] = {{"dialect", "dialect"}, {"timezone", "tz"}, {"from", "from"}};
    struct str loc = STR_LIT("\"query\"");
    const char *parameter = "expr";

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(e->field, rows[i].field) == 0)
            parameter = rows[i].parameter;
    (void)model_complain_err(call->issues, model_loc(call->arena, loc, str_of(parameter)),
                             json_object_get(call->query_json, parameter), e);
    call_reply_issues(call);
}

static bool query_read(struct call *call, struct trigger_context *context,
                       enum dialect *ret_dialect, struct trigger **ret_trigger, struct err *e)
{
    const struct preview_query *query = call->query;
    const struct zone *zone;
    json_t *spec;
    bool ok;

    *ret_dialect = query->dialect < 0 ? dialect_guess(query->expr) : (enum dialect)query->dialect;
    if (query->tz.p)
        context->timezone = query->tz;
    if (query->from.p && (!zones_get(context->zones, context->timezone, &zone, e) ||
                          !iso8601_moment(query->from, zone, "from", &context->now, e)))
        return false;
    if (!dialect_spec(query->expr, *ret_dialect, &spec, e))
        return false;
    ok = trigger_parse(spec, context, ret_trigger, e);
    json_decref(spec);
    return ok;
}

// For how long the reply stays true: until the next run, as far as nobody said from when on.
static int64_t fresh_s(const struct trigger *t, wall now, bool is_fixed)
{
    int64_t s = is_fixed ? FRESH_MAX_S : (trigger_next(t, now).us - now.us) / SECOND_US;

    return s < FRESH_MAX_S ? s : FRESH_MAX_S;
}

// Answers with the body, or with 304 when the client has just that.
static void cached_reply(struct call *call, int64_t fresh, struct buf *body)
{
    static const struct hash_key key = {0}; // no secret: whoever asks may know what it is made of
    struct str tag =
        arena_printf(call->arena, "\"%016llx\"", (unsigned long long)hash_str(&key, buf_str(body)));
    struct str given;

    http_reply_header(call->r, "etag", tag);
    http_reply_header(call->r, "cache-control",
                      arena_printf(call->arena, "private, max-age=%lld", (long long)fresh));
    if (http_request_header(call->r, "if-none-match", &given) && str_eq(str_trim(given), tag)) {
        buf_done(body);
        call_reply_empty(call, 304);
    } else {
        call_reply(call, 200, body);
    }
}

void trigger_preview(struct call *call)
{
    const struct preview_query *query = call->query;
    struct trigger_context context = sched_trigger_context(call->api->o.sched);
    struct asker asker = {.call = call};
    struct trigger *trigger;
    enum dialect dialect;
    struct buf body;
    struct err e = {0};

    if (!query_read(call, &context, &dialect, &trigger, &e)) {
        query_refuse(call, &e);
        return;
    }
    buf_init(&body, CALL_BODY_MAX);
    body_write(&asker, trigger, dialect == DIALECT_SPEC ? NULL : dialect_names[dialect],
               context.now, query->n, &body);
    int64_t fresh = fresh_s(trigger, context.now, query->from.p != NULL);
    trigger_free(trigger);
    cached_reply(call, fresh, &body);
}

// ---- in a body

static void body_refuse(struct call *call, const struct preview_body *form, const struct err *e)
{
    bool is_from = strcmp(e->field, "from") == 0;
    const json_t *input = is_from ? call->json : form->trigger;
    struct str loc = STR_LIT("\"body\"");

    if (!is_from)
        loc = model_loc(call->arena, loc, STR_LIT("trigger"));
    if (e->field[0])
        loc = model_loc_path(call->arena, loc, str_of(e->field), &input);
    (void)model_complain_err(call->issues, loc, input, e);
    call_reply_issues(call);
}

void trigger_preview_spec(struct call *call)
{
    const struct preview_body *form = call->body;
    struct trigger_context context = sched_trigger_context(call->api->o.sched);
    struct asker asker = {.call = call, .job_id = form->job_id};
    const struct zone *zone;
    struct trigger *trigger;
    struct buf body;
    struct err e = {0};

    context.job_id = form->job_id;
    if ((form->from.p && (!zones_get(context.zones, context.timezone, &zone, &e) ||
                          !iso8601_moment(form->from, zone, "from", &context.now, &e))) ||
        !trigger_parse(form->trigger, &context, &trigger, &e)) {
        body_refuse(call, form, &e);
        return;
    }
    buf_init(&body, CALL_BODY_MAX);
    body_write(&asker, trigger, NULL, context.now, form->n, &body);
    trigger_free(trigger);
    call_reply(call, 200, &body);
}
