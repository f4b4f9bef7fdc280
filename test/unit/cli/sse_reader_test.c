// sse_reader_test.c - server-sent events, whole and in pieces.
// SPDX-License-Identifier: Apache-2.0
#include "cli/sse_reader.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

static char seen[1024];
static int left;

static bool keep(const struct sse_event *event, void *ctx)
{
    size_t len = strlen(seen);

    assert_ptr_equal(ctx, seen);
    snprintf(seen + len, sizeof seen - len, "[%.*s %.*s %.*s]", STR(event->id), STR(event->name),
             STR(event->data));
    return --left != 0;
}

static const struct {
    const char *text, *events;
} rows[] = {
    {"retry: 3000\n\n", ""},
    {": ping\n\n", ""},
    {"id: 1\nevent: a\ndata: x\n\n", "[1 a x]"},
    {"data:x\n\ndata: y\n\n", "[ message x][ message y]"},
    {"id: 1\ndata: x\n\nevent: b\ndata: y\n\n", "[1 message x][1 b y]"},
    {"data: x\ndata: y\ndata\n\n", "[ message x\ny\n]"},
    {"data: x\r\n\r\ndata: y\r\rdata: z\n\n", "[ message x][ message y][ message z]"},
    {"event: a\n\ndata: x\n\n", "[ message x]"},
    {"data: x: y\n\n", "[ message x: y]"},
    {"data:  two\n\n", "[ message  two]"},
    {"data: unfinished\n", ""},
    {"other: 1\ndata: x\n\n", "[ message x]"},
    {"data: 0123456789012345678901234567890123456789\n\ndata: x\n\n", "[ message x]"},
    {"data: 01234567890123456789\ndata: 01234567890123456789\n\ndata: x\n\n", "[ message x]"},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t piece = 1; piece < 40; piece += 6) {
            struct str rest = str_of(rows[i].text);
            struct sse_reader r;

            seen[0] = '\0';
            left = -1;
            sse_reader_init(&r, 36, keep, seen);
            while (rest.len > 0) {
                size_t n = piece < rest.len ? piece : rest.len;

                assert_true(sse_reader_feed(&r, str_cut(rest, 0, n)));
                rest = str_cut(rest, n, rest.len);
            }
            assert_string_equal(seen, rows[i].events);
            sse_reader_done(&r);
        }
}

static void test_enough(void **state)
{
    struct sse_reader r;

    (void)state;
    seen[0] = '\0';
    left = 2;
    sse_reader_init(&r, 100, keep, seen);
    assert_false(sse_reader_feed(&r, STR_LIT("data: a\n\ndata: b\n\ndata: c\n\n")));
    assert_string_equal(seen, "[ message a][ message b]");
    sse_reader_done(&r);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_enough),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
