// tls_verdict_test.c - one pass, and everything that is wrong is found.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_verdict.h"

#include "base/arena.h"
#include "tls_findings.h"
#include "tls_fixture.h"

static void test_all_at_once(void **state)
{
    struct fixture_cert issuer = fixture_make(&(struct fixture_options){
        .cn = "Issuer", .is_ca = true, .start_days = -99, .end_days = 20});
    struct fixture_cert leaf = fixture_make(&(struct fixture_options){.cn = "x",
                                                                      .issuer = &issuer,
                                                                      .start_days = -9,
                                                                      .end_days = -1,
                                                                      .key = "RSA1024",
                                                                      .digest = EVP_sha1()});
    STACK_OF(X509) *chain = sk_X509_new_null();
    const struct tls_policy policy = {.pin_count = 1, .has_previous = true};
    struct tls_evidence evidence = {.leaf = leaf.x509,
                                    .presented = chain,
                                    .verified = chain,
                                    .host = "h.example",
                                    .now = FIXTURE_NOW,
                                    .policy = &policy};
    struct tls_result r = {.arena = arena_new(1024), .code = "internal"};
    struct tls_notes notes = {0};

    (void)state;
    r.findings.arena = r.arena;
    sk_X509_push(chain, leaf.x509);
    sk_X509_push(chain, issuer.x509);
    tls_notes_add(&notes, 0, X509_V_ERR_CERT_HAS_EXPIRED);
    tls_notes_add(&notes, 0, X509_V_ERR_EE_KEY_TOO_SMALL);
    tls_notes_add(&notes, 1, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN);
    tls_verdict_report(&evidence, &notes, &r);
    tls_result_conclude(&r);
    findings_are(&r.findings,
                 "hostname_mismatch@0=critical pin_mismatch@0=critical untrusted_root@1=critical "
                 "expired@0=critical weak_key@0=critical weak_signature@0=critical "
                 "chain_expires_soon@1=warning certificate_changed@0=ok chain_extra@-1=ok",
                 0);
    assert_string_equal(r.code, "hostname_mismatch");
    assert_false(r.is_verified || r.is_host_ok);
    assert_true(r.is_changed && r.is_host_asked);
    assert_int_equal(r.anchor, TLS_ANCHOR_NONE);
    assert_int_equal(r.chain_total, 2);
    assert_string_equal(r.leaf->subject.p, "CN = x");
    assert_string_equal(r.subject_repr.p, "<Name(CN=x)>");
    assert_string_equal(r.chain[1].subject.p, "CN = Issuer");
    assert_int_equal(r.verified_count, 2);
    assert_true(str_eq(r.verified[1], r.chain[1].sha256));
    assert_int_equal(r.verified_until.us, r.leaf->not_after.us);
    arena_free(r.arena);
    sk_X509_free(chain);
    fixture_free(&leaf);
    fixture_free(&issuer);
}

// Of a handshake that ended before the chain was built.
static void test_a_leaf_alone(void **state)
{
    struct fixture_cert leaf =
        fixture_make(&(struct fixture_options){.cn = "x", .start_days = -9, .end_days = 99});
    const struct tls_policy policy = {0};
    struct tls_evidence evidence = {.leaf = leaf.x509,
                                    .is_trusted = true,
                                    .is_custom = true,
                                    .now = FIXTURE_NOW,
                                    .policy = &policy};
    struct tls_result r = {.arena = arena_new(1024), .code = "internal"};
    const struct tls_notes notes = {0};

    (void)state;
    r.findings.arena = r.arena;
    tls_verdict_report(&evidence, &notes, &r);
    findings_are(&r.findings, "", 0);
    assert_int_equal(r.anchor, TLS_ANCHOR_CUSTOM);
    assert_int_equal(r.chain_count, 1);
    assert_int_equal(r.verified_count, 1);
    arena_free(r.arena);
    fixture_free(&leaf);
}

static void test_a_chain_without_end(void **state)
{
    struct fixture_cert leaf =
        fixture_make(&(struct fixture_options){.cn = "x", .start_days = -9, .end_days = 99});
    STACK_OF(X509) *chain = sk_X509_new_null();
    const struct tls_policy policy = {0};
    struct tls_evidence evidence = {
        .leaf = leaf.x509, .presented = chain, .now = FIXTURE_NOW, .policy = &policy};
    struct tls_result r = {.arena = arena_new(1024), .code = "internal"};
    const struct tls_notes notes = {0};

    (void)state;
    r.findings.arena = r.arena;
    sk_X509_push(chain, leaf.x509);
    for (int i = 0; i < 3000; i++)
        sk_X509_push(chain, X509_dup(leaf.x509));
    tls_verdict_report(&evidence, &notes, &r);
    assert_int_equal(r.chain_count, TLS_CHAIN_MAX);
    assert_int_equal(r.chain_total, 3001);
    arena_free(r.arena);
    sk_X509_shift(chain);
    sk_X509_pop_free(chain, X509_free);
    fixture_free(&leaf);
}

// Our "go on" is what keeps the certificate's data; nothing is noted when all is well.
static void test_verify_goes_on(void **state)
{
    struct fixture_cert leaf =
        fixture_make(&(struct fixture_options){.cn = "x", .start_days = -9, .end_days = 99});
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(context);
    STACK_OF(X509) *sent = sk_X509_new_null();
    struct tls_verdict v = {0};

    (void)state;
    SSL_set_app_data(ssl, &v);
    sk_X509_push(sent, leaf.x509);
    for (int trusted = 0; trusted < 2; trusted++) {
        X509_STORE_CTX *store = X509_STORE_CTX_new();

        if (trusted)
            X509_STORE_add_cert(SSL_CTX_get_cert_store(context), leaf.x509);
        assert_true(X509_STORE_CTX_init(store, SSL_CTX_get_cert_store(context), leaf.x509, sent));
        X509_STORE_CTX_set_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx(), ssl);
        X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(store), FIXTURE_NOW.us / 1000000);
        assert_int_equal(tls_verdict_verify(store, NULL), 1);
        assert_int_equal(v.notes.len, trusted ? 0 : 1);
        assert_true(trusted || v.notes.v[0].error == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT);
        assert_ptr_equal(v.leaf, leaf.x509);
        assert_int_equal(sk_X509_num(v.presented), 1);
        assert_int_equal(sk_X509_num(v.verified), 1);
        X509_STORE_CTX_free(store);
    }
    tls_verdict_done(&v);
    assert_null(v.leaf);
    tls_verdict_done(&v);
    sk_X509_free(sent);
    SSL_free(ssl);
    SSL_CTX_free(context);
    fixture_free(&leaf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_at_once),
        cmocka_unit_test(test_a_leaf_alone),
        cmocka_unit_test(test_a_chain_without_end),
        cmocka_unit_test(test_verify_goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
