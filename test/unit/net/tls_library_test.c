// tls_library_test.c - public keys of every kind are read without what was left out.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_library.h"

#include <openssl/decoder.h>

#include "tls_fixture.h"
#include "unit.h"

static X509 *read_with(OSSL_LIB_CTX *library, const struct fixture_cert *cert)
{
    unsigned char *der = NULL;
    int n = i2d_X509(cert->x509, &der);
    const unsigned char *p = der;
    X509 *x = X509_new_ex(library, NULL);

    assert_non_null(d2i_X509(&x, &p, n));
    OPENSSL_free(der);
    return x;
}

// The key is there, and its algorithms are: it verifies its own signature.
static void test_keys(void **state)
{
    static const char *const kinds[] = {"RSA1024", "RSA2048",   "DSA",     "P-256",
                                        "P-521",   "secp256k1", "ED25519", "ED448"};
    struct tls_library library;

    (void)state;
    assert_true(tls_library_init(&library));
    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct fixture_cert cert =
            fixture_make(&(struct fixture_options){.cn = "x", .key = kinds[i]});
        X509 *x = read_with(library.context, &cert);
        EVP_PKEY *key = X509_get0_pubkey(x);

        if (!key || EVP_PKEY_eq(key, cert.key) != 1 || X509_verify(x, key) != 1)
            fail_msg("%s", kinds[i]);
        X509_free(x);
        fixture_free(&cert);
    }
    tls_library_done(&library);
}

static void decoder_count(OSSL_DECODER *decoder, void *ctx)
{
    (void)decoder;
    ++*(int *)ctx;
}

static void cipher_count(EVP_CIPHER *cipher, void *ctx)
{
    (void)cipher;
    ++*(int *)ctx;
}

// What makes it quick: there is less to go through.
static void test_less_to_ask(void **state)
{
    struct tls_library library;
    int few = 0, all = 0, ciphers = 0, all_ciphers = 0;

    (void)state;
    assert_true(tls_library_init(&library));
    OSSL_DECODER_do_all_provided(library.context, decoder_count, &few);
    OSSL_DECODER_do_all_provided(tls_library_whole(), decoder_count, &all);
    assert_in_range(few, 5, 15);
    assert_true(all > 3 * few);
    EVP_CIPHER_do_all_provided(library.context, cipher_count, &ciphers);
    EVP_CIPHER_do_all_provided(tls_library_whole(), cipher_count, &all_ciphers);
    assert_in_range(ciphers, 8, 20);
    assert_true(all_ciphers > 3 * ciphers);
    tls_library_done(&library);
}

// All suites that are offered with the whole library are offered with ours.
static void test_suites(void **state)
{
    struct tls_library library;
    OSSL_LIB_CTX *libraries[2] = {NULL, tls_library_whole()};
    int counts[2];

    (void)state;
    assert_true(tls_library_init(&library));
    libraries[0] = library.context;
    for (size_t i = 0; i < 2; i++) {
        SSL_CTX *context = SSL_CTX_new_ex(libraries[i], NULL, TLS_client_method());

        assert_int_equal(
            SSL_CTX_set_cipher_list(
                context, "ALL:eNULL:!aNULL:!PSK:!SRP:!CAMELLIA:!ARIA:!AESCCM:!AESCCM8:@SECLEVEL=0"),
            1);
        counts[i] = sk_SSL_CIPHER_num(SSL_CTX_get_ciphers(context));
        SSL_CTX_free(context);
    }
    assert_true(counts[0] > 20);
    assert_int_equal(counts[0], counts[1]);
    tls_library_done(&library);
}

static void test_done_of_none(void **state)
{
    struct tls_library library = {0};

    (void)state;
    tls_library_done(&library);
    assert_non_null(tls_library_whole());
    assert_ptr_equal(tls_library_whole(), tls_library_whole());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_less_to_ask),
        cmocka_unit_test(test_suites),
        cmocka_unit_test(test_done_of_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
