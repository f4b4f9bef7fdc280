// http_guard_test.c - framing, Host and Origin, one row each.
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "net/http_guard.h"

static struct http_pair headers[HTTP_HEADER_MAX];

// The status of the refusal, by llhttp or by the guard, or 0. text lacks the final empty line, and
// room must outlive *ret_framing.
static int framing_read(const char *text, struct str room, struct http_head *ret_head,
                        struct http_framing *ret_framing)
{
    struct http_parser *p = http_parser_new();
    struct http_refusal refusal;
    int len = snprintf((char *)room.p, room.len, "%s\r\n", text);
    enum http_parser_result result =
        http_parser_head(p, (struct str){room.p, (size_t)len}, 1000, 1000, &refusal);

    assert_true(result != HTTP_PARSER_MORE);
    if (result == HTTP_PARSER_WHOLE &&
        http_head_read(http_parser_marks(p), room.p, headers, ret_head, &refusal))
        (void)http_framing_read(ret_head, ret_framing, &refusal);
    http_parser_free(p);
    return refusal.status;
}

static int framing_try(const char *text, struct http_framing *ret_framing)
{
    static char room[1000];
    struct http_head h;

    return framing_read(text, (struct str){room, sizeof room}, &h, ret_framing);
}

static void refuses_bad_framing(void **state)
{
#define P "POST / HTTP/1.1\r\nHost: x\r\n"
#define Q "POST / HTTP/1.0\r\n"
    static const struct {
        int status;
        const char *text;
    } rows[] = {
        {400, "GET / HTTP/1.1\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: x\r\nhost: x\r\n"},
        {400, "GET / HTTP/1.0\r\nHost: x\r\nHOST: x\r\n"},
        {0, "GET / HTTP/1.0\r\n"},
        {0, P "Content-Length: 0\r\n"},
        {400, P "Content-Length: 2\r\nContent-Length: 2\r\n"},
        {400, P "Content-Length: 2\r\ncontent-length: 3\r\n"},
        {400, P "Content-Length: +2\r\n"},
        {400, P "Content-Length: -2\r\n"},
        {400, P "Content-Length: 2, 2\r\n"},
        {400, P "Content-Length: 0x2\r\n"},
        {400, P "Content-Length: 2 2\r\n"},
        {400, P "Content-Length:\r\n"},
        {400, P "Content-Length: 99999999999999999999\r\n"},
        {0, P "Transfer-Encoding: Chunked\r\n"},
        {400, P "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n"},
        {400, P "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n"},
        {400, P "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"},
        {501, P "Transfer-Encoding: gzip\r\n"},
        {501, P "Transfer-Encoding: gzip, chunked\r\n"},
        {501, P "Transfer-Encoding: chunked, chunked\r\n"},
        {501, P "Transfer-Encoding: \r\n"},
        {501, P "Transfer-Encoding: xchunked\r\n"},
        {400, Q "Transfer-Encoding: chunked\r\n"},
        {417, P "Expect: 200-ok\r\nContent-Length: 2\r\n"},
        {0, P "Expect: 100-Continue\r\nContent-Length: 2\r\n"},
        {400, P "Origin: http://a\r\nOrigin: http://x\r\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct http_framing f;
        int status = framing_try(rows[i].text, &f);

        if (status != rows[i].status)
            print_error("%s", rows[i].text);
        assert_int_equal(status, rows[i].status);
    }
}

static void reads_framing(void **state)
{
    struct http_framing f;

    (void)state;
    assert_int_equal(framing_try(P "Content-Length: 0017\r\nExpect: 100-continue\r\n", &f), 0);
    assert_int_equal(f.body_bytes, 17);
    assert_true(f.is_expecting && f.is_keep_alive && !f.is_chunked);
    assert_int_equal(framing_try(P "Transfer-Encoding: chunked\r\nConnection: a, Close\r\n", &f),
                     0);
    assert_true(f.is_chunked && !f.is_keep_alive);
    assert_int_equal(framing_try(Q "Expect: 100-continue\r\nContent-Length: 1\r\n", &f), 0);
    assert_false(f.is_expecting || f.is_keep_alive);
    assert_int_equal(framing_try(Q "Connection: keep-alive\r\n", &f), 0);
    assert_true(f.is_keep_alive);
    assert_int_equal(framing_try(Q "Connection: close, keep-alive\r\n", &f), 0);
    assert_false(f.is_keep_alive);
}

static void splits_hosts(void **state)
{
    static const struct {
        const char *host;
        const char *name; // NULL: malformed
        const char *port;
    } rows[] = {
        {"localhost", "localhost", ""},
        {"a.b:80", "a.b", "80"},
        {"[::1]:8", "[::1]", "8"},
        {"[::1]", "[::1]", ""},
        {"a:", "a", ""},
        {"", NULL, ""},
        {":80", NULL, ""},
        {"a:8x", NULL, ""},
        {"a:123456", NULL, ""},
        {"u@a", NULL, ""},
        {"a/b", NULL, ""},
        {"a b", NULL, ""},
        {"[::1", NULL, ""},
        {"[]", NULL, ""},
        {"[g::]", NULL, ""},
        {"[::1]x", NULL, ""},
        {"a,b", NULL, ""},
        {"a:1:2", NULL, ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct str name;
        struct str port;
        bool is_ok = http_host_split(str_of(rows[i].host), &name, &port);

        assert_int_equal(is_ok, rows[i].name != NULL);
        if (is_ok) {
            assert_true(str_eq(name, str_of(rows[i].name)));
            assert_true(str_eq(port, str_of(rows[i].port)));
        }
    }
}

static void knows_its_names(void **state)
{
    static const struct str listed[] = {{"belfry.example", 14}};
    static const struct str star[] = {{"*", 1}};
    struct http_names names = {STR_LIT("192.0.2.7"), listed, 1};
    struct http_names all = {STR_LIT("127.0.0.1"), star, 1};

    (void)state;
    assert_true(http_host_is_ok(&names, STR_LIT("localhost:8000")));
    assert_true(http_host_is_ok(&names, STR_LIT("LOCALHOST")));
    assert_true(http_host_is_ok(&names, STR_LIT("127.0.0.1:1")));
    assert_true(http_host_is_ok(&names, STR_LIT("[::1]:1")));
    assert_true(http_host_is_ok(&names, STR_LIT("192.0.2.7")));
    assert_true(http_host_is_ok(&names, STR_LIT("Belfry.Example:443")));
    assert_false(http_host_is_ok(&names, STR_LIT("evil.example")));
    assert_false(http_host_is_ok(&names, STR_LIT("localhost.evil.example")));
    assert_false(http_host_is_ok(&names, STR_LIT("127.0.0.1.evil.example")));
    assert_false(http_host_is_ok(&names, STR_LIT("192.0.2.8")));
    assert_true(http_host_is_ok(&all, STR_LIT("evil.example")));
    assert_false(http_origin_is_ok(&all, STR_LIT("a"), STR_LIT("http://evil.example")));
}

static void judges_origins(void **state)
{
    static const struct str listed[] = {{"belfry.example", 14}};
    struct http_names names = {STR_LIT("127.0.0.1"), listed, 1};
    struct str host = STR_LIT("localhost:8000");

    (void)state;
    assert_true(http_origin_is_ok(&names, host, STR_LIT("http://localhost:8000")));
    assert_true(http_origin_is_ok(&names, host, STR_LIT("https://LOCALHOST:8000")));
    assert_true(http_origin_is_ok(&names, host, STR_LIT("https://belfry.example")));
    assert_false(http_origin_is_ok(&names, host, STR_LIT("http://localhost:3000")));
    assert_false(http_origin_is_ok(&names, host, STR_LIT("http://localhost")));
    assert_false(http_origin_is_ok(&names, host, STR_LIT("http://127.0.0.1:8000")));
    assert_false(http_origin_is_ok(&names, host, STR_LIT("null")));
    assert_false(http_origin_is_ok(&names, host, STR_LIT("")));
    assert_false(http_origin_is_ok(&names, host, STR_LIT("localhost:8000")));
    assert_false(http_origin_is_ok(&names, host, STR_LIT("http://localhost:8000/")));
    assert_false(http_origin_is_ok(&names, host, STR_LIT("http://evil.example")));
}

static void guards_writes_and_reads(void **state)
{
    static const struct {
        int status;
        const char *text;
    } rows[] = {
        {0, "GET / HTTP/1.1\r\nHost: localhost\r\n"},
        {0, "GET / HTTP/1.0\r\n"},
        {403, "GET / HTTP/1.1\r\nHost: evil.example\r\n"},
        {403, "GET / HTTP/1.0\r\nHost: evil.example\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: \r\n"},
        {400, "GET / HTTP/1.1\r\nHost: a b\r\n"},
        {0, "GET http://localhost:1/ HTTP/1.1\r\nHost: localhost:1\r\n"},
        {400, "GET http://localhost:1/ HTTP/1.1\r\nHost: localhost:2\r\n"},
        {400, "GET http://u@localhost/ HTTP/1.1\r\nHost: localhost\r\n"},
        {403, "GET http://evil.example/ HTTP/1.0\r\n"},
        {0, "GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil\r\nSec-Fetch-Site: "
            "cross-site\r\n"},
        {0, "POST / HTTP/1.1\r\nHost: localhost:1\r\nOrigin: http://localhost:1\r\nSec-Fetch-Site: "
            "same-origin\r\n"},
        {403, "POST / HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil\r\n"},
        {403, "POST / HTTP/1.1\r\nHost: localhost\r\nOrigin: null\r\n"},
        {403, "POST / HTTP/1.1\r\nHost: localhost\r\nOrigin:\r\n"},
        {403, "DELETE / HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: cross-site\r\n"},
        {403, "PURGE / HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: cross-site\r\n"},
        {0, "POST / HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: none\r\n"},
    };
    struct http_names names = {STR_LIT("127.0.0.1"), NULL, 0};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char room[1000];
        struct http_head h;
        struct http_framing f;
        struct http_refusal refusal = {0};

        assert_int_equal(framing_read(rows[i].text, (struct str){room, sizeof room}, &h, &f), 0);
        int status = http_guard_check(&names, &h, &f, &refusal) ? 0 : refusal.status;
        if (status != rows[i].status)
            print_error("%s", rows[i].text);
        assert_int_equal(status, rows[i].status);
    }
}

static void words_a_refusal(void **state)
{
    struct http_refusal refusal;

    (void)state;
    assert_false(http_refuse(&refusal, 418, "%d %s", 7, "teapots"));
    assert_int_equal(refusal.status, 418);
    assert_string_equal(refusal.detail, "7 teapots");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_bad_framing), cmocka_unit_test(reads_framing),
        cmocka_unit_test(splits_hosts),        cmocka_unit_test(knows_its_names),
        cmocka_unit_test(judges_origins),      cmocka_unit_test(guards_writes_and_reads),
        cmocka_unit_test(words_a_refusal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
