// tls_ocsp_test.c - which OCSP responses are believed, and what they say.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_ocsp.h"

#include <openssl/ocsp.h>

#include "base/arena.h"
#include "tls_findings.h"
#include "tls_fixture.h"

enum signer {
    BY_ISSUER,
    BY_DELEGATE,   // signed by the issuer, for OCSP
    BY_SERVER,     // signed by the issuer, for something else
    BY_EXPIRED,    // a delegate of last year
    BY_OTHER_ROOT, // somebody else's delegate
    BY_STRANGER,   // calls itself like the issuer
    BY_FORGER,     // the stranger's delegate
    SIGNERS,
};

struct answer {
    enum signer signer;
    int status;   // V_OCSP_CERTSTATUS_...
    int reason;   // OCSP_REVOKED_STATUS_...
    int from, to; // days from now; to 0: no next update
    int serial;   // 0: the leaf's
    bool is_sha256;
};

static struct fixture_cert issuer, leaf, stapled_leaf, signers[SIGNERS];

static int set_up(void **state)
{
    struct fixture_options o = {.cn = "Issuer", .is_ca = true, .start_days = -9, .end_days = 999};
    struct fixture_cert other;

    (void)state;
    issuer = fixture_make(&o);
    signers[BY_STRANGER] = fixture_make(&o);
    o.cn = "Other";
    other = fixture_make(&o);
    o = (struct fixture_options){.cn = "leaf", .issuer = &issuer, .start_days = -9, .end_days = 99};
    leaf = fixture_make(&o);
    o.extensions[0] = (struct fixture_extension){NID_tlsfeature, "status_request"};
    stapled_leaf = fixture_make(&o);
    o.serial = 1;
    o.cn = "Responder";
    o.extensions[0] = (struct fixture_extension){NID_ext_key_usage, "OCSPSigning"};
    signers[BY_DELEGATE] = fixture_make(&o);
    o.end_days = -1;
    signers[BY_EXPIRED] = fixture_make(&o);
    o.end_days = 99;
    o.issuer = &other;
    signers[BY_OTHER_ROOT] = fixture_make(&o);
    o.issuer = &signers[BY_STRANGER];
    signers[BY_FORGER] = fixture_make(&o);
    o.issuer = &issuer;
    o.extensions[0].value = "serverAuth";
    signers[BY_SERVER] = fixture_make(&o);
    signers[BY_ISSUER] = issuer;
    fixture_free(&other);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIGNERS; i++)
        fixture_free(&signers[i]);
    fixture_free(&leaf);
    fixture_free(&stapled_leaf);
    return 0;
}

static ASN1_TIME *day(int days)
{
    return ASN1_GENERALIZEDTIME_adj(NULL, FIXTURE_NOW.us / 1000000, days, 0);
}

static struct str answer_make(const struct answer *a, struct arena *arena)
{
    const struct fixture_cert *signer = &signers[a->signer];
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    OCSP_CERTID *id =
        OCSP_cert_to_id(a->is_sha256 ? EVP_sha256() : EVP_sha1(), leaf.x509, issuer.x509);
    ASN1_TIME *revoked = a->status == V_OCSP_CERTSTATUS_REVOKED ? day(-5) : NULL;
    ASN1_TIME *from = day(a->from), *to = a->to ? day(a->to) : NULL;
    ASN1_INTEGER *serial = NULL;
    OCSP_RESPONSE *response;
    unsigned char *der = NULL;
    struct str kept;
    int n;

    OCSP_id_get0_info(NULL, NULL, NULL, &serial, id);
    if (a->serial)
        ASN1_INTEGER_set(serial, a->serial);
    assert_non_null(OCSP_basic_add1_status(basic, id, a->status, a->reason, revoked, from, to));
    assert_true(OCSP_basic_sign(basic, signer->x509, signer->key, EVP_sha256(), NULL, 0));
    response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    n = i2d_OCSP_RESPONSE(response, &der);
    kept = arena_copy(arena, (struct str){(char *)der, (size_t)n});
    OPENSSL_free(der);
    OCSP_RESPONSE_free(response);
    OCSP_BASICRESP_free(basic);
    OCSP_CERTID_free(id);
    ASN1_TIME_free(revoked);
    ASN1_TIME_free(from);
    ASN1_TIME_free(to);
    return kept;
}

// What is found when this response comes with that certificate.
static struct tls_ocsp judge(struct str response, X509 *certificate, X509 *above,
                             struct tls_findings *f)
{
    const struct tls_policy policy = {0};
    STACK_OF(X509) *chain = sk_X509_new_null();
    struct tls_evidence evidence = {
        .leaf = certificate, .verified = chain, .now = FIXTURE_NOW, .policy = &policy};
    struct tls_ocsp ocsp;

    sk_X509_push(chain, certificate);
    if (above)
        sk_X509_push(chain, above);
    tls_ocsp_judge(&evidence, response, TLS_SOURCE_STAPLE, f, &ocsp);
    sk_X509_free(chain);
    return ocsp;
}

static const struct {
    struct answer answer;
    const char *status, *codes, *words;
} rows[] = {
    {{.from = -1, .to = 6}, "good", "", NULL},
    {{.from = -1, .to = 6, .is_sha256 = true}, "good", "", NULL},
    {{.from = -1}, "good", "", NULL},
    {{.signer = BY_DELEGATE, .from = -1, .to = 6}, "good", "", NULL},
    {{.status = V_OCSP_CERTSTATUS_REVOKED, .reason = 1, .from = -1, .to = 6},
     "revoked",
     "revoked@0=critical",
     "revoked, 2025-12-27 00:00 UTC (keyCompromise, says the OCSP staple)"},
    {{.status = V_OCSP_CERTSTATUS_REVOKED, .reason = -1, .from = -9, .to = -6},
     "revoked",
     "revoked@0=critical",
     "no reason given"},
    {{.signer = BY_DELEGATE, .status = V_OCSP_CERTSTATUS_REVOKED, .from = -1, .to = 6},
     "revoked",
     "revoked@0=critical",
     NULL},
    {{.status = V_OCSP_CERTSTATUS_UNKNOWN, .from = -1, .to = 6},
     "unknown",
     "ocsp_unknown@0=warning",
     NULL},
    {{.from = -9, .to = -2}, "good", "ocsp_stale@0=warning", "since 2025-12-30 00:00 UTC, 2d ago"},
    {{.from = 1, .to = 6}, "good", "ocsp_unusable@0=warning", "from the future"},
    {{.from = -1, .to = 6, .serial = 99}, "none", "ocsp_unusable@0=warning", "another certificate"},
    {{.signer = BY_SERVER, .from = -1, .to = 6},
     "none",
     "ocsp_unusable@0=warning",
     "its signature"},
    {{.signer = BY_EXPIRED, .from = -1, .to = 6},
     "none",
     "ocsp_unusable@0=warning",
     "its signature"},
    {{.signer = BY_OTHER_ROOT, .from = -1, .to = 6},
     "none",
     "ocsp_unusable@0=warning",
     "its signature"},
    {{.signer = BY_FORGER, .from = -1, .to = 6},
     "none",
     "ocsp_unusable@0=warning",
     "its signature"},
    {{.signer = BY_STRANGER, .status = V_OCSP_CERTSTATUS_REVOKED, .from = -1, .to = 6},
     "none",
     "ocsp_unusable@0=warning",
     "its signature"},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct tls_findings f = {.arena = arena_new(1024)};
        struct str response = answer_make(&rows[i].answer, f.arena);
        struct tls_ocsp ocsp = judge(response, leaf.x509, issuer.x509, &f);

        findings_are(&f, rows[i].codes, i);
        assert_string_equal(tls_revocation_name(ocsp.status), rows[i].status);
        assert_string_equal(tls_source_name(ocsp.source), "staple");
        assert_int_equal(ocsp.is_signed, ocsp.status != TLS_REVOCATION_NONE);
        if (rows[i].words)
            assert_non_null(strstr(f.v[0].words.p, rows[i].words));
        arena_free(f.arena);
    }
    assert_null(tls_source_name(TLS_SOURCE_NONE));
}

static void test_what_is_no_answer(void **state)
{
    struct tls_findings f = {.arena = arena_new(1024)};
    const struct answer good = {.from = -1, .to = 6};
    struct str response = answer_make(&good, f.arena);

    (void)state;
    (void)judge(STR_LIT(""), leaf.x509, issuer.x509, &f);
    findings_are(&f, "ocsp_unusable@0=warning", 0);
    f.len = 0;
    (void)judge(STR_LIT("\x30\x03\x0a\x01\x03"), leaf.x509, issuer.x509, &f); // tryLater
    findings_are(&f, "ocsp_unusable@0=warning", 1);
    assert_non_null(strstr(f.v[0].words.p, "trylater"));
    f.len = 0;
    for (size_t n = 0; n < response.len; n++)
        (void)judge(str_cut(response, 0, n), leaf.x509, issuer.x509, &f);
    findings_are(&f, "ocsp_unusable@0=warning", 2);
    f.len = 0;
    (void)judge(response, leaf.x509, NULL, &f);
    findings_are(&f, "ocsp_unusable@0=warning", 3);
    assert_non_null(strstr(f.v[0].words.p, "issuer's certificate is missing"));
    arena_free(f.arena);
}

// Without a staple that counts, such a certificate is not accepted.
static void test_must_staple(void **state)
{
    struct tls_findings f = {.arena = arena_new(1024)};
    struct answer stale = {.from = -9, .to = -2};
    struct answer unknown = {.status = V_OCSP_CERTSTATUS_UNKNOWN, .from = -1, .to = 6};

    (void)state;
    (void)judge(answer_make(&stale, f.arena), stapled_leaf.x509, issuer.x509, &f);
    findings_are(&f, "ocsp_stale@0=critical", 0);
    f.len = 0;
    (void)judge(STR_LIT("x"), stapled_leaf.x509, issuer.x509, &f);
    findings_are(&f, "ocsp_unusable@0=critical", 1);
    f.len = 0;
    (void)judge(answer_make(&unknown, f.arena), stapled_leaf.x509, issuer.x509, &f);
    findings_are(&f, "ocsp_unknown@0=critical", 2);
    arena_free(f.arena);
}

static void test_request(void **state)
{
    struct arena *arena = arena_new(1024);
    STACK_OF(X509) *chain = sk_X509_new_null();
    struct tls_evidence evidence = {.leaf = leaf.x509, .verified = chain};
    const unsigned char *p;
    OCSP_REQUEST *request;
    struct str der;

    (void)state;
    sk_X509_push(chain, leaf.x509);
    assert_int_equal(tls_ocsp_request(&evidence, arena).len, 0);
    sk_X509_push(chain, issuer.x509);
    der = tls_ocsp_request(&evidence, arena);
    p = (const unsigned char *)der.p;
    request = d2i_OCSP_REQUEST(NULL, &p, (long)der.len);
    assert_non_null(request);
    assert_int_equal(OCSP_request_onereq_count(request), 1);
    OCSP_REQUEST_free(request);
    sk_X509_free(chain);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_what_is_no_answer),
        cmocka_unit_test(test_must_staple),
        cmocka_unit_test(test_request),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
