// proxy_test.c - HTTP CONNECT and SOCKS5 as scripts, whole and cut at every byte.
// SPDX-License-Identifier: Apache-2.0
#include "net/proxy.h"

#include "unit.h"

#define S(text) STR_LIT(text)
#define CONNECT "CONNECT mx.example:25 HTTP/1.1\r\nHost: mx.example:25\r\n"
#define NAMED "\x05\x01\x00\x03\x0amx.example\x00\x19"
#define FINE "\x05\x00\x00\x01\x7f\x00\x00\x01\x12\x34"

struct turn {
    struct str client, server; // our words, the proxy's answer
};

static const struct {
    enum proxy proxy;
    const char *host;
    bool has_user;
    struct turn turns[3];
    const char *words; // NULL: it is over, in good order
} cases[] = {
    {PROXY_CONNECT,
     "mx.example",
     false,
     {{S(CONNECT "\r\n"), S("HTTP/1.1 200 OK\r\nX: y\r\n\r\n")}},
     NULL},
    {PROXY_CONNECT,
     "mx.example",
     true,
     {{S(CONNECT "Proxy-Authorization: Basic bWU6czNjcmV0\r\n\r\n"), S("HTTP/1.0 200\r\n\r\n")}},
     NULL},
    {PROXY_CONNECT,
     "::1",
     false,
     {{S("CONNECT [::1]:25 HTTP/1.1\r\nHost: [::1]:25\r\n\r\n"),
       S("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 x\n\n")}},
     NULL},
    {PROXY_CONNECT,
     "mx.example",
     false,
     {{S(CONNECT "\r\n"), S("HTTP/1.1 407 Who?\r\n")}},
     "wants a user and a password"},
    {PROXY_CONNECT,
     "mx.example",
     true,
     {{S(CONNECT "Proxy-Authorization: Basic bWU6czNjcmV0\r\n\r\n"), S("HTTP/1.1 407 Who?\r\n")}},
     "does not accept the user and password"},
    {PROXY_CONNECT,
     "mx.example",
     false,
     {{S(CONNECT "\r\n"), S("HTTP/1.1 403 No\x1b\r\n")}},
     "the proxy p:1 does not connect us to mx.example:25: it says \"HTTP/1.1 403 No.\""},
    {PROXY_CONNECT,
     "mx.example",
     false,
     {{S(CONNECT "\r\n"), S("HTTP/1.1 302 Found\r\n")}},
     "302 Found"},
    {PROXY_CONNECT,
     "mx.example",
     false,
     {{S(CONNECT "\r\n"), S("HTTP/2 200\r\n")}},
     "does not speak an HTTP proxy's language"},
    {PROXY_CONNECT,
     "mx.example",
     false,
     {{S(CONNECT "\r\n"), S("HTTP/1.1 2000 x\r\n")}},
     "does not speak"},
    {PROXY_CONNECT,
     "mx.example",
     false,
     {{S(CONNECT "\r\n"), S("HTTP/1.1 099 x\r\n")}},
     "does not speak"},
    {PROXY_CONNECT,
     "mx.example",
     false,
     {{S(CONNECT "\r\n"), S("220 mail\r\n")}},
     "does not speak"},
    {PROXY_SOCKS5,
     "mx.example",
     false,
     {{S("\x05\x01\x00"), S("\x05\x00")}, {S(NAMED), S(FINE)}},
     NULL},
    {PROXY_SOCKS5,
     "127.0.0.1",
     false,
     {{S("\x05\x01\x00"), S("\x05\x00")},
      {S("\x05\x01\x00\x01\x7f\x00\x00\x01\x00\x19"), S("\x05\x00\x00\x03\x02xy\x00\x19")}},
     NULL},
    {PROXY_SOCKS5,
     "::1",
     false,
     {{S("\x05\x01\x00"), S("\x05\x00")},
      {S("\x05\x01\x00\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x00\x19"), S("\x05\x00\x00\x04"
                                                                          "0123456789abcdef"
                                                                          "pp")}},
     NULL},
    {PROXY_SOCKS5,
     "mx.example",
     true,
     {{S("\x05\x02\x00\x02"), S("\x05\x02")},
      {S("\x01\x02me\x06s3cret"), S("\x01\x00")},
      {S(NAMED), S(FINE)}},
     NULL},
    {PROXY_SOCKS5,
     "mx.example",
     true,
     {{S("\x05\x02\x00\x02"), S("\x05\x00")}, {S(NAMED), S(FINE)}},
     NULL},
    {PROXY_SOCKS5,
     "mx.example",
     true,
     {{S("\x05\x02\x00\x02"), S("\x05\x02")}, {S("\x01\x02me\x06s3cret"), S("\x01\x01")}},
     "does not accept"},
    {PROXY_SOCKS5, "mx.example", true, {{S("\x05\x02\x00\x02"), S("\x05\xff")}}, "does not accept"},
    {PROXY_SOCKS5, "mx.example", false, {{S("\x05\x01\x00"), S("\x05\xff")}}, "wants a user"},
    {PROXY_SOCKS5, "mx.example", false, {{S("\x05\x01\x00"), S("\x05\x02")}}, "wants a user"},
    {PROXY_SOCKS5,
     "mx.example",
     false,
     {{S("\x05\x01\x00"), S("\x05\x00")}, {S(NAMED), S("\x05\x05")}},
     "connection refused"},
    {PROXY_SOCKS5,
     "mx.example",
     false,
     {{S("\x05\x01\x00"), S("\x05\x00")}, {S(NAMED), S("\x05\x09")}},
     "no reason"},
    {PROXY_SOCKS5,
     "mx.example",
     false,
     {{S("\x05\x01\x00"), S("\x05\x00")}, {S(NAMED), S("\x05\x00\x00\x05")}},
     "does not speak SOCKS5"},
    {PROXY_SOCKS5, "mx.example", false, {{S("\x05\x01\x00"), S("H")}}, "does not speak SOCKS5"},
};

static bool script_run(size_t i, size_t cut)
{
    enum dialogue_step step = DIALOGUE_ON;
    struct dialogue d;
    bool is_cut = cut == 0;

    dialogue_init(&d, proxy_kind(cases[i].proxy), "the proxy p:1", cases[i].host);
    d.port = 25;
    d.user = cases[i].has_user ? "me" : NULL;
    d.password = cases[i].has_user ? "s3cret" : NULL;
    dialogue_open(&d);
    for (size_t t = 0; t < 3 && cases[i].turns[t].client.p; t++) {
        struct str text = cases[i].turns[t].server;
        size_t used, at = cut > 0 && cut < text.len ? cut : 0;

        if (!str_eq(buf_str(&d.out), cases[i].turns[t].client))
            fail_msg("case %zu, turn %zu: says \"%.*s\"", i, t, STR(buf_str(&d.out)));
        buf_clear(&d.out);
        is_cut = is_cut || at > 0;
        assert_int_equal(dialogue_take(&d, str_cut(text, 0, at), &used), DIALOGUE_ON);
        step = dialogue_take(&d, str_cut(text, at, text.len), &used);
        assert_int_equal(at + used, text.len);
    }
    if (!cases[i].words && step != DIALOGUE_OVER)
        fail_msg("case %zu: step %d, %s", i, (int)step, d.error.message);
    if (cases[i].words && (step != DIALOGUE_FAIL || !strstr(d.error.message, cases[i].words)))
        fail_msg("case %zu: step %d, %s", i, (int)step, d.error.message);
    assert_null(strstr(d.error.message, "s3cret"));
    dialogue_done(&d);
    return is_cut;
}

static void test_scripts_cut_everywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        for (size_t cut = 0; script_run(i, cut); cut++)
            ;
}

// What follows the proxy's consent is the host's.
static void test_reads_no_further(void **state)
{
    struct dialogue d;
    size_t used;

    (void)state;
    dialogue_init(&d, proxy_kind(PROXY_CONNECT), "p", "h");
    assert_int_equal(dialogue_take(&d, S("HTTP/1.1 200 OK\r\n\r\n220 mail\r\n"), &used),
                     DIALOGUE_OVER);
    assert_int_equal(used, 19);
    dialogue_done(&d);
}

static void test_auth(void **state)
{
    static const struct str bad[] = {S(""),   S("me"),          S("me:"),
                                     S(":x"), S("me:x\nyou:y"), S("me:\0x")};
    char user[PROXY_WORD_MAX + 1], password[PROXY_WORD_MAX + 1], text[600];
    struct err e;

    (void)state;
    assert_true(proxy_auth_read(S("me:a:b c\r\n"), user, password, &e));
    assert_string_equal(user, "me");
    assert_string_equal(password, "a:b c");
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_false(proxy_auth_read(bad[i], user, password, &e));
        assert_int_equal(e.code, ERR_INPUT);
        assert_null(strstr(e.message, "me"));
    }
    memset(text, 'x', sizeof text);
    text[255] = ':';
    assert_true(proxy_auth_read((struct str){text, 511}, user, password, &e));
    assert_false(proxy_auth_read((struct str){text, 512}, user, password, &e));
    text[255] = 'x';
    text[256] = ':';
    assert_false(proxy_auth_read((struct str){text, 300}, user, password, &e));
}

static void test_the_table(void **state)
{
    (void)state;
    assert_int_equal(proxy_find(S("http")), PROXY_CONNECT);
    assert_int_equal(proxy_find(S("socks5")), PROXY_SOCKS5);
    assert_int_equal(proxy_find(S("socks5h")), PROXY_SOCKS5);
    assert_int_equal(proxy_find(S("https")), PROXY_NONE);
    assert_string_equal(proxy_word(PROXY_SOCKS5), "socks5");
    assert_null(proxy_word(PROXY_NONE));
    assert_int_equal(proxy_port(PROXY_CONNECT), 8080);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scripts_cut_everywhere),
        cmocka_unit_test(test_reads_no_further),
        cmocka_unit_test(test_auth),
        cmocka_unit_test(test_the_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
