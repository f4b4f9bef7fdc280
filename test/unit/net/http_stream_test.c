// http_stream_test.c - bodies that go on, over socket pairs: framing, room, ends of either side.
//
// http_stream_open and http_stream_close are http_connection_stream and http_connection_stream_end
// with a framing around: what holds here holds of them.
// SPDX-License-Identifier: Apache-2.0
#include "net/http_stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/loop.h"
#include "net/http_connection.h"
#include "net/http_server.h"
#include "unit.h"

static struct sim_clock sim;
static struct loop *loop;
static struct http_server *server;
static struct http_stream *stream; // the last one that was opened
static int opened, rooms, gone;
static char got[4 << 20];

static void on_room(void *ctx)
{
    assert_ptr_equal(ctx, &sim);
    rooms++;
}

static void on_gone(void *ctx)
{
    assert_ptr_equal(ctx, &sim);
    gone++;
    stream = NULL;
}

static void handle(struct http_request *r, void *ctx)
{
    struct http_stream_options options = {
        .waiting_max_bytes = 64 << 10, .on_room = on_room, .on_gone = on_gone, .ctx = ctx};

    if (str_eq(r->path, STR_LIT("/plain"))) {
        http_reply_text(r, 200, NULL, STR_LIT("plain"));
        return;
    }
    http_reply_header(r, "cache-control", STR_LIT("no-cache"));
    struct http_stream *s = http_stream_open(r, 200, "text/plain", &options);

    if (s) {
        stream = s;
        opened++;
    }
}

static void turn(void)
{
    int rounds = 0;

    while (loop_turn(loop, 0) > 0)
        assert_true(++rounds < 1000);
}

static int client_ask(const char *request)
{
    int fds[2], size = 16 << 10;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    (void)setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    http_server_adopt(server, fds[0]);
    assert_int_equal(write(fds[1], request, strlen(request)), strlen(request));
    turn();
    return fds[1];
}

// Appends what has come to got; true at the end of the connection.
static bool client_read(int fd, size_t *len)
{
    ssize_t n;

    while ((n = read(fd, got + *len, sizeof got - 1 - *len)) > 0)
        *len += (size_t)n;
    got[*len] = '\0';
    return n == 0;
}

static int setup(void **state)
{
    struct http_server_options options = {.stream_max = 3, .write_ms = 5000};
    struct err e;

    (void)state;
    sim_clock_init(&sim, (wall){1700000000000000});
    loop = loop_new(&sim.base, &e);
    server = http_server_new(loop, &options, handle, &sim);
    stream = NULL;
    opened = rooms = gone = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    http_server_free(server);
    loop_free(loop);
    return 0;
}

#define GET "GET /s HTTP/1.1\r\nhost: localhost\r\n\r\n"

static void test_chunks(void **state)
{
    size_t len = 0;
    int fd = client_ask(GET);

    (void)state;
    assert_false(client_read(fd, &len));
    assert_non_null(strstr(got, "HTTP/1.1 200 OK\r\n"));
    assert_non_null(strstr(got, "transfer-encoding: chunked\r\nconnection: close\r\n"
                                "cache-control: no-cache\r\n\r\n"));
    assert_null(strstr(got, "content-length"));
    assert_int_equal(http_server_request_count(server), 0);
    len = 0;
    assert_true(http_stream_send(stream, STR_LIT("hello, world\n")));
    assert_true(http_stream_send(stream, STR_LIT("")));
    assert_int_equal(http_connection_waiting(stream->connection), 18);
    turn();
    assert_int_equal(http_connection_waiting(stream->connection), 0);
    http_connection_touch(stream->connection); // there is nothing to send
    turn();
    assert_false(client_read(fd, &len));
    assert_string_equal(got, "d\r\nhello, world\n\r\n");
    len = 0;
    assert_true(http_stream_send(stream, STR_LIT("x")));
    http_stream_close(stream);
    turn();
    assert_true(client_read(fd, &len));
    assert_string_equal(got, "1\r\nx\r\n0\r\n\r\n");
    assert_int_equal(gone, 0);
    close(fd);
    turn();
    assert_int_equal(http_server_connection_count(server), 0);
}

// The end is missing, so that the client knows.
static void test_break(void **state)
{
    size_t len = 0;
    int fd = client_ask(GET);

    (void)state;
    assert_true(http_stream_send(stream, STR_LIT("half")));
    http_stream_break(stream);
    http_stream_break(NULL);
    turn();
    assert_true(client_read(fd, &len));
    assert_true(str_ends((struct str){got, len}, STR_LIT("\r\n\r\n4\r\nhalf\r\n")));
    assert_int_equal(gone, 0);
    close(fd);
    turn();
}

static void test_http_1_0_and_head(void **state)
{
    size_t len = 0;
    int fd = client_ask("GET /s HTTP/1.0\r\nhost: localhost\r\n\r\n");

    (void)state;
    assert_true(http_stream_send(stream, STR_LIT("bare")));
    http_stream_close(stream);
    turn();
    assert_true(client_read(fd, &len));
    assert_null(strstr(got, "chunked"));
    assert_string_equal(strstr(got, "\r\n\r\n"), "\r\n\r\nbare");
    close(fd);

    len = 0;
    fd = client_ask("HEAD /s HTTP/1.1\r\nhost: localhost\r\n\r\n");
    assert_int_equal(opened, 1);
    assert_false(client_read(fd, &len));
    assert_non_null(strstr(got, "200 OK"));
    close(fd);
    turn();
}

// Replies that were asked for before the stream leave before it.
static void test_behind_other_replies(void **state)
{
    size_t len = 0;
    int fd = client_ask("GET /plain HTTP/1.1\r\nhost: localhost\r\n\r\n" GET);

    (void)state;
    assert_true(http_stream_send(stream, STR_LIT("later")));
    turn();
    assert_false(client_read(fd, &len));
    assert_true(strstr(got, "plain") < strstr(got, "5\r\nlater\r\n"));
    close(fd);
    turn();
    assert_int_equal(gone, 1);
}

static void test_too_many(void **state)
{
    int fds[4];
    size_t len = 0;

    (void)state;
    for (int i = 0; i < 4; i++)
        fds[i] = client_ask(GET);
    assert_int_equal(opened, 3);
    assert_false(client_read(fds[3], &len));
    assert_non_null(strstr(got, "503 Service Unavailable"));
    assert_non_null(strstr(got, "Too many streams"));
    close(fds[0]);
    turn();
    assert_int_equal(gone, 1);
    close(fds[3]);
    fds[3] = client_ask(GET);
    assert_int_equal(opened, 4);
    for (int i = 1; i < 4; i++)
        close(fds[i]);
    turn();
    assert_int_equal(gone, 4);
}

// Whatever pace the client reads at, each byte comes once, and no more waits than may.
static void test_slow_client(void **state)
{
    enum {
        PIECES = 400,
        PIECE = 5000
    };
    static char piece[PIECE];
    int fd = client_ask(GET), sent = 0;
    size_t len = 0, from;

    (void)state;
    (void)client_read(fd, &len);
    len = 0;
    while (sent < PIECES) {
        memset(piece, 'a' + sent % 26, PIECE);
        if (http_stream_send(stream, (struct str){piece, PIECE})) {
            sent++;
            if (sent % 3 == 0)
                turn();
            continue;
        }
        int before = rooms;

        turn();
        assert_int_equal(rooms, before); // the system's buffer is full
        assert_false(client_read(fd, &len));
        while (rooms == before) {
            turn();
            assert_false(client_read(fd, &len));
        }
    }
    http_stream_close(stream);
    while (!client_read(fd, &len))
        turn();
    assert_true(rooms > 3);
    for (from = 0, sent = 0; sent < PIECES; sent++) {
        assert_memory_equal(got + from, "1388\r\n", 6);
        assert_int_equal(got[from + 6], 'a' + sent % 26);
        assert_int_equal(got[from + 5 + PIECE], 'a' + sent % 26);
        from += 6 + PIECE + 2;
    }
    assert_string_equal(got + from, "0\r\n\r\n");
    close(fd);
    turn();
}

// A piece that is larger than what may wait goes alone.
static void test_large_piece(void **state)
{
    static char piece[1 << 20];
    int fd = client_ask(GET);
    size_t len = 0;

    (void)state;
    turn();
    (void)client_read(fd, &len);
    len = 0;
    memset(piece, 'x', sizeof piece);
    assert_true(http_stream_send(stream, (struct str){piece, sizeof piece}));
    assert_false(http_stream_send(stream, STR_LIT("y")));
    while (rooms == 0) {
        turn();
        assert_false(client_read(fd, &len));
    }
    assert_int_equal(len, 8 + sizeof piece + 2);
    assert_true(http_stream_send(stream, STR_LIT("y")));
    close(fd);
    turn();
    assert_int_equal(gone, 1);
}

static void test_client_that_takes_nothing(void **state)
{
    static char piece[30000];
    int fd = client_ask(GET);

    (void)state;
    memset(piece, 'x', sizeof piece);
    while (http_stream_send(stream, (struct str){piece, sizeof piece})) {
    }
    turn();
    sim_clock_advance(&sim, 4900000);
    turn();
    assert_int_equal(gone, 0);
    sim_clock_advance(&sim, 200000);
    turn();
    assert_int_equal(gone, 1);
    assert_int_equal(http_server_connection_count(server), 0);
    close(fd);
}

static void test_quiet_stream_stays(void **state)
{
    int fd = client_ask(GET);

    (void)state;
    sim_clock_advance(&sim, INT64_C(3600000000));
    turn();
    assert_int_equal(gone, 0);
    assert_true(http_stream_send(stream, STR_LIT("still here")));
    close(fd);
    turn();
    assert_int_equal(gone, 1);
}

static void test_server_stops(void **state)
{
    int fd = client_ask(GET);
    size_t len = 0;

    (void)state;
    http_server_stop_listening(server);
    assert_int_equal(gone, 1);
    assert_true(client_read(fd, &len));
    assert_string_equal(got + len - 5, "0\r\n\r\n");
    close(fd);
}

static void test_server_is_freed(void **state)
{
    int fd = client_ask(GET), other = client_ask(GET);

    (void)state;
    http_server_free(server);
    server = NULL;
    assert_int_equal(gone, 2);
    close(fd);
    close(other);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_chunks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_break, setup, teardown),
        cmocka_unit_test_setup_teardown(test_http_1_0_and_head, setup, teardown),
        cmocka_unit_test_setup_teardown(test_behind_other_replies, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_many, setup, teardown),
        cmocka_unit_test_setup_teardown(test_slow_client, setup, teardown),
        cmocka_unit_test_setup_teardown(test_large_piece, setup, teardown),
        cmocka_unit_test_setup_teardown(test_client_that_takes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_quiet_stream_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(test_server_stops, setup, teardown),
        cmocka_unit_test_setup_teardown(test_server_is_freed, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
