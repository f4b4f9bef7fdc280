// tls_options_test.c - options by name and value: what is read, what is refused, what they make of
// a target.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_options.h"

#include <sys/socket.h>

#include "unit.h"

#define S(text) STR_LIT(text)

static struct tls_options *options_of(const char *const *texts)
{
    struct tls_options *o = tls_options_new();
    struct err e;

    for (size_t i = 0; texts[i]; i++)
        if (!tls_options_add(o, str_of(texts[i]), &e))
            fail_msg("%s: %s", texts[i], e.message);
    return o;
}

#define OPTIONS(...) options_of((const char *const[]){__VA_ARGS__, NULL})

static void test_reads(void **state)
{
    struct tls_options *o =
        OPTIONS("starttls=smtp", "starttls_name=me.example", "name=mx.example",
                "connect_to=[::1]:2525", "proxy=socks5://proxy.example:9050",
                "proxy_auth=/etc/auth", "cert=a=b.pem", "key=k.pem", "key_password=p", "ca=/ca",
                "tls_min=1.0", "tls_max=1.3", "alpn=h2,http/1.1", "addresses=first", "family=6");
    struct err e;

    (void)state;
    assert_int_equal(o->starttls, STARTTLS_SMTP);
    assert_string_equal(o->starttls_name, "me.example");
    assert_string_equal(o->name.host, "mx.example");
    assert_string_equal(o->connect_to.host, "::1");
    assert_int_equal(o->connect_to.port, 2525);
    assert_int_equal(o->proxy, PROXY_SOCKS5);
    assert_string_equal(o->proxy_host.host, "proxy.example");
    assert_int_equal(o->proxy_host.port, 9050);
    assert_string_equal(o->proxy_auth, "/etc/auth");
    assert_string_equal(o->cert, "a=b.pem");
    assert_string_equal(o->key, "k.pem");
    assert_string_equal(o->key_password, "p");
    assert_string_equal(o->ca, "/ca");
    assert_int_equal(o->tls_min, 0x0301);
    assert_int_equal(o->tls_max, 0x0304);
    assert_int_equal(o->alpn_len, 12);
    assert_memory_equal(o->alpn, "\x02h2\x08http/1.1", 12);
    assert_false(o->wants_all);
    assert_int_equal(o->family, AF_INET6);
    assert_true(tls_options_check(o, &e));
    tls_options_drop(o);
}

static void test_later_ones_win(void **state)
{
    struct tls_options *o = OPTIONS("proxy=http://p/", "ca=a", "ca=b", "starttls=smtp",
                                    "starttls=auto", "family=6", "family=4", "addresses=all");

    (void)state;
    assert_int_equal(o->proxy, PROXY_CONNECT);
    assert_int_equal(o->proxy_host.port, 8080);
    assert_string_equal(o->ca, "b");
    assert_int_equal(o->starttls, STARTTLS_NONE);
    assert_true(o->is_starttls_auto);
    assert_int_equal(o->family, AF_INET);
    assert_true(o->wants_all);
    tls_options_drop(o);
}

static void test_refuses(void **state)
{
    static const struct {
        const char *text, *field, *words, *hint;
    } bad[] = {
        {"starttls", "", "is not an option of a certificate check", "starttls=smtp"},
        {"startls=smtp", "", "has no option \"startls\"", "did you mean starttls?"},
        {"=x", "", "has no option \"\"", ""},
        {"starttls=smpt", "starttls", "does not know \"smpt\"", "did you mean smtp?"},
        {"starttls=", "starttls", "does not know", "auto"},
        {"starttls=gopher", "starttls", "does not know", "xmpp-server"},
        {"starttls_name=a b", "starttls_name", "blanks", ""},
        {"starttls_name=a\r\nRSET", "starttls_name", "control characters", ""},
        {"starttls_name=a'/>", "starttls_name", "", ""},
        {"starttls_name=192.0.2.1", "starttls_name", "not the name of a host", ""},
        {"starttls_name=a.example:25", "starttls_name", "not the name of a host", ""},
        {"name=", "name", "a host is missing", ""},
        {"name=a.example:25", "name", "has a port", ""},
        {"connect_to=a b", "connect_to", "blanks", ""},
        {"connect_to=a:0", "connect_to", "port \"0\"", ""},
        {"proxy=p.example:1080", "proxy", "not a proxy that is known", "socks5://HOST"},
        {"proxy=https://p", "proxy", "not a proxy that is known", ""},
        {"proxy=socks5://me:s3cret@p", "proxy", "cannot hold user and password", "proxy_auth"},
        {"proxy=me:s3cret@p", "proxy", "cannot hold user and password", "proxy_auth"},
        {"proxy=http://", "proxy", "a host is missing", ""},
        {"cert=", "cert", "not the name of a file", ""},
        {"tls_min=1.4", "tls_min", "is not 1.0, 1.1, 1.2 or 1.3", ""},
        {"tls_max=TLSv1.2", "tls_max", "is not 1.0", ""},
        {"alpn=", "alpn", "has an empty name", ""},
        {"alpn=h2,,x", "alpn", "has an empty name", ""},
        {"addresses=some", "addresses", "neither first nor all", ""},
        {"family=5", "family", "neither 4 nor 6", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct tls_options *o = tls_options_new();
        struct err e = {0};

        if (tls_options_add(o, str_of(bad[i].text), &e))
            fail_msg("%s was accepted", bad[i].text);
        assert_int_equal(e.code, ERR_INPUT);
        assert_string_equal(e.field, bad[i].field);
        if (!strstr(e.message, bad[i].words) || !strstr(e.hint, bad[i].hint))
            fail_msg("%s: %s (%s)", bad[i].text, e.message, e.hint);
        assert_null(strstr(e.message, "s3cret"));
        tls_options_drop(o);
    }
}

static void test_long_values(void **state)
{
    struct tls_options *o = tls_options_new();
    char text[5000];
    struct err e;

    (void)state;
    memset(text, 'x', sizeof text);
    assert_true(tls_options_set(o, S("alpn"), (struct str){text, 254}, &e));
    assert_int_equal(o->alpn_len, 255);
    assert_false(tls_options_set(o, S("alpn"), (struct str){text, 255}, &e));
    assert_true(tls_options_set(o, S("ca"), (struct str){text, 4095}, &e));
    assert_false(tls_options_set(o, S("ca"), (struct str){text, 4096}, &e));
    assert_false(tls_options_set(o, S("ca"), (struct str){"a\0b", 3}, &e));
    tls_options_drop(o);
}

static void test_contradictions(void **state)
{
    static const struct {
        const char *texts[3], *words; // NULL: fine
    } sets[] = {
        {{"key=k"}, "key has no use without cert"},
        {{"key_password=k"}, "without cert"},
        {{"proxy_auth=k"}, "proxy_auth has no use without proxy"},
        {{"starttls_name=a"}, "without starttls"},
        {{"starttls_name=a", "starttls=auto"}, NULL},
        {{"tls_min=1.3", "tls_max=1.2"}, "no version is left"},
        {{"tls_min=1.2", "tls_max=1.2"}, NULL},
        {{"addresses=all", "proxy=http://p"}, "cannot go through a proxy"},
        {{"cert=c"}, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(sets); i++) {
        struct tls_options *o = options_of(sets[i].texts);
        struct err e = {0};

        assert_int_equal(tls_options_check(o, &e), !sets[i].words);
        if (sets[i].words && !strstr(e.message, sets[i].words))
            fail_msg("%zu: %s", i, e.message);
        tls_options_drop(o);
    }
}

static void test_of_a_target(void **state)
{
    static const struct {
        const char *options[3], *host, *text, *name, *place;
        enum starttls protocol;
        bool is_ip;
    } targets[] = {
        {{0}, "a.example", "a.example:443", "a.example", "a.example:443", STARTTLS_NONE, false},
        {{"starttls=smtp"},
         "a.example",
         "a.example:25",
         "a.example",
         "a.example:25",
         STARTTLS_SMTP,
         false},
        {{"starttls=smtp"},
         "a.example:2525",
         "a.example:2525",
         "a.example",
         "a.example:2525",
         STARTTLS_SMTP,
         false},
        {{"starttls=auto"},
         "a.example",
         "a.example:443",
         "a.example",
         "a.example:443",
         STARTTLS_NONE,
         false},
        {{"starttls=auto"},
         "a.example:587",
         "a.example:587",
         "a.example",
         "a.example:587",
         STARTTLS_SMTP,
         false},
        {{"name=b.example"},
         "192.0.2.1",
         "192.0.2.1:443",
         "b.example",
         "192.0.2.1:443",
         STARTTLS_NONE,
         false},
        {{"name=::1"}, "a.example", "a.example:443", "::1", "a.example:443", STARTTLS_NONE, true},
        {{"connect_to=::1"},
         "a.example:8443",
         "a.example:8443",
         "a.example",
         "[::1]:8443",
         STARTTLS_NONE,
         false},
        {{"connect_to=b.example:1"},
         "192.0.2.1",
         "192.0.2.1:443",
         "192.0.2.1",
         "b.example:1",
         STARTTLS_NONE,
         true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(targets); i++) {
        struct tls_options *o = options_of(targets[i].options);
        struct tls_target t;
        struct tls_place place;
        struct err e;
        char text[TLS_TARGET_TEXT];
        bool is_ip;

        assert_true(tls_target_parse(str_of(targets[i].host), &t, &e));
        t.options = o;
        place = tls_target_place(&t);
        assert_string_equal(tls_target_text(&t, text), targets[i].text);
        assert_string_equal(tls_place_text(&place, text), targets[i].place);
        assert_string_equal(tls_target_name(&t, &is_ip), targets[i].name);
        assert_int_equal(is_ip, targets[i].is_ip);
        assert_int_equal(tls_target_starttls(&t), targets[i].protocol);
        tls_options_drop(o);
    }
}

static void test_held_and_dropped(void **state)
{
    struct tls_options *o = OPTIONS("ca=x");

    (void)state;
    assert_ptr_equal(tls_options_hold(o), o);
    tls_options_drop(o);
    assert_string_equal(o->ca, "x");
    tls_options_drop(o);
    assert_null(tls_options_hold(NULL));
    tls_options_drop(NULL);
    for (size_t i = 1; tls_option_names[i]; i++)
        assert_true(strcmp(tls_option_names[i - 1], tls_option_names[i]) < 0);
}

static void test_copies(void **state)
{
    struct tls_options *o = OPTIONS("ca=x", "cert=c", "key=k", "crl=r", "starttls=smtp");
    struct tls_options *copy = tls_options_copy(o), *empty = tls_options_copy(NULL);
    struct err e;

    (void)state;
    assert_true(tls_options_add(copy, STR_LIT("ca=y"), &e));
    assert_string_equal(o->ca, "x");
    tls_options_drop(o);
    assert_string_equal(copy->cert, "c");
    assert_int_equal(copy->starttls, STARTTLS_SMTP);
    assert_null(empty->ca);
    tls_options_drop(copy);
    tls_options_drop(empty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads),
        cmocka_unit_test(test_later_ones_win),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_long_values),
        cmocka_unit_test(test_contradictions),
        cmocka_unit_test(test_of_a_target),
        cmocka_unit_test(test_held_and_dropped),
        cmocka_unit_test(test_copies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
