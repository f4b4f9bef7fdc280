// http_call.c - libcurl on the loop.
// SPDX-License-Identifier: Apache-2.0
#include "net/http_call.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/version.h"

#define TIMEOUT_MS 3600000
#define RETRY_AFTER_MAX_S (366 * 86400)
#define CONNECTIONS_KEPT 16

struct http_calls {
    struct loop *loop;
    CURLM *multi;
    struct loop_timer timer;
    struct list calls;
};

struct http_call {
    struct list link;
    struct http_calls *calls;
    CURL *easy;
    struct curl_slist *headers;
    char *request_body;
    struct buf head, body;
    int64_t body_bytes;
    char failure[CURL_ERROR_SIZE];
    const struct http_call_sink *sink;
    http_call_done *done;
    void *ctx;
};

static void ended_collect(struct http_calls *calls);

// ---- libcurl's wishes, carried out on the loop ----

static void socket_ready(int fd, uint32_t events, void *ctx)
{
    struct http_calls *calls = ctx;
    int what = 0, running;

    if (events & (EPOLLIN | EPOLLHUP))
        what |= CURL_CSELECT_IN;
    if (events & EPOLLOUT)
        what |= CURL_CSELECT_OUT;
    if (events & EPOLLERR)
        what |= CURL_CSELECT_ERR;
    (void)curl_multi_socket_action(calls->multi, fd, what, &running);
    ended_collect(calls);
}

static int socket_watch(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
    struct http_calls *calls = ctx;
    struct loop_fd *handle = socket_ctx;
    uint32_t events = 0;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        loop_remove(calls->loop, handle);
        return 0;
    }
    if (what != CURL_POLL_OUT)
        events |= EPOLLIN;
    if (what != CURL_POLL_IN)
        events |= EPOLLOUT;
    if (handle) {
        loop_modify(calls->loop, handle, events);
        return 0;
    }
    handle = loop_add(calls->loop, fd, events, socket_ready, calls);
    (void)curl_multi_assign(calls->multi, fd, handle);
    return handle ? 0 : -1;
}

static void timer_ring(void *ctx)
{
    struct http_calls *calls = ctx;
    int running;

    (void)curl_multi_socket_action(calls->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    ended_collect(calls);
}

static int timer_set(CURLM *multi, long ms, void *ctx)
{
    struct http_calls *calls = ctx;

    (void)multi;
    if (ms < 0)
        loop_timer_stop(calls->loop, &calls->timer);
    else
        loop_timer_set(calls->loop, &calls->timer,
                       mono_after_us(loop_now(calls->loop), (int64_t)ms * 1000), timer_ring, calls);
    return 0;
}

struct http_calls *http_calls_new(struct loop *loop)
{
    struct http_calls *calls = mem_alloc(sizeof *calls);

    calls->loop = loop;
    list_init(&calls->calls);
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
    calls->multi = curl_multi_init();
    (void)curl_multi_setopt(calls->multi, CURLMOPT_SOCKETFUNCTION, socket_watch);
    (void)curl_multi_setopt(calls->multi, CURLMOPT_SOCKETDATA, calls);
    (void)curl_multi_setopt(calls->multi, CURLMOPT_TIMERFUNCTION, timer_set);
    (void)curl_multi_setopt(calls->multi, CURLMOPT_TIMERDATA, calls);
    (void)curl_multi_setopt(calls->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT);
    return calls;
}

// ---- one call ----

static void call_free(struct http_call *call)
{
    list_remove(&call->link);
    if (call->easy) {
        (void)curl_multi_remove_handle(call->calls->multi, call->easy);
        curl_easy_cleanup(call->easy);
    }
    curl_slist_free_all(call->headers);
    buf_done(&call->head);
    buf_done(&call->body);
    free(call->request_body);
    free(call);
}

void http_calls_free(struct http_calls *calls)
{
    if (!calls)
        return;
    while (!list_is_empty(&calls->calls))
        call_free(list_item(calls->calls.next, struct http_call, link));
    (void)curl_multi_cleanup(calls->multi);
    loop_timer_stop(calls->loop, &calls->timer);
    free(calls);
}

void http_call_cancel(struct http_call *call)
{
    if (call)
        call_free(call);
}

void http_call_resume(struct http_call *call)
{
    (void)curl_easy_pause(call->easy, CURLPAUSE_CONT);
}

// What exceeds the maximum is only counted.
static void keep(struct buf *b, const char *bytes, size_t n)
{
    size_t room = b->max - b->len;

    buf_add(b, (struct str){bytes, n < room ? n : room});
}

static size_t body_take(char *bytes, size_t size, size_t count, void *ctx)
{
    struct http_call *call = ctx;

    if (call->sink && !call->sink->on_body((struct str){bytes, size * count}, call->ctx))
        return CURL_WRITEFUNC_PAUSE;
    call->body_bytes += (int64_t)(size * count);
    if (!call->sink)
        keep(&call->body, bytes, size * count);
    return size * count;
}

// An empty line: the head is whole. That of an interim response is told of nobody.
static void head_tell(struct http_call *call)
{
    long status = 0;

    (void)curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status >= 200)
        call->sink->on_head((int)status, buf_str(&call->head), call->ctx);
}

// Each response begins with its status line: of redirects and interim ones nothing is kept.
static size_t head_take(char *bytes, size_t size, size_t count, void *ctx)
{
    struct http_call *call = ctx;

    if (str_starts((struct str){bytes, size * count}, STR_LIT("HTTP/"))) {
        buf_clear(&call->head);
        buf_clear(&call->body);
        call->body_bytes = 0;
    }
    keep(&call->head, bytes, size * count);
    if (call->sink && str_eq(str_trim((struct str){bytes, size * count}), STR_LIT("")))
        head_tell(call);
    return size * count;
}

static void limits_set(CURL *easy, const struct http_call_request *request)
{
    int64_t ms = request->timeout_us > 0 ? (request->timeout_us + 999) / 1000 : TIMEOUT_MS;

    if (request->stall_s > 0) {
        (void)curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
        (void)curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)request->stall_s);
    } else {
        (void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)ms);
    }
    if (request->connect_us > 0)
        (void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                               (long)((request->connect_us + 999) / 1000));
}

static void tls_set(CURL *easy, const struct http_call_request *request)
{
    if (request->ca_file)
        (void)curl_easy_setopt(easy, CURLOPT_CAINFO, request->ca_file);
    if (!request->is_insecure)
        return;
    (void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    (void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
}

static void body_set(struct http_call *call, const struct http_call_request *request)
{
    if (strcmp(request->method, "HEAD") == 0)
        (void)curl_easy_setopt(call->easy, CURLOPT_NOBODY, 1L);
    else
        (void)curl_easy_setopt(call->easy, CURLOPT_CUSTOMREQUEST, request->method);
    if (request->body.len == 0)
        return;
    call->request_body = str_own(request->body);
    (void)curl_easy_setopt(call->easy, CURLOPT_POSTFIELDS, call->request_body);
    (void)curl_easy_setopt(call->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
}

static void headers_set(struct http_call *call, const char *const *headers)
{
    call->headers = curl_slist_append(NULL, "Expect:"); // waits for nobody's permission to send
    for (; headers && *headers; headers++)
        call->headers = curl_slist_append(call->headers, *headers);
    (void)curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, call->headers);
}

static CURLcode call_set(struct http_call *call, const struct http_call_request *request)
{
    CURL *easy = call->easy;

    (void)curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
    (void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->failure);
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, (long)request->has_redirects);
    (void)curl_easy_setopt(easy, CURLOPT_MAXREDIRS, (long)HTTP_CALL_REDIRECTS);
    (void)curl_easy_setopt(easy, CURLOPT_USERAGENT, "belfry/" BELFRY_VERSION);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, body_take);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, head_take);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
    if (!request->proxy || *request->proxy) // "" keeps libcurl from looking at the environment
        (void)curl_easy_setopt(easy, CURLOPT_PROXY, request->proxy ? request->proxy : "");
    limits_set(easy, request);
    tls_set(easy, request);
    body_set(call, request);
    headers_set(call, request->headers);
    return curl_easy_setopt(easy, CURLOPT_URL, request->url);
}

struct http_call *http_call_start(struct http_calls *calls, const struct http_call_request *request,
                                  http_call_done *done, void *ctx, struct err *e)
{
    struct http_call *call = mem_alloc(sizeof *call);
    CURLMcode added;

    call->calls = calls;
    call->sink = request->sink;
    call->done = done;
    call->ctx = ctx;
    buf_init(&call->head, HTTP_CALL_HEAD_MAX);
    buf_init(&call->body, HTTP_CALL_BODY_MAX);
    list_push(&calls->calls, &call->link);
    call->easy = curl_easy_init();
    if (!call->easy || call_set(call, request) != CURLE_OK) {
        call_free(call);
        (void)fail(e, ERR_INPUT, "url", "libcurl does not take the request");
        return NULL;
    }
    added = curl_multi_add_handle(calls->multi, call->easy);
    if (added == CURLM_OK)
        return call;
    (void)fail(e, ERR_SYSTEM, NULL, "the request cannot be sent: %s", curl_multi_strerror(added));
    call_free(call);
    return NULL;
}

static void call_report(struct http_call *call, CURLcode code)
{
    struct http_call_answer answer = {
        .failure = "",
        .is_timeout = code == CURLE_OPERATION_TIMEDOUT,
        .head = buf_str(&call->head),
        .body = buf_str(&call->body),
        .body_bytes = call->body_bytes,
    };
    long status = 0;
    curl_off_t pause_s = 0;

    (void)curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(call->easy, CURLINFO_RETRY_AFTER, &pause_s);
    answer.status = (int)status;
    answer.retry_after_s = pause_s < RETRY_AFTER_MAX_S ? pause_s : RETRY_AFTER_MAX_S;
    if (code != CURLE_OK)
        answer.failure = call->failure[0] ? call->failure : curl_easy_strerror(code);
    call->done(&answer, call->ctx);
    call_free(call);
}

static void ended_collect(struct http_calls *calls)
{
    CURLMsg *message;
    char *private;
    int left;

    while ((message = curl_multi_info_read(calls->multi, &left))) {
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode code = message->data.result;

        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
        call_report((struct http_call *)(void *)private, code);
    }
}
