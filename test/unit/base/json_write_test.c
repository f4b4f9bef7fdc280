// json_write_test.c - the writer's bytes, and the same document read back by another library.
// SPDX-License-Identifier: Apache-2.0
#include "base/json_write.h"

#include <jansson.h>
#include <math.h>

#include "base/rand.h"
#include "unit.h"

static struct buf out;
static struct json_write w;

static int setup(void **state)
{
    (void)state;
    buf_init(&out, 1 << 20);
    json_write_init(&w, &out);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buf_done(&out);
    return 0;
}

static void test_nesting(void **state)
{
    (void)state;
    assert_false(json_write_is_done(&w));
    json_write_object(&w);
    json_write_key(&w, "a");
    json_write_array(&w);
    json_write_int(&w, 1);
    json_write_array(&w);
    json_write_array_end(&w);
    json_write_object(&w);
    json_write_object_end(&w);
    json_write_text(&w, NULL);
    json_write_array_end(&w);
    json_write_key_str(&w, STR_LIT("b\"c"));
    json_write_bool(&w, true);
    json_write_key(&w, "");
    json_write_raw(&w, STR_LIT("340282366920938463463374607431768211455"));
    assert_false(json_write_is_done(&w));
    json_write_object_end(&w);
    assert_true(json_write_is_done(&w));
    assert_string_equal(buf_text(&out), "{\"a\":[1,[],{},null],\"b\\\"c\":true,"
                                        "\"\":340282366920938463463374607431768211455}");
}

static void test_int(void **state)
{
    (void)state;
    json_write_array(&w);
    json_write_int(&w, 0);
    json_write_int(&w, -1);
    json_write_int(&w, INT64_MIN);
    json_write_int(&w, INT64_MAX);
    json_write_uint(&w, UINT64_MAX);
    json_write_bool(&w, false);
    json_write_null(&w);
    json_write_array_end(&w);
    assert_string_equal(buf_text(&out), "[0,-1,-9223372036854775808,9223372036854775807,"
                                        "18446744073709551615,false,null]");
}

// Python's repr of the same numbers.
static void test_double(void **state)
{
    static const struct {
        double x;
        const char *text;
    } rows[] = {
        {0, "0.0"},
        {-0.0, "-0.0"},
        {1, "1.0"},
        {0.1, "0.1"},
        {1.0 / 3, "0.3333333333333333"},
        {0.1 + 0.2, "0.30000000000000004"},
        {-2.5, "-2.5"},
        {100000, "100000.0"},
        {0.0001, "0.0001"},
        {0.00001, "1e-05"},
        {123456789012345.6, "123456789012345.6"},
        {1e15, "1000000000000000.0"},
        {1234567890123456.5, "1234567890123456.5"},
        {9007199254740992., "9007199254740992.0"},
        {9999999999999998.0, "9999999999999998.0"},
        {1e16, "1e+16"},
        {-1.5e16, "-1.5e+16"},
        {12345678901234567890., "1.2345678901234567e+19"},
        {1e22, "1e+22"},
        {1.7976931348623157e308, "1.7976931348623157e+308"},
        {5e-324, "5e-324"},
        {INFINITY, "null"},
        {-INFINITY, "null"},
        {NAN, "null"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        json_write_init(&w, &out);
        buf_clear(&out);
        json_write_double(&w, rows[i].x);
        assert_string_equal(buf_text(&out), rows[i].text);
    }
}

static void test_double_reads_back(void **state)
{
    struct rand_seq r;

    (void)state;
    rand_seq_init(&r, 9);
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = rand_next(&r);
        double x;

        memcpy(&x, &bits, sizeof x);
        if (!isfinite(x))
            continue;
        json_write_init(&w, &out);
        buf_clear(&out);
        json_write_double(&w, x);
        assert_true(strtod(buf_text(&out), NULL) == x);
    }
}

static void text_check(struct str s, const char *expected)
{
    json_write_init(&w, &out);
    buf_clear(&out);
    json_write_str(&w, s);
    assert_string_equal(buf_text(&out), expected);
}

static void test_text(void **state)
{
    (void)state;
    text_check(STR_LIT(""), "\"\"");
    text_check((struct str){NULL, 0}, "\"\"");
    text_check(STR_LIT("plain text, longer than eight bytes ~"),
               "\"plain text, longer than eight bytes ~\"");
    text_check(STR_LIT("\"\\/\b\f\n\r\t"), "\"\\\"\\\\/\\b\\f\\n\\r\\t\"");
    text_check(STR_LIT("\0\x01\x1f\x7f"), "\"\\u0000\\u0001\\u001f\x7f\"");
    text_check(STR_LIT("Gr\u00fc\u00dfe, \u20ac, \U0001f514"),
               "\"Gr\u00fc\u00dfe, \u20ac, \U0001f514\"");
    text_check(STR_LIT("a\xff\xfe"
                       "b"),
               "\"a\ufffd\ufffd"
               "b\"");
    text_check(STR_LIT("\xc3"), "\"\ufffd\"");
    text_check(STR_LIT("\xe2\x82x"), "\"\ufffd\ufffdx\"");
    text_check(STR_LIT("\xc0\xaf\xed\xa0\x80"), "\"\ufffd\ufffd\ufffd\ufffd\ufffd\"");
}

// Each byte at each place of a word: the fast path finds what the slow one would.
static void test_every_byte(void **state)
{
    (void)state;
    for (int byte = 0; byte < 0x80; byte++) {
        for (size_t at = 0; at < 17; at++) {
            char text[17];

            memset(text, 'x', sizeof text);
            text[at] = (char)byte;
            json_write_init(&w, &out);
            buf_clear(&out);
            json_write_str(&w, (struct str){text, sizeof text});
            json_t *read = json_loadb(out.p, out.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
            assert_non_null(read);
            assert_int_equal(json_string_length(read), sizeof text);
            assert_memory_equal(json_string_value(read), text, sizeof text);
            assert_int_equal(out.len == sizeof text + 2,
                             byte >= 0x20 && byte != '"' && byte != '\\');
            json_decref(read);
        }
    }
}

static void random_text(struct rand_seq *r, char *to, size_t len)
{
    for (size_t i = 0; i < len; i++)
        to[i] = (char)(rand_below(r, 4) ? 'a' + rand_below(r, 26) : rand_below(r, 256));
}

// Writes a random tree; what comes out must always be JSON that a strict reader takes.
static void tree_write(struct rand_seq *r, int depth)
{
    char text[40];
    uint64_t kind = rand_below(r, depth < 5 ? 8 : 6);

    switch (kind) {
    case 0:
        json_write_int(&w, (int64_t)rand_next(r));
        return;
    case 1:
        json_write_double(&w, (double)(int64_t)rand_next(r) / 1e9);
        return;
    case 2:
        json_write_bool(&w, rand_below(r, 2));
        return;
    case 3:
        json_write_null(&w);
        return;
    case 4:
    case 5:
        random_text(r, text, sizeof text);
        json_write_str(&w, (struct str){text, rand_below(r, sizeof text)});
        return;
    case 6:
        json_write_array(&w);
        for (uint64_t n = rand_below(r, 5); n > 0; n--)
            tree_write(r, depth + 1);
        json_write_array_end(&w);
        return;
    default:
        json_write_object(&w);
        for (uint64_t n = rand_below(r, 5); n > 0; n--) {
            random_text(r, text, 8);
            for (int i = 0; i < 8; i++) // the reader has no NUL in keys
                text[i] = text[i] ? text[i] : '0';
            json_write_key_str(&w, (struct str){text, 8});
            tree_write(r, depth + 1);
        }
        json_write_object_end(&w);
        return;
    }
}

static void test_trees(void **state)
{
    struct rand_seq r;

    (void)state;
    rand_seq_init(&r, 2);
    for (int i = 0; i < 2000; i++) {
        json_error_t error;

        json_write_init(&w, &out);
        buf_clear(&out);
        tree_write(&r, 0);
        assert_true(json_write_is_done(&w));
        json_t *read = json_loadb(out.p, out.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
        if (!read)
            fail_msg("%s: %s", error.text, buf_text(&out));
        json_decref(read);
    }
}

static void test_deep(void **state)
{
    (void)state;
    for (int i = 0; i < JSON_WRITE_DEPTH_MAX; i++) {
        if (i % 2) {
            json_write_object(&w);
            json_write_key(&w, "k");
        } else {
            json_write_array(&w);
            json_write_int(&w, i);
        }
    }
    json_write_null(&w);
    for (int i = JSON_WRITE_DEPTH_MAX; i-- > 0;)
        (i % 2 ? json_write_object_end : json_write_array_end)(&w);
    assert_true(json_write_is_done(&w));
    json_t *read = json_loadb(out.p, out.len, 0, NULL);
    assert_non_null(read);
    json_decref(read);
}

// At whatever length the buffer ends, it says so, and nothing is written beyond.
static void test_full(void **state)
{
    (void)state;
    for (size_t max = 0; max < 60; max++) {
        struct buf small;

        buf_init(&small, max);
        json_write_init(&w, &small);
        json_write_object(&w);
        json_write_key(&w, "name");
        json_write_text(&w, "quo\"ted \xff text");
        json_write_key(&w, "n");
        json_write_int(&w, 12345);
        json_write_object_end(&w);
        assert_int_equal(small.is_full,
                         max < sizeof "{\"name\":\"quo\\\"ted \ufffd text\",\"n\":12345}" - 1);
        assert_true(small.len <= max);
        buf_done(&small);
    }
}

static void value_without_key(void *ctx)
{
    (void)ctx;
    json_write_object(&w);
    json_write_int(&w, 1);
}

static void key_in_array(void *ctx)
{
    (void)ctx;
    json_write_array(&w);
    json_write_key(&w, "k");
}

static void key_after_key(void *ctx)
{
    (void)ctx;
    json_write_object(&w);
    json_write_key(&w, "k");
    json_write_key(&w, "k");
}

static void end_after_key(void *ctx)
{
    (void)ctx;
    json_write_object(&w);
    json_write_key(&w, "k");
    json_write_object_end(&w);
}

static void wrong_end(void *ctx)
{
    (void)ctx;
    json_write_object(&w);
    json_write_array_end(&w);
}

static void end_without_start(void *ctx)
{
    (void)ctx;
    json_write_array_end(&w);
}

static void second_value(void *ctx)
{
    (void)ctx;
    json_write_null(&w);
    json_write_null(&w);
}

static void key_outside(void *ctx)
{
    (void)ctx;
    json_write_key(&w, "k");
}

static void too_deep(void *ctx)
{
    (void)ctx;
    for (int i = 0; i <= JSON_WRITE_DEPTH_MAX; i++)
        json_write_array(&w);
}

static void test_misuse(void **state)
{
    static void (*const misuses[])(void *) = {
        value_without_key, key_in_array, key_after_key, end_after_key, wrong_end,
        end_without_start, second_value, key_outside,   too_deep,
    };

    (void)state;
    for (size_t i = 0; i < COUNT(misuses); i++)
        assert_true(unit_dies(misuses[i], NULL));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_nesting), TEST(test_int),        TEST(test_double), TEST(test_double_reads_back),
        TEST(test_text),    TEST(test_every_byte), TEST(test_trees),  TEST(test_deep),
        TEST(test_full),    TEST(test_misuse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
