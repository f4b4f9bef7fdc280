// http_answer_test.c - answers in any number of pieces, and what is none.
// SPDX-License-Identifier: Apache-2.0
#include "net/http_answer.h"

#include "unit.h"

enum {
    BODY_MAX = 20,
};

static const struct {
    const char *bytes;
    int status; // 0: refused
    const char *body;
} rows[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello"},
    {"HTTP/1.0 200 OK\r\n\r\nuntil the end", 200, "until the end"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 200,
     "abcde"},
    {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 404, ""},
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, "x"},
    {"HTTP/1.1 204 No Content\r\n\r\n", 204, ""},
    {"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n12345678901234567890", 200,
     "12345678901234567890"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n123456789012345678901", 0, NULL},
    {"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello", 0, NULL},
    {"220 mail.example ESMTP\r\n", 0, NULL},
    {"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", 0, NULL},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 0, NULL},
    {"HTTP/1.1 200 OK\r\n", 0, NULL},
    {"", 0, NULL},
};

static void take(struct str text, size_t piece, size_t row)
{
    struct http_answer *a = http_answer_new(BODY_MAX);
    bool is_good = true;
    struct err e = {0};

    for (size_t at = 0; is_good && at < text.len; at += piece)
        is_good = http_answer_take(
            a, str_cut(text, at, at + piece < text.len ? at + piece : text.len), &e);
    is_good = is_good && (http_answer_is_whole(a) || http_answer_take(a, (struct str){0}, &e));
    if (is_good != (rows[row].status != 0))
        fail_msg("row %zu in pieces of %zu: %s", row, piece, e.message);
    if (is_good) {
        assert_true(http_answer_is_whole(a));
        assert_int_equal(http_answer_status(a), rows[row].status);
        assert_true(str_eq(http_answer_body(a), str_of(rows[row].body)));
    }
    http_answer_free(a);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct str text = str_of(rows[i].bytes);

        for (size_t piece = 1; piece <= text.len + 1; piece++)
            take(text, piece, i);
    }
}

static void test_an_endless_head(void **state)
{
    struct http_answer *a = http_answer_new(BODY_MAX);
    struct err e = {0};
    int count = 0;

    (void)state;
    assert_true(http_answer_take(a, STR_LIT("HTTP/1.1 200 OK\r\n"), &e));
    while (count < 100000 && http_answer_take(a, STR_LIT("X-Header: value\r\n"), &e))
        count++;
    assert_in_range(count, 100, HTTP_ANSWER_HEAD_MAX / 17);
    assert_int_equal(e.code, ERR_LIMIT);
    http_answer_free(a);
    http_answer_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_an_endless_head),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
