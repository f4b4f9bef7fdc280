// tls_strength_test.c - which keys and signatures are too weak, and where they do not matter.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_strength.h"

#include "base/arena.h"
#include "tls_findings.h"
#include "tls_fixture.h"
#include "unit.h"

static const struct {
    const char *key;
    const char *digest; // of the leaf's signature; NULL: SHA-256
    const char *codes;
    const char *words;
} rows[] = {
    {NULL, NULL, "", NULL},
    {"RSA2048", NULL, "", NULL},
    {"RSA1024", NULL, "weak_key@0=critical", "RSA of 1024 bits"},
    {"RSA512", NULL, "weak_key@0=critical", "RSA of 512 bits"},
    {"DSA", NULL, "weak_key@0=critical", "is DSA"},
    {"P-192", NULL, "weak_key@0=critical", "EC of 192 bits"},
    {"P-224", NULL, "weak_key@0=warning", "a curve of 224 bits"},
    {"P-384", NULL, "", NULL},
    {NULL, "SHA1", "weak_signature@0=critical", "rests on sha1"},
    {NULL, "MD5", "weak_signature@0=critical", "rests on md5"},
    {NULL, "SHA384", "", NULL},
    {"RSA1024", "SHA1", "weak_key@0=critical weak_signature@0=critical", NULL},
};

static void test_rows(void **state)
{
    struct fixture_cert root =
        fixture_make(&(struct fixture_options){.cn = "Root", .is_ca = true, .key = "RSA2048"});

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct fixture_cert leaf = fixture_make(&(struct fixture_options){
            .cn = "leaf",
            .issuer = &root,
            .key = rows[i].key,
            .digest = rows[i].digest ? EVP_get_digestbyname(rows[i].digest) : NULL});
        STACK_OF(X509) *chain = sk_X509_new_null();
        struct tls_evidence evidence = {.leaf = leaf.x509, .verified = chain, .is_trusted = true};
        struct tls_findings f = {.arena = arena_new(1024)};

        sk_X509_push(chain, leaf.x509);
        sk_X509_push(chain, root.x509);
        tls_strength_judge(&evidence, &f);
        findings_are(&f, rows[i].codes, i);
        if (rows[i].words)
            assert_non_null(strstr(f.v[0].words.p, rows[i].words));
        arena_free(f.arena);
        sk_X509_free(chain);
        fixture_free(&leaf);
    }
    fixture_free(&root);
}

// The signature under a root proves nothing, so how it was made does not matter; its key does.
static void test_the_end_of_the_chain(void **state)
{
    struct fixture_cert root = fixture_make(&(struct fixture_options){
        .cn = "Root", .is_ca = true, .key = "RSA1024", .digest = EVP_sha1()});
    struct fixture_cert middle = fixture_make(&(struct fixture_options){
        .cn = "Middle", .is_ca = true, .issuer = &root, .digest = EVP_sha1()});
    struct fixture_cert leaf =
        fixture_make(&(struct fixture_options){.cn = "leaf", .issuer = &middle});
    STACK_OF(X509) *chain = sk_X509_new_null();
    struct tls_evidence evidence = {.leaf = leaf.x509, .verified = chain};
    struct tls_findings f = {.arena = arena_new(1024)};

    (void)state;
    sk_X509_push(chain, leaf.x509);
    sk_X509_push(chain, middle.x509);
    tls_strength_judge(&evidence, &f); // incomplete: the middle's signature would be checked
    findings_are(&f, "weak_signature@1=critical", 0);
    f.len = 0;
    evidence.is_trusted = true; // it is itself the anchor
    tls_strength_judge(&evidence, &f);
    findings_are(&f, "", 1);
    evidence.is_trusted = false;
    sk_X509_push(chain, root.x509);
    tls_strength_judge(&evidence, &f);
    findings_are(&f, "weak_signature@1=critical weak_key@2=critical", 2);
    assert_non_null(strstr(f.v[1].words.p, "the certificate of Root in its chain"));
    arena_free(f.arena);
    sk_X509_free(chain);
    fixture_free(&leaf);
    fixture_free(&middle);
    fixture_free(&root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_the_end_of_the_chain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
