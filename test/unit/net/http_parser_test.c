// http_parser_test.c - chunked bodies, whole and a byte at a time (heads: http_head_test.c).
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <string.h>

#include "net/http_parser.h"

// Decodes bytes, step at a time, into out. 1: whole, 0: more is needed, -1: refused. *ret_left:
// bytes behind the end.
static int chunks_try(struct str bytes, size_t step, char *out, size_t *ret_left)
{
    struct str head = STR_LIT("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
    struct http_parser *p = http_parser_new();
    struct http_refusal refusal = {0};
    size_t out_len = 0;
    enum http_parser_result result = HTTP_PARSER_MORE;

    assert_int_equal(http_parser_head(p, head, 100, 1000, &refusal), HTTP_PARSER_WHOLE);
    assert_true(http_parser_marks(p)->is_chunked);
    for (size_t at = 0; at < bytes.len && result == HTTP_PARSER_MORE; at += step) {
        struct str rest = str_cut(bytes, at, at + step < bytes.len ? at + step : bytes.len);
        struct str data;

        while (rest.len > 0 && result == HTTP_PARSER_MORE) {
            result = http_parser_chunk(p, &rest, &data, &refusal);
            if (result == HTTP_PARSER_REFUSED)
                break;
            memcpy(out + out_len, data.p, data.len);
            out_len += data.len;
        }
        *ret_left = bytes.len - (size_t)(rest.p - bytes.p);
    }
    http_parser_free(p);
    out[out_len] = '\0';
    assert_int_equal(refusal.status, result == HTTP_PARSER_REFUSED ? 400 : 0);
    return result == HTTP_PARSER_WHOLE ? 1 : result == HTTP_PARSER_MORE ? 0 : -1;
}

static void reads_rows(void **state)
{
#define ROW(verdict, data, left, bytes)               \
    {                                                 \
        bytes, sizeof(bytes) - 1, verdict, data, left \
    }
    static const struct {
        const char *bytes;
        size_t len;
        int verdict;
        const char *data;
        size_t left;
    } rows[] = {
        ROW(1, "", 0, "0\r\n\r\n"),
        ROW(1, "hi", 3, "2\r\nhi\r\n0\r\n\r\nGET"),
        ROW(1, "hi0123456789", 0, "2\r\nhi\r\nA\r\n0123456789\r\n000\r\n\r\n"),
        ROW(1, "hi", 0, "2;a;b=c\r\nhi\r\n0;z\r\n\r\n"),
        ROW(1, "hi", 0, "2\r\nhi\r\n0\r\nX-Sum: 1\r\nY:\r\n\r\n"),
        ROW(0, "hi", 0, "2\r\nhi"),
        ROW(0, "hi", 0, "2\r\nhi\r\n0\r\n"),
        ROW(-1, "", 0, "2\nhi\r\n0\r\n\r\n"),      // LF alone
        ROW(-1, "", 0, "2\r\nhi\n0\r\n\r\n"),      //
        ROW(-1, "", 0, "2\r\nhi\r\n0\n\r\n"),      //
        ROW(-1, "", 0, "2\r\nhi\r\n0\r\n\n"),      //
        ROW(-1, "", 0, "2\rXhi\r\n0\r\n\r\n"),     // CR alone
        ROW(-1, "", 0, "2\r\nhii\r\n0\r\n\r\n"),   // longer than said
        ROW(-1, "", 0, "2\r\nhi\r\r0\r\n\r\n"),    //
        ROW(-1, "", 0, "\r\nhi"),                  // no size
        ROW(-1, "", 0, "g\r\n"),                   //
        ROW(-1, "", 0, "-2\r\nhi"),                //
        ROW(-1, "", 0, "+2\r\nhi"),                //
        ROW(-1, "", 0, "0x2\r\nhi"),               //
        ROW(-1, "", 0, " 2\r\nhi"),                //
        ROW(-1, "", 0, "2 \r\nhi"),                //
        ROW(-1, "", 0, "2;\r\nhi"),                // extensions
        ROW(-1, "", 0, "2;a=\r\nhi"),              //
        ROW(-1, "", 0, "2;a=b=c\r\nhi"),           //
        ROW(-1, "", 0, "2;a=\"\r\n\"\r\nhi"),      //
        ROW(-1, "", 0, "2;a\0\r\nhi"),             //
        ROW(-1, "", 0, "0000000000000002\r\nhi"),  // 16 digits
        ROW(-1, "", 0, "0\r\nX\r\n\r\n"),          // trailers
        ROW(-1, "", 0, "0\r\n X: a\r\n\r\n"),      //
        ROW(-1, "", 0, "0\r\nX: a\0\r\n\r\n"),     //
        ROW(-1, "", 0, "0\r\nX: a\n\r\n"),         //
        ROW(-1, "", 0, "0\r\nX: a\rb\r\n"),        //
        ROW(-1, "", 0, "0\r\n\n"),                 //
        ROW(-1, "", 0, "0\r\nX: a\r\n\n"),         //
        ROW(-1, "", 0, "0\r\nX: a\r\n b\r\n\r\n"), // folded
        ROW(-1, "", 0, "0\r\n: a\r\n\r\n"),        // no name
        ROW(-1, "", 0, "0\r\nContent-Length: 5\r\n\r\n"),
        ROW(-1, "", 0, "0\r\nTransfer-Encoding: chunked\r\n\r\n"),
        ROW(-1, "", 0, "2;=b\r\nhi"),      // extensions
        ROW(-1, "", 0, "2;a=b;\r\nhi"),    //
        ROW(-1, "", 0, "2;a=\"b\"\r\nhi"), //
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (size_t step = 1; step <= rows[i].len; step++) {
            char out[200];
            size_t left = 0;
            int verdict = chunks_try((struct str){rows[i].bytes, rows[i].len}, step, out, &left);

            if (verdict != rows[i].verdict)
                print_error("row %zu step %zu: %s\n", i, step, rows[i].bytes);
            assert_int_equal(verdict, rows[i].verdict);
            if (verdict >= 0)
                assert_string_equal(out, rows[i].data);
            if (verdict == 1)
                assert_int_equal(left, rows[i].left);
        }
    }
}

static void bounds_what_is_no_data(void **state)
{
    char bytes[6000];
    char out[10];
    size_t left;

    (void)state;
    memset(bytes, 'a', sizeof bytes);
    memcpy(bytes, "2;", 2);
    assert_int_equal(chunks_try((struct str){bytes, 300}, 50, out, &left), -1);
    memcpy(bytes, "0\r\nX:", 5);
    assert_int_equal(chunks_try((struct str){bytes, 4000}, 50, out, &left), 0);
    assert_int_equal(chunks_try((struct str){bytes, 6000}, 50, out, &left), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_rows),
        cmocka_unit_test(bounds_what_is_no_data),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
