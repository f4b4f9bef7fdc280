// http_output_test.c - reply heads, dates, and sending in pieces.
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/http_output.h"

static void writes_dates(void **state)
{
    static const struct {
        int64_t second;
        const char *text;
    } rows[] = {
        {0, "Thu, 01 Jan 1970 00:00:00 GMT"},
        {784111777, "Sun, 06 Nov 1994 08:49:37 GMT"},
        {951782400, "Tue, 29 Feb 2000 00:00:00 GMT"},
        {951868799, "Tue, 29 Feb 2000 23:59:59 GMT"},
        {1767225599, "Wed, 31 Dec 2025 23:59:59 GMT"},
        {4107542400, "Mon, 01 Mar 2100 00:00:00 GMT"},
        {-5, "Thu, 01 Jan 1970 00:00:00 GMT"},
    };
    struct http_date date = {0};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        http_date_update(&date, (wall){rows[i].second * 1000000});
        assert_string_equal(date.text, rows[i].text);
    }
}

static void writes_heads(void **state)
{
    static const struct {
        struct http_reply_head head;
        const char *text;
    } rows[] = {
        {{.status = 200, .minor = 1, .content_type = "a/b", .body_bytes = 2, .is_keep_alive = true},
         "HTTP/1.1 200 OK\r\ndate: D\r\nserver: belfry\r\ncontent-type: a/b\r\ncontent-length: "
         "2\r\n\r\nhi"},
        {{.status = 404, .minor = 0, .body_bytes = 2, .is_keep_alive = true},
         "HTTP/1.1 404 Not Found\r\ndate: D\r\nserver: belfry\r\ncontent-length: 2\r\nconnection: "
         "keep-alive\r\n\r\nhi"},
        {{.status = 200, .body_bytes = 2, .is_head = true, .headers = STR_LIT("etag: x\r\n")},
         "HTTP/1.1 200 OK\r\ndate: D\r\nserver: belfry\r\ncontent-length: 2\r\nconnection: "
         "close\r\netag: x\r\n\r\n"},
        {{.status = 204, .minor = 1, .is_keep_alive = true},
         "HTTP/1.1 204 No Content\r\ndate: D\r\nserver: belfry\r\n\r\n"},
        {{.status = 304, .minor = 1, .is_keep_alive = true},
         "HTTP/1.1 304 Not Modified\r\ndate: D\r\nserver: belfry\r\n\r\n"},
        {{.status = 299, .minor = 1, .body_bytes = 2, .is_keep_alive = true},
         "HTTP/1.1 299 \r\ndate: D\r\nserver: belfry\r\ncontent-length: 2\r\n\r\nhi"},
    };
    struct http_date date = {.text = "D"};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct http_output o;

        http_output_init(&o);
        http_output_add(&o, &rows[i].head, &date, STR_LIT("hi"), NULL);
        assert_string_equal(buf_text(&o.small), rows[i].text);
        http_output_done(&o);
    }
}

static void sends_in_pieces(void **state)
{
    enum {
        BODY = 3 << 20
    };
    struct http_reply_head head = {
        .status = 200, .minor = 1, .body_bytes = BODY, .is_keep_alive = true};
    struct http_date date = {.text = "D"};
    struct http_output o;
    char *body = malloc(BODY);
    size_t got = 0;
    int rounds = 0;
    int fds[2];
    bool has_sent;
    enum http_flush_result result;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    for (size_t i = 0; i < BODY; i++)
        body[i] = (char)(i * 7);
    http_output_init(&o);
    http_output_raw(&o, STR_LIT("HTTP/1.1 100 Continue\r\n\r\n"));
    assert_true(http_output_has_room(&o));
    http_output_add(&o, &head, &date, (struct str){body, BODY}, body);
    assert_false(http_output_has_room(&o));
    size_t head_len = o.small.len;
    do {
        static char in[1 << 20];

        result = http_output_flush(&o, fds[0], &has_sent);
        assert_true(has_sent);
        ssize_t n = recv(fds[1], in, sizeof in, MSG_DONTWAIT);
        for (ssize_t i = 0; i < n; i++, got++)
            if (got >= head_len && in[i] != (char)((got - head_len) * 7))
                fail_msg("byte %zu is wrong", got);
        rounds++;
    } while (result == HTTP_FLUSH_BLOCKED);
    assert_int_equal(result, HTTP_FLUSH_DONE);
    assert_true(rounds > 1);
    assert_true(http_output_is_empty(&o));

    close(fds[1]);
    http_output_raw(&o, STR_LIT("x"));
    assert_int_equal(http_output_flush(&o, fds[0], &has_sent), HTTP_FLUSH_BROKEN);
    http_output_done(&o);
    close(fds[0]);
}

static void words_of_statuses_and_details(void **state)
{
    struct buf out;

    (void)state;
    assert_string_equal(http_status_words(431), "Request Header Fields Too Large");
    assert_string_equal(http_status_words(299), "");
    buf_init(&out, 100);
    http_detail_write(&out, "say \"no\"");
    assert_string_equal(buf_text(&out), "{\"detail\":\"say \\\"no\\\"\"}");
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_dates),
        cmocka_unit_test(writes_heads),
        cmocka_unit_test(sends_in_pieces),
        cmocka_unit_test(words_of_statuses_and_details),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
