// http_job_test.c - runs that are requests: what is expected, what is told of them.
// SPDX-License-Identifier: Apache-2.0
#include "exec/http_job.h"

#include "unit.h"

#include <stdio.h>

#include "base/loop.h"
#include "net/http_server.h"

#define WAIT_US 60000000

static struct loop *loop;
static struct http_server *server;
static struct http_calls *calls;

struct heard {
    int count;
    bool is_good;
    int status;
    int64_t retry_after_us;
    char message[300], out[400], result[50];
};

static void serve(struct http_request *r, void *ctx)
{
    struct str key = {0};

    (void)ctx;
    (void)http_request_header(r, "idempotency-key", &key);
    http_reply_header(r, "retry-after", STR_LIT("90"));
    http_reply_text(r, 200, "text/plain", key);
}

static void ended(const struct http_job_end *end, void *ctx)
{
    struct heard *h = ctx;

    h->count++;
    h->is_good = end->is_good;
    h->status = end->status;
    h->retry_after_us = end->retry_after_us;
    (void)snprintf(h->message, sizeof h->message, "%.*s", STR(end->message));
    (void)snprintf(h->out, sizeof h->out, "%.*s", STR(end->out));
    (void)snprintf(h->result, sizeof h->result, "%.*s", STR(end->result));
}

static void test_ends(void **state)
{
    static const struct {
        const char *more; // members of http
        bool is_good;
        const char *message;
    } rows[] = {
        {"", true, ""},
        {",\"expect_body\":\"4711\"", true, ""},
        {",\"expect_body\":\"other\"", false,
         "the response does not contain \"other\"; the server asks to wait 90 s"},
        {",\"expect_status\":[204]", false,
         "status 200 is not expected; the server asks to wait 90 s"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t until = clock_mono(clock_real()).us + WAIT_US;
        struct heard h = {0};
        char options[300];
        struct err e;

        (void)snprintf(options, sizeof options, "{\"http\":{\"url\":\"http://127.0.0.1:%d/\"%s}}",
                       http_server_port(server), rows[i].more);
        struct exec_request request = {.run_id = 4711,
                                       .job_name = STR_LIT("j"),
                                       .kind = JOB_HTTP,
                                       .options = str_of(options),
                                       .attempt = 1};

        assert_non_null(http_job_start(calls, &request, ended, &h, &e));
        while (h.count == 0 && clock_mono(clock_real()).us < until)
            (void)loop_turn(loop, 50);
        assert_int_equal(h.is_good, rows[i].is_good);
        assert_string_equal(h.message, rows[i].message);
        assert_true(str_starts(str_of(h.out), STR_LIT("HTTP/1.1 200 OK\r\n")));
        assert_true(str_ends(str_of(h.out), STR_LIT("\r\n\r\n4711")));
        assert_int_equal(h.status, 200);
        assert_int_equal(h.retry_after_us, INT64_C(90000000));
        assert_string_equal(h.result, "{\"status\":200}");
    }
}

static void test_not_started(void **state)
{
    struct exec_request request = {.kind = JOB_HTTP, .options = STR_LIT("{\"http\":{}}")};
    struct heard h = {0};
    struct http_job *job;
    struct err e;

    (void)state;
    assert_null(http_job_start(calls, &request, ended, &h, &e));
    assert_int_equal(e.code, ERR_INPUT);
    request.options = STR_LIT("{\"http\":{\"url\":\"http://127.0.0.1:1/\"}}");
    job = http_job_start(calls, &request, ended, &h, &e);
    assert_non_null(job);
    http_job_cancel(job);
    http_job_cancel(NULL);
    (void)loop_turn(loop, 10);
    assert_int_equal(h.count, 0);
}

static int setup(void **state)
{
    struct err e;

    (void)state;
    loop = loop_new(clock_real(), &e);
    calls = http_calls_new(loop);
    return !http_server_start(loop, &(struct http_server_options){0}, serve, NULL, &server, &e);
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_ends),
                                       cmocka_unit_test(test_not_started)};

    return cmocka_run_group_tests(tests, setup, teardown);
}
