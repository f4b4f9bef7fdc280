// tls_result_test.c - results as JSON and as sentences.
// SPDX-License-Identifier: Apache-2.0
#include "net/tls_result.h"

#include "unit.h"

#define S(text) STR_LIT(text)

static struct tls_problem problems[] = {
    {"expired", 10, 0, S("certificate has expired")},
    {"untrusted_root", 20, 1, S("unable to get local issuer certificate")},
};
static struct str sans[] = {S("DNS:a.example"), S("IP:192.0.2.1")};

static struct tls_result sample(void)
{
    return (struct tls_result){
        .target = {.host = "a.example", .port = 443},
        .checked_at = {INT64_C(1767225600123456)},
        .code = "ok",
        .phase = TLS_PHASE_DONE,
        .has_certificate = true,
        .subject = S("<Name(CN=a \"b\")>"),
        .subject_line = S("CN = a \"b\""),
        .issuer = S("<Name(CN=r)>"),
        .issuer_line = S("CN = r"),
        .not_before = {INT64_C(1764547200) * 1000000},
        .not_after = {INT64_C(1772668800) * 1000000},
        .days_left = 63,
        .serial = S("1461501637330902918203684832716283019655932542975"),
        .serial_hex = S("ff"),
        .sha256 = S("00"),
        .sans = sans,
        .san_count = 2,
        .san_total = 2,
        .chain_count = 2,
        .is_verified = true,
        .is_host_ok = true,
        .address = S("192.0.2.1:443"),
        .tls_version = "TLSv1.3",
        .cipher = "X",
        .phase_ms = {[TLS_PHASE_DNS] = 1.5},
        .total_ms = 12,
    };
}

static void json_is(const struct tls_result *r, const char *expected)
{
    struct buf out;

    buf_init(&out, 65536);
    tls_result_write(r, &out);
    assert_string_equal(buf_text(&out), expected);
    buf_done(&out);
}

static void words_are(const struct tls_result *r, const char *expected)
{
    struct buf out;

    buf_init(&out, 65536);
    tls_result_words(r, &out);
    assert_string_equal(buf_text(&out), expected);
    buf_done(&out);
}

static void test_good(void **state)
{
    struct tls_result r = sample();

    (void)state;
    assert_true(tls_result_is_good(&r));
    json_is(&r,
            "{\"code\":\"ok\",\"message\":null,\"hint\":null,\"host\":\"a.example\",\"port\":443,"
            "\"sni\":null,\"starttls\":null,\"connect_to\":null,\"proxy\":null,\"checked_at\":"
            "\"2026-01-01T00:00:00.123456Z\","
            "\"subject\":\"<Name(CN=a \\\"b\\\")>\",\"subject_line\":\"CN = a \\\"b\\\"\","
            "\"issuer\":\"<Name(CN=r)>\",\"issuer_line\":\"CN = r\","
            "\"not_before\":\"2025-12-01T00:00:00Z\",\"not_after\":\"2026-03-05T00:00:00Z\","
            "\"days_left\":63,\"serial\":\"1461501637330902918203684832716283019655932542975\","
            "\"serial_hex\":\"ff\",\"sha256\":\"00\",\"sans\":[\"DNS:a.example\",\"IP:192.0.2.1\"],"
            "\"san_count\":2,\"chain_count\":2,\"verified\":true,\"host_ok\":true,"
            "\"verify_error\":null,\"verify_errors\":[],\"tls_version\":\"TLSv1.3\",\"cipher\":"
            "\"X\",\"alpn\":null,"
            "\"client_cert_requested\":false,\"address\":\"192.0.2.1:443\",\"addresses\":null,"
            "\"timings_ms\":{\"dns\":1.5,\"connect\":0.0,\"proxy\":0.0,\"starttls\":0.0,"
            "\"handshake\":0.0,\"close\":0.0,\"total\":12.0}}");
    words_are(&r, "certificate of a.example:443 is good for 63 days (until 2026-03-05 00:00 UTC)");
    r.days_left = 1;
    words_are(&r, "certificate of a.example:443 is good for 1 day (until 2026-03-05 00:00 UTC)");
    r.days_left = 0;
    words_are(&r,
              "certificate of a.example:443 is good for less than a day (until 2026-03-05 00:00 "
              "UTC)");
}

static void test_bad(void **state)
{
    struct tls_result r = sample();
    struct buf out;

    (void)state;
    r.problems = problems;
    r.problem_count = 2;
    r.is_verified = false;
    r.days_left = -2;
    assert_false(tls_result_is_good(&r));
    words_are(&r, "certificate of a.example:443 is bad: certificate has expired; unable to get "
                  "local issuer certificate (expired on 2026-03-05 00:00 UTC)");
    buf_init(&out, 65536);
    tls_result_write(&r, &out);
    assert_non_null(strstr(
        buf_text(&out),
        "\"verify_error\":\"certificate has expired\",\"verify_errors\":[{\"code\":\"expired\","
        "\"openssl\":10,\"depth\":0,\"message\":\"certificate has expired\"},"
        "{\"code\":\"untrusted_root\",\"openssl\":20,\"depth\":1,"));
    buf_done(&out);
}

static void test_failed(void **state)
{
    struct tls_result r = {.target = {.host = "::1", .port = 8443}, .code = "connect_refused"};

    (void)state;
    fail(&r.error, ERR_UNREACHABLE, NULL, "[::1]:8443 refuses connections");
    fail_hint(&r.error, "is it up?");
    assert_false(tls_result_is_good(&r));
    words_are(&r, "[::1]:8443 refuses connections");
    json_is(&r, "{\"code\":\"connect_refused\",\"message\":\"[::1]:8443 refuses connections\","
                "\"hint\":\"is it up?\",\"host\":\"::1\",\"port\":8443,\"sni\":null,"
                "\"starttls\":null,\"connect_to\":null,\"proxy\":null,"
                "\"checked_at\":null,\"subject\":null,\"subject_line\":null,\"issuer\":null,"
                "\"issuer_line\":null,\"not_before\":null,\"not_after\":null,\"days_left\":null,"
                "\"serial\":null,\"serial_hex\":null,\"sha256\":null,\"sans\":null,"
                "\"san_count\":null,\"chain_count\":null,\"verified\":null,\"host_ok\":null,"
                "\"verify_error\":null,\"verify_errors\":null,\"tls_version\":null,\"cipher\":null,"
                "\"alpn\":null,\"client_cert_requested\":null,\"address\":null,"
                "\"addresses\":null,"
                "\"timings_ms\":{\"dns\":0.0,\"connect\":0.0,\"proxy\":0.0,\"starttls\":0.0,"
                "\"handshake\":0.0,\"close\":0.0,\"total\":0.0}}");
}

// A certificate that was seen in a handshake that then failed: both are told.
static void test_seen_but_failed(void **state)
{
    struct tls_result r = sample();

    (void)state;
    r.phase = TLS_PHASE_HANDSHAKE;
    fail(&r.error, ERR_TLS, NULL, "a.example:443 broke the connection");
    assert_false(tls_result_is_good(&r));
    words_are(&r, "certificate of a.example:443 is good for 63 days (until 2026-03-05 00:00 UTC), "
                  "but a.example:443 broke the connection");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_failed),
        cmocka_unit_test(test_seen_but_failed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
