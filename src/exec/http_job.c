// http_job.c - from a job's options to a request, and from its response to the end of a run.
// SPDX-License-Identifier: Apache-2.0
#include "exec/http_job.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/mem.h"
#include "job/options.h"

#define OUT_MAX (HTTP_CALL_HEAD_MAX + HTTP_CALL_BODY_MAX)
#define LATE_US 2000000
#define OUT_KEPT 65536 // of head and body, with the run

struct http_job {
    struct arena *arena; // owns it
    struct http_call *call;
    json_t *options;
    struct job_http http;
    http_job_done *done;
    void *ctx;
};

static void call_free(struct http_job *job)
{
    json_decref(job->options);
    arena_free(job->arena);
}

static const char *text_of(struct http_job *job, struct str s)
{
    return s.p ? arena_copy(job->arena, s).p : NULL;
}

static bool options_load(struct http_job *job, const struct exec_request *request, struct err *e)
{
    struct model_issues issues;
    struct job_options options;

    job->options = json_loadb(request->options.p, request->options.len, 0, NULL);
    model_issues_init(&issues, job->arena);
    if (job->options && options_read(job->options, JOB_HTTP, &issues, &options, NULL) &&
        options_http(&options, &job->http))
        return true;
    return fail(e, ERR_INPUT, NULL, "the stored request cannot be read");
}

// Belfry-Parent-...: of a run that follows another.
static size_t cause_add(struct http_job *job, struct str text, const char **list)
{
    static const char *const members[][2] = {
        {"job", "Job-Id"}, {"state", "State"}, {"slot", "Slot"}};
    json_t *cause = text.len > 0 ? json_loadb(text.p, text.len, 0, NULL) : NULL;
    size_t count = 0;

    if (!cause)
        return 0;
    list[count++] = arena_printf(job->arena, "Belfry-Parent-Run-Id: %" JSON_INTEGER_FORMAT,
                                 json_integer_value(json_object_get(cause, "run_id")))
                        .p;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        const char *value = json_string_value(json_object_get(cause, members[i][0]));

        if (value)
            list[count++] =
                arena_printf(job->arena, "Belfry-Parent-%s: %s", members[i][1], value).p;
    }
    json_decref(cause);
    return count;
}

static const char **headers_make(struct http_job *job, const struct exec_request *request)
{
    size_t count = 0;
    const char **list =
        arena_array(job->arena, json_object_size(job->http.headers) + 8, sizeof *list);
    const json_t *value;
    const char *name;

    list[count++] = arena_printf(job->arena, "Idempotency-Key: %" PRId64, request->run_id).p;
    list[count++] = arena_printf(job->arena, "Belfry-Job-Id: %.*s", STR(request->job_name)).p;
    list[count++] = arena_printf(job->arena, "Belfry-Attempt: %d", request->attempt).p;
    count += cause_add(job, request->cause, list + count);
    json_object_foreach((json_t *)job->http.headers, name, value)
    {
        list[count++] = arena_printf(job->arena, "%s: %s", name, json_string_value(value)).p;
    }
    list[count] = NULL;
    return list;
}

static void words_make(const struct http_job *job, const struct http_call_answer *answer,
                       bool is_expected, struct buf *out)
{
    if (*answer->failure)
        buf_add_text(out, answer->failure);
    else if (!is_expected)
        buf_printf(out, "status %d is not expected", answer->status);
    else
        buf_printf(out, "the response does not contain \"%.*s\"", STR(job->http.expect_body));
}

static bool has_text(struct str body, struct str text)
{
    return text.len == 0 || (body.len > 0 && memmem(body.p, body.len, text.p, text.len));
}

static void answered(const struct http_call_answer *answer, void *ctx)
{
    struct http_job *job = ctx;
    bool is_expected = options_status_fits(&job->http, answer->status);
    struct http_job_end end = {.is_timeout = answer->is_timeout,
                               .status = answer->status,
                               .retry_after_us = answer->retry_after_s * 1000000,
                               .out_total = (int64_t)answer->head.len + answer->body_bytes};
    struct buf words, out, result;

    job->call = NULL;
    buf_init(&words, 1000);
    buf_init(&out, OUT_MAX);
    buf_init(&result, 100);
    end.is_good = !*answer->failure && is_expected && has_text(answer->body, job->http.expect_body);
    if (!end.is_good)
        words_make(job, answer, is_expected, &words);
    if (!end.is_good && answer->retry_after_s > 0)
        buf_printf(&words, "; the server asks to wait %" PRId64 " s", answer->retry_after_s);
    buf_add(&out, answer->head);
    buf_add(&out, answer->body);
    if (answer->status > 0)
        buf_printf(&result, "{\"status\":%d}", answer->status);
    end.message = buf_str(&words);
    end.out = buf_str(&out);
    if (end.out.len > OUT_KEPT)
        end.out.len = OUT_KEPT;
    end.result = buf_str(&result);
    job->done(&end, job->ctx);
    buf_done(&words);
    buf_done(&out);
    buf_done(&result);
    call_free(job);
}

struct http_job *http_job_start(struct http_calls *calls, const struct exec_request *request,
                                http_job_done *done, void *ctx, struct err *e)
{
    struct arena *arena = arena_new(4096);
    struct http_job *job = arena_alloc(arena, sizeof *job);
    struct http_call_request call;

    *job = (struct http_job){.arena = arena, .done = done, .ctx = ctx};
    if (!options_load(job, request, e)) {
        call_free(job);
        return NULL;
    }
    call = (struct http_call_request){
        .url = text_of(job, job->http.url),
        .method = job->http.method.p       ? text_of(job, job->http.method)
                  : job->http.body.len > 0 ? "POST"
                                           : "GET",
        .headers = headers_make(job, request),
        .body = job->http.body,
        // The executor looks at the clock; this is for the case that it does not.
        .timeout_us = request->timeout_us > 0 ? request->timeout_us + LATE_US : 0,
        .has_redirects = job->http.follow_redirects,
        .is_insecure = job->http.insecure,
        .ca_file = text_of(job, job->http.ca_file),
        .proxy =
            str_eq(job->http.proxy, STR_LIT("environment")) ? "" : text_of(job, job->http.proxy),
    };
    job->call = http_call_start(calls, &call, answered, job, e);
    if (job->call)
        return job;
    call_free(job);
    return NULL;
}

void http_job_cancel(struct http_job *job)
{
    if (!job)
        return;
    http_call_cancel(job->call);
    call_free(job);
}
