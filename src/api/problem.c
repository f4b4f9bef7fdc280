// problem.c - writes error replies, the posts' own words or the full form.
// SPDX-License-Identifier: Apache-2.0
#include "api/problem.h"

#include "base/json_write.h"

#include <string.h>

#define X(constant, name, number, sentence) \
    const struct problem constant = {.status = number, .code = name, .detail = sentence};
#include "api/problem.def"
#undef X

struct problem problem_of(const struct err *e)
{
    return (struct problem){
        .status = err_http_status(e->code),
        .code = err_name(e->code),
        .detail = e->message,
        .hint = e->hint,
        .field = e->field,
        .line = e->line,
        .column = e->column,
    };
}

struct problem problem_plain(int status, const char *code, const char *detail)
{
    return (struct problem){.status = status, .code = code, .detail = detail, .is_plain = true};
}

static const char *title_of(int status)
{
    static const struct {
        int status;
        const char *title;
    } rows[] = {
        {400, "Bad Request"},          {404, "Not Found"},
        {405, "Method Not Allowed"},   {409, "Conflict"},
        {412, "Precondition Failed"},  {413, "Content Too Large"},
        {422, "Unprocessable Entity"}, {500, "Internal Server Error"},
        {502, "Bad Gateway"},          {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].status == status)
            return rows[i].title;
    return "Error";
}

static bool wants_problem(const struct http_request *r)
{
    struct str accept;

    return http_request_header(r, "accept", &accept) && accept.len > 0 &&
           memmem(accept.p, accept.len, "application/problem+json", 24);
}

static void text_pair(struct json_write *w, const char *key, const char *text)
{
    if (!text || !text[0])
        return;
    json_write_key(w, key);
    json_write_text(w, text);
}

static void int_pair(struct json_write *w, const char *key, int n)
{
    if (n <= 0)
        return;
    json_write_key(w, key);
    json_write_int(w, n);
}

static void members_write(struct http_request *r, const struct problem *problem,
                          struct json_write *w)
{
    char type[96] = "/problems/";
    size_t len = strlen(type);

    for (const char *c = problem->code; *c && len + 1 < sizeof type; c++)
        type[len++] = *c == '_' ? '-' : *c;
    text_pair(w, "type", type);
    text_pair(w, "title", title_of(problem->status));
    int_pair(w, "status", problem->status);
    text_pair(w, "code", problem->code);
    text_pair(w, "hint", problem->hint);
    text_pair(w, "field", problem->field);
    int_pair(w, "line", problem->line);
    int_pair(w, "column", problem->column);
    json_write_key(w, "request_id");
    json_write_str(w, http_request_id(r));
    if (problem->result.len == 0)
        return;
    json_write_key(w, "result");
    json_write_raw(w, problem->result);
}

const char *problem_write(struct http_request *r, const struct problem *problem, struct buf *out)
{
    bool is_problem = wants_problem(r);
    struct json_write w;

    json_write_init(&w, out);
    json_write_object(&w);
    json_write_key(&w, "detail");
    json_write_text(&w, problem->detail);
    if (is_problem || !problem->is_plain)
        members_write(r, problem, &w);
    json_write_object_end(&w);
    return is_problem ? "application/problem+json" : "application/json";
}

const char *problem_write_issues(struct http_request *r, const struct model_issues *issues,
                                 struct buf *out)
{
    bool is_problem = wants_problem(r);
    struct json_write w;
    struct buf words;

    json_write_init(&w, out);
    json_write_object(&w);
    json_write_key(&w, "detail");
    if (is_problem) {
        buf_init(&words, 4096);
        model_issues_words(issues, &words);
        json_write_str(&w, buf_str(&words));
        buf_done(&words);
        members_write(r, &(struct problem){.status = 422, .code = "validation"}, &w);
        json_write_key(&w, "errors");
    }
    model_issues_write(issues, &w);
    json_write_object_end(&w);
    return is_problem ? "application/problem+json" : "application/json";
}

bool problem_page(struct str name, struct buf *out)
{
    static const struct {
        const char *name, *sentence;
        int status;
    } rows[] = {
#define X(code, text, http_status, exit_status, words) {text, words, http_status},
#include "base/err.def"
#undef X
#define X(constant, text, http_status, words) {text, words, http_status},
#include "api/problem.def"
#undef X
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct str have = str_of(rows[i].name);
        bool is_same = have.len == name.len;

        for (size_t k = 0; is_same && k < name.len; k++)
            is_same = have.p[k] == name.p[k] || (have.p[k] == '_' && name.p[k] == '-');
        if (!is_same)
            continue;
        buf_printf(out,
                   "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\n"
                   "<title>%s - belfry</title>\n<h1>%s</h1>\n<p>%s</p>\n"
                   "<p>HTTP status %d %s.</p>\n<p><a href=\"/docs\">API documentation</a></p>\n"
                   "</html>\n",
                   rows[i].name, rows[i].name, rows[i].sentence, rows[i].status,
                   title_of(rows[i].status));
        return true;
    }
    return false;
}
