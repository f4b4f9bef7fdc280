// tls_evidence_test.c - certificates of a chain, and how they are called.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_evidence.h"

#include "base/arena.h"
#include "tls_fixture.h"
#include "unit.h"

static void test_at_and_whose(void **state)
{
    struct fixture_cert leaf = fixture_make(&(struct fixture_options){.cn = "leaf"});
    struct fixture_cert above = fixture_make(&(struct fixture_options){.cn = "Some CA"});
    STACK_OF(X509) *chain = sk_X509_new_null();
    struct tls_evidence evidence = {.leaf = leaf.x509};
    struct arena *arena = arena_new(1024);

    (void)state;
    assert_ptr_equal(tls_evidence_at(&evidence, 0), leaf.x509); // no chain was built
    assert_null(tls_evidence_at(&evidence, 1));
    sk_X509_push(chain, leaf.x509);
    sk_X509_push(chain, above.x509);
    evidence.verified = chain;
    assert_ptr_equal(tls_evidence_at(&evidence, 0), leaf.x509);
    assert_ptr_equal(tls_evidence_at(&evidence, 1), above.x509);
    assert_null(tls_evidence_at(&evidence, 2));
    assert_string_equal(tls_evidence_whose(&evidence, 0, arena), "the certificate");
    assert_string_equal(tls_evidence_whose(&evidence, 1, arena),
                        "the certificate of Some CA in its chain");
    assert_string_equal(tls_evidence_whose(&evidence, 2, arena), "the certificate");
    arena_free(arena);
    sk_X509_free(chain);
    fixture_free(&leaf);
    fixture_free(&above);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_at_and_whose),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
