// tls_crl_test.c - what revocation lists say, and which of them count.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_crl.h"

#include "base/arena.h"
#include "tls_findings.h"
#include "tls_fixture.h"

static struct fixture_cert root, middle, leaf, stranger;
static SSL_CTX *context;

static int set_up(void **state)
{
    struct fixture_options o = {.cn = "Root", .is_ca = true, .start_days = -99, .end_days = 999};

    (void)state;
    root = fixture_make(&o);
    o.cn = "Middle";
    stranger = fixture_make(&o); // calls itself like the middle
    o.issuer = &root;
    o.serial = 22;
    middle = fixture_make(&o);
    o = (struct fixture_options){
        .cn = "leaf", .issuer = &middle, .start_days = -9, .end_days = 99, .serial = 33};
    leaf = fixture_make(&o);
    context = SSL_CTX_new(TLS_client_method());
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), root.x509);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    SSL_CTX_free(context);
    fixture_free(&root);
    fixture_free(&middle);
    fixture_free(&leaf);
    fixture_free(&stranger);
    return 0;
}

// serial 0: nobody is revoked; days from now.
static X509_CRL *list_make(const struct fixture_cert *issuer, int serial, int from, int to)
{
    X509_CRL *list = X509_CRL_new();
    ASN1_TIME *start = ASN1_TIME_adj(NULL, FIXTURE_NOW.us / 1000000, from, 0);
    ASN1_TIME *end = ASN1_TIME_adj(NULL, FIXTURE_NOW.us / 1000000, to, 0);

    X509_CRL_set_version(list, 1);
    X509_CRL_set_issuer_name(list, X509_get_subject_name(issuer->x509));
    X509_CRL_set1_lastUpdate(list, start);
    X509_CRL_set1_nextUpdate(list, end);
    if (serial) {
        X509_REVOKED *revoked = X509_REVOKED_new();
        ASN1_INTEGER *number = ASN1_INTEGER_new();

        ASN1_INTEGER_set(number, serial);
        X509_REVOKED_set_serialNumber(revoked, number);
        X509_REVOKED_set_revocationDate(revoked, start);
        X509_CRL_add0_revoked(list, revoked);
        ASN1_INTEGER_free(number);
    }
    X509_CRL_sort(list);
    assert_true(X509_CRL_sign(list, issuer->key, EVP_sha256()) > 0);
    ASN1_TIME_free(start);
    ASN1_TIME_free(end);
    return list;
}

static const struct {
    struct {
        const struct fixture_cert *issuer;
        int serial, from, to;
    } lists[2];
    const char *status, *codes;
} rows[] = {
    {{{&middle, 0, -1, 6}, {&root, 0, -1, 6}}, "good", ""},
    {{{&middle, 33, -1, 6}, {&root, 0, -1, 6}}, "revoked", "revoked@0=critical"},
    {{{&middle, 34, -1, 6}, {&root, 0, -1, 6}}, "good", ""},
    {{{&middle, 0, -1, 6}, {&root, 22, -1, 6}}, "good", "revoked@1=critical"},
    {{{&middle, 0, -1, 6}}, "good", "crl_missing@1=ok"},
    {{{&root, 0, -1, 6}}, "none", "crl_missing@0=ok"},
    {{{&middle, 0, -9, -2}, {&root, 0, -1, 6}}, "good", "crl_stale@0=warning"},
    {{{&middle, 33, -9, -2}, {&root, 0, -1, 6}},
     "revoked",
     "crl_stale@0=warning revoked@0=critical"},
    {{{&middle, 0, 1, 6}, {&root, 0, -1, 6}}, "none", "crl_unusable@0=warning"},
    {{{&stranger, 33, -1, 6}, {&root, 0, -1, 6}}, "none", "crl_unusable@0=warning"},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        STACK_OF(X509) *chain = sk_X509_new_null();
        STACK_OF(X509_CRL) *lists = sk_X509_CRL_new_null();
        struct tls_evidence evidence = {
            .leaf = leaf.x509, .presented = chain, .verified = chain, .now = FIXTURE_NOW};
        struct tls_findings f = {.arena = arena_new(1024)};
        struct tls_crl crl;

        sk_X509_push(chain, leaf.x509);
        sk_X509_push(chain, middle.x509);
        sk_X509_push(chain, root.x509);
        for (size_t k = 0; k < 2 && rows[i].lists[k].issuer; k++)
            sk_X509_CRL_push(lists, list_make(rows[i].lists[k].issuer, rows[i].lists[k].serial,
                                              rows[i].lists[k].from, rows[i].lists[k].to));
        tls_crl_judge(&evidence, context, lists, TLS_SOURCE_FILE, &f, &crl);
        findings_are(&f, rows[i].codes, i);
        assert_string_equal(tls_revocation_name(crl.status), rows[i].status);
        assert_string_equal(tls_source_name(crl.source), "file");
        arena_free(f.arena);
        sk_X509_CRL_pop_free(lists, X509_CRL_free);
        sk_X509_free(chain);
    }
}

static void test_read(void **state)
{
    X509_CRL *list = list_make(&root, 1, -1, 6);
    STACK_OF(X509_CRL) *lists = NULL;
    BIO *pem = BIO_new(BIO_s_mem());
    unsigned char *der = NULL;
    int n = i2d_X509_CRL(list, &der);
    char *text;
    long count;

    (void)state;
    PEM_write_bio_X509_CRL(pem, list);
    PEM_write_bio_X509_CRL(pem, list);
    count = BIO_get_mem_data(pem, &text);
    assert_true(tls_crl_read((struct str){text, (size_t)count}, &lists));
    assert_int_equal(sk_X509_CRL_num(lists), 2);
    assert_true(tls_crl_read((struct str){(char *)der, (size_t)n}, &lists));
    assert_int_equal(sk_X509_CRL_num(lists), 3);
    assert_false(tls_crl_read(STR_LIT("nothing"), &lists));
    assert_false(tls_crl_read(STR_LIT(""), &lists));
    assert_int_equal(sk_X509_CRL_num(lists), 3);
    sk_X509_CRL_pop_free(lists, X509_CRL_free);
    X509_CRL_free(list);
    OPENSSL_free(der);
    BIO_free(pem);
}

static void test_load(void **state)
{
    char path[] = "/tmp/belfry-crl-XXXXXX";
    X509_CRL *list = list_make(&root, 1, -1, 6);
    STACK_OF(X509_CRL) *lists = NULL;
    struct err e = {0};
    FILE *file = fdopen(mkstemp(path), "w");

    (void)state;
    assert_false(tls_crl_load(path, &lists, &e));
    assert_int_equal(e.code, ERR_INPUT);
    assert_non_null(strstr(e.message, "holds no revocation list"));
    assert_true(PEM_write_X509_CRL(file, list));
    fclose(file);
    assert_true(tls_crl_load(path, &lists, &e));
    assert_int_equal(sk_X509_CRL_num(lists), 1);
    unlink(path);
    assert_false(tls_crl_load(path, &lists, &e));
    assert_int_equal(e.code, ERR_NOT_FOUND);
    sk_X509_CRL_pop_free(lists, X509_CRL_free);
    X509_CRL_free(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_load),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
