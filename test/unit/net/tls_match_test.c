// tls_match_test.c - which names cover which hosts.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_match.h"

#include "net/tls_target.h"

#include "base/arena.h"
#include "tls_findings.h"
#include "tls_fixture.h"
#include "tls_read.h"

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

static void add_torn_names(X509 *x509)
{
    static unsigned char half[] = {0x30, 0x05, 0x82, 0x09, 'a', 'b', 'c'};
    ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
    X509_EXTENSION *torn;

    ASN1_OCTET_STRING_set(octets, half, sizeof half);
    torn = X509_EXTENSION_create_by_NID(NULL, NID_subject_alt_name, 0, octets);
    X509_add_ext(x509, torn, -1);
    X509_EXTENSION_free(torn);
    ASN1_OCTET_STRING_free(octets);
}

static void test_host_findings(void **state)
{
    struct fixture_cert c = fixture_make(
        &(struct fixture_options){.cn = "x", .sans = "DNS:a,DNS:b,DNS:c,DNS:d,DNS:e,DNS:f,DNS:g"});
    struct fixture_cert bare = fixture_make(&(struct fixture_options){.cn = "cn.example"});
    struct tls_findings f = {.arena = arena_new(1024)};
    struct tls_evidence evidence = {.leaf = c.x509, .host = "a"};
    struct tls_cert read;

    (void)state;
    cert_read(c.x509, TLS_SANS_MAX, f.arena, &read);
    assert_true(tls_match_judge_host(&evidence, &read, &f));
    findings_are(&f, "", 0);
    evidence.host = "z.example";
    assert_false(tls_match_judge_host(&evidence, &read, &f));
    findings_are(&f, "hostname_mismatch@0=critical", 1);
    assert_int_equal(f.v[0].openssl, X509_V_ERR_HOSTNAME_MISMATCH);
    assert_string_equal(f.v[0].words.p,
                        "hostname mismatch: the certificate does not name z.example, but DNS:a, "
                        "DNS:b, DNS:c, DNS:d, DNS:e and 2 more");
    f.len = 0;
    evidence.leaf = bare.x509;
    evidence.host = "192.0.2.1";
    evidence.is_ip = true;
    cert_read(bare.x509, TLS_SANS_MAX, f.arena, &read);
    assert_false(tls_match_judge_host(&evidence, &read, &f));
    assert_int_equal(f.v[0].openssl, X509_V_ERR_IP_ADDRESS_MISMATCH);
    assert_non_null(strstr(f.v[0].words.p, "no subject alternative names at all"));
    f.len = 0;
    add_torn_names(bare.x509);
    assert_false(tls_match_judge_host(&evidence, &read, &f));
    assert_non_null(strstr(f.v[0].words.p, "empty, or cannot be read"));
    evidence.host = NULL;
    assert_true(tls_match_judge_host(&evidence, &read, &f));
    arena_free(f.arena);
    fixture_free(&c);
    fixture_free(&bare);
}

static void pin_set(struct tls_policy *policy, const char *name, struct str value)
{
    struct err e;

    assert_true(tls_policy_set(policy, str_of(name), value, &e));
}

static void test_pins(void **state)
{
    struct fixture_cert issuer =
        fixture_make(&(struct fixture_options){.cn = "Issuer", .is_ca = true});
    struct fixture_cert c = fixture_make(&(struct fixture_options){.cn = "x", .issuer = &issuer});
    STACK_OF(X509) *chain = sk_X509_new_null();
    struct tls_policy none = {0}, other = {0}, policy = {0};
    struct tls_evidence evidence = {.leaf = c.x509, .verified = chain, .policy = &none};
    struct tls_findings f = {.arena = arena_new(1024)};
    struct tls_cert leaf, above;

    (void)state;
    sk_X509_push(chain, c.x509);
    sk_X509_push(chain, issuer.x509);
    cert_read(c.x509, 0, f.arena, &leaf);
    cert_read(issuer.x509, 0, f.arena, &above);
    tls_match_judge_pins(&evidence, &f);
    findings_are(&f, "", 0);

    evidence.policy = &other;
    pin_set(&other, "pin", above.sha256); // of a certificate above: only keys count there
    pin_set(&other, "previous", above.sha256);
    tls_match_judge_pins(&evidence, &f);
    findings_are(&f, "pin_mismatch@0=critical certificate_changed@0=ok", 1);

    f.len = 0;
    evidence.policy = &policy;
    for (int i = 0; i < 3; i++) {
        policy = (struct tls_policy){0};
        pin_set(&policy, "pin", above.sha256);
        pin_set(&policy, "pin",
                i == 0   ? leaf.sha256
                : i == 1 ? leaf.spki_sha256
                         : above.spki_sha256);
        pin_set(&policy, "previous", leaf.sha256);
        tls_match_judge_pins(&evidence, &f);
        findings_are(&f, "", 2);
    }
    arena_free(f.arena);
    sk_X509_free(chain);
    fixture_free(&c);
    fixture_free(&issuer);
}

// What is remembered of the place: any of it is no change; what was told counts before it.
static void test_known(void **state)
{
    struct fixture_cert c = fixture_make(&(struct fixture_options){.cn = "x"});
    struct tls_known known = {0};
    struct tls_policy policy = {0};
    struct tls_evidence evidence = {.leaf = c.x509, .policy = &policy, .known = &known};
    struct tls_findings f = {.arena = arena_new(1024)};
    struct tls_cert leaf;

    (void)state;
    tls_match_judge_pins(&evidence, &f); // nothing is known
    known.count = 2;
    memset(known.sha256, 1, sizeof known.sha256);
    X509_digest(c.x509, EVP_sha256(), known.sha256[1], NULL);
    tls_match_judge_pins(&evidence, &f);
    findings_are(&f, "", 0);
    known.count = 1;
    tls_match_judge_pins(&evidence, &f);
    findings_are(&f, "certificate_changed@0=ok", 1);
    f.len = 0;
    cert_read(c.x509, 0, f.arena, &leaf);
    pin_set(&policy, "previous", leaf.sha256);
    tls_match_judge_pins(&evidence, &f);
    findings_are(&f, "", 2);
    arena_free(f.arena);
    fixture_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),       cmocka_unit_test(test_nul_in_a_name),
        cmocka_unit_test(test_certificate), cmocka_unit_test(test_host_findings),
        cmocka_unit_test(test_pins),        cmocka_unit_test(test_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
