// tls_dates_test.c - which dates of a chain are complained about, and how badly.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_dates.h"

#include "base/arena.h"
#include "tls_findings.h"
#include "tls_fixture.h"
#include "unit.h"

#define DAY_US INT64_C(86400000000)

static const struct {
    int leaf_start, leaf_end, middle_start, middle_end; // days from now
    const char *codes;                                  // "code@depth=severity ..."
} rows[] = {
    {-1, 63, -100, 400, ""},
    {-90, -1, -100, 400, "expired@0=critical"},
    {30, 90, -100, 400, "not_yet_valid@0=critical"},
    {-60, 29, -100, 400, "expires_soon@0=warning"},
    {-60, 31, -100, 400, ""},
    {-77, 13, -100, 400, "expires_soon@0=critical"},
    {-1, 5, -100, 400, ""}, // six days in all: a third is two
    {-5, 1, -100, 400, "expires_soon@0=warning"},
    {-1, 63, -300, -2, "chain_expired@1=critical"},
    {-1, 63, -300, 20, "chain_expires_soon@1=warning"},
    {-1, 63, -300, 3, "chain_expires_soon@1=critical"},
    {-1, 63, 2, 400, "not_yet_valid@1=critical"},
    {-1, 7300, -100, 9000, "validity_too_long@0=ok"},
    {-1, 397, -100, 9000, ""},
    {-1, 398, -100, 9000, "validity_too_long@0=ok"},
    {-1000, -900, -300, -2, "expired@0=critical chain_expired@1=critical"},
};

static struct fixture_cert cert(const char *cn, int start, int end)
{
    return fixture_make(&(struct fixture_options){.cn = cn, .start_days = start, .end_days = end});
}

static void test_rows(void **state)
{
    const struct tls_policy policy = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct fixture_cert leaf = cert("leaf", rows[i].leaf_start, rows[i].leaf_end);
        struct fixture_cert middle = cert("Middle", rows[i].middle_start, rows[i].middle_end);
        STACK_OF(X509) *chain = sk_X509_new_null();
        struct tls_evidence evidence = {
            .leaf = leaf.x509, .verified = chain, .now = FIXTURE_NOW, .policy = &policy};
        struct tls_findings f = {.arena = arena_new(1024)};

        sk_X509_push(chain, leaf.x509);
        sk_X509_push(chain, middle.x509);
        tls_dates_judge(&evidence, &f);
        findings_are(&f, rows[i].codes, i);
        arena_free(f.arena);
        sk_X509_free(chain);
        fixture_free(&leaf);
        fixture_free(&middle);
    }
}

static void test_limits_are_given(void **state)
{
    struct fixture_cert leaf = cert("leaf", -10, 50);
    struct tls_policy policy = {0};
    struct tls_evidence evidence = {.leaf = leaf.x509, .now = FIXTURE_NOW, .policy = &policy};
    struct tls_findings f = {.arena = arena_new(1024)};
    struct err e;

    (void)state;
    assert_true(tls_policy_set(&policy, STR_LIT("warning"), STR_LIT("60d"), &e));
    tls_dates_judge(&evidence, &f);
    findings_are(&f, "expires_soon@0=warning", 0);
    assert_string_equal(f.v[0].words.p, "the certificate expires in 50d, on 2026-02-20 00:00 UTC "
                                        "(warning below 60d)");
    f.len = 0;
    assert_true(tls_policy_set(&policy, STR_LIT("warning"), STR_LIT("0"), &e));
    tls_dates_judge(&evidence, &f);
    findings_are(&f, "", 1);
    arena_free(f.arena);
    fixture_free(&leaf);
}

static void test_words(void **state)
{
    struct fixture_cert leaf = cert("leaf", -90, -12);
    const struct tls_policy policy = {0};
    struct tls_evidence evidence = {.leaf = leaf.x509, .now = FIXTURE_NOW, .policy = &policy};
    struct tls_findings f = {.arena = arena_new(1024)};

    (void)state;
    tls_dates_judge(&evidence, &f);
    assert_string_equal(f.v[0].words.p,
                        "the certificate has expired on 2025-12-20 00:00 UTC, 12d ago");
    assert_string_equal(
        tls_dates_about((wall){FIXTURE_NOW.us + 9 * DAY_US + DAY_US / 6}, FIXTURE_NOW, f.arena).p,
        "9d 4h");
    assert_string_equal(tls_dates_text(FIXTURE_NOW, f.arena).p, "2026-01-01 00:00 UTC");
    arena_free(f.arena);
    fixture_free(&leaf);
}

static void test_unreadable(void **state)
{
    struct fixture_cert leaf = cert("leaf", -90, 90);
    const struct tls_policy policy = {0};
    struct tls_evidence evidence = {.leaf = leaf.x509, .now = FIXTURE_NOW, .policy = &policy};
    struct tls_findings f = {.arena = arena_new(1024)};

    (void)state;
    ASN1_STRING_set(X509_getm_notAfter(leaf.x509), "garbage", -1);
    tls_dates_judge(&evidence, &f);
    findings_are(&f, "malformed@0=critical", 0);
    arena_free(f.arena);
    fixture_free(&leaf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_limits_are_given),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_unreadable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
