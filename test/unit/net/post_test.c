// post_test.c - messages by HTTP to a server of our own, and what is refused before anything is
// sent. Mail is tried against real servers in test/api.
// SPDX-License-Identifier: Apache-2.0
#include "net/post.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/loop.h"
#include "net/access.h"
#include "net/http_reply.h"
#include "net/http_server.h"
#include "unit.h"

struct world {
    struct loop *loop;
    struct http_server *server;
    pthread_t thread;
    struct arena *arena;
    char base[64];
    char seen[1000]; // method, path, a header, body of the last request
};

static void handler(struct http_request *r, void *ctx)
{
    struct world *w = ctx;
    struct str tag = {0};
    int status = str_eq(r->path, STR_LIT("/bad")) ? 503 : 200;

    (void)!http_request_header(r, "x-tag", &tag);
    snprintf(w->seen, sizeof w->seen, "%.*s %.*s %.*s %.*s", STR(r->method_text), STR(r->path),
             STR(tag), STR(r->body));
    if (str_eq(r->path, STR_LIT("/gone"))) {
        http_reply_header(r, "location", STR_LIT("/elsewhere"));
        status = 302;
    }
    http_reply_text(r, status, "text/plain", STR_LIT("thanks"));
}

static void *serve(void *ctx)
{
    loop_run(((struct world *)ctx)->loop);
    return NULL;
}

static int setup(void **state)
{
    static struct world w;
    const struct http_server_options options = {.address = "127.0.0.1"};
    struct err e;

    w.loop = loop_new(clock_real(), &e);
    if (!http_server_start(w.loop, &options, handler, &w, &w.server, &e))
        return -1;
    snprintf(w.base, sizeof w.base, "http://127.0.0.1:%d", http_server_port(w.server));
    w.arena = arena_new(1000);
    *state = &w;
    return pthread_create(&w.thread, NULL, serve, &w);
}

static int teardown(void **state)
{
    struct world *w = *state;

    loop_stop(w->loop);
    pthread_join(w->thread, NULL);
    http_server_free(w->server);
    loop_free(w->loop);
    arena_free(w->arena);
    return 0;
}

static struct post_reply send_to(struct world *w, const char *path, const struct access *access,
                                 const char *method)
{
    char url[200];
    const struct post post = {.url = url,
                              .method = method,
                              .headers = {"x-tag: 7", NULL},
                              .timeout_ms = 20000,
                              .body = STR_LIT("{\"a\":1}")};
    struct post_reply reply;

    snprintf(url, sizeof url, "%s%s", path[0] == '/' ? w->base : "", path);
    post_send(&post, access, NULL, w->arena, &reply);
    return reply;
}

static void test_http(void **state)
{
    struct world *w = *state;
    struct post_reply reply = send_to(w, "/in", NULL, NULL);

    assert_true(reply.is_sent);
    assert_int_equal(reply.status, 200);
    assert_string_equal(reply.text.p, "thanks");
    assert_string_equal(w->seen, "POST /in 7 {\"a\":1}");
    reply = send_to(w, "/put", NULL, "PUT");
    assert_string_equal(w->seen, "PUT /put 7 {\"a\":1}");
}

static void test_refusals(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *path, *deny;
        enum err_code code;
        const char *words;
    } rows[] = {
        {"/bad", "", ERR_UNREACHABLE, "the server answered with status 503"},
        {"/gone", "", ERR_UNREACHABLE, "the server answered with status 302"},
        {"/in", "127.0.0.0/8", ERR_DENIED, "this server does not connect to"},
        {"http://localhost:1/", "127.0.0.0/8 ::1/128", ERR_DENIED, "the address that the host has"},
        {"http://localhost:1/", "localhost", ERR_DENIED,
         "this server does not connect to localhost"},
        {"http://[::1]:1/", "::1", ERR_DENIED, "this server does not connect to"},
        {"http://127.0.0.1:1/", "", ERR_UNREACHABLE, "connect"},
        {"file:///etc/passwd", "", ERR_INPUT, "the URL is not one"},
        {"not a url", "", ERR_INPUT, "the URL is not one"},
        {"gopher://127.0.0.1/", "", ERR_UNREACHABLE, "gopher"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct access *access = NULL;
        struct err e;

        assert_true(access_parse(STR_LIT(""), str_of(rows[i].deny), &access, &e));
        struct post_reply reply = send_to(w, rows[i].path, access, NULL);

        assert_false(reply.is_sent);
        if (!strstr(reply.err.message, rows[i].words))
            fail_msg("%s: %s", rows[i].path, reply.err.message);
        assert_int_equal(reply.err.code, rows[i].code);
        access_free(access);
    }
}

static void test_ends_at_once(void **state)
{
    struct world *w = *state;
    atomic_bool ends = true;
    char url[100];
    const struct post post = {.url = url, .headers = {NULL}, .timeout_ms = 60000};
    struct post_reply reply;

    snprintf(url, sizeof url, "%s/in", w->base);
    post_send(&post, NULL, &ends, w->arena, &reply);
    assert_false(reply.is_sent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_ends_at_once),
    };

    post_setup();
    return cmocka_run_group_tests(tests, setup, teardown);
}
