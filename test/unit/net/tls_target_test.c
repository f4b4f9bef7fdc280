// tls_target_test.c - what is a host to look at, and what is told to those who write something
// else.
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "net/tls_target.h"

static const struct {
    const char *text, *host;
    int port;
    bool is_ip;
    const char *again; // as tls_target_text prints it
} good[] = {
    {"example.org", "example.org", 443, false, "example.org:443"},
    {"example.org:8443", "example.org", 8443, false, "example.org:8443"},
    {"Example.ORG.", "Example.ORG", 443, false, "Example.ORG:443"},
    {"example.org.:1", "example.org", 1, false, "example.org:1"},
    {"a_b.example.org", "a_b.example.org", 443, false, "a_b.example.org:443"},
    {"xn--bcher-kva.example", "xn--bcher-kva.example", 443, false, "xn--bcher-kva.example:443"},
    {"localhost:65535", "localhost", 65535, false, "localhost:65535"},
    {"192.0.2.1", "192.0.2.1", 443, true, "192.0.2.1:443"},
    {"192.0.2.1:8443", "192.0.2.1", 8443, true, "192.0.2.1:8443"},
    {"::1", "::1", 443, true, "[::1]:443"},
    {"[::1]", "::1", 443, true, "[::1]:443"},
    {"[::1]:8443", "::1", 8443, true, "[::1]:8443"},
    {"2001:db8::1:443", "2001:db8::1:443", 443, true, "[2001:db8::1:443]:443"},
    {"::ffff:192.0.2.1", "::ffff:192.0.2.1", 443, true, "[::ffff:192.0.2.1]:443"},
    {"1e100.net", "1e100.net", 443, false, "1e100.net:443"},
    {"b\u00fccher.example", "xn--bcher-kva.example", 443, false, "xn--bcher-kva.example:443"},
    {"B\u00dcCHER.example:8443", "xn--bcher-kva.example", 8443, false,
     "xn--bcher-kva.example:8443"},
    {"fa\u00df.example.", "xn--fa-hia.example", 443, false, "xn--fa-hia.example:443"},
    {"\u65e5\u672c\u8a9e\u3002example", "xn--wgv71a119e.example", 443, false,
     "xn--wgv71a119e.example:443"},
    {"a_b.b\u00fccher.example", "a_b.xn--bcher-kva.example", 443, false,
     "a_b.xn--bcher-kva.example:443"},
    {"3com", "3com", 443, false, "3com:443"},
};

static const struct {
    const char *text, *words, *hint;
    int column;
} bad[] = {
    {"", "a host is missing", "", 0},
    {":443", "host before \":\" is missing", "", 1},
    {"example.org:", "port after \":\" is missing", "", 12},
    {"example.org:0", "port \"0\" is not a number from 1 to 65535", "", 13},
    {"example.org:65536", "port \"65536\"", "", 13},
    {"example.org:-1", "port \"-1\"", "", 13},
    {"example.org:+1", "port \"+1\"", "", 13},
    {"example.org:https", "port \"https\"", "", 13},
    {"example.org:99999999999999999999", "is not a number", "", 13},
    {"exa mple.org", "blanks", "", 4},
    {" example.org", "blanks", "", 1},
    {"example.org ", "blanks", "", 12},
    {"example.org\n", "control characters (byte 0x0a)", "", 12},
    {"example.org\x7f", "control characters (byte 0x7f)", "", 12},
    {"b\xfc"
     "cher.example",
     "not UTF-8", "", 0},
    {"\u0308a.example", "is not a host name", "", 0},
    {"b\u00fc..example", "empty part", "", 0},
    {"\uff11\uff12\uff17.0.0.1\u3002", "neither a name nor a whole IP address", "", 0},
    {"a\u2100b.example", "cannot contain \"/\"", "", 0},
    {"\u2603-.example:0", "port \"0\"", "", 14},
    {"https://example.org/x?y", "is a URL", "write example.org", 1},
    {"https://example.org:8443", "is a URL", "write example.org:8443", 1},
    {"://", "is a URL", "", 1},
    {"user:secret@example.org", "user names", "after the @", 12},
    {"example.org/path", "path", "write example.org", 12},
    {"a:1:2", "more than one colon", "[ADDRESS]:PORT", 4},
    {"[::1", "not closed", "", 1},
    {"[::1]443", "only :PORT may follow", "", 6},
    {"[example.org]:443", "not an IPv6 address", "", 2},
    {"[]", "not an IPv6 address", "", 2},
    {"[::1]:", "port after \":\" is missing", "", 6},
    {"[fe80::1%eth0]", "not an IPv6 address", "", 2},
    {"a..b", "empty part", "", 3},
    {".a", "empty part", "", 1},
    {".", "empty part", "", 1},
    {"a..", "empty part", "", 3},
    {"*.example.org", "cannot contain \"*\"", "", 1},
    {"exa$mple", "cannot contain \"$\"", "", 4},
    {"127.1", "neither a name nor a whole IP address", "", 1},
    {"1234", "neither a name nor a whole IP address", "", 1},
    {"0x7f000001", "neither a name nor a whole IP address", "", 1},
    {"256.1.1.1", "neither a name nor a whole IP address", "", 1},
    {"192.0.2.1.", "neither a name nor a whole IP address", "", 1},
};

static void test_accepts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct tls_target t;
        struct err e = {0};
        char text[TLS_TARGET_TEXT];

        if (!tls_target_parse(str_of(good[i].text), &t, &e))
            fail_msg("%s: %s", good[i].text, e.message);
        assert_string_equal(t.host, good[i].host);
        assert_int_equal(tls_target_port(&t), good[i].port);
        assert_int_equal(t.is_ip, good[i].is_ip);
        assert_null(t.options);
        assert_int_equal(t.total_ms, 0);
        assert_string_equal(tls_target_text(&t, text), good[i].again);
    }
}

static void test_refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct tls_target t = {.port = 7};
        struct err e = {0};

        if (tls_target_parse(str_of(bad[i].text), &t, &e))
            fail_msg("\"%s\" was accepted", bad[i].text);
        assert_int_equal(t.port, 7);
        assert_int_equal(e.code, ERR_INPUT);
        assert_string_equal(e.field, "host");
        if (!bad[i].hint)
            continue;
        if (!strstr(e.message, bad[i].words) || !strstr(e.hint, bad[i].hint))
            fail_msg("\"%s\": %s (%s)", bad[i].text, e.message, e.hint);
        if (e.column != bad[i].column)
            fail_msg("\"%s\": column %d, not %d", bad[i].text, e.column, bad[i].column);
    }
}

static void test_lengths(void **state)
{
    char name[400];
    struct tls_target t;
    struct err e;

    (void)state;
    memset(name, 'a', sizeof name);
    assert_false(tls_target_parse((struct str){name, 64}, &t, &e));
    assert_true(tls_target_parse((struct str){name, 63}, &t, &e));
    name[63] = name[127] = name[191] = '.';
    assert_true(tls_target_parse((struct str){name, 253}, &t, &e));
    assert_false(tls_target_parse((struct str){name, 254}, &t, &e));
    name[253] = '.';
    assert_true(tls_target_parse((struct str){name, 254}, &t, &e));
    assert_int_equal(strlen(t.host), 253);
    assert_false(tls_target_parse((struct str){name, 400}, &t, &e));
    assert_false(tls_target_parse((struct str){"a\0b", 3}, &t, &e));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepts),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_lengths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
