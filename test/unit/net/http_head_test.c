// http_head_test.c - tables of heads: what is read, what is refused, and how early.
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "net/http_head.h"

#define HOST "Host: x\r\n"

struct bad {
    const char *bytes;
    size_t len;
    int status;
};

static struct http_pair headers[HTTP_HEADER_MAX];

// Parses and reads; 0 when all is well, the refusal's status, or -1 when bytes are missing. As one
// piece and byte by byte it must come to the same.
static int head_try(struct str bytes, struct http_head *ret_head)
{
    struct http_parser *p = http_parser_new();
    struct http_refusal refusal = {0};
    int verdicts[2];

    for (size_t i = 0; i < 2; i++) {
        enum http_parser_result result = HTTP_PARSER_MORE;

        for (size_t n = i ? 1 : bytes.len; n <= bytes.len && result == HTTP_PARSER_MORE; n++)
            result = http_parser_head(p, str_cut(bytes, 0, n), 100, 1000, &refusal);
        if (result == HTTP_PARSER_WHOLE &&
            !http_head_read(http_parser_marks(p), bytes.p, headers, ret_head, &refusal))
            result = HTTP_PARSER_REFUSED;
        assert_int_equal(result == HTTP_PARSER_REFUSED, strlen(refusal.detail) > 10);
        verdicts[i] = result == HTTP_PARSER_MORE ? -1 : refusal.status;
        http_parser_reset(p);
    }
    http_parser_free(p);
    // 400 or 501 for what is no method may depend on how much of it has come.
    if (verdicts[0] != verdicts[1])
        assert_true(verdicts[0] == 400 && verdicts[1] == 501);
    return verdicts[0];
}

static void reads_parts(void **state)
{
    struct http_head h;
    struct str bytes = STR_LIT("POST /a%20b?x=1&y HTTP/1.1\r\nHost: x:8\r\nX-A:\t v w "
                               "\r\nEmpty:\r\nB: \r\nC:c\r\n\r\nrest");

    (void)state;
    assert_int_equal(head_try(bytes, &h), 0);
    assert_int_equal(h.method, HTTP_POST);
    assert_true(str_eq(h.path, STR_LIT("/a%20b")));
    assert_true(str_eq(h.query, STR_LIT("x=1&y")));
    assert_int_equal(h.minor, 1);
    assert_int_equal(h.header_count, 5);
    assert_true(str_eq(h.headers[0].name, STR_LIT("Host")));
    assert_true(str_eq(h.headers[1].value, STR_LIT("v w")));
    assert_true(str_eq(h.headers[2].name, STR_LIT("Empty")));
    assert_true(h.headers[2].value.p && h.headers[2].value.len == 0);
    assert_true(h.headers[3].value.p && h.headers[3].value.len == 0);
    assert_true(str_eq(h.headers[4].name, STR_LIT("C")));
    assert_true(str_eq(h.headers[4].value, STR_LIT("c")));
}

static void reads_targets(void **state)
{
    static const struct {
        const char *line;
        const char *authority;
        const char *path;
        const char *query;
    } rows[] = {
        {"GET / HTTP/1.1", "", "/", ""},
        {"GET /? HTTP/1.0", "", "/", ""},
        {"GET /a?b?c HTTP/1.1", "", "/a", "b?c"},
        {"GET //x/../y HTTP/1.1", "", "//x/../y", ""},
        {"GET http://h:1/p?q HTTP/1.1", "h:1", "/p", "q"},
        {"GET http://h HTTP/1.1", "h", "/", ""},
        {"GET /jobs?q=next<1h&r=\"a\" HTTP/1.1", "", "/jobs", "q=next<1h&r=\"a\""},
        {"OPTIONS * HTTP/1.1", "", "*", ""},
        {"PROPFIND /x HTTP/1.1", "", "/x", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct http_head h;
        char bytes[200];
        int len = snprintf(bytes, sizeof bytes, "%s\r\n" HOST "\r\n", rows[i].line);

        assert_int_equal(head_try((struct str){bytes, (size_t)len}, &h), 0);
        assert_true(str_eq(h.authority, str_of(rows[i].authority)));
        assert_true(str_eq(h.path, str_of(rows[i].path)));
        assert_true(str_eq(h.query, str_of(rows[i].query)));
    }
}

static void knows_methods(void **state)
{
    static const char *const names[] = {"GET",   "HEAD",   "POST",    "PUT",
                                        "PATCH", "DELETE", "OPTIONS", "PURGE"};

    (void)state;
    for (int i = 0; i <= HTTP_OTHER; i++) {
        struct http_head h;
        char bytes[100];
        int len = snprintf(bytes, sizeof bytes, "%s / HTTP/1.1\r\n" HOST "\r\n", names[i]);

        assert_int_equal(head_try((struct str){bytes, (size_t)len}, &h), 0);
        assert_int_equal(h.method, i);
        assert_true(str_eq(h.method_text, str_of(names[i])));
    }
}

static void refuses_bad_heads(void **state)
{
#define BAD(status, bytes)               \
    {                                    \
        bytes, sizeof(bytes) - 1, status \
    }
    static const struct bad rows[] = {
        BAD(400, "GET / HTTP/1.1\n"),                 // bare LF, told before the head is whole
        BAD(400, "GET / HTTP/1.1\r\nHost: x\n"),      //
        BAD(400, "\nGET / HTTP/1.1\r\n" HOST "\r\n"), //
        BAD(400, "\r\n\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n"),    // too many empty lines
        BAD(400, "\x16\x03\x01\x02"),                              // a TLS hello
        BAD(400, "\x80GET / HTTP/1.1\r\n" HOST "\r\n"),            //
        BAD(400, " GET / HTTP/1.1\r\n" HOST "\r\n"),               //
        BAD(400, "GET / HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n"),  // NUL
        BAD(400, "GET / HTTP/1.1\r\nHost: x\r\nX: a\rb\r\n\r\n"),  // bare CR
        BAD(400, "GET / HTTP/1.1\r\nHost: x\r\nX: a\x01\r\n\r\n"), // control
        BAD(400, "GET / HTTP/1.1\r\nHost: x\r\nX: a\x7f\r\n\r\n"), // DEL
        BAD(400, "GET /\0 HTTP/1.1\r\n" HOST "\r\n"),              // in the target
        BAD(400, "GET /\r HTTP/1.1\r\n" HOST "\r\n"),              //
        BAD(400, "GET /\xc3\xa4 HTTP/1.1\r\n" HOST "\r\n"),        // not percent-encoded
        BAD(400, "GET /a#b HTTP/1.1\r\n" HOST "\r\n"),             // fragment
        BAD(400, "GET a HTTP/1.1\r\n" HOST "\r\n"),                //
        BAD(400, "GET * HTTP/1.1\r\n" HOST "\r\n"),                //
        BAD(400, "GET http:///a HTTP/1.1\r\n" HOST "\r\n"),        //
        BAD(400, "CONNECT h:1 HTTP/1.1\r\n" HOST "\r\n"),          //
        BAD(400, "GET  / HTTP/1.1\r\n" HOST "\r\n"),               // two blanks
        BAD(400, "GET /  HTTP/1.1\r\n" HOST "\r\n"),               //
        BAD(400, "GET\t/ HTTP/1.1\r\n" HOST "\r\n"),               //
        BAD(400, "GET / HTTP/1.1 \r\n" HOST "\r\n"),               //
        BAD(400, "GET /\r\n" HOST "\r\n"),                         // HTTP/0.9
        BAD(400, "GET\r\n" HOST "\r\n"),                           //
        BAD(400, "GET / HTTP/11\r\n" HOST "\r\n"),                 //
        BAD(400, "GET / http/1.1\r\n" HOST "\r\n"),                //
        BAD(505, "GET / HTTP/1.2\r\n" HOST "\r\n"),                //
        BAD(505, "PRI * HTTP/2.0\r\n\r\n"),                        //
        BAD(400, "GET / HTTP/1.1\r\nHost : x\r\n\r\n"),            // blank before the colon
        BAD(400, "GET / HTTP/1.1\r\n: x\r\n\r\n"),                 // no name
        BAD(400, "GET / HTTP/1.1\r\nHost x\r\n\r\n"),              // no colon
        BAD(400, "GET / HTTP/1.1\r\nHost\r\n\r\n"),                //
        BAD(400, "GET / HTTP/1.1\r\nX\xe4: x\r\n\r\n"),            // name
        BAD(400, "GET / HTTP/1.1\r\nX: a\r\n b\r\n\r\n"),          // folded
        BAD(400, "GET / HTTP/1.1\r\n X: a\r\n\r\n"),               //
        BAD(400, "GET / HTTP/1.1\r\nHost: x\r\n\n"),               // LF alone ends the head
        BAD(400, "GET / HTTP/1.1\r\nX:\r\n b\r\n\r\n"),            // folded
        BAD(400, "GET / HTTP/1.1\r\nHost: x\r\n\rX: a\r\n"),       // CR alone ends the head
        BAD(400, "GET /  HTTP/1.1\r\n\r\n"),                       //
        BAD(400, "GET / RTSP/1.0\r\n\r\n"),                        //
        BAD(505, "GET / HTTP/0.9\r\n\r\n"),                        //
        BAD(501, "get / HTTP/1.1\r\n" HOST "\r\n"),                //
        BAD(501, "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG / HTTP/1.1\r\n" HOST "\r\n"),
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct http_head h;
        int status = head_try((struct str){rows[i].bytes, rows[i].len}, &h);

        if (status != rows[i].status)
            print_error("row %zu: %s\n", i, rows[i].bytes);
        assert_int_equal(status, rows[i].status);
    }
}

static void waits_for_the_rest(void **state)
{
    struct str whole = STR_LIT("\r\nGET / HTTP/1.1\r\n" HOST "\r\n");
    struct http_parser *p = http_parser_new();
    struct http_refusal refusal;

    (void)state;
    for (size_t n = 0; n < whole.len; n++)
        assert_int_equal(http_parser_head(p, str_cut(whole, 0, n), 100, 1000, &refusal),
                         HTTP_PARSER_MORE);
    assert_int_equal(http_parser_head(p, whole, 100, 1000, &refusal), HTTP_PARSER_WHOLE);
    assert_int_equal(http_parser_marks(p)->head_bytes, whole.len);
    http_parser_free(p);
}

// The status after so many bytes, none of which end the head; 0: more is awaited.
static int limit_try(const char *bytes, size_t len)
{
    struct http_parser *p = http_parser_new();
    struct http_refusal refusal;
    enum http_parser_result result =
        http_parser_head(p, (struct str){bytes, len}, 100, 1000, &refusal);

    http_parser_free(p);
    assert_true(result != HTTP_PARSER_WHOLE);
    return result == HTTP_PARSER_MORE ? 0 : refusal.status;
}

static void keeps_limits(void **state)
{
    char bytes[2000];

    (void)state;
    memset(bytes, 'a', sizeof bytes);
    memcpy(bytes, "GET /", 5);
    assert_int_equal(limit_try(bytes, 104), 0);
    assert_int_equal(limit_try(bytes, 105), 414);
    memcpy(bytes, "GET / HTTP/1.1\r\nX: ", 19);
    assert_int_equal(limit_try(bytes, 999), 0);
    assert_int_equal(limit_try(bytes, 1000), 431);
}

static void counts_headers(void **state)
{
    char bytes[1000] = "GET / HTTP/1.1\r\n";
    size_t len = strlen(bytes);
    struct http_head h;

    (void)state;
    for (int i = 0; i <= HTTP_HEADER_MAX; i++, len += 4)
        memcpy(bytes + len, "a:\r\n", 4);
    memcpy(bytes + len, "\r\n", 2);
    assert_int_equal(head_try((struct str){bytes, len + 2}, &h), 431);
    memcpy(bytes + len - 4, "\r\n", 2);
    assert_int_equal(head_try((struct str){bytes, len - 2}, &h), 0);
    assert_int_equal(h.header_count, HTTP_HEADER_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_parts),        cmocka_unit_test(reads_targets),
        cmocka_unit_test(knows_methods),      cmocka_unit_test(refuses_bad_heads),
        cmocka_unit_test(keeps_limits),       cmocka_unit_test(counts_headers),
        cmocka_unit_test(waits_for_the_rest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
