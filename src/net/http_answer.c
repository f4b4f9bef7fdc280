// http_answer.c - llhttp for answers.
// SPDX-License-Identifier: Apache-2.0
#include "net/http_answer.h"

#include <llhttp/llhttp.h>
#include <stdlib.h>

#include "base/mem.h"

struct http_answer {
    llhttp_t llhttp;
    struct buf body;
    size_t head_bytes;
    bool has_head;
    bool is_whole;
};

static struct http_answer *answer_of(llhttp_t *l)
{
    return l->data;
}

// Interim answers (1xx) come before the real one.
static int head_ended(llhttp_t *l)
{
    answer_of(l)->has_head = l->status_code >= 200;
    answer_of(l)->head_bytes = 0;
    return 0;
}

static int body_told(llhttp_t *l, const char *at, size_t n)
{
    struct buf *body = &answer_of(l)->body;

    buf_add(body, (struct str){at, n});
    return body->is_full ? HPE_USER : 0;
}

static int answer_ended(llhttp_t *l)
{
    if (!answer_of(l)->has_head)
        return 0;
    answer_of(l)->is_whole = true;
    return HPE_PAUSED;
}

struct http_answer *http_answer_new(size_t body_max_bytes)
{
    static const llhttp_settings_t settings = {
        .on_headers_complete = head_ended,
        .on_body = body_told,
        .on_message_complete = answer_ended,
    };
    struct http_answer *a = mem_alloc(sizeof *a);

    llhttp_init(&a->llhttp, HTTP_RESPONSE, &settings);
    a->llhttp.data = a;
    buf_init(&a->body, body_max_bytes);
    return a;
}

void http_answer_free(struct http_answer *answer)
{
    if (!answer)
        return;
    buf_done(&answer->body);
    free(answer);
}

static bool answer_fail(const struct http_answer *a, struct err *e)
{
    if (a->body.is_full)
        return fail(e, ERR_LIMIT, NULL, "the answer is longer than %zu bytes", a->body.max);
    return fail(e, ERR_TLS, NULL, "the answer is no HTTP, or ends too early");
}

bool http_answer_take(struct http_answer *a, struct str bytes, struct err *e)
{
    llhttp_errno_t code;

    if (a->is_whole)
        return true;
    code =
        bytes.len > 0 ? llhttp_execute(&a->llhttp, bytes.p, bytes.len) : llhttp_finish(&a->llhttp);
    if (a->is_whole)
        return true;
    if (code != HPE_OK || bytes.len == 0)
        return answer_fail(a, e);
    a->head_bytes += a->has_head ? 0 : bytes.len;
    if (a->head_bytes > HTTP_ANSWER_HEAD_MAX)
        return fail(e, ERR_LIMIT, NULL, "the head of the answer is longer than %d bytes",
                    HTTP_ANSWER_HEAD_MAX);
    return true;
}

bool http_answer_is_whole(const struct http_answer *answer)
{
    return answer->is_whole;
}

int http_answer_status(const struct http_answer *answer)
{
    return answer->llhttp.status_code;
}

struct str http_answer_body(const struct http_answer *answer)
{
    return buf_str(&answer->body);
}
