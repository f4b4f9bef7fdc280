// tls_finding_test.c - each finding once, the worst first, as bad as the policy says.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_finding.h"

#include "base/arena.h"
#include "net/tls_policy.h"
#include "unit.h"

static void test_each_once_the_worst_first(void **state)
{
    struct tls_findings f = {.arena = arena_new(1024)};

    (void)state;
    assert_int_equal(tls_findings_worst(&f), TLS_OK);
    assert_non_null(tls_finding_add(&f, TLS_CODE_CHAIN_EXTRA, TLS_DEPTH_NONE, "%d extra", 3));
    assert_non_null(tls_finding_add(&f, TLS_CODE_OLD_PROTOCOL, TLS_DEPTH_NONE, "old"));
    assert_non_null(tls_finding_add(&f, TLS_CODE_EXPIRED, 0, "first"));
    assert_null(tls_finding_add(&f, TLS_CODE_EXPIRED, 0, "again"));
    assert_non_null(tls_finding_add(&f, TLS_CODE_WEAK_KEY, 1, "deeper"));
    assert_non_null(tls_finding_add_as(&f, TLS_CODE_WEAK_KEY, TLS_WARNING, 0, "not so weak"));
    assert_true(tls_findings_have(&f, TLS_CODE_EXPIRED));
    assert_false(tls_findings_have(&f, TLS_CODE_REVOKED));
    assert_int_equal(tls_findings_worst(&f), TLS_CRITICAL);
    tls_findings_sort(&f);
    assert_int_equal(f.len, 5);
    assert_string_equal(f.v[0].words.p, "first");
    assert_string_equal(f.v[1].words.p, "deeper");
    assert_string_equal(f.v[2].words.p, "old");
    assert_string_equal(f.v[3].words.p, "not so weak");
    assert_string_equal(f.v[4].words.p, "3 extra");
    arena_free(f.arena);
}

static void test_the_policy_decides(void **state)
{
    struct tls_policy policy = {0};
    struct tls_findings f = {.arena = arena_new(1024), .policy = &policy};
    struct err e;

    (void)state;
    assert_true(tls_policy_set(&policy, STR_LIT("severity"),
                               STR_LIT("self_signed=ok,chain_extra=error"), &e));
    assert_int_equal(tls_finding_add(&f, TLS_CODE_SELF_SIGNED, 0, "x")->severity, TLS_OK);
    assert_int_equal(tls_finding_add_as(&f, TLS_CODE_CHAIN_EXTRA, TLS_WARNING, 0, "x")->severity,
                     TLS_ERROR);
    assert_int_equal(tls_findings_worst(&f), TLS_ERROR);
    arena_free(f.arena);
}

static void test_bounded(void **state)
{
    struct tls_findings f = {.arena = arena_new(1024)};
    char words[3000];

    (void)state;
    memset(words, 'x', sizeof words - 1);
    words[sizeof words - 1] = '\0';
    for (int depth = 0; depth < 1000; depth++)
        (void)tls_finding_add(&f, TLS_CODE_EXPIRED, depth, "%s", words);
    assert_int_equal(f.len, TLS_FINDINGS_MAX);
    assert_int_equal(f.v[0].words.len, TLS_FINDING_WORDS - 1);
    arena_free(f.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_once_the_worst_first),
        cmocka_unit_test(test_the_policy_decides),
        cmocka_unit_test(test_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
