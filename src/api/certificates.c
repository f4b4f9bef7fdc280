// certificates.c - S2 over HTTP: check a host's certificate now, or regularly.
// SPDX-License-Identifier: Apache-2.0
#include "api/handlers.h"

#include "api/call.h"
#include "api/models.h"
#include "job/job.h"
#include "job/job_write.h"
#include "net/tls_probe.h"
#include "time/civil.h"

#include <stdlib.h>

static void checked(const struct tls_result *result, void *ctx);
static void added(const struct err *err, const struct job *job, void *ctx);
static void changed(const struct err *err, const struct job *job, void *ctx);
static void removed(const struct err *err, const struct job *job, void *ctx);

// Where a parameter came from: the query, or a JSON body.
static struct str loc_of(const struct call *call, const char *name)
{
    struct str source =
        json_object_get(call->json, name) ? STR_LIT("\"body\"") : STR_LIT("\"query\"");

    return model_loc(call->arena, source, str_of(name));
}

// False when the call has been answered.
static bool host_parse(struct call *call, struct str host, struct tls_target *ret_target)
{
    json_t *input;
    struct err e = {0};

    if (tls_target_parse(host, ret_target, &e))
        return true;
    input = json_stringn(host.p, host.len);
    (void)model_complain_err(call->issues, loc_of(call, "host"), input, &e);
    json_decref(input);
    call_reply_issues(call);
    return false;
}

// --- check now
// -----------------------------------------------------------------------------------------------------

void certificate_check(struct call *call)
{
    const struct check_query *query = call->query;
    struct tls_target target;
    struct err e = {0};

    if (!host_parse(call, query->host, &target))
        return;
    if (!call->api->o.prober)
        call_reply_problem(call, &PROBLEM_NO_CHECKS);
    else if (!tls_probe_start(call->api->o.prober, &target, NULL, &e, checked, call))
        call_reply_err(call, &e);
}

static void checked(const struct tls_result *result, void *ctx)
{
    struct call *call = ctx;
    struct json_write w;
    struct civil end;
    struct buf body;

    if (!result->leaf) {
        call_reply_err(call, &result->error);
        return;
    }
    end = civil_at(floor_div(result->leaf->not_after.us, 1000000));
    buf_init(&body, 1 << 20);
    json_write_init(&w, &body);
    json_write_object(&w);
    json_write_key(&w, "end_date");
    json_write_str(&w, arena_printf(call->arena, "%04d-%02d-%02dT%02d:%02d:%02d", end.year,
                                    end.month, end.day, end.hour, end.minute, end.second));
    json_write_key(&w, "time_to_expiry");
    json_write_int(&w, tls_result_days(result));
    json_write_key(&w, "subject");
    json_write_str(&w, result->subject_repr);
    json_write_key(&w, "serial");
    if (result->leaf->serial.len > 0)
        json_write_raw(&w, result->leaf->serial);
    else // of so many digits that nobody can mean it
        json_write_null(&w);
    json_write_object_end(&w);
    call_reply(call, 200, &body);
}

// --- schedules
// -----------------------------------------------------------------------------------------------------

void schedules_list(struct call *call)
{
    struct sched_item *list = sched_list(call->api->o.sched);
    size_t count = sched_count(call->api->o.sched);
    struct buf body, scratch;
    struct json_write w;

    buf_init(&body, CALL_BODY_MAX);
    buf_init(&scratch, 1 << 16);
    json_write_init(&w, &body);
    json_write_object(&w);
    json_write_key(&w, "jobs");
    json_write_array(&w);
    for (size_t i = 0; i < count; i++) {
        struct job_now now = {list[i].next_at, list[i].running, list[i].paused, NULL};

        json_write_object(&w);
        job_write_post(list[i].job, &now, &scratch, &w);
        json_write_object_end(&w);
    }
    json_write_array_end(&w);
    json_write_object_end(&w);
    buf_done(&scratch);
    free(list);
    call_reply(call, 200, &body);
}

static struct trigger *interval_make(const struct call *call, int64_t seconds, struct err *e)
{
    struct trigger_context context = sched_trigger_context(call->api->o.sched);
    struct trigger *trigger = NULL;
    json_t *spec = json_pack("{s:s,s:I}", "type", "interval", "seconds",
                             (json_int_t)(seconds > 0 ? seconds : 1));

    if (!trigger_parse(spec, &context, &trigger, e))
        trigger = NULL;
    json_decref(spec);
    return trigger;
}

// The host is the job's name as well; an IPv6 literal in brackets, for one, is none.
static bool name_check(struct call *call, struct str host)
{
    struct tls_target target;
    struct err e = {0};
    json_t *input;

    if (!host_parse(call, host, &target))
        return false;
    if (job_name_check(host, &e))
        return true;
    (void)fail_hint(&e, "PUT /api/v1/jobs/{job_id} with certificate checks such a host under a "
                        "name of your choice");
    input = json_stringn(host.p, host.len);
    (void)model_complain_err(call->issues, loc_of(call, "host"), input, &e);
    json_decref(input);
    call_reply_issues(call);
    return false;
}

static void time_fail(struct call *call, const struct err *e)
{
    (void)model_complain_err(call->issues, loc_of(call, "time_in_seconds"), NULL, e);
    call_reply_issues(call);
}

void schedule_add(struct call *call)
{
    const struct schedule_query *query = call->query;
    struct job *job;
    struct err e = {0};

    if (!name_check(call, query->host))
        return;
    if (sched_find(call->api->o.sched, query->host)) {
        (void)fail(&e, ERR_EXISTS, "host", "Job already exists");
        (void)fail_hint(&e, "PATCH changes its interval");
        call_reply_err(call, &e);
        return;
    }
    job = job_new(query->host);
    job_set_presets(job, sched_presets(call->api->o.sched));
    job->kind = JOB_CERTIFICATE;
    job_set_target(job, query->host);
    job->trigger = interval_make(call, query->time_in_seconds, &e);
    if (job->trigger) {
        sched_put(call->api->o.sched, job, STORE_CREATE, added, call);
    } else {
        job_free(job);
        time_fail(call, &e);
    }
}

static void added(const struct err *err, const struct job *job, void *ctx)
{
    struct call *call = ctx;
    const struct schedule_query *query = call->query;
    struct err e;

    (void)job;
    if (!err) {
        call_reply_scheduled(call, true, query->host);
        return;
    }
    e = *err;
    if (e.code == ERR_EXISTS)
        (void)fail(&e, ERR_EXISTS, "host", "Job already exists");
    call_reply_err(call, &e);
}

static void not_found(struct call *call)
{
    struct problem problem = PROBLEM_JOB_NOT_FOUND;

    problem.detail = "Job not found";
    problem.field = "host";
    problem.hint = "GET /schedule/show_schedules/ lists all jobs";
    call_reply_problem(call, &problem);
}

static const struct job *check_find(const struct call *call)
{
    const struct schedule_query *query = call->query;
    const struct job *job = sched_find(call->api->o.sched, query->host);

    return job && job->kind == JOB_CERTIFICATE ? job : NULL;
}

void schedule_change(struct call *call)
{
    const struct schedule_query *query = call->query;
    struct sched *sched = call->api->o.sched;
    struct trigger_context context = sched_trigger_context(sched);
    const struct job *present = check_find(call);
    struct trigger *trigger;
    struct job *job;
    struct err e = {0};

    if (!present || present->target.len == 0) { // in quarantine: what it checked is not known
        not_found(call);
        return;
    }
    trigger = interval_make(call, query->time_in_seconds, &e);
    if (!trigger) {
        time_fail(call, &e);
        return;
    }
    job = job_copy(present, &context);
    trigger_free(job->trigger);
    job->trigger = trigger;
    sched_put(sched, job, present->version, changed, call);
}

static void changed(const struct err *err, const struct job *job, void *ctx)
{
    struct call *call = ctx;
    const struct schedule_query *query = call->query;

    (void)job;
    if (!err)
        call_reply_scheduled(call, true, query->host);
    else if ((err->code == ERR_CONFLICT || err->code == ERR_NOT_FOUND) &&
             call->tries++ < CALL_TRIES)
        schedule_change(call); // somebody else was faster: on what stands now
    else
        call_reply_err(call, err);
}

void schedule_remove(struct call *call)
{
    const struct schedule_query *query = call->query;

    if (check_find(call))
        sched_delete(call->api->o.sched, query->host, removed, call);
    else
        not_found(call);
}

static void removed(const struct err *err, const struct job *job, void *ctx)
{
    struct call *call = ctx;
    const struct schedule_query *query = call->query;

    (void)job;
    if (!err)
        call_reply_scheduled(call, false, query->host);
    else if (err->code == ERR_NOT_FOUND)
        not_found(call);
    else
        call_reply_err(call, err);
}
