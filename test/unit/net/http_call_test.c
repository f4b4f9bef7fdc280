// http_call_test.c - requests to a server on the same loop.
// SPDX-License-Identifier: Apache-2.0
#include "net/http_call.h"

#include "unit.h"

#include <stdio.h>

#include "base/loop.h"
#include "net/http_server.h"
#include "net/http_stream.h"

#define WAIT_US 60000000

static struct loop *loop;
static struct http_server *server;
static struct http_calls *calls;
static char url[64];

struct heard {
    int count, status;
    bool is_timeout;
    char failure[300], body[100];
    int64_t body_bytes;
};

static struct http_stream *stream; // of the last request that asked for one

static void stream_gone(void *ctx)
{
    (void)ctx;
    stream = NULL;
}

static void serve(struct http_request *r, void *ctx)
{
    const struct http_stream_options options = {.on_gone = stream_gone};

    (void)ctx;
    if (str_eq(r->path, STR_LIT("/silent")))
        return; // for ever
    if (str_eq(r->path, STR_LIT("/stream")))
        stream = http_stream_open(r, 200, "text/event-stream", &options);
    else if (r->method == HTTP_GET)
        http_reply_text(r, 200, "text/plain", STR_LIT("hello"));
    else
        http_reply_text(r, 404, "text/plain", STR_LIT("no"));
}

static void answered(const struct http_call_answer *answer, void *ctx)
{
    struct heard *h = ctx;

    h->count++;
    h->status = answer->status;
    h->is_timeout = answer->is_timeout;
    h->body_bytes = answer->body_bytes;
    (void)snprintf(h->failure, sizeof h->failure, "%s", answer->failure);
    (void)snprintf(h->body, sizeof h->body, "%.*s", STR(answer->body));
}

static void wait_for(const struct heard *h)
{
    int64_t until = clock_mono(clock_real()).us + WAIT_US;

    while (h->count == 0 && clock_mono(clock_real()).us < until)
        (void)loop_turn(loop, 50);
    assert_int_equal(h->count, 1);
}

static void test_calls(void **state)
{
    static const struct {
        const char *method;
        const char *body;
        int status;
        const char *text;
    } rows[] = {{"GET", "", 200, "hello"}, {"POST", "x", 404, "no"}, {"HEAD", "", 404, ""}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_call_request request = {
            .url = url, .method = rows[i].method, .body = str_of(rows[i].body)};
        struct heard h = {0};
        struct err e;

        assert_non_null(http_call_start(calls, &request, answered, &h, &e));
        assert_int_equal(h.count, 0);
        wait_for(&h);
        assert_string_equal(h.failure, "");
        assert_int_equal(h.status, rows[i].status);
        assert_string_equal(h.body, rows[i].text);
    }
}

static void test_failures(void **state)
{
    struct http_call_request request = {.url = "http://127.0.0.1:1/", .method = "GET"};
    struct heard h = {0}, never = {0};
    struct http_call *call;
    struct err e;

    (void)state;
    assert_non_null(http_call_start(calls, &request, answered, &h, &e));
    wait_for(&h);
    assert_int_equal(h.status, 0);
    assert_true(h.failure[0] && !h.is_timeout);
    request.url = url;
    call = http_call_start(calls, &request, answered, &never, &e);
    assert_non_null(call);
    http_call_cancel(call);
    http_call_cancel(NULL);
    (void)loop_turn(loop, 10);
    assert_non_null(http_call_start(calls, &request, answered, &never, &e));
    http_calls_free(calls); // forgets it
    http_calls_free(NULL);
    calls = http_calls_new(loop);
    assert_int_equal(never.count, 0);
}

// A reply that is handed on.
struct taken {
    struct heard heard; // first
    int heads, status, pieces, refusals;
    bool is_full;
    char text[100];
};

static void head_take(int status, struct str head, void *ctx)
{
    struct taken *t = ctx;

    t->heads++;
    t->status = status;
    assert_true(str_starts(head, STR_LIT("HTTP/1.1 200 OK\r\n")));
    assert_non_null(strstr(head.p, "content-type: text/event-stream\r\n"));
}

static bool body_take(struct str bytes, void *ctx)
{
    struct taken *t = ctx;
    size_t len = strlen(t->text);

    t->refusals += t->is_full;
    t->pieces += !t->is_full;
    if (!t->is_full)
        (void)snprintf(t->text + len, sizeof t->text - len, "%.*s", STR(bytes));
    return !t->is_full;
}

static void turn_until(const int *count, int least)
{
    int64_t until = clock_mono(clock_real()).us + WAIT_US;

    while (*count < least && clock_mono(clock_real()).us < until)
        (void)loop_turn(loop, 50);
    assert_true(*count >= least);
}

static struct http_call *take_start(const char *path, struct taken *t)
{
    static const struct http_call_sink sink = {head_take, body_take};
    char where[100];
    const struct http_call_request request = {
        .url = where, .method = "GET", .stall_s = 1, .connect_us = WAIT_US, .sink = &sink};
    struct http_call *call;
    struct err e;

    (void)snprintf(where, sizeof where, "%s%s", url, path);
    call = http_call_start(calls, &request, answered, t, &e);
    assert_non_null(call);
    return call;
}

// As it comes, and when there is room; the head before it, and an end or a breach behind it.
static void test_sink(void **state)
{
    (void)state;
    for (int is_whole = 0; is_whole < 2; is_whole++) {
        struct taken t = {0};
        struct http_call *call = take_start("stream", &t);

        turn_until(&t.heads, 1);
        assert_int_equal(t.status, 200);
        assert_int_equal(t.pieces, 0);
        assert_true(http_stream_send(stream, STR_LIT("one ")));
        turn_until(&t.pieces, 1);
        t.is_full = true;
        assert_true(http_stream_send(stream, STR_LIT("two ")));
        turn_until(&t.refusals, 1);
        t.is_full = false;
        http_call_resume(call);
        assert_string_equal(t.text, "one two ");
        if (is_whole)
            http_stream_close(stream);
        else
            http_stream_break(stream);
        wait_for(&t.heard);
        assert_int_equal(t.heads, 1);
        assert_int_equal(t.heard.failure[0] == '\0', is_whole);
    }
}

static int setup(void **state)
{
    struct err e;

    (void)state;
    loop = loop_new(clock_real(), &e);
    if (!http_server_start(loop, &(struct http_server_options){0}, serve, NULL, &server, &e))
        return -1;
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%d/", http_server_port(server));
    calls = http_calls_new(loop);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    http_calls_free(calls);
    http_server_free(server);
    loop_free(loop);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calls), cmocka_unit_test(test_failures), cmocka_unit_test(test_sink)};

    return cmocka_run_group_tests(tests, setup, teardown);
}
