// jobs.c - jobs over HTTP: S1's list, create and delete, and what S1 lacked.
// SPDX-License-Identifier: Apache-2.0
#include "api/jobs.h"

#include "api/handlers.h"

#include "api/call.h"
#include "api/models.h"
#include "api/trigger_models.h"
#include "job/job_read.h"
#include "job/job_write.h"
#include "net/tls_request.h"
#include "sched/hold.h"
#include "trigger/preview.h"

#include <stdlib.h>

static void created(const struct err *err, const struct job *job, void *ctx);
static void all_write(struct call *call);
static void create_fail(struct call *call, const struct err *e);
static void removed(const struct err *err, const struct job *job, void *ctx);
static void quarantine_reply(struct call *call, const struct job *job);
static bool match_check(struct call *call, const struct job *job);

static struct str job_name(const struct call *call)
{
    const struct job_params *params = call->params;

    return params->job_id;
}

static struct job *job_make(const struct call *call, struct str name)
{
    struct job *job = job_new(name);

    job_set_presets(job, sched_presets(call->api->o.sched));
    return job;
}

static const struct job *job_find(const struct call *call)
{
    return sched_find(call->api->o.sched, job_name(call));
}

const struct job *jobs_change(struct call *call)
{
    const struct job *job = job_find(call);

    if (!job)
        call_reply_no_job(call);
    else if (job->spec->quarantine.len > 0)
        quarantine_reply(call, job);
    else if (match_check(call, job))
        return job;
    return NULL;
}

static struct job_now job_now(const struct call *call, const struct job *job)
{
    struct sched *sched = call->api->o.sched;
    wall now = clock_wall(call->api->o.clock);

    return (struct job_now){
        sched_next_at(sched, job),
        sched_running(sched, job) + elsewhere_running(call->api->elsewhere, job),
        sched_paused(sched, job), job->skip && now.us < job->skip->until.us ? job->skip : NULL};
}

// --- reading
// --------------------------------------------------------------------------------------------------------

void jobs_list(struct call *call)
{
    if (call->query_given != 0)
        elsewhere_look(call->api->elsewhere, job_page, call);
    else
        elsewhere_look(call->api->elsewhere, all_write, call);
}

static void all_write(struct call *call)
{
    struct sched *sched = call->api->o.sched;
    struct sched_item *list = sched_list(sched);
    size_t count = sched_count(sched);
    struct buf body, scratch;
    struct json_write w;

    buf_init(&body, CALL_BODY_MAX);
    (void)buf_reserve(&body, 64 + count * 320);
    buf_init(&scratch, 1 << 16);
    json_write_init(&w, &body);
    json_write_object(&w);
    json_write_key(&w, "total");
    json_write_int(&w, (int64_t)count);
    json_write_key(&w, "jobs");
    json_write_array(&w);
    for (size_t i = 0; i < count; i++) {
        int elsewhere = elsewhere_running(call->api->elsewhere, list[i].job);
        struct job_now now = {list[i].next_at, list[i].running + elsewhere, list[i].paused, NULL};

        job_write_item(list[i].job, &now, &scratch, &w);
    }
    json_write_array_end(&w);
    json_write_object_end(&w);
    buf_done(&scratch);
    free(list);
    call_reply(call, 200, &body);
}

// Which of several nodes has it.
static void owner_write(const struct call *call, const struct job *job, struct json_write *w)
{
    const struct store_node *owner = sched_owner(call->api->o.sched, job);

    if (!owner)
        return;
    json_write_key(w, "node");
    json_write_str(w, owner->name);
}

static void job_reply(struct call *call, int status, const struct job *job)
{
    struct job_now now = job_now(call, job);
    struct buf body, scratch;
    struct json_write w;

    call_etag(call, job->version);
    buf_init(&body, CALL_BODY_MAX);
    buf_init(&scratch, 1 << 20);
    json_write_init(&w, &body);
    json_write_object(&w);
    job_write(job, &now, true, &scratch, &w);
    owner_write(call, job, &w);
    call_write_warnings(call, &w);
    json_write_object_end(&w);
    buf_done(&scratch);
    call_reply(call, status, &body);
}

void job_show(struct call *call)
{
    const struct job *job = job_find(call);

    if (!job) {
        call_reply_no_job(call);
    } else if (call_is_fresh(call, job->version)) {
        call_etag(call, job->version);
        call_reply_empty(call, 304);
    } else {
        job_reply(call, 200, job);
    }
}

// The slot behind one. Of a trigger that follows events only the one that is planned is known.
static wall slot_behind(const struct call *call, const struct job *job, wall at, bool is_first)
{
    if (!trigger_is_relative(job->trigger))
        return trigger_next(job->trigger, at);
    return is_first ? sched_next_at(call->api->o.sched, job) : WALL_NEVER;
}

// The coming slots; returns the last one.
static wall slots_write(const struct call *call, const struct job *job, wall now,
                        struct json_write *w)
{
    const struct next_query *query = call->query;
    struct sched *sched = call->api->o.sched;
    const struct holds holds = sched_holds(sched, job);
    struct hold hold;
    wall at = now, last = now;

    json_write_key(w, "next");
    json_write_array(w);
    for (int64_t i = 0; i < query->n; i++) {
        at = slot_behind(call, job, at, i == 0);
        if (at.us == WALL_NEVER.us)
            break;
        last = at;
        json_write_object(w);
        preview_write_run(job->trigger, at, w);
        hold_at(&holds, job, at, at, &hold);
        if (hold.reason != REASON_NONE) {
            json_write_key(w, run_reason_name(hold.reason));
            json_write_text(w, hold.message);
        }
        json_write_object_end(w);
    }
    json_write_array_end(w);
    return last;
}

void job_next(struct call *call)
{
    const struct job *job = job_find(call);
    wall now = clock_wall(call->api->o.clock);
    struct buf body, text;
    struct json_write w;

    if (!job || !job->trigger) {
        job ? call_reply_unusable(call, job) : call_reply_no_job(call);
        return;
    }
    buf_init(&body, CALL_BODY_MAX);
    buf_init(&text, 1 << 16);
    json_write_init(&w, &body);
    json_write_object(&w);
    json_write_key(&w, "job_id");
    json_write_str(&w, job->name);
    json_write_key(&w, "words");
    trigger_words(job->trigger, &text);
    json_write_str(&w, buf_str(&text));
    json_write_key(&w, "timezone");
    json_write_str(&w, zone_name(trigger_zone(job->trigger)));
    wall last = slots_write(call, job, now, &w);

    preview_write_excluded(job->trigger, now, last, &w);
    preview_write_dst(job->trigger, now, &w);
    json_write_object_end(&w);
    buf_done(&text);
    call_reply(call, 200, &body);
}

// --- what a request says
// ---------------------------------------------------------------------------------------------

static struct str args_loc(struct call *call, size_t index)
{
    return arena_printf(call->arena, "\"body\",\"args\",%zu", index);
}

// The arguments of a certificate check are its options. NULL when they have been complained about.
static struct tls_options *check_options_read(struct call *call, const struct job *job)
{
    struct tls_options *options = tls_options_new();
    json_t *args = json_loadb(job->spec->args.p, job->spec->args.len, 0, NULL), *text;
    const size_t before = call->issues->len;
    size_t i;
    struct err e;

    json_array_foreach(args, i, text)
    {
        struct str option = {json_string_value(text), json_string_length(text)};

        if (!tls_options_add(options, option, &e))
            (void)model_complain_err(call->issues, args_loc(call, i), text, &e);
    }
    if (call->issues->len == before && !tls_options_check(options, &e))
        (void)model_complain_err(call->issues, STR_LIT("\"body\",\"args\""), args, &e);
    json_decref(args);
    if (call->issues->len == before)
        return options;
    tls_options_drop(options);
    return NULL;
}

// Whether the job's certificates can be checked as they are asked for.
static void certificate_look(struct call *call, const struct job *job)
{
    struct str loc = STR_LIT("\"body\",\"certificate\"");
    const json_t *given = json_object_get(call->json, "certificate");
    struct tls_options *options = check_options_read(call, job);
    struct tls_list list;
    struct err e = {0};

    if (!options)
        return;
    if (!tls_list_read(job->target, options, &list, &e)) {
        if (json_is_object(given) && e.field[0])
            loc = model_loc_path(call->arena, loc, str_of(e.field), &given);
        (void)model_complain_err(call->issues, loc, given, &e);
    }
    tls_list_done(&list);
    tls_options_drop(options);
}

// A pool that is not there would never let a run start.
static void pools_look(struct call *call, const struct job *job)
{
    const struct job_form *form = call->body;
    const struct pools *pools = sched_pools(call->api->o.sched);
    struct err e;

    for (size_t i = 0; form->pools && job->spec->needs && i < job->spec->needs->count; i++) {
        struct str name = job->spec->needs->pools[i].pool;

        if (pools_find(pools, name))
            continue;
        (void)fail(&e, ERR_INPUT, "pools", "there is no pool \"%.*s\"", STR(name));
        (void)fail_hint(&e, "create it first: PUT /api/v1/pools/%.*s {\"slots\": 1}", STR(name));
        (void)model_complain_err(call->issues, STR_LIT("\"body\",\"pools\""), form->pools, &e);
    }
}

// Whether the jobs that it follows are there, and not round in a circle. What never runs by itself
// is odd.
static void depends_look(struct call *call, const struct job *job)
{
    struct sched *sched = call->api->o.sched;
    struct err e;

    if (!job->depends)
        return;
    if (!sched_check(sched, job, &e)) {
        (void)model_complain_err(call->issues, STR_LIT("\"body\",\"depends_on\""),
                                 json_object_get(call->json, "depends_on"), &e);
        return;
    }
    for (size_t i = 0; i < job->depends->count; i++) {
        const struct job *parent = sched_find(sched, job->depends->v[i].job);
        const char *why = job_idle_words(parent, sched_next_at(sched, parent));

        if (why)
            model_warn(call->issues, "depends_on: the job %.*s %s", STR(parent->name), why);
    }
}

// The body carried out on job; false when the call has been answered.
static bool body_read(struct call *call, struct job *job, struct err *e)
{
    const struct job_form *form = call->body;
    struct job_reading reading = {
        .context = sched_trigger_context(call->api->o.sched),
        .jobs_dir = call->api->o.jobs_dir,
        .issues = call->issues,
        .body = call->json,
        .presets = sched_presets(call->api->o.sched),
    };
    const size_t before = call->issues->len;
    bool is_read = job_read(form, call->body_given, &reading, job, e);

    if (is_read && job->kind == JOB_CERTIFICATE && (form->args || form->certificate))
        certificate_look(call, job);
    if (is_read) {
        pools_look(call, job);
        depends_look(call, job);
    }
    return is_read && call->issues->len == before;
}

// What is wrong with a body, as PUT and PATCH tell it: 422 for values, 400 for schedules that
// cannot be used.
static void body_fail(struct call *call, struct err *e)
{
    struct str loc = STR_LIT("\"body\",\"args\"");

    if (call->issues->len == 0 && e->code == ERR_INPUT && e->line == 0) {
        if (e->field[0])
            loc = model_loc(call->arena, loc, str_of(e->field));
        (void)model_complain_err(call->issues, loc, NULL, e);
    }
    if (call->issues->len > 0) {
        call_reply_issues(call);
        return;
    }
    if (e->code == ERR_INPUT)
        e->code = ERR_SCHEDULE;
    call_reply_err(call, e);
}

// --- S1: create
// ------------------------------------------------------------------------------------------------------

void jobs_create(struct call *call)
{
    const struct job_form *form = call->body;
    struct sched *sched = call->api->o.sched;
    struct job *job = job_make(call, form->job_id);
    struct err e = {0};

    if (!body_read(call, job, &e)) {
        job_free(job);
        create_fail(call, &e);
        return;
    }
    if (sched_find(sched, form->job_id)) {
        job_free(job);
        (void)fail(&e, ERR_EXISTS, "job_id", "Job already exists");
        create_fail(call, &e);
        return;
    }
    sched_put(sched, job, STORE_CREATE, created, call);
}

// S1's words for what S1 handled; what crashed there has the reason in the hint.
static void create_fail(struct call *call, const struct err *e)
{
    struct problem problem = problem_of(e);
    struct str hint;

    if (call->issues->len > 0) {
        call_reply_issues(call);
        return;
    }
    if (e->code == ERR_FOLDER) {
        problem = problem_plain(404, problem.code, "Job folder not found.");
        problem.hint = e->message;
    } else if (e->code == ERR_SCHEDULE_FILE) {
        problem = problem_plain(404, problem.code, "Schedule file not found");
        problem.hint = e->message;
    } else if (e->code == ERR_EXISTS) {
        problem = problem_plain(409, problem.code, "Job already exists");
        problem.hint = "PUT /api/v1/jobs/{job_id} replaces a job, PATCH changes it";
    } else if (e->code == ERR_SCHEDULE || e->code == ERR_INPUT) {
        hint = arena_printf(call->arena, "%s%s%s", e->message, e->hint[0] ? "; " : "", e->hint);
        problem.status = 400;
        problem.code = err_name(ERR_SCHEDULE);
        problem.detail = "An error occurred";
        problem.hint = hint.p;
    }
    call_reply_problem(call, &problem);
}

static void created(const struct err *err, const struct job *job, void *ctx)
{
    struct call *call = ctx;

    if (err) {
        create_fail(call, err);
        return;
    }
    call_warn(call);
    call_etag(call, job->version);
    http_reply_header(call->r, "location",
                      arena_printf(call->arena, "/api/v1/jobs/%.*s", STR(job->name)));
    call_reply_scheduled(call, true, job->name);
}

// --- put and patch
// ---------------------------------------------------------------------------------------------------

static void mismatch(struct call *call, const struct job *job)
{
    call_reply_mismatch(call, "job", job ? job->version : 0);
}

static bool match_check(struct call *call, const struct job *job)
{
    return call_match_check(call, "job", job ? job->version : 0);
}

// A whole job says when it runs.
static bool is_whole(struct call *call)
{
    const struct job_form *form = call->body;

    return call->body_given >> FORM_trigger & 1 || form->depends_on ||
           model_complain(call->issues, "missing", STR_LIT("\"body\",\"trigger\""), call->json, "",
                          "Field required");
}

void job_put(struct call *call)
{
    const struct job *present = job_find(call);
    struct call_match match = call_match(call);
    int expect = match.is_create ? STORE_CREATE : match.version > 0 ? match.version : STORE_ANY;
    struct job *job;
    struct err e = {0};

    if (!match_check(call, present))
        return;
    job = job_make(call, job_name(call));
    if (!is_whole(call) || !body_read(call, job, &e)) {
        job_free(job);
        body_fail(call, &e);
        return;
    }
    sched_put(call->api->o.sched, job, expect, jobs_written, call);
}

static void quarantine_reply(struct call *call, const struct job *job)
{
    struct err e;

    (void)fail(&e, ERR_SCHEDULE, "job_id", "the job is in quarantine: %.*s",
               STR(job->spec->quarantine));
    (void)fail_hint(&e, "PUT a whole job under this id, or DELETE it");
    call_reply_err(call, &e);
}

void job_patch(struct call *call)
{
    struct sched *sched = call->api->o.sched;
    struct trigger_context context = sched_trigger_context(sched);
    const struct job *present = job_find(call);
    struct job *job;
    struct err e = {0};

    if (!present) {
        call_reply_no_job(call);
        return;
    }
    if (present->spec->quarantine.len > 0 && present->target.len == 0) {
        quarantine_reply(call, present); // what it was to run is not known: nothing to build on
        return;
    }
    if (!match_check(call, present))
        return;
    job = job_copy(present, &context);
    if (!body_read(call, job, &e)) {
        job_free(job);
        body_fail(call, &e);
        return;
    }
    sched_put(sched, job, present->version, jobs_written, call);
}

void jobs_written(const struct err *err, const struct job *job, void *ctx)
{
    struct call *call = ctx;
    struct call_match match = call_match(call);
    bool is_put = call->route->method == HTTP_PUT, is_lost;

    if (!err) {
        job_reply(call, is_put && job->version == 1 ? 201 : 200, job);
        return;
    }
    is_lost = err->code == ERR_CONFLICT || err->code == ERR_NOT_FOUND;
    if (is_lost && match.version == 0 && call->tries++ < CALL_TRIES) {
        call->issues->warning_count = 0;
        call->route->run(call); // somebody else was faster: on what stands now
    } else if (is_lost || err->code == ERR_EXISTS) {
        mismatch(call, job_find(call));
    } else {
        call_reply_err(call, err);
    }
}

// --- delete
// -------------------------------------------------------------------------------------------

static void delete_fail(struct call *call)
{
    struct problem problem = problem_plain(400, "job_not_found", "Job deleted failed");

    problem.hint = "there is no job of that id";
    call_reply_problem(call, &problem);
}

void job_delete(struct call *call)
{
    const struct job *job = job_find(call);

    if (!job)
        delete_fail(call);
    else if (match_check(call, job))
        sched_delete(call->api->o.sched, job_name(call), removed, call);
}

static void removed(const struct err *err, const struct job *job, void *ctx)
{
    struct call *call = ctx;

    (void)job;
    if (!err)
        call_reply_scheduled(call, false, job_name(call));
    else if (err->code == ERR_NOT_FOUND)
        delete_fail(call);
    else
        call_reply_err(call, err);
}
