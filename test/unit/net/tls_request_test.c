// tls_request_test.c - what checks JSON and lines ask for, and what they must not.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_request.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "unit.h"

static bool read_one(const char *json, struct tls_target *target, struct err *e)
{
    json_t *object = json_loads(json, 0, NULL);
    bool ok;

    assert_non_null(object);
    ok = tls_request_read(object, NULL, target, e);
    json_decref(object);
    return ok;
}

static void test_one_host(void **state)
{
    struct tls_target target;
    struct err e = {0};
    const struct tls_options *o;

    (void)state;
    assert_true(
        read_one("{\"host\":\"mail.example\",\"port\":25,\"timeout\":1.5,\"starttls\":\"smtp\","
                 "\"sni\":\"mx.example\",\"warn\":\"21d\",\"family\":4,\"tls_min\":1.2,"
                 "\"tls_max\":\"1.3\",\"alpn\":[\"h2\",\"http/1.1\"],\"pin\":null,"
                 "\"severity\":{\"old_protocol\":\"ok\",\"chain_order\":\"critical\"},"
                 "\"revocation\":[\"ocsp\",\"crl\"]}",
                 &target, &e));
    o = target.options;
    assert_string_equal(target.host, "mail.example");
    assert_int_equal(target.port, 25);
    assert_int_equal(target.total_ms, 1500);
    assert_int_equal(target.handshake_ms, 1500);
    assert_int_equal(o->starttls, STARTTLS_SMTP);
    assert_string_equal(o->name.host, "mx.example");
    assert_int_equal(o->tls_min, 0x0303);
    assert_int_equal(o->tls_max, 0x0304);
    assert_int_equal(o->alpn_len, 12);
    assert_true(o->policy.asks_ocsp && o->policy.asks_crl);
    assert_int_equal(tls_policy_severity(&o->policy, TLS_CODE_OLD_PROTOCOL, TLS_WARNING), TLS_OK);
    assert_int_equal(tls_policy_severity(&o->policy, TLS_CODE_CHAIN_ORDER, TLS_WARNING),
                     TLS_CRITICAL);
    tls_options_drop(o);
}

static void test_refused(void **state)
{
    static const struct {
        const char *json, *field, *part;
    } rows[] = {
        {"{}", "host", "a host is missing"},
        {"{\"host\":7}", "host", "not a text"},
        {"{\"host\":\"a b\"}", "host", ""},
        {"{\"host\":\"a\",\"port\":0}", "port", "1 to 65535"},
        {"{\"host\":\"a\",\"port\":\"25\"}", "port", "1 to 65535"},
        {"{\"host\":\"a:1\",\"port\":2}", "port", "names port 1 already"},
        {"{\"host\":\"a\",\"timeout\":\"soon\"}", "timeout", ""},
        {"{\"host\":\"a\",\"timeout\":[]}", "timeout", "neither a duration"},
        {"{\"host\":\"a\",\"timeout\":601}", "timeout", "not between"},
        {"{\"host\":\"a\",\"sni\":\"a:1\"}", "sni", "has a port"},
        {"{\"host\":\"a\",\"pins\":[\"x\"]}", "pins", "is not a SHA-256"},
        {"{\"host\":\"a\",\"pins\":[[]]}", "pins", "not a text"},
        {"{\"host\":\"a\",\"alpn\":true}", "alpn", "not a text"},
        {"{\"host\":\"a\",\"strattls\":\"smtp\"}", "strattls", "has no option \"strattls\""},
        {"{\"host\":\"a\",\"key\":\"k\"}", "key", "without cert"},
        {"{\"host\":\"a\",\"severity\":{\"nothing\":\"ok\"}}", "severity", "nothing"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tls_target target;
        struct err e = {0};

        if (read_one(rows[i].json, &target, &e))
            fail_msg("%s is read", rows[i].json);
        assert_int_equal(e.code, ERR_INPUT);
        assert_string_equal(e.field, rows[i].field);
        if (!strstr(e.message, rows[i].part))
            fail_msg("%s: %s", rows[i].json, e.message);
    }
}

static void test_lines(void **state)
{
    struct tls_options *base = tls_options_new();
    struct tls_target target;
    struct err e = {0};

    (void)state;
    assert_true(tls_options_add(base, STR_LIT("ca=/roots"), &e));
    assert_true(
        tls_request_line(STR_LIT("  [::1]:25\tstarttls=smtp  warning=9d "), base, &target, &e));
    assert_string_equal(target.host, "::1");
    assert_int_equal(target.options->starttls, STARTTLS_SMTP);
    assert_string_equal(target.options->ca, "/roots");
    tls_options_drop(target.options);
    assert_true(tls_request_line(STR_LIT("a.example"), base, &target, &e));
    assert_ptr_equal(target.options, base);
    tls_options_drop(target.options);
    assert_true(tls_request_line(STR_LIT("a.example"), NULL, &target, &e));
    assert_null(target.options);
    assert_false(tls_request_line(STR_LIT(" "), base, &target, &e));
    assert_false(tls_request_line(STR_LIT("a.example b.example"), base, &target, &e));
    assert_false(tls_request_line(STR_LIT("a.example key=k"), base, &target, &e));
    tls_options_drop(base);
}

static void test_lists(void **state)
{
    struct tls_list list;
    struct err e = {0};

    (void)state;
    assert_true(tls_list_read(STR_LIT("a.example:7"), NULL, &list, &e));
    assert_int_equal(list.len, 1);
    assert_false(list.is_many);
    tls_list_done(&list);
    assert_true(
        tls_list_read(STR_LIT("{\"host\":\"a.example\",\"adaptive\":true}"), NULL, &list, &e));
    assert_true(list.is_adaptive && !list.is_many && list.len == 1);
    tls_list_done(&list);
    assert_true(tls_list_read(
        STR_LIT("{\"hosts\":[\"a.example\",\"b.example:25 starttls=smtp\","
                "{\"host\":\"c.example\",\"warning\":\"1d\",\"timeout\":3}],\"warning\":\"60d\","
                "\"timeout\":\"7s\",\"spread\":\"10m\"}"),
        NULL, &list, &e));
    assert_true(list.is_many && list.len == 3 && !list.is_adaptive);
    assert_int_equal(list.spread_us, 600000000);
    assert_int_equal(list.v[0].total_ms, 7000);
    assert_int_equal(list.v[2].total_ms, 3000);
    assert_int_equal(list.v[0].options->policy.warning.us / 86400000000, 60);
    assert_int_equal(list.v[1].options->policy.warning.us / 86400000000, 60);
    assert_int_equal(list.v[2].options->policy.warning.us / 86400000000, 1);
    tls_list_done(&list);
}

static void test_lists_refused(void **state)
{
    static const struct {
        const char *text, *field;
    } rows[] = {
        {"a b", ""},
        {"{", ""},
        {"{\"hosts\":[]}", "hosts"},
        {"{\"hosts\":{}}", "hosts"},
        {"{\"hosts\":[\"a\",7]}", "hosts.1"},
        {"{\"hosts\":[\"a\",\"b b\"]}", "hosts.1"},
        {"{\"hosts\":[\"a\",{\"host\":\"b\",\"port\":0}]}", "hosts.1.port"},
        {"{\"hosts\":[\"a\"],\"host\":\"b\"}", "host"},
        {"{\"hosts\":[\"a\"],\"port\":1}", "port"},
        {"{\"hosts\":[\"a\"],\"warn\":\"x\"}", "warn"},
        {"{\"hosts\":[\"a\"],\"timeout\":0}", "timeout"},
        {"{\"hosts\":[\"a\"],\"spread\":\"x\"}", "spread"},
        {"{\"host\":\"a\",\"adaptive\":1}", "adaptive"},
        {"{\"file\":7}", "file"},
        {"{\"file\":\"/nonexistent\"}", "file"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tls_list list;
        struct err e = {0};

        if (tls_list_read(str_of(rows[i].text), NULL, &list, &e))
            fail_msg("%s is read", rows[i].text);
        if (strcmp(e.field, rows[i].field) != 0 && rows[i].field[0])
            fail_msg("%s: field %s", rows[i].text, e.field);
        tls_list_done(&list);
    }
}

static void test_files(void **state)
{
    char path[] = "/tmp/belfry-hosts-XXXXXX", text[200];
    struct tls_list list;
    struct err e = {0};
    struct str lines =
        STR_LIT("# all of them\n\na.example  # one\r\n b.example:25 starttls=smtp\n");

    (void)state;
    close(mkstemp(path));
    snprintf(text, sizeof text, "{\"file\":\"%s\",\"hosts\":[\"c.example\"]}", path);
    assert_true(file_write_atomic(AT_FDCWD, path, lines, 0600, &e));
    assert_true(tls_list_read(str_of(text), NULL, &list, &e));
    assert_int_equal(list.len, 3);
    assert_string_equal(list.path, path);
    assert_string_equal(list.v[1].host, "a.example");
    assert_int_equal(list.v[2].options->starttls, STARTTLS_SMTP);
    tls_list_done(&list);
    lines = STR_LIT("\xef\xbb\xbf"
                    "a.example\r\n\xef\xbb\xbf\r\n");
    assert_int_equal(tls_list_text(lines).len, lines.len - 3);
    assert_int_equal(tls_list_text(STR_LIT("a")).len, 1);
    lines = str_cut(lines, 0, 14);
    assert_true(file_write_atomic(AT_FDCWD, path, lines, 0600, &e));
    assert_true(tls_list_read(str_of(text), NULL, &list, &e));
    assert_string_equal(list.v[1].host, "a.example");
    tls_list_done(&list);
    assert_true(file_write_atomic(AT_FDCWD, path, STR_LIT("a\nb b\n"), 0600, &e));
    assert_false(tls_list_read(str_of(text), NULL, &list, &e));
    assert_non_null(strstr(e.message, "line 2: "));
    tls_list_done(&list);
    unlink(path);
}

static void test_too_many(void **state)
{
    struct tls_list list;
    struct err e = {0};
    struct buf text;

    (void)state;
    buf_init(&text, 1 << 20);
    buf_add_text(&text, "{\"hosts\":[\"h\"");
    for (int i = 0; i < TLS_LIST_MAX; i++)
        buf_add_text(&text, ",\"h\"");
    buf_add_text(&text, "]}");
    assert_false(tls_list_read(buf_str(&text), NULL, &list, &e));
    assert_non_null(strstr(e.message, "more than 10000 hosts"));
    tls_list_done(&list);
    buf_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_host),      cmocka_unit_test(test_refused),
        cmocka_unit_test(test_lines),         cmocka_unit_test(test_lists),
        cmocka_unit_test(test_lists_refused), cmocka_unit_test(test_files),
        cmocka_unit_test(test_too_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
