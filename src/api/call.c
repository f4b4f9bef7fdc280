// call.c - answers of handlers, and the headers that carry revisions and warnings.
// SPDX-License-Identifier: Apache-2.0
#include "api/call.h"

static void call_end(struct call *call, int status)
{
    const struct api *api = call->api;

    http_tally_end(&call->api->tally, call->route, status,
                   clock_wall(api->o.clock).us - call->r->received_at.us);
    json_decref(call->json);
    json_decref(call->query_json);
    call->json = call->query_json = NULL;
}

void call_reply(struct call *call, int status, struct buf *body)
{
    call_reply_as(call, status, "application/json", body);
}

void call_reply_as(struct call *call, int status, const char *type, struct buf *body)
{
    struct http_request *r = call->r;

    if (body->is_full) {
        struct problem problem = {.status = 503,
                                  .code = "payload_too_large",
                                  .detail = "the reply would be larger than this server sends"};

        buf_done(body);
        call_reply_problem(call, &problem);
        return;
    }
    call_end(call, status);
    http_reply(r, status, type, body);
}

void call_reply_static(struct call *call, int status, const char *type, struct str body)
{
    struct http_request *r = call->r;

    call_end(call, status);
    http_reply_static(r, status, type, body);
}

void call_reply_text(struct call *call, int status, const char *json)
{
    struct http_request *r = call->r;

    call_end(call, status);
    http_reply_text(r, status, "application/json", str_of(json));
}

struct http_stream *call_reply_stream(struct call *call, int status, const char *content_type,
                                      const struct http_stream_options *options)
{
    struct http_request *r = call->r;

    call_end(call, status);
    return http_stream_open(r, status, content_type, options);
}

void call_reply_plain(struct call *call, int status, const char *text)
{
    struct http_request *r = call->r;

    call_end(call, status);
    http_reply_text(r, status, "text/plain; charset=utf-8", str_of(text));
}

void call_reply_problem(struct call *call, const struct problem *problem)
{
    struct http_request *r = call->r;
    const char *type;
    struct buf body;

    buf_init(&body, 1 << 16);
    type = problem_write(r, problem, &body);
    call_end(call, problem->status);
    http_reply(r, problem->status, type, &body);
}

void call_reply_err(struct call *call, const struct err *e)
{
    struct problem problem = problem_of(e);

    if (e->code == ERR_MOVED && call->again && call->again(call))
        return;
    if (e->code == ERR_MOVED) {
        http_reply_header(call->r, "retry-after", STR_LIT("1"));
        http_reply_header(call->r, "belfry-moving", STR_LIT("yes"));
    }
    call_reply_problem(call, &problem);
}

void call_reply_issues(struct call *call)
{
    struct http_request *r = call->r;
    const char *type;
    struct buf body;

    buf_init(&body, 1 << 20);
    type = problem_write_issues(r, call->issues, &body);
    call_end(call, 422);
    http_reply(r, 422, type, &body);
}

void call_reply_empty(struct call *call, int status)
{
    struct http_request *r = call->r;

    call_end(call, status);
    http_reply(r, status, NULL, NULL);
}

void call_reply_no_job(struct call *call)
{
    struct problem problem = PROBLEM_JOB_NOT_FOUND;

    problem.detail = "Job not found";
    problem.hint = "GET /api/v1/jobs lists all jobs";
    call_reply_problem(call, &problem);
}

void call_reply_unusable(struct call *call, const struct job *job)
{
    struct problem problem = PROBLEM_JOB_NOT_FOUND;

    problem.detail =
        arena_printf(call->arena, "there is no usable job \"%.*s\": it is in quarantine, %.*s",
                     STR(job->name), STR(job->spec->quarantine))
            .p;
    problem.hint = "PUT a whole job under this id, or DELETE it";
    call_reply_problem(call, &problem);
}

void call_reply_scheduled(struct call *call, bool is_scheduled, struct str name)
{
    struct buf body;
    struct json_write w;

    buf_init(&body, 4096);
    json_write_init(&w, &body);
    json_write_object(&w);
    json_write_key(&w, "scheduled");
    json_write_bool(&w, is_scheduled);
    json_write_key(&w, "job_id");
    json_write_str(&w, name);
    json_write_object_end(&w);
    call_reply(call, 200, &body);
}

void call_warn(struct call *call)
{
    for (size_t i = 0; i < call->issues->warning_count; i++)
        http_reply_header(call->r, "belfry-warning", call->issues->warnings[i]);
}

void call_write_warnings(const struct call *call, struct json_write *w)
{
    if (call->issues->warning_count == 0)
        return;
    json_write_key(w, "warnings");
    json_write_array(w);
    for (size_t i = 0; i < call->issues->warning_count; i++)
        json_write_str(w, call->issues->warnings[i]);
    json_write_array_end(w);
}

// The version in "r12"; 0 for any other text.
static int version_of(struct str tag)
{
    int64_t n;

    tag = str_trim(tag);
    if (tag.len < 4 || !str_starts(tag, STR_LIT("\"r")) || tag.p[tag.len - 1] != '"')
        return 0;
    if (!str_to_int(str_cut(tag, 2, tag.len - 1), &n) || n < 1 || n > INT32_MAX)
        return 0;
    return (int)n;
}

struct call_match call_match(const struct call *call)
{
    struct call_match match = {0};
    struct str value;

    if (http_request_header(call->r, "if-match", &value)) {
        match.is_any = str_eq(value, STR_LIT("*"));
        match.version = version_of(value);
        match.is_malformed = !match.is_any && match.version == 0;
    }
    if (http_request_header(call->r, "if-none-match", &value))
        match.is_create = str_eq(value, STR_LIT("*"));
    return match;
}

void call_reply_mismatch(struct call *call, const char *noun, int version)
{
    struct err e;

    if (call_match(call).is_create)
        (void)fail(&e, ERR_CONFLICT, "If-None-Match", "the %s exists already", noun);
    else
        (void)fail(&e, ERR_CONFLICT, "If-Match", "the %s is not in the revision that was asked for",
                   noun);
    if (version > 0)
        (void)fail_hint(&e, "it is \"r%d\" now: read it again and decide", version);
    else
        (void)fail_hint(&e, "there is no such %s now", noun);
    call_reply_err(call, &e);
}

bool call_match_check(struct call *call, const char *noun, int version)
{
    struct call_match match = call_match(call);
    bool is_bad = match.is_malformed || (match.is_any && version == 0) ||
                  (match.version > 0 && version != match.version) ||
                  (match.is_create && version > 0);

    if (is_bad)
        call_reply_mismatch(call, noun, version);
    return !is_bad;
}

bool call_is_fresh(const struct call *call, int version)
{
    struct str rest, tag;

    if (!http_request_header(call->r, "if-none-match", &rest))
        return false;
    while (str_next(&rest, ',', &tag)) {
        tag = str_trim(tag);
        if (str_starts(tag, STR_LIT("W/")))
            tag = str_cut(tag, 2, tag.len);
        if (str_eq(tag, STR_LIT("*")) || (version > 0 && version_of(tag) == version))
            return true;
    }
    return false;
}

void call_etag(struct call *call, int version)
{
    http_reply_header(call->r, "etag", arena_printf(call->arena, "\"r%d\"", version));
}
