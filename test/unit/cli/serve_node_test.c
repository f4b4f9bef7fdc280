// serve_node_test.c - the name, tags and address of a node, and what is refused.
// SPDX-License-Identifier: Apache-2.0
#include "cli/serve_node.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

static struct settings plain(void)
{
    return (struct settings){.node = "",
                             .node_tags = "",
                             .advertise = "",
                             .lease = "5s",
                             .lease_n = 5 * NODE_LEASE_MIN_US};
}

static void test_settings(void **state)
{
    static const struct {
        const char *node, *tags, *advertise; // as typed
        const char *told_tags, *address, *host;
    } rows[] = {
        {"a", "", "", "", "", ""},
        {"rack-2.b", "gpu", "", "gpu", "", ""},
        {"a", " gpu, ssd ,gpu,,eu:1", "", "gpu ssd eu:1", "", ""},
        {"a", "", "http://127.0.0.1:8000", "", "http://127.0.0.1:8000", "127.0.0.1"},
        {"a", "", "https://b.example.org//", "", "https://b.example.org", "b.example.org"},
        {"a", "", "https://b.example.org:444/x/", "", "https://b.example.org:444/x",
         "b.example.org"},
        {"a", "", "http://[::1]:8000", "", "http://[::1]:8000", "[::1]"},
    };
    struct serve_node node;
    struct err e;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct settings s = plain();

        s.node = rows[i].node;
        s.node_tags = rows[i].tags;
        s.advertise = rows[i].advertise;
        assert_true(serve_node_read(&s, &node, &e));
        assert_string_equal(node.name, rows[i].node);
        assert_string_equal(node.tags, rows[i].told_tags);
        assert_string_equal(node.address, rows[i].address);
        assert_string_equal(node.host, rows[i].host);
    }
}

static void test_host_name(void **state)
{
    struct settings s = plain();
    struct serve_node node;
    struct err e;

    (void)state;
    assert_true(serve_node_read(&s, &node, &e));
    assert_true(tag_check(str_of(node.name), &e));
}

static void test_refusals(void **state)
{
    static const struct {
        const char *node, *tags, *advertise;
        int64_t lease_us;
        const char *field, *said;
    } rows[] = {
        {"a b", "", "", 5000000, "node", "\"a b\" is not a name"},
        {"-a", "", "", 5000000, "node", "\"-a\" is not a name"},
        {"a", "g p", "", 5000000, "node-tags", "\"g p\" is no tag"},
        {"a", "", "b.example.org:8000", 5000000, "advertise", "is not a URL"},
        {"a", "", "ftp://b", 5000000, "advertise", "is not a URL"},
        {"a", "", "http://", 5000000, "advertise", "is not a URL"},
        {"a", "", "http://:8000", 5000000, "advertise", "is not a URL"},
        {"a", "", "http://u:p@b", 5000000, "advertise", "is not a URL"},
        {"a", "", "http://b/?q", 5000000, "advertise", "is not a URL"},
        {"a", "", "http://b c", 5000000, "advertise", "is not a URL"},
        {"a", "", "", 999999, "lease", "is not between 1s and 10m"},
        {"a", "", "", 600000001, "lease", "is not between 1s and 10m"},
    };
    struct serve_node node;
    struct err e;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct settings s = plain();

        s.node = rows[i].node;
        s.node_tags = rows[i].tags;
        s.advertise = rows[i].advertise;
        s.lease_n = rows[i].lease_us;
        assert_false(serve_node_read(&s, &node, &e));
        assert_int_equal(e.code, ERR_USAGE);
        assert_string_equal(e.field, rows[i].field);
        assert_non_null(strstr(e.message, rows[i].said));
    }
}

static void test_too_many_tags(void **state)
{
    char text[256] = "";
    struct settings s = plain();
    struct serve_node node;
    struct err e;

    (void)state;
    for (int i = 0; i < TAGS_MAX; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "t%d,", i);
    s.node_tags = text;
    assert_true(serve_node_read(&s, &node, &e));
    snprintf(text + strlen(text), sizeof text - strlen(text), "more");
    assert_false(serve_node_read(&s, &node, &e));
    assert_non_null(strstr(e.message, "more than 32 tags"));
}

static void test_listens(void **state)
{
    static const struct {
        const char *advertised, *address;
        int port;
        const char *want;
    } rows[] = {
        {"", "127.0.0.1", 8000, "http://127.0.0.1:8000"},
        {"", "::1", 99, "http://[::1]:99"},
        {"", "", 0, ""},
        {"https://b", "127.0.0.1", 8000, "https://b"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct serve_node node = {0};

        snprintf(node.address, sizeof node.address, "%s", rows[i].advertised);
        serve_node_listens(&node, rows[i].address, rows[i].port);
        assert_string_equal(node.address, rows[i].want);
    }
}

static void test_runs_dir(void **state)
{
    struct serve_node node = {.name = "b"};
    char path[40];
    struct err e;

    (void)state;
    assert_true(serve_node_runs_dir(&node, "/x/jobs.db", false, path, sizeof path, &e));
    assert_string_equal(path, "/x/jobs.db.runs");
    assert_true(serve_node_runs_dir(&node, "postgresql://h/d", true, path, sizeof path, &e));
    assert_string_equal(path, "./belfry.b.runs");
    assert_false(serve_node_runs_dir(&node, "/x/jobs.db", false, path, 10, &e));
    assert_int_equal(e.code, ERR_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settings), cmocka_unit_test(test_host_name),
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_too_many_tags),
        cmocka_unit_test(test_listens),  cmocka_unit_test(test_runs_dir),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
