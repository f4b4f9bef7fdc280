// certificate_past_test.c - who is due, and when.
// SPDX-License-Identifier: Apache-2.0
#include "exec/certificate_past.h"

#include "net/tls_result.h"
#include "time/duration.h"
#include "unit.h"

static const wall NOW = {INT64_C(1800000000000000)};
static const struct str JOB = {"job", 3};

static wall later(int64_t us)
{
    return wall_after_us(NOW, us);
}

// What was found at NOW of a certificate of 90 days: the limit is 30 days before its end.
static struct tls_result found(const char *host, enum tls_severity status, int64_t days_left)
{
    static struct tls_cert leaf;
    struct tls_result r = {.checked_at = NOW, .status = status, .leaf = &leaf};

    leaf.not_after = later(days_left * DAY_US);
    leaf.not_before = (wall){leaf.not_after.us - 90 * DAY_US};
    snprintf(r.target.host, sizeof r.target.host, "%s", host);
    return r;
}

static bool is_due(struct certificate_past *past, const char *host, wall now)
{
    struct tls_target target = {0};

    snprintf(target.host, sizeof target.host, "%s", host);
    return certificate_past_is_due(past, JOB, &target, now);
}

static void test_due(void **state)
{
    struct certificate_past *past = certificate_past_new();
    struct tls_result well = found("well", TLS_OK, 80), bad;

    (void)state;
    assert_true(is_due(past, "well", NOW)); // never looked at
    certificate_past_note(past, JOB, &well);
    assert_false(is_due(past, "well", later(HOUR_US)));
    assert_false(is_due(past, "well", later(23 * HOUR_US)));
    assert_true(is_due(past, "well", later(DAY_US)));
    assert_true(is_due(past, "well", later(-HOUR_US))); // the clock went back
    assert_true(is_due(past, "other", later(HOUR_US)));
    assert_true(
        certificate_past_is_due(past, STR_LIT("another job"), &well.target, later(HOUR_US)));
    bad = found("bad", TLS_WARNING, 10);
    certificate_past_note(past, JOB, &bad);
    assert_true(is_due(past, "bad", later(1)));
    bad = found("bad", TLS_OK, 80); // it was renewed
    certificate_past_note(past, JOB, &bad);
    assert_false(is_due(past, "bad", later(HOUR_US)));
    certificate_past_free(past);
}

static void test_limits_come_near(void **state)
{
    struct certificate_past *past = certificate_past_new();
    struct tls_result r = found("a", TLS_OK, 30);

    (void)state;
    r.checked_at = (wall){NOW.us - 2 * HOUR_US}; // two hours before its limit
    certificate_past_note(past, JOB, &r);
    assert_false(is_due(past, "a", later(-HOUR_US)));
    assert_true(is_due(past, "a", NOW));
    certificate_past_free(past);
}

static void test_bounded(void **state)
{
    struct certificate_past *past = certificate_past_new();
    char host[20];

    (void)state;
    for (int i = 0; i <= CERTIFICATE_PAST_MAX; i++) {
        struct tls_result r;

        snprintf(host, sizeof host, "h%d", i);
        r = found(host, TLS_OK, 80);
        certificate_past_note(past, JOB, &r);
    }
    assert_true(is_due(past, "h0", later(1)));
    assert_false(is_due(past, host, later(1)));
    certificate_past_free(past);
    certificate_past_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_due),
        cmocka_unit_test(test_limits_come_near),
        cmocka_unit_test(test_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
