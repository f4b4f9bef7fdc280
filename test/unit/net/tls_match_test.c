// tls_match_test.c - which names cover which hosts.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_match.h"

#include "base/clock.h"
#include "tls_fixture.h"
#include "unit.h"

static const struct {
    const char *pattern, *host;
    bool matches;
} rows[] = {
    {"example.org", "example.org", true},
    {"Example.ORG", "eXample.org", true},
    {"example.org", "example.org.", true},
    {"example.org.", "example.org", false},
    {"example.org", "www.example.org", false},
    {"www.example.org", "example.org", false},
    {"*.example.org", "www.example.org", true},
    {"*.example.org", "WWW.Example.Org", true},
    {"*.example.org", "a_b.example.org", true},
    {"*.example.org", "xn--bcher-kva.example.org", true},
    {"*.example.org", "example.org", false},
    {"*.example.org", ".example.org", false},
    {"*.example.org", "a.b.example.org", false},
    {"*.example.org", "www.example.com", false},
    {"*.org", "example.org", false},
    {"*.", "example.", false},
    {"*", "localhost", false},
    {"*..org", "a..org", false},
    {"w*.example.org", "www.example.org", false},
    {"*w.example.org", "www.example.org", false},
    {"www.*.org", "www.example.org", false},
    {"*.*.org", "a.b.org", false},
    {"", "", false},
    {"", "example.org", false},
    {"a", "a", true},
};

static void test_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (tls_match_name(str_of(rows[i].pattern), str_of(rows[i].host)) != rows[i].matches)
            fail_msg("%s for %s", rows[i].pattern, rows[i].host);
}

static void test_nul_in_a_name(void **state)
{
    (void)state;
    assert_false(
        tls_match_name((struct str){"bank.example\0.evil.org", 22}, STR_LIT("bank.example")));
}

static void test_certificate(void **state)
{
    struct fixture_cert c = fixture_make(&(struct fixture_options){
        .cn = "cn.example",
        .sans = "email:a@mail.example,URI:http://uri.example/,DNS:one.example,DNS:*.two.example,"
                "IP:192.0.2.7,IP:2001:db8::7,DNS:192.0.2.8",
        .end_days = 1,
    });
    struct fixture_cert bare = fixture_make(&(struct fixture_options){.cn = "cn.example"});

    (void)state;
    assert_true(tls_match_certificate(c.x509, "one.example", false));
    assert_true(tls_match_certificate(c.x509, "x.two.example", false));
    assert_false(tls_match_certificate(c.x509, "cn.example", false));
    assert_false(tls_match_certificate(c.x509, "mail.example", false));
    assert_false(tls_match_certificate(c.x509, "uri.example", false));
    assert_true(tls_match_certificate(c.x509, "192.0.2.7", true));
    assert_true(tls_match_certificate(c.x509, "2001:DB8:0::7", true));
    assert_false(tls_match_certificate(c.x509, "192.0.2.8", true));
    assert_false(tls_match_certificate(c.x509, "::ffff:192.0.2.7", true));
    assert_false(tls_match_certificate(bare.x509, "cn.example", false));
    fixture_free(&c);
    fixture_free(&bare);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_nul_in_a_name),
        cmocka_unit_test(test_certificate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
