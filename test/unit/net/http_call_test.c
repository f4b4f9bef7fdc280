// http_call_test.c - requests to a server on the same loop.
// SPDX-License-Identifier: Apache-2.0
#include "net/http_call.h"

#include "unit.h"

#include <stdio.h>

#include "base/loop.h"
#include "net/http_server.h"

#define WAIT_US 20000000

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

static void serve(struct http_request *r, void *ctx)
{
    (void)ctx;
    if (r->method == HTTP_GET)
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_calls),
                                       cmocka_unit_test(test_failures)};

    return cmocka_run_group_tests(tests, setup, teardown);
}
