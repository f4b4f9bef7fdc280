// tls_code_test.c - every code is found by its name, and says what it means.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_code.h"

#include "unit.h"

static void test_each_code_once(void **state)
{
    (void)state;
    for (enum tls_code i = 0; i < TLS_CODE_COUNT; i++) {
        enum tls_code found;
        size_t n = strlen(tls_code_sentence(i));

        assert_true(tls_code_find(str_of(tls_code_name(i)), &found));
        assert_int_equal(found, i);
        assert_int_equal(strspn(tls_code_name(i), "abcdefghijklmnopqrstuvwxyz_"),
                         strlen(tls_code_name(i)));
        assert_true(n > 10 && tls_code_sentence(i)[n - 1] == '.');
    }
    assert_int_equal(tls_code_severity(TLS_CODE_OK), TLS_OK);
    assert_int_equal(tls_code_severity(TLS_CODE_REVOKED), TLS_CRITICAL);
    assert_int_equal(tls_code_severity(TLS_CODE_CONNECT_REFUSED), TLS_ERROR);
}

static void test_no_such_code(void **state)
{
    static const char *const words[] = {"", "Expired", "expire", "expired ", "nonsense"};
    enum tls_code code = TLS_CODE_INTERNAL;

    (void)state;
    for (size_t i = 0; i < COUNT(words); i++)
        assert_false(tls_code_find(str_of(words[i]), &code));
    assert_int_equal(code, TLS_CODE_INTERNAL);
}

static void test_severities(void **state)
{
    static const struct {
        enum tls_severity severity;
        const char *name;
        int status;
    } rows[] = {
        {TLS_OK, "ok", 0},
        {TLS_WARNING, "warning", 1},
        {TLS_ERROR, "error", 3},
        {TLS_CRITICAL, "critical", 2},
    };
    enum tls_severity found;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_string_equal(tls_severity_name(rows[i].severity), rows[i].name);
        assert_int_equal(tls_severity_status(rows[i].severity), rows[i].status);
        assert_true(tls_severity_find(str_of(rows[i].name), &found));
        assert_int_equal(found, rows[i].severity);
        assert_true(i == 0 || rows[i].severity > rows[i - 1].severity);
    }
    assert_false(tls_severity_find(STR_LIT("unknown"), &found));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_code_once),
        cmocka_unit_test(test_no_such_code),
        cmocka_unit_test(test_severities),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
