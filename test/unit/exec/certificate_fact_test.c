// certificate_fact_test.c - common names in the subjects that openssl prints.
// SPDX-License-Identifier: Apache-2.0
#include "exec/certificate_fact.h"

#include <string.h>

#include "unit.h"

static void test_common_names(void **state)
{
    static const struct {
        const char *name, *expected;
    } rows[] = {
        {"C = US, O = Example, CN = localhost", "localhost"},
        {"CN = a.example, OU = x", "a.example"},
        {"O = Example", ""},
        {"XCN = no, CN = yes", "yes"},
        {"CN = ", ""},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_true(str_eq(certificate_cn(str_of(rows[i].name)), str_of(rows[i].expected)));
}

// A host that could not be reached: no certificate, but what there is.
static void test_without_certificate(void **state)
{
    struct arena *arena = arena_new(1000);
    struct tls_result result = {.target = {.host = "example.org"},
                                .status = TLS_ERROR,
                                .code = "connect_refused",
                                .total_ms = 12.5};
    struct run_certificate fact;

    (void)state;
    (void)fail(&result.error, ERR_UNREACHABLE, NULL, "nobody listens");
    certificate_fact(&result, arena, &fact);
    assert_true(str_eq(fact.host, STR_LIT("example.org")));
    assert_int_equal(fact.port, 443);
    assert_int_equal(fact.severity, TLS_ERROR);
    assert_int_equal(fact.not_after.us, 0);
    assert_int_equal(fact.sha256.len, 0);
    assert_int_equal(fact.total_us, 12500);
    assert_non_null(strstr(fact.message.p, "nobody listens"));
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_common_names),
        cmocka_unit_test(test_without_certificate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
