// tls_policy_test.c - what may be expected of a certificate, and the limits that follow its
// lifetime.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_policy.h"

#include "unit.h"

#define DAY_US INT64_C(86400000000)
#define HOUR_US INT64_C(3600000000)
#define ZEROS "00000000000000000000000000000000000000000000000000000000000000"

static bool set(struct tls_policy *p, const char *name, const char *value, struct err *e)
{
    return tls_policy_set(p, str_of(name), str_of(value), e);
}

static void test_limits(void **state)
{
    const struct {
        const char *warning; // NULL: the preset
        int64_t lifetime_us, warning_us;
    } rows[] = {
        {NULL, 365 * DAY_US, 30 * DAY_US},
        {NULL, 90 * DAY_US, 30 * DAY_US},
        {NULL, 45 * DAY_US, 15 * DAY_US},
        {NULL, 6 * DAY_US, 2 * DAY_US},
        {NULL, 0, 0},
        {"21d", 90 * DAY_US, 21 * DAY_US},
        {"12h", 90 * DAY_US, 12 * HOUR_US},
        {"50%", 90 * DAY_US, 45 * DAY_US},
        {"30d,50%", 90 * DAY_US, 30 * DAY_US},
        {"50%, 30d", 10 * DAY_US, 5 * DAY_US},
        {"0", 90 * DAY_US, 0},
        {"100%", 90 * DAY_US, 90 * DAY_US},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct tls_policy p = {0};
        struct err e;

        if (rows[i].warning)
            assert_true(set(&p, "warning", rows[i].warning, &e));
        assert_int_equal(tls_policy_warning_us(&p, rows[i].lifetime_us), rows[i].warning_us);
    }
}

static void test_critical_preset(void **state)
{
    const struct tls_policy p = {0};
    struct tls_policy given = {0};
    struct err e;

    (void)state;
    assert_int_equal(tls_policy_critical_us(&p, 365 * DAY_US), 14 * DAY_US);
    assert_int_equal(tls_policy_critical_us(&p, 6 * DAY_US), DAY_US);
    assert_true(set(&given, "critical", "2d", &e));
    assert_int_equal(tls_policy_critical_us(&given, 365 * DAY_US), 2 * DAY_US);
    assert_int_equal(tls_policy_warning_us(&given, 365 * DAY_US), 30 * DAY_US);
}

static void test_pins(void **state)
{
    static const char hex[] = ZEROS "a1";
    static const char *const same[] = {
        ZEROS "A1",
        "sha256:" ZEROS "a1",
        "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAKE=",
        "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAKE=",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAKE=",
        "00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:"
        "00:a1",
    };
    struct tls_policy p = {0};
    struct err e;

    (void)state;
    assert_true(set(&p, "pin", hex, &e));
    for (size_t i = 0; i < COUNT(same); i++) {
        assert_true(set(&p, "pin", same[i], &e));
        assert_memory_equal(p.pins[0], p.pins[1 + i], TLS_SHA256);
    }
    assert_int_equal(p.pins[0][31], 0xa1);
    assert_true(set(&p, "pin", hex, &e));
    assert_false(set(&p, "pin", hex, &e));
    assert_int_equal(e.code, ERR_LIMIT);
    assert_int_equal(p.pin_count, TLS_PINS_MAX);
    assert_true(set(&p, "previous", hex, &e));
    assert_true(p.has_previous && p.previous[31] == 0xa1);
}

// 0xfc is where base64 begins with a slash.
static void test_pin_that_begins_with_a_slash(void **state)
{
    static const char *const same[] = {
        "/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAKE=",
        "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAKE=",
        "sha256///AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAKE=",
    };
    struct tls_policy p = {0};
    struct err e;

    (void)state;
    for (size_t i = 0; i < COUNT(same); i++)
        assert_true(set(&p, "pin", same[i], &e));
    for (size_t i = 0; i < COUNT(same); i++)
        assert_memory_equal(p.pins[i], p.pins[0], TLS_SHA256);
    assert_int_equal(p.pins[0][0], 0xfc);
}

static void test_words(void **state)
{
    struct tls_policy p = {0};
    struct err e;

    (void)state;
    assert_true(set(&p, "revocation", "ocsp,crl", &e));
    assert_true(p.asks_ocsp && p.asks_crl);
    assert_true(set(&p, "revocation", "crl", &e));
    assert_true(!p.asks_ocsp && p.asks_crl);
    assert_true(set(&p, "revocation", "none", &e));
    assert_true(!p.asks_ocsp && !p.asks_crl);
    assert_true(set(&p, "ct", "required", &e) && p.wants_ct);
    assert_true(set(&p, "ct", "any", &e) && !p.wants_ct);
    assert_true(set(&p, "severity", "old_protocol=ok,weak_dh=critical", &e));
    assert_int_equal(tls_policy_severity(&p, TLS_CODE_OLD_PROTOCOL, TLS_WARNING), TLS_OK);
    assert_int_equal(tls_policy_severity(&p, TLS_CODE_WEAK_DH, TLS_WARNING), TLS_CRITICAL);
    assert_int_equal(tls_policy_severity(&p, TLS_CODE_EXPIRED, TLS_CRITICAL), TLS_CRITICAL);
}

static void test_refused(void **state)
{
    static const struct {
        const char *name, *value, *message, *hint;
    } rows[] = {
        {"warning", "", "not a length of time", "30d,33%"},
        {"warning", "soon", "not a length of time", "30d,33%"},
        {"warning", "-1d", "not a length of time", "30d,33%"},
        {"warning", "101%", "0% to 100%", ""},
        {"warning", "%", "0% to 100%", ""},
        {"critical", "33.3%", "0% to 100%", ""},
        {"critical", "1d,2d", "one length of time and one share", ""},
        {"critical", "1%,2%", "one length of time and one share", ""},
        {"pin", "", "is not a SHA-256", "64 hexadecimal digits"},
        {"pin", ZEROS "zz", "is not a SHA-256", "base64"},
        {"pin", ZEROS, "is not a SHA-256", "base64"},
        {"pin", "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAKE?", "is not a SHA-256", ""},
        {"previous", "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAKE=", "SHA-256 of a cert",
         "64"},
        {"revocation", "staple", "not ocsp, crl", ""},
        {"revocation", "ocsp,", "not ocsp, crl", ""},
        {"ct", "yes", "neither required nor any", ""},
        {"severity", "expierd=ok", "no check finds \"expierd\"", "did you mean expired?"},
        {"severity", "what", "no check finds \"what\"", "CODE=warning"},
        {"severity", "expired=fine", "\"fine\" is not ok", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct tls_policy p = {0};
        const struct tls_policy empty = {0};
        struct err e = {0};

        assert_false(set(&p, rows[i].name, rows[i].value, &e));
        assert_int_equal(e.code, ERR_INPUT);
        assert_string_equal(e.field, rows[i].name);
        assert_non_null(strstr(e.message, rows[i].message));
        assert_non_null(strstr(e.hint, rows[i].hint));
        assert_memory_equal(&p, &empty, sizeof p);
    }
}

static void test_no_such_name(void **state)
{
    struct tls_policy p = {0};
    struct err e = {0};

    (void)state;
    assert_false(set(&p, "warn", "1d", &e));
    assert_int_equal(e.code, ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),       cmocka_unit_test(test_critical_preset),
        cmocka_unit_test(test_pins),         cmocka_unit_test(test_pin_that_begins_with_a_slash),
        cmocka_unit_test(test_words),        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_no_such_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
