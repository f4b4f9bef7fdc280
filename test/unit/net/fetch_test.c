// fetch_test.c - requests to a server of a few lines, on loopback; URLs that are fetched and that
// are not.
// SPDX-License-Identifier: Apache-2.0
#include "net/fetch.h"

#include <netinet/in.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/loop.h"
#include "net/dns.h"
#include "unit.h"

static struct loop *loop;
static struct dns *dns;

// What the server says when a request has come, and what came.
static struct {
    int listener, client;
    int port;
    const char *answer; // NULL: silence
    struct loop_fd *watch, *client_watch;
    char request[2048];
} server;

static int set_up(void **state)
{
    struct err e;

    (void)state;
    loop = loop_new(clock_real(), &e);
    dns = dns_new(loop, NULL);
    return loop && dns ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    dns_free(dns);
    loop_free(loop);
    return 0;
}

static void client_gone(void)
{
    loop_remove(loop, server.client_watch);
    server.client_watch = NULL;
    if (server.client >= 0)
        close(server.client);
    server.client = -1;
}

static void client_speaks(int fd, uint32_t events, void *ctx)
{
    ssize_t n = recv(fd, server.request, sizeof server.request - 1, 0);

    (void)events;
    (void)ctx;
    server.request[n > 0 ? n : 0] = '\0';
    if (server.answer || n <= 0) {
        if (server.answer)
            assert_true(send(fd, server.answer, strlen(server.answer), MSG_NOSIGNAL) > 0);
        client_gone();
    }
}

static void client_comes(int fd, uint32_t events, void *ctx)
{
    (void)events;
    (void)ctx;
    server.client = accept(fd, NULL, NULL);
    server.client_watch = loop_add(loop, server.client, EPOLLIN, client_speaks, NULL);
}

static void server_open(const char *answer)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;

    server.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    server.client = -1;
    assert_return_code(bind(server.listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_return_code(listen(server.listener, 10), 0);
    assert_return_code(getsockname(server.listener, (struct sockaddr *)&at, &n), 0);
    server.port = ntohs(at.sin_port);
    server.answer = answer;
    server.watch = loop_add(loop, server.listener, EPOLLIN, client_comes, NULL);
}

static void server_close(void)
{
    client_gone();
    loop_remove(loop, server.watch);
    close(server.listener);
}

struct outcome {
    int calls;
    enum err_code code;
    int status;
    char body[64], message[480];
};

static void on_done(const struct fetch_end *end, void *ctx)
{
    struct outcome *o = ctx;

    o->calls++;
    o->code = end->error.code;
    o->status = end->status;
    snprintf(o->body, sizeof o->body, "%.*s", STR(end->body));
    snprintf(o->message, sizeof o->message, "%s", end->error.message);
}

static struct fetch *start(const char *path, struct str body, struct outcome *o)
{
    char url[128];
    struct err e;
    struct fetch *f;

    memset(o, 0, sizeof *o);
    snprintf(url, sizeof url, "http://127.0.0.1:%d%s", server.port, path);
    f = fetch_start(&(struct fetch_options){.loop = loop,
                                            .dns = dns,
                                            .url = str_of(url),
                                            .body = body,
                                            .content_type = "application/ocsp-request",
                                            .max_bytes = 50,
                                            .timeout_ms = 300},
                    on_done, o, &e);
    assert_non_null(f);
    assert_int_equal(o->calls, 0);
    return f;
}

static void wait_for(const struct outcome *o)
{
    for (int i = 0; i < 1000 && o->calls == 0; i++)
        loop_turn(loop, 100);
    assert_int_equal(o->calls, 1);
}

static void test_get(void **state)
{
    struct outcome o;
    char expected[256];

    (void)state;
    server_open("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    (void)start("/a/b.crl?x=1", (struct str){0}, &o);
    wait_for(&o);
    assert_int_equal(o.code, ERR_NONE);
    assert_int_equal(o.status, 200);
    assert_string_equal(o.body, "hello");
    snprintf(expected, sizeof expected,
             "GET /a/b.crl?x=1 HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUser-Agent: belfry\r\n"
             "Accept: */*\r\nConnection: close\r\n\r\n",
             server.port);
    assert_string_equal(server.request, expected);
    server_close();
}

static void test_post(void **state)
{
    struct outcome o;

    (void)state;
    server_open("HTTP/1.0 503 Busy\r\n\r\nlater");
    (void)start("", STR_LIT("body"), &o);
    wait_for(&o);
    assert_int_equal(o.status, 503);
    assert_string_equal(o.body, "later");
    assert_non_null(strstr(server.request, "POST / HTTP/1.1\r\n"));
    assert_non_null(strstr(server.request, "Content-Type: application/ocsp-request\r\n"
                                           "Content-Length: 4\r\n\r\nbody"));
    server_close();
}

static const struct {
    const char *answer;
    enum err_code code;
    const char *words;
} failures[] = {
    {NULL, ERR_TIMEOUT, "did not answer within 0.3 s"},
    {"SSH-2.0\r\n", ERR_TLS, "no HTTP"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", ERR_TLS, "ends too early"},
    {"HTTP/1.1 200 OK\r\n\r\n1234567890123456789012345678901234567890123456789012345", ERR_LIMIT,
     "longer than 50 bytes"},
};

static void test_failures(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(failures); i++) {
        struct outcome o;

        server_open(failures[i].answer);
        (void)start("/", (struct str){0}, &o);
        wait_for(&o);
        assert_int_equal(o.code, failures[i].code);
        assert_non_null(strstr(o.message, failures[i].words));
        server_close();
    }
}

static void test_refused_and_stopped(void **state)
{
    struct outcome o;

    (void)state;
    server_open("x");
    server_close(); // nobody listens any more
    (void)start("/", (struct str){0}, &o);
    wait_for(&o);
    assert_int_equal(o.code, ERR_UNREACHABLE);
    server_open(NULL);
    for (int turns = 0; turns < 6; turns++) {
        struct fetch *f = start("/", (struct str){0}, &o);

        for (int i = 0; i < turns; i++)
            loop_turn(loop, 10);
        fetch_stop(f);
        loop_turn(loop, 10);
        assert_int_equal(o.calls, 0);
        client_gone();
    }
    fetch_stop(NULL);
    server_close();
}

static const struct {
    const char *url, *host, *path;
    int port; // 0: refused
} urls[] = {
    {"http://o.example", "o.example", "", 80},
    {"HTTP://o.example/", "o.example", "/", 80},
    {"http://o.example:8080/a/b?c#d", "o.example", "/a/b?c", 8080},
    {"http://o.example?c", "o.example", "?c", 80},
    {"http://[::1]:81/x", "::1", "/x", 81},
    {"https://o.example/", NULL, NULL, 0},
    {"ldap://o.example/", NULL, NULL, 0},
    {"http://", NULL, NULL, 0},
    {"http:///x", NULL, NULL, 0},
    {"http://user:pw@o.example/", NULL, NULL, 0},
    {"http://o.example/a b", NULL, NULL, 0},
    {"http://o.example/a\r\nX: y", NULL, NULL, 0},
    {"http://o.example:99999/", NULL, NULL, 0},
    {"", NULL, NULL, 0},
};

static void test_urls(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(urls); i++) {
        struct fetch_url url;
        struct err e = {0};

        assert_int_equal(fetch_url_parse(str_of(urls[i].url), &url, &e), urls[i].port != 0);
        if (urls[i].port == 0) {
            assert_int_equal(e.code, ERR_INPUT);
            continue;
        }
        assert_string_equal(url.host, urls[i].host);
        assert_int_equal(url.port, urls[i].port);
        assert_true(str_eq(url.path, str_of(urls[i].path)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_get),      cmocka_unit_test(test_post),
        cmocka_unit_test(test_failures), cmocka_unit_test(test_refused_and_stopped),
        cmocka_unit_test(test_urls),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
