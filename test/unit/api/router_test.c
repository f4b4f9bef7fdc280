// router_test.c - which row a path and a method lead to.
// SPDX-License-Identifier: Apache-2.0
#include "api/router.h"

#include <string.h>

#include "unit.h"

static const struct route routes[] = {
    {.method = HTTP_GET, .path = "/", .id = "root"},
    {.method = HTTP_GET, .path = "/jobs", .id = "list"},
    {.method = HTTP_POST, .path = "/jobs", .id = "create"},
    {.method = HTTP_GET, .path = "/jobs/{job_id}", .id = "show"},
    {.method = HTTP_POST, .path = "/jobs/{job_id}/runs/{run_id}", .id = "deep"},
    {.method = HTTP_GET, .path = "/slash/", .id = "slash"},
};
#define ROUTES (sizeof routes / sizeof *routes)

static void test_rows(void **state)
{
    static const struct {
        enum http_method method;
        const char *path;
        const char *want; // id and parameters, or "404", "405"
    } rows[] = {
        {HTTP_GET, "/", "root"},
        {HTTP_GET, "/jobs", "list"},
        {HTTP_HEAD, "/jobs", "list"},
        {HTTP_POST, "/jobs", "create"},
        {HTTP_GET, "/j%6Fbs", "list"},
        {HTTP_DELETE, "/jobs", "405"},
        {HTTP_HEAD, "/jobs/1/runs/2", "405"},
        {HTTP_GET, "/jobs/", "404"},
        {HTTP_GET, "/jobs//", "404"},
        {HTTP_GET, "/jobs/a", "show job_id=a"},
        {HTTP_GET, "/jobs/a%2Fb", "show job_id=a/b"},
        {HTTP_GET, "/jobs/a%20b", "show job_id=a b"},
        {HTTP_GET, "/jobs/%ff", "show malformed job_id="},
        {HTTP_GET, "/jobs/%", "show malformed job_id="},
        {HTTP_POST, "/jobs/a/runs/7", "deep job_id=a run_id=7"},
        {HTTP_GET, "/jobs/a/b", "404"},
        {HTTP_GET, "/slash/", "slash"},
        {HTTP_GET, "/slash", "404"},
        {HTTP_GET, "*", "404"},
        {HTTP_GET, "", "404"},
        {HTTP_OTHER, "/jobs", "405"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena *arena = arena_new(1024);
        struct route_match match;
        struct str got = STR_LIT("404");

        switch (router_find(routes, ROUTES, rows[i].method, str_of(rows[i].path), arena, &match)) {
        case ROUTER_FOUND:
            got = arena_printf(arena, "%s%s", match.route->id,
                               match.is_malformed ? " malformed" : "");
            for (size_t k = 0; k < match.param_count; k++)
                got = arena_printf(arena, "%.*s %.*s=%.*s", STR(got), STR(match.params[k].name),
                                   STR(match.params[k].value));
            break;
        case ROUTER_NO_METHOD:
            got = STR_LIT("405");
            break;
        case ROUTER_NO_PATH:
            break;
        }
        if (!str_eq(got, str_of(rows[i].want)))
            fail_msg("%s gave %.*s, want %s", rows[i].path, STR(got), rows[i].want);
        arena_free(arena);
    }
}

static void test_allow_and_slash(void **state)
{
    struct arena *arena = arena_new(1024);

    (void)state;
    assert_true(
        str_eq(router_allow(routes, ROUTES, STR_LIT("/jobs"), arena), STR_LIT("GET, HEAD, POST")));
    assert_int_equal(router_allow(routes, ROUTES, STR_LIT("/nosuch"), arena).len, 0);
    assert_true(str_eq(router_other_slash(STR_LIT("/a/"), arena), STR_LIT("/a")));
    assert_true(str_eq(router_other_slash(STR_LIT("/a"), arena), STR_LIT("/a/")));
    assert_string_equal(router_method_name(HTTP_PATCH), "PATCH");
    assert_string_equal(router_method_name(HTTP_OTHER), "");
    arena_free(arena);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_allow_and_slash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
