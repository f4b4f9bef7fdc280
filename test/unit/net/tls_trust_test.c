// tls_trust_test.c - roots and revocation lists, read once and again when they change.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_trust.h"

#include <sys/stat.h>

#include "tls_fixture.h"
#include "unit.h"

static struct fixture_cert root;

static int set_up(void **state)
{
    (void)state;
    root = fixture_make(&(struct fixture_options){.cn = "Root", .is_ca = true});
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fixture_free(&root);
    return 0;
}

static mono at(int seconds)
{
    return (mono){seconds * INT64_C(1000000)};
}

// A file with so many lists, last changed at that time.
static void lists_put(const char *path, int count, time_t changed)
{
    const struct timespec times[2] = {{.tv_sec = changed}, {.tv_sec = changed}};
    FILE *file = fopen(path, "w");
    X509_CRL *list = X509_CRL_new();
    ASN1_TIME *time = ASN1_TIME_set(NULL, 0);

    assert_non_null(file);
    X509_CRL_set_issuer_name(list, X509_get_subject_name(root.x509));
    X509_CRL_set1_lastUpdate(list, time);
    X509_CRL_sign(list, root.key, EVP_sha256());
    for (int i = 0; i < count; i++)
        assert_true(PEM_write_X509_CRL(file, list));
    fclose(file);
    assert_return_code(utimensat(AT_FDCWD, path, times, 0), 0);
    ASN1_TIME_free(time);
    X509_CRL_free(list);
}

static void test_lists(void **state)
{
    char path[] = "/tmp/belfry-lists-XXXXXX";
    struct tls_trust *trust = tls_trust_new(NULL);
    STACK_OF(X509_CRL) * lists, *again;
    struct err e = {0};

    (void)state;
    close(mkstemp(path));
    assert_false(tls_trust_lists(trust, path, at(1), &lists, &e));
    assert_int_equal(e.code, ERR_INPUT);
    lists_put(path, 1, 1000);
    assert_true(tls_trust_lists(trust, path, at(2), &lists, &e));
    assert_int_equal(sk_X509_CRL_num(lists), 1);
    lists_put(path, 2, 2000);
    assert_true(tls_trust_lists(trust, path, at(3), &again, &e)); // not looked at so soon
    assert_ptr_equal(again, lists);
    assert_true(tls_trust_lists(trust, path, at(20), &lists, &e));
    assert_int_equal(sk_X509_CRL_num(lists), 2);
    assert_true(tls_trust_lists(trust, path, at(40), &again, &e));
    assert_ptr_equal(again, lists); // it has not changed
    unlink(path);
    tls_trust_free(trust);
}

static void test_no_more_than_so_many_files(void **state)
{
    struct tls_trust *trust = tls_trust_new(NULL);
    char paths[TLS_TRUST_SETS + 2][40];
    STACK_OF(X509_CRL) * lists;
    struct err e;

    (void)state;
    for (int i = 0; i < TLS_TRUST_SETS + 2; i++) {
        snprintf(paths[i], sizeof paths[i], "/tmp/belfry-lists-XXXXXX");
        close(mkstemp(paths[i]));
        lists_put(paths[i], i + 1, 1000);
    }
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < TLS_TRUST_SETS + 2; i++) {
            assert_true(tls_trust_lists(trust, paths[i], at(100 * round + i), &lists, &e));
            assert_int_equal(sk_X509_CRL_num(lists), i + 1);
        }
    for (int i = 0; i < TLS_TRUST_SETS + 2; i++)
        unlink(paths[i]);
    tls_trust_free(trust);
}

static void test_whose_roots(void **state)
{
    struct tls_trust *system = tls_trust_new(NULL), *given = tls_trust_new("/nonexistent");
    SSL_CTX *context;
    struct err e;

    (void)state;
    assert_true(tls_trust_is_system(system));
    assert_false(tls_trust_is_system(given));
    assert_true(tls_trust_context(system, NULL, at(1), &context, &e));
    assert_false(tls_trust_context(given, NULL, at(1), &context, &e));
    assert_int_equal(e.code, ERR_TLS);
    tls_trust_free(system);
    tls_trust_free(given);
    tls_trust_free(NULL);
}

static void test_roots_as_text(void **state)
{
    struct tls_trust *trust = tls_trust_new(NULL);
    BIO *bio = BIO_new(BIO_s_mem());
    SSL_CTX *context;
    struct err e = {0};
    char *text;

    (void)state;
    assert_true(PEM_write_bio_X509(bio, root.x509));
    BIO_write(bio, "", 1);
    BIO_get_mem_data(bio, &text);
    assert_true(tls_trust_context(trust, text, at(1), &context, &e));
    assert_int_equal(sk_X509_OBJECT_num(X509_STORE_get0_objects(SSL_CTX_get_cert_store(context))),
                     1);
    assert_true(tls_trust_has_roots(trust, text));
    assert_false(tls_trust_context(trust, "-----BEGIN CERTIFICATE-----\n", at(1), &context, &e));
    assert_int_equal(e.code, ERR_TLS);
    BIO_free(bio);
    tls_trust_free(trust);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_no_more_than_so_many_files),
        cmocka_unit_test(test_whose_roots),
        cmocka_unit_test(test_roots_as_text),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
