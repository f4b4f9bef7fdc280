// http_server_test.c - the server over socket pairs, turn by turn, by a simulated clock.
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/loop.h"
#include "net/http_connection.h"
#include "net/http_server.h"
#include "net/http_work.h"

enum {
    CLIENTS_MAX = 8,
    KEPT_MAX = 16
};

static struct sim_clock sim;
static struct loop *loop;
static struct http_server *server;
static int clients[CLIENTS_MAX];
static int client_count;
static struct http_request *kept[KEPT_MAX]; // requests of /keep, to be answered by the test
static int kept_count;
static char got[1 << 21]; // what the last replies() read

static void handle(struct http_request *r, void *ctx)
{
    struct buf body;
    struct str value;

    assert_ptr_equal(ctx, &sim);
    if (str_eq(r->path, STR_LIT("/keep"))) {
        kept[kept_count++] = r;
        return;
    }
    if (str_eq(r->path, STR_LIT("/large"))) {
        buf_init(&body, 1 << 20);
        assert_true(buf_reserve(&body, 1 << 20));
        memset(body.p, 'L', 1 << 20);
        body.len = 1 << 20;
        http_reply(r, 200, NULL, &body);
        return;
    }
    if (str_eq(r->path, STR_LIT("/none"))) {
        http_reply(r, 204, NULL, NULL);
        return;
    }
    if (http_request_header(r, "x-echo", &value))
        http_reply_header(r, "x-echo", value);
    struct str text =
        arena_printf(r->arena, "<%.*s %.*s %zu %.*s>", STR(r->method_text), STR(r->path),
                     r->body.len, r->body.len < 100 ? (int)r->body.len : 100, r->body.p);
    http_reply_text(r, 200, NULL, text);
}

static void turn(void)
{
    int rounds = 0;

    while (loop_turn(loop, 0) > 0)
        assert_true(++rounds < 1000);
}

static void pass_ms(int64_t ms)
{
    sim_clock_advance(&sim, ms * 1000);
    turn();
}

static int client_new(void)
{
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    http_server_adopt(server, fds[0]);
    clients[client_count++] = fds[1];
    return fds[1];
}

static void client_send(int fd, struct str bytes)
{
    assert_int_equal(send(fd, bytes.p, bytes.len, MSG_NOSIGNAL), bytes.len);
    turn();
}

// Everything the server has sent; *ret_is_end when it has also closed.
static const char *replies(int fd, bool *ret_is_end)
{
    size_t len = 0;
    ssize_t n;

    while ((n = recv(fd, got + len, sizeof got - 1 - len, 0)) > 0) {
        len += (size_t)n;
        turn();
    }
    got[len] = '\0';
    *ret_is_end = n == 0;
    return got;
}

// How often what occurs in text.
static int count_of(const char *text, const char *what)
{
    int count = 0;

    for (; (text = strstr(text, what)); text++)
        count++;
    return count;
}

static int setup(void **state)
{
    static const char *const names[] = {"belfry.example", NULL};
    struct http_server_options options = {
        .body_max_bytes = 100000, .bodies_max_bytes = 150000, .host_names = names};
    struct err e;

    (void)state;
    sim_clock_init(&sim, (wall){784111777000000});
    loop = loop_new(&sim.base, &e);
    server = http_server_new(loop, &options, handle, &sim);
    client_count = kept_count = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    http_server_free(server);
    for (int i = 0; i < client_count; i++)
        close(clients[i]);
    loop_free(loop);
    return 0;
}

#define HOST "Host: localhost\r\n"

static void answers_and_keeps_alive(void **state)
{
    int fd = client_new();
    bool is_end;

    (void)state;
    for (int i = 0; i < 3; i++) {
        client_send(fd, STR_LIT("GET /a HTTP/1.1\r\n" HOST "X-Echo: e\r\n\r\n"));
        assert_string_equal(
            replies(fd, &is_end),
            "HTTP/1.1 200 OK\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\nserver: belfry\r\n"
            "content-length: 11\r\nx-echo: e\r\n\r\n<GET /a 0 >");
        assert_false(is_end);
    }
    client_send(fd, STR_LIT("GET /a HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"));
    assert_non_null(strstr(replies(fd, &is_end), "connection: close\r\n"));
    assert_true(is_end);
    assert_int_equal(http_server_connection_count(server), 1); // lingers until we close
    close(fd);
    clients[0] = -1;
    turn();
    assert_int_equal(http_server_connection_count(server), 0);
}

static void answers_head_and_empty(void **state)
{
    int fd = client_new();
    bool is_end;

    (void)state;
    client_send(fd,
                STR_LIT("HEAD /abc HTTP/1.1\r\n" HOST "\r\nGET /none HTTP/1.1\r\n" HOST "\r\n"));
    replies(fd, &is_end);
    assert_non_null(strstr(got, "content-length: 14\r\n\r\nHTTP/1.1 204 No Content\r\n"));
    assert_int_equal(count_of(got, "content-length"), 1);
}

// However the bytes of a pipeline are cut, each request is seen once and answered in order.
static void reads_pipelines_in_any_pieces(void **state)
{
    struct str all = STR_LIT(
        "POST /1 HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabcGET /2 HTTP/1.1\r\n" HOST "\r\n"
        "POST /3 HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n2\r\nde\r\n1\r\nf\r\n"
        "0\r\n\r\nPUT /4 HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\nGET /5 HTTP/1.1\r\n" HOST
        "\r\n");
    static const char *const wanted[] = {"<POST /1 3 abc>", "<GET /2 0 >", "<POST /3 3 def>",
                                         "<PUT /4 0 >", "<GET /5 0 >"};

    (void)state;
    for (size_t step = 1; step <= all.len; step = step < 8 ? step + 1 : step * 2 + 1) {
        int fd = client_new();
        bool is_end;

        for (size_t at = 0; at < all.len; at += step)
            client_send(fd, str_cut(all, at, at + step < all.len ? at + step : all.len));
        const char *p = replies(fd, &is_end);
        assert_int_equal(count_of(p, "HTTP/1.1 200 OK"), 5);
        for (int i = 0; i < 5; i++) {
            p = strstr(p, wanted[i]);
            assert_non_null(p);
        }
        assert_false(is_end);
        close(fd);
        client_count--;
    }
}

static void reads_many_pipelined(void **state)
{
    int fd = client_new();
    bool is_end;
    struct buf all;

    // Many times the size of the input, so that it is moved in the middle of requests.
    (void)state;
    buf_init(&all, 1 << 20);
    for (int i = 0; i < 1000; i++)
        buf_printf(&all, "POST /%d HTTP/1.1\r\n" HOST "Content-Length: %d\r\n\r\n%*d", i,
                   i % 70 + 5, i % 70 + 5, i);
    client_send(fd, buf_str(&all));
    replies(fd, &is_end);
    assert_int_equal(count_of(got, "HTTP/1.1 200 OK"), 1000);
    assert_non_null(strstr(got, "<POST /999 24                      999>"));
    buf_done(&all);
}

static void answers_later_in_order(void **state)
{
    int fd = client_new();
    bool is_end;

    (void)state;
    client_send(fd, STR_LIT("GET /0 HTTP/1.1\r\n" HOST "\r\nGET /keep HTTP/1.1\r\n" HOST
                            "\r\nGET /2 HTTP/1.1\r\n" HOST "\r\n"));
    assert_int_equal(count_of(replies(fd, &is_end), "HTTP/1.1"),
                     1); // the first does not wait for the second
    assert_int_equal(kept_count, 1);
    assert_int_equal(http_server_request_count(server), 1);
    pass_ms(200000); // no deadline runs while the handler thinks
    http_reply_text(kept[0], 201, NULL, STR_LIT("kept"));
    assert_int_equal(http_server_request_count(server), 0);
    turn();
    replies(fd, &is_end);
    assert_non_null(strstr(got, "201 Created"));
    assert_non_null(strstr(strstr(got, "kept"), "<GET /2 0 >"));
}

static void outlives_its_client(void **state)
{
    int fd = client_new();
    struct buf body;

    (void)state;
    client_send(fd, STR_LIT("POST /keep HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nhi"));
    assert_false(http_request_is_gone(kept[0]));
    close(fd);
    clients[0] = -1;
    turn();
    assert_true(http_request_is_gone(kept[0]));
    assert_int_equal(http_server_connection_count(server), 0);
    assert_true(str_eq(kept[0]->body, STR_LIT("hi")));
    http_reply_header(kept[0], "x-a", STR_LIT("b"));
    buf_init(&body, 100);
    buf_add(&body, STR_LIT("memory that must be freed"));
    http_reply(kept[0], 200, NULL, &body);
    assert_null(body.p);
    assert_int_equal(http_server_request_count(server), 0);
}

static void serves_half_shut_clients(void **state)
{
    int fd = client_new();
    bool is_end;

    (void)state;
    assert_int_equal(send(fd, "GET /x HTTP/1.1\r\n" HOST "\r\n", 36, 0), 36);
    shutdown(fd, SHUT_WR);
    turn();
    assert_non_null(strstr(replies(fd, &is_end), "<GET /x 0 >"));
    assert_true(is_end);
    assert_int_equal(http_server_connection_count(server), 0);
}

static void takes_bodies(void **state)
{
    int fd = client_new();
    bool is_end;
    char *body = malloc(100000);
    char head[200];

    // Around the size of the input and up to the limit.
    (void)state;
    memset(body, 'b', 100000);
    for (size_t n = 20300; n <= 100000; n += n < 20500 ? 20 : 39750) {
        int len = snprintf(head, sizeof head,
                           "POST / HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n\r\n", n);

        client_send(fd, (struct str){head, (size_t)len});
        for (size_t at = 0; at < n; at += 15000)
            client_send(fd, (struct str){body, n - at < 15000 ? n - at : 15000});
        snprintf(head, sizeof head, "<POST / %zu bbb", n);
        assert_non_null(strstr(replies(fd, &is_end), head));
    }
    free(body);
}

static void asks_for_the_body(void **state)
{
    int fd = client_new();
    bool is_end;

    (void)state;
    client_send(fd, STR_LIT("POST / HTTP/1.1\r\n" HOST
                            "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"));
    assert_string_equal(replies(fd, &is_end), "HTTP/1.1 100 Continue\r\n\r\n");
    client_send(fd, STR_LIT("hi"));
    assert_non_null(strstr(replies(fd, &is_end), "<POST / 2 hi>"));
    client_send(fd, STR_LIT("POST / HTTP/1.1\r\n" HOST
                            "Expect: 100-continue\r\nContent-Length: 100001\r\n\r\n"));
    assert_int_equal(strncmp(replies(fd, &is_end), "HTTP/1.1 413 ", 13), 0);
    assert_true(is_end);
}

// Sends bytes on a new connection; the reply must have this status, be the only one, and end the
// connection.
static void refused(struct str bytes, const char *status)
{
    int fd = client_new();
    bool is_end;
    char line[40];

    client_send(fd, bytes);
    snprintf(line, sizeof line, "HTTP/1.1 %s ", status);
    replies(fd, &is_end);
    if (strncmp(got, line, strlen(line)) != 0 || !is_end)
        print_error("wanted %s and the end for:\n%.*s\ngot: %s", status, STR(bytes), got);
    assert_int_equal(strncmp(got, line, strlen(line)), 0);
    assert_int_equal(count_of(got, "HTTP/1.1 "), 1);
    assert_non_null(strstr(got, "content-type: application/json\r\n"));
    assert_non_null(strstr(got, "connection: close\r\n"));
    assert_non_null(strstr(got, "{\"detail\":\""));
    assert_true(is_end);
    close(fd);
    client_count--;
    turn();
    assert_int_equal(http_server_connection_count(server), 0);
}

static void refuses_and_closes(void **state)
{
    struct buf bytes;

    (void)state;
    refused(STR_LIT("GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n"), "400");
    refused(STR_LIT("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n"), "403");
    refused(STR_LIT("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip\r\n\r\nabc"), "501");
    refused(STR_LIT("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n2\nhi\n0\n\n"),
            "400");
    refused(STR_LIT("POST / HTTP/1.1\r\n" HOST "Content-Length: 100001\r\n\r\nabc"), "413");
    refused(STR_LIT("\x16\x03\x01"), "400");
    buf_init(&bytes, 1 << 20);
    buf_add_text(&bytes, "GET /?");
    for (int i = 0; i < HTTP_QUERY_MAX + 1; i++)
        buf_add_text(&bytes, "&a");
    buf_add_text(&bytes, " HTTP/1.1\r\n" HOST "\r\n");
    refused(buf_str(&bytes), "400");
    buf_clear(&bytes);
    buf_printf(&bytes, "GET /%08000d HTTP/1.1\r\n" HOST "\r\n", 1);
    refused(buf_str(&bytes), "414");
    buf_clear(&bytes);
    buf_printf(&bytes, "GET / HTTP/1.1\r\n" HOST "X: %016384d\r\n\r\n", 1);
    refused(buf_str(&bytes), "431");
    buf_clear(&bytes);
    buf_add_text(&bytes, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 101; i++)
        buf_printf(&bytes, "3e8\r\n%01000d\r\n", i);
    refused(buf_str(&bytes), "413");
    buf_done(&bytes);
}

static void bounds_all_bodies_together(void **state)
{
    struct buf bytes;
    int fds[2] = {client_new(), client_new()};
    bool is_end;

    (void)state;
    buf_init(&bytes, 1 << 20);
    buf_printf(&bytes, "POST / HTTP/1.1\r\n" HOST "Content-Length: 90000\r\n\r\n%080000d", 1);
    client_send(fds[0], buf_str(&bytes));
    client_send(fds[1], buf_str(&bytes));
    assert_string_equal(replies(fds[0], &is_end), "");
    assert_int_equal(strncmp(replies(fds[1], &is_end), "HTTP/1.1 503 ", 13), 0);
    assert_non_null(strstr(got, "retry-after: 1\r\n"));
    buf_clear(&bytes);
    buf_printf(&bytes, "%010000d", 1);
    client_send(fds[0], buf_str(&bytes));
    assert_non_null(strstr(replies(fds[0], &is_end), "<POST / 90000 0000"));
    buf_done(&bytes);
}

static void keeps_deadlines(void **state)
{
    int slow_head = client_new();
    int slow_body = client_new();
    int idle = client_new();
    bool is_end;

    (void)state;
    turn();
    client_send(slow_head, STR_LIT("GET /"));
    client_send(slow_body, STR_LIT("POST / HTTP/1.1\r\n" HOST "Content-Length: 100\r\n\r\n"));
    for (int second = 1; second < 10; second++) {
        pass_ms(1000);
        client_send(slow_head, STR_LIT("a")); // dripping does not help
        client_send(slow_body, STR_LIT("a"));
    }
    assert_string_equal(replies(slow_head, &is_end), "");
    pass_ms(1010);
    replies(slow_head, &is_end);
    assert_int_equal(strncmp(got, "HTTP/1.1 408 Request Timeout\r\n", 30), 0);
    assert_non_null(strstr(got, "The head of the request took longer than 10 seconds"));
    assert_true(is_end);
    assert_string_equal(replies(slow_body, &is_end), "");
    pass_ms(20010);
    assert_int_equal(strncmp(replies(slow_body, &is_end), "HTTP/1.1 408 ", 13), 0);
    client_send(idle, STR_LIT("GET /i HTTP/1.1\r\n" HOST "\r\n"));
    pass_ms(74000);
    assert_non_null(strstr(replies(idle, &is_end), "<GET /i 0 >"));
    assert_false(is_end);
    pass_ms(1100);
    assert_string_equal(replies(idle, &is_end), "");
    assert_true(is_end);
    assert_int_equal(http_server_connection_count(server),
                     0); // the refused ones have lingered long enough
}

static void drops_who_does_not_read(void **state)
{
    int fd = client_new();
    bool is_end;

    (void)state;
    client_send(fd,
                STR_LIT("GET /large HTTP/1.1\r\n" HOST "\r\nGET /large HTTP/1.1\r\n" HOST "\r\n"));
    pass_ms(29000);
    assert_int_equal(http_server_connection_count(server), 1);
    static char some[200000];
    assert_true(recv(fd, some, sizeof some, 0) > 0); // a little progress: another 30 seconds
    turn();
    pass_ms(29000);
    assert_int_equal(http_server_connection_count(server), 1);
    pass_ms(1100);
    assert_int_equal(http_server_connection_count(server), 0);
    replies(fd, &is_end);
    assert_true(is_end);
}

static void sends_large_replies(void **state)
{
    int fd = client_new();
    bool is_end;

    (void)state;
    client_send(fd, STR_LIT("GET /large HTTP/1.1\r\n" HOST "\r\nGET /b HTTP/1.1\r\n" HOST "\r\n"));
    replies(fd, &is_end);
    char *body = strstr(got, "\r\n\r\n") + 4;
    assert_int_equal(strspn(body, "L"), 1 << 20);
    assert_non_null(strstr(body, "<GET /b 0 >"));
}

static void sends_static_and_detail(void **state)
{
    static char page[20000];
    int fd = client_new();
    bool is_end;

    (void)state;
    memset(page, 'P', sizeof page);
    client_send(fd, STR_LIT("GET /keep HTTP/1.1\r\n" HOST "\r\n"));
    http_reply_header(kept[0], "x-evil", STR_LIT("a\r\nb: c"));
    http_reply_static(kept[0], 200, "text/html", (struct str){page, sizeof page});
    turn();
    assert_non_null(strstr(replies(fd, &is_end), "x-evil: a  b: c\r\n"));
    assert_int_equal(strspn(strstr(got, "\r\n\r\n") + 4, "P"), sizeof page);
    client_send(fd, STR_LIT("GET /keep HTTP/1.1\r\n" HOST "\r\n"));
    http_reply_text(kept[1], 200, "text/plain", (struct str){page, sizeof page});
    turn();
    assert_int_equal(strspn(strstr(replies(fd, &is_end), "\r\n\r\n") + 4, "P"), sizeof page);
    client_send(fd, STR_LIT("GET /keep HTTP/1.1\r\n" HOST "\r\n"));
    http_reply_detail(kept[2], 404, "Job folder not found.");
    turn();
    assert_non_null(strstr(replies(fd, &is_end), "\r\n\r\n{\"detail\":\"Job folder not found.\"}"));
}

static void drains(void **state)
{
    int idle = client_new();
    int busy = client_new();
    bool is_end;

    (void)state;
    turn();
    client_send(busy, STR_LIT("GET /keep HTTP/1.1\r\n" HOST "\r\n"));
    http_server_stop_listening(server);
    replies(idle, &is_end);
    assert_true(is_end);
    assert_int_equal(http_server_connection_count(server), 1);
    assert_int_equal(http_server_port(server), 0);
    http_connection_reply(kept[0], 200, NULL, STR_LIT("last"), NULL);
    turn();
    assert_non_null(strstr(replies(busy, &is_end), "connection: close\r\n"));
    assert_true(is_end);
    pass_ms(2100);
    assert_int_equal(http_server_connection_count(server), 0);
}

static void is_freed_with_requests_waiting(void **state)
{
    int fd = client_new();
    int half = client_new();

    (void)state;
    client_send(fd, STR_LIT("POST /keep HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabcGET /"));
    client_send(half, STR_LIT("POST / HTTP/1.1\r\n" HOST "Content-Length: 50000\r\n\r\nabc"));
    assert_int_equal(kept_count, 1);
}

static void turns_away(void **state)
{
    struct http_limits limits = {
        .head_max_bytes = 1000, .body_max_bytes = 10, .bodies_max_bytes = 10};
    struct http_hub hub;
    int fds[2];
    bool is_end;

    (void)state;
    http_hub_init(&hub, loop, &limits, handle, &sim);
    for (int i = 0; i < HTTP_DEADLINE_KINDS; i++)
        hub.deadlines.us[i] = 1000000;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    struct http_connection *c = http_connection_open(&hub, fds[0], "192.0.2.1");
    assert_string_equal(c->peer, "192.0.2.1");
    http_connection_turn_away(c, "Too many");
    assert_non_null(strstr(replies(fds[1], &is_end), "{\"detail\":\"Too many\"}"));
    assert_true(is_end);
    assert_int_equal(hub.open_count, 1);
    http_connection_close(c);
    assert_int_equal(hub.open_count, 0);
    http_hub_stop(&hub);
    http_hub_done(&hub);
    close(fds[1]);
}

static void forgets_who_has_gone(void **state)
{
    struct http_limits limits = {.head_max_bytes = 1000,
                                 .target_max_bytes = 100,
                                 .body_max_bytes = 10,
                                 .bodies_max_bytes = 10};
    struct http_hub hub;
    int fds[2];

    (void)state;
    http_hub_init(&hub, loop, &limits, handle, &sim);
    for (int i = 0; i < HTTP_DEADLINE_KINDS; i++)
        hub.deadlines.us[i] = 1000000;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    assert_non_null(http_connection_open(&hub, fds[0], ""));
    client_send(fds[1], STR_LIT("GET /keep HTTP/1.1\r\n" HOST "\r\n"));
    close(fds[1]);
    turn();
    assert_true(http_request_is_gone(kept[0]));
    assert_false(list_is_empty(&hub.all));
    http_reply_text(kept[0], 200, NULL, STR_LIT("to nobody"));
    assert_true(list_is_empty(&hub.all));
    http_hub_done(&hub);
}

static void reuses_works(void **state)
{
    struct http_works works;

    (void)state;
    http_works_init(&works, 1000, 100);
    struct http_work *w = http_work_take(&works);
    assert_int_equal(w->input_size, 1000);
    w->head.minor = 1;
    http_work_reset(w);
    assert_int_equal(w->head.minor, 0);
    w->to = 7;
    http_work_give(&works, w);
    http_work_give(&works, NULL);
    assert_ptr_equal(http_work_take(&works), w);
    assert_int_equal(w->to, 0);
    http_work_give(&works, w);
    http_works_done(&works);
    assert_int_equal(works.spare_count, 0);
}

static void names_what_cannot_be_listened_on(void **state)
{
    struct http_server_options options = {.address = "256.0.0.1"};
    struct http_server *none = NULL;
    struct err e;

    (void)state;
    assert_false(http_server_start(loop, &options, handle, NULL, &none, &e));
    assert_non_null(strstr(e.message, "256.0.0.1"));
    options = (struct http_server_options){.port = 70000};
    assert_false(http_server_start(loop, &options, handle, NULL, &none, &e));
    assert_non_null(strstr(e.message, "70000"));
    assert_null(none);
    none = http_server_new(loop, &options, handle, NULL);
    assert_false(http_server_listen(none, &e));
    http_server_free(none);
    http_server_free(NULL);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(answers_and_keeps_alive),
        T(answers_head_and_empty),
        T(reads_pipelines_in_any_pieces),
        T(reads_many_pipelined),
        T(answers_later_in_order),
        T(outlives_its_client),
        T(serves_half_shut_clients),
        T(takes_bodies),
        T(asks_for_the_body),
        T(refuses_and_closes),
        T(bounds_all_bodies_together),
        T(keeps_deadlines),
        T(drops_who_does_not_read),
        T(sends_large_replies),
        T(sends_static_and_detail),
        T(drains),
        T(is_freed_with_requests_waiting),
        T(turns_away),
        T(forgets_who_has_gone),
        T(reuses_works),
        T(names_what_cannot_be_listened_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
