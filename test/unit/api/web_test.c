// web_test.c - the embedded pages: found by path, whole in both forms, sent as the client's headers
// ask.
// SPDX-License-Identifier: Apache-2.0
#include "api/web.h"

#include "unit.h"

static void test_find(void **state)
{
    static const struct {
        const char *path;
        const char *type;
    } rows[] = {
        {"/docs", "text/html; charset=utf-8"},
        {"/docs/docs.js", "text/javascript; charset=utf-8"},
        {"/docs/docs.css", "text/css; charset=utf-8"},
        {"/docs/favicon.svg", "image/svg+xml"},
        {"/docs/swagger-ui.css", "text/css; charset=utf-8"},
        {"/docs/swagger-ui-bundle.js", "text/javascript; charset=utf-8"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct web_asset *a = web_find(str_of(rows[i].path));

        assert_non_null(a);
        assert_string_equal(a->content_type, rows[i].type);
        assert_true(a->size > 100);
        assert_int_equal(strlen(a->etag), 18);
    }
    assert_null(web_find(STR_LIT("/docs/")));
    assert_null(web_find(STR_LIT("/docs/../docs.js")));
    assert_null(web_find(STR_LIT("")));
}

// The gzip trailer holds the size of what was packed (RFC 1952, ISIZE): both forms are of the same
// file.
static void test_forms(void **state)
{
    (void)state;
    for (size_t i = 0; i < web_asset_count; i++) {
        const struct web_asset *a = &web_assets[i];
        const unsigned char *end = a->gz + a->gz_size;

        assert_int_equal(a->gz[0], 0x1f);
        assert_int_equal(a->gz[1], 0x8b);
        assert_int_equal(end[-4] | end[-3] << 8 | end[-2] << 16 | end[-1] << 24, a->size);
    }
}

static void test_page(void **state)
{
    const struct web_asset *a = web_find(STR_LIT("/docs"));
    struct str page = {(const char *)a->bytes, a->size};

    (void)state;
    assert_true(str_starts(page, STR_LIT("<!doctype html>")));
    assert_true(str_ends(str_trim(page), STR_LIT("</html>")));
    // Strict policy: the page has no script or style of its own between its tags.
    assert_null(memmem(page.p, page.len, "<script>", 8));
    assert_null(memmem(page.p, page.len, "<style", 6));
    assert_null(memmem(page.p, page.len, "//", 2)); // nor anything of another host
}

static void test_fresh(void **state)
{
    static const struct web_asset a = {.etag = "\"12ab\""};
    static const struct {
        const char *header;
        bool fresh;
    } rows[] = {
        {"\"12ab\"", true}, {"W/\"12ab\"", true}, {"\"x\", \"12ab\"", true},
        {"*", true},        {"\"12a\"", false},   {"12ab", false},
        {"", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(web_is_fresh(&a, str_of(rows[i].header)), rows[i].fresh);
}

static void test_gzip(void **state)
{
    static const struct {
        const char *header;
        bool takes;
    } rows[] = {
        {"gzip", true},
        {"gzip, deflate, br, zstd", true},
        {"br;q=1.0, GZIP;q=0.8", true},
        {"x-gzip", true},
        {"*", true},
        {"*;q=0.1", true},
        {"gzip;q=0", false},
        {"gzip; q=0.000", false},
        {"*, gzip;q=0", false},
        {"*;q=0, gzip", true},
        {"*;q=0", false},
        {"identity", false},
        {"gzipped", false},
        {"", false},
        {",;,", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(web_takes_gzip(str_of(rows[i].header)), rows[i].takes);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),  cmocka_unit_test(test_forms), cmocka_unit_test(test_page),
        cmocka_unit_test(test_fresh), cmocka_unit_test(test_gzip),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
