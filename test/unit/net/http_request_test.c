// http_request_test.c - escapes, queries, headers, ids.
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "net/http_request.h"

static int setup(void **state)
{
    *state = arena_new(1024);
    return 0;
}

static int teardown(void **state)
{
    arena_free(*state);
    return 0;
}

static void decodes_paths(void **state)
{
    static const struct {
        struct str raw;
        const char *text; // NULL: refused
    } rows[] = {
        {STR_LIT("/plain"), "/plain"}, {STR_LIT("/a%20b%2Fc"), "/a b/c"},
        {STR_LIT("/a+b"), "/a+b"},     {STR_LIT("/%c3%A4"), "/\xc3\xa4"},
        {STR_LIT("/%25"), "/%"},       {STR_LIT("/%2"), NULL},
        {STR_LIT("/%"), NULL},         {STR_LIT("/%zz"), NULL},
        {STR_LIT("/a%00"), NULL},      {STR_LIT("/%c3"), NULL},
        {STR_LIT("/%ff"), NULL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct http_request r = {.path = rows[i].raw, .arena = *state};
        struct str text;
        struct str same;

        assert_int_equal(http_request_path(&r, &text), rows[i].text != NULL);
        if (!rows[i].text)
            continue;
        assert_true(str_eq(text, str_of(rows[i].text)));
        assert_true(http_decode(*state, rows[i].raw, &same) && str_eq(same, text));
    }
}

static void reads_queries(void **state)
{
    struct http_request r = {.query = STR_LIT("a=1&b=x+y%21&&a=2&c&=d&%61%3D=%zz%&e="),
                             .arena = *state};
    const struct http_pair *pairs;
    struct str value;

    assert_int_equal(http_request_queries(&r, &pairs), 7);
    assert_int_equal(http_request_queries(&r, &pairs), 7);
    assert_true(http_request_query(&r, "a", &value) && str_eq(value, STR_LIT("2")));
    assert_true(http_request_query(&r, "b", &value) && str_eq(value, STR_LIT("x y!")));
    assert_true(http_request_query(&r, "c", &value) && value.len == 0);
    assert_true(http_request_query(&r, "", &value) && str_eq(value, STR_LIT("d")));
    assert_true(http_request_query(&r, "a=", &value) && str_eq(value, STR_LIT("%zz%")));
    assert_false(http_request_query(&r, "f", &value));
    assert_true(str_eq(pairs[0].value, STR_LIT("1")));

    struct http_request none = {.arena = *state};
    assert_int_equal(http_request_queries(&none, &pairs), 0);
}

static void finds_headers(void **state)
{
    const struct http_pair headers[] = {{STR_LIT("X-A"), STR_LIT("1")},
                                        {STR_LIT("x-a"), STR_LIT("2")}};
    struct http_request r = {.headers = headers, .header_count = 2};
    const struct http_pair *all;
    struct str value;

    (void)state;
    assert_true(http_request_header(&r, "x-a", &value) && str_eq(value, STR_LIT("1")));
    assert_false(http_request_header(&r, "x", &value));
    assert_int_equal(http_request_headers(&r, &all), 2);
    assert_ptr_equal(all, headers);
}

static void makes_ids(void **state)
{
    // 1469918176385 ms is "01ARYZ6S41", the example of the ULID specification.
    struct http_request r = {.received_at = {1469918176385000}, .number = 33, .id_random = 31};

    (void)state;
    assert_true(str_eq(http_request_id(&r), STR_LIT("01ARYZ6S410000000Z00000011")));
    r.number = 34;
    assert_true(str_eq(http_request_id(&r), STR_LIT("01ARYZ6S410000000Z00000011")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(decodes_paths, setup, teardown),
        cmocka_unit_test_setup_teardown(reads_queries, setup, teardown),
        cmocka_unit_test(finds_headers),
        cmocka_unit_test(makes_ids),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
