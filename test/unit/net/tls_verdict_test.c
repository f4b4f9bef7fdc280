// tls_verdict_test.c - OpenSSL's complaints become belfry's words, each once, the nearest first.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_verdict.h"

#include "base/arena.h"
#include "tls_fixture.h"
#include "unit.h"

static void test_codes(void **state)
{
    (void)state;
    assert_string_equal(tls_verdict_code(X509_V_ERR_CERT_HAS_EXPIRED, 1), "expired");
    assert_string_equal(tls_verdict_code(X509_V_ERR_CERT_NOT_YET_VALID, 1), "not_yet_valid");
    assert_string_equal(tls_verdict_code(X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, 1), "self_signed");
    assert_string_equal(tls_verdict_code(X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, 2),
                        "untrusted_root");
    assert_string_equal(tls_verdict_code(X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, 1),
                        "incomplete_chain");
    assert_string_equal(tls_verdict_code(X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, 3),
                        "untrusted_root");
    assert_string_equal(tls_verdict_code(X509_V_ERR_CA_MD_TOO_WEAK, 1), "weak_signature");
    assert_string_equal(tls_verdict_code(99999, 1), "verify_other");
}

static void test_each_once_and_bounded(void **state)
{
    struct tls_verdict v = {0};

    (void)state;
    for (int i = 0; i < 3; i++)
        tls_verdict_add(&v, 0, 10);
    tls_verdict_add(&v, 1, 10);
    assert_int_equal(v.count, 2);
    for (int i = 0; i < 1000; i++)
        tls_verdict_add(&v, 2, i);
    assert_int_equal(v.count, TLS_PROBLEMS_MAX - 1);
}

static void test_report(void **state)
{
    struct fixture_cert c = fixture_make(&(struct fixture_options){.cn = "x"});
    struct tls_result r = {.arena = arena_new(1024), .chain_count = 3, .target.host = "h.example"};
    struct tls_verdict v = {0};

    (void)state;
    for (int i = 0; i < TLS_PROBLEMS_MAX; i++)
        tls_verdict_add(&v, 1 + i % 2, i < 2 ? X509_V_ERR_CERT_HAS_EXPIRED : 1000 + i);
    tls_verdict_add(&v, 2, 9);
    tls_verdict_report(&v, c.x509, &r);
    assert_int_equal(r.problem_count, TLS_PROBLEMS_MAX);
    assert_string_equal(r.problems[0].code, "hostname_mismatch");
    assert_int_equal(r.problems[0].openssl, X509_V_ERR_HOSTNAME_MISMATCH);
    assert_non_null(strstr(r.problems[0].words.p, "no subject alternative names"));
    for (size_t i = 1; i < r.problem_count; i++)
        assert_true(r.problems[i - 1].depth <= r.problems[i].depth);
    assert_string_equal(r.problems[1].words.p, "certificate has expired");
    assert_false(r.is_verified);
    arena_free(r.arena);
    fixture_free(&c);
}

// The callback's "go on" is what keeps the certificate's data; it notes nothing when all is well.
static void test_callback_goes_on(void **state)
{
    X509_STORE_CTX *store = X509_STORE_CTX_new();
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(context);
    struct tls_verdict v = {0};

    (void)state;
    SSL_set_app_data(ssl, &v);
    assert_true(X509_STORE_CTX_init(store, NULL, NULL, NULL));
    X509_STORE_CTX_set_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx(), ssl);
    X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_HAS_EXPIRED);
    X509_STORE_CTX_set_error_depth(store, 2);
    assert_int_equal(tls_verdict_callback(1, store), 1);
    assert_int_equal(v.count, 0);
    assert_int_equal(tls_verdict_callback(0, store), 1);
    assert_int_equal(v.count, 1);
    assert_int_equal(v.seen[0].depth, 2);
    X509_STORE_CTX_free(store);
    SSL_free(ssl);
    SSL_CTX_free(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_each_once_and_bounded),
        cmocka_unit_test(test_report),
        cmocka_unit_test(test_callback_goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
